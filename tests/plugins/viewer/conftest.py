"""Accounts and pages for a whole module: its tests keep apart by user and tenant.

`fresh` is for those that count users or failures. A module whose pages need something on them overrides `arrangement`
by a fixture of that name, which takes this one and fills it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sprintia_testing.accounts import Accounts
from sprintia_testing.arrangements import Arrangement, arranged
from sprintia_testing.databases import TestDatabases


@pytest.fixture(scope="module")
def accounts(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Accounts]:
    """Accounts that the tests of one module share."""
    url = databases.create()
    with Accounts.on(url, tmp_path_factory.mktemp("accounts")) as made:
        yield made
    databases.drop(url)


@pytest.fixture
def fresh(database_url: str, tmp_path: Path) -> Iterator[Accounts]:
    """Accounts where nobody is, yet."""
    with Accounts.on(database_url, tmp_path) as made:
        yield made


@pytest.fixture(scope="module", params=["together", "split"])
def arrangement(
    request: pytest.FixtureRequest, databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Arrangement]:
    """The viewer in one process with the config service, and in one of its own."""
    with arranged(request.param, databases, tmp_path_factory.mktemp(request.param)) as made:
        yield made
