"""`/viewer/account` and `/viewer/sessions`: what is one's own."""

from typing import Literal

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from sprintia_platform import Problem
from sprintia_platform.http.languages import Language
from sprintia_platform.http.problems import NOT_FOUND
from sprintia_viewer.accounts.errors import AccountError
from sprintia_viewer.accounts.sessions import ListedSession
from sprintia_viewer.accounts.signing_in import Refused
from sprintia_viewer.accounts.totp import TotpSetup
from sprintia_viewer.accounts.users import zones
from sprintia_viewer.pages.confirming import confirmed_or_lead
from sprintia_viewer.pages.signing_in import REFUSALS
from sprintia_viewer.parts import Parts
from sprintia_viewer.web import links, origins
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.languages import marked
from sprintia_viewer.web.visits import Notice, Visit


class AccountPage(msgspec.Struct, frozen=True, kw_only=True):
    """One's own account."""

    name: str
    role: str
    tenants: list[str] | None
    language: str
    zone: str
    zones: list[str]
    theme: str
    shortcuts: bool
    has_password: bool
    has_totp: bool
    codes_left: int
    faults: list[tuple[str, str | None]] = []


class TotpPage(msgspec.Struct, frozen=True, kw_only=True):
    """A second factor that is being set, or its recovery codes, shown once."""

    secret: str = ""
    svg: str = ""
    codes: list[str] = []
    refusal: str | None = None

    def __repr__(self) -> str:
        return "TotpPage(***)"


class SessionsPage(msgspec.Struct, frozen=True, kw_only=True):
    """One's own sessions; `own` is the one that shows this page."""

    sessions: list[ListedSession]
    own: int


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


class CodeForm(msgspec.Struct, frozen=True):
    """A code of the authenticator."""

    code: str


class Nothing(msgspec.Struct, frozen=True):
    """A form of one button."""


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
    outcome = await parts.sign_in.confirm(
        visit.session, visit.token, form.password, form.code, address=origins.address_of(visit.request)
    )
    if isinstance(outcome, Refused):
        return await _account(
            visit, parts, [(visit.told(REFUSALS[outcome.kind], seconds=outcome.retry_after), "#f-password")]
        )
    visit.renew(outcome.token)
    try:
        await parts.users.set_password(visit.person.id, form.new, by=visit.person.actor, keep_session=visit.session.id)
        answer = await visit.redirect(
            links.account(), Notice("done", marked("Your password is changed; your other sessions have ended."))
        )
    except AccountError as error:
        answer = await _account(visit, parts, [(visit.told(str(error)), "#f-new")])
    answer.set_cookie(parts.cookie.made(visit.request, outcome.token))
    return answer


@post("/viewer/account/totp", guards=[signed_in()])
async def begin_totp(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """Show what an authenticator app needs."""
    await visit.form(Nothing)
    if led := await confirmed_or_lead(visit, links.account()):
        return led
    try:
        return await _totp(visit, await parts.totp.begin(visit.person))
    except AccountError as error:
        return await visit.redirect(links.account(), Notice("error", str(error)))


@post("/viewer/account/totp/confirm", guards=[signed_in()])
async def confirm_totp(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """Take the first code, and show the recovery codes, once."""
    form = await visit.form(CodeForm)
    if led := await confirmed_or_lead(visit, links.account()):
        return led
    codes = await parts.totp.confirm(visit.person, form.code)
    if codes is None:
        refusal = visit.told(marked("The code is not right, or was used already. Wait for the next one."))
        page = TotpPage(refusal=refusal)
        return await visit.page("totp.html", page, status=422, twin=False)
    return await visit.page("totp.html", TotpPage(codes=codes), twin=False)


@post("/viewer/account/totp/remove", guards=[signed_in()])
async def remove_totp(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """Go without a second factor."""
    await visit.form(Nothing)
    if led := await confirmed_or_lead(visit, links.account()):
        return led
    await parts.totp.remove(visit.person, by=visit.person.actor)
    return await visit.redirect(links.account(), Notice("done", marked("The second factor is removed.")))


@get("/viewer/sessions", guards=[signed_in()])
async def show_sessions(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """List one's sessions."""
    own = visit.session.id if visit.session else 0
    page = SessionsPage(sessions=await parts.sessions.list(visit.person.id), own=own)
    return await visit.page("sessions.html", page)


@post("/viewer/sessions/end-others", guards=[signed_in()])
async def end_others(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """End every session but this one."""
    await visit.form(Nothing)
    own = visit.session.id if visit.session else None
    await parts.sessions.close_all(visit.person.id, own, by=visit.person.actor)
    return await visit.redirect(links.sessions(), Notice("done", marked("Your other sessions have ended.")))


@post("/viewer/sessions/{number:int}/end", guards=[signed_in()])
async def end_session(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], number: FromPath[int]
) -> Response[bytes]:
    """End one of one's sessions."""
    await visit.form(Nothing)
    known = {session.id for session in await parts.sessions.list(visit.person.id)}
    if number not in known:
        raise Problem(NOT_FOUND, path=visit.path)
    await parts.sessions.close_one(visit.person.id, number, by=visit.person.actor)
    if visit.session is not None and number == visit.session.id:
        answer = await visit.redirect(links.sign_in())
        answer.set_cookie(parts.cookie.ended(visit.request))
        return answer
    return await visit.redirect(links.sessions(), Notice("done", marked("The session has ended.")))


HANDLERS = (
    show_account, keep_preferences, change_password, begin_totp, confirm_totp, remove_totp, show_sessions, end_others,
    end_session,
)  # fmt: skip


async def _account(visit: Visit, parts: Parts, faults: list[tuple[str, str | None]] | None = None) -> Response[bytes]:
    person = visit.person
    left = await parts.totp.recovery_codes_left(person.id) if person.has_totp else 0
    page = AccountPage(
        name=person.name, role=person.role, tenants=None if person.tenants is None else sorted(person.tenants),
        language=visit.told_in, zone=person.zone, zones=sorted(zones()), theme=person.theme,
        shortcuts=person.shortcuts, has_password=person.has_password, has_totp=person.has_totp, codes_left=left,
        faults=faults or [],
    )  # fmt: skip
    return await visit.page("account.html", page, status=422 if faults else 200)


async def _totp(visit: Visit, setup: TotpSetup) -> Response[bytes]:
    return await visit.page("totp.html", TotpPage(secret=setup.secret, svg=setup.svg), twin=False)
