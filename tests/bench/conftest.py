"""The benchmarks' package, which is run from the repository's root and installed nowhere."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

MODULES = ("load", "documents", "processes", "reference_server", "__main__")


@pytest.fixture(scope="session")
def bench() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(str(Path(__file__).resolve().parents[2]))
        for name in MODULES:
            importlib.import_module(f"bench.{name}")
        yield sys.modules["bench"]
