"""Static files: what is vendored is what was vendored, pages load nothing else, browsers may keep it for ever."""

import gzip
import http.client
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha384
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.shared import shared_platform

from sprintia_viewer.web.assets import MEDIA_TYPES, Assets

VIEWER = Path(__file__).parents[3] / "plugins" / "viewer"
PACKAGE = VIEWER / "src" / "sprintia_viewer"
STATIC = PACKAGE / "static"
VENDOR = STATIC / "vendor"
TEMPLATES = sorted((PACKAGE / "templates").rglob("*.html"))
OWN = [*sorted(STATIC.glob("*.*")), VIEWER / "ui" / "editor.js"]

VENDORED: list[dict[str, Any]] = json.loads((VENDOR / "VENDOR.json").read_text(encoding="utf-8"))
LOCKED: dict[str, Any] = json.loads((VIEWER / "ui" / "package-lock.json").read_text(encoding="utf-8"))["packages"]

# What the policy of the pages refuses, and what would let text out of a tenant's document become markup.
FORBIDDEN = {
    "inline style": re.compile(r"\bstyle\s*=|<style\b", re.IGNORECASE),
    "inline handler": re.compile(r"[\s\"'](?:hx-)?on[a-z:-]+\s*=\s*[\"'{]", re.IGNORECASE),
    "inline script": re.compile(r"<script\b(?![^>]*\ssrc=)|javascript:", re.IGNORECASE),
    "another server": re.compile(r"(?:https?:)?//[a-z0-9{]", re.IGNORECASE),
    "markup that is not escaped": re.compile(r"\|\s*safe\b|autoescape\s+false"),
    "evaluated by htmx": re.compile(r"\bhx-(?:vals|headers|vars|on)\b|[\"']js:"),
}

# A picture of squares that segno draws on the server: nothing that anybody wrote is in it.
DRAWN_BY_US = {"totp.html": "{{ page.svg|safe }}"}


def integrity(content: bytes) -> str:
    return f"sha384-{b64encode(sha384(content).digest()).decode()}"


def faults(text: str) -> set[str]:
    """What a template must not have; its comments are nobody's page."""
    without_comments = re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL)
    return {name for name, pattern in FORBIDDEN.items() if pattern.search(without_comments)}


@pytest.mark.parametrize("entry", VENDORED, ids=lambda entry: entry["folder"])
def test_what_is_vendored_is_what_was_vendored(entry: dict[str, Any]) -> None:
    folder = VENDOR / entry["folder"]
    assert {file.name: integrity(file.read_bytes()) for file in folder.iterdir()} == entry["files"]
    assert (folder / "LICENSE.txt").stat().st_size > 500
    for package in entry["packages"]:
        locked = LOCKED[f"node_modules/{package['name']}"]
        assert {name: package[name] for name in ("version", "integrity", "license")} == {
            name: locked[name] for name in ("version", "integrity", "license")
        }


def test_nothing_stands_beside_what_is_vendored() -> None:
    assert {entry.name for entry in VENDOR.iterdir()} == {
        "VENDOR.json", "THIRD_PARTY.md", *(entry["folder"] for entry in VENDORED),
    }  # fmt: skip
    told = (VENDOR / "THIRD_PARTY.md").read_text(encoding="utf-8")
    assert [package["name"] for entry in VENDORED for package in entry["packages"] if package["name"] not in told] == []


def test_versions_are_exact_and_no_registry_is_named() -> None:
    wanted = LOCKED[""]["dependencies"] | LOCKED[""]["devDependencies"]
    written = json.loads((VIEWER / "ui" / "package.json").read_text(encoding="utf-8"))
    assert written["dependencies"] | written["devDependencies"] == wanted
    assert [version for version in wanted.values() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
    assert "codemirror" not in wanted, "the package of that name is version 5"
    assert {name for name, package in LOCKED.items() if "resolved" in package} == set()
    assert {name for name, package in LOCKED.items() if name and "integrity" not in package} == set()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_nothing_that_the_policy_refuses(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert faults(text.replace(DRAWN_BY_US.get(template.name, "\0"), "")) == set()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('<p style="color: red">', "inline style"),
        ("<style>p {}</style>", "inline style"),
        ('<img src=x onerror="alert(1)">', "inline handler"),
        ('<a href="/"onclick={{ x }}>', "inline handler"),
        ('<b hx-on:click="x">', "inline handler"),
        ("<script>alert(1)</script>", "inline script"),
        ('<script defer>{{ x }}</script><img src="x">', "inline script"),
        ('<a href="javascript:alert(1)">', "inline script"),
        ('<link href="https://cdn.example/x.css">', "another server"),
        ('<img src="//cdn.example/x.png">', "another server"),
        ("{{ page.text|safe }}", "markup that is not escaped"),
        ("{% autoescape false %}", "markup that is not escaped"),
        ("""<b hx-vals='js:{a: 1}'>""", "evaluated by htmx"),
    ],
)
def test_the_rules_find_what_they_are_for(text: str, fault: str) -> None:
    assert fault in faults(text)
    assert faults("{# " + text + " #}") == set()


@pytest.mark.parametrize("file", OWN, ids=lambda path: path.name)
def test_own_styles_and_scripts_load_nothing_and_evaluate_nothing(file: Path) -> None:
    text = file.read_text(encoding="utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
    # In a stylesheet `url(` would load; in a script these make code or markup of text.
    forbidden = (
        r"https?://|\burl\(|@import|\beval\(|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write"
    )
    assert re.findall(forbidden, text) == []


def test_every_file_that_a_template_names_is_there() -> None:
    assets = Assets()
    named = re.compile(r'"([\w./-]+\.(?:css|js|svg|png))"')
    paths = {path for template in TEMPLATES for path in named.findall(template.read_text(encoding="utf-8"))}
    assert {"app.css", "app.js", "icon.svg"} < paths
    for path in paths:
        assert assets.integrity(path) == integrity((STATIC / path).read_bytes())


def test_a_name_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(LookupError, match=r"no static file 'nowhere\.css': there are app\.css"):
        Assets().asset("nowhere.css")


def test_the_address_changes_with_the_content_alone(tmp_path: Path) -> None:
    addresses = []
    for content in ("a { }", "a { }", "b { }"):
        (tmp_path / "x.css").write_text(content, encoding="utf-8")
        addresses.append(Assets(tmp_path).asset("x.css"))
    assert addresses[0] == addresses[1] != addresses[2]
    assert re.fullmatch(r"/viewer/static/x\.[0-9a-f]{16}\.css", addresses[0])


def test_a_file_of_another_kind_is_not_served(tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text("x = 1", encoding="utf-8")
    with pytest.raises(LookupError):
        Assets(tmp_path).asset("secret.py")


@pytest.fixture(scope="module")
def platform(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with shared_platform(databases, tmp_path_factory.mktemp("assets")) as running:
        yield running


def ask(platform: RunningPlatform, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Ask for a path as it is written: other clients tidy dots away."""
    connection = http.client.HTTPConnection(urlsplit(platform.url).netloc, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["app.css", "app.js", "icon.svg", "vendor/htmx-4.0.1/htmx.min.js"])
def test_a_file_is_served_to_anybody_and_kept_for_ever(platform: RunningPlatform, path: str) -> None:
    content = (STATIC / path).read_bytes()
    status, headers, body = ask(platform, Assets().asset(path))
    assert (status, body) == (200, content)
    kind, _, charset = headers["content-type"].partition("; ")
    assert kind == MEDIA_TYPES[path.rpartition(".")[2]]
    assert charset == ("charset=utf-8" if kind.startswith("text/") else "")
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in headers

    status, zipped, body = ask(platform, Assets().asset(path), **{"Accept-Encoding": "br, gzip;q=0.5"})
    if "content-encoding" in zipped:
        assert zipped["vary"] == "Accept-Encoding"
        assert len(body) < len(content)
        body = gzip.decompress(body)
    assert body == content
    assert "content-encoding" not in ask(platform, Assets().asset(path), **{"Accept-Encoding": "gzip;q=0"})[1]

    for known in (headers["etag"], f'"other", W/{headers["etag"]}', "*"):
        status, again, body = ask(platform, Assets().asset(path), **{"If-None-Match": known})
        assert (status, body, again["etag"]) == (304, b"", headers["etag"])
    assert ask(platform, Assets().asset(path), **{"If-None-Match": '"other"'})[0] == 200


def test_the_large_ones_are_sent_zipped(platform: RunningPlatform) -> None:
    for path in ("vendor/pico-2.1.1/pico.min.css", "app.css", "app.js"):
        _, headers, body = ask(platform, Assets().asset(path), **{"Accept-Encoding": "gzip"})
        assert headers["content-encoding"] == "gzip"
        assert len(body) < (STATIC / path).stat().st_size / 2


@pytest.mark.parametrize(
    "path",
    [
        "/viewer/static/app.css",
        "/viewer/static/app.0000000000000000.css",
        "/viewer/static/",
        "/viewer/static/vendor",
        "/viewer/static/vendor/VENDOR.json",
        "/viewer/static/../plugin.py",
        "/viewer/static/..%2fplugin.py",
        "/viewer/static/%2e%2e/%2e%2e/plugin.py",
        "/viewer/static/..%5c..%5cplugin.py",
        "/viewer/static//etc/passwd",
        "/viewer/static/app.css%00.js",
        "/viewer/static/" + "a/" * 500,
    ],
)
def test_nothing_else_is_served(platform: RunningPlatform, path: str) -> None:
    status, headers, body = ask(platform, path)
    assert status == (400 if "%00" in path else 404)
    assert "immutable" not in headers.get("cache-control", "")
    assert json.loads(body)["status"] == status
