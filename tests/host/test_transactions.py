"""`Database.transaction`: what it acknowledges is committed, and whoever is cancelled leaves its connection clean."""

import asyncio
import itertools
import types
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from typing import Any

from sprintia_testing import probe_plugin
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.problems import assert_problem

from sprintia_platform.audit.log import append_audit, verify_audit
from sprintia_platform.database.connections import Database
from sprintia_platform.settings import load_host_settings

POOL = 3
STATES = (
    "SELECT state, count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sprintia' "
    "AND pid <> pg_backend_pid() GROUP BY state"
)


def open_transactions(url: str) -> dict[str, int]:
    return {row["state"]: row["count"] for row in TestDatabases.run(url, STATES) if row["state"] != "idle"}


def test_a_swallowed_error_never_becomes_an_acknowledged_write(run_platform: Callable[..., RunningPlatform]) -> None:
    platform = run_platform(host_arguments={"entry_points": probe_plugin.points()}, SPRINTIA_DATABASE_POOL_SIZE="2")
    for attempt in range(5):  # more than the pool holds: each connection comes back fit for use
        assert_problem(platform.client.post(f"/probe/swallowed/t{attempt}"), 500, "internal")
    assert TestDatabases.run(platform.database_url, "SELECT FROM platform.audit_event") == []
    assert open_transactions(platform.database_url) == {}
    assert platform.client.get("/probe/transaction").status_code == 200


@types.coroutine
def cancelled_at(step: int, work: Coroutine[Any, Any, None]) -> Generator[Any, None, None]:
    """Run to the end, but cancel the task at the step-th moment at which it waits, as `Task.cancel` does."""
    go_on: Callable[[], Any] = partial(work.send, None)
    for number in itertools.count(1):
        try:
            awaited = go_on()
        except StopIteration:
            return
        if number == step:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
        try:
            yield awaited
            go_on = partial(work.send, None)
        except BaseException as error:  # noqa: BLE001 - handed on
            go_on = partial(work.throw, error)


def test_whoever_is_cancelled_wherever_it_waits_leaves_all_of_its_change_or_nothing(database_url: str) -> None:
    steps = asyncio.run(_cancel_at_every_step(database_url))
    assert steps > 5  # connect, begin, two events, commit, give back
    assert open_transactions(database_url) == {}


async def _cancel_at_every_step(url: str) -> int:
    database = Database(load_host_settings({"DATABASE_URL": url, "SPRINTIA_DATABASE_POOL_SIZE": str(POOL)}))
    await database.open()
    written: set[int] = set()

    async def write(number: int) -> None:
        async with database.transaction("platform", "*") as connection:
            for part in ("first", "second"):
                await append_audit(
                    connection, tenant="t", actor=str(number), action=part, target="probe", detail={}
                )  # fmt: skip
        written.add(number)

    async def run_cancelled(step: int) -> None:
        await cancelled_at(step, write(step))

    try:
        for step in itertools.count(1):
            task = asyncio.create_task(run_cancelled(step))
            await asyncio.wait([task], timeout=10)
            if not task.cancelled():
                await task
                break
        async with asyncio.timeout(5), asyncio.TaskGroup() as last:
            for number in range(1000, 1000 + POOL):
                last.create_task(write(number))  # as many as the pool has: it has lost none
        async with database.transaction("platform", "*", read_only=True) as connection:
            rows = await connection.fetch("SELECT actor, count(*) FROM platform.audit_event GROUP BY actor")
            _, faults = await verify_audit(connection)
    finally:
        await database.close()
    stored = {int(row["actor"]): row["count"] for row in rows}
    assert set(stored.values()) == {2}
    assert written <= stored.keys()
    assert faults == []
    return step
