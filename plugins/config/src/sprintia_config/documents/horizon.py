"""The horizon of a tenant: what lies before it was removed in part, and is answered 410 instead of half.

It is written in the transaction that removes. Whoever reads rows of the past looks for it in the same statement, or in
a later one: then rows that were missed always have their reason in sight. In an earlier one it would not be there yet.
"""

from datetime import datetime
from typing import NamedTuple

from sprintia_config import problems
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.documents.representation import moment
from sprintia_platform import Problem, ProblemType
from sprintia_platform.database.connections import Connection


class Horizon(NamedTuple):
    """The lowest revision that can be read as a whole, and the earliest time."""

    revision: int
    at: datetime


def gone(kind: ProblemType, horizon: Horizon, *, tenant: str = "", asked: int | str = "", version: int = 0) -> Problem:
    """A 410 that tells how far back one can go."""
    at = moment(horizon.at)
    extra = {"horizon": {"revision": horizon.revision, "at": at}}
    return Problem(kind, extra=extra, revision=horizon.revision, at=at, tenant=tenant, asked=asked, version=version)


async def require_answerable(connection: Connection, tenant_id: str, revision: int) -> None:
    """Refuse a revision at which something is missing by now.

    Raises:
        Problem: 410, it lies before the horizon and nobody pinned it.
    """
    row = await connection.fetchrow(
        "SELECT revision, at FROM config.retention_horizon WHERE tenant_id = $1 AND revision > $2 "
        "AND NOT EXISTS (SELECT FROM config.pin WHERE tenant_id = $1 AND revision = $2)",
        tenant_id, revision,
    )  # fmt: skip
    if row is not None:
        raise gone(problems.REVISION_GONE, Horizon(*row), tenant=tenant_id, asked=revision)


async def version_gone(connection: Connection, key: DocumentKey, number: int) -> Problem | None:
    """The 410 of a version that was not found, where retention has removed it; None where it never was.

    Ask after having looked for the version.
    """
    row = await connection.fetchrow(
        "SELECT h.revision, h.at FROM config.retention_horizon h JOIN config.document d USING (tenant_id) "
        "WHERE d.tenant_id = $1 AND d.domain = $2 AND d.config_type = $3 AND $4::bigint BETWEEN 1 AND d.version - 1",
        *key, number,
    )  # fmt: skip
    return None if row is None else gone(problems.VERSION_GONE, Horizon(*row), version=number)


async def mapping_version_gone(connection: Connection, tenant_id: str, number: int) -> Problem | None:
    """What `version_gone` says, for a version of the tenant's part of the mapping."""
    row = await connection.fetchrow(
        "SELECT revision, at FROM config.retention_horizon WHERE tenant_id = $1 AND $2::bigint >= 1 "
        "AND EXISTS (SELECT FROM config.mapping_version WHERE tenant_id = $1 AND version > $2)",
        tenant_id, number,
    )  # fmt: skip
    return None if row is None else gone(problems.VERSION_GONE, Horizon(*row), version=number)
