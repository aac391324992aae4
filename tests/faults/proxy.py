"""A TCP proxy in front of PostgreSQL that loses replies, resets connections and goes silent, all on command."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Literal, Self

from sqlalchemy.engine import URL

from sprintia_platform.database.urls import parse_database_url

COMMIT = b"COMMIT\0"
WRITING = b"BEGIN; SET"  # a transaction that only reads begins with BEGIN READ ONLY
READING = b"BEGIN READ ONLY"


class PostgresProxy:
    """Stands between the platform and the PostgreSQL of `database_url`; `url` is what the platform gets.

    Attributes:
        lost: how many commits it cut off.
    """

    def __init__(self, database_url: str) -> None:
        self._upstream = parse_database_url(database_url)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._links: set[_Link] = set()
        self._flowing: asyncio.Event
        self._armed: Literal["before", "after"] | None = None
        self.lost = 0
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def lose_next_commit(self, when: Literal["before", "after"]) -> None:
        """Cut the connection at the next write's COMMIT: before PostgreSQL gets it, or after it has answered."""
        self._do(lambda: setattr(self, "_armed", when))

    def reset_all(self) -> None:
        """Abort every connection, as a firewall or a failover does."""
        self._do(lambda: [link.abort() for link in list(self._links)])

    def swallow(self, application: str) -> int:
        """Lose all that goes over the connections that this application has open, and close none; tells how many."""
        found = [link for link in list(self._links) if link.application == application]
        for link in found:
            link.is_swallowed = True
        return len(found)

    def go_silent(self) -> None:
        """Pass nothing on, in neither direction, and close nothing: a black hole."""
        self._do(self._flowing.clear)

    def speak_again(self) -> None:
        self._do(self._flowing.set)

    def commit_passes(self, link: "_Link", data: bytes) -> bool:
        """Decide about what the platform sends; a commit that is lost "after" passes, and its reply does not."""
        if self._armed is None or not link.is_writing or COMMIT not in data:
            return True
        when, self._armed = self._armed, None
        self.lost += 1
        link.cut_at_reply = when == "after"
        return when == "after"

    async def flow(self) -> None:
        await self._flowing.wait()

    async def _start(self) -> None:
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        url = URL.create("postgresql", self._upstream.username, host="127.0.0.1", port=port)
        self.url = url.set(database=self._upstream.database).render_as_string(hide_password=False)

    async def _stop(self) -> None:
        self._server.close()
        tasks = [link.task for link in self._links]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        folder = self._upstream.query["host"]
        try:
            upstream = await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")
        except OSError:  # PostgreSQL is away
            writer.transport.abort()
            return
        link = _Link(self, reader, writer, *upstream)
        self._links.add(link)
        try:
            await link.run()
        finally:
            self._links.discard(link)

    def _call(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)

    def _do(self, function: Callable[[], object]) -> None:
        async def run() -> None:
            function()

        self._call(run())


class _Link:
    """One connection through the proxy."""

    def __init__(
        self, proxy: PostgresProxy, from_platform: asyncio.StreamReader, to_platform: asyncio.StreamWriter,
        from_postgres: asyncio.StreamReader, to_postgres: asyncio.StreamWriter,
    ) -> None:  # fmt: skip
        self._proxy = proxy
        self._from_platform, self._to_platform = from_platform, to_platform
        self._from_postgres, self._to_postgres = from_postgres, to_postgres
        self.is_writing = self.cut_at_reply = self.is_swallowed = False
        self.application = ""
        self.task: asyncio.Task[Any]

    async def run(self) -> None:
        current = asyncio.current_task()
        assert current is not None
        self.task = current
        directions = [asyncio.ensure_future(self._upwards()), asyncio.ensure_future(self._downwards())]
        try:
            await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            pass  # the proxy ends
        finally:
            for direction in directions:
                direction.cancel()
            await asyncio.gather(*directions, return_exceptions=True)
            self.abort()

    async def _upwards(self) -> None:
        while data := await self._from_platform.read(65536):
            await self._proxy.flow()
            if self.is_swallowed:
                continue
            if not self.application:
                self.application = _application_of(data)
            if WRITING in data or READING in data:
                self.is_writing = WRITING in data
            if not self._proxy.commit_passes(self, data):
                return
            self._to_postgres.write(data)

    async def _downwards(self) -> None:
        while data := await self._from_postgres.read(65536):
            await self._proxy.flow()
            if self.is_swallowed:
                continue
            if self.cut_at_reply:
                return  # PostgreSQL has committed and said so; the platform never hears it
            self._to_platform.write(data)

    def abort(self) -> None:
        self._to_platform.transport.abort()
        self._to_postgres.transport.abort()


def _application_of(start: bytes) -> str:
    """The `application_name` of a startup message, whose parameters are texts that each end with a zero."""
    texts = start.split(b"\0")
    return texts[texts.index(b"application_name") + 1].decode() if b"application_name" in texts else ""
