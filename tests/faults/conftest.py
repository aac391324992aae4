"""`--soak=SECONDS`: the long run of random faults, which `make soak` starts; without it nothing collects it.

`--feed=CHANGES`: how many changes the run of the feed makes; `make feed-run` makes 100,000.
"""

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("faults")
    group.addoption("--soak", type=float, default=0.0, metavar="SECONDS", help="inject random faults for so long")
    group.addoption("--soak-seed", type=int, default=None, help="repeat the faults of an earlier soak")
    group.addoption("--feed", type=int, default=None, metavar="CHANGES", help="let the feed have so many changes")
    group.addoption("--feed-seed", type=int, default=None, help="repeat the faults of an earlier run of the feed")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    if collection_path.name == "test_soak.py" and not config.getoption("--soak", default=0.0):
        return True
    return None
