"""Accounts for a whole module: its tests keep apart by user; `fresh` is for those that count users or failures."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sprintia_testing.accounts import Accounts
from sprintia_testing.databases import TestDatabases


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("viewer")
    group.addoption("--apart", action="store_true", help="test pages apart from the config plugin, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the pages' tests with the viewer in a process of its own to `make test-apart`; e2e/ always has both."""
    if config.getoption("--apart", default=False):
        return
    here = Path(__file__).parent
    apart = [item for item in items if here in item.path.parents and "split" in _arrangement_of(item)]
    config.hook.pytest_deselected(items=apart)
    left_out = set(apart)
    items[:] = [item for item in items if item not in left_out]


def _arrangement_of(item: pytest.Item) -> str:
    given = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    return str(given.get("arrangement", ""))


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
