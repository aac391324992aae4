"""How busy a tenant's days were."""

from functools import cache
from zoneinfo import available_timezones

import msgspec

from sprintia_platform.database.connections import Connection

_BY_DAY = """
    SELECT (created_at AT TIME ZONE $3)::date AS day, origin, count(*) AS changes
    FROM (
        SELECT created_at, origin FROM config.document_version WHERE tenant_id = $1
            AND created_at >= (((now() AT TIME ZONE $3)::date - ($2 - 1))::timestamp AT TIME ZONE $3)
        UNION ALL
        SELECT created_at, origin FROM config.mapping_version WHERE tenant_id = $1
            AND created_at >= (((now() AT TIME ZONE $3)::date - ($2 - 1))::timestamp AT TIME ZONE $3)
    ) changed
    GROUP BY 1, 2 ORDER BY 1, 2
"""


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
    """The names of the time zones that this machine knows; PostgreSQL may know fewer."""
    return frozenset(available_timezones()) - {"localtime"}  # a machine's own: it names no place


async def count_by_day(connection: Connection, tenant: str, days: int, zone: str) -> Activity:
    """Count versions of documents and of the mapping by the day on which they were made, today and before."""
    found: dict[str, dict[str, int]] = {}
    for row in await connection.fetch(_BY_DAY, tenant, days, zone):
        found.setdefault(row["day"].isoformat(), {})[row["origin"]] = row["changes"]
    return Activity(
        days=[ActivityDay(day=day, changes=sum(origins.values()), by_origin=origins) for day, origins in found.items()]
    )
