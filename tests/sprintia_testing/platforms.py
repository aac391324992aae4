"""Running platforms: in a thread of the test process, or as the real command in a process of its own."""

import asyncio
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from sprintia_platform.app import create_app
from sprintia_platform.host import Host
from sprintia_platform.keys.callers import RIGHTS
from sprintia_platform.keys.store import create_key

API_KEY = "a-bootstrap-key-for-tests-only"
SPRINTIA = str(Path(sys.executable).parent / "sprintia")


def wait_until(condition: Callable[[], Any], seconds: float = 15.0, what: str = "the condition") -> Any:
    """Poll until the condition gives something true, and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.02)  # polling a condition, with a deadline
    raise AssertionError(f"{what} did not come true within {seconds:g} s")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _ThreadServer(uvicorn.Server):
    def install_signal_handlers(self) -> None:
        return


class RunningPlatform:
    """A platform that answers on a real socket, from a thread of this process.

    Attributes:
        host: its Host, for looking inside.
        database_url: its database, with the superuser's rights.
        url: where it answers.
        client: an HTTP client with the bootstrap key (all rights but admin).
    """

    def __init__(self, environ: Mapping[str, str], **host_arguments: Any) -> None:
        self.environ = {"API_KEY": API_KEY, "SPRINTIA_KEY_CACHE_SECONDS": "0", **environ}
        self.database_url = self.environ["DATABASE_URL"]
        self.host = Host(environ=self.environ, **host_arguments)
        config = uvicorn.Config(
            create_app(self.host), host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="on",
            loop="uvloop", http="httptools", server_header=False,
        )  # fmt: skip
        self._server = _ThreadServer(config)
        self._clients: list[httpx.Client] = []
        self._outcome: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        wait_until(lambda: self._server.started or not self._thread.is_alive(), what="the server")
        if not self._server.started:
            raise self.host.startup_error or AssertionError("the platform did not start")
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.client = self.as_key(API_KEY)

    def _run(self) -> None:
        try:
            self._server.run()
        except SystemExit:
            pass

    def as_key(self, key: str | None, **headers: str) -> httpx.Client:
        given = ({"X-API-Key": key} if key else {}) | headers
        client = httpx.Client(base_url=self.url, headers=given, timeout=30)
        self._clients.append(client)
        return client

    def key(self, *rights: str, tenants: Sequence[str] | None = None, networks: Sequence[str] = ()) -> str:
        """Make an API key; with no right named, all of them."""

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

        return asyncio.run(make())

    @property
    def host_database(self) -> Any:
        from sprintia_platform.database.connections import Database

        # Pools belong to one event loop: this test's own, beside the server's.
        return self.__dict__.setdefault("_own_database", Database(self.host.settings))

    def with_rights(self, *rights: str, tenants: Sequence[str] | None = None, **headers: str) -> httpx.Client:
        """A client with a new key that has these rights."""
        return self.as_key(self.key(*rights, tenants=tenants), **headers)

    def stop(self) -> None:
        for client in self._clients:
            client.close()
        self._server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive(), "the platform did not stop"


class SpawnedPlatform:
    """The real `sprintia serve`, in a process group of its own, with its output kept."""

    def __init__(self, environ: Mapping[str, str], folder: Path, *arguments: str) -> None:
        self.port = int(environ.get("SPRINTIA_PORT") or free_port())
        self.url = f"http://127.0.0.1:{self.port}"
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SPRINTIA_", "API_KEY", "DATABASE_URL"))
        }
        self.environ = clean | {"API_KEY": API_KEY, **environ, "SPRINTIA_PORT": str(self.port)}
        self.out, self.err = folder / f"serve-{self.port}.out", folder / f"serve-{self.port}.err"
        with self.out.open("ab") as out, self.err.open("ab") as err:
            self.process = subprocess.Popen(
                [SPRINTIA, "serve", *arguments], env=self.environ, stdout=out, stderr=err, start_new_session=True
            )

    def wait_ready(self, seconds: float = 40.0) -> "SpawnedPlatform":
        def ready() -> bool:
            if self.process.poll() is not None:
                raise AssertionError(
                    f"sprintia serve ended with {self.process.returncode}: {self.err.read_text()[-2000:]}"
                )
            try:
                return httpx.get(f"{self.url}/health/ready", timeout=2).status_code == 200
            except httpx.TransportError:
                return False

        wait_until(ready, seconds, f"{self.url} ready")
        return self

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Send one request with the bootstrap key, on a connection of its own."""
        headers = {"X-API-Key": self.environ["API_KEY"]} | dict(arguments.pop("headers", {}))
        return httpx.request(method, self.url + path, headers=headers, timeout=30, **arguments)

    def kill(self) -> None:
        """SIGKILL the whole process group, workers included."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def end(self, number: int = signal.SIGTERM, seconds: float = 30.0) -> int:
        """Ask it to end, and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(seconds)
