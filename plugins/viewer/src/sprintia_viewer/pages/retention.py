"""When retention last removed versions of a tenant, and what it keeps: as the audit log has it."""

from datetime import datetime

import msgspec

from sprintia_platform.audit.log import read_audit
from sprintia_platform.database.connections import Database

_ACTION = "retention.removed"


class _Kept(msgspec.Struct, frozen=True):
    kept_versions: int
    kept_days: int


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """The last time, and what was kept at least: each document's newest versions, and all that stood within the days.

    Single versions are not named in the log.
    """

    at: datetime
    kept_versions: int
    kept_days: int


async def last_retention(database: Database, tenant: str) -> Retention | None:
    """None where this installation removed nothing: a history that was imported may have gaps, too."""
    async with database.transaction("platform", "*", read_only=True) as connection:
        found = await read_audit(connection, [tenant], before=None, limit=1, action=_ACTION)
    if not found:
        return None
    kept = msgspec.json.decode(found[0].detail, type=_Kept)
    return Retention(at=found[0].at, kept_versions=kept.kept_versions, kept_days=kept.kept_days)
