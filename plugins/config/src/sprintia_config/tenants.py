"""Whether a tenant is known: a write makes one that is new, which a misspelt administrator's call must not."""

from sprintia_config.models import SCHEMA
from sprintia_platform import Problem
from sprintia_platform.database.connections import Connection, Database
from sprintia_platform.http.problems import TENANT_NOT_FOUND


async def is_known(connection: Connection, tenant_id: str) -> bool:
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM config.tenant WHERE tenant_id = $1)", tenant_id))


async def require_known(database: Database, tenant_id: str) -> None:
    """Refuse what is meant for a tenant that exists. A tenant is never deleted: asking before the write is enough.

    Raises:
        Problem: 404, there is no such tenant.
    """
    async with database.transaction(SCHEMA, [tenant_id], read_only=True) as connection:
        if not await is_known(connection, tenant_id):
            raise Problem(TENANT_NOT_FOUND, tenant=tenant_id)
