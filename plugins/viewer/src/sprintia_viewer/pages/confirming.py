"""`/viewer/confirm`: prove once more to be there, before keys, users and second factors are changed."""

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency

from sprintia_viewer.accounts.signing_in import Refused
from sprintia_viewer.pages.signing_in import REFUSALS
from sprintia_viewer.parts import Parts
from sprintia_viewer.web import links, origins
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.redirects import local
from sprintia_viewer.web.visits import Visit


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


async def confirmed_or_lead(visit: Visit, back_to: str) -> Response[bytes] | None:
    """None when the person gave the password within the last minutes; else the way to where it is asked for."""
    if visit.session is not None and visit.session.confirmed:
        return None
    return await visit.redirect(links.path("confirm", next=back_to))


@get("/viewer/confirm", guards=[signed_in()])
async def ask(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """Ask for the proof."""
    return await visit.page("confirm.html", _page(visit, parts, visit.request.query_params.get("next")))


@post("/viewer/confirm", guards=[signed_in()])
async def confirm(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """Take the proof: the session gets another token, and is believed for five minutes."""
    form = await visit.form(ConfirmForm)
    page = _page(visit, parts, form.next)
    if visit.session is None:
        return await visit.redirect(links.sign_in())
    outcome = await parts.sign_in.confirm(
        visit.session, visit.token, form.password, form.code, address=origins.address_of(visit.request)
    )
    if isinstance(outcome, Refused):
        refusal = visit.told(REFUSALS[outcome.kind], seconds=outcome.retry_after)
        status = 429 if outcome.kind == "throttled" else 403
        return await visit.page("confirm.html", msgspec.structs.replace(page, refusal=refusal), status=status)
    visit.renew(outcome.token)
    answer = await visit.redirect(page.next)
    answer.set_cookie(parts.cookie.made(visit.request, outcome.token))
    return answer


HANDLERS = (ask, confirm)


def _page(visit: Visit, parts: Parts, target: str | None) -> ConfirmPage:
    person = visit.person
    provider = None if person.has_password else parts.provider_name
    return ConfirmPage(next=local(target), asks_code=person.has_totp, provider=provider)
