"""Fixtures of every suite. Everything is real: PostgreSQL, HTTP over sockets, the command itself."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sprintia_testing.platforms import SpawnedPlatform

# `databases`, `database_url`, `empty_database_url`, `run_platform` and `platform`: the ones that plugins' authors have.
pytest_plugins = ["sprintia_platform.testing.fixtures"]

SAMPLES = Path(__file__).parent / "samples"
TESTS = Path(__file__).parent
PAGES = (TESTS / "plugins" / "viewer", TESTS / "e2e")
"""Tests of pages, in both arrangements: `make test` runs them together, `make test-apart` split."""
SPLIT_ALWAYS = ("[split-mouse-pt-light-wide]", "every_link_leads_somewhere[split-admin]", "many_tenants")
"""Those that `make test` runs split, too: the main tasks, a crawl, and what asks for all that a request may name."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("viewer")
    group.addoption("--apart", action="store_true", help="run pages' tests apart from the config plugin, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave to `make test-apart` what is the same in both arrangements."""
    if config.getoption("--apart"):
        return
    apart = {item for item in items if _arrangement_of(item) == "split" and _is_page_test(item)}
    config.hook.pytest_deselected(items=list(apart))
    items[:] = [item for item in items if item not in apart]


def _is_page_test(item: pytest.Item) -> bool:
    wanted = any(place in item.path.parents for place in PAGES)
    return wanted and not any(part in item.name for part in SPLIT_ALWAYS)


def _arrangement_of(item: pytest.Item) -> str:
    given = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    return str(given.get("arrangement", ""))


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
