"""The fixtures of plugins' tests. Everything is real: PostgreSQL, and HTTP over sockets.

`platform` is a running platform with every installed plugin on a fresh database; `run_platform(SPRINTIA_X="y")` starts
one with settings of its own.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sprintia_platform.testing.databases import TestDatabases
from sprintia_platform.testing.platforms import RunningPlatform


@pytest.fixture(scope="session")
def databases() -> Iterator[TestDatabases]:
    """One PostgreSQL server for the run, with a migrated template."""
    with TestDatabases.start() as made:
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
