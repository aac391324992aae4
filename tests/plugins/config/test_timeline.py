"""Bundle, feed and time travel: a tenant as a whole, now, then and from here on."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sprintia_testing.platforms import RunningPlatform

YAML = {"Content-Type": "application/yaml"}


def put(client: httpx.Client, place: str, text: str) -> dict[str, Any]:
    answer = client.put(f"/configs/{place}", content=text, headers=YAML)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def everything_after(client: httpx.Client, tenant: str, since: int = 0, limit: int = 500) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        page = client.get(f"/configs/{tenant}/changes", params={"since": since, "limit": limit}).json()
        found += page["changes"]
        since = page["revision"]
        if not page["more"]:
            return found


def test_a_bundle_holds_everything_at_one_revision(platform: RunningPlatform) -> None:
    client = platform.client
    put(client, "t1/retail/config", "big: 9007199254740993\nprice: 1.10\n")
    put(client, "t1/default/credentials", "credentials:\n  key: planted-mark\n")
    client.patch("/mapping/", json={"mapping_data": {"accounts": {"1": {"account_id": "t1", "domain": "retail"}}}})
    answer = client.get("/configs/t1/bundle")
    bundle = answer.json()
    assert [(part["domain"], part["config_type"]) for part in bundle["documents"]] == [
        ("default", "credentials"),
        ("retail", "config"),
    ]
    assert '"json_data":{"big":9007199254740993,"price":1.10}' in answer.text
    assert "planted-mark" not in answer.text, "a bundle shows masks, also to a key that may read secrets"
    assert bundle["mapping"]["accounts"] == {"1": {"account_id": "t1", "domain": "retail"}}
    assert bundle["revision"] == 3
    assert client.get("/configs/t1/bundle", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_a_bundle_of_then_is_what_it_was_then(platform: RunningPlatform) -> None:
    client = platform.client
    put(client, "t1/retail/config", "a: 1\n")
    then = client.get("/configs/t1/bundle")
    at = then.json()["documents"][0]["created_at"]
    put(client, "t1/retail/config", "a: 2\n")
    client.delete("/configs/t1/retail/config")
    for query in ({"revision": 1}, {"at": at}):
        again = client.get("/configs/t1/bundle", params=query)
        assert again.content == then.content
    assert client.get("/configs/t1/bundle").json()["documents"] == []
    assert client.get("/configs/t1/bundle", params={"revision": 2}).json()["documents"][0]["json_data"] == {"a": 2}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"revision": "4"}, 404),
        ({"revision": "-1"}, 422),
        ({"revision": "1", "at": "2026-01-01"}, 422),
        ({"at": "yesterday"}, 422),
    ],
)
def test_a_bundle_that_cannot_be(platform: RunningPlatform, query: dict[str, str], status: int) -> None:
    put(platform.client, "t1/retail/config", "a: 1\n")
    assert platform.client.get("/configs/t1/bundle", params=query).status_code == status


def test_before_the_first_change_there_is_nothing(platform: RunningPlatform) -> None:
    put(platform.client, "t1/retail/config", "a: 1\n")
    bundle = platform.client.get("/configs/t1/bundle", params={"at": "2020-01-01T00:00:00Z"}).json()
    assert (bundle["revision"], bundle["documents"], bundle["mapping"]) == (0, [], None)


@pytest.mark.parametrize("limit", [1, 2, 3, 500])
def test_the_feed_has_every_change_once_and_in_order(platform: RunningPlatform, limit: int) -> None:
    client = platform.client
    for number in range(4):
        put(client, "t1/retail/config", f"a: {number}\n")
    body = {
        "event_type": "credentials_sync",
        "account_id": "t1",
        "domain": "retail",
        "token": "t",
        "odoo_password": "p",
    }
    assert client.post("/odoo-webhook/", json=body).status_code == 200
    client.patch("/mapping/", json={"mapping_data": {"accounts": {"1": {"account_id": "t1", "domain": "retail"}}}})
    client.delete("/configs/t1/retail/config")
    found = everything_after(client, "t1", limit=limit)
    assert [(change["revision"], change["kind"], change["config_type"], change["version"]) for change in found] == [
        *((number, "document", "config", number) for number in range(1, 5)),
        (5, "document", "config", 5),
        (5, "document", "credentials", 1),
        (6, "mapping", None, 1),
        (7, "document", "config", 6),
    ]
    assert found[-1]["deleted"] is True


def test_a_waiting_reader_is_woken_by_the_next_change(platform: RunningPlatform) -> None:
    answers: list[httpx.Response] = []

    def wait() -> None:
        answers.append(platform.client.get("/configs/t1/changes", params={"since": 0, "wait": 20}))

    reader = threading.Thread(target=wait)
    reader.start()
    put(platform.as_key(platform.environ["API_KEY"]), "t1/retail/config", "a: 1\n")
    reader.join(15)
    assert [change["version"] for change in answers[0].json()["changes"]] == [1]
    assert answers[0].elapsed.total_seconds() < 15, "woken, not timed out"


def test_a_reader_who_polls_while_many_write_misses_nothing(platform: RunningPlatform) -> None:
    client = platform.client
    writers, each = 6, 20

    def write(writer: int) -> None:
        with platform.as_key(platform.environ["API_KEY"]) as own:
            for number in range(each):
                put(own, f"t1/retail/type_{writer}", f"n: {number}\n")

    seen: list[tuple[str, int]] = []
    with ThreadPoolExecutor(writers) as pool:
        running = [pool.submit(write, writer) for writer in range(writers)]
        since = 0
        while len(seen) < writers * each:
            page = client.get("/configs/t1/changes", params={"since": since, "wait": 5, "limit": 7}).json()
            assert page["changes"], "a change is missing: nobody wrote for five seconds"
            seen += [(change["config_type"], change["version"]) for change in page["changes"]]
            since = page["revision"]
        for task in running:
            task.result()
    assert len(seen) == len(set(seen)) == writers * each


def test_a_tenant_out_of_reach_has_no_timeline(platform: RunningPlatform) -> None:
    put(platform.client, "t1/retail/config", "a: 1\n")
    other = platform.with_rights("config:read", tenants=["t2"])
    assert other.get("/configs/t1/bundle").status_code == 404
    assert other.get("/configs/t1/changes").status_code == 404


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_time_at_the_edge_of_the_calendar_is_refused(platform: RunningPlatform, at: str) -> None:
    assert platform.client.get("/configs/t1/bundle", params={"at": at}).status_code == 422
