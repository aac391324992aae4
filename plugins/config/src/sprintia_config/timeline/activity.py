"""How busy a tenant's days were."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from sprintia_platform.database.connections import Connection

# Each day is a piece of the index: no version is read, and no time is turned into a date.
_OF_A_DAY = (
    "SELECT origin, count(*) AS changes FROM config.{table} "
    "WHERE tenant_id = $1 AND created_at >= bounds.begins AND created_at < bounds.ends GROUP BY origin"
)
_BY_DAY = (
    "SELECT bounds.day, changed.origin, sum(changed.changes)::bigint AS changes "
    "FROM unnest($2::date[], $3::timestamptz[], $4::timestamptz[]) AS bounds (day, begins, ends) "
    f"CROSS JOIN LATERAL ({_OF_A_DAY.format(table='document_version')} "
    f"UNION ALL {_OF_A_DAY.format(table='mapping_version')}) changed GROUP BY 1, 2 ORDER BY 1, 2"
)


class ActivityDay(msgspec.Struct, frozen=True, kw_only=True):
    """A day on which something changed, in the zone that was asked for; `by_origin` adds up to `changes`."""

    day: str
    changes: int
    by_origin: dict[str, int]


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """The days on which something of a tenant changed, the earliest first."""

    days: list[ActivityDay]


@cache
def zones() -> frozenset[str]:
    """The names of the time zones that this machine knows."""
    return frozenset(available_timezones()) - {"localtime"}  # a machine's own: it names no place


async def count_by_day(connection: Connection, tenant: str, days: int, zone: str) -> Activity:
    """Count versions of documents and of the mapping by the day on which they were made, today and before."""
    today = datetime.now(UTC).astimezone(ZoneInfo(zone)).date()
    named = [today - timedelta(days=back) for back in reversed(range(days))]
    starts = day_starts([*named, today + timedelta(days=1)], zone)
    found: dict[str, dict[str, int]] = {}
    for row in await connection.fetch(_BY_DAY, tenant, named, starts[:-1], starts[1:]):
        found.setdefault(row["day"].isoformat(), {})[row["origin"]] = row["changes"]
    return Activity(
        days=[ActivityDay(day=day, changes=sum(origins.values()), by_origin=origins) for day, origins in found.items()]
    )


def day_starts(days: Sequence[date], zone: str) -> list[datetime]:
    """When each day begins somewhere, in UTC.

    Where clocks are set back over midnight it is the first of two midnights, and where they are set forward over it the
    moment when they are: a time's `fold` of 0, the default, says both (PEP 495).
    """
    place = ZoneInfo(zone)
    return [datetime.combine(day, time(), tzinfo=place).astimezone(UTC) for day in days]
