"""`/viewer/account`: how one wants pages, and one's password."""

from typing import Literal

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency

from sprintia_platform.http.languages import Language
from sprintia_viewer.accounts.errors import AccountError, Busy
from sprintia_viewer.accounts.passwords import check_password
from sprintia_viewer.accounts.signing_in import Refused
from sprintia_viewer.pages.confirming import refusal_of
from sprintia_viewer.parts import Parts
from sprintia_viewer.web import links, origins
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.languages import marked
from sprintia_viewer.web.times import zones_offered
from sprintia_viewer.web.visits import Notice, Visit


class AccountPage(msgspec.Struct, frozen=True, kw_only=True):
    """One's own account.

    `zones` are the time zones to choose from, Brazil's first and then the others.
    """

    name: str
    role: str
    tenants: list[str] | None
    language: str
    zone: str
    zones: tuple[tuple[str, ...], tuple[str, ...]]
    theme: str
    shortcuts: bool
    has_password: bool
    provider: str
    has_totp: bool
    codes_left: int
    faults: list[tuple[str, str | None]] = []


class PreferencesForm(msgspec.Struct, frozen=True):
    """How pages are wanted."""

    language: Language
    zone: str
    theme: Literal["auto", "light", "dark"]
    shortcuts: bool = False


class PasswordForm(msgspec.Struct, frozen=True):
    """A new password, and the one that it replaces."""

    password: str
    new: str
    again: str
    code: str = ""


@get("/viewer/account", guards=[signed_in()])
async def show_account(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """Show one's account."""
    return await _account(visit, parts)


@post("/viewer/account/preferences", guards=[signed_in()])
async def keep_preferences(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """Keep how pages are wanted."""
    form = await visit.form(PreferencesForm)
    try:
        await parts.users.set_preferences(
            visit.person.id, language=form.language, zone=form.zone, theme=form.theme, shortcuts=form.shortcuts
        )
    except AccountError as error:
        return await _account(visit, parts, [(visit.told(str(error)), "#f-zone")])
    return await visit.redirect(links.account(), Notice("done", marked("Your preferences are kept.")))


@post("/viewer/account/password", guards=[signed_in()])
async def change_password(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """Change one's password; one's other sessions end."""
    form = await visit.form(PasswordForm)
    if visit.session is None:
        return await visit.redirect(links.sign_in())
    if form.new != form.again:
        return await _account(visit, parts, [(visit.told(marked("The two passwords differ.")), "#f-again")])
    try:  # before anything is asked of the throttle, which counts codes and passwords
        check_password(form.new, visit.person.name, visit.person.display_name)
    except AccountError as error:
        return await _account(visit, parts, [(visit.told(str(error)), "#f-new")])
    outcome = await parts.sign_in.confirm(
        visit.session, visit.token, form.password, form.code, address=origins.address_of(visit.request)
    )
    if isinstance(outcome, Refused):
        field = "#f-code" if outcome.kind.startswith("code") else "#f-password"
        return await _account(visit, parts, [(refusal_of(visit, outcome), field)])
    visit.renew(outcome.token)
    try:  # whatever comes of it: the session has another token by now, and its browser must get it
        await parts.users.set_password(visit.person.id, form.new, by=visit.person.actor, keep_session=visit.session.id)
        answer = await visit.redirect(
            links.account(), Notice("done", marked("Your password is changed; your other sessions have ended."))
        )
    except AccountError as error:
        answer = await _account(visit, parts, [(visit.told(str(error)), "#f-new")])
    except Busy:
        told = visit.told(marked("Many people are signing in right now. Try again in a moment."))
        answer = await _account(visit, parts, [(told, None)])
    answer.set_cookie(parts.cookie.made(visit.request, outcome.token))
    return answer


HANDLERS = (show_account, keep_preferences, change_password)


async def _account(visit: Visit, parts: Parts, faults: list[tuple[str, str | None]] | None = None) -> Response[bytes]:
    person = visit.person
    left = await parts.totp.recovery_codes_left(person.id) if person.has_totp else 0
    page = AccountPage(
        name=person.name, role=person.role, tenants=None if person.tenants is None else sorted(person.tenants),
        language=visit.told_in, zone=person.zone, zones=zones_offered(), theme=person.theme,
        shortcuts=person.shortcuts, has_password=person.has_password,
        provider=parts.provider_name or "OpenID", has_totp=person.has_totp, codes_left=left,
        faults=faults or [],
    )  # fmt: skip
    return await visit.page("account.html", page, status=422 if faults else 200)
