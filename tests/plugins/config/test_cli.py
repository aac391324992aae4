"""`sprintia config ...`, beside running servers, on their database."""

import asyncio
import base64
import getpass
import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from sprintia_testing.commands import CommandLine, CommandLineHere
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform

from sprintia_config.secrecy.envelope import DataKey
from sprintia_config.secrecy.master_keys import SETTING, MasterKeyRing

ME = f"cli:{getpass.getuser()}"
DOCUMENT = ("account_1", "retail", "config")
CREDENTIALS = ("account_1", "retail", "credentials")


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """The key file that a first start would have made."""
    path = tmp_path / "master.keys"
    MasterKeyRing.load_or_create(path)
    return path


@pytest.fixture
def settings(database_url: str, key_file: Path) -> dict[str, str]:
    return {"DATABASE_URL": database_url, "SPRINTIA_DATA_DIR": str(key_file.parent)}


@pytest.fixture
def cli(settings: dict[str, str]) -> CommandLine:
    return CommandLineHere(settings)


@pytest.fixture
def installed(settings: dict[str, str]) -> CommandLine:
    """The installed command, in processes of its own."""
    return CommandLine(settings)


def test_the_installed_command_writes_and_reads_bytes_and_says_how_it_ended(installed: CommandLine) -> None:
    body = 'saudação: "olá"   # ção\nn: 1.10'.encode()
    assert installed.json("config", "set", *DOCUMENT, "-", given=body, LC_ALL="C")["version"] == 1
    assert installed.run("config", "get", *DOCUMENT, LC_ALL="C") == (0, body, "")
    assert "line 2" in installed.refusal("config", "set", *DOCUMENT, "-", given=b"a: 1\nb: [1\n")
    misspelt = installed.run("config", "get", "account_1")
    assert misspelt.status == 2
    assert "Missing argument 'DOMAIN'" in misspelt.err


def test_a_document_from_its_first_version_to_a_rollback(cli: CommandLine, tmp_path: Path) -> None:
    text = 'name: "Loja Aurora"  # olá\ncount: 9007199254740993\nprice: 1.10\nopens: 08:00\n'
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    first = cli.json("config", "set", *DOCUMENT, str(file), "--message", "começo")
    assert first == {
        "tenant_id": "account_1", "domain": "retail", "config_type": "config", "version": 1, "revision": 1,
        "outcome": "applied",
    }  # fmt: skip
    assert cli.json("config", "set", *DOCUMENT, str(file))["outcome"] == "identical"
    assert cli.output("config", "get", *DOCUMENT) == text

    record = cli.output("config", "get", *DOCUMENT, "--json")
    assert '"count": 9007199254740993' in record
    assert '"price": 1.10' in record
    assert json.loads(record)["json_data"]["opens"] == "08:00"

    stale = cli.refusal("config", "set", *DOCUMENT, "-", "--if-version", "7", given=b"name: other\n")
    assert "the current version is 1" in stale
    assert cli.refusal("config", "set", *DOCUMENT, "-", "--if-version", "0", given=b"name: other\n") == stale
    second = cli.json(
        "config", "set", *DOCUMENT, "-", "--media", "json", "--if-version", "1", given=b'{"name": "other"}'
    )
    assert (second["version"], second["revision"]) == (2, 2)
    assert cli.output("config", "get", *DOCUMENT) == '{"name": "other"}'

    assert cli.json("config", "rollback", *DOCUMENT, "1")["version"] == 3
    assert cli.output("config", "get", *DOCUMENT) == text
    assert cli.output("config", "get", *DOCUMENT, "--version", "2") == '{"name": "other"}'

    history = cli.json("config", "history", *DOCUMENT)
    assert [(item["version"], item["actor"], item["origin"], item["message"]) for item in history] == [
        (3, ME, "cli", "rollback to version 1"), (2, ME, "cli", ""), (1, ME, "cli", "começo"),
    ]  # fmt: skip
    newest = cli.output("config", "history", *DOCUMENT, "--limit", "1").splitlines()
    assert newest[0].split()[:2] == ["VERSION", "CREATED_AT"]
    assert len(newest) == 2

    heads = cli.json("config", "list", "account_1")
    assert [(head["domain"], head["config_type"], head["version"]) for head in heads] == [("retail", "config", 3)]
    assert cli.json("config", "list", "account_1", "--domain", "other") == []


def test_secrets_are_masked_unless_they_are_asked_for(
    cli: CommandLine, tmp_path: Path, databases: TestDatabases, database_url: str
) -> None:
    file = tmp_path / "credentials.json"
    file.write_text('{"credentials": {"odoo": "plain-odoo-password"}}', encoding="utf-8")
    assert "plain-odoo" not in cli.output("config", "set", *CREDENTIALS, str(file))
    masked = cli.output("config", "get", *CREDENTIALS)
    assert "plain-odoo" not in masked
    assert cli.json("config", "get", *CREDENTIALS)["json_data"]["credentials"]["odoo"] == {
        "$secret": "odoo", "set": True,
    }  # fmt: skip
    assert cli.output("config", "get", *CREDENTIALS, "--show-secrets") == file.read_text(encoding="utf-8")

    # The masked form, edited and sent back, keeps the secret.
    edited = masked.encode() + b"note: edited\n"
    assert cli.json("config", "set", *CREDENTIALS, "-", given=edited)["version"] == 2
    assert "plain-odoo-password" in cli.output("config", "get", *CREDENTIALS, "--show-secrets", "--json")

    events = databases.run(database_url, "SELECT actor, action FROM platform.audit_event ORDER BY at")
    assert [(event["actor"], event["action"]) for event in events] == [
        (ME, "document.write"), (ME, "secret.read"), (ME, "document.write"), (ME, "secret.read"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "given", "expected"),
    [
        (("get", *DOCUMENT), b"", "no document account_1 retail config: see `sprintia config list account_1`"),
        (("set", *DOCUMENT, "/no/such/file.yaml"), b"", "/no/such/file.yaml cannot be read (No such file"),
        (("set", *DOCUMENT, "-"), b"a: 1\nb: [1,\nc: 2\n", "line 2, column 4"),
        (("set", *DOCUMENT, "-"), b"a: 1\nb: \xff\n", "line 2, column 4"),
        (("set", *DOCUMENT, "-", "--media", "json"), b'{"a": 1,\n "a": 2}', "line 2"),
        (("set", "acc ount", "retail", "config", "-"), b"a: 1\n", "tenant must be 1 to 128 characters"),
        (("list", "a,b"), b"", "tenant must be 1 to 128 characters"),
        (("rollback", *DOCUMENT, "1"), b"", "no document account_1 retail config: see"),
        (("rotate-master-key", "--retire", "k404"), b"", "no master key 'k404'"),
        (("erase-secrets", "account_1"), b"", "add --yes"),
        (("erase-secrets", "account_1", "--yes"), b"", "the tenant account_1 has no secrets"),
        (("signature", "acount_1", "required"), b"", "there is no tenant acount_1: check how it is spelt, or add"),
        (("webhook-secret", "add", "acount_1"), b"", "there is no tenant acount_1: check how it is spelt, or add"),
        (("export", "--tenant", "acount_1", "--output", "-"), b"", "there is no tenant acount_1"),
    ],
)  # fmt: skip
def test_what_is_refused_is_one_line(
    cli: CommandLine, arguments: tuple[str, ...], given: bytes, expected: str,
    databases: TestDatabases, database_url: str,
) -> None:  # fmt: skip
    assert expected in cli.refusal("config", *arguments, given=given)
    assert databases.run(database_url, "SELECT FROM config.tenant") == []


def test_what_is_unknown_is_said_to_be_and_programs_get_an_empty_list(cli: CommandLine) -> None:
    cli.output("config", "set", *DOCUMENT, "-", given=b"a: 1\n")
    for arguments, said in {
        ("list", "acount_1"): "there is no tenant acount_1\n",
        ("list", "account_1", "--domain", "reatil"): "no document stands in the domain reatil of account_1\n",
        ("history", "account_1", "retail", "cnofig"): "there never was a document account_1 retail cnofig: see "
        "`sprintia config list account_1`\n",
    }.items():
        assert cli.output("config", *arguments) == said
        assert cli.json("config", *arguments) == []


def test_a_command_speaks_of_commands_and_not_of_requests(cli: CommandLine) -> None:
    cli.output("config", "set", *DOCUMENT, "-", given=b"a: 1\n")
    stale = cli.refusal("config", "set", *DOCUMENT, "-", "--if-version", "7", given=b"a: 2\n")
    assert stale == (
        "not written, because the current version is 1: read it with `sprintia config get`, put your change on top of "
        "it, and set that"
    )
    never = cli.refusal("config", "rollback", *DOCUMENT, "9")
    assert never == "version 9 does not exist or is a deletion: choose another one from `sprintia config history`"
    masked = cli.run("config", "set", *CREDENTIALS, "-", given=b"credentials: {odoo: {$secret: odoo, set: true}}\n")
    broken = cli.run("config", "import", "--input", "-", given=b"{}\n")
    for finished, said in ((masked, "leave each mask where"), (broken, "export again, and take the file whole")):
        assert finished.status == 1
        assert said in finished.err
        place = "/credentials/odoo no secret" if finished is masked else "line 1: the first line is no header"
        assert f"sprintia:   {place}" in finished.err
        assert not {"request", "send", "Send", "/history"} & set(finished.err.split())


def test_a_mask_that_keeps_nothing_is_refused_with_its_place(cli: CommandLine) -> None:
    body = b"credentials: {odoo: {$secret: odoo, set: true}}\n"
    finished = cli.run("config", "set", *CREDENTIALS, "-", given=body)
    assert finished.status == 1
    assert "/credentials/odoo" in finished.err


def test_a_command_never_makes_a_key_file_of_its_own(cli: CommandLine, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    refused = cli.refusal("config", "set", *DOCUMENT, "-", given=b"a: 1\n", SPRINTIA_DATA_DIR=str(elsewhere))
    assert f"there is no master key file {elsewhere}/master.keys" in refused
    assert not elsewhere.exists()


def test_a_ring_that_lacks_a_key_is_refused_and_its_secrets_can_be_erased(
    cli: CommandLine, key_file: Path, database_url: str, databases: TestDatabases
) -> None:
    for tenant in ("account_1", "account_2"):
        cli.output("config", "set", tenant, "retail", "credentials", "-", given=b"credentials: {odoo: x-password}\n")
    lost = MasterKeyRing.load_or_create(key_file).current_id
    assert f"master key {lost} is not lost" in cli.refusal("config", "erase-secrets", "--lost-key", lost, "--yes")
    key_file.unlink()
    MasterKeyRing.load_or_create(key_file)
    assert f"stored secrets need {lost}: restore the key file" in cli.refusal("config", "get", *CREDENTIALS)

    erased = cli.json("config", "erase-secrets", "--lost-key", lost, "--yes")
    assert erased == [{"tenant_id": tenant, "destroyed_keys": 1} for tenant in ("account_1", "account_2")]
    assert "$secret" in cli.output("config", "get", *CREDENTIALS)
    assert "cannot be read any more" in cli.refusal("config", "get", *CREDENTIALS, "--show-secrets")
    assert cli.json("config", "set", *CREDENTIALS, "-", given=b"credentials: {odoo: new}\n")["version"] == 2
    assert databases.run(database_url, "SELECT count(*) FROM config.tenant_key") == [{"count": 1}]


def test_the_master_key_rotates_while_a_server_runs(
    installed: CommandLine, key_file: Path, run_platform: Callable[..., RunningPlatform], sample: Callable[[str], str]
) -> None:
    cli = installed
    served = run_platform().client
    body = sample("webhook_credentials_nested_addon.json")
    json_type = {"Content-Type": "application/json"}
    assert served.post("/odoo-webhook/", content=body, headers=json_type).status_code == 200
    old = MasterKeyRing.load_or_create(key_file).current_id

    rotated = cli.json("config", "rotate-master-key")
    assert rotated == {"current": rotated["current"], "rewrapped": 1, "can_be_retired": [old]}
    assert rotated["current"] != old
    assert key_file.stat().st_mode & 0o777 == 0o600
    # The server made its ring before; a tenant that is new to it must not be wrapped with the key that goes.
    other = body.replace('"account_id": "account_1"', '"account_id": "account_2"')
    assert served.post("/odoo-webhook/", content=other, headers=json_type).status_code == 200

    assert "is the current one" in cli.refusal("config", "rotate-master-key", "--retire", rotated["current"])
    assert cli.json("config", "rotate-master-key", "--retire", old) == {"current": rotated["current"], "retired": old}
    assert MasterKeyRing.load_or_create(key_file).key_ids == (rotated["current"],)
    for tenant in ("account_1", "account_2"):
        assert served.get(f"/config/secrets/{tenant}/fb_token_{tenant}").json()["value"] == "fake"
    assert cli.json("config", "rewrap")["rewrapped"] == 0


def test_an_interrupted_rotation_goes_on_in_batches(
    cli: CommandLine, key_file: Path, databases: TestDatabases, database_url: str
) -> None:
    old = MasterKeyRing.load_or_create(key_file)
    asyncio.run(_insert_tenants(database_url, old, 1_001))
    old.with_new_key().save(key_file)  # and there the first command was killed
    refused = cli.refusal("config", "rotate-master-key", "--retire", old.current_id)
    assert "still wraps 1001 data key(s)" in refused
    current = MasterKeyRing.load_or_create(key_file).current_id
    assert cli.json("config", "rewrap") == {
        "current": current, "rewrapped": 1_001, "can_be_retired": [old.current_id],
    }  # fmt: skip
    used = databases.run(database_url, "SELECT master_key_id, count(*) FROM config.tenant_key GROUP BY 1")
    assert used == [{"master_key_id": current, "count": 1_001}]
    assert "rewrapped" not in cli.output("config", "rotate-master-key", "--retire", old.current_id)


async def _insert_tenants(url: str, ring: MasterKeyRing, count: int) -> None:
    wrapped = [(f"t{number}", ring.wrap(f"t{number}", DataKey.generate())) for number in range(count)]
    connection = await asyncpg.connect(url)
    try:
        await connection.executemany(
            "INSERT INTO config.tenant (tenant_id) VALUES ($1)", [(name,) for name, _ in wrapped]
        )
        await connection.executemany(
            "INSERT INTO config.tenant_key (tenant_id, generation, master_key_id, wrapped) VALUES ($1, 1, $2, $3)",
            [(name, key.key_id, key.ciphertext) for name, key in wrapped],
        )
    finally:
        await connection.close()


def test_a_ring_in_the_setting_is_not_rotated_by_command(cli: CommandLine) -> None:
    ring = f"k1:{base64.b64encode(os.urandom(32)).decode()}"
    refused = cli.refusal("config", "rotate-master-key", **{SETTING: ring})
    assert f"the master keys stand in {SETTING}" in refused
    assert ring not in refused


def test_the_audit_log_is_verified(cli: CommandLine, databases: TestDatabases, database_url: str) -> None:
    for number in (b"1", b"2", b"3"):
        cli.output("config", "set", *DOCUMENT, "-", given=b"a: " + number + b"\n")
    assert cli.output("config", "audit", "verify") == "3 events, every chain holds\n"
    databases.run(database_url, "UPDATE platform.audit_event SET actor = 'key:somebody' WHERE seq = 2")
    assert cli.refusal("config", "audit", "verify") == "the audit chain of account_1 is changed at event 2"
    told = cli.run("config", "audit", "verify", "--tenant", "account_1", "--json")
    assert told.status == 1
    assert json.loads(told.out) == {
        "holds": False, "events": 3, "faults": [{"tenant_id": "account_1", "seq": 2, "cause": "changed"}],
    }  # fmt: skip
    assert cli.json("config", "audit", "verify", "--tenant", "account_2") == {
        "holds": True, "events": 0, "faults": [],
    }  # fmt: skip


def test_webhooks_are_signed_with_a_secret_made_by_command(
    cli: CommandLine, run_platform: Callable[..., RunningPlatform], sample: Callable[[str], str]
) -> None:
    body = sample("webhook_credentials_nested_addon.json").encode()
    signature = cli.json("config", "signature", "account_1", "required", "--new-tenant")
    assert signature == {"tenant_id": "account_1", "mode": "required"}
    first = cli.json("config", "webhook-secret", "add", "account_1")["secret"]
    second = cli.json("config", "webhook-secret", "add", "account_1", "--overlap-hours", "0")["secret"]
    served = run_platform().client
    answers = {
        name: served.post(
            "/odoo-webhook/", content=body, headers={"Content-Type": "application/json"} | headers
        ).status_code
        for name, headers in {
            "unsigned": {}, "ended": _signed(first, body), "standing": _signed(second, body),
        }.items()
    }  # fmt: skip
    assert answers == {"unsigned": 401, "ended": 401, "standing": 200}


def _signed(secret: str, body: bytes) -> dict[str, str]:
    key, stamp, delivery = base64.b64decode(secret.removeprefix("whsec_")), str(int(time.time())), "msg_1"
    mac = hmac.new(key, f"{delivery}.{stamp}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(mac).decode()}"
    return {"webhook-id": delivery, "webhook-timestamp": stamp, "webhook-signature": signature}


def test_a_tenants_secrets_are_erased_and_odoo_sends_them_again(
    cli: CommandLine, platform: RunningPlatform, sample: Callable[[str], str], databases: TestDatabases
) -> None:
    body, json_type = sample("webhook_credentials_nested_addon.json"), {"Content-Type": "application/json"}
    assert platform.client.post("/odoo-webhook/", content=body, headers=json_type).status_code == 200
    ended = cli.json("config", "webhook-secret", "add", "account_1")["secret"]
    assert cli.json("config", "erase-secrets", "account_1", "--yes") == [
        {"tenant_id": "account_1", "destroyed_keys": 1}
    ]
    assert "cannot be read any more" in cli.refusal("config", "get", *CREDENTIALS, "--show-secrets")
    events = databases.run(
        platform.database_url, "SELECT actor, detail FROM platform.audit_event WHERE action = 'secrets.erase'"
    )
    assert events == [{"actor": ME, "detail": '{"keys": 1, "origin": "cli"}'}]

    fresh = cli.json("config", "webhook-secret", "add", "account_1")["secret"]
    signed = {
        name: platform.client.post(
            "/odoo-webhook/", content=body, headers=json_type | _signed(secret, body.encode())
        ).status_code
        for name, secret in {"erased": ended, "fresh": fresh}.items()
    }
    assert signed == {"erased": 401, "fresh": 200}
    assert "not-a-real-password" in cli.output("config", "get", *CREDENTIALS, "--show-secrets")
