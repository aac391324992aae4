"""A platform that several tests of one module share, where none of them changes what another one sees."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform


@contextmanager
def shared_platform(
    databases: TestDatabases, folder: Path, *, host_arguments: dict[str, Any] | None = None, **environ: str
) -> Iterator[RunningPlatform]:
    url = databases.create()
    platform = RunningPlatform(
        {"DATABASE_URL": url, "SPRINTIA_DATA_DIR": str(folder), **environ}, **(host_arguments or {})
    )
    try:
        yield platform
    finally:
        platform.stop()
        databases.drop(url)
