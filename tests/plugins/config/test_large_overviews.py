"""Lists over very many deliveries and versions read what they show, and walk through nothing else."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.shared import shared_platform

from sprintia_config.deliveries.listing import LARGEST, OF_REVISIONS, newest
from sprintia_config.timeline import activity, overview

MANY = 5_000
FEW = 1  # where there is one row, any plan will do
_DELIVERY = "INSERT INTO config.delivery (tenant_id, sender, route, event, request_digest, outcome, status) "
_FILL = (
    "INSERT INTO config.tenant (tenant_id) VALUES ('busy'), ('broken'), ('quiet')",
    _DELIVERY + "VALUES ('quiet', 'key', 'POST /a', 'sync', '', 'quarantined', 202)",
    # Each delivers as many events as four, one of them without a name.
    _DELIVERY + "SELECT 'busy', 'key_' || i % 5, 'POST /a', nullif('event_' || i % 4, 'event_0'), '', 'applied', 200 "
    f"FROM generate_series(1, {MANY}) i",
    # Five were applied, then one stood already, and all since were refused.
    _DELIVERY + "SELECT 'broken', 'key', 'POST /a', 'sync', '', "
    "CASE WHEN i < 6 THEN 'applied' WHEN i = 6 THEN 'identical' ELSE 'refused' END, 200 "
    f"FROM generate_series(1, {MANY}) i",
    _DELIVERY + f"SELECT 'busy', 'key_0', 'POST /a', 'event_1', '', 'applied', 200 FROM generate_series(1, {MANY})",
    ("INSERT INTO config.document_version (tenant_id, domain, config_type, version, revision, media, source, view, "
    "digest, deleted, actor, origin, message, created_at) SELECT 'busy', 'retail', 'config', i, i, 'yaml', 'a: 1', "
    "'{\"a\":1}', '', false, 'key:1', 'api', '', now() - i * interval '1 hour' "
    f"FROM generate_series(1, {MANY}) i"),
    "UPDATE config.delivery SET revision = id WHERE tenant_id = 'busy'", "ANALYZE config.delivery",
    "ANALYZE config.document_version",
)  # fmt: skip


@pytest.fixture(scope="module")
def served(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with shared_platform(databases, tmp_path_factory.mktemp("data")) as platform:
        for statement in _FILL:
            databases.run(platform.database_url, statement)
        yield platform


def rows_passed_over(
    databases: TestDatabases, served: RunningPlatform, tenants: Sequence[str] | str, statement: str, values: list[Any]
) -> int:
    """How many rows the role that serves requests looked at and left."""
    explained = "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) " + statement
    lines = databases.run_as(served.database_url, "config", tenants, explained, *values)
    plan = "\n".join(line["QUERY PLAN"] for line in lines)
    return sum(int(count) for count in re.findall(r"Rows Removed by Filter: (\d+)", plan))


@pytest.mark.parametrize("tenant", ["busy", "broken", "quiet"])
def test_sources_are_found_from_one_to_the_next(served: RunningPlatform, databases: TestDatabases, tenant: str) -> None:
    assert rows_passed_over(databases, served, [tenant], overview._SOURCES, [tenant, 500, 100]) <= FEW


def test_a_source_that_broke_long_ago_still_tells_when_it_last_worked(
    served: RunningPlatform, databases: TestDatabases
) -> None:
    (source,) = served.client.get("/config/tenants/broken").json()["sources"]
    moment = "to_char(max(received_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS at"
    assert source["last_outcome"] == "refused"
    for member, outcomes in (("last_at", ["refused"]), ("last_applied_at", ["identical"])):
        (row,) = databases.run(
            served.database_url,
            f"SELECT {moment} FROM config.delivery WHERE tenant_id = 'broken' AND outcome = ANY ($1)", outcomes,
        )  # fmt: skip
        assert source[member] == row["at"]


def test_every_source_is_told_once_also_without_an_event(served: RunningPlatform) -> None:
    sources = served.client.get("/config/tenants/busy").json()["sources"]
    told = [(source["sender"], source["event"]) for source in sources]
    assert told == sorted(told, key=lambda each: (each[0], each[1] or ""))
    assert set(told) == {(f"key_{key}", event) for key in range(5) for event in (None, "event_1", "event_2", "event_3")}
    assert len(told) == 20


@pytest.mark.parametrize("scope", ["*", ["broken"], ["quiet"], ["broken", "quiet"]])
@pytest.mark.parametrize("outcome", [None, "refused", "quarantined", "superseded"])
@pytest.mark.parametrize("before", [None, 4_000])
def test_deliveries_are_listed_without_walking_through_others(
    served: RunningPlatform, databases: TestDatabases, scope: str | list[str], outcome: str | None, before: int | None
) -> None:
    statement, values = newest("*" if scope == "*" else list(scope), outcome, before, 50)
    assert rows_passed_over(databases, served, scope, statement, list(values)) == 0


@pytest.mark.parametrize("tenant", ["busy", "quiet"])
def test_what_made_a_revision_is_looked_up(served: RunningPlatform, databases: TestDatabases, tenant: str) -> None:
    rows = databases.run(served.database_url, "SELECT max(revision) AS newest FROM config.delivery")
    revisions = [rows[0]["newest"] - at * 100 for at in range(30)]
    values = [tenant, revisions, None, LARGEST, 50, True]
    assert rows_passed_over(databases, served, [tenant], OF_REVISIONS, values) <= FEW


@pytest.mark.parametrize("outcome", [None, "refused", "identical", "applied", "quarantined"])
@pytest.mark.parametrize("tenants", [None, ["broken", "quiet"], ["quiet"]])
def test_pages_of_deliveries_follow_one_another(
    served: RunningPlatform, databases: TestDatabases, outcome: str | None, tenants: list[str] | None
) -> None:
    reader = served.with_rights("config:read", tenants=tenants)
    query: dict[str, Any] = {"limit": 30} | ({"outcome": outcome} if outcome else {})
    found: list[int] = []
    for _ in range(3):
        page = reader.get("/config/deliveries", params=query).json()
        if not page:
            break
        found += [item["id"] for item in page]
        query["before"] = found[-1]
    expected = databases.run(
        served.database_url,
        "SELECT id FROM config.delivery WHERE ($1::text IS NULL OR outcome = $1) "
        "AND ($2::text[] IS NULL OR tenant_id = ANY ($2)) ORDER BY id DESC LIMIT 90",
        outcome, tenants,
    )  # fmt: skip
    assert found == [row["id"] for row in expected]


def test_a_key_with_very_many_tenants_gets_the_same(served: RunningPlatform) -> None:
    bound = served.with_rights("config:read", tenants=["quiet", *(f"tenant_{number}" for number in range(200))])
    listed = [bound.get("/config/deliveries", params={"limit": limit}).json() for limit in (10, 1000)]
    assert listed[0] == listed[1]
    assert [item["tenant_id"] for item in listed[0]] == ["quiet"]


def test_busy_days_are_counted_from_the_index(served: RunningPlatform, databases: TestDatabases) -> None:
    now = datetime.now(UTC)
    values = ["busy", [now.date()], [now - timedelta(days=1)], [now]]
    assert rows_passed_over(databases, served, ["busy"], activity._BY_DAY, values) == 0
    assert sum(
        day["changes"] for day in served.client.get("/config/tenants/busy/activity?days=366").json()["days"]
    ) == MANY  # fmt: skip
