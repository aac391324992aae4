"""The same delivery twice: the first answer word for word; and numbered deliveries that arrive late."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.problems import assert_problem

Send = Callable[[Any, dict[str, str]], httpx.Response]
KEPT_HEADERS = ("etag", "x-config-version", "x-config-revision", "content-type", "cache-control")


def routes(client: httpx.Client, tenant: str) -> dict[str, Send]:
    """Ways to write, each taking a number that makes one body differ from another."""

    def sender(method: str, path: str, body: Callable[[Any], Any], **fixed: str) -> Send:
        def send(number: Any, headers: dict[str, str]) -> httpx.Response:
            given = {"Content-Type": "application/json", **fixed, **headers}
            return client.request(method, path, content=json.dumps(body(number)), headers=given)

        return send

    document = f"/configs/{tenant}/retail/config"
    entry = {"account_id": tenant, "domain": "retail"}
    return {
        "post": sender("POST", document, lambda n: {"yaml_content": f"n: {n}\n"}),
        "put": sender("PUT", document, lambda n: {"n": n}),
        "patch": sender("PATCH", document, lambda n: {"n": n}),
        "mapping post": sender("POST", "/mapping/", lambda n: {"mapping_data": {"accounts": {f"{tenant}-{n}": entry}}}),
        "mapping patch": sender(
            "PATCH", "/mapping/", lambda n: {"mapping_data": {"accounts": {f"{tenant}-{n}": entry}}}
        ),
        "credentials": sender(
            "POST",
            "/odoo-webhook/",
            lambda n: {"event_type": "credentials_sync", "account_id": tenant, "token": "t", "odoo_password": f"p{n}"},
        ),
        "metadata": sender(
            "POST",
            "/odoo-webhook",
            lambda n: {"event_type": "company_metadata_sync", "account_id": tenant, "name": f"{n}"},
        ),
        "mapping sync": sender(
            "POST",
            "/odoo-webhook/",
            lambda n: {
                "mapping": {"chatwoot_account_id": f"{tenant}-{n}", "internal_account_id": tenant, "domain": "d"}
            },
        ),
        "company services": sender(
            "POST",
            f"/company-services/{tenant}/metadata",
            lambda n: {"yaml_content": f"account_id: {tenant}\nn: {n}\n"},
            **{"X-Security-Token": "tok"},
        ),
    }


ROUTES = (
    "post",
    "put",
    "patch",
    "mapping post",
    "mapping patch",
    "credentials",
    "metadata",
    "mapping sync",
    "company services",
)


@pytest.fixture(scope="module")
def elsewhere(served: RunningPlatform) -> Iterator[RunningPlatform]:
    """Another platform on the same database, as a second process would be."""
    other = RunningPlatform(served.environ)
    yield other
    other.stop()


def revision(client: httpx.Client, tenant: str) -> int:
    return int(client.get(f"/configs/{tenant}").headers["x-config-revision"])


@pytest.fixture
def client(served: RunningPlatform, tenant: str) -> httpx.Client:
    """A sender whose mapping is its own tenant's alone."""
    return served.with_rights("config:read", "config:write", "mapping:write", "secrets:read", tenants=[tenant])


@pytest.mark.parametrize("header", ["Idempotency-Key", "webhook-id"])
@pytest.mark.parametrize("route", ROUTES)
def test_the_first_answer_comes_again_word_for_word(
    elsewhere: RunningPlatform, client: httpx.Client, tenant: str, route: str, header: str
) -> None:
    send = routes(client, tenant)[route]
    named = {header: "delivery-1"}
    first = send(1, named)
    assert first.status_code == 200, first.text
    assert "idempotency-replayed" not in first.headers
    assert send(2, {}).status_code == 200  # what stands is another version now
    before = revision(client, tenant)
    again = send(1, named)
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    for name in KEPT_HEADERS:
        assert again.headers.get(name) == first.headers.get(name), name
    assert revision(client, tenant) == before
    there = routes(elsewhere.as_key(client.headers["x-api-key"]), tenant)[route](1, named)
    assert (there.status_code, there.content) == (200, first.content)
    assert_problem(send(3, named), 409, "delivery_reused")
    assert revision(client, tenant) == before


@pytest.mark.parametrize("route", ROUTES)
def test_twenty_at_once_make_one_version_and_equal_answers(client: httpx.Client, tenant: str, route: str) -> None:
    send = routes(client, tenant)[route]
    send(0, {})
    before = revision(client, tenant)
    gate = threading.Barrier(20)

    def one(_: int) -> httpx.Response:
        gate.wait()
        return send(1, {"Idempotency-Key": "burst"})

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(one, range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 19
    assert revision(client, tenant) == before + 1


def test_the_same_id_for_two_bodies_at_once_is_one_write_and_one_conflict(client: httpx.Client, tenant: str) -> None:
    send = routes(client, tenant)["post"]
    gate = threading.Barrier(20)

    def one(number: int) -> httpx.Response:
        gate.wait()
        return send(number % 2, {"webhook-id": "either"})

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(one, range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 10 + [409] * 10
    assert revision(client, tenant) == 1


@pytest.mark.parametrize(
    "other",
    [
        lambda client, path, headers: client.put(
            path, content=b'{"n": 1}', headers=headers | {"Content-Type": "text/yaml"}
        ),
        lambda client, path, headers: client.put(path + "2", content=b'{"n": 1}', headers=headers),
        lambda client, path, headers: client.patch(path, content=b'{"n": 1}', headers=headers),
        lambda client, path, headers: client.put(path, content=b'{"n": 1 }', headers=headers),
        lambda client, path, headers: client.put(path, content=b'{"n": 1}', headers=headers | {"If-Match": "*"}),
        lambda client, path, headers: client.put(f"{path}?x=1", content=b'{"n": 1}', headers=headers),
        lambda client, path, headers: client.delete(path, headers=headers),
    ],
    ids=["type", "path", "method", "bytes", "condition", "query", "delete"],
)
def test_what_makes_another_request_of_it(
    client: httpx.Client, tenant: str, other: Callable[[httpx.Client, str, dict[str, str]], httpx.Response]
) -> None:
    path = f"/configs/{tenant}/retail/config"
    headers = {"Content-Type": "application/json", "Idempotency-Key": "one"}
    assert client.put(path, content=b'{"n": 1}', headers=headers).status_code == 200
    assert_problem(other(client, path, headers), 409, "delivery_reused")
    # What does not: a slash at the end, and parameters of the content type.
    again = client.put(
        f"{path}/", content=b'{"n": 1}', headers=headers | {"Content-Type": "application/json; charset=utf-8"}
    )
    assert (again.status_code, again.headers["idempotency-replayed"]) == (200, "true")


def test_an_id_counts_for_its_sender_alone(served: RunningPlatform, tenant: str) -> None:
    senders = [served.with_rights("config:write", "config:read", tenants=[tenant]) for _ in range(2)]
    answers = [routes(client, tenant)["post"](n, {"webhook-id": "same"}) for n, client in enumerate(senders)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [answer.json()["version"] for answer in answers] == [1, 2]


def test_an_id_counts_over_all_tenants_of_its_sender(served: RunningPlatform, tenant: str) -> None:
    named = {"webhook-id": f"{tenant}-over-all"}
    assert routes(served.client, tenant)["post"](1, named).status_code == 200
    assert_problem(routes(served.client, f"{tenant}-b")["post"](1, named), 409, "delivery_reused")


def test_a_kept_answer_is_sealed(served: RunningPlatform, client: httpx.Client, tenant: str) -> None:
    path, body = f"/configs/{tenant}/retail/credentials", {"credentials": {"a": "s3cr3t-mark"}}
    assert "s3cr3t-mark" in client.put(path, json=body, headers={"webhook-id": "x"}).text
    rows = TestDatabases.run(
        served.database_url, "SELECT sealed_answer FROM config.delivery WHERE tenant_id = $1", tenant
    )
    assert [b"s3cr3t-mark" in row["sealed_answer"] for row in rows] == [False]


@pytest.mark.parametrize("route", ROUTES)
def test_a_refused_delivery_leaves_its_id_free(client: httpx.Client, tenant: str, route: str) -> None:
    send = routes(client, tenant)[route]
    send(1, {})
    named = {"webhook-id": "second-try"}
    if route in {"credentials", "metadata", "mapping sync"}:
        refused = client.post("/odoo-webhook/", json={"account_id": tenant, "credentials": {}}, headers=named)
        assert refused.status_code == 400
    elif route == "company services":
        refused = send(2, named | {"X-Security-Token": "wrong"})
        assert refused.status_code == 401
    else:
        refused = send(2, named | {"If-Match": '"0-no"'})
        assert refused.status_code == 412
    taken = send(2, named)
    assert (taken.status_code, taken.headers.get("idempotency-replayed")) == (200, None)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Idempotency-Key", ""), ("Idempotency-Key", "a b"), ("Idempotency-Key", "x" * 256), ("webhook-id", "\xe9"),
        ("webhook-id", "a\tb"), ("webhook-id", ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("route", ROUTES)
def test_an_id_that_is_none_is_refused(client: httpx.Client, tenant: str, route: str, header: str, value: str) -> None:
    for language in ("pt-BR", "en"):
        answer = routes(_Raw(client, header, value), tenant)[route](1, {"Accept-Language": language})  # type: ignore[arg-type]
        assert header.lower() in assert_problem(answer, 400, "delivery_id_invalid")["detail"]
    assert client.get(f"/configs/{tenant}").json() == []


class _Raw:
    """Sends a header byte by byte as it is given."""

    def __init__(self, client: httpx.Client, header: str, value: str) -> None:
        self._client, self._header, self._value = client, header, value

    def request(self, method: str, path: str, content: str, headers: dict[str, str]) -> httpx.Response:
        raw = [(name.encode(), text.encode()) for name, text in headers.items()]
        return self._client.request(
            method, path, content=content, headers=[*raw, (self._header.encode(), self._value.encode("latin-1"))]
        )


def test_an_id_given_twice_is_refused(client: httpx.Client, tenant: str) -> None:
    headers = [("webhook-id", "a"), ("webhook-id", "b"), ("Content-Type", "application/json")]
    answer = client.put(f"/configs/{tenant}/retail/config", content=b"{}", headers=headers)
    assert_problem(answer, 400, "delivery_id_invalid")


def test_the_longest_id_is_fine(client: httpx.Client, tenant: str) -> None:
    assert routes(client, tenant)["post"](1, {"Idempotency-Key": "~!" + "x" * 253}).status_code == 200


# --- numbered deliveries


SEQUENCED = ("post", "put", "patch", "credentials", "metadata", "company services")


@pytest.mark.parametrize("route", SEQUENCED)
def test_an_older_delivery_that_arrives_late_is_superseded(client: httpx.Client, tenant: str, route: str) -> None:
    send = routes(client, tenant)[route]
    assert send(1, {"webhook-sequence": "10", "webhook-id": "a"}).status_code == 200
    assert send(3, {"webhook-sequence": "12", "webhook-id": "c"}).status_code == 200
    before, stands = revision(client, tenant), client.get(f"/configs/{tenant}").json()
    late = send(2, {"webhook-sequence": "11", "webhook-id": "b"})
    assert late.status_code == 200
    superseded = late.headers.get("x-config-superseded") == "true" or late.json().get("superseded") is True
    assert superseded
    assert revision(client, tenant) == before
    assert client.get(f"/configs/{tenant}").json() == stands
    listed = client.get("/config/deliveries", params={"tenant": tenant}).json()
    assert [(item["delivery_id"], item["outcome"]) for item in listed] == [
        ("b", "superseded"), ("c", "applied"), ("a", "applied"),
    ]  # fmt: skip
    again = send(2, {"webhook-sequence": "11", "webhook-id": "b"})
    assert (again.content, again.headers["idempotency-replayed"]) == (late.content, "true")
    assert send(4, {"webhook-sequence": "12"}).status_code == 200  # the same number again is not older
    assert revision(client, tenant) == before + 1


def test_a_late_mapping_sync_is_superseded_for_its_account_and_inbox(client: httpx.Client, tenant: str) -> None:
    def sync(account: str, domain: str, sequence: int) -> httpx.Response:
        given = {"chatwoot_account_id": f"{tenant}-{account}", "internal_account_id": tenant, "domain": domain}
        return client.post("/odoo-webhook/", json={"mapping": given}, headers={"webhook-sequence": str(sequence)})

    sync("1", "new", 7)
    assert sync("1", "old", 6).json()["superseded"] is True
    assert "superseded" not in sync("2", "old", 6).json()
    accounts = client.get("/mapping/").json()["accounts"]
    assert {key: entry["domain"] for key, entry in accounts.items()} == {f"{tenant}-1": "new", f"{tenant}-2": "old"}


def test_a_late_delivery_after_a_deletion_does_not_bring_the_document_back(client: httpx.Client, tenant: str) -> None:
    path = f"/configs/{tenant}/retail/config"
    client.put(path, json={"n": 1}, headers={"webhook-sequence": "1"})
    assert client.delete(path, headers={"webhook-sequence": "3"}).status_code == 200
    late = client.put(path, json={"n": 2}, headers={"webhook-sequence": "2"})
    assert (late.status_code, late.headers["x-config-superseded"], late.json()["deleted"]) == (200, "true", True)
    assert client.get(path).status_code == 404
    listed = client.get("/config/deliveries", params={"tenant": tenant}).json()
    assert [item["outcome"] for item in listed] == ["superseded"]


def test_numbers_count_for_one_sender_and_one_document(
    served: RunningPlatform, client: httpx.Client, tenant: str
) -> None:
    path = f"/configs/{tenant}/retail/config"
    client.put(path, json={"n": 1}, headers={"webhook-sequence": "100"})
    other = served.with_rights("config:write", tenants=[tenant])
    assert "x-config-superseded" not in other.put(path, json={"n": 2}, headers={"webhook-sequence": "1"}).headers
    assert "x-config-superseded" not in client.put(f"{path}2", json={"n": 2}, headers={"webhook-sequence": "1"}).headers
    assert "x-config-superseded" not in client.put(path, json={"n": 3}).headers


def test_a_refused_delivery_does_not_count(client: httpx.Client, tenant: str) -> None:
    path = f"/configs/{tenant}/retail/config"
    client.put(path, json={"n": 1}, headers={"webhook-sequence": "1"})
    refused = client.put(path, json={"n": 9}, headers={"webhook-sequence": "9", "If-Match": '"0-no"'})
    assert refused.status_code == 412
    assert "x-config-superseded" not in client.put(path, json={"n": 2}, headers={"webhook-sequence": "2"}).headers


@pytest.mark.parametrize("number", ["-1", "x", "1.5", "9223372036854775808", "9" * 40, "", "+1", "1 2"])
@pytest.mark.parametrize("route", ["post", "credentials", "mapping patch", "company services"])
def test_a_number_that_is_none_is_refused(client: httpx.Client, tenant: str, route: str, number: str) -> None:
    for language in ("pt-BR", "en"):
        answer = routes(client, tenant)[route](1, {"webhook-sequence": number, "Accept-Language": language})
        assert "webhook-sequence" in assert_problem(answer, 400, "sequence_invalid")["detail"]
    assert client.get(f"/configs/{tenant}").json() == []


def test_the_largest_number_is_fine(client: httpx.Client, tenant: str) -> None:
    assert routes(client, tenant)["post"](1, {"webhook-sequence": "9223372036854775807"}).status_code == 200
