"""`/viewer/account/totp`: the second factor of who signs in with a password."""

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency

from sprintia_platform import Problem
from sprintia_platform.http.problems import NOT_FOUND
from sprintia_viewer.accounts.errors import AccountError
from sprintia_viewer.pages.confirming import confirmed_or_lead
from sprintia_viewer.pages.signing_in import REFUSALS
from sprintia_viewer.parts import Parts
from sprintia_viewer.web import links
from sprintia_viewer.web.forms import Nothing
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.languages import marked
from sprintia_viewer.web.visits import Notice, Visit


class CodeForm(msgspec.Struct, frozen=True):
    """A code of the authenticator."""

    code: str


class TotpPage(msgspec.Struct, frozen=True, kw_only=True):
    """A second factor that is being set, or its recovery codes, shown once."""

    secret: str = ""
    svg: str = ""
    codes: list[str] = []
    refusal: str | None = None

    def __repr__(self) -> str:
        return "TotpPage(***)"


@post("/viewer/account/totp", guards=[signed_in()])
async def begin(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """Show what an authenticator app needs."""
    _require_password(visit)
    await visit.form(Nothing)
    if led := await confirmed_or_lead(visit, links.account()):
        return led
    try:
        setup = await parts.totp.begin(visit.person)
    except AccountError as error:
        return await visit.redirect(links.account(), Notice("error", str(error)))
    return await visit.page("totp.html", TotpPage(secret=setup.secret, svg=setup.svg), twin=False)


@post("/viewer/account/totp/confirm", guards=[signed_in()])
async def confirm(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """Take the first code, and show the recovery codes, once."""
    form = await visit.form(CodeForm)
    if led := await confirmed_or_lead(visit, links.account()):
        return led
    codes = await parts.totp.confirm(visit.person, form.code)
    if codes is not None:
        return await visit.page("totp.html", TotpPage(codes=codes), twin=False)
    setup = await parts.totp.waiting(visit.person)
    if setup is None:  # set by now, or taken away, in another window
        return await visit.redirect(links.account())
    page = TotpPage(secret=setup.secret, svg=setup.svg, refusal=visit.told(REFUSALS["code_wrong"]))
    return await visit.page("totp.html", page, status=422, twin=False)


@post("/viewer/account/totp/codes", guards=[signed_in()])
async def renew_codes(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """Replace the recovery codes, and show the new ones, once."""
    await visit.form(Nothing)
    if led := await confirmed_or_lead(visit, links.account()):
        return led
    codes = await parts.totp.renew_recovery_codes(visit.person)
    if not codes:
        return await visit.redirect(links.account())
    return await visit.page("totp.html", TotpPage(codes=codes), twin=False)


@post("/viewer/account/totp/remove", guards=[signed_in()])
async def remove(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """Go without a second factor."""
    await visit.form(Nothing)
    if led := await confirmed_or_lead(visit, links.account()):
        return led
    await parts.totp.remove(visit.person, by=visit.person.actor)
    return await visit.redirect(links.account(), Notice("done", marked("The second factor is removed.")))


HANDLERS = (begin, confirm, renew_codes, remove)


def _require_password(visit: Visit) -> None:
    """Who comes in through an identity provider has a second factor there: none of here would be asked for."""
    if not visit.person.has_password:
        raise Problem(NOT_FOUND, path=visit.path)
