"""`/config/tenants/{tenant}/pins`: revisions that retention leaves whole."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec
from litestar import Response, delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from sprintia_config import problems
from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.controllers.intake import author_of, delivery_of, json_answer, to_response
from sprintia_config.documents.bodies import Message
from sprintia_config.documents.horizon import require_answerable
from sprintia_config.layers.layering import BASE_TENANT
from sprintia_config.layers.reading import Asked, wanted_revision, wanted_revisions
from sprintia_config.models import SCHEMA
from sprintia_config.retention import pins
from sprintia_config.retention.pins import Pin
from sprintia_config.tenants import require_known
from sprintia_config.timeline.revisions import current_revision
from sprintia_config.writing import Answer, Change, Writer
from sprintia_platform import Caller, Fault, Problem, Text, requires
from sprintia_platform.database.connections import Connection, Database
from sprintia_platform.http.problems import BODY_INVALID
from sprintia_platform.http.requests import StrictRequest

_PINS = "/config/tenants/{tenant:str}/pins"
_READ, _WRITE = [requires("config:read")], [requires("config:write")]
_TAGS = ["tenants"]

Revision = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class PinBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to pin: a revision, or the one that stood at a time (ISO-8601), and the layers' as a bundle has them."""

    revision: Revision | None = None
    at: str | None = None
    base_revision: Revision | None = None
    note: Message = ""


@get(_PINS, guards=_READ, tags=_TAGS)
async def list_pins(
    tenant: FromPath[str], database: NamedDependency[Database], caller: NamedDependency[Caller]
) -> list[Pin]:
    """List a tenant's pins in order of name."""
    check_identifiers(tenant=tenant)
    caller.require_tenant(tenant)
    async with database.transaction(SCHEMA, {tenant, BASE_TENANT}, read_only=True) as connection:
        return await pins.read_pins(connection, tenant)


@put(f"{_PINS}/{{name:str}}", guards=_WRITE, tags=_TAGS)
async def put_pin(
    request: StrictRequest, data: JSONBody[PinBody], tenant: FromPath[str], name: FromPath[str],
    database: NamedDependency[Database], writer: NamedDependency[Writer], caller: NamedDependency[Caller],
) -> Response[Pin]:  # fmt: skip
    """Keep all that stood at a revision from being removed, so that a run can be replayed with it.

    Body: `{"revision": N}` or `{"at": time}`, with an optional `note`. The layers below the tenant are kept as they
    stood together with it, or at `base_revision`.
    """
    check_identifiers(tenant=tenant, name=name)
    caller.require_tenant(tenant)
    if data.revision is None and data.at is None:
        text = Text("é obrigatório, ou at", "is required, or at")
        raise Problem(BODY_INVALID, errors=[Fault(code="missing", pointer="/revision", text=text)], count=1)
    await require_known(database, tenant)

    async def work(change: Change) -> Answer:
        connection = change.connection
        await pins.hold(connection, tenant)
        await pins.hold(connection, BASE_TENANT)
        revision = await wanted_revision(connection, tenant, data.revision, data.at)
        base_revision = await _layers_to_keep(connection, tenant, data)
        return json_answer(await pins.set_pin(
            connection, caller, tenant, name, revision=revision, base_revision=base_revision, note=data.note
        ))  # fmt: skip

    return to_response(await _deliver(request, writer, caller, tenant, work))


@delete(f"{_PINS}/{{name:str}}", guards=_WRITE, tags=_TAGS, status_code=200)
async def delete_pin(
    request: StrictRequest, tenant: FromPath[str], name: FromPath[str], writer: NamedDependency[Writer],
    caller: NamedDependency[Caller],
) -> Response[Pin]:  # fmt: skip
    """Let go of a pinned revision: from now on retention may remove what stood at it."""
    check_identifiers(tenant=tenant, name=name)
    caller.require_tenant(tenant)

    async def work(change: Change) -> Answer:
        await pins.hold(change.connection, tenant)
        return json_answer(await pins.delete_pin(change.connection, caller, tenant, name))

    return to_response(await _deliver(request, writer, caller, tenant, work))


HANDLERS = (list_pins, put_pin, delete_pin)


async def _deliver(
    request: StrictRequest, writer: Writer, caller: Caller, tenant: str, work: Callable[[Change], Awaitable[Answer]]
) -> Answer:
    route = f"{request.method} /config/tenants/pins"
    delivery = delivery_of(request, caller, await request.body(), route=route)
    return await writer.deliver(tenant, author_of(caller), delivery, work, beside=[BASE_TENANT])


async def _layers_to_keep(connection: Connection, tenant: str, data: PinBody) -> int | None:
    """The revision of the layers that goes with a pin; None where there are none, or retention has passed it already.

    Raises:
        Problem: 410 for a `base_revision` that was asked for and is gone.
    """
    if await current_revision(connection, BASE_TENANT) is None:
        return None
    asked = Asked(revision=data.revision, at=data.at, base_revision=data.base_revision)
    try:
        _, base_revision = await wanted_revisions(connection, tenant, asked)
        if base_revision is not None:
            await require_answerable(connection, BASE_TENANT, base_revision)
    except Problem as problem:
        if problem.kind is problems.REVISION_GONE and data.base_revision is None:
            return None
        raise
    return base_revision
