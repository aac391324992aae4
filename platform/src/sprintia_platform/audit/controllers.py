"""`/audit`: read the log."""

from contextlib import suppress
from datetime import UTC, datetime

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from sprintia_platform.audit.log import AuditEntry, read_audit
from sprintia_platform.database.connections import Database
from sprintia_platform.http import problems
from sprintia_platform.http.paging import Limit, read_cursor, write_cursor
from sprintia_platform.http.problems import Problem
from sprintia_platform.http.times import TimedResponse
from sprintia_platform.keys.callers import Caller
from sprintia_platform.keys.guards import requires


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """Events, newest first; `next` is the value of `before` for the page after, or null."""

    events: list[AuditEntry]
    next: str | None


@get("/audit", guards=[requires("admin")], response_class=TimedResponse, tags=["audit"])
async def list_audit(
    database: NamedDependency[Database],
    caller: NamedDependency[Caller],
    tenant: FromQuery[str | None] = None,
    before: FromQuery[str | None] = None,
    limit: FromQuery[Limit] = 100,
) -> AuditPage:
    """List who did what, newest first, for one tenant or for all that the key reaches."""
    if tenant is not None:
        caller.require_tenant(tenant)
    tenants = [tenant] if tenant is not None else None if caller.tenants is None else sorted(caller.tenants)
    async with database.transaction("platform", caller.scope, read_only=True) as connection:
        entries = await read_audit(connection, tenants, before=read_position(before), limit=limit + 1)
    page, rest = entries[:limit], entries[limit:]
    last = page[-1] if rest else None
    return AuditPage(events=page, next=write_cursor([last.at.isoformat(), last.tenant_id, last.seq]) if last else None)


def read_position(before: str | None) -> tuple[datetime, str, int] | None:
    if before is None:
        return None
    match read_cursor(before):
        case [str(at), str(tenant), int(seq)] if "\0" not in tenant and 0 <= seq < 2**63:
            with suppress(ValueError, OverflowError):
                moment = datetime.fromisoformat(at)
                if moment.tzinfo is not None:
                    return moment.astimezone(UTC), tenant, seq
    raise Problem(problems.PARAMETER_INVALID, names="before")
