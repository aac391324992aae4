"""`document_sync`: a whole document, parts of one, or its deletion, as an event."""

import hashlib
import json
from typing import Any

import httpx
import pytest
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.problems import assert_problem

ANSWER = {"success", "message", "tenant_id", "domain", "config_type", "version", "digest", "timestamp"}


class Odoo:
    """A sender of documents for one tenant."""

    def __init__(self, client: httpx.Client, tenant: str) -> None:
        self.client, self.tenant = client, tenant

    def event(self, config_type: str = "business_rules", **fields: Any) -> dict[str, Any]:
        event = {"event_type": "document_sync", "account_id": self.tenant, "domain": "retail"}
        return event | {"config_type": config_type} | fields

    def send(self, body: Any, **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(
            "/odoo-webhook/", content=content, headers={"Content-Type": "application/json", **headers}
        )

    def sent(self, body: Any, **headers: str) -> dict[str, Any]:
        answer = self.send(body, **headers)
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def path(self, config_type: str = "business_rules", domain: str = "retail") -> str:
        return f"/configs/{self.tenant}/{domain}/{config_type}"

    def document(self, config_type: str = "business_rules", domain: str = "retail") -> Any:
        answer = self.client.get(self.path(config_type, domain))
        assert answer.status_code == 200, answer.text
        return answer.json()["json_data"]

    def put(self, config_type: str, value: Any) -> None:
        headers = {"Content-Type": "application/json"}
        answer = self.client.put(self.path(config_type), content=json.dumps(value), headers=headers)
        assert answer.status_code == 200, answer.text

    def deliveries(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.client.get("/config/deliveries", params={"tenant": self.tenant}).json()
        return listed


@pytest.fixture
def odoo(served: RunningPlatform, tenant: str) -> Odoo:
    return Odoo(served.client, tenant)


# --- the whole document


def test_a_content_replaces_the_document(odoo: Odoo) -> None:
    odoo.put("business_rules", {"gone": True, "permanent_rules": [1, 2]})
    said = odoo.sent(odoo.event(content={"permanent_rules": [{"id": 1, "name": "Troca"}], "empty": "", "no": None}))
    assert set(said) == ANSWER
    assert said | {"timestamp": "", "digest": ""} == {
        "success": True, "message": "Documento sincronizado com sucesso", "tenant_id": odoo.tenant, "domain": "retail",
        "config_type": "business_rules", "version": 2, "digest": "", "timestamp": "",
    }  # fmt: skip
    assert odoo.document() == {"permanent_rules": [{"id": 1, "name": "Troca"}], "empty": "", "no": None}
    (version, _) = odoo.client.get(f"{odoo.path()}/history").json()
    assert (version["origin"], version["message"]) == ("webhook", "document_sync")


def test_the_digest_that_is_answered_reconciles(odoo: Odoo) -> None:
    said = odoo.sent(odoo.event(content={"a": 1}))
    text = odoo.client.get(f"{odoo.path()}/yaml").content
    assert said["digest"] == hashlib.sha256(text).hexdigest()
    held = {"domain": "retail", "config_type": "business_rules", "digest": said["digest"]}
    answer = odoo.client.post(f"/configs/{odoo.tenant}/reconcile", json={"documents": [held]}).json()
    assert (answer["equal"], answer["stale"]) == (1, [])


def test_the_same_content_again_is_no_version(odoo: Odoo) -> None:
    body = odoo.event(content={"a": [1, {"b": None}], "n": 1.50})
    assert [odoo.sent(body)["version"] for _ in range(2)] == [1, 1]
    assert [item["outcome"] for item in odoo.deliveries()] == ["identical", "applied"]


@pytest.mark.parametrize("standing", [{"a": 1}, [1], "text", None])
def test_the_same_content_as_somebody_put_is_no_version(odoo: Odoo, standing: Any) -> None:
    odoo.put("business_rules", standing)
    said = odoo.sent(odoo.event(content={"a": 1}))
    assert said["version"] == (1 if standing == {"a": 1} else 2)


def test_an_empty_content_is_a_content(odoo: Odoo) -> None:
    odoo.sent(odoo.event(content={"a": 1}))
    assert odoo.sent(odoo.event(content={}))["version"] == 2
    assert odoo.document() == {}


def test_the_domain_is_default_unless_given(odoo: Odoo) -> None:
    assert odoo.sent(odoo.event(domain=False, content={"a": 1}))["domain"] == "default"
    assert odoo.document(domain="default") == {"a": 1}


def test_numbers_keep_their_letters(odoo: Odoo) -> None:
    event = json.dumps(odoo.event(content="X")).replace('"X"', '{"price": 1.10, "big": 12345678901234567890123}')
    odoo.sent(event.encode())
    text = odoo.client.get(f"{odoo.path()}/yaml").text
    assert "1.10" in text
    assert "12345678901234567890123" in text


# --- parts of one


def test_sections_replace_top_level_keys_and_leave_the_others(odoo: Odoo) -> None:
    standing = {
        "integrations": {"mcp": {"type": "odoo-mcp"}},
        "company_metadata": {"old": 1},
        "enabled_collections": ["a"],
    }
    odoo.put("config", standing)
    said = odoo.sent(odoo.event("config", sections={"company_metadata": {"new": 1}, "enabled_collections": None}))
    assert said["version"] == 2
    assert odoo.document("config") == {"integrations": standing["integrations"], "company_metadata": {"new": 1}}
    assert odoo.sent(odoo.event("config", sections={"company_metadata": {"new": 1}}))["version"] == 2


@pytest.mark.parametrize("value", [[], {}, False, 0, "", "text"])
def test_every_value_but_null_is_one(odoo: Odoo, value: Any) -> None:
    odoo.put("config", {"a": 1})
    odoo.sent(odoo.event("config", sections={"flag": value}))
    assert odoo.document("config") == {"a": 1, "flag": value}


def test_sections_make_a_document(odoo: Odoo) -> None:
    assert odoo.sent(odoo.event("config", sections={"a": 1, "b": None}))["version"] == 1
    assert odoo.document("config") == {"a": 1}


def test_removing_sections_makes_no_document(odoo: Odoo) -> None:
    said = odoo.sent(odoo.event("config", sections={"a": None, "b": None}))
    assert (said["version"], said["digest"]) == (0, None)
    assert odoo.client.get(odoo.path("config")).status_code == 404


def test_a_document_of_which_all_sections_go_stays_empty(odoo: Odoo) -> None:
    odoo.sent(odoo.event("config", sections={"a": 1}))
    odoo.sent(odoo.event("config", sections={"a": None}))
    assert odoo.document("config") == {}


@pytest.mark.parametrize("standing", [[1], "text", 7, None])
def test_what_is_no_object_has_no_sections(odoo: Odoo, standing: Any) -> None:
    odoo.put("config", standing)
    details = {
        assert_problem(odoo.send(odoo.event("config", sections={"a": 1}), **{"Accept-Language": language}), 400,
                       "data_invalid")["detail"]
        for language in ("pt-BR", "en")
    }  # fmt: skip
    assert len(details) == 2
    assert json.loads(odoo.client.get(f"{odoo.path('config')}/yaml").text) == standing, "nothing was written"


def test_sections_of_others_survive_what_credentials_sync_does(odoo: Odoo) -> None:
    odoo.sent(odoo.event("config", sections={"company_metadata": {"a": 1}, "enabled_collections": ["business_rules"]}))
    event = {"event_type": "credentials_sync", "account_id": odoo.tenant, "domain": "retail"}
    odoo.sent({**event, "complete": True, "token": "tok", "odoo_url": "https://odoo.example.com"})
    odoo.sent({**event, "deleted": True})
    assert odoo.document("config") == {
        "account_id": odoo.tenant, "company_metadata": {"a": 1}, "enabled_collections": ["business_rules"],
    }  # fmt: skip


# --- deletion


def test_a_deletion_is_a_tombstone(odoo: Odoo) -> None:
    odoo.sent(odoo.event(content={"a": 1}))
    said = odoo.sent(odoo.event(deleted=True))
    assert (said["version"], said["digest"]) == (2, None)
    assert odoo.client.get(odoo.path()).status_code == 404
    assert odoo.client.get(f"{odoo.path()}/history").json()[0]["deleted"] is True
    assert odoo.sent(odoo.event(deleted=True))["version"] == 2
    assert odoo.deliveries()[0]["outcome"] == "identical"
    assert odoo.sent(odoo.event(content={"a": 1}))["version"] == 3


def test_a_deletion_of_what_never_was(odoo: Odoo) -> None:
    said = odoo.sent(odoo.event(deleted=True))
    assert (said["version"], said["digest"]) == (0, None)


def test_a_late_content_does_not_bring_the_document_back(odoo: Odoo) -> None:
    odoo.sent(odoo.event(content={"a": 1}), **{"webhook-sequence": "1"})
    odoo.sent(odoo.event(deleted=True), **{"webhook-sequence": "3"})
    late = odoo.sent(odoo.event(content={"a": 2}), **{"webhook-sequence": "2"})
    assert (late["superseded"], late["sequence"], late["version"], late["digest"]) == (True, 3, 2, None)
    assert odoo.client.get(odoo.path()).status_code == 404
    other = odoo.sent(odoo.event("scheduling", content={"a": 2}), **{"webhook-sequence": "1"})
    assert "superseded" not in other, "each document has numbers of its own"
    streams = odoo.client.post(f"/configs/{odoo.tenant}/reconcile", json={"documents": []}).json()["streams"]
    assert streams == [
        {"stream": "document_sync:retail:business_rules", "sequence": 3},
        {"stream": "document_sync:retail:scheduling", "sequence": 1},
    ]


# --- what is refused


@pytest.mark.parametrize("empty", [None, "", False, [], {}, "absent"])
@pytest.mark.parametrize("field", ["account_id", "config_type"])
def test_missing_data_is_named(odoo: Odoo, field: str, empty: Any) -> None:
    body = odoo.event(content={}) | {field: empty}
    if empty == "absent":
        del body[field]
    assert_problem(odoo.send(body), 400, "data_incomplete", f"Dados incompletos: {field} é obrigatório")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"content": None},
        {"content": False, "sections": None, "deleted": False},
        {"content": {}, "deleted": True},
        {"content": {}, "sections": {"a": 1}},
        {"sections": {"a": 1}, "deleted": True},
        {"deleted": "yes"},
        {"deleted": 1},
        {"content": [1]},
        {"content": "a: 1"},
        {"content": 1},
        {"content": True},
        {"sections": ["company_metadata"]},
        {"sections": "company_metadata"},
        {"content": {}, "domain": "a/b"},
        {"content": {}, "config_type": ".."},
        {"content": {}, "config_type": ["x"]},
        {"content": {}, "account_id": "../x"},
        {"content": {}, "account_id": True},
    ],
)
def test_malformed_data_is_a_400_in_both_languages(odoo: Odoo, fields: dict[str, Any]) -> None:
    odoo.put("business_rules", {"stands": 1})
    details = {
        assert_problem(odoo.send(odoo.event() | fields, **{"Accept-Language": language}), 400, "data_invalid")["detail"]
        for language in ("pt-BR", "en")
    }
    assert len(details) == 2
    assert odoo.document() == {"stands": 1}


def test_empty_lists_are_no_content(odoo: Odoo) -> None:
    assert odoo.send(odoo.event(content=[])).status_code == 400
    assert odoo.send(odoo.event(content="")).status_code == 400
    assert odoo.send(odoo.event(sections={})).status_code == 400
    assert odoo.client.get(odoo.path()).status_code == 404


def test_rights_and_reach(served: RunningPlatform, tenant: str) -> None:
    writer = Odoo(served.with_rights("config:write", tenants=[tenant]), tenant)
    assert writer.send(writer.event(content={})).status_code == 200
    assert writer.send(writer.event(account_id="somebody_else", content={})).status_code == 404
    for rights in ("config:read", "mapping:write"):
        other = Odoo(served.with_rights(rights, tenants=[tenant]), tenant)
        assert other.send(other.event(content={"a": 1})).status_code == 403


# --- secrets


def test_a_document_of_credentials_is_sealed_and_masked(odoo: Odoo, served: RunningPlatform, tenant: str) -> None:
    said = odoo.sent(odoo.event("credentials", content={"credentials": {"odoo": "fake-password"}}))
    assert said["digest"] != hashlib.sha256(b"credentials:\n  odoo: fake-password\n").hexdigest(), "it is keyed"
    assert odoo.document("credentials") == {"credentials": {"odoo": "fake-password"}}
    reader = Odoo(served.with_rights("config:read", "config:write", tenants=[tenant]), tenant)
    masked = reader.document("credentials")
    assert "fake-password" not in json.dumps(masked)
    # what was read with masks can be sent again
    reader.sent(reader.event("credentials", content=masked | {"note": "fake-note"}))
    assert odoo.document("credentials") == {"credentials": {"odoo": "fake-password"}, "note": "fake-note"}
    reader.sent(reader.event("credentials", sections={"note": None, "credentials": masked["credentials"]}))
    assert odoo.document("credentials") == {"credentials": {"odoo": "fake-password"}}


def test_a_mask_that_keeps_nothing_is_refused(odoo: Odoo, served: RunningPlatform, tenant: str) -> None:
    odoo.put("credentials", {"credentials": {"odoo": "fake-password"}})
    reader = Odoo(served.with_rights("config:read", "config:write", tenants=[tenant]), tenant)
    masked = reader.document("credentials")
    elsewhere = reader.event("credentials", domain="services", content=masked)
    assert_problem(reader.send(elsewhere), 422, "mask_refused")
    assert odoo.client.get(odoo.path("credentials", "services")).status_code == 404


# --- schemas and replay


@pytest.mark.parametrize(("mode", "status"), [("reject", 422), ("quarantine", 202), ("warn", 200)])
def test_a_schema_counts_as_for_every_write(
    odoo: Odoo, administrator: httpx.Client, tenant: str, mode: str, status: int
) -> None:
    config_type = f"type_{tenant}"
    path = f"/config/schemas/{config_type}"
    schema = {"type": "object", "required": ["name"]}
    assert administrator.put(path, json={"schema": schema, "mode": mode}).status_code == 200
    odoo.sent(odoo.event(content={}))  # a tenant that never was has no key that could seal what is refused
    answer = odoo.send(odoo.event(config_type, content={"a": 1}), **{"webhook-id": f"one-{odoo.tenant}"})
    assert answer.status_code == status, answer.text
    stands = odoo.client.get(odoo.path(config_type)).status_code
    assert stands == (200 if mode == "warn" else 404)
    if mode == "warn":
        assert answer.headers["x-config-warnings"] == "1"
        return
    kept = odoo.deliveries()[0]
    assert (kept["event"], kept["replayable"], kept["delivery_id"]) == ("document_sync", True, f"one-{tenant}")
    assert administrator.delete(path).status_code == 200
    replay = f"/config/deliveries/{tenant}/{kept['id']}/replay"
    would = odoo.client.post(replay, params={"dry_run": "true"}).json()
    assert (would["outcome"], would["version"]) == ("applied", 1)
    assert [(change["config_type"], change["pointer"]) for change in would["changes"]] == [(config_type, "")]
    assert odoo.client.post(replay).json()["outcome"] == "applied"
    assert odoo.document(config_type) == {"a": 1}


def test_parts_that_were_refused_are_replayed_on_what_stands_then(odoo: Odoo) -> None:
    odoo.put("config", [1])
    assert odoo.send(odoo.event("config", sections={"a": 1})).status_code == 400
    number = odoo.deliveries()[0]["id"]
    odoo.put("config", {"b": 2})
    replayed = odoo.client.post(f"/config/deliveries/{odoo.tenant}/{number}/replay").json()
    assert (replayed["outcome"], replayed["version"]) == ("applied", 3)
    assert odoo.document("config") == {"b": 2, "a": 1}


def test_the_same_id_gets_the_first_answer(odoo: Odoo) -> None:
    body = odoo.event(content={"a": 1})
    first = odoo.send(body, **{"webhook-id": f"one-{odoo.tenant}"})
    odoo.sent(odoo.event(content={"a": 2}))
    again = odoo.send(body, **{"webhook-id": f"one-{odoo.tenant}"})
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    assert odoo.document() == {"a": 2}
    assert odoo.send(odoo.event(content={"a": 3}), **{"webhook-id": f"one-{odoo.tenant}"}).status_code == 409


def test_a_content_at_the_edge_of_what_is_read(odoo: Odoo) -> None:
    deep: Any = "x"
    for _ in range(70):
        deep = {"a": deep}
    assert odoo.send(odoo.event(content=deep)).status_code == 400
    event = json.dumps(odoo.event(content="X"))
    for hostile in ('{"a": NaN}', '{"a": 1, "a": 2}', r'{"a": "\u0000"}', r'{"a": "\ud800"}'):
        assert odoo.send(event.replace('"X"', hostile).encode()).status_code == 400
    assert odoo.client.get(odoo.path()).status_code == 404
