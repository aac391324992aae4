"""`/configs/{tenant}/events`: the feed as Server-Sent Events (WHATWG HTML, section 9.2)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.controllers.timeline import Since, read_page
from sprintia_config.timeline.notifications import Notifications
from sprintia_platform import Caller, Problem, requires
from sprintia_platform.database.connections import Database
from sprintia_platform.host import Host
from sprintia_platform.http.problems import PARAMETER_INVALID
from sprintia_platform.http.requests import StrictRequest
from sprintia_platform.keys.guards import given_key

HEARTBEAT_SECONDS = 15.0
# How soon a stream notices that the process is to end, or that its key was revoked.
_LOOK_AROUND_SECONDS = 2.0
_PAGE = 200
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@get("/configs/{tenant:str}/events", guards=[requires("config:read")], tags=["timeline"])
async def stream_events(
    request: StrictRequest, tenant: FromPath[str], database: NamedDependency[Database],
    notifications: NamedDependency[Notifications], host: NamedDependency[Host], caller: NamedDependency[Caller],
    since: Since = 0,
) -> Stream:  # fmt: skip
    """Stream every change after `Last-Event-ID` (else `since`) as an event `change`, whose id is the revision.

    A comment comes when nothing else did for 15 seconds. The stream ends when the key is revoked or the process ends;
    a client that comes back with the last id misses nothing.
    """
    check_identifiers(tenant=tenant)
    caller.require_tenant(tenant)
    start = _last_event_id(request, since)
    key = given_key(request) or ""

    async def allowed() -> bool:
        return not host.draining and await host.keys.identify(key) is not None

    return Stream(
        _events(database, notifications, tenant, start, allowed), media_type="text/event-stream", headers=_HEADERS
    )


HANDLERS = (stream_events,)


def _last_event_id(request: StrictRequest, since: int) -> int:
    text = request.headers.get("last-event-id")
    if text is None:
        return since
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Problem(PARAMETER_INVALID, names="Last-Event-ID")
    return int(text)


async def _events(
    database: Database, notifications: Notifications, tenant: str, since: int, allowed: Callable[[], Awaitable[bool]]
) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    quiet_since = loop.time()
    yield b"retry: 2000\n\n"
    with notifications.watch(tenant) as watch:
        behind = True
        while await allowed():
            if behind:
                # One page at a time: a slow reader holds one page of memory, whatever it has missed.
                page = await read_page(database, tenant, since, _PAGE)
                for change in page.changes:
                    data = msgspec.json.encode(change)
                    yield b"id: %d\nevent: change\ndata: %b\n\n" % (change.revision, data)
                    quiet_since = loop.time()
                since, behind = page.revision, page.more
            elif loop.time() - quiet_since >= HEARTBEAT_SECONDS:
                quiet_since = loop.time()
                yield b": still here\n\n"
            if not behind:
                behind = await watch.wait(_LOOK_AROUND_SECONDS)
