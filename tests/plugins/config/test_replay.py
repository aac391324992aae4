"""Replay: a delivery that was set aside or refused, once more, by somebody who saw what it would change."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import asyncpg
import httpx
import pytest
from faults.proxy import PostgresProxy
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.problems import assert_problem
from sprintia_testing.signing import new_secret, signed_headers

SECRET = "s3nt1nel-of-a-refused-body"
NEEDS_NAME = {"type": "object", "required": ["name"]}
NEEDS_MORE = {"type": "object", "required": ["never"]}
YAML = {"Content-Type": "application/yaml"}


def set_schema(client: httpx.Client, config_type: str, mode: str, schema: dict[str, Any] = NEEDS_MORE) -> None:
    answer = client.put(f"/config/schemas/{config_type}", json={"schema": schema, "mode": mode})
    assert answer.status_code == 200, answer.text


def listed(client: httpx.Client, tenant: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/config/deliveries", params={"tenant": tenant}).json()
    return found


def replay(client: httpx.Client, tenant: str, number: int, **headers: str) -> httpx.Response:
    return client.post(f"/config/deliveries/{tenant}/{number}/replay", headers=headers)


def preview(client: httpx.Client, tenant: str, number: int) -> dict[str, Any]:
    answer = client.post(f"/config/deliveries/{tenant}/{number}/replay", params={"dry_run": "true"})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def credentials(tenant: str, **more: object) -> dict[str, Any]:
    event = {"event_type": "credentials_sync", "account_id": tenant, "domain": "retail", "token": "odoo"}
    return event | {"odoo_url": "https://x.example", "odoo_password": SECRET} | more


def mapping(tenant: str, account: int) -> dict[str, Any]:
    routed = {"chatwoot_account_id": account, "internal_account_id": tenant, "domain": "retail"}
    return {"event_type": "mapping_sync", "mapping": routed}


def set_aside(client: httpx.Client, tenant: str) -> tuple[str, int]:
    """Put a document into quarantine, whose schema is mended afterwards; gives its type and the delivery."""
    config_type = f"type_{tenant}"
    set_schema(client, config_type, "quarantine", NEEDS_NAME)
    aside = client.put(f"/configs/{tenant}/retail/{config_type}", json={"a": 1})
    assert aside.status_code == 202, aside.text
    set_schema(client, config_type, "quarantine", {"type": "object"})
    return config_type, listed(client, tenant)[0]["id"]


def test_a_delivery_in_quarantine_is_previewed_and_then_applied_once(administrator: httpx.Client, tenant: str) -> None:
    config_type, number = set_aside(administrator, tenant)
    path = f"/configs/{tenant}/retail/{config_type}"
    would = preview(administrator, tenant, number)
    assert (would["outcome"], would["status"], would["version"], would["revision"]) == ("applied", 200, 1, 1)
    assert [(change["domain"], change["config_type"], change["pointer"]) for change in would["changes"]] == [
        ("retail", config_type, "")
    ]
    assert administrator.get(path).status_code == 404, "a preview changes nothing"
    assert [item["id"] for item in listed(administrator, tenant)] == [number]

    done = replay(administrator, tenant, number)
    assert done.json() == would | {"changes": []}
    (version,) = administrator.get(f"{path}/history").json()
    assert (version["origin"], version["message"]) == ("replay", f"replay of delivery {number}")
    new, old = listed(administrator, tenant)
    assert (new["replay_of"], new["outcome"], new["revision"], new["replayable"]) == (number, "applied", 1, False)
    assert (old["replay_of"], old["outcome"], old["replayable"]) == (None, "quarantined", False)
    events = administrator.get("/audit", params={"tenant": tenant}).json()["events"]
    assert [event["detail"]["outcome"] for event in events if event["action"] == "delivery.replay"] == ["applied"]
    assert_problem(replay(administrator, tenant, number), 409, "delivery_replayed")
    assert_problem(administrator.post(f"/config/deliveries/{tenant}/{number}/replay?dry_run=true"), 409)


DOCUMENT_WRITES: dict[str, tuple[str, dict[str, Any], str]] = {
    "PUT of JSON": ("PUT", {"json": {"n": 1.50}}, '{"n":1.5}'),
    "PUT of YAML": ("PUT", {"content": b"n: 1.50  # as it came\n", "headers": YAML}, "n: 1.50  # as it came\n"),
    "PUT of YAML that is JSON too": ("PUT", {"content": b'{"n": 1}', "headers": YAML}, '{"n": 1}'),
    "POST": ("POST", {"json": {"yaml_content": "n: 2\n"}}, "n: 2\n"),
    "PATCH": ("PATCH", {"json": {"number": 3}}, "name: Loja\nnumber: 3\n"),
}


@pytest.mark.parametrize("form", DOCUMENT_WRITES)
def test_what_is_replayed_is_read_as_its_route_reads_it(administrator: httpx.Client, tenant: str, form: str) -> None:
    method, arguments, text = DOCUMENT_WRITES[form]
    config_type = f"type_{tenant}"
    path = f"/configs/{tenant}/retail/{config_type}"
    assert administrator.post(path, json={"yaml_content": "name: Loja\n"}).status_code == 200
    set_schema(administrator, config_type, "quarantine")
    assert administrator.request(method, path, **arguments).status_code == 202
    administrator.delete(f"/config/schemas/{config_type}")
    number = listed(administrator, tenant)[0]["id"]
    assert replay(administrator, tenant, number).json()["outcome"] == "applied"
    assert administrator.get(f"{path}/yaml").text == text


def test_a_rollback_in_quarantine_is_replayed_as_a_rollback(administrator: httpx.Client, tenant: str) -> None:
    config_type = f"type_{tenant}"
    path = f"/configs/{tenant}/retail/{config_type}"
    for text in ("n: 1\n", "name: Loja\n"):
        assert administrator.post(path, json={"yaml_content": text}).status_code == 200
    set_schema(administrator, config_type, "quarantine", NEEDS_NAME)
    assert administrator.post(f"{path}/rollback", json={"version": 1}).status_code == 202
    administrator.delete(f"/config/schemas/{config_type}")
    assert replay(administrator, tenant, listed(administrator, tenant)[0]["id"]).json()["version"] == 3
    assert administrator.get(f"{path}/yaml").text == "n: 1\n"


EVENTS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "credentials": ({"event_type": "credentials_sync", "token": "odoo", "odoo_password": SECRET}, {"odoo": SECRET}),
    "metadata": ({"event_type": "company_metadata_sync", "name": "Loja"}, {}),
}


@pytest.mark.parametrize("config_type", EVENTS)
def test_an_event_in_quarantine_is_applied_as_a_whole(platform: RunningPlatform, config_type: str) -> None:
    client, (event, secrets) = platform.with_rights(), EVENTS[config_type]
    set_schema(client, config_type, "quarantine")
    sent = client.post("/odoo-webhook/", json=event | {"account_id": "t1", "domain": "retail"})
    assert (sent.status_code, client.get("/configs/t1").json()) == (202, [])
    number = listed(client, "t1")[0]["id"]
    again = replay(client, "t1", number).json()
    assert (again["outcome"], again["status"], again["version"]) == ("quarantined", 202, None)
    attempt, first = listed(client, "t1")
    assert (attempt["outcome"], attempt["status"], attempt["replayable"], first["replayable"]) == (
        "quarantined", 202, False, True,
    )  # fmt: skip
    client.delete(f"/config/schemas/{config_type}")
    assert replay(client, "t1", number).json()["outcome"] == "applied"
    assert config_type in {head["config_type"] for head in client.get("/configs/t1").json()}
    for name, value in secrets.items():
        assert client.get(f"/config/secrets/t1/{name}").json()["value"] == value


def test_company_metadata_in_quarantine_brings_its_token_along(platform: RunningPlatform) -> None:
    client, path = platform.with_rights(), "/company-services/t1/metadata"
    body = {"yaml_content": f"account_id: t1\nsecurity_token: {SECRET}\nname: Loja\n"}
    set_schema(client, "company_metadata", "quarantine")
    assert client.post(path, json=body, headers={"X-Security-Token": SECRET}).status_code == 202
    client.delete("/config/schemas/company_metadata")
    (kept,) = listed(client, "t1")
    assert SECRET not in str(preview(client, "t1", kept["id"]))
    assert replay(client, "t1", kept["id"]).json()["outcome"] == "applied"
    assert client.get("/configs/t1/default/company_metadata/yaml").text == "account_id: t1\nname: Loja\n"
    refused = client.post(path, json={"yaml_content": "account_id: t1\n"}, headers={"X-Security-Token": "another"})
    assert_problem(refused, 401, "token_refused")


def known(administrator: httpx.Client, tenant: str) -> None:
    """Make a tenant: the body of a delivery for one that never was is not kept."""
    assert administrator.put(f"/configs/{tenant}/retail/other", json={"a": 1}).status_code == 200


def test_a_refused_webhook_keeps_its_body_sealed_until_its_schema_is_mended(platform: RunningPlatform) -> None:
    client = platform.with_rights()
    known(client, "t1")
    set_schema(client, "config", "reject")
    assert_problem(client.post("/odoo-webhook/", json=credentials("t1")), 422, "schema_not_met")
    (refused,) = listed(client, "t1")
    assert (refused["outcome"], refused["replayable"], refused["faults"][0]["pointer"]) == (
        "refused", True, "/never",
    )  # fmt: skip
    again = replay(client, "t1", refused["id"]).json()
    assert (again["outcome"], again["status"], again["faults"][0]["code"]) == ("refused", 422, "required")
    assert (again["version"], again["revision"], again["changes"]) == (None, None, [])
    assert "/never" in again["reason"]
    attempt, first = listed(client, "t1")
    assert (attempt["replay_of"], attempt["outcome"], attempt["status"], attempt["replayable"]) == (
        refused["id"], "refused", 422, False,
    )  # fmt: skip
    assert first["replayable"], "it may still be replayed, once the schema is mended"
    assert client.get(f"/config/deliveries/{refused['id']}/body").json()["odoo_password"] == SECRET

    client.delete("/config/schemas/config")
    would = preview(platform.with_rights("config:read", "config:write"), "t1", refused["id"])
    assert {change["config_type"] for change in would["changes"]} == {"config", "credentials"}
    assert SECRET not in str(would)
    assert replay(client, "t1", refused["id"]).json()["outcome"] == "applied"
    assert client.get("/config/secrets/t1/odoo").json()["value"] == SECRET
    stored = str(TestDatabases.run(platform.database_url, "SELECT t::text AS row FROM config.delivery t"))
    assert SECRET not in stored
    assert SECRET.encode().hex() not in stored


def test_a_route_that_another_tenant_has_let_go_is_taken_by_the_replay(platform: RunningPlatform) -> None:
    client = platform.with_rights()
    known(client, "t2")
    assert client.post("/odoo-webhook/", json=mapping("t1", 77)).status_code == 200
    assert_problem(client.post("/odoo-webhook/", json=mapping("t2", 77)), 409, "mapping_taken")
    number = listed(client, "t2")[0]["id"]
    assert_problem(replay(platform.with_rights("config:write"), "t2", number), 403, "forbidden")
    narrow = platform.with_rights("mapping:write", tenants=["t2"])
    would = preview(narrow, "t2", number)
    assert (would["outcome"], would["status"], would["changes"]) == ("refused", 409, [])
    assert replay(narrow, "t2", number).json()["outcome"] == "refused"
    assert client.patch("/mapping/", json={"mapping_data": {"accounts": {"77": None}}}).status_code == 200
    would = preview(narrow, "t2", number)
    assert (would["outcome"], [change["pointer"] for change in would["changes"]]) == ("applied", ["/accounts/77"])
    assert client.get("/mapping/resolve?account=77").status_code == 404
    assert replay(narrow, "t2", number).json() == would | {"changes": []}
    assert client.get("/mapping/resolve?account=77").json()["tenant_id"] == "t2"


def test_the_condition_of_the_original_does_not_count(administrator: httpx.Client, tenant: str) -> None:
    path, token = f"/company-services/{tenant}/metadata", {"X-Security-Token": "token-of-the-company"}
    body = {"yaml_content": f"account_id: {tenant}\nname: Loja\n"}
    assert administrator.post(path, json=body, headers=token).status_code == 200
    other = {"yaml_content": f"account_id: {tenant}\nname: Outra\n"}
    conflict = administrator.post(path, json=other, headers=token | {"If-Match": '"an-old-one"'})
    assert_problem(conflict, 412, "precondition_failed")
    (refused, _) = listed(administrator, tenant)
    assert (refused["status"], refused["replayable"]) == (412, True)
    would = preview(administrator, tenant, refused["id"])
    assert [(change["pointer"], change["old"], change["new"]) for change in would["changes"]] == [
        ("/name", "Loja", "Outra")
    ]
    assert replay(administrator, tenant, refused["id"]).json()["version"] == 2
    assert administrator.get(path).json()["json_data"]["name"] == "Outra"


def test_a_body_is_not_kept_when_its_sender_could_not_prove_who_it_is(platform: RunningPlatform) -> None:
    client, secret = platform.with_rights(), new_secret()
    known(client, "t1")
    client.post("/config/tenants/t1/webhook-secrets", json={"secret": secret})
    client.put("/config/tenants/t1/signature", json={"mode": "required"})
    incomplete = json.dumps({"event_type": "company_metadata_sync", "account_id": "t1", "domain": ["x"]}).encode()
    unsigned = {"Content-Type": "application/json"}
    for headers, kept in ((unsigned, False), (signed_headers(secret, incomplete, "one"), True)):
        assert client.post("/odoo-webhook/", content=incomplete, headers=headers).status_code == 400
        assert listed(client, "t1")[0]["replayable"] is kept
    metadata, token = "/company-services/t1/metadata", {"X-Security-Token": "token-of-the-company"}
    assert client.post(metadata, json={"yaml_content": "a: 1\n"}, headers=token).status_code == 200
    for given, kept in (({"X-Security-Token": "another"}, False), ({}, False), (token, True)):
        assert_problem(client.post(metadata, json={"yaml_content": "account_id: t2\n"}, headers=given), 400)
        assert listed(client, "t1")[0]["replayable"] is kept
    assert_problem(client.post(metadata, json={"yaml_content": "a: 2\n"}, headers={"X-Security-Token": "no"}), 401)
    refused = listed(client, "t1")[0]
    assert (refused["status"], refused["replayable"]) == (401, False)
    answer = assert_problem(replay(client, "t1", refused["id"]), 409, "delivery_body_gone")
    assert "100" in answer["detail"]


def test_senders_without_right_or_reach_leave_no_body(platform: RunningPlatform) -> None:
    client = platform.with_rights()
    known(client, "t1")
    for sender, status in (
        (platform.with_rights("mapping:write"), 403), (platform.with_rights("config:write", tenants=["t2"]), 404),
    ):  # fmt: skip
        assert sender.post("/odoo-webhook/", json=credentials("t1", domain="a b")).status_code == status
    rows = TestDatabases.run(platform.database_url, "SELECT sealed_body FROM config.delivery")
    assert [row["sealed_body"] for row in rows] == [None, None]


def test_a_refusal_makes_no_tenant(administrator: httpx.Client, tenant: str) -> None:
    sent = administrator.post("/odoo-webhook/", json=credentials(tenant, domain="a b"))
    assert_problem(sent, 400, "data_invalid")
    (refused,) = listed(administrator, tenant)
    assert not refused["replayable"]
    assert_problem(replay(administrator, tenant, refused["id"]), 409, "delivery_body_gone")
    assert_problem(replay(administrator, tenant, refused["id"], **{"Idempotency-Key": tenant}), 409)
    assert_problem(administrator.get(f"/config/tenants/{tenant}"), 404, "tenant_not_found")


def test_the_newest_bodies_alone_are_kept(
    administrator: httpx.Client, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sprintia_config.deliveries.refusals.MOST_REFUSED", 2)
    known(administrator, tenant)
    set_aside(administrator, tenant)
    for number in range(4):
        assert administrator.post("/odoo-webhook/", json=credentials(tenant, domain=f"a {number}")).status_code == 400
    found = listed(administrator, tenant)
    assert [(item["outcome"], item["replayable"]) for item in found] == [
        ("refused", True), ("refused", True), ("refused", False), ("refused", False), ("quarantined", True),
    ]  # fmt: skip


def test_the_role_that_serves_can_drop_old_bodies_of_refused_deliveries_alone(
    served: RunningPlatform, tenant: str
) -> None:
    client, drop = served.with_rights(), "SELECT config.drop_refused_bodies($1, $2)"
    known(client, tenant)
    set_aside(client, tenant)

    def attempt(statement: str, *arguments: Any, tenants: Any = None, role: str = "config") -> Any:
        seen = [tenant] if tenants is None else tenants
        return TestDatabases.run_as(served.database_url, role, seen, statement, *arguments)

    for statement in ("UPDATE config.delivery SET sealed_body = NULL", "DELETE FROM config.delivery"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            attempt(statement)
    for tenants, role in ((["other"], "config"), ([], "config"), (None, "platform")):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            attempt(drop, tenant, 1, tenants=tenants, role=role)
    for keep in (0, -1, None):
        with pytest.raises(asyncpg.InvalidParameterValueError):
            attempt(drop, tenant, keep)
    attempt(drop, tenant, 1)
    assert [item["replayable"] for item in listed(client, tenant)] == [True]


def test_erasing_the_tenants_secrets_destroys_what_was_refused(administrator: httpx.Client, tenant: str) -> None:
    known(administrator, tenant)
    _, aside = set_aside(administrator, tenant)
    administrator.post("/odoo-webhook/", json=credentials(tenant, domain="a b"))
    refused = listed(administrator, tenant)[0]["id"]
    assert administrator.delete(f"/config/tenants/{tenant}/secrets").json() == {"destroyed_keys": 1}
    assert {item["replayable"] for item in listed(administrator, tenant)} == {False}
    for number in (aside, refused):
        assert_problem(replay(administrator, tenant, number), 409, "delivery_body_gone")
        assert_problem(administrator.get(f"/config/deliveries/{number}/body"), 410, "secrets_erased")


def test_a_late_replay_does_not_undo_what_came_after(platform: RunningPlatform) -> None:
    client = platform.with_rights()
    set_schema(client, "metadata", "quarantine", {"properties": {"name": {"enum": ["new"]}}})
    event = {"event_type": "company_metadata_sync", "account_id": "t1", "domain": "retail"}
    for name, sequence, status in (("old", 5, 202), ("old", 7, 202), ("new", 6, 200)):
        sent = client.post("/odoo-webhook/", json=event | {"name": name}, headers={"webhook-sequence": f"{sequence}"})
        assert sent.status_code == status, sent.text
    client.delete("/config/schemas/metadata")
    _, seventh, fifth = (item["id"] for item in listed(client, "t1"))
    assert preview(client, "t1", fifth)["outcome"] == "superseded"
    late = replay(client, "t1", fifth).json()
    assert (late["outcome"], late["version"], late["revision"]) == ("superseded", 1, 1)
    assert client.get("/configs/t1/retail/metadata").json()["json_data"]["name"] == "new"
    assert replay(client, "t1", seventh).json()["outcome"] == "applied"
    # Its number counts from now on, for the sender that gave it.
    behind = client.post("/odoo-webhook/", json=event | {"name": "new"}, headers={"webhook-sequence": "6"})
    assert behind.json()["superseded"] is True


def test_a_replay_that_would_change_nothing_settles_the_delivery(administrator: httpx.Client, tenant: str) -> None:
    config_type, number = set_aside(administrator, tenant)
    assert administrator.put(f"/configs/{tenant}/retail/{config_type}", json={"a": 1}).status_code == 200
    assert replay(administrator, tenant, number).json()["outcome"] == "identical"
    assert_problem(replay(administrator, tenant, number), 409, "delivery_replayed")


def test_a_preview_does_not_tell_whether_a_guessed_secret_is_right(platform: RunningPlatform) -> None:
    administrator, named = platform.with_rights(), {"webhook-id": "one"}
    guesser = platform.with_rights("config:read", "config:write")
    assert administrator.post("/odoo-webhook/", json=credentials("t1")).status_code == 200
    assert guesser.post("/odoo-webhook/", json=credentials("t2"), headers=named).status_code == 200
    for guess in ("wrong", SECRET):  # refused, because the id was used before: what may be replayed holds the guess
        guessed = credentials("t1", odoo_password=guess)
        assert_problem(guesser.post("/odoo-webhook/", json=guessed, headers=named), 409, "delivery_reused")
    right, wrong = (item["id"] for item in listed(administrator, "t1")[:2])
    for number, outcome in ((right, "identical"), (wrong, "applied")):
        told = preview(guesser, "t1", number)
        assert (told["outcome"], told["version"], told["revision"], told["changes"]) == ("unknown", None, None, [])
        assert preview(administrator, "t1", number)["outcome"] == outcome
    (change,) = preview(administrator, "t1", wrong)["changes"]
    assert (change["secret"], SECRET in str(change), "wrong" in str(change)) == (True, False, False)


@pytest.mark.parametrize("number", ["0", "999999999", str(2**63), str(10**30)])
def test_a_delivery_that_is_not_there(administrator: httpx.Client, tenant: str, number: str) -> None:
    answer = administrator.post(f"/config/deliveries/{tenant}/{number}/replay")
    assert_problem(answer, 404, "delivery_not_found")


def test_deliveries_of_another_tenant_cannot_be_reached(served: RunningPlatform, tenant: str) -> None:
    administrator = served.with_rights()
    _, number = set_aside(administrator, tenant)
    assert_problem(replay(administrator, f"{tenant}_b", number), 404, "delivery_not_found")
    assert_problem(replay(served.with_rights("config:write", tenants=["other"]), tenant, number), 404)
    for right in ("config:read", "mapping:write"):
        assert_problem(replay(served.with_rights(right), tenant, number), 403, "forbidden")


def test_the_id_of_a_replay_is_answered_once(administrator: httpx.Client, tenant: str) -> None:
    _, number = set_aside(administrator, tenant)
    named = {"Idempotency-Key": f"replay-{tenant}"}
    first = replay(administrator, tenant, number, **named)
    again = replay(administrator, tenant, number, **named)
    assert (again.status_code, again.content, again.headers["idempotency-replayed"]) == (200, first.content, "true")
    _, other = set_aside(administrator, f"{tenant}_b")
    assert_problem(replay(administrator, f"{tenant}_b", other, **named), 409, "delivery_reused")


def test_of_two_at_once_one_wins(run_platform: Callable[..., RunningPlatform]) -> None:
    """In two processes, so that PostgreSQL decides."""
    clients = [run_platform().with_rights(), run_platform().with_rights()]
    for turn in range(4):
        tenant = f"t{turn}"
        _, number = set_aside(clients[0], tenant)
        start = threading.Barrier(4)

        def ask(which: int, tenant: str = tenant, number: int = number, start: threading.Barrier = start) -> int:
            start.wait(10)
            return replay(clients[which % 2], tenant, number).status_code

        with ThreadPoolExecutor(4) as threads:
            assert sorted(threads.map(ask, range(4))) == [200, 409, 409, 409]
        assert [item["outcome"] for item in listed(clients[0], tenant)] == ["applied", "quarantined"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_replay_whose_commit_got_no_reply_is_made_once_after_its_retry(
    run_platform: Callable[..., RunningPlatform], database_url: str, when: Literal["before", "after"]
) -> None:
    with PostgresProxy(database_url) as proxy:
        client = run_platform(DATABASE_URL=proxy.url, SPRINTIA_DATABASE_TIMEOUT="0.5").with_rights()
        config_type, number = set_aside(client, "t1")
        named = {"Idempotency-Key": "the-replay"}
        proxy.lose_next_commit(when)
        assert replay(client, "t1", number, **named).status_code == 503
        assert proxy.lost == 1
        retried = replay(client, "t1", number, **named)
        assert (retried.status_code, retried.json()["outcome"]) == (200, "applied")
        assert (retried.headers.get("idempotency-replayed") == "true") == (when == "after")
        assert len(client.get(f"/configs/t1/retail/{config_type}/history").json()) == 1
        assert [item["replay_of"] for item in listed(client, "t1")] == [number, None]


def test_a_refusal_is_answered_though_its_body_cannot_be_listed(
    run_platform: Callable[..., RunningPlatform], database_url: str
) -> None:
    with PostgresProxy(database_url) as proxy:
        client = run_platform(DATABASE_URL=proxy.url, SPRINTIA_DATABASE_TIMEOUT="0.5").with_rights()
        known(client, "t1")
        proxy.lose_next_commit("before")
        assert client.post("/odoo-webhook/", json=credentials("t1", domain="a b")).status_code == 400
        assert proxy.lost == 1
        assert listed(client, "t1") == []
