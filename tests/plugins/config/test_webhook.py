"""`POST /odoo-webhook/`: every event in both forms, merged so that no producer loses what another one wrote."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.problems import assert_problem

CREDENTIALS_ANSWER = {
    "success", "message", "tenant_id", "domain", "config_version", "credentials_version", "timestamp",
}  # fmt: skip
EMPTY: list[Any] = [None, "", False, [], {}]


class Odoo:
    """A sender of webhooks for one tenant, and a reader of what became of them."""

    def __init__(self, client: httpx.Client, tenant: str) -> None:
        self.client, self.tenant = client, tenant

    def send(self, body: Any, **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(
            "/odoo-webhook/", content=content, headers={"Content-Type": "application/json", **headers}
        )

    def sent(self, body: Any) -> dict[str, Any]:
        answer = self.send(body)
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def flat(self, **fields: Any) -> dict[str, Any]:
        return {"event_type": "credentials_sync", "account_id": self.tenant, "token": "tok-1", **fields}

    def nested(self, **fields: Any) -> dict[str, Any]:
        return {
            "source": "credentials", "event": "credentials_sync", "account_id": self.tenant, "token": "tok-1",
            "credentials": {"domain": "default", "token": "tok-1", **fields},
        }  # fmt: skip

    def metadata(self, **fields: Any) -> dict[str, Any]:
        return {"event_type": "company_metadata_sync", "account_id": self.tenant, **fields}

    def mapping(self, **fields: Any) -> dict[str, Any]:
        given = {"chatwoot_account_id": f"c-{self.tenant}", "internal_account_id": self.tenant, "domain": "retail"}
        return {"source": "channel_mapping", "event": "mapping_sync", "mapping": {**given, **fields}}

    def document(self, config_type: str, domain: str = "default") -> dict[str, Any]:
        answer = self.client.get(f"/configs/{self.tenant}/{domain}/{config_type}")
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["json_data"]
        return data

    def deliveries(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.client.get("/config/deliveries", params={"tenant": self.tenant}).json()
        return listed


@pytest.fixture
def odoo(served: RunningPlatform, tenant: str) -> Odoo:
    return Odoo(served.client, tenant)


# --- the real bodies


def test_the_nested_body_of_the_addon(
    run_platform: Callable[..., RunningPlatform], sample: Callable[[str], str]
) -> None:
    odoo = Odoo(run_platform().client, "account_1")
    answer = odoo.client.post(
        "/odoo-webhook", content=sample("webhook_credentials_nested_addon.json"),
        headers={"Content-Type": "application/json"},
    )  # fmt: skip
    assert answer.status_code == 200
    said = answer.json()
    assert set(said) == CREDENTIALS_ANSWER
    assert said | {"timestamp": ""} == {
        "success": True, "message": "Credenciais sincronizadas com sucesso", "tenant_id": "account_1",
        "domain": "retail", "config_version": 1, "credentials_version": 1, "timestamp": "",
    }  # fmt: skip
    assert odoo.document("config", "retail") == {
        "account_id": "account_1",
        "name": "Loja Aurora",
        "integrations": {
            "mcp": {
                "type": "odoo-mcp",
                "config": {
                    "url": "http://localhost:8069", "db": "account_1", "username": "user@example.com",
                    "credential_ref": "account_1-00bfe67a",
                },
            },
            "qdrant": {"collection": "business_rules_account_1"},
            "redis": {"prefix": "account_1"},
            "facebook": {
                "app_id": "12345678910", "app_secret_ref": "fb_secret_account_1",
                "access_token_ref": "fb_token_account_1",
            },
            "instagram": {
                "client_id": "12345678910", "client_secret_ref": "ig_secret_account_1",
                "access_token_ref": "ig_token_account_1",
            },
            "mercado_livre": {
                "app_id": "123456", "client_secret_ref": "ml_secret_account_1",
                "access_token_ref": "ml_token_account_1",
            },
        },
    }  # fmt: skip
    assert odoo.document("credentials", "retail") == {
        "account_id": "account_1",
        "credentials": {
            "account_1-00bfe67a": "not-a-real-password", "fb_secret_account_1": "fake", "fb_token_account_1": "fake",
            "ig_secret_account_1": "fake", "ig_token_account_1": "fake", "ml_secret_account_1": "fake",
            "ml_token_account_1": "fake",
        },
    }  # fmt: skip


def test_the_flat_body_of_the_documentation(
    run_platform: Callable[..., RunningPlatform], sample: Callable[[str], str]
) -> None:
    odoo = Odoo(run_platform().client, "123456")
    said = odoo.sent(json.loads(sample("webhook_credentials_flat.json")))
    assert (said["tenant_id"], said["domain"], said["config_version"], said["credentials_version"]) == (
        "123456", "default", 1, 1,
    )  # fmt: skip
    config = odoo.document("config")
    assert config["enabled_collections"] == [
        "business_rules", "products_informations", "scheduling_rules", "support_documents",
    ]  # fmt: skip
    assert config["integrations"]["qdrant"] == {"collection": "business_rules_123456"}
    assert config["integrations"]["redis"] == {"prefix": "123456"}
    assert config["description"] == "Configuração para Cliente Exemplo"
    assert odoo.document("credentials")["credentials"] == {"token_referencia": "senha_segura"}
    said = odoo.sent(json.loads(sample("webhook_company_metadata.json")))
    assert said | {"timestamp": ""} == {
        "success": True, "message": "Metadados da empresa sincronizados com sucesso", "tenant_id": "123456",
        "domain": "default", "metadata_version": 1, "timestamp": "",
    }  # fmt: skip
    metadata = odoo.document("metadata")
    body = json.loads(sample("webhook_company_metadata.json"))
    for name in ("name", "description", "business_area", "company_values", "address", "business_hours",
                 "enabled_collections", "account_id"):  # fmt: skip
        assert metadata[name] == body[name]
    assert metadata["online_presence"] == {
        name: body[name]
        for name in ("website", "facebook_url", "instagram_url", "mention_website_at_end", "mention_facebook_at_end",
                     "mention_instagram_at_end")
    }  # fmt: skip
    assert metadata["communication"] == {
        name: body[name] for name in ("greeting_message", "communication_style", "emoji_usage")
    }
    assert "business_area_other" not in metadata
    said = odoo.sent(json.loads(sample("webhook_mapping_doc.json")))
    assert set(said) == {"success", "message", "version", "timestamp"}
    assert (said["success"], said["message"], said["version"]) == (True, "Mapeamento sincronizado com sucesso", 1)
    odoo.sent(json.loads(sample("webhook_mapping_addon.json")))
    assert odoo.client.get("/mapping/").json() == {
        "accounts": {
            "987654": {"account_id": "123456", "domain": "default"},
            "1": {"account_id": "account_1", "domain": "retail"},
        },
        "inboxes": {"12345": {"account_id": "123456", "domain": "default"}},
        "fallbacks": [
            {"domain": "default", "account_id": "123456", "sequence": 10},
            {"domain": "retail", "account_id": "account_1", "sequence": 10},
        ],
        "special_numbers": [
            {"number": "5511999999999", "crew": "analytics", "domain": "default", "account_id": "123456"},
            {"number": "+5511999999999", "crew": "analytics", "domain": "retail", "account_id": "account_1"},
        ],
    }


# --- which event it is

PAYLOAD = {"chatwoot_account_id": 1, "internal_account_id": "T", "domain": "retail"}


@pytest.mark.parametrize(
    ("body", "event"),
    [
        ({"event_type": "credentials_sync"}, "credentials_sync"),
        ({"event_type": "company_metadata_sync"}, "company_metadata_sync"),
        ({"event_type": "mapping_sync", "mapping": PAYLOAD}, "mapping_sync"),
        # event_type decides before every other sign
        ({"event_type": "company_metadata_sync", "credentials": {}, "mapping": PAYLOAD}, "company_metadata_sync"),
        ({"event_type": "mapping_sync", "credentials": {}, "mapping": PAYLOAD}, "mapping_sync"),
        ({"event_type": "credentials_sync", "mapping": PAYLOAD, "source": "channel_mapping"}, "credentials_sync"),
        # what Odoo writes for an empty event_type says nothing
        ({"event_type": "", "credentials": {}}, "credentials_sync"),
        ({"event_type": False, "mapping": PAYLOAD}, "mapping_sync"),
        ({"event_type": None, "source": "credentials"}, "credentials_sync"),
        # then the key credentials, then the key mapping, whatever they hold
        ({"credentials": {}, "mapping": PAYLOAD}, "credentials_sync"),
        ({"credentials": None, "source": "channel_mapping", "mapping": PAYLOAD}, "credentials_sync"),
        ({"mapping": PAYLOAD, "source": "credentials"}, "mapping_sync"),
        # then the source
        ({"source": "credentials"}, "credentials_sync"),
        # `event`, which the addon sends, was never read and decides nothing
        ({"event": "mapping_sync", "source": "credentials"}, "credentials_sync"),
    ],
)  # fmt: skip
def test_how_the_event_is_told(odoo: Odoo, body: dict[str, Any], event: str) -> None:
    given = json.loads(json.dumps(body).replace('"T"', f'"{odoo.tenant}"').replace(": 1,", f': "c-{odoo.tenant}",'))
    odoo.sent({"account_id": odoo.tenant, "token": "tok", **given})
    assert [item["event"] for item in odoo.deliveries()] == [event]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"event_type": "unknown"},
        {"event_type": "unknown", "credentials": {}},
        {"event_type": 1},
        {"event_type": ["credentials_sync"]},
        {"event_type": {"a": 1}},
        {"source": "other"},
        {"source": ["credentials"]},
        {"source": {}},
        {"event": "credentials_sync"},
        {"event_type": "CREDENTIALS_SYNC"},
        {"event_type": True},
        {"config": {}},
        [],
        "credentials_sync",
        None,
        1,
    ],
)
@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_an_event_that_cannot_be_told(odoo: Odoo, body: Any, language: str) -> None:
    if isinstance(body, dict):
        body = {"account_id": odoo.tenant, "token": "t", **body}
    answer = odoo.send(body, **{"Accept-Language": language})
    assert_problem(answer, 400, "event_unknown", "Tipo de evento não suportado ou não identificado")


def test_source_channel_mapping_asks_for_a_mapping(odoo: Odoo) -> None:
    answer = odoo.send({"source": "channel_mapping", "account_id": odoo.tenant})
    assert_problem(answer, 400, "data_incomplete", "Dados incompletos: mapping é obrigatório")


# --- what must be there


@pytest.mark.parametrize("empty", [*EMPTY, "absent"])
@pytest.mark.parametrize(
    ("form", "field"),
    [
        ("flat", "account_id"), ("flat", "token"), ("nested", "account_id"), ("nested", "token"),
        ("metadata", "account_id"), ("mapping", "mapping"), ("mapping", "chatwoot_account_id"),
        ("mapping", "internal_account_id"), ("mapping", "domain"),
    ],
)  # fmt: skip
def test_missing_data_is_named(odoo: Odoo, form: str, field: str, empty: Any) -> None:
    body = getattr(odoo, form)()
    holders = [body] if field == "mapping" else [body.get("mapping", body)]
    if form == "nested" and field == "token":
        holders = [body, body["credentials"]]
    for holder in holders:
        holder[field] = empty
        if empty == "absent":
            del holder[field]
    for language in ("pt-BR", "en"):
        problem = assert_problem(odoo.send(body, **{"Accept-Language": language}), 400, "data_incomplete")
        assert problem["detail"] == f"Dados incompletos: {field} é obrigatório"


@pytest.mark.parametrize(
    ("form", "field", "value"),
    [
        ("flat", "account_id", "a b"),
        ("flat", "account_id", "../x"),
        ("flat", "account_id", "x" * 129),
        ("flat", "account_id", 1.5),
        ("flat", "account_id", True),
        ("flat", "account_id", ["a"]),
        ("flat", "domain", "a/b"),
        ("flat", "domain", {"a": 1}),
        ("flat", "token", "a\nb"),
        ("flat", "token", "x" * 200),
        ("flat", "token", ["t"]),
        ("flat", "integrations", "x"),
        ("flat", "integrations", [1]),
        ("metadata", "account_id", "ção"),
        ("metadata", "domain", "."),
        ("mapping", "chatwoot_account_id", "a b"),
        ("mapping", "chatwoot_account_id", 1.5),
        ("mapping", "chatwoot_account_id", "None"),
        ("mapping", "chatwoot_inbox_id", "a/b"),
        ("mapping", "chatwoot_inbox_id", [3]),
        ("mapping", "sequence", "dez"),
        ("mapping", "sequence", 10**12),
        ("mapping", "sequence", 1.5),
        ("mapping", "special_whatsapp_numbers", "x"),
        ("mapping", "special_whatsapp_numbers", [{"number": "12"}]),
        ("mapping", "special_whatsapp_numbers", [1]),
        ("mapping", "special_whatsapp_numbers", [{"number": "٠١٢٣٤"}]),
        ("mapping", "special_whatsapp_numbers", [{"number": 5511999999999}]),
        ("mapping", "special_whatsapp_numbers", [{"number": "+5511999999999", "crew": 5}]),
    ],
)
def test_malformed_data_is_a_400_in_both_languages(odoo: Odoo, form: str, field: str, value: Any) -> None:
    body = getattr(odoo, form)()
    body.get("mapping", body)[field] = value
    details = {
        assert_problem(odoo.send(body, **{"Accept-Language": language}), 400, "data_invalid")["detail"]
        for language in ("pt-BR", "en")
    }
    assert len(details) == 2
    assert odoo.client.get(f"/configs/{odoo.tenant}").json() == []


def test_numbers_are_read_as_ids(odoo: Odoo) -> None:
    number = int("9" + odoo.tenant.rpartition("_")[2])
    odoo = Odoo(odoo.client, str(number))
    assert odoo.sent(odoo.flat(account_id=number))["tenant_id"] == str(number)
    assert odoo.document("config")["account_id"] == str(number)
    odoo.sent(odoo.mapping(chatwoot_account_id=number, chatwoot_inbox_id=number + 1, internal_account_id=number))
    mine = odoo.client.get("/mapping/").json()
    assert mine["accounts"][str(number)] == {"account_id": str(number), "domain": "retail"}
    assert mine["inboxes"][str(number + 1)] == {"account_id": str(number), "domain": "retail"}


# --- whose it is


def test_a_body_that_names_two_tenants_is_refused(served: RunningPlatform, tenant: str) -> None:
    """The right is checked for one tenant; nothing may be written to the other one."""
    victim = f"{tenant}-victim"
    Odoo(served.client, victim).sent(Odoo(served.client, victim).flat(odoo_password="theirs"))
    thief = Odoo(served.with_rights("config:read", "config:write", tenants=[tenant]), tenant)
    for body in (
        {**thief.nested(account_id=victim, odoo_password="mine"), "account_id": tenant},
        {**thief.nested(account_id=tenant, odoo_password="mine"), "account_id": victim},
    ):
        assert_problem(thief.send(body), 400, "data_invalid")
    assert_problem(thief.send(thief.nested(account_id=victim) | {"account_id": ""}), 404, "tenant_not_found")
    assert_problem(thief.send(thief.flat(account_id=victim)), 404, "tenant_not_found")
    assert_problem(thief.send(thief.metadata(account_id=victim)), 404, "tenant_not_found")
    stands = served.client.get(f"/configs/{victim}/default/credentials").json()
    assert (stands["version"], stands["json_data"]["credentials"]) == (1, {"tok-1": "theirs"})


def test_each_event_asks_for_its_right(served: RunningPlatform, tenant: str) -> None:
    config, mapping = (Odoo(served.with_rights(right), tenant) for right in ("config:write", "mapping:write"))
    assert config.send(config.flat()).status_code == 200
    assert config.send(config.metadata()).status_code == 200
    assert mapping.send(mapping.mapping()).status_code == 200
    assert assert_problem(config.send(config.mapping()), 403, "forbidden")["right"] == "mapping:write"
    for body in (mapping.flat(), mapping.metadata()):
        assert assert_problem(mapping.send(body), 403, "forbidden")["right"] == "config:write"


@pytest.mark.parametrize("path", ["/odoo-webhook", "/odoo-webhook/"])
def test_with_and_without_a_slash_and_without_a_key(served: RunningPlatform, odoo: Odoo, path: str) -> None:
    answer = odoo.client.post(path, json=odoo.flat(), follow_redirects=False)
    assert answer.status_code == 200
    refused = served.as_key(None).post(path, json=odoo.flat())
    assert_problem(refused, 401, "unauthorized", "Chave de API inválida ou não fornecida")


# --- merging

FULL_CREDENTIALS = {
    "name": "Loja", "description": "d", "odoo_url": "https://odoo.example", "odoo_db": "db", "odoo_username": "u",
    "odoo_password": "p4ss", "qdrant_collection": "q", "redis_prefix": "r", "enabled_collections": ["a"],
    "facebook_app_id": "f", "facebook_app_secret": "fs", "facebook_access_token": "ft", "instagram_client_id": "i",
    "instagram_client_secret": "is", "instagram_access_token": "it", "mercado_livre_app_id": "m",
    "mercado_livre_client_secret": "ms", "mercado_livre_access_token": "mt",
    "integrations": {"crm": {"url": "https://crm.example"}}, "plan": "gold", "vendor_token": "vt",
}  # fmt: skip


@pytest.mark.parametrize("empty", EMPTY, ids=repr)
@pytest.mark.parametrize("form", ["flat", "nested"])
def test_empty_values_overwrite_no_credential(odoo: Odoo, form: str, empty: Any) -> None:
    odoo.sent(getattr(odoo, form)(**FULL_CREDENTIALS))
    config, credentials = odoo.document("config"), odoo.document("credentials")
    said = odoo.sent(getattr(odoo, form)(**dict.fromkeys(FULL_CREDENTIALS, empty)))
    assert (said["config_version"], said["credentials_version"]) == (1, 1)
    assert (odoo.document("config"), odoo.document("credentials")) == (config, credentials)
    assert odoo.deliveries()[0]["outcome"] == "identical"


FULL_METADATA = {
    "name": "n", "description": "d", "business_area": "retail", "business_area_other": "o", "company_values": "v",
    "website": "w", "facebook_url": "f", "instagram_url": "i", "greeting_message": "g", "communication_style": "c",
    "emoji_usage": "e", "address": {"street": "Rua", "street2": "Sala 45", "geo": {"lat": "1"}},
    "business_hours": {"start": 9.0, "note": "n"}, "enabled_collections": ["a"], "slogan": "Sempre",
}  # fmt: skip


@pytest.mark.parametrize("empty", EMPTY, ids=repr)
def test_empty_values_overwrite_no_metadata(odoo: Odoo, empty: Any) -> None:
    odoo.sent(odoo.metadata(**FULL_METADATA, mention_website_at_end=True))
    before = odoo.document("metadata")
    emptied = {
        **dict.fromkeys(FULL_METADATA, empty),
        "address": {"street": empty, "street2": empty, "geo": empty},
        "business_hours": {"start": empty, "note": empty},
    }
    assert odoo.sent(odoo.metadata(**emptied))["metadata_version"] == 1
    assert odoo.document("metadata") == before


def test_a_flag_that_is_false_is_a_value(odoo: Odoo) -> None:
    flags = ("mention_website_at_end", "mention_facebook_at_end", "mention_instagram_at_end")
    odoo.sent(odoo.metadata(**dict.fromkeys(flags, True), business_hours={"sunday": True}, pilot=True))
    odoo.sent(odoo.metadata(**dict.fromkeys(flags, False), business_hours={"sunday": False}, pilot=False))
    metadata = odoo.document("metadata")
    assert metadata["online_presence"] == dict.fromkeys(flags, False)
    assert metadata["business_hours"] == {"sunday": False}
    assert metadata["pilot"] is False
    odoo.sent(odoo.flat(pilot=True))
    odoo.sent(odoo.flat(pilot=False))
    assert odoo.document("config")["pilot"] is False


def test_what_other_producers_wrote_survives_every_sync(odoo: Odoo) -> None:
    """The defect that this service was rebuilt for: each producer rewrote the whole document."""
    path = f"/configs/{odoo.tenant}/default/config"
    others = {
        "enabled_collections": ["business_rules", "support_documents"],
        "company_metadata": {"company_info": {"company_name": "Sandra"}, "promotions": {"inform_at_start": True}},
        "integrations": {"mcp": {"config": {"timeout": 30}}, "openai": {"model": "m", "api_key": "sk-their-key"}},
    }
    assert odoo.client.post(path, json={"yaml_content": json.dumps(others)}).status_code == 200
    odoo.client.put(f"/configs/{odoo.tenant}/default/credentials", json={"credentials": {"theirs": "s3cr3t"}})
    odoo.sent(odoo.nested(odoo_url="https://o.example", odoo_password="p", facebook_app_id="f"))
    odoo.sent(odoo.flat(odoo_db="db", instagram_client_secret="i"))
    odoo.sent(odoo.metadata(name="n", enabled_collections=["other"]))
    config = odoo.document("config")
    assert config["enabled_collections"] == others["enabled_collections"]
    assert config["company_metadata"] == others["company_metadata"]
    assert config["integrations"]["openai"] == {"model": "m", "api_key": "sk-their-key"}
    assert config["integrations"]["mcp"] == {
        "type": "odoo-mcp",
        "config": {"timeout": 30, "url": "https://o.example", "credential_ref": "tok-1", "db": "db"},
    }
    assert config["integrations"]["facebook"] == {"app_id": "f"}
    assert odoo.document("credentials")["credentials"] == {
        "theirs": "s3cr3t", "tok-1": "p", f"ig_secret_{odoo.tenant}": "i",
    }  # fmt: skip
    odoo.client.patch(path, json={"enabled_collections": ["mine"]})
    odoo.sent(odoo.flat(odoo_db="db2"))
    assert odoo.document("config")["enabled_collections"] == ["mine"]


def test_keys_keep_their_places_over_syncs(odoo: Odoo) -> None:
    path = f"/configs/{odoo.tenant}/default/config"
    odoo.client.post(
        path, json={"yaml_content": "zeta: 1\naccount_id: x\nintegrations: {redis: {prefix: p}}\nalfa: 2\n"}
    )
    odoo.sent(odoo.flat(name="n"))
    assert list(odoo.document("config")) == ["zeta", "account_id", "integrations", "alfa", "name"]
    assert list(odoo.document("config")["integrations"]) == ["redis", "mcp", "qdrant"]


def test_the_defaults_fill_what_nobody_set(odoo: Odoo) -> None:
    odoo.sent(odoo.flat(qdrant_collection="mine"))
    assert odoo.document("config")["integrations"]["qdrant"] == {"collection": "mine"}
    assert odoo.document("config")["integrations"]["redis"] == {"prefix": odoo.tenant}
    odoo.sent(odoo.flat(redis_prefix="other"))
    assert odoo.document("config")["integrations"]["qdrant"] == {"collection": "mine"}
    assert odoo.document("config")["integrations"]["redis"] == {"prefix": "other"}
    odoo.sent(odoo.flat(name="n"))
    assert odoo.document("config")["integrations"]["redis"] == {"prefix": "other"}


def test_unknown_fields_are_kept_and_unknown_secrets_go_where_secrets_are(odoo: Odoo) -> None:
    body = odoo.nested(plan="gold", limits={"daily": 5, "note": "1.10"}, whatsapp_api_key="wa-1", shop_password="sp")
    odoo.sent(json.dumps(body).replace('"1.10"', "1.10").encode())
    config = odoo.document("config")
    assert (config["plan"], config["limits"]) == ("gold", {"daily": 5, "note": 1.1})
    assert config["whatsapp_api_key_ref"] == f"whatsapp_api_key_{odoo.tenant}"
    assert config["shop_password_ref"] == f"shop_password_{odoo.tenant}"
    assert "whatsapp_api_key" not in config
    credentials = odoo.document("credentials")["credentials"]
    assert credentials[f"whatsapp_api_key_{odoo.tenant}"] == "wa-1"
    assert credentials[f"shop_password_{odoo.tenant}"] == "sp"
    raw = odoo.client.get(f"/configs/{odoo.tenant}/default/config").text
    assert '"note":1.10' in raw
    odoo.sent(odoo.metadata(slogan="Sempre", loyalty={"points": 3}))
    assert odoo.document("metadata")["slogan"] == "Sempre"
    assert odoo.document("metadata")["loyalty"] == {"points": 3}


def test_references_read_in_clear_and_secrets_masked(served: RunningPlatform, odoo: Odoo) -> None:
    odoo.sent(odoo.flat(**FULL_CREDENTIALS))
    agent = Odoo(served.with_rights("config:read", tenants=[odoo.tenant]), odoo.tenant)
    config = agent.document("config")
    assert config["integrations"]["facebook"]["app_secret_ref"] == f"fb_secret_{odoo.tenant}"
    assert config["integrations"]["mcp"]["config"]["credential_ref"] == "tok-1"
    names = set(agent.document("credentials")["credentials"])
    assert {"tok-1", f"ml_token_{odoo.tenant}", f"vendor_token_{odoo.tenant}"} <= names
    assert all(
        value == {"$secret": name, "set": True} for name, value in agent.document("credentials")["credentials"].items()
    )


def test_another_token_makes_another_credential(odoo: Odoo) -> None:
    odoo.sent(odoo.flat(odoo_password="one"))
    odoo.sent(odoo.flat(token="tok-2", odoo_password="two"))
    assert odoo.document("credentials")["credentials"] == {"tok-1": "one", "tok-2": "two"}
    assert odoo.document("config")["integrations"]["mcp"]["config"]["credential_ref"] == "tok-2"
    # The nested token counts before the one beside it.
    odoo.sent({**odoo.nested(token="tok-3", odoo_password="three"), "token": "tok-outer"})
    assert odoo.document("config")["integrations"]["mcp"]["config"]["credential_ref"] == "tok-3"


def test_both_documents_change_or_neither(odoo: Odoo) -> None:
    big = "x" * 1_000_000
    odoo.client.put(f"/configs/{odoo.tenant}/default/credentials", json={"credentials": {"big": big}})
    before = odoo.client.get(f"/configs/{odoo.tenant}").json()
    answer = odoo.send(odoo.flat(name="n", odoo_password="y" * 60_000))
    assert_problem(answer, 422, "patch_invalid")
    assert odoo.client.get(f"/configs/{odoo.tenant}").json() == before
    assert_problem(odoo.client.get(f"/configs/{odoo.tenant}/default/config"), 404)


def test_a_sync_after_a_deletion_and_after_an_erasure(served: RunningPlatform, odoo: Odoo) -> None:
    odoo.sent(odoo.flat(**FULL_CREDENTIALS))
    odoo.client.delete(f"/configs/{odoo.tenant}/default/config")
    said = odoo.sent(odoo.flat(odoo_db="db"))
    assert said["config_version"] == 3
    assert "plan" not in odoo.document("config")
    administrator = served.with_rights()
    assert administrator.delete(f"/config/tenants/{odoo.tenant}/secrets").status_code == 200
    assert odoo.client.get(f"/configs/{odoo.tenant}/default/credentials").status_code == 410
    # Odoo goes on: what it sends stands, what was erased stays erased.
    odoo.sent(odoo.flat(odoo_password="new"))
    credentials = odoo.document("credentials")["credentials"]
    assert credentials["tok-1"] == "new"
    assert credentials[f"fb_secret_{odoo.tenant}"] is None


def test_a_document_that_is_no_mapping_is_replaced(odoo: Odoo) -> None:
    odoo.client.post(f"/configs/{odoo.tenant}/default/config", json={"yaml_content": "- a\n- b\n"})
    odoo.sent(odoo.flat(name="n"))
    assert odoo.document("config")["name"] == "n"


# --- mapping_sync


def test_mapping_sync_replaces_what_is_this_tenants_and_merges_the_rest(odoo: Odoo) -> None:
    account, inbox = f"c-{odoo.tenant}", f"i-{odoo.tenant}"
    stranger = {"account_id": f"{odoo.tenant}-other", "domain": "health"}
    odoo.client.patch("/mapping/", json={"mapping_data": {
        "accounts": {account: {"account_id": odoo.tenant, "domain": "old", "label": "VIP"}, f"x{account}": stranger},
        "inboxes": {f"x{inbox}": stranger},
        "fallbacks": [{**stranger, "sequence": 1}], "special_numbers": [{"number": "+5511000000000", **stranger}],
    }})  # fmt: skip
    numbers = [{"number": "+5511999999999", "crew": "analytics", "label": "chefe"}, {"number": False}, {"number": ""}]
    odoo.sent(odoo.mapping(chatwoot_inbox_id=inbox, is_fallback=True, sequence=5, special_whatsapp_numbers=numbers))
    mine = {"account_id": odoo.tenant, "domain": "retail"}
    whole = odoo.client.get("/mapping/").json()
    assert whole["accounts"][account] == {**mine, "label": "VIP"}
    assert whole["inboxes"][inbox] == mine
    assert {**mine, "sequence": 5} in whole["fallbacks"]
    assert {"number": "+5511999999999", "crew": "analytics", "label": "chefe", **mine} in whole["special_numbers"]
    second = odoo.sent(odoo.mapping(chatwoot_account_id=f"{account}-2", is_fallback=False, special_whatsapp_numbers=[]))
    assert second["version"] == 3
    whole = odoo.client.get("/mapping/").json()
    assert {account, f"{account}-2"} <= set(whole["accounts"])
    assert [entry for entry in whole["fallbacks"] if entry["account_id"] == odoo.tenant] == []
    assert [entry for entry in whole["special_numbers"] if entry["account_id"] == odoo.tenant] == []
    assert whole["accounts"][f"x{account}"] == whole["inboxes"][f"x{inbox}"] == stranger
    assert {**stranger, "sequence": 1} in whole["fallbacks"]


@pytest.mark.parametrize("empty", [*EMPTY, 0, "0", "None", "False"], ids=repr)
def test_an_inbox_that_is_none_is_none(odoo: Odoo, empty: Any) -> None:
    odoo.sent(odoo.mapping(chatwoot_inbox_id=empty))
    whole = odoo.client.get("/mapping/").json()
    assert [key for key, entry in whole["inboxes"].items() if entry["account_id"] == odoo.tenant] == []
    assert whole["accounts"][f"c-{odoo.tenant}"] == {"account_id": odoo.tenant, "domain": "retail"}


def test_mapping_sync_on_another_tenants_account_changes_nothing(served: RunningPlatform, odoo: Odoo) -> None:
    odoo.sent(odoo.mapping())
    other = f"{odoo.tenant}-other"
    thief = Odoo(served.with_rights("mapping:write", "config:read", tenants=[other]), other)
    answer = thief.send(thief.mapping(chatwoot_account_id=f"c-{odoo.tenant}", is_fallback=True))
    assert_problem(answer, 409, "mapping_taken")
    assert_problem(thief.client.get("/mapping/"), 404)
    assert thief.deliveries()[0]["status"] == 409
    assert odoo.client.get("/mapping/").json()["accounts"][f"c-{odoo.tenant}"]["account_id"] == odoo.tenant


def test_an_unknown_secret_is_not_put_into_the_mapping(odoo: Odoo) -> None:
    odoo.sent(odoo.mapping(team="vendas", api_token="s3cr3t-mark"))
    text = odoo.client.get("/mapping/").text
    assert "s3cr3t-mark" not in text
    assert odoo.client.get("/mapping/").json()["accounts"][f"c-{odoo.tenant}"]["team"] == "vendas"


# --- deliveries


def test_what_came_is_listed_with_what_became_of_it(served: RunningPlatform, odoo: Odoo) -> None:
    odoo.sent(odoo.flat(name="n"))
    odoo.sent(odoo.flat(name="n"))
    odoo.send({**odoo.flat(name="n"), "token": ""}, **{"webhook-id": "bad-1"})
    odoo.send(odoo.flat(name="m"), **{"webhook-id": "good-1"})
    listed = odoo.deliveries()
    assert [(item["outcome"], item["status"], item["delivery_id"]) for item in listed] == [
        ("applied", 200, "good-1"), ("refused", 400, "bad-1"), ("identical", 200, None), ("applied", 200, None),
    ]  # fmt: skip
    assert listed[1]["reason"] == "Dados incompletos: token é obrigatório"
    assert listed[1]["revision"] is None
    for item in listed:
        assert (item["sender"], item["route"], item["event"]) == (
            "bootstrap",
            "POST /odoo-webhook/",
            "credentials_sync",
        )
        assert item["received_at"].endswith("Z")
    assert [item["revision"] for item in listed] == [2, None, None, 1]
    page = odoo.client.get("/config/deliveries", params={"tenant": odoo.tenant, "limit": 2}).json()
    rest = odoo.client.get("/config/deliveries", params={"tenant": odoo.tenant, "before": page[-1]["id"]}).json()
    assert page + rest == listed
    stranger = served.with_rights("config:read", tenants=["someone-else"])
    assert_problem(stranger.get("/config/deliveries", params={"tenant": odoo.tenant}), 404, "tenant_not_found")
    assert stranger.get("/config/deliveries").json() == []


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        (b"{", 400, "JSON inválido"), (b"[]", 400, "Tipo de evento"), (b'{"a": 1}', 400, "Tipo de evento"),
        (b'{"event_type": "credentials_sync"}', 400, "account_id"),
    ],
)  # fmt: skip
def test_refused_deliveries_without_a_tenant_are_listed_for_who_sees_all(
    served: RunningPlatform, content: bytes, status: int, reason: str
) -> None:
    answer = served.client.post("/odoo-webhook/", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    newest = served.client.get("/config/deliveries", params={"limit": 1}).json()[0]
    assert (newest["tenant_id"], newest["outcome"], newest["status"]) == ("", "refused", status)
    assert reason in newest["reason"]
    assert served.with_rights("config:read", tenants=["someone"]).get("/config/deliveries").json() == []


def test_history_says_that_a_webhook_wrote(odoo: Odoo) -> None:
    odoo.sent(odoo.flat(name="n"))
    head = odoo.client.get(f"/configs/{odoo.tenant}/default/config/history").json()[0]
    assert (head["origin"], head["message"], head["actor"]) == ("webhook", "credentials_sync", "key:bootstrap")
