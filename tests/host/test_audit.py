"""The audit log: what was done stands in it, in order, and whoever alters it is found out."""

import asyncio
import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg
import pytest
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform, wait_until

from sprintia_platform.audit.log import ChainFault, append_audit, verify_audit
from sprintia_platform.database.connections import begin_statement

TENANT = "account_1"


def write(platform: RunningPlatform, tenant: str, times: int) -> None:
    for number in range(times):
        body = {"yaml_content": f"n: {number}\n"}
        assert platform.client.post(f"/configs/{tenant}/retail/config", json=body).status_code == 200


def faults(platform: RunningPlatform, tenant: str | None = None) -> tuple[int, list[ChainFault]]:
    async def walk() -> tuple[int, list[ChainFault]]:
        connection = await asyncpg.connect(platform.database_url)
        try:
            await connection.execute(begin_statement("platform", "*", read_only=True))
            return await verify_audit(connection, tenant)
        finally:
            await connection.close()

    return asyncio.run(walk())


def superuser(platform: RunningPlatform, statement: str) -> None:
    TestDatabases.run(platform.database_url, statement)


def test_a_change_and_its_event_stand_together(platform: RunningPlatform) -> None:
    answer = platform.client.post(f"/configs/{TENANT}/retail/config", json={"yaml_content": "a: 1\n"})
    admin = platform.with_rights("admin")
    (event,) = admin.get(f"/audit?tenant={TENANT}").json()["events"]
    assert event["tenant_id"] == TENANT
    assert event["seq"] == 1
    assert event["actor"] == "key:bootstrap"
    assert event["action"] == "document.write"
    assert event["target"] == "retail/config"
    assert event["detail"]["version"] == 1
    assert event["request_id"] == answer.headers["x-request-id"]
    assert len(event["hash"]) == 64
    # An identical content changes nothing, and a refused one neither.
    platform.client.post(f"/configs/{TENANT}/retail/config", json={"yaml_content": "a: 1\n"})
    platform.client.post(f"/configs/{TENANT}/retail/config", json={"yaml_content": "a: [\n"})
    assert len(admin.get(f"/audit?tenant={TENANT}").json()["events"]) == 1
    assert faults(platform) == (2, [])  # that one, and the key of the admin


EVENT = "UPDATE platform.audit_event SET {} WHERE tenant_id = 'account_1' AND seq = 3"
ATTACKS: dict[str, tuple[str, set[tuple[int, str]]]] = {
    "an actor edited": (EVENT.format("actor = 'key:somebody'"), {(3, "changed")}),
    "an action edited": (EVENT.format("action = 'document.read'"), {(3, "changed")}),
    "a target edited": (EVENT.format("target = 'retail/other'"), {(3, "changed")}),
    "a detail edited": (EVENT.format("detail = '{}'"), {(3, "changed")}),
    "a request id edited": (EVENT.format("request_id = ''"), {(3, "changed")}),
    "a time shifted": (EVENT.format("at = at - interval '1 microsecond'"), {(3, "changed")}),
    "text moved from one field to the next": (
        EVENT.format("actor = actor || left(action, 1), action = substr(action, 2)"), {(3, "changed")}),
    "a hash edited": (EVENT.format("hash = sha256(hash)"), {(3, "changed"), (4, "changed")}),
    "an event taken out": ("DELETE FROM platform.audit_event WHERE tenant_id = 'account_1' AND seq = 3",
                           {(3, "gap"), (4, "changed")}),
    "the first event taken out": ("DELETE FROM platform.audit_event WHERE tenant_id = 'account_1' AND seq = 1",
                                  {(1, "gap"), (2, "changed")}),
    "the end cut off": ("DELETE FROM platform.audit_event WHERE tenant_id = 'account_1' AND seq > 3", {(5, "cut")}),
    "all events taken out": ("DELETE FROM platform.audit_event WHERE tenant_id = 'account_1'", {(5, "cut")}),
    "an event added": (
        ("INSERT INTO platform.audit_event SELECT tenant_id, 6, at, actor, action, target, detail, request_id, hash "
         "FROM platform.audit_event WHERE tenant_id = 'account_1' AND seq = 5"), {(5, "cut"), (6, "changed")}),
    "two events swapped": (
        ("UPDATE platform.audit_event SET seq = CASE seq WHEN 2 THEN 103 ELSE 102 END WHERE tenant_id = 'account_1' "
         "AND seq IN (2, 3)"),
        {(2, "gap"), (4, "changed"), (6, "gap"), (102, "changed"), (103, "changed"), (5, "cut")}),
    "the end of the chain taken out": ("DELETE FROM platform.audit_chain WHERE tenant_id = 'account_1'", {(0, "cut")}),
    "the end of the chain edited": ("UPDATE platform.audit_chain SET seq = 4 WHERE tenant_id = 'account_1'",
                                    {(4, "cut")}),
    "an event given to another tenant": (
        "UPDATE platform.audit_event SET tenant_id = 'account_2', seq = 3 WHERE tenant_id = 'account_1' AND seq = 5",
        {(5, "cut"), (3, "changed"), (2, "cut")}),
}  # fmt: skip


@pytest.mark.parametrize("attack", sorted(ATTACKS))
def test_what_a_superuser_does_to_it_is_found(platform: RunningPlatform, attack: str) -> None:
    write(platform, TENANT, 5)
    write(platform, "account_2", 2)
    assert faults(platform) == (7, [])
    statement, expected = ATTACKS[attack]
    superuser(platform, statement)
    _, found = faults(platform)
    places = {(fault.seq, fault.cause) for fault in found}
    assert places == expected
    assert {fault.tenant_id for fault in found} <= {TENANT, "account_2"}
    assert TENANT in {fault.tenant_id for fault in found}


def test_one_tenants_chain_can_be_verified_alone(platform: RunningPlatform) -> None:
    write(platform, TENANT, 2)
    write(platform, "account_2", 3)
    superuser(platform, "UPDATE platform.audit_event SET actor = 'x' WHERE tenant_id = 'account_2' AND seq = 3")
    assert faults(platform, TENANT) == (2, [])
    assert faults(platform, "account_2") == (3, [ChainFault(tenant_id="account_2", seq=3, cause="changed")])


def test_any_text_is_chained_alike_by_postgresql_and_by_us(platform: RunningPlatform) -> None:
    async def append() -> None:
        connection = await asyncpg.connect(platform.database_url)
        await connection.execute(begin_statement("config", [TENANT]))
        for text in ("", "ação", "😀" * 10, "1:a2:bc", "a\nb\\", "{}", "x" * 5000):
            await append_audit(
                connection, tenant=TENANT, actor=text, action=text, target=text, detail={text: text}
            )  # fmt: skip
        await connection.execute("COMMIT")
        await connection.close()

    asyncio.run(append())
    assert faults(platform) == (7, [])


def test_appends_at_once_make_one_chain(run_platform: Callable[..., RunningPlatform]) -> None:
    platforms = [run_platform(), run_platform()]

    def post(number: int) -> int:
        # Of different documents, so that the chain alone stands in the way.
        path = f"/configs/{TENANT}/retail/type{number % 8}"
        return platforms[number % 2].client.post(path, json={"yaml_content": f"n: {number}\n"}).status_code

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(post, range(40))) == {200}
    count, found = faults(platforms[0])
    assert found == []
    assert count == 40
    rows = TestDatabases.run(platforms[0].database_url, "SELECT seq FROM platform.audit_event ORDER BY seq")
    assert [row["seq"] for row in rows] == list(range(1, 41))


def test_an_events_time_is_taken_after_the_lock_so_it_never_runs_against_its_number(platform: RunningPlatform) -> None:
    """Of two transactions, the one that began first appends last, and has waited for the other's end."""

    async def append(connection: asyncpg.Connection, actor: str) -> None:
        await append_audit(connection, tenant=TENANT, actor=actor, action="a", target="", detail={})

    async def two_at_once() -> None:
        early, late = [await asyncpg.connect(platform.database_url) for _ in range(2)]
        try:
            for connection in (early, late):
                await connection.execute(begin_statement("platform", "*"))
                await connection.execute("SELECT now()")
            await append(late, "first")
            waiting = asyncio.create_task(append(early, "second"))
            await asyncio.to_thread(wait_until, lambda: _waiting(platform), what="the other one waits for the chain")
            await late.execute("COMMIT")
            await waiting
            await early.execute("COMMIT")
        finally:
            await early.close()
            await late.close()

    asyncio.run(two_at_once())
    rows = TestDatabases.run(platform.database_url, "SELECT actor, at FROM platform.audit_event ORDER BY seq")
    assert [row["actor"] for row in rows] == ["first", "second"]
    assert rows[0]["at"] < rows[1]["at"]


def _waiting(platform: RunningPlatform) -> bool:
    query = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return bool(TestDatabases.run(platform.database_url, query))


def test_a_rolled_back_change_leaves_no_event(platform: RunningPlatform) -> None:
    async def try_to() -> None:
        connection = await asyncpg.connect(platform.database_url)
        await connection.execute(begin_statement("config", [TENANT]))
        await append_audit(connection, tenant=TENANT, actor="a", action="b", target="c", detail={})
        await connection.execute("ROLLBACK")
        await connection.close()

    asyncio.run(try_to())
    assert faults(platform) == (0, [])


def test_pages_show_each_event_once_newest_first(platform: RunningPlatform) -> None:
    write(platform, TENANT, 7)
    write(platform, "account_2", 4)
    admin = platform.with_rights("admin")
    seen: list[dict[str, Any]] = []
    before = ""
    while True:
        page = admin.get(f"/audit?limit=3{before}").json()
        seen += page["events"]
        if page["next"] is None:
            break
        write(platform, "account_3", 1)  # what comes in meanwhile moves nothing
        before = f"&before={page['next']}"
    keys = [(event["tenant_id"], event["seq"]) for event in seen]
    assert len(keys) == len(set(keys)) == 12
    assert [event["at"] for event in seen] == sorted((event["at"] for event in seen), reverse=True)
    assert len(admin.get(f"/audit?tenant={TENANT}&limit=1000").json()["events"]) == 7


def cursor(*position: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=-1",
        "limit=many",
        "before=nonsense",
        "before=é",
        "before=" + cursor(),
        "before=" + cursor("yesterday", "account_1", 1),
        "before=" + cursor("2026-01-01T00:00:00", "account_1", 1),
        "before=" + cursor("2026-01-01T00:00:00Z", "account_1", 2**63),
        "before=" + cursor("2026-01-01T00:00:00Z", "account_1", -1),
        "before=" + cursor("2026-01-01T00:00:00Z", "a\0b", 1),
        "before=" + cursor("2026-01-01T00:00:00Z", None, 1),
        "before=" + base64.urlsafe_b64encode(b'["2026-01-01T00:00:00Z","\\ud800",1]').decode().rstrip("="),
        "before=" + "[" * 3000,
    ],
)
def test_a_cursor_or_limit_that_is_none_is_refused(platform: RunningPlatform, query: str) -> None:
    answer = platform.with_rights("admin").get(f"/audit?{query}")
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("tenant", ["nobody", "a'b", "a b", "*", ",", "x" * 500, "ação"])
def test_a_strange_tenant_has_no_events_and_is_no_fault(platform: RunningPlatform, tenant: str) -> None:
    answer = platform.with_rights("admin").get("/audit", params={"tenant": tenant})
    assert answer.status_code in {200, 422}, answer.text
    if tenant != "*":
        assert answer.status_code == 422 or answer.json()["events"] == []
