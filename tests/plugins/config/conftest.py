"""A platform for a whole module: its tests keep apart by tenant, so that a row of a contract costs milliseconds."""

import itertools
from collections.abc import Iterator

import httpx
import pytest
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.shared import shared_platform

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def served(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """A running platform that the tests of one module share."""
    with shared_platform(databases, tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture(scope="module")
def administrator(served: RunningPlatform) -> httpx.Client:
    """A client with every right on every tenant."""
    return served.with_rights()


@pytest.fixture
def tenant() -> str:
    """A tenant that no other test knows."""
    return f"account_{next(_NUMBERS)}"
