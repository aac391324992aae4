"""`/configs/{tenant}/bundle`: everything of a tenant at once, as it stands or as it stood."""

import asyncio
from typing import Annotated, Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from sprintia_config import problems
from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.documents.representation import not_modified
from sprintia_config.layers import bundles
from sprintia_config.layers.bundles import BundleAnswer
from sprintia_config.layers.layering import BASE_TENANT
from sprintia_config.layers.reading import Asked, read_held, read_layers
from sprintia_config.models import SCHEMA
from sprintia_platform import Caller, Problem, requires
from sprintia_platform.database.connections import Database
from sprintia_platform.http.requests import StrictRequest

AtRevision = Annotated[int | None, QueryParameter(ge=0, le=2**63 - 1)]


@get("/configs/{tenant:str}/bundle", guards=[requires("config:read")], tags=["timeline"])
async def read_bundle(
    request: StrictRequest, tenant: FromPath[str], database: NamedDependency[Database],
    caller: NamedDependency[Caller], revision: AtRevision = None, at: FromQuery[str | None] = None,
    resolve: FromQuery[bool] = False, base_revision: AtRevision = None, origins: FromQuery[bool] = False,
) -> Response[Any]:  # fmt: skip
    """Read everything of a tenant at once: as it stands, at a revision, or at a time (ISO-8601).

    With `resolve=true` the layers of the tenant `_base` are merged below each document, as they stood together with
    the tenant, or at `base_revision`; with `origins=true` each leaf tells its layer.
    """
    check_identifiers(tenant=tenant)
    caller.require_tenant(tenant)
    asked = Asked(revision=revision, at=at, base_revision=base_revision)
    if resolve:
        answer = await resolved_bundle_of(database, tenant, asked, with_origins=origins)
    else:
        _refuse_without_resolve(base_revision=base_revision is not None, origins=origins)
        answer = await bundle_of(database, tenant, asked)
    headers = dict(answer.headers)
    if not_modified(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(None, status_code=304, headers=headers)
    # Merging what is large takes a moment, in which others are to be answered.
    body = await asyncio.to_thread(answer.body) if resolve else answer.body()
    return Response(body, media_type="application/json", headers=headers)


HANDLERS = (read_bundle,)


async def bundle_of(database: Database, tenant: str, asked: Asked) -> BundleAnswer:
    """Read everything of a tenant.

    Raises:
        Problem: 404 for a revision that is yet to come, 422 for a time that is none.
    """
    async with database.transaction(SCHEMA, [tenant], read_only=True) as connection:
        held = await read_held(connection, tenant, asked)
    return bundles.plain_answer(held)


async def resolved_bundle_of(
    database: Database, tenant: str, asked: Asked, *, with_origins: bool = False
) -> BundleAnswer:
    """Read everything of a tenant over the layers below it.

    Only here does a caller who does not reach `_base` see anything of it: merged under what is its own, with masks.

    Raises:
        Problem: as of `bundle_of`, for the layers too; 422 for what does not go together, or grows too large.
    """
    async with database.transaction(SCHEMA, {tenant, BASE_TENANT}, read_only=True) as connection:
        held, base = await read_layers(connection, tenant, asked)
    return await asyncio.to_thread(bundles.resolved_answer, held, base, with_origins=with_origins)


def _refuse_without_resolve(**given: bool) -> None:
    names = [name for name, is_given in given.items() if is_given]
    if names:
        raise Problem(problems.RESOLVE_MISSING, names=", ".join(names))
