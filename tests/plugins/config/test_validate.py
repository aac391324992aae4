"""`POST .../validate`: says what a write would do, and does nothing."""

import json
from typing import Any

import httpx
import pytest
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.problems import assert_problem

YAML = {"Content-Type": "application/x-yaml"}


def put(client: httpx.Client, path: str, text: str) -> dict[str, Any]:
    answer = client.put(f"/configs/{path}", content=text, headers=YAML)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def validate(client: httpx.Client, path: str, headers: dict[str, str] | None = None, **body: Any) -> dict[str, Any]:
    answer = client.post(f"/configs/{path}/validate", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def everything(platform: RunningPlatform) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table of the plugin, and the audit log."""
    run = TestDatabases.run
    url = platform.database_url
    tables = run(
        url, "SELECT table_schema || '.' || table_name AS name FROM information_schema.tables "
        "WHERE table_schema IN ('config', 'platform') AND table_type = 'BASE TABLE'",
    )  # fmt: skip
    names = sorted(row["name"] for row in tables)
    assert "config.document_version" in names
    assert "platform.audit_event" in names
    return {name: run(url, f"SELECT md5(t::text) AS row FROM {name} t ORDER BY 1") for name in names}


def test_what_each_write_would_do(served: RunningPlatform, tenant: str) -> None:
    path = f"{tenant}/retail/config"
    first = validate(served.client, path, yaml_content="a: 1\n")
    assert first == {
        "valid": True, "result": "created", "version": 1, "current_version": None, "errors": [], "warnings": [],
        "complete": True, "counts": {"added": 1, "removed": 0, "changed": 0, "moved": 0}, "more": False,
        "changes": [{"operation": "added", "pointer": "", "new": {"a": 1}}],
    }  # fmt: skip
    put(served.client, path, "a: 1\n")
    same = validate(served.client, path, yaml_content="a: 1\n")
    assert (same["result"], same["version"], same["current_version"], same["changes"]) == ("identical", 1, 1, [])
    text = validate(served.client, path, yaml_content="# a comment\na: 1\n")
    assert (text["result"], text["version"], text["changes"]) == ("changed", 2, [])
    patched = validate(served.client, path, patch={"a": None, "b": {"c": 2}})
    assert (patched["result"], patched["version"]) == ("changed", 2)
    assert [(change["operation"], change["pointer"]) for change in patched["changes"]] == [
        ("removed", "/a"), ("added", "/b"),
    ]  # fmt: skip
    assert validate(served.client, path, patch={"a": 1})["result"] == "identical"
    made = put(served.client, path, "# a comment\na: 1\n")
    assert made["version"] == text["version"], "what was said is what happened"


def test_nothing_is_written(platform: RunningPlatform) -> None:
    client = platform.client
    put(client, "t1/retail/config", "a: 1\n")
    put(client, "t1/retail/credentials", "credentials: {odoo: x}\n")
    before = everything(platform)
    for path in ("t1/retail/config", "t1/retail/new", "nobody/retail/config"):
        validate(client, path, yaml_content="a: 2\n")
        validate(client, path, patch={"a": 3, "password": "y"})
    validate(client, "t1/retail/credentials", yaml_content="credentials: {odoo: y, new: z}\n")
    validate(client, "nobody/retail/credentials", yaml_content="credentials: {odoo: y}\n")
    validate(client, "t1/retail/config", yaml_content="a: [")
    validate(client, "t1/retail/config", headers={"Idempotency-Key": "once"}, yaml_content="a: 5\n")
    assert everything(platform) == before
    assert client.get("/configs/t1/changes", params={"since": 2}).json()["changes"] == []
    assert put(client, "t1/retail/config", "a: 2\n")["version"] == 2


@pytest.mark.parametrize(
    ("text", "code"), [("a: [", "syntax"), ("a: 1\na: 2\n", "duplicate_key"), ("a: !!python/name:x", "tag")]
)
def test_text_that_cannot_be_read(served: RunningPlatform, tenant: str, text: str, code: str) -> None:
    answer = validate(served.client, f"{tenant}/retail/config", {"Accept-Language": "en"}, yaml_content=text)
    assert (answer["valid"], answer["result"], answer["version"]) == (False, "refused", None)
    assert [(fault["code"], fault["line"] >= 1) for fault in answer["errors"]] == [(code, True)]


def test_masks_are_kept_or_refused(served: RunningPlatform, tenant: str) -> None:
    path = f"{tenant}/retail/credentials"
    put(served.client, path, "credentials: {odoo: planted}\n")
    kept = 'credentials: {odoo: {"$secret": odoo, "set": true}}\n'
    reader = served.with_rights("config:write", "config:read", tenants=[tenant])
    for client in (served.client, reader):
        assert validate(client, path, yaml_content=kept)["result"] == "identical"
    unknown = validate(served.client, path, yaml_content=kept.replace("odoo,", "nobody,"))
    assert (unknown["result"], unknown["errors"][0]["pointer"]) == ("refused", "/credentials/odoo")


def test_a_dry_run_is_no_way_to_guess_secrets(served: RunningPlatform, tenant: str) -> None:
    path = f"{tenant}/retail/credentials"
    text = "credentials: {odoo: %s}\n"
    put(served.client, path, text % "planted")
    writer = served.with_rights("config:write", "config:read", tenants=[tenant])
    right, wrong = (validate(writer, path, yaml_content=text % guess) for guess in ("planted", "guess"))
    assert right == wrong
    assert (right["result"], right["version"], right["changes"]) == ("unknown", None, [])
    right, wrong = (validate(writer, path, patch={"credentials": {"odoo": guess}}) for guess in ("planted", "guess"))
    assert right == wrong
    clear = validate(served.client, path, yaml_content=text % "guess")
    mask = {"$secret": "odoo", "set": True}
    assert clear["changes"] == [
        {"operation": "changed", "pointer": "/credentials/odoo", "old": mask, "new": mask, "secret": True}
    ]
    assert validate(served.client, path, yaml_content=text % "planted")["result"] == "identical"
    assert "planted" not in str(clear)


def test_conditions_hold_as_they_do_for_the_write(served: RunningPlatform, tenant: str) -> None:
    path = f"{tenant}/retail/config"
    put(served.client, path, "a: 1\n")
    stale = served.client.post(f"/configs/{path}/validate", json={"patch": {}}, headers={"If-Match": '"9-abc"'})
    assert assert_problem(stale, 412)["current_version"] == 1
    etag = served.client.get(f"/configs/{path}").headers["etag"]
    assert validate(served.client, path, {"If-Match": etag}, patch={"a": 2})["result"] == "changed"


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, [""]), ([], [""]), ({"yaml_content": "a: 1", "patch": {}}, [""]), ({"yaml_content": 1}, ["/yaml_content"]),
        ({"patch": {}, "dry": True}, ["/dry"]),
    ],
)  # fmt: skip
def test_bodies_that_are_none(served: RunningPlatform, tenant: str, body: Any, pointers: list[str]) -> None:
    answer = served.client.post(f"/configs/{tenant}/retail/config/validate", json=body)
    assert [fault["pointer"] for fault in assert_problem(answer, 422)["errors"]] == pointers


def test_hostile_bodies(served: RunningPlatform, tenant: str) -> None:
    url = f"/configs/{tenant}/retail/config/validate"
    json_type = {"Content-Type": "application/json"}
    deep = b'{"patch": ' + b'{"a":' * 200 + b"1" + b"}" * 200 + b"}"
    assert_problem(served.client.post(url, content=deep, headers=json_type), 400)
    assert_problem(served.client.post(url, content=b"a: 1", headers=YAML), 415)
    nested = json.dumps({"yaml_content": "[" * 60_000})
    answer = served.client.post(url, content=nested, headers=json_type)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (200, "too_deep")
    assert validate(served.client, f"{tenant}/retail/config", patch=[1, 2])["result"] == "created"


def test_the_right_to_write_is_asked_for(served: RunningPlatform, tenant: str) -> None:
    url = f"/configs/{tenant}/retail/config/validate"
    assert_problem(served.with_rights("config:read").post(url, json={"patch": {}}), 403)
    assert_problem(served.with_rights("config:write", tenants=["x"]).post(url, json={"patch": {}}), 404)


def test_numbers_keep_their_letters(served: RunningPlatform, tenant: str) -> None:
    path = f"{tenant}/retail/config"
    put(served.client, path, "a: 1.10\n")
    body = b'{"patch": {"a": 1.1, "big": 9007199254740993}}'
    answer = served.client.post(f"/configs/{path}/validate", content=body, headers={"Content-Type": "application/json"})
    assert '"old":1.10,"new":1.1' in answer.text
    assert "9007199254740993" in answer.text
