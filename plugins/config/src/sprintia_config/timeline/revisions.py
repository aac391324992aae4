"""Statements over revisions: what stood at one, which one stood at a time, what came after one.

A revision numbers one transaction, and revisions are given under the tenant's lock: whoever has seen revision N has
seen every change up to N. So "after N" misses nothing, which a time or a plain sequence could not promise.
"""

from datetime import datetime

import msgspec

from sprintia_config.documents.representation import moment
from sprintia_config.documents.versions import COLUMNS, Version
from sprintia_config.mapping.store import COLUMNS as MAPPING_COLUMNS
from sprintia_config.mapping.store import MappingVersion
from sprintia_platform.database.connections import Connection


class ChangeItem(msgspec.Struct, frozen=True, kw_only=True):
    """One change: of a document (`kind` document) or of the tenant's part of the mapping (`kind` mapping)."""

    revision: int
    kind: str
    domain: str | None
    config_type: str | None
    version: int
    digest: str
    deleted: bool
    actor: str
    origin: str
    created_at: str


async def current_revision(connection: Connection, tenant_id: str) -> int | None:
    """The tenant's revision; None for an unknown tenant."""
    revision: int | None = await connection.fetchval(
        "SELECT revision FROM config.tenant WHERE tenant_id = $1", tenant_id
    )
    return revision


async def revision_at(connection: Connection, tenant_id: str, at: datetime) -> int:
    """The last revision that stood at a time; 0 before the first, and for an unknown tenant.

    It is the one before the first that came later. Times rise with revisions, because both are taken under the tenant's
    lock; only an import into a tenant that had a history already adds older ones behind it. They count from the last of
    those before them: nothing is ever shown that is younger than the time that was asked for.
    """
    revision: int = await connection.fetchval(
        "SELECT coalesce(least("
        "(SELECT min(revision) FROM config.document_version WHERE tenant_id = $1 AND created_at > $2), "
        "(SELECT min(revision) FROM config.mapping_version WHERE tenant_id = $1 AND created_at > $2)) - 1, "
        "(SELECT revision FROM config.tenant WHERE tenant_id = $1), 0)",
        tenant_id, at,
    )  # fmt: skip
    return revision


async def documents_at(connection: Connection, tenant_id: str, revision: int) -> list[Version]:
    """Every document as it stood at a revision, deleted ones left out."""
    rows = await connection.fetch(
        f"SELECT * FROM (SELECT DISTINCT ON (domain, config_type) {COLUMNS} FROM config.document_version "
        "WHERE tenant_id = $1 AND revision <= $2 ORDER BY domain, config_type, version DESC) stood WHERE NOT deleted",
        tenant_id, revision,
    )  # fmt: skip
    return [Version(**dict(row.items())) for row in rows]


async def document_at(
    connection: Connection, tenant_id: str, domain: str, config_type: str, revision: int
) -> Version | None:
    """A document as it stood at a revision, a tombstone included."""
    row = await connection.fetchrow(
        f"SELECT {COLUMNS} FROM config.document_version WHERE tenant_id = $1 AND domain = $2 AND config_type = $3 "
        "AND revision <= $4 ORDER BY version DESC LIMIT 1",
        tenant_id, domain, config_type, revision,
    )  # fmt: skip
    return None if row is None else Version(**dict(row.items()))


async def mapping_at(connection: Connection, tenant_id: str, revision: int) -> MappingVersion | None:
    """The tenant's part of the mapping as it stood at a revision."""
    row = await connection.fetchrow(
        f"SELECT {MAPPING_COLUMNS} FROM config.mapping_version WHERE tenant_id = $1 AND revision <= $2 "
        "ORDER BY version DESC LIMIT 1",
        tenant_id, revision,
    )  # fmt: skip
    return None if row is None else MappingVersion(**dict(row.items()))


async def changes_after(connection: Connection, tenant_id: str, revision: int, limit: int) -> list[ChangeItem]:
    """Changes after a revision, in order of commit. A revision is never cut in two: the last one may pass the limit."""
    rows = await connection.fetch(
        """
        WITH numbers AS (
            (SELECT revision FROM config.document_version WHERE tenant_id = $1 AND revision > $2
                ORDER BY revision LIMIT $3)
            UNION ALL
            (SELECT revision FROM config.mapping_version WHERE tenant_id = $1 AND revision > $2
                ORDER BY revision LIMIT $3)
        ), page AS (
            SELECT max(revision) AS last FROM (SELECT revision FROM numbers ORDER BY revision LIMIT $3) first
        )
        SELECT revision, 'document' AS kind, domain, config_type, version, digest, deleted, actor, origin, created_at
            FROM config.document_version, page WHERE tenant_id = $1 AND revision > $2 AND revision <= page.last
        UNION ALL
        SELECT revision, 'mapping', NULL, NULL, version, digest, false, actor, origin, created_at
            FROM config.mapping_version, page WHERE tenant_id = $1 AND revision > $2 AND revision <= page.last
        ORDER BY revision, kind, domain, config_type""",
        tenant_id, revision, limit,
    )  # fmt: skip
    return [ChangeItem(**{**dict(row.items()), "created_at": moment(row["created_at"])}) for row in rows]
