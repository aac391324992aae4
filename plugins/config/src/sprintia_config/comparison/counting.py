"""How much each version of a history changed."""

import time
from typing import Final

from sprintia_config.comparison.answers import counts
from sprintia_config.comparison.service import Sides
from sprintia_config.comparison.views import read_fingerprints
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.documents import versions
from sprintia_config.documents.versions import Version
from sprintia_config.models import SCHEMA
from sprintia_platform import Caller
from sprintia_platform.database.connections import Database

SECONDS: Final = 0.5
"""What counting for a page of history may take; the versions that are left by then have no counts."""
MOST_CHARACTERS: Final = 4_000_000
"""How much is read for it: a page of versions of 1 MiB each would take all memory there is."""

Counts = dict[str, int]


async def read_sides(database: Database, caller: Caller, key: DocumentKey, listed: list[Version]) -> list[Sides]:
    """Read each listed version, newest first, with the one before it; as many as may be read at once."""
    if not listed:
        return []
    async with database.transaction(SCHEMA, [key.tenant], read_only=True) as connection:
        fitting = await connection.fetchval(
            "SELECT count(*) FROM (SELECT sum(length(coalesce(view, ''))) OVER (ORDER BY version DESC) AS characters "
            "FROM config.document_version WHERE tenant_id = $1 AND domain = $2 AND config_type = $3 "
            "AND version <= $4 ORDER BY version DESC LIMIT $5) v WHERE characters <= $6",
            *key, listed[0].version, len(listed) + 1, MOST_CHARACTERS,
        )  # fmt: skip
        found = await versions.read_views(connection, key, before=listed[0].version + 1, limit=fitting)
        fingerprints = await read_fingerprints(connection, key, found) if caller.has("secrets:read") else {}
    earlier: list[Version | None] = [*found[1:]]
    if found and found[-1].version == 1:
        earlier.append(None)
    return [
        Sides(key=key, source=before, target=after, fingerprints=fingerprints, revision=0)
        for after, before in zip(found, earlier, strict=False)
        if before is None or before.version == after.version - 1  # retention may have removed the one before
    ]


def count(sides: list[Sides]) -> dict[int, Counts]:
    """Count the changed paths of each version, in a thread: newest first, until the time is over."""
    deadline = time.monotonic() + SECONDS
    counted: dict[int, Counts] = {}
    for side in sides:
        if time.monotonic() > deadline:
            break
        if side.target is not None:
            counted[side.target.version] = counts(side.paths())
    return counted
