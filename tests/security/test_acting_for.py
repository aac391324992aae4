"""`X-Acting-For`: a key that serves people does for each what both may do; it never does more, and says for whom."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sprintia_testing.databases import TestDatabases
from sprintia_testing.logs import JsonLogs, json_logs
from sprintia_testing.outages import DetachableDatabase
from sprintia_testing.platforms import RunningPlatform, wait_until
from sprintia_testing.problems import assert_problem, pointers
from sprintia_testing.shared import shared_platform

from sprintia_config.parts import Parts
from sprintia_platform.keys.callers import RIGHTS

READ, WRITE, SECRETS, ACT = "config:read", "config:write", "secrets:read", "users:act"
SHOP, OTHER = "/configs/shop/retail/credentials", "/configs/other/retail/credentials"
SECRET = "p4ss-of-the-shop"
HEADER = "X-Acting-For"
__all__ = ["json_logs"]  # a fixture


@pytest.fixture(scope="module")
def served(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    # Keys are remembered, as they are outside of tests: else no answer would be given from memory, before the handlers.
    with shared_platform(databases, tmp_path_factory.mktemp("acting"), SPRINTIA_KEY_CACHE_SECONDS="60") as platform:
        for path in (SHOP, OTHER):
            assert platform.client.put(path, json={"credentials": {"password": SECRET}}).status_code == 200
        yield platform


def person(*rights: str, name: str = "ana", tenants: list[str] | None = None) -> dict[str, str]:
    return {HEADER: json.dumps({"name": name, "rights": rights, "tenants": tenants})}


def warm(client: httpx.Client, path: str) -> None:
    """Read again and again: what can be held in memory is then given without asking a handler."""
    for _ in range(3):
        assert client.get(path).status_code == 200


def test_a_person_does_what_both_the_key_and_the_person_may(served: RunningPlatform) -> None:
    key = served.with_rights(READ, WRITE, SECRETS, ACT)
    for path in (SHOP, OTHER):
        warm(key, path)
        assert SECRET in key.get(path).text
    ana = person(READ, tenants=["shop"])
    seen = key.get(SHOP, headers=ana)
    assert seen.status_code == 200
    assert SECRET not in seen.text, "the person may not see it, though the key may"
    assert_problem(key.get(OTHER, headers=ana), 404, "tenant_not_found")
    assert assert_problem(key.put(SHOP, headers=ana, json={"a": 1}), 403, "forbidden")["right"] == WRITE
    assert [tenant["tenant_id"] for tenant in key.get("/config/tenants", headers=ana).json()] == ["shop"]
    assert SECRET in key.get(SHOP, headers=person(READ, SECRETS)).text
    assert key.get(OTHER, headers=person(READ)).status_code == 200


def test_a_key_gives_nobody_more_than_it_has(served: RunningPlatform) -> None:
    key = served.with_rights(READ, ACT, tenants=["shop"])
    for tenants in (None, ["shop", "other"]):
        everything = person(*RIGHTS, tenants=tenants)
        assert SECRET not in key.get(SHOP, headers=everything).text
        assert key.get(OTHER, headers=everything).status_code == 404
        assert key.get("/keys", headers=everything).json()["right"] == "admin"
        assert key.put(SHOP, headers=everything, json={}).json()["right"] == WRITE
    elsewhere = person(*RIGHTS, tenants=["other"])
    assert key.get(SHOP, headers=elsewhere).status_code == 404
    assert key.get("/config/tenants", headers=elsewhere).json() == []
    assert key.get("/mapping/", headers=elsewhere).status_code == 404
    assert served.client.get("/keys", headers=person("admin")).json()["right"] == "admin", "API_KEY lacks it"
    assert served.with_rights("admin", ACT).get("/keys", headers=person("admin")).status_code == 200
    assert served.with_rights("admin", ACT).get("/keys", headers=person()).json()["right"] == "admin"


def test_a_key_without_the_right_speaks_for_nobody(served: RunningPlatform) -> None:
    key = served.with_rights(*(right for right in RIGHTS if right != ACT))
    warm(key, SHOP)
    for path in (SHOP, "/plugins", "/configs/shop/events", "/config/tenants", "/keys"):
        for value in (person(*RIGHTS)[HEADER], "nonsense", ""):
            refused = key.get(path, headers={HEADER: value})
            assert (refused.status_code, refused.json()["right"]) == (403, ACT)
    assert served.as_key(None).get(SHOP, headers=person(*RIGHTS)).status_code == 401
    assert served.as_key("wrong").get(SHOP, headers=person(*RIGHTS)).status_code == 401
    assert served.as_key(None).get("/health/live", headers={HEADER: "nonsense"}).status_code == 200


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("", None), ("ana", None), ("{", None), ("null", {""}), ("[]", {""}), ('"ana"', {""}), ("1e999", {""}),
        ("{}", {"/name", "/rights", "/tenants"}),
        ('{"name":"ana","rights":[]}', {"/tenants"}),
        ('{"name":"ana","rights":[],"tenants":null,"admin":true}', {"/admin"}),
        ('{"name":"ana","name":"rui","rights":[],"tenants":null}', None),
        ('{"name":"ana","rights":["config:read"],"rights":["admin"],"tenants":null}', None),
        ('{"name":1,"rights":"admin","tenants":"shop"}', {"/name", "/rights", "/tenants"}),
        ('{"name":"ana","rights":[1],"tenants":[null]}', {"/rights/0", "/tenants/0"}),
        ('{"name":"ana","rights":{"admin":true},"tenants":null}', {"/rights"}),
        ('{"name":"","rights":[],"tenants":null}', {"/name"}),
        (f'{{"name":"{"a" * 101}","rights":[],"tenants":null}}', {"/name"}),
        ('{"name":"ana/key:root","rights":[],"tenants":null}', {"/name"}),
        ('{"name":"ana maria","rights":[],"tenants":null}', {"/name"}),
        ('{"name":"ana\\n","rights":[],"tenants":null}', {"/name"}),
        ('{"name":"\\u00e1na","rights":[],"tenants":null}', {"/name"}),
        ('{"name":"ana\\u0000","rights":[],"tenants":null}', None),
        ('{"name":"ana","rights":["config:read "],"tenants":null}', {"/rights/0"}),
        ('{"name":"ana","rights":["*"],"tenants":null}', {"/rights/0"}),
        ('{"name":"ana","rights":[],"tenants":["*"]}', {"/tenants/0"}),
        ('{"name":"ana","rights":[],"tenants":["shop,other", "shop\';--", ""]}',
         {"/tenants/0", "/tenants/1", "/tenants/2"}),
        ('{"name":"ána","rights":[],"tenants":null}', None),
        ('{"name":"ana","rights":[],"tenants":[' + '"shop",' * 1_200 + '"shop"]}', None),
        ("[" * 5_000, None),
        ('{"name":"ana","rights":[],"tenants":null}{}', None),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_refused_with_the_place(
    served: RunningPlatform, text: str, places: set[str] | None
) -> None:
    headers = [("X-API-Key", served.client.headers["X-API-Key"]), (HEADER, text.encode())]
    for path in (SHOP, "/plugins"):
        refused = httpx.get(served.url + path, headers=[(name, value) for name, value in headers])
        problem = assert_problem(refused, 422, "acting_for_invalid")
        assert problem["errors"]
        if places is not None:
            assert pointers(problem) == places
        else:
            assert all("pointer" not in fault for fault in problem["errors"])


def test_a_header_given_twice_is_refused_even_when_both_are_the_same(served: RunningPlatform) -> None:
    key = ("X-API-Key", served.client.headers["X-API-Key"])
    one = (HEADER, person(READ)[HEADER])
    assert httpx.get(served.url + SHOP, headers=[key, one]).status_code == 200
    assert_problem(httpx.get(served.url + SHOP, headers=[key, one, one]), 422, "acting_for_invalid")


@pytest.mark.parametrize("name", ["ana", "a", "ana.b-c_d+e@loja.example", "A" * 100])
def test_history_audit_and_log_name_the_person_and_the_key(
    platform: RunningPlatform, json_logs: JsonLogs, name: str
) -> None:
    key = platform.with_rights(READ, WRITE, ACT)
    written = key.put("/configs/shop/retail/config", headers=person(READ, WRITE, name=name), json={"a": 1})
    assert written.status_code == 200, written.text
    (version,) = platform.client.get("/configs/shop/retail/config/history").json()
    user, _, key_part = version["actor"].partition("/")
    assert user == f"user:{name}"
    assert key_part.startswith("key:")
    assert key_part != "key:bootstrap"
    audit = platform.with_rights("admin").get("/audit?tenant=shop").json()["events"]
    assert {event["actor"] for event in audit} == {version["actor"]}
    lines = wait_until(lambda: [line for line in json_logs.events("request") if line["method"] == "PUT"])
    assert [line["actor"] for line in lines] == [version["actor"]]
    key.put("/configs/shop/retail/config", headers={HEADER: "{}"}, json={"a": 2})
    refused = wait_until(lambda: [line for line in json_logs.events("request") if line["status"] == 422])
    assert [line["actor"] for line in refused] == [key_part]


def test_an_outage_opens_nothing(
    databases: TestDatabases, tmp_path: Path, run_platform: Callable[..., RunningPlatform]
) -> None:
    database = DetachableDatabase(databases, tmp_path)
    platform = run_platform(DATABASE_URL=database.url, SPRINTIA_KEY_CACHE_SECONDS="60")
    try:
        key, snapshots = platform.client, Parts.of(platform.host).snapshots
        assert snapshots is not None
        paths = [f"/configs/{tenant}/retail/config" for tenant in ("shop", "other")]
        for path in paths:
            assert key.put(path, json={"a": SECRET}).status_code == 200
            wait_until(lambda path=path: key.get(path) and (path, b"") in snapshots._ready)  # type: ignore[misc]
        database.detach()
        assert SECRET in key.get(paths[1]).text, "the key's own reads go on"
        ana = person(READ, tenants=["shop"])
        assert_problem(key.get(paths[0], headers=ana), 503, "database_unavailable")
        assert_problem(key.get(paths[1], headers=ana), 404, "tenant_not_found")
        assert key.get(paths[0], headers=person()).json()["right"] == READ
        database.attach()
    finally:
        platform.stop()
        database.drop()


def put(client: httpx.Client, content: Any, headers: dict[str, str], delivery: str) -> httpx.Response:
    return client.put("/configs/shop/retail/repeated", json=content, headers={"Idempotency-Key": delivery, **headers})


def test_a_delivery_of_one_person_is_not_answered_to_another_one_behind_the_same_key(served: RunningPlatform) -> None:
    key = served.with_rights(READ, WRITE, SECRETS, ACT)
    content = {"credentials": {"password": SECRET}}
    ana = person(READ, WRITE, SECRETS)
    first = put(key, content, ana, "delivery-1")
    assert (first.status_code, SECRET in first.text) == (200, True)
    assert put(key, content, ana, "delivery-1").content == first.content, "a repetition"
    for other in (
        {},
        person(READ, WRITE, SECRETS, name="rui"),
        person(READ, WRITE),  # who lost the right since
        person(READ, WRITE, SECRETS, tenants=["shop"]),
    ):
        refused = put(key, content, other, "delivery-1")
        assert refused.status_code == 409, refused.text
        assert SECRET not in refused.text
    assert put(key, content, person(READ, WRITE, SECRETS, tenants=["other"]), "delivery-1").status_code == 404
    assert put(key, content, person(READ), "delivery-1").status_code == 403


def test_a_key_s_own_deliveries_are_no_person_s(served: RunningPlatform) -> None:
    key = served.with_rights(READ, WRITE, ACT)
    first = put(key, {"a": 1}, {}, "delivery-2")
    assert put(key, {"a": 1}, {}, "delivery-2").content == first.content
    assert put(key, {"a": 1}, person(READ, WRITE), "delivery-2").status_code == 409


def test_feeds_hold_to_the_person_s_reach(served: RunningPlatform) -> None:
    key = served.with_rights(READ, ACT)
    ana = person(READ, tenants=["shop"])
    for path in (
        "/configs/other/events",
        "/configs/other/changes?since=0&wait=0",
        "/configs/other/changes?since=9&wait=9",
    ):
        assert_problem(key.get(path, headers=ana), 404, "tenant_not_found")
        assert key.get(path, headers=person()).json()["right"] == READ
    assert key.get("/configs/shop/changes?since=0&wait=0", headers=ana).status_code == 200
    with key.stream("GET", "/configs/shop/events", headers=ana) as stream:
        assert stream.status_code == 200


def test_a_person_s_stream_ends_with_the_key(served: RunningPlatform) -> None:
    text = served.key(READ, ACT)
    ended = threading.Event()
    client = served.as_key(text)

    def watch() -> None:
        with client.stream("GET", "/configs/shop/events", headers=person(READ)) as stream:
            for _ in stream.iter_bytes():
                pass
        ended.set()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    feeds: Callable[[], int] = lambda: client.get("/configs/shop/changes?since=0&wait=0").status_code  # noqa: E731
    assert feeds() == 200
    assert served.with_rights(*RIGHTS).delete(f"/keys/{text.removeprefix('sprk_')[:8]}").status_code == 204
    assert ended.wait(20), "the stream goes on after its key was revoked"
    watcher.join(5)
