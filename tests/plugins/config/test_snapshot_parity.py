"""Reads from memory and by the ordinary handlers are the same to the byte: the handlers are the specification."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import httpx
import pytest
from sprintia_testing.databases import TestDatabases
from sprintia_testing.logs import JsonLogs, json_logs
from sprintia_testing.platforms import RunningPlatform, wait_until

from sprintia_config.parts import Parts

__all__ = ["json_logs"]  # a fixture

DIFFER = {"date", "x-request-id", "traceparent"}
YAML = "application/yaml"
TENANT = "account_1"
DOCUMENTS = {
    "retail/config": (YAML, "account_id: account_1\nprice: 1.10\nbig: 9007199254740993\n"),
    "retail/credentials": (YAML, "user: maria\npassword: s3cr3t-value\nodoo_token: another-secret\n"),
    "retail/empty": (YAML, ""),
    "retail/list": ("application/json", '[1, 2.50, {"a": null}]'),
    "retail/text": (YAML, '# só um comentário 🙂\n--- "a\\u2028b"\n'),
    "retail/json": ("application/json", '{ "b" : 1e400,\n "a":"\\u00e7" }'),
    "retail/yaml": (YAML, "type: named like a form\n"),
    "bundle/changes": (YAML, "domain: named like a route\n"),
    "a-b/t": (YAML, "order: 1\n"),
    "a_b/t": (YAML, "order: 2\n"),
    "A.b/t": (YAML, "order: 3\n"),
}
LAYERS = {"_base/config": (YAML, "greeting: hello\nprice: 2\n"), "retail/policy": (YAML, "pix: true\nsenha: layered\n")}


class Both(NamedTuple):
    """Two platforms on one database: one answers from memory what it can, the other never does."""

    memory: RunningPlatform
    plain: RunningPlatform

    def clients(self, key: str) -> tuple[httpx.Client, httpx.Client]:
        return self.memory.as_key(key), self.plain.as_key(key)

    def holds(self, path: str, query: str = "") -> bool:
        snapshots = Parts.of(self.memory.host).snapshots
        return snapshots is not None and (path, query.encode()) in snapshots._ready


@pytest.fixture(scope="module")
def both(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    url = databases.create()
    given = {
        "DATABASE_URL": url, "SPRINTIA_DATA_DIR": str(tmp_path_factory.mktemp("both")),
        "SPRINTIA_KEY_CACHE_SECONDS": "60",
    }  # fmt: skip
    running = Both(RunningPlatform(given), RunningPlatform({**given, "SPRINTIA_CONFIG_SNAPSHOT_BYTES": "0"}))
    for tenant, documents in ((TENANT, DOCUMENTS), ("_base", LAYERS)):
        for place, (media, text) in documents.items():
            put = running.plain.client.put(f"/configs/{tenant}/{place}", content=text, headers={"Content-Type": media})
            assert put.status_code == 200, put.text
    gone = running.plain.client.put(f"/configs/{TENANT}/retail/gone", json={"a": 1})
    assert gone.status_code == 200
    assert running.plain.client.delete(f"/configs/{TENANT}/retail/gone").status_code == 200
    mapping = {"accounts": {"1": {"account_id": TENANT, "domain": "retail"}}}
    assert running.plain.client.post("/mapping/", json={"mapping_data": mapping}).status_code == 200
    yield running
    running.memory.stop()
    running.plain.stop()
    databases.drop(url)


def shown(answer: httpx.Response) -> tuple[int, list[tuple[str, str]], bytes]:
    headers = sorted((name, value) for name, value in answer.headers.multi_items() if name not in DIFFER)
    return answer.status_code, headers, answer.content.replace(answer.headers["x-request-id"].encode(), b"the-id")


def warm(client: httpx.Client, both: Both) -> None:
    """Read until the tenant and its layers are held, and each answer is made."""
    for path, query in HELD:
        address = path + (f"?{query}" if query else "")
        wait_until(lambda: client.get(address).status_code == 200 and both.holds(path, query), what=address)  # noqa: B023


HELD = [
    *((f"/configs/{TENANT}/{place}{form}", "") for place in DOCUMENTS for form in ("", "/yaml", "/", "/yaml/")),
    (f"/configs/{TENANT}/bundle", ""),
    (f"/configs/{TENANT}/bundle", "resolve=true"),
]
NOT_HELD = [
    f"/configs/{TENANT}/retail/gone", f"/configs/{TENANT}/retail/never", f"/configs/{TENANT}/retail/config//",
    f"/configs/{TENANT}//retail/config", f"/configs/{TENANT}/retail/config/yaml/yaml", f"/configs/{TENANT}",
    f"/configs/{TENANT}/retail/config?", f"/configs/{TENANT}/retail/config?revision=1",
    f"/configs/{TENANT}/retail/config?x=1", f"/configs/{TENANT}/bundle?resolve=false",
    f"/configs/{TENANT}/bundle?resolve=true&origins=true", f"/configs/{TENANT}/bundle?base_revision=1",
    f"/configs/{TENANT}/retail/%63onfig", f"/configs/{TENANT}/retail%2Fconfig", "/configs/nobody/bundle",
    "/configs/nobody/retail/config", "/configs/_base/bundle", "/configs/_base/bundle?resolve=true",
    f"/configs/{TENANT}/retail/credentials/history", f"/configs/{TENANT}/retail/config/version/1", "/configs/",
    "/configs",
]  # fmt: skip


@pytest.mark.parametrize(
    "rights", [("config:read",), ("config:read", "secrets:read"), ("secrets:read",), ("config:write",)], ids="+".join
)
def test_every_read_is_the_same_by_both_ways(both: Both, rights: tuple[str, ...]) -> None:
    warm(both.memory.with_rights("config:read"), both)
    memory, plain = both.clients(both.plain.key(*rights))
    for path in [*(path + (f"?{query}" if query else "") for path, query in HELD), *NOT_HELD]:
        expected = plain.get(path)
        answers = [memory.get(path) for _ in range(2)]  # the key is not known to the first
        assert [shown(answer) for answer in answers] == [shown(expected)] * 2, path
        etag = expected.headers.get("etag")
        if etag is None:
            continue
        for held in (etag, f"W/{etag}", f'"x", {etag}', "*", '"x"', f"{etag},", etag.strip('"'), ""):
            headers = {"If-None-Match": held}
            assert shown(memory.get(path, headers=headers)) == shown(plain.get(path, headers=headers)), (path, held)


@pytest.mark.parametrize("tenants", [[TENANT], ["another"], [], [TENANT, "another"]], ids=repr)
def test_a_key_bound_to_tenants_reaches_the_same(both: Both, tenants: list[str]) -> None:
    warm(both.memory.with_rights("config:read"), both)
    memory, plain = both.clients(both.plain.key("config:read", tenants=tenants))
    for path in (
        f"/configs/{TENANT}/retail/config",
        f"/configs/{TENANT}/bundle",
        f"/configs/{TENANT}/bundle?resolve=true",
    ):
        expected = plain.get(path)
        assert expected.status_code == (200 if TENANT in tenants else 404)
        assert [shown(memory.get(path)) for _ in range(2)] == [shown(expected)] * 2


@pytest.mark.parametrize("networks", [["127.0.0.0/8"], ["10.0.0.0/8"]], ids=repr)
def test_a_key_bound_to_networks_is_heard_the_same(both: Both, networks: list[str]) -> None:
    warm(both.memory.with_rights("config:read"), both)
    memory, plain = both.clients(both.plain.key("config:read", networks=networks))
    path = f"/configs/{TENANT}/retail/config"
    expected = plain.get(path)
    assert expected.status_code == (200 if networks == ["127.0.0.0/8"] else 403)
    assert [shown(memory.get(path)) for _ in range(2)] == [shown(expected)] * 2


def _headers(key: str) -> list[list[tuple[str, str]]]:
    other = "sprk_" + "x" * 57
    return [
        [("Authorization", f"Bearer {key}")], [("Authorization", f"bearer  {key}")],
        [("Authorization", f"Basic {key}")], [("Authorization", key)], [("X-API-Key", other)], [("X-API-Key", "")], [],
        [("X-API-Key", ""), ("Authorization", f"Bearer {key}")],
        [("X-API-Key", other), ("Authorization", f"Bearer {key}")],
        [("X-API-Key", key), ("X-API-Key", other)], [("X-API-Key", other), ("X-API-Key", key)],
        [("X-API-Key", key), ("If-None-Match", '"x"'), ("If-None-Match", "*")],
        [("X-API-Key", key), ("Accept-Language", "en"), ("Accept", "application/x-yaml")],
    ]  # fmt: skip


def test_keys_are_read_of_headers_the_same(both: Both) -> None:
    key = both.plain.key("config:read")
    warm(both.memory.as_key(key), both)
    memory, plain = both.memory.as_key(None), both.plain.as_key(None)
    statuses = set()
    for headers in _headers(key):
        expected = plain.get(f"/configs/{TENANT}/retail/config", headers=headers)
        statuses.add(expected.status_code)
        assert shown(memory.get(f"/configs/{TENANT}/retail/config", headers=headers)) == shown(expected), headers
    assert statuses == {200, 401}


def test_request_ids_and_traces_are_the_same(both: Both) -> None:
    warm(both.memory.with_rights("config:read"), both)
    memory, plain = both.clients(both.plain.key("config:read"))
    trace = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"
    for given in (
        {"X-Request-ID": "my-request-1"},
        {"X-Request-ID": "no good"},
        {"traceparent": trace},
        {"traceparent": "x"},
    ):
        for client in (memory, plain, memory):
            answer = client.get(f"/configs/{TENANT}/retail/config", headers=given)
            taken = answer.headers["x-request-id"] == given.get("X-Request-ID")
            assert taken is (given.get("X-Request-ID") == "my-request-1")
            continued = answer.headers["traceparent"].startswith(trace[:36])
            assert continued is (given.get("traceparent") == trace)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST", "PUT", "DELETE", "TRACE"])
def test_only_get_is_answered_from_memory(both: Both, method: str) -> None:
    warm(both.memory.with_rights("config:read"), both)
    memory, plain = both.clients(both.plain.key("config:read"))
    path = f"/configs/{TENANT}/retail/config"
    assert shown(memory.request(method, path))[0] == shown(plain.request(method, path))[0]


Run = Callable[..., RunningPlatform]


def test_what_is_answered_from_memory_is_logged_and_counted(run_platform: Run, json_logs: JsonLogs) -> None:
    platform = run_platform()
    platform.client.put("/configs/t1/retail/config", json={"a": 1})
    path = "/configs/t1/retail/config"
    snapshots = Parts.of(platform.host).snapshots
    assert snapshots is not None
    wait_until(lambda: platform.client.get(path).status_code == 200 and (path, b"") in snapshots._ready)
    route = "/configs/{tenant}/{domain}/{config_type}"
    counted = f'sprintia_http_requests_total{{method="GET",route="{route}",status_class="2xx"}} '

    def count() -> float:
        text = platform.client.get("/metrics").text
        return next(float(line.removeprefix(counted)) for line in text.splitlines() if line.startswith(counted))

    before = count()
    answer = platform.client.get(path, headers={"X-Request-ID": "from-memory"})
    assert count() == before + 1

    def lines() -> list[dict[str, Any]]:
        return [line for line in json_logs.events("request") if line["request_id"] == "from-memory"]

    (line,) = wait_until(lines, what="the line")
    assert line["route"] == route
    assert (line["method"], line["status"], line["tenant"], line["actor"]) == ("GET", 200, "t1", "key:bootstrap")
    assert line["bytes_out"] == len(answer.content)
    assert line["trace_id"] == answer.headers["traceparent"].split("-")[1]
