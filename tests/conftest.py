"""Fixtures of every suite. Everything is real: PostgreSQL, HTTP over sockets, the command itself."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sprintia_testing.platforms import SpawnedPlatform

# `databases`, `database_url`, `empty_database_url`, `run_platform` and `platform`: the ones that plugins' authors have.
pytest_plugins = ["sprintia_platform.testing.fixtures"]

SAMPLES = Path(__file__).parent / "samples"


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
