"""`/metrics` of several workers: any scrape shows all of them, and a dead worker's share stays."""

import os
import resource
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from faults.processes import is_alive, kill, workers_of
from prometheus_client.parser import text_string_to_metric_families
from sprintia_testing.platforms import SpawnedPlatform, wait_until

from sprintia_platform.errors import StartupError
from sprintia_platform.observability.worker_metrics import metrics_folder

Spawn = Callable[..., SpawnedPlatform]
ROUTE = "/configs/{tenant}"
COUNTED = ("sprintia_http_requests_total", (("method", "GET"), ("route", ROUTE), ("status_class", "2xx")))
TIMED = ("sprintia_http_request_duration_seconds_count", (("method", "GET"), ("route", ROUTE)))
LONGEST = ("sprintia_http_request_duration_seconds_bucket", (("le", "+Inf"), ("method", "GET"), ("route", ROUTE)))
IN_FLIGHT = ("sprintia_http_requests_in_flight", ())
CONFIG_UP = ("sprintia_plugin_up", (("plugin", "config"),))


def samples(server: SpawnedPlatform) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """One scrape, on a connection of its own: whichever worker takes it."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(httpx.get(f"{server.url}/metrics", timeout=20).text)
        for sample in family.samples
    }


def two_workers(server: SpawnedPlatform) -> list[int]:
    return wait_until(lambda: len(found := workers_of(server.process.pid)) == 2 and found, what="two workers")


@contextmanager
def halted(worker: int) -> Iterator[None]:
    """The other worker takes every connection meanwhile."""
    os.kill(worker, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(worker, signal.SIGCONT)


def samples_without(worker: int, server: SpawnedPlatform) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    with halted(worker):
        return samples(server)


def folders(temporary: Path) -> list[Path]:
    return sorted(temporary.glob("sprintia-metrics-*"))


def test_any_scrape_shows_every_worker_and_a_dead_ones_counts_stay(
    spawn: Spawn, database_url: str, tmp_path: Path
) -> None:
    server = spawn(
        "--workers", "2", DATABASE_URL=database_url, SPRINTIA_DRAIN_SECONDS="0", TMPDIR=str(tmp_path)
    ).wait_ready()  # fmt: skip
    first, second = two_workers(server)
    wait_until(lambda: len(list(folders(tmp_path)[0].glob("*.pid"))) == 2, what="both workers' first words")
    for halt, count in ((first, 3), (second, 4)):
        with halted(halt):
            for _ in range(count):
                assert server.request("GET", "/configs/account_1").status_code == 200
    wait_until(lambda: samples(server)[COUNTED] == 7, what="the counts, which a worker writes every 50 ms")

    for halt in (first, second):
        # What a worker wrote last before it was halted may still have the scrape before in flight.
        wait_until(
            lambda halt=halt: samples_without(halt, server)[IN_FLIGHT] == 1, what="the scrape itself, and no other"
        )
        with halted(halt):
            found = samples(server)
            assert (found[COUNTED], found[TIMED], found[LONGEST]) == (7, 7, 7)
            assert found[CONFIG_UP] == 1
            memory = {labels for name, labels in found if name == "process_resident_memory_bytes"}
            assert memory == {(("worker", "0"),), (("worker", "1"),)}

    with halted(first), httpx.Client(base_url=server.url, headers={"X-API-Key": server.environ["API_KEY"]}) as client:
        # The second worker holds this one when it dies: it was in flight, and nobody will ever finish it.
        with pytest.raises(httpx.ReadTimeout):
            client.get("/configs/account_1/changes?wait=30", timeout=1)
        kill(second)
        wait_until(lambda: not is_alive(second), what="the worker's end")
    wait_until(lambda: len(set(workers_of(server.process.pid)) - {second}) == 2, what="a new worker")
    wait_until(lambda: len(list(folders(tmp_path)[0].glob("*.pid"))) == 2, what="the new worker's first words")
    with halted(first):
        assert server.request("GET", "/configs/account_1").status_code == 200
    wait_until(lambda: samples(server)[COUNTED] == 8, what="the new worker's counts")
    found = samples(server)
    assert (found[COUNTED], found[TIMED], found[IN_FLIGHT], found[CONFIG_UP]) == (8, 8, 1, 1)
    assert server.end() == 0
    assert folders(tmp_path) == []


def test_what_a_killed_supervisor_left_is_removed_at_the_next_start(
    spawn: Spawn, database_url: str, tmp_path: Path
) -> None:
    settings = {"DATABASE_URL": database_url, "SPRINTIA_DRAIN_SECONDS": "0", "TMPDIR": str(tmp_path)}
    killed = spawn("--workers", "2", **settings).wait_ready()
    orphans = two_workers(killed)
    left = folders(tmp_path)
    other = spawn("--workers", "2", **settings).wait_ready()  # leaves alone what is in use
    assert len(folders(tmp_path)) == 2
    kill(killed.process.pid)
    killed.process.wait()
    wait_until(lambda: not any(is_alive(pid) for pid in orphans), what="the workers' end")
    assert set(left) < set(folders(tmp_path))
    third = spawn("--workers", "2", **settings).wait_ready()
    assert len(folders(tmp_path)) == 2
    assert not set(left) & set(folders(tmp_path))
    assert (third.end(), other.end()) == (0, 0)
    assert folders(tmp_path) == []


def test_a_disk_without_room_is_a_start_up_error_that_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(StartupError) as refused, metrics_folder(2):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    (fault,) = refused.value.faults
    assert fault.startswith(f"the workers' metrics have no place in {tmp_path} (File too large): make room there")
