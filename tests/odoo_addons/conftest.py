"""The core of the addons, loaded by its path: it needs no Odoo, and neither do these tests."""

import sys
from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from sprintia_testing.odd_servers import OddServer

_CORE = Path(__file__).parents[2] / "odoo_addons" / "config_service_outbox" / "outbox_core"


def _load_core() -> None:
    # By path, and not by a folder on sys.path: beside the core are Odoo's `models` and `tests`.
    spec = spec_from_file_location("outbox_core", _CORE / "__init__.py", submodule_search_locations=[str(_CORE)])
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    sys.modules["outbox_core"] = module
    spec.loader.exec_module(module)


_load_core()


@pytest.fixture
def odd_server() -> Iterator[Callable[..., OddServer]]:
    """Start servers that answer as they are told: `odd_server(b"HTTP/1.1 200 OK\\r\\n...")`."""
    started: list[OddServer] = []

    def start(*arguments: object, **named: object) -> OddServer:
        server = OddServer(*arguments, **named)  # type: ignore[arg-type]
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()
