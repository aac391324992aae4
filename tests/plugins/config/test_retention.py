"""Retention: what goes, what never goes, and that nothing is ever answered by half afterwards."""

import asyncio
import itertools
import json
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from sprintia_testing.commands import CommandLineHere
from sprintia_testing.databases import TestDatabases
from sprintia_testing.logs import JsonLogs, json_logs
from sprintia_testing.platforms import RunningPlatform, wait_until
from sprintia_testing.problems import assert_problem
from sprintia_testing.shared import shared_platform

from sprintia_config.retention import pins, removal, task
from sprintia_config.retention.removal import Rule, remove_all
from sprintia_platform.database.connections import Database, begin_statement
from sprintia_platform.errors import StartupError
from sprintia_platform.host import Host

__all__ = ["json_logs"]  # a fixture

YAML = {"Content-Type": "application/yaml"}
VERSIONS, DAYS = "SPRINTIA_CONFIG_RETENTION_VERSIONS", "SPRINTIA_CONFIG_RETENTION_DAYS"
DOCUMENT = "retail/config"


def put(platform: RunningPlatform, place: str, text: str) -> None:
    answer = platform.client.put(f"/configs/{place}", content=text, headers=YAML)
    assert answer.status_code == 200, answer.text


def write_versions(platform: RunningPlatform, tenant: str, count: int, place: str = DOCUMENT) -> None:
    for number in range(1, count + 1):
        put(platform, f"{tenant}/{place}", f"n: {number}\n")


def route(tenant: str, domain: str) -> dict[str, Any]:
    return {"mapping_data": {"accounts": {tenant: {"account_id": tenant, "domain": domain}}}}


def age(platform: RunningPlatform, tenant: str, days: float) -> None:
    """Let all that a tenant has now be so much older."""
    for table in ("document_version", "mapping_version"):
        TestDatabases.run(
            platform.database_url,
            f"UPDATE config.{table} SET created_at = created_at - make_interval(secs => $2) WHERE tenant_id = $1",
            tenant, days * 86_400,
        )  # fmt: skip


def command(platform: RunningPlatform, versions: int | None = 1, days: int | None = 1) -> CommandLineHere:
    settings = {VERSIONS: versions, DAYS: days}
    given = {name: str(value) for name, value in settings.items() if value is not None}
    return CommandLineHere({**platform.environ, **given, "SPRINTIA_PLUGINS": "config"})


def remove(platform: RunningPlatform, tenant: str, versions: int = 1, days: int = 1, *options: str) -> tuple[int, int]:
    """Run the command on a tenant; how many versions of documents and of the mapping it removed."""
    removed = command(platform, versions, days).json("config", "retention", "--tenant", tenant, *options)
    return (removed[0]["versions"], removed[0]["mappings"]) if removed else (0, 0)


def standing(platform: RunningPlatform, tenant: str, place: str = DOCUMENT) -> list[int]:
    return [item["version"] for item in platform.client.get(f"/configs/{tenant}/{place}/history").json()]


def gaps(platform: RunningPlatform, tenant: str, place: str = f"configs/{{}}/{DOCUMENT}/history") -> list[list[Any]]:
    """What the service says was removed, the newest first, and whether all of it went at once."""
    found = platform.client.get(f"/{place.format(tenant)}/removed", params={"tenant": tenant}).json()
    assert all(gap["first_removed_at"] <= gap["last_removed_at"] for gap in found)
    return [[gap["first"], gap["last"], gap["first_removed_at"] == gap["last_removed_at"]] for gap in found]


def superuser(platform: RunningPlatform, statement: str, *arguments: Any) -> list[dict[str, Any]]:
    return TestDatabases.run(platform.database_url, statement, *arguments)


# --- what goes and what stays


def test_each_reason_to_keep_a_version_keeps_it_alone(served: RunningPlatform, tenant: str) -> None:
    write_versions(served, tenant, 6)
    assert remove(served, tenant) == (0, 0), "all of it is from today"
    age(served, tenant, 10)
    assert remove(served, tenant, versions=6) == (0, 0)
    assert remove(served, tenant, versions=1_000_000) == (0, 0)
    assert remove(served, tenant, days=11) == (0, 0)
    assert served.client.put(f"/config/tenants/{tenant}/pins/run-1", json={"revision": 2}).status_code == 200
    assert remove(served, tenant, versions=3) == (2, 0)
    assert standing(served, tenant) == [6, 5, 4, 2], "the newest three, and what stood at the pinned revision"
    assert gaps(served, tenant) == [[3, 3, True], [1, 1, True]]
    assert remove(served, tenant, versions=3) == (0, 0)
    assert served.client.delete(f"/config/tenants/{tenant}/pins/run-1").status_code == 200
    assert remove(served, tenant) == (3, 0)
    assert standing(served, tenant) == [6], "what stands is never removed"
    assert gaps(served, tenant) == [[1, 5, False]]
    assert served.client.get(f"/configs/{tenant}/{DOCUMENT}").json()["json_data"] == {"n": 6}


def test_a_version_is_as_old_as_its_replacement(served: RunningPlatform, tenant: str) -> None:
    """Every moment of the last days can still be asked for, however long before the version was written."""
    write_versions(served, tenant, 2)
    age(served, tenant, 100)
    put(served, f"{tenant}/{DOCUMENT}", "n: 3\n")
    assert remove(served, tenant, days=30) == (1, 0)
    yesterday = "now() - interval '1 day'"
    (row,) = superuser(served, f"SELECT to_char({yesterday}, 'YYYY-MM-DD\"T\"HH24:MI:SSZ') AS at")
    then = served.client.get(f"/configs/{tenant}/{DOCUMENT}", params={"at": row["at"]})
    assert then.json()["json_data"] == {"n": 2}


def test_a_deleted_document_stays_deleted_and_secrets_go_with_their_versions(
    served: RunningPlatform, tenant: str
) -> None:
    for number in range(3):
        put(served, f"{tenant}/retail/credentials", f"credentials: {{tok: planted-{number}}}\n")
    write_versions(served, tenant, 2)
    served.client.delete(f"/configs/{tenant}/{DOCUMENT}")
    for domain in ("retail", "furniture", "auto"):
        assert served.client.patch("/mapping/", json=route(tenant, domain)).status_code == 200
    age(served, tenant, 10)
    assert remove(served, tenant, 1, 1, "--dry-run") == (4, 2)
    assert standing(served, tenant) == [3, 2, 1], "a dry run removes nothing"
    assert remove(served, tenant) == (4, 2)
    gone = assert_problem(served.client.get(f"/configs/{tenant}/{DOCUMENT}"), 404)
    assert gone["deleted_by_version"] == 3
    rows = superuser(served, "SELECT version FROM config.secret_version WHERE tenant_id = $1", tenant)
    assert [row["version"] for row in rows] == [3]
    assert "planted-2" in served.client.get(f"/configs/{tenant}/retail/credentials").text
    assert served.client.get(f"/mapping/resolve?account={tenant}").json()["domain"] == "auto"
    assert gaps(served, tenant, "mapping/history") == [[1, 2, True]]
    assert gaps(served, tenant) == [[1, 2, True]]
    (event,) = superuser(
        served, "SELECT string_agg(detail, ' ' ORDER BY seq) AS details FROM platform.audit_event "
        "WHERE tenant_id = $1 AND action = 'retention.removed'", tenant,
    )  # fmt: skip
    assert event["details"] == (
        '{"kept_days": 1, "kept_versions": 1, "versions": 4} {"kept_days": 1, "kept_versions": 1, "mappings": 2}'
    )
    put(served, f"{tenant}/{DOCUMENT}", "n: again\n")
    assert standing(served, tenant) == [4, 3], "numbers go on"


# --- what is answered afterwards


@pytest.fixture
def past(served: RunningPlatform, tenant: str) -> str:
    """A tenant of nine revisions: 1 to 6 a document, 7 to 9 the mapping; all but the last of each is gone."""
    write_versions(served, tenant, 6)
    for domain in ("retail", "furniture", "auto"):
        served.client.patch("/mapping/", json=route(tenant, domain))
    age(served, tenant, 10)
    assert remove(served, tenant) == (5, 2)
    return tenant


def test_what_lies_before_the_horizon_is_a_410_that_tells_where_it_is(served: RunningPlatform, past: str) -> None:
    client, path = served.client, f"/configs/{past}/{DOCUMENT}"
    (row,) = superuser(served, "SELECT revision, at FROM config.retention_horizon WHERE tenant_id = $1", past)
    horizon = {"revision": 9, "at": f"{row['at']:%Y-%m-%dT%H:%M:%S.%fZ}"}
    assert row["revision"] == 9
    for place in (f"/configs/{past}/bundle", path, f"{path}/yaml"):
        for query in ({"revision": 8}, {"revision": 1}, {"at": "2020-01-01"}, {"at": "2026-01-01T00:00:00Z"}):
            problem = assert_problem(client.get(place, params=query), 410, "revision_gone")
            assert problem["horizon"] == horizon
        for query in ({"revision": 9}, {"at": horizon["at"]}):
            assert client.get(place, params=query).status_code == 200, query
    for answer in (
        client.get(f"{path}/version/5"), client.get(f"{path}/diff"), client.get(f"{path}/diff?from=2&to=6"),
        client.get(f"{path}/diff?from=6&to=1"), client.get(f"{path}/blame?version=3"),
        client.post(f"{path}/rollback", json={"version": 1}),
        client.post("/mapping/rollback", json={"version": 1, "tenant_id": past}),
    ):  # fmt: skip
        assert assert_problem(answer, 410, "version_gone")["horizon"] == horizon
    for number in (0, 7, 99):
        assert_problem(client.get(f"{path}/version/{number}"), 404)
    for number in (7, 99):
        assert_problem(client.post(f"{path}/rollback", json={"version": number}), 404, "version_not_found")
    assert_problem(client.post("/mapping/rollback", json={"version": 4, "tenant_id": past}), 404)
    assert standing(served, past) == [6]
    blame = client.get(f"{path}/blame").json()
    assert (blame["complete"], blame["oldest_version_read"]) == (False, 6)
    assert blame["paths"][0]["version"] is None
    for language, word in (("pt-BR", "retenção"), ("en", "Retention")):
        told = client.get(f"{path}/version/5", headers={"Accept-Language": language}).json()["detail"]
        assert word in told
        assert horizon["at"] in told


def test_a_feed_that_begins_before_the_horizon_says_so_instead_of_leaving_out(
    served: RunningPlatform, past: str
) -> None:
    feed, events = f"/configs/{past}/changes", f"/configs/{past}/events"
    for since in (0, 1, 8):
        for answer in (
            served.client.get(feed, params={"since": since}),
            served.client.get(events, params={"since": since}),
            served.client.get(events, headers={"Last-Event-ID": str(since)}),
        ):
            problem = assert_problem(answer, 410, "changes_gone")
            assert problem["horizon"]["revision"] == 9
            assert "bundle" in problem["detail"]
    bundle = served.client.get(f"/configs/{past}/bundle").json()
    put(served, f"{past}/{DOCUMENT}", "n: 7\n")
    page = served.client.get(feed, params={"since": bundle["revision"]}).json()
    assert [change["version"] for change in page["changes"]] == [7]


def test_blame_and_diff_do_not_reach_over_a_gap(served: RunningPlatform, tenant: str) -> None:
    path = f"/configs/{tenant}/{DOCUMENT}"
    for text in ("a: 1\nb: 1\n", "a: 1\nb: 2\n", "a: 1\nb: 3\n", "a: 1\nb: 4\n", "a: 1\nb: 5\n"):
        put(served, f"{tenant}/{DOCUMENT}", text)
    served.client.put(f"/config/tenants/{tenant}/pins/first", json={"revision": 1})
    age(served, tenant, 10)
    assert remove(served, tenant, versions=2) == (2, 0)
    assert standing(served, tenant) == [5, 4, 1]
    blame = served.client.get(f"{path}/blame").json()
    assert (blame["complete"], blame["oldest_version_read"]) == (False, 4)
    assert {line["pointer"]: line["version"] for line in blame["paths"]} == {"/a": None, "/b": 5}
    assert_problem(served.client.get(f"{path}/diff?to=4"), 410, "version_gone")
    assert served.client.get(f"{path}/diff?from=1&to=4").json()["counts"]["changed"] == 1
    assert served.client.get(f"{path}/diff?to=1").json()["from"] is None, "before the first there is nothing"


def test_what_is_left_can_be_exported_and_imported(
    served: RunningPlatform, past: str, databases: TestDatabases, tmp_path: Path
) -> None:
    write_versions(served, past, 2)
    exported = served.client.get("/config/export", params={"secrets": "clear", "tenant": past})
    lines = [json.loads(line) for line in exported.content.splitlines()]
    numbers = [(line["kind"], line["version"]) for line in lines if "version" in line]
    assert numbers == [("document", 6), ("mapping", 3), ("document", 7), ("document", 8)]

    def imported(platform: RunningPlatform) -> dict[str, Any]:
        answer = platform.as_key(platform.key()).post(
            "/config/import", content=exported.content, headers={"Content-Type": "application/x-ndjson"}
        )
        assert answer.status_code == 200, answer.text
        report: dict[str, Any] = answer.json()
        return report

    assert imported(served)["documents"]["present"] == 3
    with shared_platform(databases, tmp_path) as other:
        assert imported(other)["documents"]["written"] == 3
        assert standing(other, past) == [8, 7, 6]
        for number in (6, 7, 8):
            place = f"/configs/{past}/{DOCUMENT}/version/{number}"
            assert other.client.get(place).json()["yaml_content"] == served.client.get(place).json()["yaml_content"]
        assert_problem(other.client.get(f"/configs/{past}/{DOCUMENT}/version/5"), 404)
        assert other.client.get(f"/mapping/resolve?account={past}").json()["domain"] == "auto"
        assert imported(other)["documents"]["present"] == 3


# --- pins


def test_a_pin_is_set_listed_and_deleted(served: RunningPlatform, tenant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pins, "MOST_PINS", 2)
    client, place = served.client, f"/config/tenants/{tenant}/pins"
    assert_problem(client.put(f"{place}/a", json={"revision": 0}), 404, "tenant_not_found")
    write_versions(served, tenant, 3)
    made = client.put(f"{place}/run-42", json={"revision": 2, "note": "olá"})
    assert made.status_code == 200
    pin = made.json()
    assert (pin["tenant_id"], pin["name"], pin["revision"], pin["note"]) == (tenant, "run-42", 2, "olá")
    assert (pin["actor"], pin["base_revision"]) == ("key:bootstrap", None)
    assert client.put(f"{place}/run-42", json={"revision": 2, "note": "olá"}).json() == pin
    at = client.get(f"/configs/{tenant}/{DOCUMENT}/version/1").json()["created_at"]
    assert client.put(f"{place}/another", json={"at": at}).json()["revision"] == 1
    assert_problem(client.put(f"{place}/third", json={"revision": 1}), 409, "pins_full")
    moved = client.put(f"{place}/run-42", json={"revision": 3}).json()
    assert (moved["revision"], moved["note"]) == (3, "")
    assert client.get(place).json() == [client.put(f"{place}/another", json={"revision": 1}).json(), moved]
    assert client.delete(f"{place}/run-42").json() == moved
    assert_problem(client.delete(f"{place}/run-42"), 404, "pin_not_found")
    actions = superuser(
        served, "SELECT action, target, detail FROM platform.audit_event WHERE tenant_id = $1 AND action LIKE 'pin.%' "
        "ORDER BY seq", tenant,
    )  # fmt: skip
    assert [(event["action"], event["target"], json.loads(event["detail"])["revision"]) for event in actions] == [
        ("pin.set", "pin/run-42", 2), ("pin.set", "pin/another", 1), ("pin.set", "pin/run-42", 3),
        ("pin.delete", "pin/run-42", 3),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422), ({"note": "only"}, 422), ({"revision": -1}, 422), ({"revision": "x"}, 422),
        ({"revision": 2**63}, 422),
        ({"revision": 1, "at": "2026-01-01"}, 422), ({"at": "yesterday"}, 422), ({"revision": 1, "other": 1}, 422),
        ({"revision": 1, "note": "n" * 501}, 422), ({"revision": 99}, 404),
        ({"revision": 1, "base_revision": 10**9}, 404),
    ],
)  # fmt: skip
def test_a_pin_that_cannot_be(served: RunningPlatform, tenant: str, body: dict[str, Any], status: int) -> None:
    write_versions(served, tenant, 1)
    write_versions(served, "_base", 1)
    assert_problem(served.client.put(f"/config/tenants/{tenant}/pins/a", json=body), status)
    assert_problem(served.client.put(f"/config/tenants/{tenant}/pins/a b", json={"revision": 1}), 422)
    assert served.client.get(f"/config/tenants/{tenant}/pins").json() == []


def test_only_what_is_whole_can_be_pinned_and_what_is_pinned_stays_whole(served: RunningPlatform, tenant: str) -> None:
    client, place = served.client, f"/config/tenants/{tenant}/pins"
    write_versions(served, tenant, 4)
    write_versions(served, tenant, 3, "retail/metadata")
    client.put(f"{place}/run", json={"revision": 5})
    age(served, tenant, 10)
    before = client.get(f"/configs/{tenant}/bundle?revision=5")
    assert remove(served, tenant) == (4, 0)
    pinned = client.get(f"/configs/{tenant}/bundle?revision=5")
    assert (pinned.status_code, pinned.content) == (200, before.content)
    assert pinned.headers["etag"] == before.headers["etag"]
    for around in (4, 6):
        assert_problem(client.get(f"/configs/{tenant}/bundle?revision={around}"), 410, "revision_gone")
        assert_problem(client.put(f"{place}/late", json={"revision": around}), 410, "revision_gone")
    at = client.get(f"/configs/{tenant}/retail/metadata/version/1").json()["created_at"]
    assert_problem(client.put(f"{place}/late", json={"at": at}), 410, "revision_gone")
    assert client.put(f"{place}/second", json={"revision": 5}).status_code == 200, "what another pin keeps is whole"
    client.delete(f"{place}/run")
    assert remove(served, tenant) == (0, 0)
    client.delete(f"{place}/second")
    assert remove(served, tenant) == (1, 0)
    assert_problem(client.get(f"/configs/{tenant}/bundle?revision=5"), 410, "revision_gone")


def test_the_layers_below_a_tenant_are_pinned_along_with_it(platform: RunningPlatform) -> None:
    for number in range(3):
        put(platform, "_base/_base/config", f"base: {number}\n")
    write_versions(platform, "t1", 1)
    for number in range(3, 6):
        put(platform, "_base/_base/config", f"base: {number}\n")
    write_versions(platform, "t1", 3)
    place, query = "/config/tenants/t1/pins/run", {"resolve": "true", "revision": 1}
    assert platform.client.put(place, json={"revision": 1}).json()["base_revision"] == 3
    assert platform.client.get("/config/tenants/_base/pins").json() == [], "it is the tenant's pin"
    for tenant in ("t1", "_base"):
        age(platform, tenant, 10)
    before = platform.client.get("/configs/t1/bundle", params=query)
    assert '"base":2' in before.text
    shown = [removed["tenant_id"] for removed in command(platform).json("config", "retention")]
    assert shown == ["_base", "t1"]
    after = platform.client.get("/configs/t1/bundle", params={**query, "base_revision": 3})
    assert (after.status_code, after.content) == (200, before.content)
    assert platform.client.delete(place).status_code == 200
    assert remove(platform, "_base") == (1, 0)


# --- off by default, and how it runs


def test_it_is_off_unless_both_settings_are_there(platform: RunningPlatform) -> None:
    write_versions(platform, "t1", 3)
    age(platform, "t1", 1000)
    assert Rule.of(Host(environ=platform.environ).settings_of("config", removal.ConfigSettings)) is None
    refusal = command(platform, None, None).refusal("config", "retention")
    assert refusal.startswith("retention is off: set SPRINTIA_CONFIG_RETENTION_VERSIONS and ")
    for versions, days in ((3, None), (None, 3)):
        refusal = command(platform, versions, days).refusal("config", "retention")
        assert "SPRINTIA_CONFIG_RETENTION_VERSIONS and SPRINTIA_CONFIG_RETENTION_DAYS: set both" in refusal
    for name in (VERSIONS, DAYS):
        with pytest.raises(StartupError, match="set both"):
            RunningPlatform({**platform.environ, name: "3", "SPRINTIA_PLUGINS": "config"})
        for value in ("0", "-1", "x"):
            assert name in command(platform).run("config", "retention", **{name: value}).err
    assert standing(platform, "t1") == [3, 2, 1]


def test_a_server_removes_in_the_background_and_tries_again_after_a_failure(
    run_platform: Callable[..., RunningPlatform], monkeypatch: pytest.MonkeyPatch, json_logs: JsonLogs
) -> None:
    for name in ("FIRST_AFTER_SECONDS", "EVERY_SECONDS", "AGAIN_AFTER_SECONDS"):
        monkeypatch.setattr(task, name, 0.05)
    platform = run_platform(**{VERSIONS: "1", DAYS: "1"})
    function = "config.remove_versions(text, text, text, integer, integer, integer)"
    superuser(platform, f"REVOKE EXECUTE ON FUNCTION {function} FROM sprintia_config")
    write_versions(platform, "t1", 3)
    age(platform, "t1", 10)
    wait_until(lambda: json_logs.events("retention_failed"), what="a failure that is logged")
    assert standing(platform, "t1") == [3, 2, 1]
    superuser(platform, f"GRANT EXECUTE ON FUNCTION {function} TO sprintia_config")
    wait_until(lambda: json_logs.events("retention_removed"), what="the removal")
    assert standing(platform, "t1") == [3]
    (told,) = json_logs.events("retention_removed")
    assert (told["tenant"], told["count"]) == ("t1", 2)


def test_one_process_removes_at_a_time(served: RunningPlatform, tenant: str) -> None:
    write_versions(served, tenant, 5)
    age(served, tenant, 10)

    async def at_once() -> tuple[str, list[int]]:
        database = served.host_database
        await database.open()
        try:
            async with removal.alone(database) as first, removal.alone(database) as second:
                assert (first, second) == (True, False)
                refusal = await asyncio.to_thread(command(served).refusal, "config", "retention")
            # And if the lock were lost: what one has removed the other does not count again.
            both = await asyncio.gather(*(_removed(database, tenant) for _ in range(2)))
        finally:
            await database.close()
        return refusal, list(both)

    refusal, counts = asyncio.run(at_once())
    assert "another process" in refusal
    assert sum(counts) == 4
    events = superuser(
        served, "SELECT detail FROM platform.audit_event WHERE tenant_id = $1 AND action = 'retention.removed'", tenant
    )
    assert sum(json.loads(event["detail"])["versions"] for event in events) == 4


async def _removed(database: Database, tenant: str) -> int:
    return sum([removed.versions async for removed in remove_all(database, Rule(1, 1), "test", [tenant])])


# --- what the database itself refuses


REMOVE = "SELECT config.remove_versions($1, 'retail', 'config', $2, $3, 100)"


def test_the_role_that_serves_cannot_remove_otherwise(served: RunningPlatform, tenant: str) -> None:
    write_versions(served, tenant, 4)
    age(served, tenant, 10)

    def attempt(statement: str, *arguments: Any, tenants: Any = None, role: str = "config") -> Any:
        seen = [tenant] if tenants is None else tenants
        return TestDatabases.run_as(served.database_url, role, seen, statement, *arguments)

    tables = ("document_version", "mapping_version", "secret_version", "document", "retention_horizon", "tenant")
    for table in (*tables, "removed_versions"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            attempt(f"DELETE FROM config.{table} WHERE tenant_id = $1", tenant)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            attempt(f"TRUNCATE config.{table}")
    for statement in (
        "UPDATE config.retention_horizon SET revision = 0",
        "INSERT INTO config.retention_horizon VALUES ('t', 1, now())",
        "UPDATE config.document_version SET created_at = now()", "SELECT config.raise_horizon('t', 1, now())",
        "SELECT config.begin_removal('t', 1, 1)", "SELECT config.note_removed('t', 'd', 'c', 1, 1)",
        "UPDATE config.removed_versions SET last = 9",
    ):  # fmt: skip
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            attempt(statement)
    for keep, days in ((0, 1), (1, 0), (-1, 1), (1, -1), (None, 1), (1, None)):
        with pytest.raises(asyncpg.InvalidParameterValueError):
            attempt(REMOVE, tenant, keep, days)
    for tenants in (["other"], []):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="did not name this tenant"):
            attempt(REMOVE, tenant, 1, 1, tenants=tenants)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        attempt(REMOVE, tenant, 1, 1, role="platform")
    with pytest.raises(asyncpg.InvalidTransactionStateError):
        asyncio.run(_in_an_old_snapshot(served.database_url, tenant))
    assert standing(served, tenant) == [4, 3, 2, 1]


async def _in_an_old_snapshot(url: str, tenant: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            begin_statement("config", [tenant]).replace("BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ")
        )
        await connection.fetchval(REMOVE, tenant, 1, 1)
    finally:
        await connection.close()


class Removal:
    """A removal that has happened and is not committed yet."""

    def __init__(self, url: str, tenant: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._connection: asyncpg.Connection = self._loop.run_until_complete(asyncpg.connect(url))
        self.run(self._connection.execute(begin_statement("config", [tenant])))
        self.count = self.run(self._connection.fetchval(REMOVE, tenant, 1, 1))

    def run(self, work: Any) -> Any:
        return self._loop.run_until_complete(work)

    def commit(self) -> None:
        self.run(self._connection.execute("COMMIT"))

    def close(self) -> None:
        self.run(self._connection.close())
        self._loop.close()


@pytest.fixture
def removal_under_way(served: RunningPlatform, tenant: str) -> Iterator[Removal]:
    write_versions(served, tenant, 4)
    age(served, tenant, 10)
    made = Removal(served.database_url, tenant)
    yield made
    made.close()


def test_a_removal_holds_up_no_writer_and_no_reader(
    served: RunningPlatform, tenant: str, removal_under_way: Removal
) -> None:
    assert removal_under_way.count == 3
    put(served, f"{tenant}/{DOCUMENT}", "n: 5\n")
    assert served.client.post(f"/configs/{tenant}/{DOCUMENT}/rollback", json={"version": 1}).status_code == 200
    assert served.client.get(f"/configs/{tenant}/bundle?revision=1").status_code == 200, "until it is committed"
    removal_under_way.commit()
    assert_problem(served.client.get(f"/configs/{tenant}/bundle?revision=1"), 410)
    assert standing(served, tenant) == [6, 5, 4]


def test_a_pin_that_comes_during_a_removal_waits_and_is_told_the_truth(
    served: RunningPlatform, tenant: str, removal_under_way: Removal
) -> None:
    with ThreadPoolExecutor(1) as pool:
        pinning = pool.submit(served.client.put, f"/config/tenants/{tenant}/pins/run", json={"revision": 2})
        waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        wait_until(lambda: superuser(served, waiting), what="the pin to wait for the removal")
        removal_under_way.commit()
        assert_problem(pinning.result(), 410, "revision_gone")
    assert served.client.get(f"/config/tenants/{tenant}/pins").json() == []


@pytest.mark.parametrize("rest", ["bundle?revision=2", "retail/config/yaml?revision=2", "changes?since=1"])
def test_rows_that_vanish_before_a_readers_eyes_are_told(served: RunningPlatform, tenant: str, rest: str) -> None:
    """The reader has begun, and waits for the rows, when they are removed: it must look for the horizon no earlier."""
    write_versions(served, tenant, 4)
    age(served, tenant, 10)
    loop = asyncio.new_event_loop()
    remover: asyncpg.Connection = loop.run_until_complete(asyncpg.connect(served.database_url))
    try:
        loop.run_until_complete(remover.execute(
            f"BEGIN; SET LOCAL sprintia.tenants = '{tenant}'; "
            "LOCK TABLE config.document_version IN ACCESS EXCLUSIVE MODE"
        ))  # fmt: skip
        with ThreadPoolExecutor(1) as pool:
            reading = pool.submit(served.client.get, f"/configs/{tenant}/{rest}")
            waiting = "SELECT 1 FROM pg_locks WHERE relation = 'config.document_version'::regclass AND NOT granted"
            wait_until(lambda: superuser(served, waiting), what="the reader to wait for the rows")
            assert loop.run_until_complete(remover.fetchval(REMOVE, tenant, 1, 1)) == 3
            loop.run_until_complete(remover.execute("COMMIT"))
            assert_problem(reading.result(), 410)
    finally:
        loop.run_until_complete(remover.close())
        loop.close()


def test_a_reader_during_a_removal_gets_all_or_a_410(
    served: RunningPlatform, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "BATCH", 2)
    for number in range(1, 13):
        put(served, f"{tenant}/retail/type_{number % 3}", f"n: {number}\n")
    age(served, tenant, 10)
    paths = [f"/configs/{tenant}/bundle?revision={revision}" for revision in range(1, 13)]
    paths += [f"/configs/{tenant}/retail/type_1?revision={revision}" for revision in range(1, 13)]
    paths += [f"/configs/{tenant}/changes?since={since}" for since in range(12)]
    whole = {path: served.client.get(path).content for path in paths}
    ended = threading.Event()

    def read(seed: int) -> list[tuple[str, int, bytes]]:
        choice = random.Random(seed)  # noqa: S311 - repeatable, not secret
        got = []
        with served.as_key(served.environ["API_KEY"]) as client:
            while not ended.is_set():
                path = choice.choice(paths)
                answer = client.get(path)
                got.append((path, answer.status_code, answer.content))
        return got

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read, seed) for seed in range(3)]
        try:
            assert remove(served, tenant) == (9, 0)
        finally:
            ended.set()
        seen = [found for reader in readers for found in reader.result()]
    assert {status for _, status, _ in seen} <= {200, 404, 410}
    assert {
        path for path, status, content in seen if status in {200, 404} and content != whole[path] and status == 200
    } == set()
    for reader in readers:
        gone: set[str] = set()
        for path, status, _ in reader.result():
            assert not (status == 200 and path in gone), "what is gone does not come back"
            gone |= {path} if status == 410 else set()


# --- any history, any pins: what is answered is what was


PLACES = ("retail/one", "retail/two")


class Chronicle:
    """A random history of one tenant, and what each moment of it answered before retention."""

    def __init__(self, platform: RunningPlatform, tenant: str, choice: random.Random) -> None:
        self.platform, self.tenant, self.choice = platform, tenant, choice
        self.revision = 0
        self.pinned: dict[str, int] = {}
        self.bundles: dict[int, bytes] = {}
        self.documents: dict[tuple[int, str], tuple[int, bytes]] = {}

    def grow(self, changes: int) -> None:
        for _ in range(changes):
            self._change()
            self.revision += 1

    def _get(self, rest: str) -> httpx.Response:
        return self.platform.client.get(f"/configs/{self.tenant}/{rest}")

    def _change(self) -> None:
        client, place = self.platform.client, f"/configs/{self.tenant}/retail/{self.choice.choice(['one', 'two'])}"
        kind = self.choice.choice(["put"] * 5 + ["delete", "secret", "mapping"])
        if kind == "mapping":
            domain = f"d{self.revision}"
            assert client.patch("/mapping/", json=route(self.tenant, domain)).status_code == 200
        elif kind == "delete" and client.get(place).status_code == 200:
            assert client.delete(place).status_code == 200
        else:
            secret = f"token: planted-{self.revision}\n" if kind == "secret" else ""
            text = f"n: {self.revision}  # {self.choice.random()}\n{secret}"
            assert client.put(place, content=text, headers=YAML).status_code == 200

    def spread_over(self, days: int) -> None:
        """Let the revisions have been made one after the other, evenly, over the last days."""
        for table in ("document_version", "mapping_version"):
            superuser(
                self.platform,
                f"UPDATE config.{table} SET created_at = now() - make_interval(secs => $3 * 86400.0 * "
                "($2 - revision + 0.5) / $2) WHERE tenant_id = $1",
                self.tenant, float(self.revision), float(days),
            )  # fmt: skip
        superuser(
            self.platform,
            "UPDATE config.retention_horizon SET at = now() - make_interval(secs => $3 * 86400.0 * "
            "($2 - revision + 0.5) / $2) WHERE tenant_id = $1",
            self.tenant, float(self.revision), float(days),
        )  # fmt: skip

    def look(self) -> None:
        """Write down what each moment answers."""
        self.bundles, self.documents = {}, {}
        for revision in range(1, self.revision + 1):
            bundle = self._get(f"bundle?revision={revision}")
            if bundle.status_code == 200:
                self.bundles[revision] = bundle.content
                for place in PLACES:
                    answer = self._get(f"{place}/yaml?revision={revision}")
                    self.documents[revision, place] = answer.status_code, _telling(answer)

    def set_pins(self, count: int) -> None:
        for _ in range(count):
            revision = self.choice.randint(1, self.revision)
            name = f"pin-{revision}"
            answer = self.platform.client.put(f"/config/tenants/{self.tenant}/pins/{name}", json={"revision": revision})
            assert answer.status_code == (200 if revision in self.bundles else 410)
            if answer.status_code == 200:
                self.pinned[name] = revision

    def unpin_some(self) -> None:
        for name in [name for name in self.pinned if self.choice.random() < 0.5]:
            assert self.platform.client.delete(f"/config/tenants/{self.tenant}/pins/{name}").status_code == 200
            del self.pinned[name]

    def histories(self) -> dict[str, list[dict[str, Any]]]:
        """The versions of each document and of the mapping, oldest first, with their age in days."""
        columns = (
            "version, revision, extract(epoch FROM now() - created_at)::float / 86400 AS age, "
            "to_char(created_at, 'YYYY-MM-DD\"T\"HH24:MI:SS.USZ') AS at"
        )
        rows = superuser(
            self.platform,
            f"SELECT domain || '/' || config_type AS place, {columns} FROM config.document_version "
            f"WHERE tenant_id = $1 UNION ALL SELECT 'mapping', {columns} FROM config.mapping_version "
            "WHERE tenant_id = $1 ORDER BY version",
            self.tenant,
        )
        found: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            found.setdefault(row["place"], []).append(row)
        return found

    def missing(self) -> dict[str, list[int]]:
        """The versions that are not there any more."""
        found = {
            place: sorted(set(range(1, history[-1]["version"])) - {row["version"] for row in history})
            for place, history in self.histories().items()
        }
        return {place: numbers for place, numbers in found.items() if numbers}

    def removed(self) -> dict[str, list[int]]:
        """Those that the service says were removed."""
        places = {place: f"/configs/{self.tenant}/{place}/history/removed" for place in PLACES}
        found: dict[str, list[int]] = {}
        for place, path in {**places, "mapping": f"/mapping/history/removed?tenant={self.tenant}"}.items():
            gaps = self.platform.client.get(path).json()
            assert all(after["last"] + 1 < before["first"] for before, after in itertools.pairwise(gaps))
            if gaps:
                found[place] = sorted(number for gap in gaps for number in range(gap["first"], gap["last"] + 1))
        return found

    def expected(self, versions: int, days: int) -> dict[str, list[int]]:
        """What must be left, said once more and differently from the SQL."""
        left = {}
        for place, history in self.histories().items():
            newest = {row["version"] for row in history[-versions:]}
            needed = {
                max(row["version"] for row in history if row["revision"] <= pin)
                for pin in self.pinned.values()
                if any(row["revision"] <= pin for row in history)
            }
            young = {row["version"] for row, after in itertools.pairwise(history) if after["age"] <= days}
            left[place] = [row["version"] for row in history if row["version"] in newest | needed | young]
        return left

    def check(self) -> int:
        """Compare every moment with what it answered before; returns how many are answered no more."""
        found = superuser(
            self.platform, "SELECT revision FROM config.retention_horizon WHERE tenant_id = $1", self.tenant
        )
        horizon = found[0]["revision"] if found else 0
        times = {row["revision"]: row["at"] for history in self.histories().values() for row in history}
        gone = 0
        for revision in range(1, self.revision + 1):
            bundle = self._get(f"bundle?revision={revision}")
            if revision >= horizon or revision in self.pinned.values():
                assert (bundle.status_code, bundle.content) == (200, self.bundles[revision]), revision
                for place in PLACES:
                    answer = self._get(f"{place}/yaml?revision={revision}")
                    assert (answer.status_code, _telling(answer)) == self.documents[revision, place]
            else:
                gone += 1
                assert_problem(bundle, 410, "revision_gone")
                for place in ("retail/one", "retail/never"):
                    assert_problem(self._get(f"{place}?revision={revision}"), 410, "revision_gone")
            if revision in times:
                self._check_time(revision, horizon, times[revision])
            self._check_feed(revision, horizon)
        return gone

    def _check_time(self, revision: int, horizon: int, at: str) -> None:
        then = self.platform.client.get(f"/configs/{self.tenant}/bundle", params={"at": at})
        if revision >= horizon:
            assert then.content == self.bundles[revision]
        else:
            assert_problem(then, 410, "revision_gone")

    def _check_feed(self, since: int, horizon: int) -> None:
        page = self._get(f"changes?since={since}")
        if since < horizon:
            assert_problem(page, 410, "changes_gone")
        else:
            changes = page.json()["changes"]
            assert [change["revision"] for change in changes] == list(range(since + 1, self.revision + 1))


def _telling(answer: httpx.Response) -> bytes:
    """What an answer says of the document: a problem names the request too."""
    if answer.status_code == 200:
        return answer.content
    return json.dumps(answer.json().get("deleted_by_version")).encode()


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_answered_is_what_was(served: RunningPlatform, tenant: str, seed: int) -> None:
    choice = random.Random(seed)  # noqa: S311 - repeatable, not secret
    chronicle = Chronicle(served, tenant, choice)
    chronicle.grow(14)
    gone = 0
    for _ in range(2):
        chronicle.spread_over(20)
        chronicle.look()
        chronicle.set_pins(choice.randint(0, 3))
        versions, days = choice.randint(1, 3), choice.randint(1, 12)
        expected = chronicle.expected(versions, days)
        remove(served, tenant, versions, days)
        left = {place: [row["version"] for row in history] for place, history in chronicle.histories().items()}
        assert left == expected
        assert chronicle.removed() == chronicle.missing()
        gone += chronicle.check()
        chronicle.unpin_some()
        chronicle.grow(6)
    assert gone, "this seed tries nothing"
