"""What is over is removed: counters, sessions, links and sign-ins that were begun."""

import asyncio

import structlog

from sprintia_platform.database.connections import Database
from sprintia_viewer.models import SCHEMA

log = structlog.get_logger("sprintia.viewer")

_EVERY_SECONDS = 3600.0
_OVER = (
    # A day after its last failure no counter holds anything: see the leaks in throttle.RULES.
    "DELETE FROM viewer.attempt WHERE since < clock_timestamp() - interval '1 day' AND free_at < clock_timestamp()",
    "DELETE FROM viewer.session WHERE least(ends_at, last_seen_at + interval '1 day') < clock_timestamp()",
    "DELETE FROM viewer.one_time_link WHERE expires_at < clock_timestamp() - interval '30 days'",
    "DELETE FROM viewer.oidc_login WHERE expires_at < clock_timestamp()",
)


async def sweep(database: Database) -> None:
    """Remove what is over, once."""
    async with database.transaction(SCHEMA) as connection:
        for statement in _OVER:
            await connection.execute(statement)


async def sweep_for_ever(database: Database) -> None:
    """Remove what is over each hour; for a task of the lifespan."""
    while True:
        try:
            await sweep(database)
        except Exception as error:  # noqa: BLE001 - rows that are over harm nobody; the next round finds them again
            log.warning("could not remove what is over", error=type(error).__name__)
        await asyncio.sleep(_EVERY_SECONDS)
