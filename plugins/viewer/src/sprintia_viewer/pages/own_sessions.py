"""`/viewer/sessions`: where one is signed in, and how that ends."""

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from sprintia_platform import Problem
from sprintia_platform.http.problems import NOT_FOUND
from sprintia_viewer.accounts.sessions import ListedSession
from sprintia_viewer.parts import Parts
from sprintia_viewer.web import links
from sprintia_viewer.web.browsers import browser_of
from sprintia_viewer.web.forms import Nothing
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.languages import marked
from sprintia_viewer.web.visits import Notice, Visit

_MOST_SHOWN = 100


class OwnSession(ListedSession, frozen=True, kw_only=True):
    """A session; `browser` and `system` are empty where they are not known."""

    browser: str
    system: str


class SessionsPage(msgspec.Struct, frozen=True, kw_only=True):
    """One's own sessions, the one used last first.

    Attributes:
        own: the one that shows this page.
        more: how many are not shown; those end with all others.
    """

    sessions: list[OwnSession]
    own: int
    more: int


@get("/viewer/sessions", guards=[signed_in()])
async def show_sessions(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """List one's sessions."""
    own = visit.session.id if visit.session else 0
    found = await parts.sessions.list(visit.person.id)
    shown = [_own(session) for session in found[:_MOST_SHOWN]]
    return await visit.page("sessions.html", SessionsPage(sessions=shown, own=own, more=len(found) - len(shown)))


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
    if number not in {session.id for session in await parts.sessions.list(visit.person.id)}:
        raise Problem(NOT_FOUND, path=visit.path)
    await parts.sessions.close_one(visit.person.id, number, by=visit.person.actor)
    if visit.session is not None and number == visit.session.id:
        answer = await visit.redirect(links.sign_in())
        answer.set_cookie(parts.cookie.ended(visit.request))
        return answer
    return await visit.redirect(links.sessions(), Notice("done", marked("The session has ended.")))


HANDLERS = (show_sessions, end_others, end_session)


def _own(session: ListedSession) -> OwnSession:
    browser, system = browser_of(session.user_agent)
    return OwnSession(**msgspec.structs.asdict(session), browser=browser, system=system)
