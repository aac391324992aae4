"""`/mapping`: the Chatwoot mapping."""

from typing import Any

import msgspec
from litestar import Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody

from sprintia_config import problems
from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.controllers.intake import (
    author_of,
    delivery_of,
    list_answer,
    to_response,
    unless_held,
)
from sprintia_config.documents.bodies import Message, VersionNumber
from sprintia_config.documents.horizon import mapping_version_gone
from sprintia_config.documents.representation import moment
from sprintia_config.mapping import service, store
from sprintia_config.mapping.service import Heads, Resolution
from sprintia_config.mapping.slices import GivenMapping, MappingFaultsError, read_mapping, union, union_text
from sprintia_config.models import SCHEMA
from sprintia_config.writing import Answer, Change, Delivery, Writer
from sprintia_platform import Caller, Fault, Problem, Text, requires
from sprintia_platform.content.values import Json
from sprintia_platform.content.yaml_writer import write_yaml
from sprintia_platform.database.connections import Database
from sprintia_platform.http.body_faults import escape
from sprintia_platform.http.documentation import documented_body
from sprintia_platform.http.paging import Before, Limit
from sprintia_platform.http.problems import BODY_INVALID, PARAMETER_INVALID
from sprintia_platform.http.requests import StrictRequest, read_body_json

_READ, _WRITE = [requires("config:read")], [requires("mapping:write")]
_TAGS = ["mapping"]
_BODY = documented_body(
    '{"mapping_data": {"accounts": {}, "inboxes": {}, "fallbacks": [], "special_numbers": []}}', "application/json"
)


class MappingItem(msgspec.Struct, frozen=True, kw_only=True):
    """A version of one tenant's part of the mapping; `id` is the value of `before` for the page after."""

    id: int
    tenant_id: str
    version: int
    revision: int
    digest: str
    mapping: msgspec.Raw
    created_at: str
    actor: str
    origin: str
    message: str


class MappingRollback(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which version of whose part is to stand again; `tenant_id` may be left out by a key of one tenant."""

    version: VersionNumber
    tenant_id: str | None = None
    message: Message = ""


@get("/mapping", guards=_READ, tags=_TAGS)
async def read_whole(
    request: StrictRequest, database: NamedDependency[Database], caller: NamedDependency[Caller]
) -> Response[Any]:
    """Read the mapping of the caller's tenants."""
    heads = await _standing(database, caller)
    return unless_held(request, lambda: _whole_text(heads), service.headers(heads))


@get("/mapping/export", guards=_READ, tags=_TAGS)
async def export(
    request: StrictRequest, database: NamedDependency[Database], caller: NamedDependency[Caller]
) -> Response[Any]:
    """Read the mapping as YAML."""
    heads = await _standing(database, caller)
    headers = service.headers(heads, yaml=True)
    return unless_held(request, lambda: write_yaml(_whole(heads)).encode(), headers, "application/x-yaml")


@post("/mapping", guards=_WRITE, tags=_TAGS, status_code=200, operation_class=_BODY)
async def replace(
    request: StrictRequest, writer: NamedDependency[Writer], caller: NamedDependency[Caller]
) -> Response[bytes]:
    """Replace what the caller's tenants own; another tenant's entries stay."""
    given = await _given(request)
    return await _write(request, writer, caller, service.replacing(caller, given))


@patch("/mapping", guards=_WRITE, tags=_TAGS, operation_class=_BODY)
async def merge(
    request: StrictRequest, writer: NamedDependency[Writer], caller: NamedDependency[Caller]
) -> Response[bytes]:
    """Merge: accounts and inboxes by key (null removes one), lists replaced for the tenants that they name."""
    given = await _given(request, allow_null=True)
    return await _write(request, writer, caller, service.merging(given))


@get("/mapping/resolve", guards=_READ, tags=_TAGS)
async def resolve(
    request: StrictRequest, database: NamedDependency[Database], caller: NamedDependency[Caller],
    account: FromQuery[str | None] = None, inbox: FromQuery[str | None] = None, phone: FromQuery[str | None] = None,
) -> Response[Resolution]:  # fmt: skip
    """Tell who answers an account, inbox or phone number, and by which rule."""
    given = {"account": account, "inbox": inbox, "phone": phone}
    if not any(given.values()) or any(
        value is not None and ("\0" in value or len(value) > 128) for value in given.values()
    ):
        raise Problem(PARAMETER_INVALID, names="account, inbox, phone")
    async with database.transaction(SCHEMA, caller.scope, read_only=True) as connection:
        found = await service.resolve(connection, account=account, inbox=inbox, phone=phone)
    return list_answer(request, found)


@get("/mapping/history", guards=_READ, tags=_TAGS)
async def history(
    request: StrictRequest, database: NamedDependency[Database], caller: NamedDependency[Caller],
    tenant: FromQuery[str | None] = None, limit: Limit = 100, before: Before = None,
) -> Response[Any]:  # fmt: skip
    """List versions of the caller's tenants' parts, newest first."""
    if tenant is not None:
        check_identifiers(tenant=tenant)
        caller.require_tenant(tenant)
    async with database.transaction(SCHEMA, caller.scope, read_only=True) as connection:
        found = await store.read_history(connection, tenant, before=before, limit=limit)
    items = [
        MappingItem(
            id=version.id, tenant_id=version.tenant_id, version=version.version, revision=version.revision,
            digest=version.digest, mapping=msgspec.Raw(version.slice.encode()), created_at=moment(version.created_at),
            actor=version.actor, origin=version.origin, message=version.message,
        )
        for version in found
    ]  # fmt: skip
    return list_answer(request, items)


@post("/mapping/rollback", guards=_WRITE, tags=_TAGS, status_code=200)
async def roll_back(
    request: StrictRequest, data: JSONBody[MappingRollback], writer: NamedDependency[Writer],
    caller: NamedDependency[Caller],
) -> Response[bytes]:  # fmt: skip
    """Make an old version of one tenant's part stand again, as a new version."""
    tenant = _one_tenant(caller, data.tenant_id)
    delivery = delivery_of(request, caller, await request.body(), route="POST /mapping/rollback")
    if_match = request.headers.get("if-match")
    return to_response(
        await roll_back_part(writer, caller, tenant, data.version, delivery, message=data.message, if_match=if_match)
    )


HANDLERS = (read_whole, export, replace, merge, resolve, history, roll_back)


async def roll_back_part(
    writer: Writer, caller: Caller, tenant: str, number: int, delivery: Delivery, *, message: str = "",
    if_match: str | None = None,
) -> Answer:  # fmt: skip
    """Make an old version of a tenant's part stand again; answers the whole that stands then.

    Raises:
        Problem: 404 when there is none, 410 when retention has removed it, 409 when another tenant has one of its
            entries now, 412 when a condition fails.
    """
    author = author_of(caller, "rollback", message or f"rollback to version {number}")

    async def work(change: Change) -> Answer:
        old = await store.read_version(change.connection, tenant, number)
        if old is None and (removed := await mapping_version_gone(change.connection, tenant, number)):
            raise removed
        if old is None:
            raise Problem(problems.VERSION_NOT_FOUND, version=number)
        heads = await store.read_heads(change.connection)
        service.require_match(if_match, heads)
        made = await service.write_slice(change, lambda _standing: old.value)
        return _answer({**heads, tenant: made})

    return await service.deliver_slice(writer, caller, tenant, author, delivery, work)


async def _standing(database: Database, caller: Caller) -> Heads:
    async with database.transaction(SCHEMA, caller.scope, read_only=True) as connection:
        heads = await store.read_heads(connection)
    if not any(head.value for head in heads.values()):
        raise Problem(problems.MAPPING_NOT_FOUND)
    return heads


def _whole(heads: Heads) -> dict[str, Json]:
    return union({tenant: head.value for tenant, head in heads.items()})


def _whole_text(heads: Heads) -> bytes:
    return union_text({tenant: head.slice for tenant, head in heads.items()})


async def _given(request: StrictRequest, *, allow_null: bool = False) -> GivenMapping:
    request.expect_content_type("application/json")
    body = read_body_json(request, await request.body())
    if not isinstance(body, dict) or "mapping_data" not in body:
        missing = Fault(code="missing", pointer="/mapping_data", text=Text("é obrigatório", "is required"))
        raise Problem(BODY_INVALID, errors=[missing], count=1)
    text = Text("não é um campo deste corpo", "is no field of this body")
    unknown = [Fault(code="unknown", pointer=f"/{escape(name)}", text=text) for name in body if name != "mapping_data"]
    if unknown:
        raise Problem(BODY_INVALID, errors=unknown[:50], count=len(unknown))
    try:
        return read_mapping(body["mapping_data"], allow_null=allow_null)
    except MappingFaultsError as error:
        raise Problem(BODY_INVALID, errors=error.faults[:50], count=len(error.faults)) from None


async def _write(request: StrictRequest, writer: Writer, caller: Caller, edit: service.Edit) -> Response[bytes]:
    delivery = delivery_of(request, caller, await request.body(), route=f"{request.method} /mapping/")
    if_match = request.headers.get("if-match")
    return to_response(await service.write(writer, caller, author_of(caller), delivery, if_match, edit, _answer))


def _answer(heads: Heads) -> Answer:
    return Answer(status=200, body=_whole_text(heads), headers=service.headers(heads))


def _one_tenant(caller: Caller, given: str | None) -> str:
    if given is not None:
        check_identifiers(tenant_id=given)
        return caller.require_tenant(given)
    if caller.tenants is not None and len(caller.tenants) == 1:
        return next(iter(caller.tenants))
    raise Problem(problems.MAPPING_TENANT_NEEDED)
