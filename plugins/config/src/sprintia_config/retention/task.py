"""The task that removes what is past retention, every hour, in one process at a time."""

import asyncio

import structlog

from sprintia_config.retention.removal import Rule, alone, remove_all
from sprintia_platform.database.connections import Database
from sprintia_platform.http.answers import is_outage

log = structlog.get_logger("sprintia.config")

ACTOR = "system:retention"
FIRST_AFTER_SECONDS = 60.0
"""After the start: a process that is restarted over and over must come to it all the same."""
EVERY_SECONDS = 3600.0
AGAIN_AFTER_SECONDS = 300.0
"""After a failure."""


async def remove_for_ever(database: Database, rule: Rule) -> None:
    """Remove what the rule allows, again and again, until cancelled."""
    pause = FIRST_AFTER_SECONDS
    while True:
        await asyncio.sleep(pause)
        try:
            await _remove(database, rule)
            pause = EVERY_SECONDS
        except Exception as error:  # noqa: BLE001 - whatever it was: what was removed is whole, the rest comes later
            _note(error)
            pause = AGAIN_AFTER_SECONDS


async def _remove(database: Database, rule: Rule) -> None:
    async with alone(database) as is_alone:
        if not is_alone:
            return
        async for removed in remove_all(database, rule, ACTOR):
            log.info("retention_removed", tenant=removed.tenant_id, count=removed.versions + removed.mappings)


def _note(error: Exception) -> None:
    if isinstance(error, TimeoutError) or is_outage(error):
        log.warning("retention_failed", error_type=type(error).__name__)
    else:
        log.error("retention_failed", exc_info=error)
