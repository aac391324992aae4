"""Read a tenant, and the layers below it, as they stood together."""

import re
from datetime import UTC, datetime

import msgspec

from sprintia_config import problems
from sprintia_config.layers.bundles import Holdings
from sprintia_config.layers.layering import BASE_TENANT
from sprintia_config.timeline import revisions
from sprintia_platform import Problem
from sprintia_platform.database.connections import Connection
from sprintia_platform.http.problems import PARAMETER_INVALID

# Both revisions by one statement, which sees one state: two statements could pair a tenant's old revision with a new
# one of the base, which never stood together.
_REVISIONS = "SELECT tenant_id, revision FROM config.tenant WHERE tenant_id = ANY($1::text[])"
# A revision has the time of its changes, and an import brings older ones behind younger ones: then the last before
# counts, as it does for `revision_at`.
_TIME = (
    "SELECT max(created_at) FROM ("
    "SELECT created_at FROM config.document_version WHERE tenant_id = $1 AND revision <= $2 "
    "UNION ALL SELECT created_at FROM config.mapping_version WHERE tenant_id = $1 AND revision <= $2) made"
)
_TIME_TEXT = re.compile(r"[0-9W][0-9W:.,+ TZ-]{6,38}[0-9Z]")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader wants of a tenant: all None is what stands.

    Attributes:
        revision: as of this revision of the tenant.
        at: as of this time (ISO-8601), of the tenant and of its layers.
        base_revision: the layers as of this revision of theirs; by default as they stood together with the tenant.
    """

    revision: int | None = None
    at: str | None = None
    base_revision: int | None = None


async def read_held(connection: Connection, tenant: str, asked: Asked) -> Holdings:
    """Read a tenant.

    Raises:
        Problem: 404 for a revision that is yet to come, 422 for a time that is none.
    """
    return await _held(connection, tenant, await wanted_revision(connection, tenant, asked.revision, asked.at))


async def read_layers(connection: Connection, tenant: str, asked: Asked) -> tuple[Holdings, Holdings | None]:
    """Read a tenant and the layers below it; None of them for the tenant that holds them.

    Raises:
        Problem: as of `wanted_revisions`; 410 where retention has passed either of them.
    """
    revision, base_revision = await wanted_revisions(connection, tenant, asked)
    held = await _held(connection, tenant, revision)
    return held, None if base_revision is None else await _held(connection, BASE_TENANT, base_revision)


async def wanted_revisions(connection: Connection, tenant: str, asked: Asked) -> tuple[int, int | None]:
    """The revisions that a reader asks for, of a tenant and of the layers below it; None for the base itself.

    Raises:
        Problem: as of `wanted_revision`, for either; 422 for a base revision beside a time, or below the base itself.
    """
    if asked.base_revision is not None and asked.at is not None:
        raise Problem(PARAMETER_INVALID, names="base_revision, at")
    if tenant == BASE_TENANT:
        if asked.base_revision is not None:
            raise Problem(PARAMETER_INVALID, names="base_revision")
        return await wanted_revision(connection, tenant, asked.revision, asked.at), None
    current = await _current_revisions(connection, tenant)
    revision = await _chosen(connection, tenant, current[tenant], asked.revision, asked.at)
    if asked.base_revision is None and asked.revision is not None:
        return revision, await _base_revision_with(connection, tenant, revision)
    return revision, await _chosen(connection, BASE_TENANT, current[BASE_TENANT], asked.base_revision, asked.at)


async def wanted_revision(connection: Connection, tenant: str, revision: int | None, at: str | None) -> int:
    """The revision that a reader asks for: the one given, the last one at a time, or the one that stands.

    Raises:
        Problem: 422 when both are given or the time is none, 404 for a revision that is yet to come.
    """
    current = await revisions.current_revision(connection, tenant) or 0
    return await _chosen(connection, tenant, current, revision, at)


async def _chosen(connection: Connection, tenant: str, current: int, revision: int | None, at: str | None) -> int:
    if revision is not None and at is not None:
        raise Problem(PARAMETER_INVALID, names="revision, at")
    if at is not None:
        # What is committed after `current` was read may have an earlier time: it is not part of this state.
        return min(current, await revisions.revision_at(connection, tenant, _time(at)))
    if revision is not None and revision > current:
        raise Problem(problems.REVISION_AHEAD, revision=revision, current=current)
    return current if revision is None else revision


async def _current_revisions(connection: Connection, tenant: str) -> dict[str, int]:
    rows = await connection.fetch(_REVISIONS, [tenant, BASE_TENANT])
    return {tenant: 0, BASE_TENANT: 0} | {row["tenant_id"]: row["revision"] for row in rows}


async def _base_revision_with(connection: Connection, tenant: str, revision: int) -> int:
    """What stood of the layers when a tenant came to a revision; nothing before the first."""
    made_at: datetime | None = await connection.fetchval(_TIME, tenant, revision)
    return 0 if made_at is None else await revisions.revision_at(connection, BASE_TENANT, made_at)


async def _held(connection: Connection, tenant: str, revision: int) -> Holdings:
    # Versions never change: whatever is written meanwhile is above the revision.
    documents = await revisions.documents_at(connection, tenant, revision)
    return Holdings(tenant, revision, documents, await revisions.mapping_at(connection, tenant, revision))


def _time(text: str) -> datetime:
    try:
        # Python takes more for a time than ISO-8601 does: what is cut off after the date, a thousand digits.
        if not _TIME_TEXT.fullmatch(text):
            raise Problem(PARAMETER_INVALID, names="at")
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Problem(PARAMETER_INVALID, names="at") from None
