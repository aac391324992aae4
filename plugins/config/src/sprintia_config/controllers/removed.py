"""`.../history/removed`: the gaps that retention left."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.models import SCHEMA
from sprintia_config.retention.removed import RemovedVersions, read_removed, read_removed_mappings
from sprintia_platform import Caller, requires
from sprintia_platform.database.connections import Database

_READ = [requires("config:read")]


@get("/history/removed", guards=_READ, tags=["documents"])
async def list_removed(key: NamedDependency[DocumentKey], database: NamedDependency[Database]) -> list[RemovedVersions]:
    """List the versions that retention removed, in runs, newest first."""
    async with database.transaction(SCHEMA, [key.tenant], read_only=True) as connection:
        return await read_removed(connection, key)


@get("/mapping/history/removed", guards=_READ, tags=["mapping"])
async def list_removed_mappings(
    database: NamedDependency[Database], caller: NamedDependency[Caller], tenant: FromQuery[str]
) -> list[RemovedVersions]:
    """List the versions of one tenant's part that retention removed, in runs, newest first."""
    check_identifiers(tenant=tenant)
    caller.require_tenant(tenant)
    async with database.transaction(SCHEMA, [tenant], read_only=True) as connection:
        return await read_removed_mappings(connection, tenant)


OF_ONE_DOCUMENT = (list_removed,)
HANDLERS = (list_removed_mappings,)
