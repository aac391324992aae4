"""Webhooks with a full state: what it does not say any more is gone, and what others wrote stays."""

import copy
import json
from typing import Any

import httpx
import pytest
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.problems import assert_problem

EMPTY: list[Any] = [None, "", False, [], {}]
FULL = {
    "name": "Loja Aurora", "description": "Moda", "odoo_url": "https://odoo.example.com", "odoo_db": "shop",
    "odoo_username": "bot", "odoo_password": "fake-password", "qdrant_collection": "rules", "redis_prefix": "aurora",
    "facebook_app_id": "f1", "facebook_app_secret": "fake-fs", "facebook_access_token": "fake-ft",
    "instagram_client_id": "i1", "instagram_client_secret": "fake-is", "instagram_access_token": "fake-it",
    "mercado_livre_app_id": "m1", "mercado_livre_client_secret": "fake-ms", "mercado_livre_access_token": "fake-mt",
}  # fmt: skip
OF_OTHERS = {
    "company_metadata": {"hours": "9-18"},
    "enabled_collections": ["business_rules"],
    "integrations": {
        "facebook": {"page": "aurora"},
        "erp": {"password_ref": "erp_password"},
        "mcp": {"timeout": 30, "config": {"retries": 3}},
    },
}


class Odoo:
    """A sender of full states for one tenant."""

    def __init__(self, client: httpx.Client, tenant: str) -> None:
        self.client, self.tenant = client, tenant

    def send(self, body: dict[str, Any], **headers: str) -> httpx.Response:
        return self.client.post("/odoo-webhook/", json=body, headers=headers)

    def sent(self, body: dict[str, Any], **headers: str) -> dict[str, Any]:
        answer = self.send(body, **headers)
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def credentials(self, **fields: Any) -> dict[str, Any]:
        event = {"event_type": "credentials_sync", "complete": True, "account_id": self.tenant, "domain": "retail"}
        return event | {"token": "tok-1"} | fields

    def removal(self, **fields: Any) -> dict[str, Any]:
        event = {"event_type": "credentials_sync", "deleted": True, "account_id": self.tenant, "domain": "retail"}
        return event | fields

    def mappings(self, *mappings: dict[str, Any], **fields: Any) -> dict[str, Any]:
        event = {"event_type": "mapping_sync", "complete": True, "account_id": self.tenant, "domain": "default"}
        return event | {"mappings": list(mappings)} | fields

    def mapped(self, account: str, **fields: Any) -> dict[str, Any]:
        return {"chatwoot_account_id": f"{self.tenant}-{account}", "domain": "retail"} | fields

    def document(self, config_type: str) -> dict[str, Any]:
        answer = self.client.get(f"/configs/{self.tenant}/retail/{config_type}")
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["json_data"]
        return data

    def status(self, config_type: str) -> int:
        return self.client.get(f"/configs/{self.tenant}/retail/{config_type}").status_code

    def secrets(self) -> dict[str, Any]:
        held: dict[str, Any] = self.document("credentials")["credentials"]
        return held

    def routes(self) -> dict[str, Any]:
        """The tenant's part of the mapping."""
        whole = self.client.get("/mapping/").json()
        mine: dict[str, Any] = {
            name: {key: entry for key, entry in whole[name].items() if entry["account_id"] == self.tenant}
            for name in ("accounts", "inboxes")
        }
        for name in ("fallbacks", "special_numbers"):
            mine[name] = [entry for entry in whole[name] if entry["account_id"] == self.tenant]
        return mine

    def patch(self, config_type: str, value: Any) -> None:
        path = f"/configs/{self.tenant}/retail/{config_type}"
        answer = self.client.patch(path, json=value, headers={"Content-Type": "application/merge-patch+json"})
        if answer.status_code != 200:
            answer = self.client.put(path, json=value)
        assert answer.status_code == 200, answer.text


@pytest.fixture
def odoo(served: RunningPlatform, tenant: str) -> Odoo:
    return Odoo(served.client, tenant)


# --- credentials: complete


def test_a_full_state_says_what_a_partial_one_says(odoo: Odoo, served: RunningPlatform) -> None:
    said = odoo.sent(odoo.credentials(**FULL))
    assert (said["config_version"], said["credentials_version"]) == (1, 1)
    partial = Odoo(served.client, f"{odoo.tenant}_partial")
    body = {name: value for name, value in partial.credentials(**FULL).items() if name != "complete"}
    partial.sent(body)
    for config_type in ("config", "credentials"):
        as_odoo = json.dumps(partial.document(config_type)).replace("_partial", "")
        assert odoo.document(config_type) == json.loads(as_odoo)


def test_the_same_full_state_again_is_no_version(odoo: Odoo) -> None:
    odoo.sent(odoo.credentials(**FULL))
    odoo.patch("config", OF_OTHERS)
    stands = odoo.sent(odoo.credentials(**FULL))
    again = odoo.sent(odoo.credentials(**FULL))
    assert [again[name] - stands[name] for name in ("config_version", "credentials_version")] == [0, 0]
    outcomes = odoo.client.get("/config/deliveries", params={"tenant": odoo.tenant}).json()
    assert outcomes[0]["outcome"] == "identical"


@pytest.mark.parametrize("empty", [*EMPTY, "absent"])
def test_what_a_full_state_leaves_out_is_removed(odoo: Odoo, empty: Any) -> None:
    odoo.sent(odoo.credentials(**FULL))
    body = odoo.credentials() if empty == "absent" else odoo.credentials(**dict.fromkeys(FULL, empty))
    odoo.sent(body)
    assert odoo.document("config") == {
        "account_id": odoo.tenant,
        "integrations": {
            "mcp": {"type": "odoo-mcp", "config": {"credential_ref": "tok-1"}},
            "qdrant": {"collection": f"business_rules_{odoo.tenant}"},
            "redis": {"prefix": odoo.tenant},
        },
    }
    assert odoo.secrets() == {}
    versions = odoo.sent(body)
    assert (versions["config_version"], versions["credentials_version"]) == (2, 2)


@pytest.mark.parametrize("field", sorted(FULL))
def test_each_field_is_removed_by_itself(odoo: Odoo, field: str) -> None:
    odoo.sent(odoo.credentials(**FULL))
    before = json.dumps([odoo.document("config"), odoo.secrets()])
    kept = {name: value for name, value in FULL.items() if name != field}
    odoo.sent(odoo.credentials(**kept))
    after = json.dumps([odoo.document("config"), odoo.secrets()])
    gone = [value for value in FULL.values() if json.dumps(value) in before and json.dumps(value) not in after]
    assert gone == [FULL[field]]
    # a channel's reference goes with its secret
    references = sum(1 for name in kept if name.startswith(("facebook", "instagram", "mercado")) and "_id" not in name)
    assert after.count('_ref": "') == references + 1


def test_what_others_wrote_stays(odoo: Odoo) -> None:
    odoo.sent(odoo.credentials(**FULL))
    odoo.patch("config", OF_OTHERS)
    odoo.patch("credentials", {"credentials": {"erp_password": "fake-erp", "fb_secret_of_a_person": "fake-own"}})
    odoo.sent(odoo.credentials())
    config = odoo.document("config")
    assert config["company_metadata"] == OF_OTHERS["company_metadata"]
    assert config["enabled_collections"] == ["business_rules"]
    assert config["integrations"]["facebook"] == {"page": "aurora"}
    assert config["integrations"]["erp"] == {"password_ref": "erp_password"}
    assert config["integrations"]["mcp"] == {
        "type": "odoo-mcp", "timeout": 30, "config": {"credential_ref": "tok-1", "retries": 3},
    }  # fmt: skip
    assert "instagram" not in config["integrations"]
    assert odoo.secrets() == {"erp_password": "fake-erp", "fb_secret_of_a_person": "fake-own"}


def test_a_reference_that_somebody_else_made_stays(odoo: Odoo) -> None:
    odoo.sent(odoo.credentials())
    odoo.patch("config", {"integrations": {"facebook": {"app_secret_ref": "from_the_safe"}}})
    odoo.patch("credentials", {"credentials": {"from_the_safe": "fake"}})
    odoo.sent(odoo.credentials())
    assert odoo.document("config")["integrations"]["facebook"] == {"app_secret_ref": "from_the_safe"}
    assert odoo.secrets() == {"from_the_safe": "fake"}


def test_the_secret_of_the_former_token_goes(odoo: Odoo) -> None:
    odoo.sent(odoo.credentials(**FULL))
    odoo.sent(odoo.credentials(**FULL, token="tok-2"))
    assert odoo.document("config")["integrations"]["mcp"]["config"]["credential_ref"] == "tok-2"
    assert "tok-1" not in odoo.secrets()
    assert odoo.secrets()["tok-2"] == "fake-password"


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"integrations": {"erp": {"config": {"credential_ref": "tok-1"}}}},
        {"agents": [{"refs": ["tok-1"]}]},
        # not Odoo's connection any more: somebody made it another one
        {"integrations": {"mcp": {"type": "sap-mcp"}}},
    ],
)
def test_a_former_token_that_others_use_keeps_its_secret(odoo: Odoo, elsewhere: dict[str, Any]) -> None:
    odoo.sent(odoo.credentials(odoo_password="fake-password"))
    odoo.patch("config", elsewhere)
    odoo.sent(odoo.credentials(token="tok-2"))
    assert odoo.secrets() == {"tok-1": "fake-password"}


def test_a_token_named_like_a_channels_secret_loses_nothing_that_was_sent(odoo: Odoo) -> None:
    name = f"fb_secret_{odoo.tenant}"
    odoo.sent(odoo.credentials(token=name, odoo_password="fake-password"))
    assert odoo.secrets() == {name: "fake-password"}
    odoo.sent(odoo.credentials(token="tok-2", facebook_app_secret="fake-fs"))
    assert odoo.secrets() == {name: "fake-fs"}


def test_a_partial_state_removes_nothing(odoo: Odoo) -> None:
    odoo.sent(odoo.credentials(**FULL))
    before = copy.deepcopy((odoo.document("config"), odoo.secrets()))
    odoo.sent(odoo.credentials(complete=False))
    assert (odoo.document("config"), odoo.secrets()) == before


def test_a_nested_full_state_is_one_too(odoo: Odoo) -> None:
    odoo.sent(odoo.credentials(**FULL))
    nested = {"domain": "retail", "token": "tok-1", "odoo_url": "https://new.example.com", "facebook_app_id": False}
    odoo.sent({"source": "credentials", "complete": True, "account_id": odoo.tenant, "credentials": nested})
    assert odoo.document("config")["integrations"]["mcp"]["config"] == {
        "url": "https://new.example.com", "credential_ref": "tok-1",
    }  # fmt: skip
    assert "facebook" not in odoo.document("config")["integrations"]


@pytest.mark.parametrize(
    "standing",
    [
        [1], "x", {"integrations": "x"}, {"integrations": {"mcp": "x", "facebook": [1]}},
        {"integrations": {"mcp": {"config": {"credential_ref": ["tok-0"]}}}},
    ],
)  # fmt: skip
def test_a_full_state_on_top_of_anything(odoo: Odoo, standing: Any) -> None:
    path = f"/configs/{odoo.tenant}/retail"
    assert odoo.client.put(f"{path}/config", json=standing).status_code == 200
    assert odoo.client.put(f"{path}/credentials", json={"credentials": "none"}).status_code == 200
    odoo.sent(odoo.credentials(odoo_url="https://x.example"))
    assert odoo.document("config")["integrations"]["mcp"]["config"]["credential_ref"] == "tok-1"


@pytest.mark.parametrize("name", ["complete", "deleted"])
@pytest.mark.parametrize("value", ["true", 1, 0, [True], {"a": 1}])
def test_what_removes_is_true_or_not_there(odoo: Odoo, name: str, value: Any) -> None:
    for body in (odoo.credentials(**{name: value}), odoo.mappings(**{name: value})):
        details = {
            assert_problem(odoo.send(body, **{"Accept-Language": language}), 400, "data_invalid")["detail"]
            for language in ("pt-BR", "en")
        }
        assert len(details) == 2
        assert all(name in detail for detail in details)


def test_a_full_state_needs_a_token(odoo: Odoo) -> None:
    body = odoo.credentials(token=False)
    assert_problem(odoo.send(body), 400, "data_incomplete", "Dados incompletos: token é obrigatório")


def test_after_an_erasure_a_full_state_goes_on(odoo: Odoo, administrator: httpx.Client) -> None:
    odoo.sent(odoo.credentials(**FULL))
    assert administrator.delete(f"/config/tenants/{odoo.tenant}/secrets").status_code == 200
    odoo.sent(odoo.credentials(odoo_password="fake-new"))
    assert odoo.secrets() == {"tok-1": "fake-new"}


# --- credentials: deleted


def test_a_deletion_leaves_nothing_of_the_event(odoo: Odoo) -> None:
    odoo.sent(odoo.credentials(**FULL))
    said = odoo.sent(odoo.removal())
    assert (said["config_version"], said["credentials_version"]) == (2, 2)
    assert (odoo.status("config"), odoo.status("credentials")) == (404, 404)
    again = odoo.sent(odoo.removal())
    assert (again["config_version"], again["credentials_version"]) == (2, 2)
    back = odoo.sent(odoo.credentials(**FULL))
    assert (back["config_version"], back["credentials_version"]) == (3, 3)


def test_a_deletion_leaves_what_others_wrote(odoo: Odoo) -> None:
    odoo.sent(odoo.credentials(**FULL))
    odoo.patch("config", OF_OTHERS)
    odoo.patch("credentials", {"credentials": {"erp_password": "fake-erp"}})
    odoo.sent(odoo.removal())
    assert odoo.document("config") == {"account_id": odoo.tenant, **OF_OTHERS}
    assert odoo.secrets() == {"erp_password": "fake-erp"}


@pytest.mark.parametrize("value", [False, "", None, [], {}, 0])
def test_a_deletion_leaves_what_is_empty_of_others(odoo: Odoo, value: Any) -> None:
    odoo.sent(odoo.credentials(**FULL))
    odoo.sent({
        "event_type": "document_sync", "account_id": odoo.tenant, "domain": "retail", "config_type": "config",
        "content": odoo.document("config") | {"mentions_promotions": value},
    })  # fmt: skip
    odoo.sent(odoo.removal())
    assert odoo.document("config") == {"account_id": odoo.tenant, "mentions_promotions": value}


def test_a_deletion_leaves_the_connection_of_somebody_else(odoo: Odoo) -> None:
    mcp = {"type": "sap-mcp", "config": {"url": "https://sap.example.com", "credential_ref": "sap"}}
    odoo.patch("config", {"integrations": {"mcp": mcp}})
    odoo.patch("credentials", {"credentials": {"sap": "fake-sap"}})
    odoo.sent(odoo.removal())
    assert odoo.document("config") == {"integrations": {"mcp": mcp}}
    assert odoo.secrets() == {"sap": "fake-sap"}


def test_a_deletion_of_what_never_was_makes_nothing(odoo: Odoo) -> None:
    said = odoo.sent(odoo.removal())
    assert (said["success"], said["config_version"], said["credentials_version"]) == (True, 0, 0)
    assert odoo.client.get(f"/configs/{odoo.tenant}").json() == []


def test_a_deletion_may_name_the_token_whose_config_is_gone(odoo: Odoo) -> None:
    odoo.sent(odoo.credentials(odoo_password="fake-password"))
    odoo.patch("credentials", {"credentials": {"erp_password": "fake-erp"}})
    assert odoo.client.delete(f"/configs/{odoo.tenant}/retail/config").status_code == 200
    odoo.sent(odoo.removal(token="tok-1"))
    assert odoo.secrets() == {"erp_password": "fake-erp"}


@pytest.mark.parametrize("empty", [*EMPTY, "absent"])
def test_a_deletion_says_of_whom(odoo: Odoo, empty: Any) -> None:
    body = odoo.removal(account_id=empty)
    if empty == "absent":
        del body["account_id"]
    assert_problem(odoo.send(body), 400, "data_incomplete", "Dados incompletos: account_id é obrigatório")


def test_a_deletion_asks_no_schema(odoo: Odoo, administrator: httpx.Client, tenant: str) -> None:
    """A document that goes meets no schema; one of which something stays must."""
    odoo.sent(odoo.credentials(**FULL))
    odoo.patch("config", {"company_metadata": {"hours": "9-18"}})
    path = "/config/schemas/config"
    schema = {"schema": {"required": ["name"]}, "mode": "reject"}
    assert administrator.put(path, json=schema).status_code == 200
    try:
        assert odoo.send(odoo.removal()).status_code == 422
        assert odoo.secrets()["tok-1"] == "fake-password", "both documents change, or none"
        odoo.patch("config", {"company_metadata": None})
        odoo.sent(odoo.removal())
        assert odoo.status("config") == 404
    finally:
        administrator.delete(path)


# --- the whole mapping


def test_the_whole_mapping_is_replaced(odoo: Odoo) -> None:
    tenant = odoo.tenant
    odoo.sent({"mapping": {**odoo.mapped("old"), "internal_account_id": tenant, "is_fallback": True}})
    said = odoo.sent(odoo.mappings(
        odoo.mapped("1", chatwoot_inbox_id=f"{tenant}-7", is_fallback=True, sequence=20),
        odoo.mapped("1", domain="services", label="whole"),
        odoo.mapped("2", chatwoot_inbox_id=f"{tenant}-9", domain="services", is_fallback=True, sequence=5,
                    special_whatsapp_numbers=[{"number": "+55 11 98888-7777", "crew": "admin"}, {"number": False}]),
    ))  # fmt: skip
    assert said | {"timestamp": ""} == {
        "success": True, "message": "Mapeamento sincronizado com sucesso", "version": 2, "timestamp": "",
    }  # fmt: skip
    retail, services = ({"account_id": tenant, "domain": domain} for domain in ("retail", "services"))
    assert odoo.routes() == {
        # the mapping without an inbox speaks for the account; where there is none, the first one does
        "accounts": {f"{tenant}-1": {**services, "label": "whole"}, f"{tenant}-2": services},
        "inboxes": {f"{tenant}-7": retail, f"{tenant}-9": services},
        "fallbacks": [{**services, "sequence": 5}, {**retail, "sequence": 20}],
        "special_numbers": [{"number": "+55 11 98888-7777", "crew": "admin", **services}],
    }


def test_the_same_mapping_again_is_no_version(odoo: Odoo) -> None:
    body = odoo.mappings(odoo.mapped("1"), odoo.mapped("2", chatwoot_inbox_id=f"{odoo.tenant}-7"))
    assert [odoo.sent(body)["version"] for _ in range(2)] == [1, 1]


@pytest.mark.parametrize("form", ["an empty list", "deleted"])
def test_an_empty_mapping_empties_it(odoo: Odoo, form: str) -> None:
    odoo.sent(odoo.mappings(odoo.mapped("1", is_fallback=True)))
    empty = odoo.mappings()
    if form == "deleted":
        empty = {"event_type": "mapping_sync", "deleted": True, "account_id": odoo.tenant}
    assert odoo.sent(empty)["version"] == 2
    assert not any(odoo.routes().values())
    assert odoo.sent(empty)["version"] == 2


def test_an_empty_mapping_of_nobody_makes_nothing(odoo: Odoo) -> None:
    assert odoo.sent(odoo.mappings())["version"] == 0


@pytest.mark.parametrize("empty", [None, "", False, "absent"])
def test_a_mapping_that_is_not_there_is_not_an_empty_one(odoo: Odoo, empty: Any) -> None:
    odoo.sent(odoo.mappings(odoo.mapped("1")))
    before = odoo.routes()
    body = odoo.mappings(mappings=empty)
    if empty == "absent":
        del body["mappings"]
    assert_problem(odoo.send(body), 400, "data_incomplete", "Dados incompletos: mappings é obrigatório")
    assert odoo.routes() == before


@pytest.mark.parametrize("field", ["chatwoot_account_id", "domain"])
def test_what_a_mapping_misses_is_named_with_its_place(odoo: Odoo, field: str) -> None:
    body = odoo.mappings(odoo.mapped("1"), odoo.mapped("2", **{field: False}))
    detail = f"Dados incompletos: mappings[1].{field} é obrigatório"
    assert_problem(odoo.send(body), 400, "data_incomplete", detail)


@pytest.mark.parametrize(
    "fields",
    [
        {"mappings": {"a": 1}},
        {"mappings": {}},
        {"mappings": "x"},
        {"mappings": True},
        {"mappings": [1]},
        {"mappings": [[]]},
        {"mappings": [None]},
        {"mappings": [{"chatwoot_account_id": "a b", "domain": "retail"}]},
        {"mappings": [{"chatwoot_account_id": 1, "domain": "no domain"}]},
        {"mappings": [{"chatwoot_account_id": 1, "domain": "retail", "sequence": "dez"}]},
        {"mappings": [{"chatwoot_account_id": 1, "domain": "retail", "internal_account_id": "somebody_else"}]},
        {"mappings": [{"chatwoot_account_id": 1, "domain": "retail", "account_id": "somebody_else"}]},
        {"mappings": [{"chatwoot_account_id": 1, "domain": "retail", "special_whatsapp_numbers": [{"number": "12"}]}]},
        {"mapping": {"chatwoot_account_id": 1}},
        {"deleted": True, "mappings": [{"chatwoot_account_id": 1, "domain": "retail"}]},
        {"mappings": [{"chatwoot_account_id": 1, "domain": "a"}, {"chatwoot_account_id": 1, "domain": "b"}]},
        {"mappings": [
            {"chatwoot_account_id": 1, "chatwoot_inbox_id": 7, "domain": "a"},
            {"chatwoot_account_id": 2, "chatwoot_inbox_id": 7, "domain": "b"},
        ]},
    ],
)  # fmt: skip
def test_a_malformed_mapping_is_a_400_in_both_languages(odoo: Odoo, fields: dict[str, Any]) -> None:
    body = {**odoo.mappings(), **fields}
    details = {
        assert_problem(odoo.send(body, **{"Accept-Language": language}), 400, "data_invalid")["detail"]
        for language in ("pt-BR", "en")
    }
    assert len(details) == 2
    assert not any(odoo.routes().values())


def test_a_number_that_several_mappings_have_stands_once(odoo: Odoo) -> None:
    numbers = [[{"number": number, "crew": crew}] for number, crew in (("+5511987", "late"), ("55 11 987", "first"))]
    odoo.sent(odoo.mappings(
        odoo.mapped("1", sequence=20, special_whatsapp_numbers=numbers[0]),
        odoo.mapped("2", sequence=10, special_whatsapp_numbers=numbers[1]),
    ))  # fmt: skip
    assert [entry["crew"] for entry in odoo.routes()["special_numbers"]] == ["first"]


def test_an_account_of_somebody_else_is_a_conflict_that_can_be_replayed(odoo: Odoo, served: RunningPlatform) -> None:
    other = Odoo(served.client, f"{odoo.tenant}_b")
    other.sent(other.mappings(odoo.mapped("1")))
    odoo.sent(odoo.mappings(odoo.mapped("2")))
    body = odoo.mappings(odoo.mapped("1"), odoo.mapped("2"))
    assert_problem(odoo.send(body, **{"webhook-sequence": "7"}), 409, "mapping_taken")
    assert set(odoo.routes()["accounts"]) == {f"{odoo.tenant}-2"}
    refused = odoo.client.get("/config/deliveries", params={"tenant": odoo.tenant}).json()[0]
    assert (refused["event"], refused["outcome"], refused["replayable"]) == ("mapping_sync", "refused", True)
    other.sent(other.mappings())
    path = f"/config/deliveries/{odoo.tenant}/{refused['id']}/replay"
    assert odoo.client.post(path, params={"dry_run": "true"}).json()["outcome"] == "applied"
    assert odoo.client.post(path).json()["outcome"] == "applied"
    assert set(odoo.routes()["accounts"]) == {f"{odoo.tenant}-1", f"{odoo.tenant}-2"}


def test_a_mapping_of_a_tenant_out_of_reach(served: RunningPlatform, tenant: str) -> None:
    own = Odoo(served.with_rights("mapping:write", tenants=["somebody_else"]), tenant)
    assert own.send(own.mappings()).status_code == 404
    assert own.send(own.mappings(account_id="somebody_else")).status_code == 200


def test_a_mapping_asks_for_its_own_right(served: RunningPlatform, tenant: str) -> None:
    own = Odoo(served.with_rights("config:write", tenants=[tenant]), tenant)
    assert own.send(own.mappings()).status_code == 403


# --- numbers


def test_a_late_full_state_is_told_how_far_the_service_is(odoo: Odoo) -> None:
    for body, late in (
        (odoo.credentials(name="new"), odoo.removal()),
        (odoo.mappings(odoo.mapped("1")), odoo.mappings()),
    ):
        assert "sequence" not in odoo.sent(body, **{"webhook-sequence": "12"})
        answer = odoo.sent(late, **{"webhook-sequence": "11"})
        assert (answer["superseded"], answer["sequence"]) == (True, 12)
    assert odoo.document("config")["name"] == "new"
    assert odoo.routes()["accounts"]


def test_a_late_write_of_a_document_is_told_so_by_a_header(odoo: Odoo) -> None:
    path = f"/configs/{odoo.tenant}/retail/config"
    taken = odoo.client.put(path, json={"n": 1}, headers={"webhook-sequence": "12"})
    assert "x-config-sequence" not in taken.headers
    late = odoo.client.put(path, json={"n": 2}, headers={"webhook-sequence": "11"})
    assert (late.headers["x-config-superseded"], late.headers["x-config-sequence"]) == ("true", "12")


def test_a_late_company_document_is_told_so_by_a_header(odoo: Odoo) -> None:
    path, headers = f"/company-services/{odoo.tenant}/metadata", {"X-Security-Token": "a-token"}
    for number in ("12", "11"):
        text = f"account_id: {odoo.tenant}\nn: {number}\n"
        answer = odoo.client.post(path, json={"yaml_content": text}, headers={**headers, "webhook-sequence": number})
        assert answer.status_code == 200, answer.text
    assert answer.headers["x-config-sequence"] == "12"


def test_reconciling_tells_the_senders_own_numbers_and_the_mappings_version(
    odoo: Odoo, served: RunningPlatform
) -> None:
    path = f"/configs/{odoo.tenant}/reconcile"
    empty = odoo.client.post(path, json={"documents": []}).json()
    assert (empty["mapping_version"], empty["streams"]) == (0, [])
    odoo.sent(odoo.credentials(), **{"webhook-sequence": "4"})
    odoo.sent(odoo.mappings(odoo.mapped("1")), **{"webhook-sequence": "9"})
    odoo.sent(odoo.mappings(odoo.mapped("2")), **{"webhook-sequence": "10"})
    answer = odoo.client.post(path, json={"documents": []}).json()
    assert answer["mapping_version"] == 2
    assert answer["streams"] == [
        {"stream": "credentials_sync:retail", "sequence": 4}, {"stream": "mapping_sync", "sequence": 10},
    ]  # fmt: skip
    other = served.with_rights("config:read", tenants=[odoo.tenant])
    assert other.post(path, json={"documents": []}).json()["streams"] == []
