"""The toy plugins, ready to be loaded by a platform of the test's own."""

import asyncio
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points

import pytest
from sprintia_testing import toys
from sprintia_testing.platforms import RunningPlatform

from sprintia_platform.database.migrations import upgrade
from sprintia_platform.database.urls import parse_database_url
from sprintia_platform.host import Host


@pytest.fixture
def toy_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the toys importable."""
    for path in toys.PATHS:
        monkeypatch.syspath_prepend(path)


@pytest.fixture
def run_with(
    toy_path: None, run_platform: Callable[..., RunningPlatform], database_url: str
) -> Callable[..., RunningPlatform]:
    """Start a platform with the config plugin and these entry points; `run_with(points, SPRINTIA_X="y")`."""

    def start(points: list[EntryPoint], *, remotes: list[EntryPoint] | None = None, **environ: str) -> RunningPlatform:
        given = [*entry_points(group="sprintia", name="config"), *points]
        arguments = {"entry_points": given, "remotes": remotes or []}
        host = Host(environ={"DATABASE_URL": database_url, **environ}, **arguments)
        asyncio.run(upgrade(parse_database_url(database_url), host.databases))
        return run_platform(host_arguments=arguments, **environ)

    return start
