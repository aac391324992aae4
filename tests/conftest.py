"""Fixtures of every suite. Everything is real: PostgreSQL, HTTP over sockets, the command itself."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform, SpawnedPlatform

from sprintia_platform.database.embedded import EmbeddedPostgres

SAMPLES = Path(__file__).parent / "samples"


@pytest.fixture(scope="session")
def databases() -> Iterator[TestDatabases]:
    """One PostgreSQL server for the run, with a migrated template."""
    with tempfile.TemporaryDirectory(prefix="sprintia-test-") as folder:
        data_dir = Path(folder)
        data_dir.chmod(0o755)  # the server's own account must reach its folder when the tests run as root
        with EmbeddedPostgres(data_dir) as server:
            made = TestDatabases(server)
            made.prepare(data_dir)
            yield made


@pytest.fixture
def database_url(databases: TestDatabases) -> Iterator[str]:
    """A fresh migrated database."""
    url = databases.create()
    yield url
    databases.drop(url)


@pytest.fixture
def empty_database_url(databases: TestDatabases) -> Iterator[str]:
    """A fresh database without anything in it."""
    url = databases.create(migrated=False)
    yield url
    databases.drop(url)


@pytest.fixture
def run_platform(database_url: str, tmp_path: Path) -> Iterator[Callable[..., RunningPlatform]]:
    """Start platforms on this test's database, each with its own settings; `run_platform(SPRINTIA_X="y")`."""
    running: list[RunningPlatform] = []

    def start(*, host_arguments: dict[str, Any] | None = None, **environ: str) -> RunningPlatform:
        given = {"DATABASE_URL": database_url, "SPRINTIA_DATA_DIR": str(tmp_path), **environ}
        platform = RunningPlatform(given, **(host_arguments or {}))
        running.append(platform)
        return platform

    yield start
    for platform in running:
        platform.stop()


@pytest.fixture
def platform(run_platform: Callable[..., RunningPlatform]) -> RunningPlatform:
    """A running platform with every installed plugin, on a fresh database."""
    return run_platform()


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Callable[..., SpawnedPlatform]]:
    """Start the real `sprintia serve`; `spawn("--first-run", DATABASE_URL=...)`."""
    spawned: list[SpawnedPlatform] = []

    def start(*arguments: str, **environ: str) -> SpawnedPlatform:
        process = SpawnedPlatform({"SPRINTIA_DATA_DIR": str(tmp_path / "data"), **environ}, tmp_path, *arguments)
        spawned.append(process)
        return process

    yield start
    for process in spawned:
        if process.process.poll() is None:
            process.end()


@pytest.fixture
def sample() -> Callable[[str], str]:
    """Read a real request body."""
    return lambda name: (SAMPLES / name).read_text(encoding="utf-8")
