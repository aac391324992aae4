"""The task that moves new texts into the trigram index, beside the requests."""

import asyncio

import asyncpg
import structlog

from sprintia_config.models import SCHEMA
from sprintia_config.search.store import INDEXED_AT_ONCE, index_some
from sprintia_platform.database.connections import Database

log = structlog.get_logger("sprintia.config")

LOOK_EVERY_SECONDS = 5.0


async def index_for_ever(database: Database) -> None:
    """Index what was written, until cancelled. Several processes may do it at once; each takes other rows."""
    loop = asyncio.get_running_loop()
    while True:
        started = loop.time()
        try:
            async with database.transaction(SCHEMA, "*") as connection:
                done = await index_some(connection)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("search_index_failed", error_type=type(error).__name__)
            done = 0
        # At most half of the time: it must not take the database from those who write.
        busy = done == INDEXED_AT_ONCE
        await asyncio.sleep(loop.time() - started if busy else LOOK_EVERY_SECONDS)
