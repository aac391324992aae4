"""API keys: their form, who may make and end which, and how long a change takes to be known."""

import re
import string
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sprintia_testing.databases import TestDatabases
from sprintia_testing.outages import DetachableDatabase
from sprintia_testing.platforms import API_KEY, RunningPlatform, SpawnedPlatform, wait_until

from sprintia_platform import Secret
from sprintia_platform.database.connections import Database
from sprintia_platform.errors import StartupError
from sprintia_platform.host import Host
from sprintia_platform.keys.callers import RIGHTS
from sprintia_platform.keys.store import KNOWN_DEFAULTS, KeyStore
from sprintia_platform.keys.tokens import new_token, read_key_id
from sprintia_platform.settings import HostSettings

ADMIN = ("admin", "config:read", "config:write")


def make(client: httpx.Client, **wanted: Any) -> httpx.Response:
    return client.post("/keys", json={"name": "made", "rights": ["config:read"], **wanted})


def test_a_key_has_the_form_that_scanners_find() -> None:
    token = new_token()
    assert re.fullmatch(r"sprk_[0-9A-Za-z]{8}[0-9A-Za-z]{49}", token.text)
    assert read_key_id(token.text) == token.key_id
    assert token.text not in repr(token.digest)
    assert len({new_token().text for _ in range(100)}) == 100


def test_every_edit_of_one_character_is_refused_without_asking_the_database() -> None:
    text = new_token().text
    edits = {
        text[:place] + other + text[place + 1 :]
        for place in range(len(text))
        for other in string.ascii_letters + string.digits + "_-. "
        if other != text[place]
    }
    edits |= {text[:place] + text[place + 1 :] for place in range(len(text))}
    edits |= {text[:place] + "0" + text[place:] for place in range(len(text))} - {text}
    swapped = {text[:p] + text[p + 1] + text[p] + text[p + 2 :] for p in range(len(text) - 1)} - {text}
    assert len(edits) > 3_500
    assert [edit for edit in edits | swapped if read_key_id(edit) is not None] == []


@pytest.mark.anyio
@pytest.mark.parametrize("text", ["", "sprk_", "x" * 100_000, "sprk_" + "é" * 57, "\n", "sprk_00000000" + "0" * 49])
async def test_what_is_no_key_never_reaches_the_database(text: str) -> None:
    # The database was never opened: asking it would raise.
    store = KeyStore(Database(HostSettings(database_url=Secret("postgresql://nobody@localhost/none"))), None, 5)
    assert await store.identify(text) is None


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_a_key_is_made_listed_rotated_and_revoked(platform: RunningPlatform) -> None:
    admin = platform.with_rights(*ADMIN)
    made = make(admin, name="agent", tenants=["account_1"], networks=["127.0.0.0/8", "::1"], expires_in_days=30)
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    first = made.json()["key"]
    key_id = made.json()["id"]
    assert platform.as_key(first).get("/configs/account_1").status_code == 200
    assert platform.as_key(None, Authorization=f"bearer {first}").get("/configs/account_1").status_code == 200

    listed = admin.get("/keys")
    (row,) = [key for key in listed.json() if key["id"] == key_id]
    assert row["name"] == "agent"
    assert row["rights"] == ["config:read"]
    assert row["tenants"] == ["account_1"]
    assert row["networks"] == ["127.0.0.0/8", "::1"]
    assert row["created_by"].startswith("key:")
    assert (row["revoked_at"], row["last_used_at"]) == (None, None)
    expires = datetime.fromisoformat(row["expires_at"])
    assert abs(expires - datetime.now(UTC) - timedelta(days=30)) < timedelta(minutes=5)
    assert first not in listed.text
    assert "digest" not in listed.text

    rotated = admin.post(f"/keys/{key_id}/rotate", json={"overlap_hours": 1})
    assert rotated.headers["cache-control"] == "no-store"
    second = rotated.json()["key"]
    assert rotated.json()["id"] == key_id
    assert second != first
    for text in (first, second):
        assert platform.as_key(text).get("/configs/account_1").status_code == 200
    third = admin.post(f"/keys/{key_id}/rotate", json={"overlap_hours": 0}).json()["key"]
    assert [platform.as_key(text).get("/configs/account_1").status_code for text in (first, second, third)] == [
        401, 401, 200,
    ]  # fmt: skip

    assert admin.delete(f"/keys/{key_id}").status_code == 204
    assert platform.as_key(third).get("/configs/account_1").status_code == 401
    assert admin.delete(f"/keys/{key_id}").status_code == 404
    assert admin.post(f"/keys/{key_id}/rotate", json={}).status_code == 404
    events = [event["action"] for event in admin.get("/audit?tenant=*").json()["events"]]
    assert events[:4] == ["key.revoke", "key.rotate", "key.rotate", "key.create"]


def test_only_a_digest_is_stored(platform: RunningPlatform) -> None:
    text = make(platform.with_rights(*ADMIN)).json()["key"]
    rows = TestDatabases.run(platform.database_url, "SELECT api_key::text AS row FROM platform.api_key")
    rows += TestDatabases.run(platform.database_url, "SELECT audit_event::text AS row FROM platform.audit_event")
    assert text[13:] not in str(rows)


@pytest.mark.parametrize(
    ("wanted", "pointers"),
    [
        ({"name": ""}, {"/name"}),
        ({"rights": []}, {"/rights"}),
        ({"rights": ["config:read", "no right", "config:write", "CONFIG:READ"]}, {"/rights/1", "/rights/3"}),
        ({"rights": ["secrets:read", "config:read", "schemas:write"]}, {"/rights/0", "/rights/2"}),
        ({"tenants": []}, {"/tenants"}),
        ({"tenants": ["fine", "a/b", "", "x" * 129, "*"]}, {"/tenants/1", "/tenants/2", "/tenants/3", "/tenants/4"}),
        ({"networks": ["10.0.0.0/8", "10.0.0.1/8", "anywhere", "10.0.0.0/99"]},
         {"/networks/1", "/networks/2", "/networks/3"}),
        ({"expires_in_days": 0}, {"/expires_in_days"}),
        ({"admin": True}, {"/admin"}),
    ],
)  # fmt: skip
def test_what_no_key_can_be_is_refused_with_every_fault(
    platform: RunningPlatform, wanted: dict[str, Any], pointers: set[str]
) -> None:
    answer = make(platform.with_rights(*ADMIN), **wanted)
    assert answer.status_code == 422, answer.text
    assert {fault["pointer"] for fault in answer.json()["errors"]} == pointers


def test_nobody_gives_away_or_takes_a_right_that_they_lack(platform: RunningPlatform) -> None:
    little = platform.with_rights("admin")
    assert make(little, rights=["secrets:read"]).status_code == 422
    strong = make(platform.with_rights(), rights=["secrets:read", "config:read"]).json()
    # The answer of a rotation shows a text with all of the key's rights.
    refused = little.post(f"/keys/{strong['id']}/rotate", json={"overlap_hours": 0})
    assert refused.status_code == 403
    assert refused.json()["right"] in {"secrets:read", "config:read"}
    assert platform.as_key(strong["key"]).get("/configs/t").status_code == 200
    assert little.delete(f"/keys/{strong['id']}").status_code == 204  # ending one gives nobody anything


def test_an_admin_of_some_tenants_sees_and_touches_their_keys_alone(platform: RunningPlatform) -> None:
    everywhere = platform.with_rights(*ADMIN)
    theirs = make(everywhere, tenants=["account_1"]).json()
    others = {
        "of another tenant": make(everywhere, tenants=["account_2"]).json(),
        "of more tenants": make(everywhere, tenants=["account_1", "account_2"]).json(),
        "of all tenants": make(everywhere).json(),
    }
    bound = platform.with_rights(*ADMIN, tenants=["account_1"])
    seen = {key["id"] for key in bound.get("/keys").json()}
    assert theirs["id"] in seen
    assert seen.isdisjoint(key["id"] for key in others.values())
    for key in others.values():
        assert bound.post(f"/keys/{key['id']}/rotate", json={}).status_code == 404
        assert bound.delete(f"/keys/{key['id']}").status_code == 404
        assert platform.as_key(key["key"]).get("/configs/account_2").status_code == 200
    assert make(bound).status_code == 422  # without tenants it would reach all
    assert make(bound, tenants=["account_1", "account_2"]).status_code == 422
    assert make(bound, tenants=["account_1"]).status_code == 201
    assert bound.post(f"/keys/{theirs['id']}/rotate", json={}).status_code == 200


def test_an_expired_key_is_refused(platform: RunningPlatform) -> None:
    made = make(platform.with_rights(*ADMIN), expires_in_days=1).json()
    client = platform.as_key(made["key"])
    assert client.get("/configs/t").status_code == 200
    TestDatabases.run(platform.database_url, "UPDATE platform.api_key SET expires_at = now() WHERE id = $1", made["id"])
    assert client.get("/configs/t").status_code == 401


def test_the_overlap_of_a_rotation_ends(platform: RunningPlatform) -> None:
    admin = platform.with_rights(*ADMIN)
    made = make(admin).json()
    admin.post(f"/keys/{made['id']}/rotate", json={"overlap_hours": 1})
    client = platform.as_key(made["key"])
    assert client.get("/configs/t").status_code == 200
    TestDatabases.run(platform.database_url, "UPDATE platform.api_key SET previous_until = now()")
    assert client.get("/configs/t").status_code == 401


def test_a_key_of_networks_is_valid_from_there_alone(platform: RunningPlatform) -> None:
    here = platform.as_key(platform.key("config:read", networks=["127.0.0.0/8"]))
    assert here.get("/configs/t").status_code == 200
    elsewhere = platform.as_key(platform.key("config:read", networks=["10.0.0.0/8", "2001:db8::/32"]))
    refused = elsewhere.get("/configs/t")
    assert refused.status_code == 403
    assert refused.json()["type"] == "urn:sprintia:problem:network_refused"


def test_where_a_caller_is_the_trusted_proxy_says_and_nobody_else(
    spawn: Callable[..., SpawnedPlatform], run_platform: Callable[..., RunningPlatform], database_url: str
) -> None:
    key = run_platform().key("config:read", networks=["10.1.0.0/16"])

    def status(server: SpawnedPlatform, forwarded: str) -> int:
        headers = {"X-API-Key": key, "X-Forwarded-For": forwarded}
        return server.request("GET", "/configs/t", headers=headers).status_code

    settings = {"DATABASE_URL": database_url, "SPRINTIA_DRAIN_SECONDS": "0"}
    behind = spawn(**settings, SPRINTIA_TRUSTED_PROXIES="127.0.0.1").wait_ready()
    assert status(behind, "10.1.2.3") == 200
    assert status(behind, "::ffff:10.1.2.3") == 200
    assert status(behind, "10.2.2.3") == 403
    assert status(behind, "10.1.2.3, 192.0.2.1") == 403  # the proxy appends; what stands before it anybody may write
    assert status(behind, "nonsense") == 403
    alone = spawn(**settings).wait_ready()
    assert status(alone, "10.1.2.3") == 403


def test_when_a_key_was_used_is_kept(run_platform: Callable[..., RunningPlatform]) -> None:
    platform = run_platform()
    used, unused = platform.key("config:read"), platform.key("config:read")
    platform.as_key(used).get("/configs/t")
    platform.stop()
    rows = TestDatabases.run(platform.database_url, "SELECT id, last_used_at FROM platform.api_key")
    times = {row["id"]: row["last_used_at"] for row in rows}
    assert abs(times[read_key_id(used)] - datetime.now(UTC)) < timedelta(minutes=5)
    assert times[read_key_id(unused)] is None


def test_the_bootstrap_key_has_every_right_but_admin(platform: RunningPlatform) -> None:
    assert platform.client.get("/configs/t").status_code == 200
    assert platform.client.get("/config/secrets/t/none").status_code == 404
    assert platform.client.post("/mapping/", json={"mapping_data": {}}).status_code == 200
    for path in ("/keys", "/audit"):
        assert platform.client.get(path).json()["right"] == "admin"
    assert platform.as_key(API_KEY + "x").get("/configs/t").status_code == 401
    assert platform.as_key(API_KEY[:-1]).get("/configs/t").status_code == 401


@pytest.mark.parametrize("text", [*sorted(KNOWN_DEFAULTS), "Development-API-Key", " changeme "])
def test_a_key_that_everybody_knows_stops_the_start(text: str) -> None:
    with pytest.raises(StartupError, match="API_KEY is a known default value") as raised:
        Host(environ={"DATABASE_URL": "postgresql://nobody@localhost/none", "API_KEY": text})
    assert repr(text) not in str(raised.value)


def test_a_revocation_is_known_everywhere_within_the_time_of_the_setting(
    run_platform: Callable[..., RunningPlatform],
) -> None:
    here, there = run_platform(), run_platform(SPRINTIA_KEY_CACHE_SECONDS="0.5")
    admin = here.with_rights(*ADMIN)
    made = make(admin).json()
    clients = here.as_key(made["key"]), there.as_key(made["key"])
    assert [client.get("/configs/t").status_code for client in clients] == [200, 200]
    admin.delete(f"/keys/{made['id']}")
    assert clients[0].get("/configs/t").status_code == 401
    wait_until(lambda: clients[1].get("/configs/t").status_code == 401, seconds=2, what="the revocation")


def test_a_key_that_was_used_is_believed_while_the_database_is_away(
    databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory
) -> None:
    database = DetachableDatabase(databases, tmp_path_factory.mktemp("gone"))
    folder = str(tmp_path_factory.mktemp("data"))
    platform = RunningPlatform({"DATABASE_URL": database.url, "SPRINTIA_DATA_DIR": folder})
    try:
        used, never = platform.with_rights("config:read"), platform.with_rights("config:read")
        rotated_text = platform.key("config:read")
        assert used.get("/plugins").status_code == 200
        assert platform.as_key(rotated_text).get("/plugins").status_code == 200
        revoked = platform.with_rights("config:read")
        TestDatabases.run(platform.database_url, "UPDATE platform.api_key SET revoked_at = now() WHERE id = $1",
                          read_key_id(revoked.headers["x-api-key"]))  # fmt: skip
        assert revoked.get("/plugins").status_code == 401
        database.detach()
        assert used.get("/plugins").status_code == 200  # a route that needs no database
        assert used.get("/configs/t").status_code == 503
        assert never.get("/plugins").status_code == 503
        assert revoked.get("/plugins").status_code == 401
        assert platform.client.get("/plugins").status_code == 200  # API_KEY needs no database
        wrong = new_token(read_key_id(used.headers["x-api-key"])).text
        assert platform.as_key(wrong).get("/plugins").status_code == 401
        database.attach()
    finally:
        platform.stop()
        database.drop()


def test_the_rights_of_the_platform_are_the_documented_ones() -> None:
    assert RIGHTS == (
        "config:read", "config:write", "secrets:read", "mapping:write", "schemas:write", "users:act", "admin",
    )  # fmt: skip
