"""Random faults for as long as one likes, from a printed seed: `make soak`, or `pytest tests/faults --soak=600`."""

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from faults.history import violations
from faults.load import Load, embedded_url, stored_in
from faults.processes import is_alive, kill, postmaster_of, processes_in, workers_of
from sprintia_testing.platforms import SpawnedPlatform

SETTINGS = {"SPRINTIA_DATABASE_TIMEOUT": "2", "SPRINTIA_DRAIN_SECONDS": "0"}


def test_random_faults_lose_and_repeat_nothing(
    spawn: Callable[..., SpawnedPlatform], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    given = request.config.getoption("--soak-seed")
    seed = random.SystemRandom().randrange(2**32) if given is None else given
    print(f"soak seed {seed}: repeat it with --soak-seed={seed}")  # noqa: T201 - shown when the test fails
    chance = random.Random(seed)  # noqa: S311 - a schedule of faults, no secret
    data_dir = tmp_path / "data"
    server = spawn("--first-run", "--workers", "2", **SETTINGS).wait_ready()

    def kill_a_worker() -> None:
        for worker in workers_of(server.process.pid)[:1]:
            kill(worker)

    def kill_postgres() -> None:
        os.kill(postmaster_of(data_dir), chance.choice([signal.SIGKILL, signal.SIGQUIT, signal.SIGINT]))

    def kill_a_backend() -> None:
        kill(chance.choice(processes_in(data_dir)))

    def kill_everything() -> None:
        nonlocal server
        victims = [*processes_in(data_dir), *workers_of(server.process.pid)]
        server.kill()
        for pid in filter(is_alive, victims):
            kill(pid)
        server = spawn("--first-run", "--workers", "2", SPRINTIA_PORT=str(server.port), **SETTINGS)

    ends = time.monotonic() + request.config.getoption("--soak")
    with Load(server.url, writers=8, documents=3) as load:
        while time.monotonic() < ends:
            load.wait_for(chance.randrange(5, 60))
            try:
                chance.choice([kill_a_worker, kill_postgres, kill_a_backend, kill_everything])()
            except (FileNotFoundError, ProcessLookupError, IndexError):
                continue  # the victim of the fault before was still down
        load.wait_for(20)
    assert violations(load.writes, stored_in(embedded_url(data_dir))) == []
    assert {outcome for outcome in load.outcomes if outcome.isdigit()} <= {"200", "503"}
    assert server.end() == 0
    assert processes_in(data_dir) == []
    print(f"{len(load.writes)} acknowledged writes; outcomes {dict(load.outcomes)}")  # noqa: T201
