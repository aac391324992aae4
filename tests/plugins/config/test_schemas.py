"""`/config/schemas`: what a type of document must look like, and what becomes of one that does not."""

import itertools
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform, wait_until
from sprintia_testing.problems import assert_problem

from sprintia_config.schemas.compiled import CompiledSchema
from sprintia_config.schemas.outline import DIALECT, SchemaRefusedError
from sprintia_platform.content.values import Json, Number

YAML = {"Content-Type": "application/x-yaml"}
NEEDS_NAME = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "minLength": 2}}}
_TYPES = itertools.count(1)


@pytest.fixture
def config_type() -> str:
    """A type of document that no other test knows."""
    return f"type_{next(_TYPES)}"


def set_schema(
    client: httpx.Client, config_type: str, schema: Any, mode: str = "reject", **more: Any
) -> httpx.Response:
    return client.put(f"/config/schemas/{config_type}", json={"schema": schema, "mode": mode, **more})


def put(client: httpx.Client, path: str, text: str, **headers: str) -> httpx.Response:
    return client.put(f"/configs/{path}", content=text, headers={**YAML, **headers})


def pointers(answer: httpx.Response) -> list[tuple[str, str]]:
    return [(fault["code"], fault["pointer"]) for fault in answer.json()["errors"]]


# --- keeping schemas


def test_a_schema_is_kept_in_versions(served: RunningPlatform, config_type: str) -> None:
    client, path = served.client, f"/config/schemas/{config_type}"
    assert_problem(client.get(path), 404, "schema_not_found")
    assert client.get(f"{path}/history").json() == []
    first = set_schema(client, config_type, NEEDS_NAME, "warn", message="primeiro").json()
    assert (first["version"], first["mode"], first["schema"], first["actor"], first["message"]) == (
        1, "warn", NEEDS_NAME, "key:bootstrap", "primeiro",
    )  # fmt: skip
    assert set_schema(client, config_type, NEEDS_NAME, "warn").json() == first, "the same schema makes no version"
    second = set_schema(client, config_type, NEEDS_NAME, "reject").json()
    assert (second["version"], client.get(path).json()) == (2, second)
    assert config_type in [item["config_type"] for item in client.get("/config/schemas").json()]
    gone = client.delete(path)
    assert gone.status_code == 200
    assert (gone.json()["version"], gone.json()["schema"], gone.json()["deleted"]) == (3, None, True)
    assert_problem(client.get(path), 404, "schema_not_found")
    assert_problem(client.delete(path), 404, "schema_not_found")
    assert config_type not in [item["config_type"] for item in client.get("/config/schemas").json()]
    assert [item["version"] for item in client.get(f"{path}/history").json()] == [3, 2, 1]
    assert [item["version"] for item in client.get(f"{path}/history?before=3&limit=1").json()] == [2]
    assert set_schema(client, config_type, NEEDS_NAME).json()["version"] == 4


def test_a_schema_keeps_the_letters_of_its_numbers(served: RunningPlatform, config_type: str) -> None:
    body = b'{"mode": "reject", "schema": {"maximum": 9007199254740992, "multipleOf": 0.10}}'
    path = f"/config/schemas/{config_type}"
    assert served.client.put(path, content=body, headers={"Content-Type": "application/json"}).status_code == 200
    assert '{"maximum":9007199254740992,"multipleOf":0.10}' in served.client.get(path).text


def test_conditions_on_a_schema(served: RunningPlatform, config_type: str) -> None:
    client, path = served.client, f"/config/schemas/{config_type}"
    assert set_schema(client, config_type, {}, "warn").status_code == 200
    etag = client.get(path).headers["etag"]
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
    body = {"schema": NEEDS_NAME, "mode": "warn"}
    assert_problem(client.put(path, json=body, headers={"If-Match": '"s-9"'}), 412)
    assert_problem(client.put(path, json=body, headers={"If-None-Match": "*"}), 412)
    assert client.put(path, json=body, headers={"If-Match": etag}).status_code == 200
    assert_problem(client.delete(path, headers={"If-Match": etag}), 412)


def test_who_may_change_a_schema(served: RunningPlatform, config_type: str) -> None:
    for rights in (("config:read", "config:write"), ("schemas:write", "secrets:read")):
        client = served.with_rights(*rights)
        allowed = "schemas:write" in rights
        assert set_schema(client, config_type, {}).status_code == (200 if allowed else 403)
        assert client.delete(f"/config/schemas/{config_type}").status_code == (200 if allowed else 403)
        assert client.get("/config/schemas").status_code == (403 if allowed else 200)
    guesser = served.with_rights("schemas:write", "config:read", "config:write")
    assert_problem(set_schema(guesser, config_type, {}), 403, "forbidden")
    bound = served.with_rights("schemas:write", "secrets:read", tenants=["account_1"])
    assert_problem(set_schema(bound, config_type, {}), 403, "schema_for_all")
    assert_problem(bound.delete(f"/config/schemas/{config_type}"), 403, "schema_for_all")


def test_a_change_of_schema_is_audited(platform: RunningPlatform) -> None:
    set_schema(platform.client, "config", NEEDS_NAME, "warn")
    platform.client.delete("/config/schemas/config")
    rows = TestDatabases.run(
        platform.database_url,
        "SELECT tenant_id, actor, action, target FROM platform.audit_event WHERE action LIKE 'schema.%' ORDER BY seq",
    )
    assert [(row["tenant_id"], row["action"], row["target"], row["actor"]) for row in rows] == [
        ("*", "schema.write", "config", "key:bootstrap"), ("*", "schema.delete", "config", "key:bootstrap"),
    ]  # fmt: skip


def test_the_history_of_schemas_cannot_be_rewritten(served: RunningPlatform, config_type: str) -> None:
    set_schema(served.client, config_type, {})
    for statement in (
        "UPDATE config.document_schema SET mode = 'warn' WHERE config_type = $1",
        "DELETE FROM config.document_schema WHERE config_type = $1",
    ):
        with pytest.raises(Exception, match="permission denied"):
            TestDatabases.run_as(served.database_url, "config", "*", statement, config_type)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, ["/schema", "/mode"]), ([], ["/schema", "/mode"]), ({"schema": {}, "mode": "strict"}, ["/mode"]),
        ({"schema": {}, "mode": "warn", "tenant": "t"}, ["/tenant"]),
        ({"schema": {}, "mode": "warn", "message": 1}, ["/message"]),
        ({"schema": [], "mode": "warn"}, ["/schema"]),
        ({"schema": {"type": "text"}, "mode": "warn"}, ["/schema/type"]),
        ({"schema": {"properties": {"a": {"minimum": "1"}}}, "mode": "warn"}, ["/schema/properties/a/minimum"]),
        ({"schema": {"$schema": "http://json-schema.org/draft-07/schema#"}, "mode": "warn"}, ["/schema/$schema"]),
    ],
)  # fmt: skip
def test_what_is_no_schema(served: RunningPlatform, config_type: str, body: Any, expected: list[str]) -> None:
    answer = served.client.put(f"/config/schemas/{config_type}", json=body)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == expected


def doubling(depth: int) -> dict[str, Any]:
    """Definitions that each refer twice to the next one: 2 to the power of `depth` checks."""
    definitions: dict[str, Any] = {"d0": {"type": "integer"}}
    for number in range(1, depth + 1):
        definitions[f"d{number}"] = {"allOf": [{"$ref": f"#/$defs/d{number - 1}"}] * 2}
    return {"$defs": definitions, "$ref": f"#/$defs/d{depth}"}


def chain(length: int) -> dict[str, Any]:
    """Definitions that each refer to the next one."""
    definitions: dict[str, Any] = {"d0": {"type": "integer"}}
    for number in range(1, length + 1):
        definitions[f"d{number}"] = {"$ref": f"#/$defs/d{number - 1}"}
    return {"$defs": definitions, "$ref": f"#/$defs/d{length}"}


HOSTILE_SCHEMAS: dict[str, tuple[Any, str]] = {
    "another server": ({"$ref": "http://127.0.0.1:9/schema.json"}, "schema_reference"),
    "a file": ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "schema_reference"),
    "a relative reference": ({"$id": "https://x.example/", "items": {"$ref": "other"}}, "schema_reference"),
    "another server, where nobody looks": ({"$defs": {"a": {"$ref": "https://x.example/"}}}, "schema_reference"),
    "a place that is not there": ({"$ref": "#/$defs/none"}, "schema_reference"),
    "an inner $id, which moves references": ({"items": {"$id": "https://x.example/"}}, "schema_keyword"),
    "a dynamic reference": ({"$dynamicRef": "#a"}, "schema_keyword"),
    "itself": ({"$ref": "#"}, "schema_recursion"),
    "each other": (
        {"$defs": {"a": {"not": {"$ref": "#/$defs/b"}}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
        "schema_recursion",
    ),
    "a billion checks of one place": (doubling(30), "schema_cost"),
    "twice as many at each level": ({"items": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}}, "schema_cost"),
    "twice as many by one key": (
        {"properties": {"a": {"$ref": "#"}}, "patternProperties": {"a": {"$ref": "#"}}}, "schema_cost",
    ),
    "look-around": ({"pattern": "(?=a)b"}, "schema_pattern"),
    "a long pattern": ({"patternProperties": {"a" * 600: {}}}, "schema_pattern"),
    "a pattern that unfolds": ({"pattern": "((a{99}){99}){99}"}, "schema_pattern"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_SCHEMAS)
def test_schemas_that_could_do_harm_are_refused(served: RunningPlatform, config_type: str, name: str) -> None:
    schema, code = HOSTILE_SCHEMAS[name]
    started = time.perf_counter()
    answer = set_schema(served.client, config_type, schema)
    assert time.perf_counter() - started < 2
    problem = assert_problem(answer, 422, "schema_refused")
    assert problem["errors"][0]["code"] == code
    assert problem["errors"][0]["pointer"].startswith("/schema")


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}}, id="a tree"),
        pytest.param({"$defs": {"t": {"type": "string"}}, "additionalProperties": {"$ref": "#/$defs/t"}}, id="shared"),
        pytest.param({"properties": {f"p{n}": {"$ref": "#/$defs/a"} for n in range(300)}, "$defs": {"a": {
            "properties": {f"q{n}": {"$ref": "#/$defs/b"} for n in range(300)}}, "b": {"type": "string"}}}, id="wide"),
        pytest.param(chain(1_000), id="a long chain"),
        pytest.param({"$ref": "#/$defs/a~1b%25", "$defs": {"a/b%": {}}}, id="an escaped reference"),
        pytest.param({"properties": {"$ref": {"type": "string"}}}, id="a key called $ref"),
        pytest.param({"$schema": DIALECT, "$id": "https://x.example/s"}, id="named"),
        pytest.param(True, id="true"),
    ],
)  # fmt: skip
def test_schemas_that_do_no_harm_are_accepted(schema: Any) -> None:
    assert CompiledSchema(schema).faults({}) == [] or schema == chain(1_000)


# --- what is wrong, in two languages


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"type": ["string", "null"]}, 1, ("type", "", "nulo ou texto", "null or text")),
        ({"required": ["a"]}, {}, ("required", "/a", "é obrigatório", "is required")),
        ({"additionalProperties": False}, {"~/x": 1}, ("additionalProperties", "", "chave", "key")),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"~/x": 1},
         ("additionalProperties", "/~0~1x", "chave aceita", "key that is accepted")),
        ({"enum": ["a", None, True]}, "b", ("enum", "", "a, null, true", "one of these")),
        ({"const": 1}, 2, ("const", "", "deve ser um destes: 1", "must be one of these: 1")),
        ({"items": {"pattern": "^[0-9]+$"}}, ["1", "x"], ("pattern", "/1", "^[0-9]+$", "^[0-9]+$")),
        ({"format": "email"}, "x", ("format", "", "e-mail", "e-mail")),
        ({"maxLength": 2}, "abc", ("maxLength", "", "no máximo 2 caractere", "at most 2 character")),
        ({"minimum": 2}, Number("1.5"), ("minimum", "", "no mínimo 2", "at least 2")),
        ({"multipleOf": Number("0.01")}, Number("1.005"), ("multipleOf", "", "múltiplo de 0.01", "multiple of 0.01")),
        ({"maximum": 2**53}, 2**53 + 1, ("maximum", "", "9007199254740992", "9007199254740992")),
        ({"maximum": 5}, Number("1e99999999999999999999"), ("maximum", "", "5", "5")),
        ({"uniqueItems": True}, [1, 1], ("uniqueItems", "", "repetidos", "equal")),
        ({"contains": {"const": 1}}, [], ("contains", "", "falta", "missing")),
        ({"anyOf": [{"type": "null"}]}, 1, ("anyOf", "", "nenhuma das formas", "none of the")),
        ({"oneOf": [{}, {}]}, 1, ("oneOf", "", "exatamente uma", "exactly one")),
        ({"not": {}}, 1, ("not", "", "não é aceita", "not accepted")),
        ({"propertyNames": {"maxLength": 1}}, {"ab": 1},
         ("propertyNames", "/ab", "nome desta chave", "name of this key")),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, ("dependentRequired", "/b", "outra chave", "another key")),
        ({"unevaluatedProperties": False}, {"a": 1}, ("unevaluatedProperties", "/a", "chave", "key")),
        (False, 1, ("falseSchema", "", "não é aceito", "not accepted")),
    ],
)  # fmt: skip
def test_each_fault_is_named_and_placed(schema: Json, value: Json, expected: tuple[str, str, str, str]) -> None:
    code, pointer, pt, en = expected
    faults = CompiledSchema(schema).faults(value)
    assert [(fault.code, fault.pointer) for fault in faults] == [(code, pointer)]
    assert pt in faults[0].text.pt
    assert en in faults[0].text.en


KEYWORDS: list[Any] = [
    {"type": "integer"}, {"enum": ["x"]}, {"const": "x"}, {"pattern": "^x$"}, {"minLength": 99}, {"maxLength": 1},
    {"format": "email"}, {"anyOf": [{"const": "x"}]}, {"oneOf": [{"const": "x"}]}, {"not": {"type": "string"}}, False,
]  # fmt: skip


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_no_fault_says_the_value(keyword: Any) -> None:
    for value in ({"p": "planted-secret"}, {"p": ["planted-secret"]}):
        schema: Any = {"properties": {"p": keyword if value["p"] == "planted-secret" else {"items": keyword}}}
        faults = CompiledSchema(schema).faults(value)  # type: ignore[arg-type]
        assert faults
        assert "planted" not in repr(faults)


def test_hostile_documents_cost_little() -> None:
    slow_elsewhere = CompiledSchema({"pattern": "^(a+)+$"})
    rows = CompiledSchema({"items": {"required": ["x"], "additionalProperties": False, "properties": {"x": {}}}})
    deep: Json = 1
    for _ in range(64):
        deep = [deep]
    tree = CompiledSchema({"items": {"$ref": "#"}, "type": "array"})
    started = time.process_time()
    assert len(slow_elsewhere.faults("a" * 100_000 + "!")) == 1
    assert len(rows.faults([{"y": number} for number in range(20_000)])) >= 1
    assert len(rows.faults([{"y": number} for number in range(1_000)])) == 50
    assert len(tree.faults(deep)) == 1
    assert time.process_time() - started < 2


def test_a_refused_schema_says_all_its_faults() -> None:
    with pytest.raises(SchemaRefusedError) as refusal:
        CompiledSchema({"items": {"$ref": "x"}, "contains": {"$dynamicRef": "#a"}})
    assert sorted(fault.pointer or "" for fault in refusal.value.faults) == [
        "/schema/contains/$dynamicRef", "/schema/items/$ref",
    ]  # fmt: skip


# --- writes


def test_reject_writes_nothing(served: RunningPlatform, tenant: str, config_type: str) -> None:
    client, path = served.client, f"{tenant}/retail/{config_type}"
    assert put(client, path, "nick: x\n").status_code == 200, "before there was a schema"
    set_schema(client, config_type, NEEDS_NAME, "reject")
    for refused in (
        put(client, path, "name: x\n", **{"Accept-Language": "en"}),
        client.post(f"/configs/{path}", json={"yaml_content": "name: x\n"}),
        client.patch(f"/configs/{path}", json={"name": "x"}),
    ):
        problem = assert_problem(refused, 422, "schema_not_met")
        assert pointers(refused) == [("minLength", "/name")]
        assert (problem["config_type"], problem["domain"], problem["schema_version"]) == (config_type, "retail", 1)
    for language, text in (("en", "needs at least 2"), ("pt-BR", "ao menos 2")):
        told = put(client, path, "name: x\n", **{"Accept-Language": language}).json()["errors"][0]["message"]
        assert text in told
    assert client.get(f"/configs/{path}").json()["version"] == 1, "the last good version keeps serving"
    assert put(client, path, "name: xy\n").json()["version"] == 2
    assert_problem(client.post(f"/configs/{path}/rollback", json={"version": 1}), 422, "schema_not_met")
    assert client.delete(f"/configs/{path}").status_code == 200
    client.delete(f"/config/schemas/{config_type}")
    assert put(client, path, "name: x\n").status_code == 200


def test_what_stands_is_not_looked_at_again(served: RunningPlatform, tenant: str, config_type: str) -> None:
    path = f"{tenant}/retail/{config_type}"
    put(served.client, path, "a: 1\n")
    set_schema(served.client, config_type, NEEDS_NAME, "reject")
    same = put(served.client, path, "a: 1\n")
    assert (same.status_code, same.json()["version"]) == (200, 1)


def test_warn_writes_and_says_so(served: RunningPlatform, tenant: str, config_type: str) -> None:
    client, path = served.client, f"{tenant}/retail/{config_type}"
    set_schema(client, config_type, NEEDS_NAME, "warn")
    written = put(client, path, "name: x\n", **{"Idempotency-Key": f"{tenant}-1", "Accept-Language": "en"})
    assert (written.status_code, written.headers["x-config-warnings"]) == (200, "1")
    assert written.json()["warnings"] == [
        {"code": "minLength", "message": "needs at least 2 character(s)", "pointer": "/name"}
    ]
    assert client.get(f"/configs/{path}").json()["yaml_content"] == "name: x\n"
    again = put(client, path, "name: x\n", **{"Idempotency-Key": f"{tenant}-1", "Accept-Language": "en"})
    assert (again.json(), again.headers["x-config-warnings"]) == (written.json(), "1")
    listed = client.get("/config/deliveries", params={"tenant": tenant}).json()
    assert [(item["outcome"], [fault["pointer"] for fault in item["faults"]]) for item in listed] == [
        ("applied", ["/name"])
    ]
    good = put(client, path, "name: xy\n")
    assert "x-config-warnings" not in good.headers
    assert "warnings" not in good.json()


def test_quarantine_keeps_the_delivery_and_leaves_what_stands(
    served: RunningPlatform, tenant: str, config_type: str
) -> None:
    client, path = served.client, f"{tenant}/retail/{config_type}"
    put(client, path, "name: good\n")
    set_schema(client, config_type, NEEDS_NAME, "quarantine")
    text = "name: x\npassword: planted-secret\n"
    aside = put(client, path, text, **{"Idempotency-Key": f"{tenant}-1"})
    assert (aside.status_code, aside.headers["content-type"]) == (202, "application/problem+json")
    assert aside.headers["x-config-warnings"] == "1"
    body = aside.json()
    assert (body["success"], body["outcome"], body["current_version"], body["schema_version"]) == (
        False, "quarantined", 1, 1,
    )  # fmt: skip
    assert (body["type"], body["status"]) == ("urn:sprintia:problem:schema_quarantined", 202)
    assert pointers(aside) == [("minLength", "/name")]
    assert "planted" not in aside.text
    assert client.get(f"/configs/{path}").json()["yaml_content"] == "name: good\n"
    assert [item["version"] for item in client.get(f"/configs/{path}/history").json()] == [1]
    again = put(client, path, text, **{"Idempotency-Key": f"{tenant}-1"})
    assert (again.status_code, again.content, again.headers["idempotency-replayed"]) == (202, aside.content, "true")
    listed = client.get("/config/deliveries", params={"tenant": tenant}).json()
    assert [(item["outcome"], item["status"], item["revision"]) for item in listed] == [("quarantined", 202, None)]
    assert listed[0]["faults"] == body["errors"]
    assert put(client, path, "name: better\n").json()["version"] == 2


def test_a_body_in_quarantine_is_sealed_and_read_by_right(
    served: RunningPlatform, tenant: str, config_type: str
) -> None:
    client, path = served.client, f"{tenant}/retail/{config_type}"
    set_schema(client, config_type, NEEDS_NAME, "quarantine")
    text = "name: x\npassword: planted-secret\n"
    assert put(client, path, text).status_code == 202
    assert_problem(client.get(f"/configs/{path}"), 404)
    number = client.get("/config/deliveries", params={"tenant": tenant}).json()[0]["id"]
    kept = client.get(f"/config/deliveries/{number}/body")
    assert (kept.text, kept.headers["cache-control"]) == (text, "no-store")
    assert_problem(served.with_rights("config:read").get(f"/config/deliveries/{number}/body"), 403)
    other = served.with_rights("config:read", "secrets:read", tenants=["elsewhere"])
    for wanted in (number, number + 1_000, 0, 2**63):
        assert_problem(other.get(f"/config/deliveries/{wanted}/body"), 404, "delivery_not_kept")
    stored = TestDatabases.run(served.database_url, "SELECT t::text AS row FROM config.delivery t")
    assert b"planted".hex() not in str(stored)
    assert "planted" not in str(stored)
    audit = TestDatabases.run(
        served.database_url, "SELECT action, detail FROM platform.audit_event WHERE tenant_id = $1 ORDER BY seq", tenant
    )
    assert [row["action"] for row in audit] == ["document.quarantine", "delivery.read"]
    assert "planted" not in str(audit)


def test_a_webhook_that_is_set_aside_changes_nothing_at_all(platform: RunningPlatform) -> None:
    client = platform.client
    set_schema(client, "credentials", {"properties": {"credentials": {"minProperties": 2}}}, "quarantine")
    event = {"event_type": "credentials_sync", "account_id": "t1", "domain": "retail", "token": "odoo",
             "odoo_url": "https://x.example", "odoo_password": "planted-secret"}  # fmt: skip
    aside = client.post("/odoo-webhook/", json=event, headers={"webhook-id": "one"})
    assert (aside.status_code, aside.json()["success"], aside.json()["config_type"]) == (202, False, "credentials")
    assert pointers(aside) == [("minProperties", "/credentials")]
    assert client.get("/configs/t1").json() == [], "the config document of the same delivery is not written either"
    listed = client.get("/config/deliveries?tenant=t1").json()
    assert [(item["outcome"], item["event"], item["delivery_id"]) for item in listed] == [
        ("quarantined", "credentials_sync", "one")
    ]
    client.delete("/config/schemas/credentials")
    assert client.post("/odoo-webhook/", json=event, headers={"webhook-id": "two"}).status_code == 200
    assert len(client.get("/configs/t1").json()) == 2


def test_a_webhook_that_is_rejected_is_listed_with_its_reason(platform: RunningPlatform) -> None:
    client = platform.client
    set_schema(client, "config", {"required": ["enabled_collections"]}, "reject")
    event = {"event_type": "credentials_sync", "account_id": "t1", "domain": "retail", "token": "odoo",
             "odoo_password": "planted-secret"}  # fmt: skip
    assert_problem(client.post("/odoo-webhook/", json=event), 422, "schema_not_met")
    listed = client.get("/config/deliveries?tenant=t1").json()
    assert (listed[0]["outcome"], listed[0]["status"]) == ("refused", 422)
    assert "/enabled_collections" in listed[0]["reason"]
    assert client.get("/configs/t1").json() == []


def test_secrets_are_checked_by_value_and_never_shown(served: RunningPlatform, tenant: str, config_type: str) -> None:
    client, path = served.client, f"{tenant}/retail/{config_type}"
    put(client, path, "password: planted-long-enough\n")
    set_schema(client, config_type, {"properties": {"password": {"minLength": 12}}}, "reject")
    mask = f'{{"$secret": "{config_type}:password", "set": true}}'
    assert put(client, path, f"password: {mask}\na: 1\n").status_code == 200, "the mask stands for a value that fits"
    refused = put(client, path, "password: planted\n")
    assert pointers(refused) == [("minLength", "/password")]
    assert "planted" not in refused.text


def test_a_dry_run_knows_the_schema(served: RunningPlatform, tenant: str, config_type: str) -> None:
    client, url = served.client, f"/configs/{tenant}/retail/{config_type}/validate"
    for mode, result, valid in (("reject", "refused", False), ("quarantine", "quarantined", False)):
        set_schema(client, config_type, NEEDS_NAME, mode)
        answer = client.post(url, json={"yaml_content": "name: x\n"})
        assert (answer.json()["result"], answer.json()["valid"]) == (result, valid)
        assert pointers(answer) == [("minLength", "/name")]
    set_schema(client, config_type, NEEDS_NAME, "warn")
    warned = client.post(url, json={"yaml_content": "name: x\n"}).json()
    assert (warned["result"], [fault["pointer"] for fault in warned["warnings"]]) == ("created", ["/name"])
    assert client.get("/config/deliveries", params={"tenant": tenant}).json() == []


@pytest.fixture
def two_processes(served: RunningPlatform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """A second platform on the same database, with schemas of its own in memory."""
    keys = served.environ["SPRINTIA_DATA_DIR"]
    second = RunningPlatform({"DATABASE_URL": served.database_url, "SPRINTIA_DATA_DIR": keys})
    yield second
    second.stop()


def test_other_processes_follow(
    served: RunningPlatform, two_processes: RunningPlatform, tenant: str, config_type: str
) -> None:
    path = f"{tenant}/retail/{config_type}"
    assert put(two_processes.client, path, "a: 0\n").status_code == 200
    set_schema(served.client, config_type, NEEDS_NAME, "reject")
    assert put(served.client, path, "a: here\n").status_code == 422, "at once where it was set"
    numbers = itertools.count(1)
    wait_until(
        lambda: put(two_processes.client, path, f"a: {next(numbers)}\n").status_code == 422, 6, "the other process"
    )
    served.client.delete(f"/config/schemas/{config_type}")
    wait_until(lambda: put(two_processes.client, path, "a: again\n").status_code == 200, 6, "the other process")


def test_a_large_document_is_checked_as_well(served: RunningPlatform, tenant: str, config_type: str) -> None:
    set_schema(served.client, config_type, {"additionalProperties": {"type": "integer"}}, "reject")
    text = "".join(f"k{number}: {number}\n" for number in range(20_000))
    assert put(served.client, f"{tenant}/retail/{config_type}", text).status_code == 200
    refused = put(served.client, f"{tenant}/retail/{config_type}", f"{text}last: x\n")
    assert pointers(refused) == [("type", "/last")]
