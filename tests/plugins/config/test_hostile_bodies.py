"""Hostile bodies on every route that takes one: a 4xx that says where, in the caller's language, and never a 5xx."""

import time
from collections.abc import Callable

import httpx
import pytest
from sprintia_testing.problems import assert_problem

JSON_ROUTES: dict[str, tuple[str, str]] = {
    "post": ("POST", "/configs/{tenant}/retail/config"),
    "put": ("PUT", "/configs/{tenant}/retail/config"),
    "patch": ("PATCH", "/configs/{tenant}/retail/config"),
    "rollback": ("POST", "/configs/{tenant}/retail/config/rollback"),
    "mapping post": ("POST", "/mapping/"),
    "mapping patch": ("PATCH", "/mapping/"),
    "mapping rollback": ("POST", "/mapping/rollback"),
    "webhook": ("POST", "/odoo-webhook/"),
    "company services": ("POST", "/company-services/{tenant}/metadata"),
    "webhook secrets": ("POST", "/config/tenants/{tenant}/webhook-secrets"),
    "signature": ("PUT", "/config/tenants/{tenant}/signature"),
    "keys": ("POST", "/keys"),
}
NO_JSON: dict[str, bytes] = {
    "depth 100,000": b"[" * 100_000 + b"]" * 100_000,
    "depth 100,000 of objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "depth 65": b'{"a":' * 65 + b"1" + b"}" * 65,
    "unclosed": b"[" * 60_000,
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "duplicate keys": b'{"a": 1, "a": 2}',
    "duplicate keys by escape": b'{"a": 1, "\\u0061": 2}',
    "duplicate keys below": b'{"mapping_data": {"accounts": {"1": {}, "1": {}}}}',
    "invalid UTF-8": b'{"a": "\xff\xfe"}',
    "overlong UTF-8": b'{"a": "\xc0\xaf"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "surrogates in UTF-8": b'{"a": "\xed\xa0\x80"}',
    "lone surrogate": b'{"a": "\\ud800"}',
    "lone low surrogate": b'{"\\udc00": 1}',
    "NUL": b'{"a": "\x00"}',
    "escaped NUL": b'{"a": "\\u0000"}',
    "escaped NUL in a key": b'{"\\u0000": 1}',
    "spaces": b" \n",
    "no JSON": b"yaml_content: a",
    "trailing": b"{} {}",
    "trailing comma": b'{"a": 1,}',
    "single quotes": b"{'a': 1}",
    "long number": b'{"a": ' + b"9" * 100_000 + b"}",
    "many values": b"[" + b"1," * 100_000 + b"1]",
}


@pytest.fixture
def send(administrator: httpx.Client, tenant: str) -> Callable[..., httpx.Response]:
    def request(
        route: str, body: bytes, media_type: str = "application/json", language: str = "pt-BR"
    ) -> httpx.Response:
        method, path = JSON_ROUTES[route]
        headers = {"Content-Type": media_type, "Accept-Language": language}
        return administrator.request(method, path.format(tenant=tenant), content=body, headers=headers)

    return request


@pytest.mark.parametrize("body", NO_JSON.values(), ids=NO_JSON.keys())
def test_what_is_no_sound_json_is_a_400_that_says_where(send: Callable[..., httpx.Response], body: bytes) -> None:
    for route in JSON_ROUTES:
        details = set()
        for language in ("pt-BR", "en"):
            started = time.perf_counter()
            problem = assert_problem(send(route, body, language=language), 400, "json_invalid")
            assert time.perf_counter() - started < 2, route
            details.add(problem["detail"])
            assert problem["detail"].startswith("JSON inválido: " if language == "pt-BR" else "Invalid JSON: "), route
            (fault,) = problem["errors"]
            assert fault["message"]
        assert len(details) == 2


@pytest.mark.parametrize("body", [b"[]", b"null", b"1", b'"t"', b"true", b"[{}]", b"1.10", b"9" * 500, b"1e999"])
def test_a_body_of_another_shape_is_a_4xx(send: Callable[..., httpx.Response], body: bytes) -> None:
    for route in JSON_ROUTES:
        if route in {"put", "patch"}:  # any JSON value is a document
            assert send(route, body).status_code == 200
            continue
        answer = send(route, body)
        assert_problem(answer, 400 if route == "webhook" else 422)


def test_no_body_at_all(send: Callable[..., httpx.Response]) -> None:
    for route in JSON_ROUTES:
        answer = send(route, b"")
        assert answer.status_code in {400, 422}, route
        assert_problem(answer, answer.status_code)


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "", "json", "multipart/form-data; boundary=x"])
def test_a_body_that_is_not_declared_as_json_is_refused(send: Callable[..., httpx.Response], media_type: str) -> None:
    for route in JSON_ROUTES:
        for language in ("pt-BR", "en"):
            problem = assert_problem(send(route, b"{}", media_type, language), 415, "unsupported_media_type")
            assert "application/json" in problem["detail"]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 60_000, "{a: " * 60_000, "- " * 60_000, "? " * 30_000, "&a [*a]", "a: &a [*a, *a]",
        "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
            f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)
        ),
        "!!python/object/apply:os.system ['true']", "a: !!binary aGk=", "a: !!set {x}", "%TAG ! tag:x,2000:\n---\na: 1",
        "a: 1\na: 2", "a: '\\0'\n\"\\0\": 1", "---\na\n---\nb", "a: \x07", "<<: 1", "a: .NaN", "\t- a", "a: |9\n x",
        "%YAML 3.0\n---\na", "a: \u2028", "{" + ",".join(f"a{n}: 1" for n in range(60_000)) + "}",
    ],
    ids=range(22),
)  # fmt: skip
def test_hostile_yaml_is_refused_with_its_place_and_cheaply(
    administrator: httpx.Client, tenant: str, text: str
) -> None:
    path = f"/configs/{tenant}/retail/config"
    company = {"X-Security-Token": "t"}
    for language in ("pt-BR", "en"):
        headers = {"Accept-Language": language}
        started = time.perf_counter()
        answers = [
            administrator.post(path, json={"yaml_content": text}, headers=headers),
            administrator.put(path, content=text.encode(), headers={"Content-Type": "text/yaml", **headers}),
            administrator.post(
                f"/company-services/{tenant}/metadata", json={"yaml_content": text}, headers=headers | company
            ),
        ]
        assert time.perf_counter() - started < 4
        for answer in answers:
            problem = assert_problem(answer, 400, "yaml_invalid")
            assert problem["detail"].startswith("YAML inválido: ")
            assert len(problem["errors"]) == 1
    assert administrator.get(f"/configs/{tenant}").json() == []


@pytest.mark.parametrize(
    "path",
    [
        "/configs/%00",
        "/configs/a/b/c%00",
        "/configs/a%ff/b/c",
        "/configs/%ed%a0%80/b/c",
        "/configs/a/b/c/version/%00",
        "/config/secrets/a/%00",
        "/config/secrets/a/%ff",
        "/configs//b/c",
        "/configs/a//c",
        "/configs/a/b/",
        "/mapping/resolve?phone=%00",
        "/mapping/resolve?phone=%ff",
        "/mapping/resolve?account=" + "9" * 5000,
        "/mapping/history?before=" + "9" * 40,
        "/mapping/history?limit=0",
        "/mapping/history?tenant=%00",
        "/mapping/history?before=-" + "9" * 40,
        "/config/deliveries?before=" + "9" * 40,
        "/config/deliveries?limit=100000",
        "/config/deliveries?tenant=a%20b",
        "/configs/a/b/c/history?before=-" + "9" * 40,
        "/configs/a?domain=%00",
        "/configs/a?domain=" + "x" * 200,
        "/config/secrets/a/" + "x" * 9000,
        "/configs/" + "a/" * 3000,
    ],
)
@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_hostile_addresses_are_4xx_problems(administrator: httpx.Client, path: str, language: str) -> None:
    answer = administrator.get(path, headers={"Accept-Language": language})
    assert 400 <= answer.status_code < 500, answer.text
    assert_problem_of_any_path(answer)


def assert_problem_of_any_path(answer: httpx.Response) -> None:
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["detail"]
    assert answer.json()["status"] == answer.status_code


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST"])
def test_methods_that_are_not_there_name_those_that_are(administrator: httpx.Client, method: str) -> None:
    answer = administrator.request(method, "/configs/a")
    assert_problem(answer, 405, "method_not_allowed")
    assert "GET" in answer.headers["allow"]
