"""`kill -9` of the embedded PostgreSQL, an immediate shutdown, a kill of everything: it comes back by itself."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from faults.history import violations
from faults.load import HEADERS, Load, embedded_url, stored_in
from faults.processes import is_alive, kill, postmaster_of, processes_in, workers_of
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import SpawnedPlatform, wait_until

Spawn = Callable[..., SpawnedPlatform]
DOCUMENT = "/configs/account_1/retail/config"
QUICK = {"SPRINTIA_DATABASE_TIMEOUT": "2", "SPRINTIA_DRAIN_SECONDS": "0"}


def assert_only_answers_and_refusals(load: Load) -> None:
    assert load.outcomes["503"], "no writer ever noticed: this test has shown nothing"
    assert set(load.outcomes) == {"200", "503"}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_postgres_is_brought_back_while_the_platform_serves(spawn: Spawn, tmp_path: Path, workers: str) -> None:
    data_dir = tmp_path / "data"
    server = spawn("--first-run", "--workers", workers, **QUICK).wait_ready()
    process = server.process.pid
    with Load(server.url) as load:
        # SIGQUIT is what `pg_ctl stop -m immediate` sends.
        for number in (signal.SIGKILL, signal.SIGQUIT, signal.SIGKILL):
            load.wait_for(20)
            postmaster = postmaster_of(data_dir)
            os.kill(postmaster, number)
            wait_until(lambda: not is_alive(postmaster), what="the postmaster's death")  # noqa: B023 - used at once
        load.wait_for(20)
    assert server.process.poll() is None
    assert server.process.pid == process
    assert httpx.get(f"{server.url}/health/ready").status_code == 200
    assert violations(load.writes, stored_in(embedded_url(data_dir))) == []
    assert_only_answers_and_refusals(load)
    assert server.end() == 0
    assert processes_in(data_dir) == []
    assert '"postgresql_restarted"' in server.err.read_text()


def test_a_killed_backend_costs_a_503_at_most(spawn: Spawn, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    server = spawn("--first-run", **QUICK).wait_ready()
    with Load(server.url) as load:
        load.wait_for(20)
        backends = TestDatabases.run(
            embedded_url(data_dir), "SELECT pid FROM pg_stat_activity WHERE application_name = 'sprintia'"
        )
        kill(backends[0]["pid"])
        load.wait_for(20)
    assert violations(load.writes, stored_in(embedded_url(data_dir))) == []
    assert set(load.outcomes) <= {"200", "503"}


def test_reads_and_readiness_say_503_while_postgres_cannot_come_back(spawn: Spawn, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    server = spawn("--first-run", **QUICK).wait_ready()
    assert server.request("POST", DOCUMENT, json={"yaml_content": "a: 1\n"}).status_code == 200
    control = data_dir / "postgresql" / "global" / "pg_control"
    hidden = control.with_name("pg_control.hidden")
    postmaster = postmaster_of(data_dir)
    control.rename(hidden)
    try:
        kill(postmaster)
        wait_until(lambda: '"postgresql_not_restarted"' in server.err.read_text(), 40, "a failing restart in the log")
        for method, arguments in (("GET", {}), ("POST", {"json": {"yaml_content": "a: 2\n"}})):
            answer = server.request(method, DOCUMENT, **arguments)
            assert answer.status_code == 503
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert int(answer.headers["Retry-After"]) > 0
            assert str(data_dir) not in answer.text
        assert httpx.get(f"{server.url}/health/ready").status_code == 503
        assert httpx.get(f"{server.url}/health/live").status_code == 200
    finally:
        hidden.rename(control)
    wait_until(lambda: httpx.get(f"{server.url}/health/ready").status_code == 200, 40, "PostgreSQL after the repair")
    assert server.request("GET", DOCUMENT).json()["json_data"] == {"a": 1}
    assert server.request("POST", DOCUMENT, json={"yaml_content": "a: 2\n"}).json()["version"] == 2


def test_a_worker_that_starts_while_postgres_is_down_serves_once_it_is_back(spawn: Spawn, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    server = spawn("--first-run", "--workers", "2", **QUICK).wait_ready()
    workers = wait_until(lambda: len(found := workers_of(server.process.pid)) == 2 and found, what="two workers")
    assert server.request("POST", DOCUMENT, json={"yaml_content": "a: 1\n"}).status_code == 200
    control = data_dir / "postgresql" / "global" / "pg_control"
    hidden = control.with_name("pg_control.hidden")
    postmaster = postmaster_of(data_dir)
    control.rename(hidden)
    try:
        kill(postmaster)
        for worker in workers:
            kill(worker)
        wait_until(
            lambda: len(found := workers_of(server.process.pid)) == 2 and not set(found) & set(workers),
            what="new workers",
        )
        # They wait for the database rather than giving up the plugins that need it; the socket holds what comes.
        wait_until(lambda: server.err.read_text().count('"waiting_for_database"') > 2, what="the new workers' wait")
        assert server.process.poll() is None
    finally:
        hidden.rename(control)
    wait_until(lambda: httpx.get(f"{server.url}/health/ready", timeout=40).status_code == 200, 40, "readiness")
    for _ in range(20):  # of either worker
        assert httpx.get(server.url + DOCUMENT, headers=HEADERS).json()["json_data"] == {"a": 1}


def test_after_a_kill_of_everything_the_next_start_has_all_that_was_acknowledged(spawn: Spawn, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    server = spawn("--first-run", **QUICK).wait_ready()
    with Load(server.url) as load:
        for _ in range(2):
            load.wait_for(20)
            victims = processes_in(data_dir)
            assert len(victims) > 3
            server.kill()
            for pid in victims:
                if is_alive(pid):
                    kill(pid)
            server = spawn("--first-run", SPRINTIA_PORT=str(server.port), **QUICK)
        load.wait_for(20)
    assert violations(load.writes, stored_in(embedded_url(data_dir))) == []
    assert server.end() == 0
    assert processes_in(data_dir) == []
