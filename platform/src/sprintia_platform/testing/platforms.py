"""A platform that answers on a real socket, from a thread of the test's own process."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import httpx
import uvicorn

from sprintia_platform.app import create_app
from sprintia_platform.database.connections import Database
from sprintia_platform.first_steps import first_steps
from sprintia_platform.host import Host
from sprintia_platform.http.ready_protocol import ready_protocol
from sprintia_platform.keys.callers import RIGHTS
from sprintia_platform.keys.store import create_key
from sprintia_platform.testing.apart import run_apart

API_KEY = "a-bootstrap-key-for-tests-only"
BROWSER_ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

ResultT = TypeVar("ResultT")


def wait_until(condition: Callable[[], ResultT], seconds: float = 15.0, what: str = "the condition") -> ResultT:
    """Poll until the condition gives something true, and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.02)  # polling a condition, with a deadline
    raise AssertionError(f"{what} did not come true within {seconds:g} s")


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Server(uvicorn.Server):
    loop: asyncio.AbstractEventLoop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        await super().startup(sockets)


class RunningPlatform:
    """A platform that answers on a real socket, from a thread of this process.

    Attributes:
        host: its Host, for looking inside.
        app: the application.
        database_url: its database, with the superuser's rights.
        url: where it answers.
        client: an HTTP client with the bootstrap key (all rights but admin).
        browser: what a person's browser sends, without any key; it keeps cookies and follows no redirect.
        host_database: the same database, for use in the test's own event loop; open it first.
    """

    def __init__(self, environ: Mapping[str, str], **host_arguments: Any) -> None:
        self.environ = {"API_KEY": API_KEY, "SPRINTIA_KEY_CACHE_SECONDS": "0", **environ}
        self.database_url = self.environ["DATABASE_URL"]
        self.host = Host(environ=self.environ, **host_arguments)
        self.app = create_app(self.host)
        config = uvicorn.Config(
            self.app, host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="on",
            loop="uvloop", http=ready_protocol(self.app.request_layer), server_header=False,
            proxy_headers=bool(self.host.settings.trusted_proxies),
            forwarded_allow_ips=list(self.host.settings.trusted_proxies),
        )  # fmt: skip
        self._server = _Server(config)
        self._clients: list[httpx.Client] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        wait_until(lambda: self._server.started or not self._thread.is_alive(), what="the server")
        if not self._server.started:
            raise self.host.startup_error or AssertionError("the platform did not start")
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.client = self.as_key(API_KEY)
        self.browser = self.as_key(None, Accept=BROWSER_ACCEPT)
        # Pools belong to one event loop: this is the test's own, beside the server's.
        self.host_database = Database(self.host.settings)

    def _run(self) -> None:
        with suppress(SystemExit):  # uvicorn's way to say that the lifespan failed
            self._server.run()

    def as_key(self, key: str | None, **headers: str) -> httpx.Client:
        """A client with this key (None: without any)."""
        given = ({"X-API-Key": key} if key else {}) | headers
        client = httpx.Client(base_url=self.url, headers=given, timeout=30)
        self._clients.append(client)
        return client

    def run(self, work: Callable[[], Coroutine[Any, Any, ResultT]]) -> ResultT:
        """Run a coroutine where the platform runs, with `host.database` open: `run(lambda: store.find("ana"))`."""
        return asyncio.run_coroutine_threadsafe(work(), self._server.loop).result(30)

    def first_steps(self) -> list[str]:
        """What `sprintia serve --first-run` would tell at this moment, of every plugin."""
        return self.run(lambda: first_steps(self.host, self.url))

    def key(self, *rights: str, tenants: Sequence[str] | None = None, networks: Sequence[str] = ()) -> str:
        """Make an API key; with no right named, all of the platform's own."""

        async def make() -> str:
            await self.host_database.open()
            try:
                async with self.host_database.transaction("platform", "*") as connection:
                    token = await create_key(
                        connection, name="test", rights=list(rights or RIGHTS),
                        tenants=None if tenants is None else list(tenants), networks=list(networks), expires_at=None,
                        actor="test",
                    )  # fmt: skip
                    return token.text
            finally:
                await self.host_database.close()

        return run_apart(make())

    def with_rights(self, *rights: str, tenants: Sequence[str] | None = None, **headers: str) -> httpx.Client:
        """A client with a new key that has these rights."""
        return self.as_key(self.key(*rights, tenants=tenants), **headers)

    def stop(self) -> None:
        """End the server and its clients, and wait for the end."""
        for client in self._clients:
            client.close()
        self._server.should_exit = True
        self._thread.join(20)
        if self._thread.is_alive():
            raise AssertionError("the platform did not stop")
