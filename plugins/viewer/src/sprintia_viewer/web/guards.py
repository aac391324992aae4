"""What a page asks of its visitor. Every route of the viewer has one of these."""

from typing import Any

from litestar import Response
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from sprintia_platform import Policy, Problem
from sprintia_platform.http.answers import answer_problem
from sprintia_viewer.problems import SIGN_IN_NEEDED
from sprintia_viewer.web import links, origins
from sprintia_viewer.web.visits import AnyRequest, visit_of


class SignInNeededError(Exception):
    """Nobody is signed in: a browser is led to the form, and comes back."""


class signed_in(Policy):  # noqa: N801 - it reads as what it does: guards=[signed_in("config:write")]
    """The guard of a page for people with all of these rights (none named: anybody who is signed in).

    A request that changes something must come from a form of the person's own session.
    """

    def __init__(self, *rights: str) -> None:
        self.rights = rights

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler, /) -> None:
        visit = await visit_of(connection)
        if visit.user is None:
            raise SignInNeededError
        if visit.request.method not in origins.SAFE_METHODS:
            await visit.require_csrf()
        for right in self.rights:
            visit.require(right)


class anybody(Policy):  # noqa: N801 - likewise
    """The guard of a page that is there before signing in. A form must come from a page of this address."""

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler, /) -> None:
        visit = await visit_of(connection)
        if visit.request.method not in origins.SAFE_METHODS:
            origins.require_same_site(visit.request)


def lead_to_sign_in(request: AnyRequest, _error: SignInNeededError) -> Response[bytes]:
    """Answer a page that needs a person: the way to the form for a browser that reads, 401 for anything else."""
    reads = request.method in origins.SAFE_METHODS and request.query_params.get("format") != "json"
    if not reads:
        return answer_problem(request, Problem(SIGN_IN_NEEDED))
    here = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    target = links.sign_in(next=here)
    return Response(b"", status_code=303, headers={"Location": target, "Cache-Control": "no-store"})
