"""Statements over revisions: what stood at one, which one stood at a time, what came after one.

A revision numbers one transaction, and revisions are given under the tenant's lock: whoever has seen revision N has
seen every change up to N. So "after N" misses nothing, which a time or a plain sequence could not promise.

Retention removes what nobody needs any more, and leaves a horizon behind. Each statement looks for it itself: rows and
horizon then come from one snapshot, and what is missing is never taken for what never was.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from sprintia_config import problems
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.documents.horizon import Horizon, gone
from sprintia_config.documents.representation import moment
from sprintia_config.documents.versions import COLUMNS, Version
from sprintia_config.mapping.store import COLUMNS as MAPPING_COLUMNS
from sprintia_config.mapping.store import MappingVersion
from sprintia_platform import ProblemType
from sprintia_platform.database.connections import Connection

_PASSED = "SELECT revision AS horizon, at AS horizon_at FROM config.retention_horizon WHERE tenant_id = $1"
# One row at least, with the horizon where it has passed what is asked for; $1 is the tenant, $2 the revision.
_STOOD = (
    f"SELECT * FROM (VALUES (1)) always LEFT JOIN ({_PASSED} AND revision > $2 "
    "AND NOT EXISTS (SELECT FROM config.pin WHERE tenant_id = $1 AND revision = $2)) passed ON true "
    "LEFT JOIN ({found}) found ON true"
)
# From each head back to the version of then: what is asked for is mostly near, and a history may be long.
_DOCUMENTS_AT = _STOOD.format(
    found="SELECT stood.* FROM config.document d CROSS JOIN LATERAL ("
    f"SELECT {', '.join('w.' + name for name in COLUMNS.split(', '))} FROM config.document_version w "
    "WHERE w.tenant_id = d.tenant_id AND w.domain = d.domain AND w.config_type = d.config_type AND w.revision <= $2 "
    "ORDER BY w.version DESC LIMIT 1) stood WHERE d.tenant_id = $1 AND NOT stood.deleted"
)
_DOCUMENT_AT = _STOOD.format(
    found=f"SELECT {COLUMNS} FROM config.document_version WHERE tenant_id = $1 AND domain = $3 AND config_type = $4 "
    "AND revision <= $2 ORDER BY version DESC LIMIT 1"
)
_MAPPING_AT = _STOOD.format(
    found=f"SELECT {MAPPING_COLUMNS} FROM config.mapping_version WHERE tenant_id = $1 AND revision <= $2 "
    "ORDER BY version DESC LIMIT 1"
)
_BESIDE = frozenset({"column1", "horizon", "horizon_at"})


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

    Raises:
        Problem: 410, retention has passed that time: which revision stood then is no longer known, pinned or not.
    """
    row = await connection.fetchrow(
        "SELECT coalesce(least("
        "(SELECT min(revision) FROM config.document_version WHERE tenant_id = $1 AND created_at > $2), "
        "(SELECT min(revision) FROM config.mapping_version WHERE tenant_id = $1 AND created_at > $2)) - 1, "
        "(SELECT revision FROM config.tenant WHERE tenant_id = $1), 0) AS revision, horizon, horizon_at "
        f"FROM (VALUES (1)) always LEFT JOIN ({_PASSED} AND at > $2) passed ON true",
        tenant_id, at,
    )  # fmt: skip
    _require_whole(row, tenant_id, moment(at))
    revision: int = row["revision"] if row else 0
    return revision


async def documents_at(connection: Connection, tenant_id: str, revision: int) -> list[Version]:
    """Every document as it stood at a revision, deleted ones left out.

    Raises:
        Problem: 410, retention has passed the revision.
    """
    rows = await connection.fetch(_DOCUMENTS_AT + " ORDER BY domain, config_type", tenant_id, revision)
    return [Version(**columns) for columns in _found(rows, tenant_id, revision)]


async def document_at(connection: Connection, key: DocumentKey, revision: int) -> Version | None:
    """A document as it stood at a revision, a tombstone included; None where it was not there yet.

    Raises:
        Problem: 410, retention has passed the revision.
    """
    rows = await connection.fetch(_DOCUMENT_AT, key.tenant, revision, key.domain, key.config_type)
    return next((Version(**columns) for columns in _found(rows, key.tenant, revision)), None)


async def mapping_at(connection: Connection, tenant_id: str, revision: int) -> MappingVersion | None:
    """The tenant's part of the mapping as it stood at a revision.

    Raises:
        Problem: 410, retention has passed the revision.
    """
    rows = await connection.fetch(_MAPPING_AT, tenant_id, revision)
    return next((MappingVersion(**columns) for columns in _found(rows, tenant_id, revision)), None)


async def changes_after(connection: Connection, tenant_id: str, revision: int, limit: int) -> list[ChangeItem]:
    """Changes after a revision, in order of commit. A revision is never cut in two: the last one may pass the limit.

    Raises:
        Problem: 410, retention has passed the revision: some of what came after it is missing.
    """
    rows = await connection.fetch(
        f"""
        WITH numbers AS (
            (SELECT revision FROM config.document_version WHERE tenant_id = $1 AND revision > $2
                ORDER BY revision LIMIT $3)
            UNION ALL
            (SELECT revision FROM config.mapping_version WHERE tenant_id = $1 AND revision > $2
                ORDER BY revision LIMIT $3)
        ), page AS (
            SELECT max(revision) AS last FROM (SELECT revision FROM numbers ORDER BY revision LIMIT $3) first
        ), changes AS (
            SELECT revision, 'document' AS kind, domain, config_type, version, digest, deleted, actor, origin,
                created_at
                FROM config.document_version, page WHERE tenant_id = $1 AND revision > $2 AND revision <= page.last
            UNION ALL
            SELECT revision, 'mapping', NULL, NULL, version, digest, false, actor, origin, created_at
                FROM config.mapping_version, page WHERE tenant_id = $1 AND revision > $2 AND revision <= page.last
        )
        SELECT * FROM (VALUES (1)) always LEFT JOIN ({_PASSED} AND revision > $2) passed ON true
            LEFT JOIN changes ON true
        ORDER BY revision, kind, domain, config_type""",
        tenant_id, revision, limit,
    )  # fmt: skip
    found = _found(rows, tenant_id, revision, problems.CHANGES_GONE)
    return [ChangeItem(**{**columns, "created_at": moment(columns["created_at"])}) for columns in found]


def _found(
    rows: Sequence[asyncpg.Record], tenant_id: str, revision: int, kind: ProblemType = problems.REVISION_GONE
) -> list[dict[str, Any]]:
    """What a statement found beside the horizon."""
    _require_whole(rows[0], tenant_id, revision, kind)
    found = [{name: value for name, value in row.items() if name not in _BESIDE} for row in rows]
    return [columns for columns in found if columns["version"] is not None]


def _require_whole(
    row: asyncpg.Record | None, tenant_id: str, asked: int | str, kind: ProblemType = problems.REVISION_GONE
) -> None:
    if row is not None and row["horizon"] is not None:
        raise gone(kind, Horizon(row["horizon"], row["horizon_at"]), tenant=tenant_id, asked=asked)
