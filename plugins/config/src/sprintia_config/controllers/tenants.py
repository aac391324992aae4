"""`/config/tenants` and `/configs/{tenant}/reconcile`."""

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.documents.versions import read_heads
from sprintia_config.models import SCHEMA
from sprintia_config.timeline import overview, revisions
from sprintia_config.timeline.overview import HeldDocument, Reconciliation, TenantOverview
from sprintia_platform import Caller, Problem, requires
from sprintia_platform.database.connections import Database
from sprintia_platform.http.paging import Limit
from sprintia_platform.http.problems import TENANT_NOT_FOUND

_READ = [requires("config:read")]
_TAGS = ["tenants"]


class Held(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the caller holds of a tenant's documents."""

    documents: Annotated[list[HeldDocument], msgspec.Meta(max_length=10_000)]


@get("/config/tenants", guards=_READ, tags=_TAGS)
async def list_tenants(
    database: NamedDependency[Database], caller: NamedDependency[Caller], after: FromQuery[str | None] = None,
    limit: Limit = 100,
) -> list[TenantOverview]:  # fmt: skip
    """List the caller's tenants in order of id; `after` is the id that the page before ended with."""
    if after is not None:
        check_identifiers(after=after)
    async with database.transaction(SCHEMA, caller.scope, read_only=True) as connection:
        return await overview.overviews(connection, after=after, limit=limit)


@get("/config/tenants/{tenant:str}", guards=_READ, tags=_TAGS)
async def read_tenant(
    tenant: FromPath[str], database: NamedDependency[Database], caller: NamedDependency[Caller]
) -> TenantOverview:
    """Read one tenant at a glance."""
    check_identifiers(tenant=tenant)
    caller.require_tenant(tenant)
    async with database.transaction(SCHEMA, [tenant], read_only=True) as connection:
        found = await overview.overviews(connection, tenant_id=tenant)
    if not found:
        raise Problem(TENANT_NOT_FOUND, tenant=tenant)
    return found[0]


@post("/configs/{tenant:str}/reconcile", guards=_READ, tags=_TAGS, status_code=200)
async def reconcile(
    data: JSONBody[Held], tenant: FromPath[str], database: NamedDependency[Database], caller: NamedDependency[Caller]
) -> Reconciliation:
    """Compare what the caller holds with what stands: what is stale, missing or unknown on either side."""
    check_identifiers(tenant=tenant)
    caller.require_tenant(tenant)
    async with database.transaction(SCHEMA, [tenant], read_only=True) as connection:
        revision = await revisions.current_revision(connection, tenant) or 0
        standing = await read_heads(connection, tenant, None)
    return overview.reconcile(tenant, revision, standing, data.documents)


HANDLERS = (list_tenants, read_tenant, reconcile)
