"""Clients that hang up in the middle of a write: it is wholly there or not at all, and the server loses nothing."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg
import pytest
from faults.raw_http import Connection
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform, wait_until

WRITERS = 50
POOL = 4
TENANT = "account_1"


def in_flight(platform: RunningPlatform) -> int:
    """How many requests are being answered, the question itself apart."""
    text = platform.client.get("/metrics").text
    (line,) = (line for line in text.splitlines() if line.startswith("sprintia_http_requests_in_flight "))
    return int(float(line.split()[1])) - 1


def stored(url: str, query: str) -> list[dict[str, Any]]:
    return TestDatabases.run(url, query)


async def hang_up_on_a_locked_tenant(platform: RunningPlatform, *, let_go: bool) -> None:
    """Send writes that all wait for the tenant's row, hang up on every one, then let go of the row, or never."""
    port = int(platform.url.rpartition(":")[2])
    holder = await asyncpg.connect(platform.database_url)
    try:
        await holder.execute(f"BEGIN; SELECT FROM config.tenant WHERE tenant_id = '{TENANT}' FOR UPDATE")
        connections = [await Connection.to(port) for _ in range(WRITERS)]
        for number, connection in enumerate(connections):
            body = json.dumps({"yaml_content": f"n: {number}\n"}).encode()
            connection.send("POST", f"/configs/{TENANT}/retail/type_{number}", body)
            await connection.writer.drain()
        await asyncio.to_thread(wait_until, lambda: in_flight(platform) == WRITERS, what="all writes are waiting")
        for connection in connections:
            connection.writer.transport.abort()  # a reset, not a polite end
        if let_go:
            await holder.execute("ROLLBACK")
        await asyncio.to_thread(wait_until, lambda: in_flight(platform) == 0, what="the server is done with them")
    finally:
        await holder.close()


@pytest.mark.parametrize("let_go", [True, False], ids=["row let go", "row held until the timeout"])
def test_fifty_clients_hang_up_while_their_writes_wait(
    run_platform: Callable[..., RunningPlatform], let_go: bool
) -> None:
    platform = run_platform(
        SPRINTIA_DATABASE_POOL_SIZE=str(POOL), SPRINTIA_CONFIG_WRITES_AT_ONCE="2",
        SPRINTIA_DATABASE_TIMEOUT="8" if let_go else "0.3",
    )  # fmt: skip
    first = platform.client.post(f"/configs/{TENANT}/retail/config", json={"yaml_content": "a: 1\n"})
    assert first.status_code == 200
    asyncio.run(hang_up_on_a_locked_tenant(platform, let_go=let_go))

    url = platform.database_url
    versions = stored(url, "SELECT config_type, version, revision FROM config.document_version ORDER BY revision")
    heads = stored(url, "SELECT config_type FROM config.document")
    events = stored(url, "SELECT target FROM platform.audit_event WHERE action = 'document.write'")
    (tenant,) = stored(url, "SELECT revision FROM config.tenant")
    written = 1 + (WRITERS if let_go else 0)
    assert [version["revision"] for version in versions] == list(range(1, written + 1))
    assert {head["config_type"] for head in heads} == {version["config_type"] for version in versions}
    assert sorted(event["target"] for event in events) == sorted(
        f"retail/{version['config_type']}" for version in versions
    )
    assert tenant["revision"] == written

    activity = stored(
        url,
        "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sprintia' "
        "AND pid <> pg_backend_pid()",
    )
    assert {row["state"] for row in activity} <= {"idle"}
    assert len(activity) <= POOL
    # Every connection of the pool and every place in the queue is free again.
    with ThreadPoolExecutor(2 * POOL) as pool:
        answers = pool.map(
            lambda number: platform.client.put(f"/configs/{TENANT}/retail/after_{number}", json={"n": number}),
            range(2 * POOL),
        )
    assert [answer.status_code for answer in answers] == [200] * (2 * POOL)
