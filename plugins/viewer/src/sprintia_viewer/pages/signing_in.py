"""`/viewer/sign-in`, `/viewer/sign-out`, `/viewer/welcome/{token}`: how a person gets in, and out."""

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from sprintia_platform import Problem
from sprintia_viewer.accounts.errors import AccountError
from sprintia_viewer.accounts.links import Link, LinkRefused, faults_of
from sprintia_viewer.accounts.passwords import PasswordRefused
from sprintia_viewer.accounts.signing_in import Refused
from sprintia_viewer.accounts.users import User
from sprintia_viewer.parts import Parts
from sprintia_viewer.problems import NOT_SECURE
from sprintia_viewer.web import links, origins
from sprintia_viewer.web.guards import anybody, signed_in
from sprintia_viewer.web.languages import marked
from sprintia_viewer.web.redirects import local
from sprintia_viewer.web.visits import Visit

REFUSALS = {
    "wrong": marked("User name or password are not right."),
    "code_needed": marked("Your account asks for a code, too. Type your password once more, and the code."),
    "code_wrong": marked("The code is not right, or was used already. Wait for the next one."),
    "throttled": marked("Too many attempts. Try again in %(seconds)s seconds."),
}


class SignInForm(msgspec.Struct, frozen=True):
    """What a person types to sign in."""

    name: str
    password: str
    code: str = ""
    next: str = ""


class SignInPage(msgspec.Struct, frozen=True, kw_only=True):
    """The form, and why it is shown again."""

    next: str
    language: str | None
    name: str = ""
    code_needed: bool = False
    refusal: str | None = None
    provider: str | None = None
    signed_out: bool = False


class WelcomeForm(msgspec.Struct, frozen=True):
    """What a person gives who follows a one-time link."""

    name: str
    password: str
    again: str
    display_name: str = ""


class WelcomePage(msgspec.Struct, frozen=True, kw_only=True):
    """A one-time link: whether it can be used, and for whom."""

    usable: bool
    token: str = ""
    names_itself: bool = False
    name: str = ""
    display_name: str = ""
    faults: list[tuple[str, str | None]] = []


@get("/viewer/sign-in", guards=[anybody()])
async def show_sign_in(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """Show the form; who is signed in is led on."""
    target = local(visit.request.query_params.get("next"))
    if visit.user is not None:
        return await visit.redirect(target)
    return await _form(visit, parts, target)


@post("/viewer/sign-in", guards=[anybody()])
async def sign_in(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """Sign in: a new session each time, whatever the browser presented."""
    require_secure(visit, parts)
    form = await visit.form(SignInForm)
    outcome = await parts.sign_in.attempt(
        form.name, form.password, form.code,
        address=origins.address_of(visit.request), user_agent=visit.request.headers.get("user-agent", ""),
    )  # fmt: skip
    target = local(form.next)
    if isinstance(outcome, Refused):
        return await _form(visit, parts, target, name=form.name, outcome=outcome)
    return await _enter(visit, parts, outcome.token, target)


@post("/viewer/sign-out", guards=[signed_in()])
async def sign_out(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """End the session, here and in the database, and ask the browser to forget the pages."""
    await parts.sessions.close(visit.token)
    answer = await visit.redirect(links.sign_in(signed_out="true"))  # there is no session to keep a notice for it
    answer.set_cookie(parts.cookie.ended(visit.request))
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@get("/viewer/welcome/{token:str}", guards=[anybody()])
async def show_welcome(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], token: FromPath[str]
) -> Response[bytes]:
    """Show what a one-time link is for. Looking does not use it up."""
    return await _welcome(visit, await parts.links.look(token), token)


@post("/viewer/welcome/{token:str}", guards=[anybody()])
async def welcome(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], token: FromPath[str]
) -> Response[bytes]:
    """Use a one-time link: set the password, and sign in where no second factor is asked for."""
    require_secure(visit, parts)
    form = await visit.form(WelcomeForm)
    link = await parts.links.look(token)
    if link is None:
        return await _welcome(visit, None, token)
    faults = [
        _fault(visit, error)
        for error in faults_of(link, password=form.password, name=form.name, display_name=form.display_name)
    ]
    if form.password != form.again:
        faults.append((visit.told(marked("The two passwords differ.")), "#f-again"))
    if faults:
        return await _welcome(visit, link, token, form, faults)
    try:
        user = await parts.links.redeem(token, password=form.password, name=form.name, display_name=form.display_name)
    except LinkRefused:
        return await _welcome(visit, None, token)
    except AccountError as error:
        return await _welcome(visit, link, token, form, [_fault(visit, error)])
    return await _first_session(visit, parts, user)


HANDLERS = (show_sign_in, sign_in, sign_out, show_welcome, welcome)


def _fault(visit: Visit, error: AccountError) -> tuple[str, str | None]:
    field = getattr(error, "field", "password" if isinstance(error, PasswordRefused) else "name")
    return visit.told(str(error)), f"#f-{field}"


async def _first_session(visit: Visit, parts: Parts, user: User) -> Response[bytes]:
    token = None if user.has_totp else await parts.sessions.open(
        user, address=origins.address_of(visit.request), user_agent=visit.request.headers.get("user-agent", ""),
        method="link",
    )  # fmt: skip
    if token is None:
        return await visit.redirect(links.sign_in())
    return await _enter(visit, parts, token, links.home())


async def _enter(visit: Visit, parts: Parts, token: str, target: str) -> Response[bytes]:
    if visit.session is not None:
        await parts.sessions.close(visit.token)
    answer = await visit.redirect(target)
    answer.set_cookie(parts.cookie.made(visit.request, token))
    return answer


async def _form(
    visit: Visit, parts: Parts, target: str, *, name: str = "", outcome: Refused | None = None
) -> Response[bytes]:
    refusal = visit.told(REFUSALS[outcome.kind], seconds=outcome.retry_after) if outcome else None
    status = {None: 200, "throttled": 429}.get(outcome.kind if outcome else None, 401)
    page = SignInPage(
        next=target, language=visit.request.query_params.get("language"), name=name, refusal=refusal,
        code_needed=outcome is not None and outcome.kind.startswith("code"), provider=parts.provider_name,
        signed_out=outcome is None and visit.request.query_params.get("signed_out") == "true",
    )  # fmt: skip
    headers = {"Retry-After": str(outcome.retry_after)} if outcome and outcome.kind == "throttled" else {}
    return await visit.page("sign_in.html", page, status=status, headers=headers, sign_in_at=parts.provider_origin)


async def _welcome(
    visit: Visit, link: Link | None, token: str, form: WelcomeForm | None = None,
    faults: list[tuple[str, str | None]] | None = None,
) -> Response[bytes]:  # fmt: skip
    if link is None:
        return await visit.page("welcome.html", WelcomePage(usable=False), status=410)
    page = WelcomePage(
        usable=True, token=token, names_itself=link.user is None, faults=faults or [],
        name=link.user.name if link.user else form.name if form else "", display_name=form.display_name if form else "",
    )  # fmt: skip
    return await visit.page("welcome.html", page, status=422 if faults else 200)


def require_secure(visit: Visit, parts: Parts) -> None:
    """Refuse to sign anybody in where somebody could listen.

    Raises:
        Problem: 403.
    """
    request = visit.request
    if not (origins.is_secure(request) or origins.is_local(request) or parts.settings.insecure_http):
        raise Problem(NOT_SECURE)
