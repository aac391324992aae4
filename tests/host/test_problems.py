"""Every error that the host answers is problem+json, in the caller's language, and tells no value."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sprintia_testing import probe_plugin
from sprintia_testing.databases import TestDatabases
from sprintia_testing.logs import JsonLogs, json_logs
from sprintia_testing.outages import DetachableDatabase
from sprintia_testing.platforms import RunningPlatform, wait_until
from sprintia_testing.probe_plugin import FAILURES, MARK, OUTAGES
from sprintia_testing.shared import shared_platform

from sprintia_platform.http.languages import preferred_language

MEMBERS = {"type", "title", "status", "detail", "instance", "request_id"}
JSON = {"Content-Type": "application/json"}
__all__ = ["json_logs"]  # a fixture


@pytest.fixture(scope="module")
def probe(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    arguments = {"entry_points": probe_plugin.points()}
    folder = tmp_path_factory.mktemp("probe")
    settings = {"SPRINTIA_MAX_BODY_BYTES": "4096", "SPRINTIA_REQUEST_TIMEOUT": "1"}
    with shared_platform(databases, folder, host_arguments=arguments, **settings) as platform:
        yield platform


@pytest.fixture(scope="module")
def writer(probe: RunningPlatform) -> httpx.Client:
    return probe.with_rights("probe:write")


def problem_of(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check what every problem has, and return its members."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert set(body) >= MEMBERS
    assert body["type"] == f"urn:sprintia:problem:{code}"
    assert body["status"] == status
    assert body["instance"] == urlsplit(str(answer.url)).path
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body["title"]
    assert isinstance(body["detail"], str)
    assert "{" not in body["detail"]  # every place is filled
    assert answer.headers["content-language"] in {"pt-BR", "en"}
    assert answer.headers["cache-control"] == "no-store"
    assert MARK not in answer.text
    return body


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": "wrong"},
        {"X-API-Key": "sprk_00000000" + "0" * 49},
        {"X-API-Key": "é".encode("latin-1").decode("latin-1")},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic YTpi"},
    ],
)
def test_without_a_valid_key_the_answer_is_the_one_that_odoo_knows(
    probe: RunningPlatform, headers: dict[str, str]
) -> None:
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    for language in ({}, {"Accept-Language": "en"}):
        answer = httpx.get(f"{probe.url}/keys", headers=[*raw.items(), *language.items()])
        body = problem_of(answer, 401, "unauthorized")
        assert body["detail"] == "Chave de API inválida ou não fornecida"  # whatever language is asked for
        assert answer.headers["www-authenticate"] == "ApiKey"


def test_a_missing_right_is_named(probe: RunningPlatform) -> None:
    body = problem_of(probe.with_rights("config:read").get("/keys"), 403, "forbidden")
    assert body["right"] == "admin"
    assert "admin" in body["detail"]


def test_there_is_nothing(probe: RunningPlatform) -> None:
    body = problem_of(probe.client.get("/nowhere/at/all"), 404, "not_found")
    assert "/nowhere/at/all" in body["detail"]
    hostile = probe.client.get("/nowhere/{path}/%7Bcode%7D/<script>")
    assert hostile.status_code == 404
    assert hostile.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(("method", "path", "allowed"), [
    ("DELETE", "/keys", {"GET", "POST"}),
    ("POST", "/health/live", {"GET"}),
    ("PUT", "/probe/orders", {"POST"}),
    ("TRACE", "/keys", {"GET", "POST"}),
])  # fmt: skip
def test_another_method_gets_the_list_of_the_allowed_ones(
    probe: RunningPlatform, method: str, path: str, allowed: set[str]
) -> None:
    answer = probe.client.request(method, path)
    problem_of(answer, 405, "method_not_allowed")
    assert {name.strip() for name in answer.headers["allow"].split(",")} >= allowed


def test_a_body_that_does_not_arrive_is_given_up(probe: RunningPlatform) -> None:
    host, port = urlsplit(probe.url).hostname, urlsplit(probe.url).port
    with socket.create_connection((host, port), timeout=10) as connection:
        connection.sendall(b"POST /probe/bytes HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12")
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in head.lower()
    assert b'"urn:sprintia:problem:body_timeout"' in body


def test_a_body_over_the_limit_is_refused_announced_or_not(probe: RunningPlatform) -> None:
    assert probe.client.post("/probe/bytes", content=b"x" * 4096).json() == {"bytes": 4096}
    body = problem_of(probe.client.post("/probe/bytes", content=b"x" * 4097), 413, "body_too_large")
    assert "4096" in body["detail"]
    chunked = probe.client.post("/probe/bytes", content=iter([b"x" * 1000] * 5))
    problem_of(chunked, 413, "body_too_large")
    assert probe.client.post("/probe/bytes", content=iter([b"x" * 1000] * 4)).json() == {"bytes": 4000}


@pytest.mark.parametrize("target", ["/" + "a" * 8192, "/health/live?" + "a" * 8200])
def test_an_address_over_the_limit_is_refused(probe: RunningPlatform, target: str) -> None:
    problem_of(probe.client.get(target), 414, "uri_too_long")


@pytest.mark.parametrize("target", ["/configs/a%00b", "/keys/%00", "/probe/page?limit=1&name=%00", "/audit?tenant=%00"])
def test_nul_reaches_no_handler(probe: RunningPlatform, target: str) -> None:
    problem_of(probe.client.get(target), 400, "request_refused")


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
def test_a_body_that_is_not_declared_as_json_is_refused(writer: httpx.Client, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = writer.post("/probe/orders", content=b'{"customer":"a","lines":[]}', headers=headers)
    body = problem_of(answer, 415, "unsupported_media_type")
    assert "application/json" in body["detail"]


def test_every_fault_of_a_body_is_listed_with_its_place(writer: httpx.Client) -> None:
    given = f'{{"customer": 7, "lines": [{{"name": "a", "count": "{MARK}"}}, {{}}, 3], "a/b~c": "{MARK}", "note": []}}'
    body = problem_of(writer.post("/probe/orders", content=given, headers=JSON), 422, "body_invalid")
    found = {(fault["pointer"], fault["code"]) for fault in body["errors"]}
    assert found == {
        ("/customer", "type"),
        ("/lines/0/count", "type"),
        ("/lines/1/name", "missing"),
        ("/lines/1/count", "missing"),
        ("/lines/2", "type"),
        ("/note", "type"),
        ("/a~1b~0c", "unknown"),
    }
    assert str(len(found)) in body["detail"]
    assert all(fault["message"] for fault in body["errors"])
    english = writer.post("/probe/orders", content=b"[]", headers=JSON | {"Accept-Language": "en"})
    assert problem_of(english, 422, "body_invalid")["errors"] == [
        {"code": "type", "message": "expected: an object", "pointer": ""}
    ]


def test_a_body_with_very_many_faults_has_a_bounded_answer(writer: httpx.Client) -> None:
    given = '{"customer":"a","lines":[' + ",".join(["0"] * 1000) + "]}"
    body = problem_of(writer.post("/probe/orders", content=given, headers=JSON), 422, "body_invalid")
    assert len(body["errors"]) == 50


@pytest.mark.parametrize("query", ["", "limit=", "limit=ten", "limit=1.5", "limit=1&limit=x"])
def test_a_parameter_that_is_not_usable_is_named(probe: RunningPlatform, query: str) -> None:
    body = problem_of(probe.client.get(f"/probe/page?{query}"), 422, "parameter_invalid")
    assert "limit" in body["detail"]
    (fault,) = body["errors"]
    said = "é obrigatório" if not query else "deve ser um número inteiro"
    assert fault == {"code": fault["code"], "message": f"parâmetro limit {said}"}


RANGES = {
    "/audit?limit=0": ("limit", "a whole number from 1 to 1000"),
    "/config/deliveries?before=-1": ("before", f"a whole number from 0 to {2**63 - 1}"),
    "/configs/t/changes?wait=61": ("wait", "a number from 0 to 60"),
    f"/config/search?q={'x' * 201}": ("q", "a text of 0 to 200 characters"),
    "/configs/t/d/c/diff?from=0": ("from", f"a whole number from 1 to {2**63 - 1}"),
    "/configs/t/d/c/diff?format=html": ("format", "paths or text"),
}


def test_a_parameters_fault_names_it_and_what_it_may_be(probe: RunningPlatform) -> None:
    client = probe.with_rights(**{"Accept-Language": "en"})
    for address, (name, wanted) in RANGES.items():
        body = problem_of(client.get(address), 422, "parameter_invalid")
        assert body["detail"] == f"Parameter(s) not valid: {name}. Correct and send again."
        assert body["errors"] == [{"code": "parameter", "message": f"query: {name} must be {wanted}"}]


def test_a_number_out_of_its_range_is_not_called_no_number(probe: RunningPlatform) -> None:
    client = probe.with_rights(**{"Accept-Language": "en"})
    given = {"name": "n", "rights": ["config:read"], "expires_in_days": 0}
    body = problem_of(client.post("/keys", json=given), 422, "body_invalid")
    assert [(fault["pointer"], fault["message"]) for fault in body["errors"]] == [
        ("/expires_in_days", "expected: a whole number, at least 1")
    ]


@pytest.mark.parametrize("kind", sorted(FAILURES))
def test_what_nobody_expected_is_a_500_without_details(probe: RunningPlatform, kind: str) -> None:
    body = problem_of(probe.client.get(f"/probe/fail/{kind}"), 500, "internal")
    assert "request_id" in body["detail"]


@pytest.mark.parametrize("kind", sorted(OUTAGES))
def test_what_means_an_outage_is_a_503_that_says_when_to_come_back(probe: RunningPlatform, kind: str) -> None:
    answer = probe.client.get(f"/probe/fail/{kind}")
    problem_of(answer, 503, "database_unavailable")
    assert answer.headers["retry-after"].isdigit()


WRITES = [
    ("POST", "/configs/t/retail/config", {"yaml_content": "a: 1\n"}),
    ("POST", "/mapping/", {"mapping_data": {"accounts": {}}}),
    ("POST", "/odoo-webhook/", {"event_type": "mapping_sync", "mapping": {
        "chatwoot_account_id": 1, "internal_account_id": "t", "domain": "retail"}}),
    ("POST", "/company-services/t/metadata", {"yaml_content": "account_id: t\n"}),
]  # fmt: skip
READS = [
    "/configs/t", "/configs/t/retail/config", "/mapping/", "/config/deliveries", "/config/secrets/t/x",
    "/probe/session", "/probe/transaction", "/keys", "/audit",
]  # fmt: skip


def test_without_postgresql_every_route_answers_503_and_recovers_by_itself(
    databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # A path short enough for the name of a Unix socket.
    database = DetachableDatabase(databases, tmp_path_factory.mktemp("gone"))
    settings = {"DATABASE_URL": database.url, "SPRINTIA_DATA_DIR": str(tmp_path_factory.mktemp("data"))}
    platform = RunningPlatform(settings, entry_points=probe_plugin.points())
    try:
        everything = platform.with_rights()
        never_used = platform.with_rights("config:read")
        for path in READS:
            assert everything.get(path).status_code < 500, path
        database.detach()
        for path in READS:
            answer = everything.get(path)  # the key is remembered
            problem_of(answer, 503, "database_unavailable")
            assert answer.headers["retry-after"].isdigit(), path
        for method, path, body in WRITES:
            problem_of(platform.client.request(method, path, json=body), 503, "database_unavailable")
        # Not 401: nobody can tell now whether the key is right. A mistyped one needs no database to be refused.
        problem_of(never_used.get("/configs/t"), 503, "database_unavailable")
        problem_of(platform.as_key("mistyped").get("/configs/t"), 401, "unauthorized")
        assert platform.client.get("/health").status_code == 503
        assert platform.client.get("/health/ready").json()["checks"]["platform"]["database"]["ok"] is False
        for path in ("/health/live", "/metrics", "/schema", "/"):
            assert platform.client.get(path).status_code == 200, path
        database.attach()
        wait_until(lambda: platform.client.get("/health").status_code == 200, what="the recovery")
        for path in READS:
            assert everything.get(path).status_code < 500, path
        assert never_used.get("/configs/t").status_code == 200
    finally:
        platform.stop()
        database.drop()


def test_a_process_that_starts_while_postgresql_is_away_serves_when_it_is_back(
    databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory, json_logs: JsonLogs
) -> None:
    database = DetachableDatabase(databases, tmp_path_factory.mktemp("gone"))
    database.detach()
    settings = {"DATABASE_URL": database.url, "SPRINTIA_DATA_DIR": str(tmp_path_factory.mktemp("data"))}
    with ThreadPoolExecutor() as threads:
        starting = threads.submit(RunningPlatform, settings)
        wait_until(lambda: json_logs.events("waiting_for_database"), what="the wait for the database")
        assert not starting.done()
        database.attach()
        platform = starting.result()
    try:
        assert platform.client.get("/configs/t").status_code == 200
        assert platform.client.get("/health").status_code == 200
    finally:
        platform.stop()
        database.drop()


def test_a_column_that_a_migration_adds_does_not_break_prepared_statements_for_long(platform: RunningPlatform) -> None:
    client = platform.with_rights("config:read")
    assert client.get("/configs/t").status_code == 200
    TestDatabases.run(platform.database_url, "ALTER TABLE platform.api_key ADD COLUMN added text")
    answers = [client.get("/configs/t").status_code for _ in range(3)]
    assert set(answers) <= {200, 503}
    assert answers[-1] == 200


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "pt-BR"),
        ("", "pt-BR"),
        ("en", "en"),
        ("EN-gb", "en"),
        ("pt-BR, en", "pt-BR"),
        ("en, pt", "pt-BR"),  # equal weights: the platform's own language
        ("pt;q=0.4, en;q=0.5", "en"),
        ("en;q=0.4, pt-PT;q=0.5", "pt-BR"),
        ("en-US,en;q=0.9,pt;q=0.8", "en"),
        ("en;q=0", "pt-BR"),
        ("pt;q=0, *", "en"),
        ("*", "pt-BR"),
        ("fr, de;q=0.9", "pt-BR"),
        ("fr, en;q=0.1", "en"),
        ("en; q=1", "en"),
        ("en;q=high", "pt-BR"),
        ("en;q=nan", "pt-BR"),
        ("en;q=-1", "pt-BR"),
        ("en;;;q==", "pt-BR"),
        (",,;,", "pt-BR"),
        ("x" * 10_000, "pt-BR"),
        ("fr," * 10_000 + "en", "pt-BR"),  # only the first twenty are read
    ],
)
def test_the_language_follows_accept_language(header: str | None, language: str) -> None:
    assert preferred_language(header) == language


def test_an_answer_speaks_the_language_asked_for(probe: RunningPlatform) -> None:
    portuguese = problem_of(probe.client.get("/nowhere"), 404, "not_found")
    english = probe.client.get("/nowhere", headers={"Accept-Language": "en-GB,pt;q=0.5"})
    assert problem_of(english, 404, "not_found")["title"] == "Not found"
    assert english.headers["content-language"] == "en"
    assert portuguese["title"] == "Não encontrado"
