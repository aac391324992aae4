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
"""Tests of pages, in both arrangements: `make test` runs them together, `make test-all` split, too."""
SPLIT_ALWAYS = ("[split-mouse-pt-light-wide]", "every_link_leads_somewhere[split-admin]", "many_tenants")
"""Those that `make test` runs split, too: the main tasks, a crawl, and what asks for all that a request may name."""
SLOW = (
    # the same ground in another look, language, role or signal
    "test_reading.py::test_every_view_is_accessible_and_fits", "[together-keyboard-pt]", "[together-mouse-no-script]",
    "[together-mouse-en-dark-narrow]", "leads_somewhere[together-editor]", "leads_somewhere[together-viewer]",
    "pastes_the_call_ends_and_starts_again[2]", "leaves_nothing_behind[2]", "test_sigterm_drains[1]",
    "while_the_platform_serves[2]", "killed_loses_nothing_and_can_be_run_again[1]",
    "killed_loses_nothing_and_can_be_run_again[2]", "disjoint_keys_all_survive[one server]",
    # tools of tests and of plugins' authors
    "test_watching.py", "test_where_nothing_helps_it_says_what_to_do", "nothing_but_pytest_and_the_platform",
    "passes_the_repository_s_own_checks", "test_a_benchmark_writes_what_it_measured",
    "test_pictures_for_the_documentation",
    # faults of faults
    "a_worker_that_starts_while_postgres_is_down", "what_a_killed_supervisor_left_is_removed",
    "a_burst_of_a_thousand_is_refused", "workers_that_wait_for_a_database_end", "a_second_signal_ends_at_once",
    "test_a_killed_worker_is_replaced", "workers_end_with_a_killed_supervisor", "leads_somewhere[together-admin]",
    "test_any_scrape_shows_every_worker", "a_document_at_the_limits_is_compared",
    "a_listener_that_was_silently_lost", "a_killed_backend_costs_a_503",
    "requests_end_while_the_database_is_silent", "test_two_serve_on_one_data_folder",
    "the_master_key_rotates_while_a_server_runs", "while_the_platform_serves[1]",
    "every_change_is_seen_once_in_order_by_everybody", "while_postgres_cannot_come_back",
    "test_after_forms.py::test_axe_finds_nothing[1280", "[together-keyboard-no-script]", "-no-script-en]",
    "by_command_and_by_the_scripts_of_the_migration_guide", "a_body_may_be_larger_and_take_longer_than_others",
)  # fmt: skip
"""Parts of names of tests that `make test-all` alone runs: ten minutes of a small machine, for little that is new."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("sprintia")
    group.addoption("--all", action="store_true", help="run what is slow, and pages' tests split, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave to `make test-all` what is slow, or the same in both arrangements."""
    if config.getoption("--all"):
        return
    left = {item for item in items if _is_slow(item) or (_arrangement_of(item) == "split" and _is_page_test(item))}
    config.hook.pytest_deselected(items=list(left))
    items[:] = [item for item in items if item not in left]


def _is_slow(item: pytest.Item) -> bool:
    return any(part in item.nodeid for part in SLOW)


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
