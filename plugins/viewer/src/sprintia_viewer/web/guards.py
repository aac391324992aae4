"""What a page asks of its visitor. Every route of the viewer has one of these."""

from contextlib import suppress
from typing import Any

import msgspec
from litestar import Response
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from sprintia_platform import Policy, Problem
from sprintia_platform.http.answers import answer_problem
from sprintia_viewer.problems import BOUND_TO_TENANTS, FORM_OUTDATED, SIGN_IN_NEEDED
from sprintia_viewer.web import links, origins
from sprintia_viewer.web.forms import fields_of
from sprintia_viewer.web.policy import page_headers
from sprintia_viewer.web.uploads import TAKES_FILES
from sprintia_viewer.web.visits import AnyRequest, Visit, visit_of

ADMINISTERING = ("admin",)
WRITTEN = "text"
"""The field of a form in which somebody wrote for longer than a moment."""


class NotTakenPage(msgspec.Struct, frozen=True):
    """A form that was not taken, and what was written in it."""

    title: str
    detail: str
    text: str
    here: str


class SignInNeededError(Exception):
    """Nobody is signed in: a browser is led to the form, and comes back."""


class FormNotTakenError(Exception):
    """A form that was sent after its session ended, or from another one; what was written in it must not be lost."""

    def __init__(self, problem: Problem, text: str) -> None:
        self.problem, self.text = problem, text
        super().__init__(problem.kind.code)


class signed_in(Policy):  # noqa: N801 - it reads as what it does: guards=[signed_in("config:write")]
    """The guard of a page for people with all of these rights (none named: anybody who is signed in).

    A request that changes something must come from a form of the person's own session.
    """

    def __init__(self, *rights: str) -> None:
        self.rights = rights

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler, /) -> None:
        visit = await visit_of(connection)
        changes = visit.request.method not in origins.SAFE_METHODS
        if visit.user is None:
            if changes:
                origins.require_same_site(visit.request)
                if not handler.opt.get(TAKES_FILES):  # from a stranger nothing large is read
                    await _keep_what_was_written(visit, Problem(SIGN_IN_NEEDED))
            raise SignInNeededError
        if handler.opt.get(TAKES_FILES):  # nor from somebody whose file would not be taken
            self._require_rights(visit)
        if changes:
            try:
                await visit.require_csrf()
            except Problem as problem:
                if problem.kind is FORM_OUTDATED:
                    await _keep_what_was_written(visit, problem)
                raise
        self._require_rights(visit)

    def _require_rights(self, visit: Visit) -> None:
        for right in self.rights:
            visit.require(right)


class administers(signed_in):  # noqa: N801 - likewise
    """The guard of the pages for users and keys. They are of no tenant: who is bound to tenants has no part in them."""

    def __init__(self) -> None:
        super().__init__(*ADMINISTERING)

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler, /) -> None:
        await super().__call__(connection, handler)
        if (await visit_of(connection)).person.tenants is not None:
            raise Problem(BOUND_TO_TENANTS)


class anybody(Policy):  # noqa: N801 - likewise
    """The guard of a page that is there before signing in. A form must come from a page of this address."""

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler, /) -> None:
        visit = await visit_of(connection)
        if visit.request.method not in origins.SAFE_METHODS:
            origins.require_same_site(visit.request)


async def _keep_what_was_written(visit: Visit, problem: Problem) -> None:
    with suppress(Problem):  # what is no form has nothing to be kept
        written = [value for name, value in await fields_of(visit.request) if name == WRITTEN]
        if written:
            raise FormNotTakenError(problem, written[0])


def show_what_was_written(request: AnyRequest, error: FormNotTakenError) -> Response[bytes]:
    """Answer a form that was not taken with what was written in it, to be copied."""
    visit: Visit = request.scope["state"]["visit"]
    kind = error.problem.kind
    page = NotTakenPage(
        title=kind.title.show(visit.told_in), detail=kind.detail.show(visit.told_in), text=error.text, here=visit.path
    )
    body = visit.render("not_taken.html", page=page, notices=[])
    return Response(body, status_code=kind.status, media_type="text/html", headers=dict(page_headers()))


def lead_to_sign_in(request: AnyRequest, _error: SignInNeededError) -> Response[bytes]:
    """Answer a page that needs a person: the way to the form for a browser that reads, 401 for anything else."""
    reads = request.method in origins.SAFE_METHODS and request.query_params.get("format") != "json"
    if not reads:
        return answer_problem(request, Problem(SIGN_IN_NEEDED))
    here = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    target = links.sign_in(next=here)
    return Response(b"", status_code=303, headers={"Location": target, "Cache-Control": "no-store"})
