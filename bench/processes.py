"""The processes of a run: PostgreSQL, the real `sprintia serve` and the references, each on its core."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, TypeVar

import asyncpg

from bench.load import Answer, fetch
from bench.machine import load_core, server_core
from sprintia_platform import Secret
from sprintia_platform.database.connections import Connection, Database
from sprintia_platform.database.embedded import EmbeddedPostgres
from sprintia_platform.keys.store import create_key
from sprintia_platform.settings import HostSettings
from sprintia_viewer.accounts.sessions import Sessions
from sprintia_viewer.accounts.users import Users
from sprintia_viewer.settings import ViewerSettings

ROOT = Path(__file__).resolve().parent.parent
BOOTSTRAP_KEY = "the-bootstrap-key-of-a-benchmark"

_SPRINTIA = str(Path(sys.executable).parent / "sprintia")
_STARTS_WITHIN, _ENDS_WITHIN = 60.0, 30.0

ResultT = TypeVar("ResultT")


class BenchmarkError(Exception):
    """A benchmark cannot be run; the message says why."""


class Server(NamedTuple):
    """A server that runs: where it answers, and whose CPU time counts."""

    name: str
    pid: int
    port: int
    log: Path


class Cluster:
    """A private PostgreSQL in a temporary folder, on the load's core, with the databases of a run."""

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="sprintia-bench-")
        self.folder = Path(self._temporary.name)
        self.folder.chmod(0o755)  # run as root, PostgreSQL has an account of its own, which must get through
        self._server = EmbeddedPostgres(self.folder / "data")

    def __enter__(self) -> Self:
        self._cores = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {load_core()})  # what this process starts is there too, until it is put elsewhere
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.stop()
        os.sched_setaffinity(0, self._cores)
        self._temporary.cleanup()

    @property
    def pid(self) -> int:
        """The postmaster."""
        pid_file = self.folder / "data" / "postgresql" / "postmaster.pid"
        return int(pid_file.read_text(encoding="utf-8").split("\n", 1)[0])

    def version(self) -> str:
        async def ask() -> str:
            connection = await asyncpg.connect(self._server.url)
            try:
                return str(await connection.fetchval("SHOW server_version"))
            finally:
                await connection.close()

        return asyncio.run(ask())

    def make_database(self, name: str) -> "DatabaseUrls":
        """Create a database with the platform's tables."""

        async def create() -> None:
            connection = await asyncpg.connect(self._server.url)
            try:
                await connection.execute(f"CREATE DATABASE {name}")
            finally:
                await connection.close()

        asyncio.run(create())
        urls = DatabaseUrls(
            *(url.replace("@/sprintia?", f"@/{name}?", 1) for url in (self._server.url, self._server.server_url))
        )
        done = subprocess.run(
            [_SPRINTIA, "db", "upgrade"], env=self.environment(urls), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise BenchmarkError(f"`sprintia db upgrade` failed: {done.stderr.strip()[-2000:]}")
        return urls

    def environment(self, urls: "DatabaseUrls", **settings: str) -> dict[str, str]:
        """The settings of a platform on one of the databases: the defaults, but for what is given."""
        own = ("SPRINTIA_", "API_KEY", "DATABASE_URL", "OTEL_")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        return clean | {
            "DATABASE_URL": urls.server, "SPRINTIA_DATABASE_OWNER_URL": urls.owner, "API_KEY": BOOTSTRAP_KEY,
            "SPRINTIA_DATA_DIR": str(self.folder / "data"), "SPRINTIA_DRAIN_SECONDS": "0", **settings,
        }  # fmt: skip


class DatabaseUrls(NamedTuple):
    """A database, for its owner and for who serves requests."""

    owner: str
    server: str


def make_keys(urls: DatabaseUrls, count: int = 1, tenants: Sequence[str] | None = None) -> list[str]:
    """Make API keys that may read documents: of these tenants, else of all."""

    async def make() -> list[str]:
        database = Database(HostSettings(database_url=Secret(urls.server)))
        await database.open()
        try:
            async with database.transaction("platform", "*") as connection:
                made = [
                    await create_key(
                        connection,
                        name=f"bench {number}",
                        rights=["config:read"],
                        tenants=None if tenants is None else list(tenants),
                        networks=[],
                        expires_at=None,
                        actor="bench",
                    )
                    for number in range(count)
                ]
                return [token.text for token in made]
        finally:
            await database.close()

    return asyncio.run(make())


def signed_in_token(urls: DatabaseUrls) -> str:
    """Make an admin of the viewer, sign the person in, and return the text of the session's cookie."""

    async def make() -> str:
        database = Database(HostSettings(database_url=Secret(urls.server)))
        await database.open()
        try:
            user = await Users(database).create(name="bench", role="admin", by="bench")
            token = await Sessions(database, ViewerSettings()).open(user, address="127.0.0.1", user_agent="bench")
        finally:
            await database.close()
        if token is None:
            raise BenchmarkError("nobody could sign in to the viewer")
        return token

    return asyncio.run(make())


def as_owner(urls: DatabaseUrls, work: Callable[[Connection], Awaitable[ResultT]]) -> ResultT:
    """Run statements as the owner of the tables."""

    async def run() -> ResultT:
        connection: Connection = await asyncpg.connect(urls.owner)
        try:
            return await work(connection)
        finally:
            await connection.close()

    return asyncio.run(run())


@contextmanager
def platform(cluster: Cluster, urls: DatabaseUrls, name: str = "platform", **settings: str) -> Iterator[Server]:
    """The real `sprintia serve` on the server's core, with its default settings but for what is given."""
    port = _free_port()
    environ = cluster.environment(urls, SPRINTIA_PORT=str(port), **settings)
    with _running(cluster, name, [_SPRINTIA, "serve"], environ, port) as server:
        yield server


@contextmanager
def raw_reference(cluster: Cluster, answer: Answer) -> Iterator[Server]:
    """A raw ASGI application that gives this answer to every request."""
    folder = Path(tempfile.mkdtemp(prefix="answer-", dir=cluster.folder))
    (folder / "body").write_bytes(answer.body)
    # The server itself writes the date.
    headers = [header for header in answer.headers if header[0] != "date"]
    head = json.dumps({"status": answer.status, "headers": headers})
    (folder / "head.json").write_text(head, encoding="utf-8")
    port = _free_port()
    command = [sys.executable, "-m", "bench.reference_server", "raw", str(port), "--answer", str(folder)]
    with _running(cluster, "raw ASGI", command, dict(os.environ), port) as server:
        yield server


@contextmanager
def read_reference(cluster: Cluster, urls: DatabaseUrls) -> Iterator[Server]:
    """A bare Litestar route that runs the SQL of an uncached read."""
    port = _free_port()
    command = [sys.executable, "-m", "bench.reference_server", "read", str(port)]
    environ = dict(os.environ) | {"DATABASE_URL": urls.server}
    with _running(cluster, "bare route", command, environ, port) as server:
        yield server


@contextmanager
def _running(
    cluster: Cluster, name: str, command: Sequence[str], environ: dict[str, str], port: int
) -> Iterator[Server]:
    log = cluster.folder / f"{port}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=output, stderr=output)
    try:
        os.sched_setaffinity(process.pid, {server_core()})
        server = Server(name, process.pid, port, log)
        _wait_until_ready(server, process)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.unlink()


def _wait_until_ready(server: Server, process: "subprocess.Popen[bytes]") -> None:
    request = b"GET /health/ready HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
    deadline = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError):
            if fetch(server.port, request).status != 503:  # a reference knows no such path, and is ready
                return
        time.sleep(0.05)
    said = server.log.read_text(encoding="utf-8", errors="replace").strip()[-2000:]
    raise BenchmarkError(f"{server.name} did not start within {_STARTS_WITHIN:g} s; it said:\n{said}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
