"""The tenant of a request, and of a SQLAlchemy session's transaction."""

from typing import Annotated

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from sprintia_platform.database.connections import Tenants, tenant_scope

TenantId = Annotated[str, msgspec.Meta(pattern=r"^(?!\.{1,2}$)[A-Za-z0-9_.@-]{1,128}(?!\n)$")]
"""A tenant's id in a path: 1 to 128 letters, digits and `_ - . @`, never `.` or `..`. Anything else is a 422."""


async def see_tenants(session: AsyncSession, tenants: Tenants) -> None:
    """Let the session's transaction see and write the rows of these tenants alone (`"*"`: of all).

    Row-level security hides every row from a transaction that named none. It ends with the transaction: after a commit,
    name them again.
    """
    await session.execute(text("SELECT set_config('sprintia.tenants', :scope, true)"), {"scope": tenant_scope(tenants)})
