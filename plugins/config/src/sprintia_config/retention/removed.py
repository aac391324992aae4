"""What retention removed of a history, and when: the database notes it with every removal (migration 0012)."""

import msgspec

from sprintia_config.contents.keys import DocumentKey
from sprintia_config.documents.representation import moment
from sprintia_platform.database.connections import Connection


class RemovedVersions(msgspec.Struct, frozen=True, kw_only=True):
    """Versions in a row that were removed, the first of them and the last, each with the time of its removal."""

    first: int
    last: int
    first_removed_at: str
    last_removed_at: str


async def read_removed(connection: Connection, key: DocumentKey) -> list[RemovedVersions]:
    """List a document's, newest first."""
    rows = await connection.fetch(
        "SELECT first, last, first_removed_at, last_removed_at FROM config.removed_versions "
        "WHERE tenant_id = $1 AND domain = $2 AND config_type = $3 ORDER BY first DESC", *key,
    )  # fmt: skip
    return [
        RemovedVersions(
            first=row["first"], last=row["last"], first_removed_at=moment(row["first_removed_at"]),
            last_removed_at=moment(row["last_removed_at"]),
        )
        for row in rows
    ]  # fmt: skip


async def read_removed_mappings(connection: Connection, tenant_id: str) -> list[RemovedVersions]:
    """The same of a tenant's part of the mapping."""
    return await read_removed(connection, DocumentKey(tenant_id, "", ""))
