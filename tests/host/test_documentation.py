"""`/schema`: the contract is complete, and its pages load nothing from elsewhere."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.shared import shared_platform

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
WITH_BODY = {"put", "post", "patch"}
WITHOUT_BODY = {("post", "/config/deliveries/{tenant}/{delivery}/replay")}  # the address says it all


@pytest.fixture(scope="module")
def platform(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with shared_platform(databases, tmp_path_factory.mktemp("docs")) as running:
        yield running


@pytest.fixture(scope="module")
def contract(platform: RunningPlatform) -> dict[str, Any]:
    answer = platform.as_key(None).get("/schema/openapi.json")
    assert answer.status_code == 200
    document: dict[str, Any] = answer.json()
    return document


class Page(HTMLParser):
    """What a page asks the browser to load, and what it runs itself."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.inline: list[str] = []
        self._script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.loaded += [value for name in ("src", "href", "data", "action") if (value := given.get(name))]
        self._script = tag == "script" and "src" not in given
        self.inline += [f"{name}=" for name in given if name.startswith("on") or name == "style"]

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self.inline.append(data)


@pytest.mark.parametrize("path", ["/schema", "/schema/", "/schema/swagger"])
def test_a_page_loads_this_servers_files_alone(platform: RunningPlatform, path: str) -> None:
    anybody = platform.as_key(None)
    answer = anybody.get(path)
    assert answer.status_code == 200
    page = Page(answer.text)
    assert page.inline == []
    assert len(page.loaded) >= 3
    for address in page.loaded:
        target = urljoin(f"{platform.url}{path}", address)
        assert urlsplit(target).netloc == urlsplit(platform.url).netloc
        loaded = anybody.get(target)
        assert loaded.status_code == 200, address
        assert loaded.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/schema", "/schema/swagger"])
def test_a_page_names_its_icon(platform: RunningPlatform, path: str) -> None:
    # A browser that is told of none asks for /favicon.ico, and writes the 404 on its console.
    (icon,) = re.findall(r'<link rel="icon" href="([^"]+)">', platform.as_key(None).get(path).text)
    assert platform.as_key(None).get(icon).headers["content-type"] == "image/svg+xml"


def test_the_policy_allows_no_other_origin(platform: RunningPlatform) -> None:
    policy = platform.as_key(None).get("/schema").headers["content-security-policy"]
    parts = {name: values for name, *values in (part.split() for part in policy.split(";"))}
    assert parts["default-src"] == ["'none'"]
    assert parts["script-src"] == ["'self'"]  # neither inline script nor eval
    assert parts["connect-src"] == ["'self'"]
    assert parts["frame-ancestors"] == parts["base-uri"] == ["'none'"]
    allowed = {value for values in parts.values() for value in values}
    assert allowed <= {"'none'", "'self'", "'unsafe-inline'", "data:"}
    assert [name for name, values in parts.items() if "'unsafe-inline'" in values] == ["style-src"]


def test_the_start_script_names_no_other_server(platform: RunningPlatform) -> None:
    script = platform.as_key(None).get("/schema/assets/start.js").text
    assert re.findall(r"https?://", script) == []
    assert "validatorUrl: null" in script  # Swagger UI would send the contract to a validator of its makers
    style = platform.as_key(None).get("/schema/assets/swagger-ui.css").text
    elsewhere = re.findall(r"url\(\s*['\"]?(?!data:|#)([^)'\"]+)", style)
    assert elsewhere == []
    assert "@import" not in style


@pytest.mark.parametrize(
    "name", ["../answers.py", "..%2f..%2fanswers.py", "none.js", "%2e%2e", "start.js%2f..", "a%5cb"]
)
def test_only_the_known_files_are_served(platform: RunningPlatform, name: str) -> None:
    connection = httpx.Client(base_url=platform.url)
    answer = connection.get(f"/schema/assets/{name}")
    connection.close()
    assert answer.status_code in {404, 400}


def operations(contract: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in contract["paths"].items():
        for method, operation in item.items():
            assert method in METHODS
            yield method, path, operation


def test_the_document_is_sound(contract: dict[str, Any]) -> None:
    assert contract["openapi"].startswith("3.1.")
    assert set(contract) >= {"openapi", "info", "paths", "components", "security"}
    assert contract["info"]["title"]
    assert contract["info"]["version"]
    ids = [operation["operationId"] for _, _, operation in operations(contract)]
    assert len(ids) == len(set(ids))
    for method, path, operation in operations(contract):
        assert path.startswith("/")
        assert operation["responses"], path
        for status, response in operation["responses"].items():
            assert re.fullmatch(r"[1-5](\d\d|XX)|default", status)
            assert "description" in response or "$ref" in response, (method, path, status)
        parameters = operation.get("parameters", [])
        keys = [(parameter["in"], parameter["name"]) for parameter in parameters]
        assert len(keys) == len(set(keys))
        in_path = {name for place, name in keys if place == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path)), path
        for parameter in parameters:
            assert parameter["in"] in {"path", "query", "header", "cookie"}
            assert "schema" in parameter or "content" in parameter
            assert parameter.get("required") is True or parameter["in"] != "path"
        for content in operation.get("requestBody", {}).get("content", {}).values():
            assert content["schema"]


def test_every_reference_leads_somewhere(contract: dict[str, Any]) -> None:
    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            for item in value.values():
                yield from references(item)
        elif isinstance(value, list):
            for item in value:
                yield from references(item)

    found = set(references(contract))
    assert found
    for reference in found:
        target: Any = contract
        assert reference.startswith("#/")
        for step in reference[2:].split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        assert target


def test_every_operation_says_who_may_call_it_and_where_it_belongs(
    platform: RunningPlatform, contract: dict[str, Any]
) -> None:
    schemes = contract["components"]["securitySchemes"]
    assert {scheme["type"] for scheme in schemes.values()} == {"apiKey", "http"}
    assert {name for given in contract["security"] for name in given} == set(schemes)
    anybody = platform.as_key(None)
    for method, path, operation in operations(contract):
        assert operation["tags"], path
        assert operation["summary"], path
        assert operation.get("description"), f"{method} {path} has no docstring"
        is_public = operation.get("security") == []
        answer = anybody.request(method, re.sub("{[^}]*}", "1", path))
        assert (answer.status_code == 401) is not is_public, (method, path)


def test_every_operation_documents_its_errors(contract: dict[str, Any]) -> None:
    problem = contract["components"]["responses"]["Problem"]["content"]["application/problem+json"]["schema"]
    assert set(problem["required"]) == {"type", "title", "status", "detail", "instance", "request_id"}
    for method, path, operation in operations(contract):
        assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}, (method, path)


def test_every_body_that_is_read_is_documented(contract: dict[str, Any]) -> None:
    for method, path, operation in operations(contract):
        if method not in WITH_BODY or (method, path) in WITHOUT_BODY:
            continue
        body = operation.get("requestBody")
        assert body, (method, path)
        for media_type, content in body["content"].items():
            assert "/" in media_type
            assert "$ref" in content["schema"] or content["schema"].get("description"), (method, path)


def test_only_the_operators_pages_stay_out_of_the_document(contract: dict[str, Any]) -> None:
    assert "/metrics" not in contract["paths"]
    assert {"/keys", "/audit", "/plugins", "/health", "/configs/{tenant}", "/mapping", "/odoo-webhook"} <= set(
        contract["paths"]
    )
