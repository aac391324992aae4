"""What people look at: tenants by a part of their id, who delivers, how busy days were, one value of many tenants."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.shared import shared_platform


@pytest.fixture(scope="module")
def served(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with shared_platform(databases, tmp_path_factory.mktemp("data")) as platform:
        write = platform.client
        for tenant in ("loja_a", "LOJA_B", "padaria"):
            for text in ("enabled_collections: [a]\nname: x\n", "enabled_collections: [a, b]\nname: é\n"):
                put(write, f"{tenant}/retail/config", text)
        put(write, "padaria/retail/metadata", "enabled_collections: [b]\nbig: 1e400000\n")
        put(write, "padaria/retail/credentials", "credentials: {odoo: sentinel-of-a-secret}\n")
        webhook(write, "padaria", "Padaria Aurora")
        webhook(write, "padaria", "Padaria Aurora")
        assert webhook(write, "padaria", None).status_code == 400
        yield platform


def put(client: httpx.Client, place: str, text: str) -> None:
    answer = client.put(f"/configs/{place}", content=text.encode(), headers={"Content-Type": "application/yaml"})
    assert answer.status_code == 200, answer.text


def webhook(client: httpx.Client, tenant: str, name: str | None) -> httpx.Response:
    """Tell a company's name; without one, credentials that lack their token."""
    event = "company_metadata_sync" if name else "credentials_sync"
    body: dict[str, Any] = {"event_type": event, "account_id": tenant, "domain": "retail"}
    return client.post("/odoo-webhook/", json=body | ({"name": name} if name else {}))


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["tenant_id"] for item in answer.json()]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "loja"}, ["LOJA_B", "loja_a"]),
        ({"q": "_A"}, ["loja_a"]),
        ({"q": "%"}, []),
        ({"q": "j_a"}, []),
        ({"q": "\\"}, []),
        ({"q": "a", "after": "loja_a"}, ["padaria"]),
        ({"q": "a", "limit": 1}, ["LOJA_B"]),
    ],
)
def test_tenants_are_found_by_a_part_of_their_id(
    served: RunningPlatform, query: dict[str, Any], expected: list[str]
) -> None:
    assert sorted(ids(served.client.get("/config/tenants", params=query))) == sorted(expected)


def test_a_key_finds_its_own_tenants_alone(served: RunningPlatform) -> None:
    narrow = served.with_rights("config:read", tenants=["padaria"])
    assert ids(narrow.get("/config/tenants", params={"q": "a"})) == ["padaria"]
    values = narrow.get("/config/values", params={"pointer": "/enabled_collections"}).json()["items"]
    assert {item["tenant_id"] for item in values} == {"padaria"}


def test_a_tenant_tells_who_delivers_what(served: RunningPlatform) -> None:
    sources = served.client.get("/config/tenants/padaria").json()["sources"]
    told = {(source["route"], source["event"], source["last_outcome"]) for source in sources}
    assert told == {
        ("POST /odoo-webhook/", "company_metadata_sync", "identical"),
        ("POST /odoo-webhook/", "credentials_sync", "refused"),
    }
    by_event = {source["event"]: source for source in sources}
    assert by_event["company_metadata_sync"]["last_applied_at"] == by_event["company_metadata_sync"]["last_at"]
    assert by_event["credentials_sync"]["last_applied_at"] is None
    assert {source["sender"] for source in sources} == {"bootstrap"}


@pytest.mark.parametrize("zone", ["UTC", "America/Sao_Paulo", "Pacific/Kiritimati"])
def test_changes_are_counted_by_the_day_where_somebody_lives(served: RunningPlatform, zone: str) -> None:
    answer = served.client.get("/config/tenants/padaria/activity", params={"days": 2, "zone": zone}).json()
    assert sum(day["changes"] for day in answer["days"]) == 5
    assert {origin for day in answer["days"] for origin in day["by_origin"]} == {"api", "webhook"}
    assert answer["days"][-1]["day"] == datetime.now(UTC).astimezone(ZoneInfo(zone)).date().isoformat()


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/config/tenants/padaria/activity", {"zone": "Mars/Olympus"}),
        ("/config/tenants/padaria/activity", {"zone": "../../etc/passwd"}),
        ("/config/tenants/padaria/activity", {"days": 0}),
        ("/config/tenants/padaria/activity", {"days": 367}),
        ("/config/values", {"pointer": "no-pointer"}),
        ("/config/values", {"pointer": "/a~2"}),
        ("/config/values", {"pointer": "/a~"}),
        ("/config/tenants/padaria/activity", {"zone": "localtime"}),
        ("/config/values", {"pointer": "/" + "a" * 600}),
        ("/config/values", {"pointer": "/a" * 100}),
        ("/config/values", {"pointer": "/a", "after": "nonsense"}),
        ("/config/values", {}),
        ("/config/tenants", {"q": "a" * 200}),
        ("/config/deliveries", {"outcome": "lost"}),
        ("/config/search", {}),
        ("/config/search", {"path": "a"}),
        ("/config/search", {"q": "aurora", "value": " "}),
    ],
)
def test_what_cannot_be_asked_is_refused(served: RunningPlatform, path: str, query: dict[str, Any]) -> None:
    answer = served.client.get(path, params=query)
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]


def test_one_value_of_every_document_that_has_it(served: RunningPlatform) -> None:
    query = {"pointer": "/enabled_collections", "limit": 2}
    first = served.client.get("/config/values", params=query).json()
    rest = served.client.get("/config/values", params={**query, "after": first["next"], "limit": 50}).json()
    found = [(item["tenant_id"], item["config_type"], item["value"]) for item in (*first["items"], *rest["items"])]
    assert found == sorted(found, key=lambda each: each[:2])
    assert {(tenant, kind) for tenant, kind, _ in found} == {
        ("LOJA_B", "config"), ("loja_a", "config"), ("padaria", "config"), ("padaria", "metadata"),
    }  # fmt: skip
    assert {kind: value for tenant, kind, value in found if tenant == "padaria"} == {
        "config": ["a", "b"], "metadata": ["b"],
    }  # fmt: skip
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("/enabled_collections/0", [["config", '"a"'], ["metadata", '"b"']]),
        ("/enabled_collections/7", []),
        ("/big", [["metadata", "1e400000"]]),
        ("/credentials/odoo", [["credentials", '{"$secret":"odoo","set":true}']]),
        ("/nothing", []),
    ],
)
def test_values_are_shown_to_the_letter_and_secrets_never(
    served: RunningPlatform, pointer: str, expected: list[list[str]]
) -> None:
    answer = served.with_rights("config:read", "secrets:read").get(
        "/config/values", params={"pointer": pointer, "tenant": "padaria"}
    )
    assert "sentinel-of-a-secret" not in answer.text
    for config_type, value in expected:
        assert f'"config_type":"{config_type}"' in answer.text
        assert f'"value":{value}' in answer.text
    assert len(answer.json()["items"]) == len(expected)


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ({"path": "enabled"}, {"/enabled_collections"}),
        ({"value": "enabled"}, set()),
        ({"value": "AURORA"}, {"/name", "/company/name"}),
        ({"path": "name", "value": "aurora"}, {"/name", "/company/name"}),
        ({"path": "credentials", "value": "aurora"}, set()),
        ({"path": "odoo", "q": "credentials"}, {"/credentials/odoo", "/credentials"}),
        ({"value": "odoo"}, set()),
        ({"value": "sentinel"}, set()),
    ],
)
def test_search_tells_keys_from_values(served: RunningPlatform, query: dict[str, str], places: set[str]) -> None:
    hits = served.client.get("/config/search", params={"tenant": "padaria", **query}).json()["hits"]
    found = {match["pointer"] for hit in hits for match in hit["matches"]}
    assert bool(found) == bool(places)
    assert not places or found & places


def test_deliveries_by_outcome_and_one_alone(served: RunningPlatform) -> None:
    refused = served.client.get("/config/deliveries", params={"outcome": "refused"}).json()
    assert [item["outcome"] for item in refused] == ["refused"]
    number = refused[0]["id"]
    assert served.client.get(f"/config/deliveries/padaria/{number}").json() == refused[0]
    for tenant, missing in (("loja_a", number), ("padaria", 2**62), ("padaria", 2**70)):
        assert served.client.get(f"/config/deliveries/{tenant}/{missing}").status_code == 404


def test_history_counts_what_each_version_changed(served: RunningPlatform) -> None:
    client, place = served.client, "/configs/loja_a/retail/counted"
    for text in ("a: 1\nb: 1\n", "a: 2\nb: 1\nc: 1\n", "# only a comment\na: 2\nb: 1\nc: 1\n"):
        put(client, "loja_a/retail/counted", text)
    client.delete(place)
    items = client.get(f"{place}/history", params={"counts": "true"}).json()
    assert [item["counts"] for item in items] == [
        {"added": 0, "removed": 1, "changed": 0, "moved": 0},
        {"added": 0, "removed": 0, "changed": 0, "moved": 0},
        {"added": 1, "removed": 0, "changed": 1, "moved": 0},
        {"added": 1, "removed": 0, "changed": 0, "moved": 0},
    ]
    page = client.get(f"{place}/history", params={"counts": "true", "limit": 1, "before": 3}).json()
    assert page[0]["counts"]["changed"] == 1
    assert "counts" not in client.get(f"{place}/history").json()[0]


def test_what_people_write_does_not_hide_what_the_same_key_delivered(platform: RunningPlatform) -> None:
    path = "/configs/loja/retail/config"
    person = '{"name": "ana", "rights": ["config:write"], "tenants": null}'
    for number, headers in enumerate(({}, {"X-Acting-For": person}, {"X-Acting-For": person})):
        named = {"Idempotency-Key": f"write-{number}", **headers}
        assert platform.client.put(path, json={"number": number}, headers=named).status_code == 200
    deliveries = platform.client.get("/config/deliveries?tenant=loja").json()
    (source,) = platform.client.get("/config/tenants/loja").json()["sources"]
    assert source["last_applied_at"] == source["last_at"] == deliveries[-1]["received_at"]
