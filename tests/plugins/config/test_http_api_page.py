"""docs/http-api.md: it lists every route and no other, its rights are the code's, and its examples run."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from litestar.handlers import HTTPRouteHandler
from sprintia_testing.platforms import API_KEY, RunningPlatform

from sprintia_config.controllers.document_routes import TENANT_ROUTES
from sprintia_platform.app import create_app
from sprintia_platform.host import Host

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "http-api.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(GET|POST|PUT|PATCH|DELETE) (/[^`]*)` \| ([^|]*) \|", re.MULTILINE)
EXAMPLE = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Pages of the documentation itself: one row speaks for them.
BELOW_SCHEMA = "/schema/"
PAGES = "/viewer"  # for people: docs/viewer.md is about them


def documented() -> dict[tuple[str, str], set[str]]:
    return {
        (method, path): set(re.findall(r"`([a-z]+:?[a-z]*)`", rights)) for method, path, rights in ROW.findall(PAGE)
    }


def routed(platform: RunningPlatform) -> dict[tuple[str, str], set[str]]:
    found = {}
    for route in create_app(Host(environ=platform.environ)).routes:
        for handler in getattr(route, "route_handlers", ()):
            assert isinstance(handler, HTTPRouteHandler)
            rights = {right for guard in handler.resolve_guards() for right in getattr(guard, "rights", ())}
            for method in handler.http_methods - {"OPTIONS", "HEAD"}:
                found[str(method), re.sub(r":\w+\}", "}", route.path)] = rights
    again = tuple(f"/configs/{{tenant}}/{name}/" for name in TENANT_ROUTES)
    return {row: rights for row, rights in found.items() if not row[1].startswith((BELOW_SCHEMA, PAGES, *again))}


def test_the_page_lists_every_route_and_no_other(served: RunningPlatform) -> None:
    assert set(documented()) == set(routed(served))


def test_the_page_names_the_rights_that_the_routes_ask_for(served: RunningPlatform) -> None:
    asked = routed(served)
    # The webhook asks for the right of its event, which only the body tells.
    asked["POST", "/odoo-webhook"] = {"config:write", "mapping:write"}
    asked["POST", "/config/deliveries/{tenant}/{delivery}/replay"] = {"config:write", "mapping:write"}
    assert documented() == asked


def test_every_route_stands_on_the_page_once() -> None:
    rows = [(method, path) for method, path, _ in ROW.findall(PAGE)]
    assert len(rows) == len(set(rows))


def test_the_examples_run(served: RunningPlatform) -> None:
    script = "set -eu\n" + "\n".join(f"{example}\necho" for example in EXAMPLE.findall(PAGE))
    environ = {"PATH": os.environ["PATH"], "URL": served.url, "KEY": API_KEY, "ADMIN": served.key()}
    done = subprocess.run(["bash", "-c", script], env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert script.count("curl ") >= 24


def test_the_first_delivery_of_the_portuguese_start_is_taken(served: RunningPlatform) -> None:
    (example,) = EXAMPLE.findall((DOCS / "pt_BR" / "leia-me.md").read_text(encoding="utf-8"))
    script, replaced = re.subn(r"^(URL|KEY)=.*\n", "", example, flags=re.MULTILINE)
    assert replaced == 2
    environ = {"PATH": os.environ["PATH"], "URL": served.url, "KEY": API_KEY}
    done = subprocess.run(["bash", "-c", script], env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert "Credenciais sincronizadas com sucesso" in done.stdout, done.stderr


@pytest.mark.parametrize("anchor", re.findall(r"\]\(#([^)]+)\)", PAGE))
def test_the_links_within_the_page_lead_somewhere(anchor: str) -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lower()).replace(" ", "-")
        for line in re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    }
    assert anchor in headings
