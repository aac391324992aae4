"""Accounts for a whole module: its tests keep apart by user; `fresh` is for those that count users or failures."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sprintia_testing.accounts import Accounts
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
