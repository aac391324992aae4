"""What the HTTP contract says of every route at once: keys, slashes, times, identity, errors, repeated writes."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from litestar.handlers import HTTPRouteHandler
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import API_KEY, RunningPlatform
from sprintia_testing.problems import assert_problem
from sprintia_testing.shared import shared_platform

from sprintia_platform.app import create_app
from sprintia_platform.cli.serve import default_port
from sprintia_platform.host import Host

TENANT = "account_1"
DOCUMENT = f"/configs/{TENANT}/retail/config"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
LIKE_A_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]")
PLACES = {
    "tenant": TENANT, "domain": "retail", "config_type": "config", "number": "1", "name": "tok", "key_id": "none",
    "delivery": "1",
}  # fmt: skip
QUERIES = {
    "/mapping/resolve": "?account=1", "/mapping/history/removed": "?tenant={tenant}", "/config/search": "?q=loja",
    "/config/values": "?pointer=/name",
}  # fmt: skip
ENDLESS = {"/configs/{tenant}/events"}
NOT_FOR_PROGRAMS = ("/schema", "/viewer")  # documentation, and pages for people, which have rules of their own


@pytest.fixture(scope="module")
def served(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """A platform that holds one of everything."""
    with shared_platform(databases, tmp_path_factory.mktemp("rows")) as running:
        client = running.with_rights()
        entry = {"account_id": TENANT, "domain": "retail"}
        for answer in (
            client.post(DOCUMENT, json={"yaml_content": "name: Loja\n"}, headers={"Idempotency-Key": "first"}),
            client.post(DOCUMENT, json={"yaml_content": "name: Loja Aurora\n"}),
            client.put(f"/configs/{TENANT}/retail/credentials", json={"credentials": {"tok": "s"}}),
            client.post("/mapping/", json={"mapping_data": {"accounts": {"1": entry}}}),
            client.post(
                f"/company-services/{TENANT}/metadata", json={"yaml_content": f"account_id: {TENANT}\n"},
                headers={"X-Security-Token": "t0k3n-of-tenant"},
            ),
            client.put("/config/schemas/config", json={"schema": {"type": "object"}, "mode": "warn"}),
            client.post(f"/config/tenants/{TENANT}/webhook-secrets", json={}),
            client.post("/keys", json={"name": "k", "rights": ["config:read"], "expires_in_days": 1}),
        ):  # fmt: skip
            assert answer.is_success, answer.text
        yield running


@pytest.fixture(scope="module")
def reads(served: RunningPlatform) -> list[str]:
    """The address of every route that is read, with its places filled in."""
    found = set()
    for route in create_app(Host(environ=served.environ)).routes:
        template = re.sub(r":\w+\}", "}", route.path)
        for handler in getattr(route, "route_handlers", ()):
            assert isinstance(handler, HTTPRouteHandler)
            if "GET" in handler.http_methods and not (template in ENDLESS or template.startswith(NOT_FOR_PROGRAMS)):
                found.add((template + QUERIES.get(template, "")).format(**PLACES))
    assert len(found) > 25
    return sorted(found)


def test_every_read_works_with_and_without_a_slash_and_redirects_nowhere(
    served: RunningPlatform, reads: list[str]
) -> None:
    client = served.with_rights()
    for address in reads:
        path, mark, query = address.partition("?")
        plain = client.get(address, follow_redirects=False)
        slashed = client.get(f"{path.rstrip('/')}/{mark}{query}", follow_redirects=False)
        assert plain.status_code == slashed.status_code, address
        assert plain.status_code in {200, 404, 503}, (address, plain.text)
        if plain.status_code == 200 and path not in {"/metrics", "/config/export", "/health/ready", "/audit", "/keys"}:
            assert plain.headers.get("etag") == slashed.headers.get("etag"), address


def test_every_answer_names_its_request_whatever_it_is(served: RunningPlatform, reads: list[str]) -> None:
    keys = {"valid": served.with_rights(), "none": served.as_key(None), "wrong": served.as_key("sprk_wrong")}
    seen = set()
    for address in reads:
        for who, client in keys.items():
            answer = client.get(address, headers={"X-Request-ID": "agent-run-0042"})
            assert answer.headers["x-request-id"] == "agent-run-0042", (address, who)
            if who != "valid" and answer.status_code == 401:
                assert answer.headers["www-authenticate"] == "ApiKey"
                assert answer.json()["detail"] == "Chave de API inválida ou não fornecida"
                assert answer.json()["request_id"] == "agent-run-0042"
            seen.add(answer.status_code)
    assert {200, 401} <= seen


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-API-Key": API_KEY}, 200),
        ({"Authorization": f"Bearer {API_KEY}"}, 200),
        ({"Authorization": f"bearer {API_KEY}"}, 200),  # RFC 9110, section 11.1: schemes know no case
        ({"Authorization": f"Basic {API_KEY}"}, 401),
        ({"Authorization": API_KEY}, 401),
        ({"X-API-Key": API_KEY[:-1]}, 401),
    ],
)
def test_a_key_comes_in_either_header(served: RunningPlatform, headers: dict[str, str], status: int) -> None:
    assert served.as_key(None).get(DOCUMENT, headers=headers).status_code == status


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
    elif isinstance(value, str):
        yield value


def test_every_time_is_utc_with_microseconds(served: RunningPlatform, reads: list[str]) -> None:
    client, told = served.with_rights(), 0
    webhook = {"event_type": "company_metadata_sync", "account_id": TENANT, "name": "Loja"}
    answers = {address: client.get(address) for address in reads} | {
        "webhook": client.post("/odoo-webhook/", json=webhook),
    }
    for address, answer in answers.items():
        if "application/json" not in answer.headers.get("content-type", ""):
            continue
        for text in _strings(answer.json()):
            if LIKE_A_TIME.match(text):
                assert TIME.fullmatch(text), (address, text)
                told += 1
    assert told > 30


def test_a_times_zeros_are_written_too(served: RunningPlatform, databases: TestDatabases) -> None:
    """A reader may compare times as text: a whole second must have its six zeros."""
    client = served.with_rights()
    for table in ("platform.api_key", "config.webhook_secret"):
        databases.run(served.database_url, f"UPDATE {table} SET created_at = date_trunc('second', created_at)")
    databases.run(served.database_url, "UPDATE platform.audit_event SET at = date_trunc('second', at)")
    keys, secrets = (client.get(path).json() for path in ("/keys", f"/config/tenants/{TENANT}/webhook-secrets"))
    events = client.get("/audit?limit=1000").json()["events"]
    times = [*(item["created_at"] for item in (*keys, *secrets)), *(event["at"] for event in events)]
    assert len(times) > 5
    assert {time[-8:] for time in times} == {".000000Z"}
    assert all(TIME.fullmatch(time) for time in times)
    assert keys[0]["expires_at"] is None or TIME.fullmatch(keys[0]["expires_at"])


WIRE_DETAILS = {
    f"/configs/{TENANT}/retail/none": (
        f"Configuração não encontrada para tenant_id={TENANT}, domain=retail, config_type=none"
    ),
    f"{DOCUMENT}/version/99": (
        f"Configuração não encontrada para tenant_id={TENANT}, domain=retail, config_type=config, version=99"
    ),
    "/company-services/account_9/metadata": "Metadados da empresa não encontrados para tenant_id=account_9",
}


@pytest.mark.parametrize("language", ["pt-BR", "en", "fr", ""])
def test_texts_of_the_wire_are_portuguese_in_any_language(served: RunningPlatform, language: str) -> None:
    for path, detail in WIRE_DETAILS.items():
        answer = served.client.get(path, headers={"Accept-Language": language})
        assert_problem(answer, 404, detail=detail)
        assert answer.headers["content-language"] == "pt-BR"


REPEATED = {
    "delete": ("DELETE", "", None),
    "rollback": ("POST", "/rollback", {"version": 1}),
    "patch": ("PATCH", "", {"n": 3}),
}


@pytest.mark.parametrize("write", REPEATED)
def test_every_write_of_a_document_can_be_repeated(served: RunningPlatform, write: str) -> None:
    method, rest, body = REPEATED[write]
    path = f"/configs/{TENANT}/retail/repeated_{write}"
    for number in (1, 2):
        assert served.client.put(path, json={"n": number}).status_code == 200

    def send(key: str) -> httpx.Response:
        headers = {"Idempotency-Key": f"{key}-{write}", "Content-Type": "application/json"}
        return served.client.request(method, path + rest, content=json.dumps(body) if body else b"", headers=headers)

    first = send("one")
    assert first.status_code == 200, first.text
    assert served.client.put(path, json={"n": "in between"}).status_code == 200
    again = send("one")
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert served.client.get(path).json()["json_data"] == {"n": "in between"}
    other = f"/configs/{TENANT}/retail/other_{write}"
    headers = {"Idempotency-Key": f"one-{write}"}
    assert_problem(served.client.put(other, json={"n": 1}, headers=headers), 409, "delivery_reused")


def test_a_rollback_of_the_mapping_can_be_repeated_and_takes_a_condition(platform: RunningPlatform) -> None:
    client = platform.with_rights(tenants=[TENANT])

    def patch(number: int) -> httpx.Response:
        accounts = {str(number): {"account_id": TENANT, "domain": "retail"}}
        return client.patch("/mapping/", json={"mapping_data": {"accounts": accounts}})

    old = patch(1).headers["etag"]
    patch(2)
    stale = client.post("/mapping/rollback", json={"version": 1}, headers={"If-Match": old})
    assert assert_problem(stale, 412, "precondition_failed")["current_version"] == 2
    first = client.post("/mapping/rollback", json={"version": 1}, headers={"Idempotency-Key": "back"})
    assert first.status_code == 200
    patch(3)
    again = client.post("/mapping/rollback", json={"version": 1}, headers={"Idempotency-Key": "back"})
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    assert set(client.get("/mapping/").json()["accounts"]) == {"1", "3"}


def test_the_list_of_heads_is_the_domains_when_one_is_named(served: RunningPlatform) -> None:
    heads = served.client.get(f"/configs/{TENANT}", params={"domain": "default"}).json()
    assert {head["domain"] for head in heads} == {"default"}
    assert served.client.get(f"/configs/{TENANT}", params={"domain": "none"}).json() == []
    assert served.client.get("/configs/account_9", params={"domain": "retail"}).json() == []
    members = {"tenant_id", "domain", "config_type", "version", "created_at", "updated_at"}
    assert all(set(head) == members for head in heads)


@pytest.mark.parametrize(("plugins", "port"), [(None, 8000), ("config", 8002)])
def test_the_ports_of_the_migration_guide(plugins: str | None, port: int) -> None:
    chosen = {} if plugins is None else {"SPRINTIA_PLUGINS": plugins}
    assert default_port(Host(environ={"DATABASE_URL": "postgresql:///x", **chosen})) == port


NAMED = "/config/tenants/account_7"
SCHEMA_PATH = "/config/schemas/named"
EMPTY: dict[str, Any] = {}


def _schema(title: str) -> dict[str, Any]:
    return {"schema": {"title": title}, "mode": "warn"}


# What comes first, the request, what comes in between, what the same id is refused for.
NAMED_WRITES: dict[str, tuple[list[Any], tuple[Any, ...], list[Any], tuple[Any, ...]]] = {
    "webhook secret": (
        [],
        ("POST", f"{NAMED}/webhook-secrets", EMPTY),
        [("POST", f"{NAMED}/webhook-secrets", EMPTY)],
        ("POST", f"{NAMED}/webhook-secrets", {"overlap_hours": 1}),
    ),
    "signature": (
        [],
        ("PUT", f"{NAMED}/signature", {"mode": "optional"}),
        [("PUT", f"{NAMED}/signature", {"mode": "inherit"})],
        ("PUT", f"{NAMED}/signature", {"mode": "legacy"}),
    ),
    "pin": (
        [],
        ("PUT", f"{NAMED}/pins/run", {"revision": 1}),
        [("PUT", f"{NAMED}/pins/run", {"revision": 1, "note": "another"})],
        ("PUT", f"{NAMED}/pins/run", {"revision": 1, "note": "a third"}),
    ),
    "pin deleted": (
        [("PUT", f"{NAMED}/pins/gone", {"revision": 1})],
        ("DELETE", f"{NAMED}/pins/gone", None),
        [("PUT", f"{NAMED}/pins/gone", {"revision": 1})],
        ("DELETE", f"{NAMED}/pins/other", None),
    ),
    "erasure": (
        [("PUT", "/configs/account_7/retail/credentials", {"credentials": {"tok": "s"}})],
        ("DELETE", f"{NAMED}/secrets", None),
        [("PUT", "/configs/account_7/retail/credentials", {"credentials": {"tok": "s2"}})],
        ("DELETE", "/config/tenants/account_1/secrets", None),
    ),
    "schema": (
        [],
        ("PUT", SCHEMA_PATH, _schema("first")),
        [("PUT", SCHEMA_PATH, _schema("in between"))],
        ("PUT", SCHEMA_PATH, _schema("another")),
    ),
    "schema deleted": (
        [("PUT", f"{SCHEMA_PATH}_2", _schema("first"))],
        ("DELETE", f"{SCHEMA_PATH}_2", None),
        [("PUT", f"{SCHEMA_PATH}_2", _schema("in between"))],
        ("DELETE", SCHEMA_PATH, None),
    ),
}  # fmt: skip
SEEN = (
    f"{NAMED}/pins", f"{NAMED}/webhook-secrets", "/configs/account_7/retail/credentials", SCHEMA_PATH,
    f"{SCHEMA_PATH}_2",
)  # fmt: skip


def _all_that_is_seen(client: httpx.Client) -> list[Any]:
    seen = [client.get(path, headers={"X-Request-ID": "the-same-one"}).json() for path in SEEN]
    events = client.get("/audit", params={"tenant": "account_7", "limit": 1000}).json()["events"]
    return [*seen, [event for event in events if event["action"] != "secret.read"]]


@pytest.mark.parametrize("header", ["Idempotency-Key", "webhook-id"])
@pytest.mark.parametrize("write", NAMED_WRITES)
def test_every_other_write_of_a_configuration_can_be_repeated(served: RunningPlatform, write: str, header: str) -> None:
    client = served.with_rights()
    before, named, between, other = NAMED_WRITES[write]

    def send(method: str, path: str, body: Any, delivery_id: str | None = None) -> httpx.Response:
        headers = {header: f"{header}-{delivery_id}".replace(" ", "-")} if delivery_id else {}
        return client.request(method, path, headers=headers, **({} if body is None else {"json": body}))

    for request in [("PUT", "/configs/account_7/retail/config", {"n": 1}), *before]:
        assert send(*request).status_code in {200, 201}
    first = send(*named, write)
    assert first.status_code == (201 if named[0] == "POST" else 200), first.text
    assert "idempotency-replayed" not in first.headers
    for request in between:
        assert send(*request).is_success
    stands = _all_that_is_seen(client)
    again = send(*named, write)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    for name in ("etag", "cache-control", "x-config-revision", "content-type"):
        assert again.headers.get(name) == first.headers.get(name)
    assert_problem(send(*other, write), 409, "delivery_reused")
    assert _all_that_is_seen(client) == stands


def test_an_answer_that_an_erasure_destroyed_is_gone_and_its_request_is_not_done_again(served: RunningPlatform) -> None:
    client, path = served.with_rights(), "/config/tenants/account_8/webhook-secrets"
    assert client.post(path, json={}, headers={"Idempotency-Key": "before-it"}).status_code == 201
    assert client.delete("/config/tenants/account_8/secrets").status_code == 200
    assert_problem(client.post(path, json={}, headers={"Idempotency-Key": "before-it"}), 410)
    assert len(client.get(path).json()) == 1


def test_a_refused_write_of_a_schema_leaves_its_id_free(served: RunningPlatform) -> None:
    client, headers = served.with_rights(), {"Idempotency-Key": "schema-refused"}
    path = "/config/schemas/refused_once"
    assert_problem(client.delete(path, headers=headers), 404)
    assert_problem(client.put(path, json=_schema("x"), headers=headers | {"If-Match": "*"}), 412)
    assert client.put(path, json=_schema("x"), headers=headers).status_code == 200
    another = served.with_rights()  # another key, another sender
    assert client.headers["X-API-Key"] != another.headers["X-API-Key"]
    assert "idempotency-replayed" not in another.put(path, json=_schema("y"), headers=headers).headers


@pytest.mark.parametrize("header", ["Idempotency-Key", "webhook-id"])
def test_an_import_refuses_an_id_rather_than_ignore_it(served: RunningPlatform, header: str) -> None:
    client = served.with_rights()
    lines = client.get("/config/export", params={"tenant": TENANT}).content
    jsonl = {"Content-Type": "application/x-ndjson"}
    refused = client.post("/config/import", content=lines, headers=jsonl | {header: "import-1"})
    assert_problem(refused, 422, "delivery_id_not_taken")
    assert client.post("/config/import?dry_run=true", content=lines, headers=jsonl).status_code == 200


# Which of ETag, X-Config-Version and X-Config-Revision an answer bears: as docs/http-api.md says.
BORNE = {
    DOCUMENT: "EVR",
    f"{DOCUMENT}?revision=2": "EVR",
    f"{DOCUMENT}/yaml": "EVR",
    f"{DOCUMENT}/version/1": "EVR",
    f"{DOCUMENT}/blame": "EVR",
    f"{DOCUMENT}/diff": "ER",
    f"{DOCUMENT}/diff?format=text": "ER",
    f"{DOCUMENT}/diff?against_tenant={TENANT}&against_domain=retail": "ER",
    f"{DOCUMENT}/history": "ER",
    f"/configs/{TENANT}": "ER",
    f"/configs/{TENANT}/changes": "ER",
    f"/configs/{TENANT}/bundle": "ER",
    f"/configs/{TENANT}/bundle?resolve=true": "ER",
    f"/company-services/{TENANT}/metadata": "EVR",
    "/mapping": "EVR",
    "/mapping/export": "EVR",
    "/mapping/resolve?account=1": "E",
    "/mapping/history": "E",
    "/config/schemas": "E",
    "/config/schemas/config": "E",
    "/config/schemas/config/history": "E",
}
BEARERS = {"E": "etag", "V": "x-config-version", "R": "x-config-revision"}


@pytest.mark.parametrize("address", BORNE)
def test_which_answers_bear_version_and_revision(served: RunningPlatform, address: str) -> None:
    client = served.with_rights()
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    assert "".join(letter for letter, name in BEARERS.items() if name in answer.headers) == BORNE[address]
    etag = answer.headers["etag"]
    assert re.fullmatch(r'"[^"]+"', etag)
    held = client.get(address, headers={"If-None-Match": etag})
    assert (held.status_code, held.content, held.headers["etag"]) == (304, b"", etag)


def test_what_stands_bears_the_revision_of_the_tenant(served: RunningPlatform) -> None:
    client, path = served.with_rights(), f"/configs/{TENANT}/retail/borne"
    for number in (1, 2):
        assert client.put(path, json={"n": number}).status_code == 200
    written = client.put(f"/configs/{TENANT}/retail/beside", json={"n": path}).headers["x-config-revision"]
    reads = (
        f"{path}/diff", f"{path}/diff?from=1&to=2", f"{path}/diff?from=1&to=1&format=text", f"{path}/blame",
        f"{path}/blame?version=1", f"{path}/history", f"/configs/{TENANT}/changes",
        f"/configs/{TENANT}/changes?since=0&limit=1", f"/configs/{TENANT}/changes?since=999999", path,
    )  # fmt: skip
    assert {address: client.get(address).headers["x-config-revision"] for address in reads} == dict.fromkeys(
        reads, written
    )
    assert client.get(f"{path}/blame?version=1").headers["x-config-version"] == "1"


WHOLE_NUMBERS = (
    f"{DOCUMENT}?revision=", f"{DOCUMENT}/yaml?revision=", f"{DOCUMENT}/history?limit=", f"{DOCUMENT}/history?before=",
    f"{DOCUMENT}/diff?to=2&from=", f"{DOCUMENT}/diff?to=", f"{DOCUMENT}/diff?limit=", f"{DOCUMENT}/blame?version=",
    f"{DOCUMENT}/blame?versions=", f"/configs/{TENANT}/bundle?revision=",
    f"/configs/{TENANT}/bundle?resolve=true&base_revision=", f"/configs/{TENANT}/changes?since=",
    f"/configs/{TENANT}/changes?limit=", "/mapping/history?before=", "/mapping/history?limit=",
    "/config/deliveries?limit=", "/config/deliveries?before=", "/config/tenants?limit=", "/config/search?q=loja&limit=",
    "/config/schemas/config/history?limit=", "/audit?limit=",
)  # fmt: skip


@pytest.mark.parametrize("address", WHOLE_NUMBERS)
def test_a_whole_number_in_the_query_is_written_as_one(served: RunningPlatform, address: str) -> None:
    client, name = served.with_rights(), re.split("[?&]", address)[-1].rstrip("=")
    for loose in ("1.0", "1e0", "0.1e1", "1E0"):
        problem = assert_problem(client.get(address + loose, headers={"Accept-Language": "en"}), 422)
        assert problem["type"].endswith("parameter_invalid")
        assert f"query: {name} must be a whole number" in problem["errors"][0]["message"]
        assert len(problem["errors"]) == 1
        assert served.as_key(None).get(address + loose).status_code == 401
    assert client.get(f"{address}1").status_code in {200, 404}
