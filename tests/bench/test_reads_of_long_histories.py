"""Reads touch the rows that they answer with, however many versions there are.

PostgreSQL keeps one plan for a prepared statement, made without its values. Of two plans that look alike on its
statistics it may keep the one that reads a document's whole history.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from sprintia_config.contents.keys import DocumentKey
from sprintia_config.documents import versions
from sprintia_config.models import SCHEMA
from sprintia_config.unit_of_work import Expected, read_opening
from sprintia_platform.database.connections import begin_statement

KEY = DocumentKey("versions", "retail", "config")
VERSIONS = 1000
FETCHED = (
    "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_all_tables "
    "WHERE schemaname = 'config' AND relname = 'document_version'"
)

READS: dict[str, tuple[Callable[[Any], Awaitable[Any]], int]] = {
    "head": (lambda connection: versions.read_head(connection, KEY), 1),
    "head and revision": (lambda connection: versions.read_standing(connection, KEY), 1),
    "every head": (lambda connection: versions.read_heads(connection, KEY.tenant, None), 1),
    "newest page": (lambda connection: versions.read_history(connection, KEY, before=None, limit=50), 50),
    "deep page": (lambda connection: versions.read_history(connection, KEY, before=51, limit=50), 50),
    "deep page with views": (lambda connection: versions.read_views(connection, KEY, before=51, limit=50), 50),
    "opening of a change": (
        lambda connection: read_opening(connection, KEY.tenant, Expected(documents=(KEY,))), 1,
    ),
}  # fmt: skip


def test_no_read_walks_through_a_long_history(bench: Any, platform: Any) -> None:
    urls = bench.processes.DatabaseUrls(platform.database_url, platform.database_url)
    bench.documents.fill(urls, bench.documents.Filling(VERSIONS // 50))
    asyncio.run(_read_all(platform.database_url))


async def _read_all(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for name, (read, most) in READS.items():
            await connection.execute(begin_statement(SCHEMA, [KEY.tenant]))
            await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
            before = await connection.fetchval(FETCHED)
            await read(connection)
            rows = await connection.fetchval(FETCHED) - before
            await connection.execute("ROLLBACK")
            assert 0 < rows <= most, f"{name}: {rows} rows of the history were read"
    finally:
        await connection.close()
