"""Two servers with two workers each on one PostgreSQL, and everything that can befall them."""

import json
import os
import random
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from faults.processes import is_alive, kill, postmaster_of, workers_of
from faults.proxy import PostgresProxy
from sprintia_testing.commands import CommandLineHere
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import SpawnedPlatform, wait_until

LISTENER = "sprintia-listener"
"""The application name of the connections that hear notifications."""
_SETTINGS = {"SPRINTIA_DATABASE_TIMEOUT": "3", "SPRINTIA_DRAIN_SECONDS": "0", "SPRINTIA_LOG_LEVEL": "warning"}


class Stage:
    """The servers, the first on PostgreSQL itself and the second behind a proxy, and the faults.

    Each fault is synchronous, and is over when both servers are ready again.

    Attributes:
        happened: how often each fault was made.
    """

    def __init__(self, databases: TestDatabases, proxy: PostgresProxy, database_url: str, folder: Path) -> None:
        self._databases, self._proxy, self._database_url = databases, proxy, database_url
        self._folder = folder
        self._environ = {"SPRINTIA_DATA_DIR": str(folder / "data"), **_SETTINGS}
        self.happened: Counter[str] = Counter()
        self._servers = [self._serve(database_url), self._serve(proxy.url)]
        self.wait_ready()

    @property
    def ports(self) -> list[int]:
        return [server.port for server in self._servers]

    def logged(self, level: str) -> set[str]:
        """The events of this level in the logs of both servers; what is no record there counts as an error."""
        lines = [line for server in self._servers for line in server.err.read_text().splitlines()]
        records = [json.loads(line) if line.startswith("{") else {"level": "error", "event": line} for line in lines]
        return {record["event"] for record in records if record["level"] == level}

    def key_of(self, tenant: str) -> str:
        """Make an API key for one tenant's writers and readers."""
        rights = [part for right in ("config:read", "config:write", "mapping:write") for part in ("--right", right)]
        command = CommandLineHere({**self._environ, "DATABASE_URL": self._database_url})
        return str(command.json("keys", "create", tenant, *rights, "--tenant", tenant)["key"])

    def wait_ready(self) -> None:
        for server in self._servers:
            server.wait_ready()
            wait_until(lambda: len(workers_of(server.process.pid)) == 2, what="two workers")  # noqa: B023 - used at once

    def faults(self, chance: random.Random) -> dict[str, Callable[[], None]]:
        """Everything that may happen, by name."""
        return {
            "worker killed": lambda: self._kill_a_worker(chance),
            "LISTEN dropped": self._drop_listeners,
            "LISTEN black-holed": self._swallow_listeners,
            "server killed": lambda: self._kill_a_server(chance),
            "PostgreSQL restarted": lambda: self._restart_postgres(chance),
        }

    def befall(self, name: str, chance: random.Random) -> None:
        """Make one fault happen, and wait for the recovery."""
        self.faults(chance)[name]()
        self.happened[name] += 1
        self.wait_ready()

    def end(self) -> list[int]:
        """End both servers in order, and return how they ended."""
        return [server.end() for server in self._servers]

    def kill_all(self) -> None:
        for server in self._servers:
            if server.process.poll() is None:
                workers = workers_of(server.process.pid)
                server.kill()
                wait_until(lambda: not any(is_alive(pid) for pid in workers), what="the workers' end")  # noqa: B023

    def _serve(self, database_url: str, **environ: str) -> SpawnedPlatform:
        return SpawnedPlatform(
            {**self._environ, "DATABASE_URL": database_url, **environ}, self._folder, "--workers", "2"
        )

    def _kill_a_worker(self, chance: random.Random) -> None:
        server = chance.choice(self._servers)
        victim = chance.choice(workers_of(server.process.pid))
        kill(victim)
        wait_until(lambda: not is_alive(victim), what="the worker's death")

    def _kill_a_server(self, chance: random.Random) -> None:
        index = chance.randrange(len(self._servers))
        victim = self._servers[index]
        workers = workers_of(victim.process.pid)
        for pid in (victim.process.pid, *workers):
            kill(pid)
        victim.process.wait(10)
        wait_until(lambda: not any(is_alive(pid) for pid in workers), what="the workers' death")
        database_url = [self._database_url, self._proxy.url][index]
        self._servers[index] = self._serve(database_url, SPRINTIA_PORT=str(victim.port))

    def _drop_listeners(self) -> None:
        dropped = TestDatabases.run(
            self._database_url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", LISTENER,
        )  # fmt: skip
        assert dropped, "nobody listened"

    def _swallow_listeners(self) -> None:
        # Both workers of the server behind the proxy; one that is just about to connect again counts when it has.
        wait_until(lambda: self._proxy.swallow(LISTENER), what="a connection that listens")

    def _restart_postgres(self, chance: random.Random) -> None:
        postmaster = postmaster_of(self._databases.server.data_dir)
        # A fast shutdown, an immediate one, a crash.
        os.kill(postmaster, chance.choice([signal.SIGINT, signal.SIGQUIT, signal.SIGKILL]))
        wait_until(lambda: not is_alive(postmaster), what="the postmaster's death")
        wait_until(self._databases.server.ensure_running, what="PostgreSQL's restart")


@contextmanager
def staged() -> Iterator[Stage]:
    """Start everything, with a PostgreSQL of its own: others' must not be restarted."""
    with tempfile.TemporaryDirectory() as folder, TestDatabases.start() as databases:
        database_url = databases.create()
        with PostgresProxy(database_url) as proxy:
            stage = Stage(databases, proxy, database_url, Path(folder))
            try:
                yield stage
            finally:
                stage.kill_all()


def schedule(names: Sequence[str], faults: int, chance: random.Random) -> list[str]:
    """Each fault once in any order, then so many more; PostgreSQL is restarted once only."""
    once = list(names)
    chance.shuffle(once)
    again = [name for name in names if not name.startswith("PostgreSQL")]
    return once + [chance.choice(again) for _ in range(faults - len(once))]
