"""`/configs/{tenant}/events`: the feed as Server-Sent Events (WHATWG HTML, section 9.2)."""

import asyncio
import re
from typing import Any, cast

import structlog
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.controllers.timeline import Since
from sprintia_config.timeline.feed import SWEEP_SECONDS, Feed, WatchedTenant
from sprintia_config.timeline.tail import Frames, encode_frames
from sprintia_config.timeline.waiting import Sleep
from sprintia_platform import Caller, Problem, requires
from sprintia_platform.http.answers import is_outage
from sprintia_platform.http.problems import PARAMETER_INVALID
from sprintia_platform.http.requests import StrictRequest
from sprintia_platform.keys.guards import given_key

log = structlog.get_logger("sprintia.config")

HEARTBEAT_SECONDS = 15.0
PATIENCE_SECONDS = 75.0
"""How long a reader may take nothing of what waits for it. On Linux the kernel has cut it off before."""
_PARTING_SECONDS = 5.0
_HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)
_EVENT_ID = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,9}))?")
_BEGINNING = b"retry: 2000\n\n"
_HEARTBEAT = b": still here\n\n"


@get("/configs/{tenant:str}/events", guards=[requires("config:read")], tags=["timeline"])
async def stream_events(
    request: StrictRequest, tenant: FromPath[str], feed: NamedDependency[Feed], caller: NamedDependency[Caller],
    since: Since = 0,
) -> Stream:  # fmt: skip
    """Stream every change after `Last-Event-ID` (else `since`) as an event `change`, whose id is the revision.

    A comment comes when nothing else did for 15 seconds. The stream ends when the key is revoked, when the process ends
    and when the reader takes nothing for a minute; a client that comes back with the last id misses nothing and gets
    nothing twice. Of several changes of one revision only the last one's id is that revision; the others' is the
    revision before and a number, `7.1`.
    """
    check_identifiers(tenant=tenant)
    caller.require_tenant(tenant)
    return _EventAnswer(EventStream(feed, tenant, *_last_event_id(request, since), given_key(request)))


HANDLERS = (stream_events,)


def _last_event_id(request: StrictRequest, since: int) -> tuple[int, int]:
    """Where a reader stands: at a revision, and with how many changes of the next."""
    text = request.headers.get("last-event-id")
    if text is None:
        return since, 0
    match = _EVENT_ID.fullmatch(text)
    if match is None:
        raise Problem(PARAMETER_INVALID, names="Last-Event-ID")
    return int(match[1]), int(match[2] or 0)


class EventStream:
    """One reader of the stream.

    Its request's own task does nothing but wait for the end; what is there to be sent is sent by a task that lives as
    long as that takes. So an idle reader costs one waiting task, and a slow one holds up nobody.
    """

    __slots__ = (
        "_ended", "_feed", "_gave_up", "_given", "_position", "_quiet_since", "_send", "_sending", "_sending_since",
        "_sleep", "_tenant_id", "_watched", "key",
    )  # fmt: skip

    def __init__(self, feed: Feed, tenant_id: str, since: int, given: int, key: str | None) -> None:
        self.key = key
        self._feed, self._tenant_id, self._position, self._given = feed, tenant_id, since, given
        self._sleep = Sleep()
        self._ended = self._gave_up = False
        self._sending: asyncio.Task[None] | None = None
        self._sending_since: float | None = None
        self._quiet_since = _now()
        self._send: Send
        self._watched: WatchedTenant | None = None

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Answer until the reader is gone or this side ends it.

        Raises:
            Problem, OSError, asyncpg.PostgresError: before the answer begins, when the first page cannot be read.
        """
        with self._feed.watch(self._tenant_id, self) as watched:
            first = await self._next(watched)
            self._send = send
            await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
            await self._give(_BEGINNING + first.data)
            self._position = first.upto
            self._watched = watched
            self.wake()

            async def leaving() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass

            gone = await self._sleep.until(leaving)
        await self._part(gone=gone)

    def wake(self) -> None:
        watched = self._watched
        if watched is not None and self._sending is None and not self._ended and self._is_behind(watched):
            self._sending = asyncio.create_task(self._catch_up(watched))

    def end(self) -> None:
        self._ended = True
        self._sleep.wake()

    def look_around(self) -> None:
        now = _now()
        if self._sending_since is not None and now - self._sending_since >= PATIENCE_SECONDS:
            self._gave_up = True
            self.end()
        elif self._sending is None and now - self._quiet_since > HEARTBEAT_SECONDS - SWEEP_SECONDS:
            if self._watched is not None and not self._ended:
                self._sending = asyncio.create_task(self._sign_of_life())
        else:
            self.wake()

    def _is_behind(self, watched: WatchedTenant) -> bool:
        return not watched.tail.opened or self._position < watched.tail.reached

    async def _catch_up(self, watched: WatchedTenant) -> None:
        try:
            while self._is_behind(watched) and not self._ended:
                frames = await self._next(watched)
                if frames.data:
                    await self._give(frames.data)
                if frames.upto == self._position:
                    break
                self._position = frames.upto
        except Exception as error:  # noqa: BLE001 - the answer has begun: it can only end
            self._failed(error)
        finally:
            self._sending = None

    async def _next(self, watched: WatchedTenant) -> Frames:
        if watched.tail.covers(self._position) and not self._given:
            return watched.tail.frames_after(self._position)
        page = await watched.catch_up(self._position)
        given = self._given
        if page.changes:  # else this process has not seen yet what the reader got a part of from another one
            self._given = 0
        return Frames(page.next, encode_frames(page.changes, self._position, given))

    async def _sign_of_life(self) -> None:
        try:
            await self._give(_HEARTBEAT)
        finally:
            self._sending = None

    async def _give(self, data: bytes) -> None:
        self._sending_since = _now()
        await self._send({"type": "http.response.body", "body": data, "more_body": True})
        self._sending_since = None
        self._quiet_since = _now()

    def _failed(self, error: Exception) -> None:
        if isinstance(error, TimeoutError) or is_outage(error):
            return  # the next round tries again
        if not isinstance(error, Problem):
            log.error("events_failed", exc_info=error)
        self.end()

    async def _part(self, *, gone: bool) -> None:
        sending = self._sending
        if sending is not None and not gone and not self._gave_up:
            await asyncio.wait([sending], timeout=_PARTING_SECONDS)
        if self._sending is not None:
            self._sending.cancel()
        if self._gave_up:
            log.info("reader_cut_off")
        elif not gone and self._sending is None:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})


class _EventAnswer(Stream):
    """What the handler returns: Litestar's own would hold two further tasks for each reader."""

    def __init__(self, stream: EventStream) -> None:
        super().__init__((), media_type="text/event-stream")
        self._stream = stream

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:
        return cast("ASGIResponse", self._stream)  # Litestar calls it, and asks for nothing else


def _now() -> float:
    return asyncio.get_running_loop().time()
