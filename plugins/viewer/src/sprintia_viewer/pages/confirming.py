"""`/viewer/confirm`: prove once more to be there, before keys, users and second factors are changed."""

from collections.abc import Mapping

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency

from sprintia_viewer.accounts.signing_in import Refused
from sprintia_viewer.pages.signing_in import REFUSALS
from sprintia_viewer.parts import Parts
from sprintia_viewer.web import links, origins
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.languages import marked
from sprintia_viewer.web.redirects import local
from sprintia_viewer.web.visits import Notice, Visit


class ConfirmForm(msgspec.Struct, frozen=True):
    """The proof, and where to go on."""

    password: str
    next: str = ""
    code: str = ""


class ConfirmPage(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for; `provider` where the person has no password here."""

    next: str
    asks_code: bool
    provider: str | None
    refusal: str | None = None


WRONG_PASSWORD = marked("The password is not right.")


async def confirmed_or_lead(visit: Visit, back_to: str) -> Response[bytes] | None:
    """None when the person gave the password within the last minutes; else the way to where it is asked for.

    `back_to` is where the person goes on afterwards. A form that was sent is not sent again: the notice says so.
    """
    if visit.session is not None and visit.session.confirmed:
        return None
    unsaved = Notice("warning", marked("Nothing was changed yet. Prove that it is you; then do it again."))
    reads = visit.request.method in origins.SAFE_METHODS
    return await visit.redirect(links.confirm(next=back_to), None if reads else unsaved)


def refusal_of(visit: Visit, outcome: Refused) -> str:
    """Why the proof was not taken, for the person who is signed in."""
    text = WRONG_PASSWORD if outcome.kind == "wrong" else REFUSALS[outcome.kind]
    return visit.told(text, seconds=outcome.retry_after)


async def show_confirm(
    visit: Visit, parts: Parts, target: str | None, *, refusal: str | None = None, status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response[bytes]:  # fmt: skip
    """Ask for the proof: the password, or to sign in at the identity provider once more."""
    person = visit.person
    provider = None if person.has_password else parts.provider_name
    page = ConfirmPage(next=local(target), asks_code=person.has_totp, provider=provider, refusal=refusal)
    return await visit.page(
        "confirm.html", page, status=status, headers=headers, sign_in_at=parts.provider_origin if provider else None
    )


@get("/viewer/confirm", guards=[signed_in()])
async def ask(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """Ask for the proof."""
    return await show_confirm(visit, parts, visit.request.query_params.get("next"))


@post("/viewer/confirm", guards=[signed_in()])
async def confirm(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """Take the proof: the session gets another token, and is believed for five minutes."""
    form = await visit.form(ConfirmForm)
    if visit.session is None:
        return await visit.redirect(links.sign_in())
    outcome = await parts.sign_in.confirm(
        visit.session, visit.token, form.password, form.code, address=origins.address_of(visit.request)
    )
    if isinstance(outcome, Refused):
        throttled = outcome.kind == "throttled"
        return await show_confirm(
            visit, parts, form.next, refusal=refusal_of(visit, outcome), status=429 if throttled else 403,
            headers={"Retry-After": str(outcome.retry_after)} if throttled else None,
        )  # fmt: skip
    visit.renew(outcome.token)
    answer = await visit.redirect(local(form.next))
    answer.set_cookie(parts.cookie.made(visit.request, outcome.token))
    return answer


HANDLERS = (ask, confirm)
