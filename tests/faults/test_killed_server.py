"""`kill -9` of the server, a worker, the supervisor: nothing acknowledged is lost, and service comes back."""

from collections.abc import Callable

import httpx
from faults.history import violations
from faults.load import Load, stored_in
from faults.processes import is_alive, kill, workers_of
from faults.proxy import PostgresProxy
from sprintia_testing.platforms import SpawnedPlatform, wait_until

Spawn = Callable[..., SpawnedPlatform]
QUICK = {"SPRINTIA_DRAIN_SECONDS": "0"}


def test_a_killed_server_loses_no_acknowledged_write_and_repeats_none(spawn: Spawn, database_url: str) -> None:
    server = spawn(DATABASE_URL=database_url, **QUICK).wait_ready()
    with Load(server.url) as load:
        for _ in range(3):
            load.wait_for(30)
            server.kill()
            server = spawn(DATABASE_URL=database_url, SPRINTIA_PORT=str(server.port), **QUICK)
        load.wait_for(30)
    assert violations(load.writes, stored_in(database_url)) == []
    assert set(load.outcomes) - {"200"}, "no writer ever noticed a kill: this test has shown nothing"
    assert not [outcome for outcome in load.outcomes if outcome.isdigit() and outcome not in {"200", "503"}]


def test_a_killed_worker_is_replaced_while_the_other_serves(spawn: Spawn, database_url: str) -> None:
    server = spawn("--workers", "2", DATABASE_URL=database_url, **QUICK).wait_ready()
    first, second = wait_until(lambda: len(found := workers_of(server.process.pid)) == 2 and found, what="two workers")
    with Load(server.url) as load:
        load.wait_for(20)
        kill(first)
        load.wait_for(20)
        replacement = wait_until(
            lambda: next((pid for pid in workers_of(server.process.pid) if pid not in {first, second}), None),
            what="a new worker",
        )
        # Alone, the new one must serve too.
        kill(second)
        load.wait_for(20)
        wait_until(lambda: len(workers_of(server.process.pid)) == 2, what="two workers again")
        assert is_alive(replacement)
    assert violations(load.writes, stored_in(database_url)) == []
    assert server.process.poll() is None
    assert server.end() == 0
    assert '"worker_died"' in server.err.read_text()


def test_workers_end_with_a_killed_supervisor_and_free_the_port(spawn: Spawn, database_url: str) -> None:
    server = spawn("--workers", "2", DATABASE_URL=database_url, **QUICK).wait_ready()
    workers = wait_until(lambda: len(found := workers_of(server.process.pid)) == 2 and found, what="two workers")
    kill(server.process.pid)
    server.process.wait()
    wait_until(lambda: not any(is_alive(pid) for pid in workers), what="the workers' end")
    again = spawn("--workers", "2", DATABASE_URL=database_url, SPRINTIA_PORT=str(server.port), **QUICK).wait_ready()
    assert httpx.get(f"{again.url}/health").json() == {"status": "healthy"}


def test_workers_that_wait_for_a_database_end_with_their_supervisor_too(spawn: Spawn, database_url: str) -> None:
    with PostgresProxy(database_url) as proxy:
        server = spawn("--workers", "2", DATABASE_URL=proxy.url, SPRINTIA_DATABASE_TIMEOUT="0.5", **QUICK).wait_ready()
        old = wait_until(lambda: len(found := workers_of(server.process.pid)) == 2 and found, what="two workers")
        proxy.go_silent()
        for worker in old:
            kill(worker)
        wait_until(lambda: server.err.read_text().count('"waiting_for_database"') > 2, what="the new workers' wait")
        workers = workers_of(server.process.pid)
        assert len(workers) == 2
        kill(server.process.pid)
        server.process.wait()
        wait_until(lambda: not any(is_alive(pid) for pid in workers), what="the workers' end")
