"""`/viewer/oidc/start` and `/viewer/oidc/callback`: the way in through an identity provider."""

import msgspec
from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency

from sprintia_platform import Problem
from sprintia_platform.http.problems import NOT_FOUND
from sprintia_viewer.accounts.errors import AccountError
from sprintia_viewer.accounts.oidc import BEGUN_MINUTES, Oidc
from sprintia_viewer.accounts.oidc_provider import OidcUnavailable
from sprintia_viewer.pages.confirming import show_confirm
from sprintia_viewer.pages.signing_in import SignInPage, require_secure
from sprintia_viewer.parts import Parts
from sprintia_viewer.web import links, origins
from sprintia_viewer.web.forms import CSRF_FIELD, fields_of
from sprintia_viewer.web.guards import anybody
from sprintia_viewer.web.redirects import local
from sprintia_viewer.web.visits import Visit

_COOKIE = "sprintia-oidc"


class StartForm(msgspec.Struct, frozen=True):
    """Where to go on afterwards."""

    next: str = ""


@post("/viewer/oidc/start", guards=[anybody()])
async def start(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """Lead to the provider; who is signed in confirms there to be the same person."""
    oidc = _oidc(visit, parts)
    require_secure(visit, parts)
    # The page for confirming has forms of the session; the one for signing in has none, and leads to a new session.
    confirms = visit.session is not None and any(name == CSRF_FIELD for name, _ in await fields_of(visit.request))
    if confirms:
        await visit.require_csrf()
    form = await visit.form(StartForm)
    try:
        begun = await oidc.begin(local(form.next), session=visit.session if confirms else None)
    except OidcUnavailable as error:
        return await _refused(visit, parts, error)
    answer = await visit.redirect(begun.url)
    answer.set_cookie(_cookie(visit, begun.state, BEGUN_MINUTES * 60))
    return answer


@get("/viewer/oidc/callback", guards=[anybody()])
async def callback(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """Take what the provider sent back with the person."""
    oidc, query = _oidc(visit, parts), visit.request.query_params
    require_secure(visit, parts)
    try:
        returned = await oidc.finish(
            state=query.get("state", ""), cookie_state=visit.request.cookies.get(_cookie_name(visit), ""),
            code=query.get("code", ""), address=origins.address_of(visit.request),
            user_agent=visit.request.headers.get("user-agent", ""), session=visit.session,
            token=visit.token if visit.session else "",
        )  # fmt: skip
    except AccountError as error:
        return await _refused(visit, parts, error)
    if visit.session is not None:  # of somebody who signed in anew; a session that was confirmed has another token now
        await parts.sessions.close(visit.token)
    answer = await visit.redirect(local(returned.next_path))
    answer.set_cookie(parts.cookie.made(visit.request, returned.signed_in.token))
    answer.set_cookie(_cookie(visit, "", 0))
    return answer


HANDLERS = (start, callback)


def _oidc(visit: Visit, parts: Parts) -> Oidc:
    if parts.oidc is None:
        raise Problem(NOT_FOUND, path=visit.path)
    return parts.oidc


def _cookie_name(visit: Visit) -> str:
    # The prefix keeps other hosts of the same domain from planting a sign-in that they began (RFC 6265bis, 4.1.3.2).
    return f"__Host-{_COOKIE}" if origins.is_secure(visit.request) else _COOKIE


def _cookie(visit: Visit, state: str, seconds: int) -> Cookie:
    # Lax: the provider sends the person back from another site, by a link.
    return Cookie(
        key=_cookie_name(visit), value=state, path="/", httponly=True, secure=origins.is_secure(visit.request),
        samesite="lax", max_age=seconds,
    )  # fmt: skip


async def _refused(visit: Visit, parts: Parts, error: AccountError) -> Response[bytes]:
    """Say why, where the person can try again; what was begun is over."""
    status = 503 if isinstance(error, OidcUnavailable) else 403
    headers = {"Retry-After": "5"} if status == 503 else {}
    refusal = visit.told(str(error))
    if visit.session is not None and not visit.person.has_password:
        answer = await show_confirm(visit, parts, links.home(), refusal=refusal, status=status, headers=headers)
    else:
        page = SignInPage(
            next=links.home(), language=visit.request.query_params.get("language"), refusal=refusal,
            provider=parts.provider_name,
        )  # fmt: skip
        answer = await visit.page(
            "sign_in.html", page, status=status, headers=headers, sign_in_at=parts.provider_origin
        )
    answer.set_cookie(_cookie(visit, "", 0))
    return answer
