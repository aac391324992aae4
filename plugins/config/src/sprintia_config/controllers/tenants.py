"""`/config/tenants` and `/configs/{tenant}/reconcile`."""

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from sprintia_config.contents.identifiers import check_identifiers, is_text
from sprintia_config.documents.versions import read_heads
from sprintia_config.mapping import store as mapping_store
from sprintia_config.models import SCHEMA
from sprintia_config.timeline import activity, overview, revisions
from sprintia_config.timeline.activity import Activity
from sprintia_config.timeline.overview import HeldDocument, Reconciliation, TenantDetail, TenantOverview
from sprintia_platform import Caller, Problem, requires
from sprintia_platform.database.connections import Database
from sprintia_platform.http.paging import Limit
from sprintia_platform.http.problems import PARAMETER_INVALID, TENANT_NOT_FOUND

_READ = [requires("config:read")]
_TAGS = ["tenants"]

PartOfId = Annotated[str, QueryParameter(max_length=128)]
Days = Annotated[int, QueryParameter(ge=1, le=366)]


class Held(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the caller holds of a tenant's documents."""

    documents: Annotated[list[HeldDocument], msgspec.Meta(max_length=10_000)]


@get("/config/tenants", guards=_READ, tags=_TAGS)
async def list_tenants(
    database: NamedDependency[Database], caller: NamedDependency[Caller], after: FromQuery[str | None] = None,
    limit: Limit = 100, q: PartOfId = "",
) -> list[TenantOverview]:  # fmt: skip
    """List the caller's tenants in order of id; `after` is the id that the page before ended with.

    `q` lists those alone whose id holds it, whatever its case.
    """
    return await tenants_of(database, caller, q, after, limit)


async def tenants_of(
    database: Database, caller: Caller, text: str, after: str | None, limit: int
) -> list[TenantOverview]:
    """List the caller's tenants.

    Raises:
        Problem: 422 for an `after` that is no id, and a text that none can hold.
    """
    if after is not None:
        check_identifiers(after=after)
    if not is_text(text):
        raise Problem(PARAMETER_INVALID, names="q")
    async with database.transaction(SCHEMA, caller.scope, read_only=True) as connection:
        return await overview.overviews(connection, text=text, after=after, limit=limit)


@get("/config/tenants/{tenant:str}", guards=_READ, tags=_TAGS)
async def read_tenant(
    tenant: FromPath[str], database: NamedDependency[Database], caller: NamedDependency[Caller]
) -> TenantDetail:
    """Read one tenant at a glance, and who delivers to it."""
    check_identifiers(tenant=tenant)
    return await tenant_of(database, caller, tenant)


async def tenant_of(database: Database, caller: Caller, tenant: str) -> TenantDetail:
    """Read one tenant.

    Raises:
        Problem: 404 when there is none within reach.
    """
    caller.require_tenant(tenant)
    async with database.transaction(SCHEMA, [tenant], read_only=True) as connection:
        found = await overview.detail(connection, tenant)
    if found is None:
        raise Problem(TENANT_NOT_FOUND, tenant=tenant)
    return found


@get("/config/tenants/{tenant:str}/activity", guards=_READ, tags=_TAGS)
async def read_activity(
    tenant: FromPath[str], database: NamedDependency[Database], caller: NamedDependency[Caller], days: Days = 90,
    zone: Annotated[str, QueryParameter(max_length=100)] = "UTC",
) -> Activity:  # fmt: skip
    """Count a tenant's changes by day, in a time zone (IANA), over the last `days`; days without any are left out."""
    check_identifiers(tenant=tenant)
    return await activity_of(database, caller, tenant, days, zone)


async def activity_of(database: Database, caller: Caller, tenant: str, days: int, zone: str) -> Activity:
    """Count a tenant's changes by day.

    Raises:
        Problem: 404 for a tenant out of reach, 422 for a zone that nobody knows.
    """
    caller.require_tenant(tenant)
    if zone not in activity.zones():
        raise Problem(PARAMETER_INVALID, names="zone")
    async with database.transaction(SCHEMA, [tenant], read_only=True) as connection:
        return await activity.count_by_day(connection, tenant, days, zone)


@post("/configs/{tenant:str}/reconcile", guards=_READ, tags=_TAGS, status_code=200)
async def reconcile(
    data: JSONBody[Held], tenant: FromPath[str], database: NamedDependency[Database], caller: NamedDependency[Caller]
) -> Reconciliation:
    """Compare what the caller holds with what stands: what is stale, missing or unknown on either side.

    Beside it, how far the mapping came, and the caller's own numbers: who lost count goes on from there.
    """
    check_identifiers(tenant=tenant)
    caller.require_tenant(tenant)
    async with database.transaction(SCHEMA, [tenant], read_only=True) as connection:
        revision = await revisions.current_revision(connection, tenant) or 0
        standing = await read_heads(connection, tenant, None)
        mapping = await mapping_store.read_head(connection, tenant)
        streams = await overview.streams_of(connection, tenant, caller.key_id)
    return overview.reconcile(
        tenant, revision, standing, data.documents, mapping_version=mapping.version if mapping else 0, streams=streams
    )


HANDLERS = (list_tenants, read_tenant, read_activity, reconcile)
