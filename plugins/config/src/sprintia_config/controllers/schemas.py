"""`/config/schemas/{type}`: what documents of a type must look like; and the deliveries that did not."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, get_args

import msgspec
from litestar import Response, delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath

from sprintia_config import problems
from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.controllers.intake import delivery_of, list_answer, unless_held
from sprintia_config.documents.representation import moment
from sprintia_config.models import SCHEMA
from sprintia_config.schemas import store
from sprintia_config.schemas.compiled import CompiledSchema
from sprintia_config.schemas.outline import SchemaRefusedError
from sprintia_config.schemas.store import Mode, SchemaVersion
from sprintia_config.vault import Vault
from sprintia_config.writing import Delivery, Writer, body_place
from sprintia_platform import Caller, Fault, Problem, Text, requires
from sprintia_platform.audit.log import append_audit
from sprintia_platform.content.values import Json, to_json
from sprintia_platform.database.connections import Connection, Database
from sprintia_platform.http.documentation import documented_body
from sprintia_platform.http.paging import Before, Limit
from sprintia_platform.http.problems import BODY_INVALID
from sprintia_platform.http.requests import StrictRequest, read_body_json

_READ, _WRITE = [requires("config:read")], [requires("schemas:write")]
# Secrets are checked by their real value: who sets a schema can find them out by its patterns.
_SET = [requires("schemas:write", "secrets:read")]
_PATH = "/config/schemas/{config_type:str}"
_TAGS = ["schemas"]
_BODY = documented_body(
    '`{"schema": <JSON Schema 2020-12>, "mode": "warn"|"reject"|"quarantine"}`.', "application/json"
)
_MODES = get_args(Mode)
_MOST_MESSAGE = 500


class SchemaItem(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a type's schema; `schema` is null in the one that deleted it."""

    config_type: str
    version: int
    mode: Mode
    deleted: bool
    actor: str
    message: str
    created_at: str
    schema: msgspec.Raw


@get("/config/schemas", guards=_READ, tags=_TAGS)
async def list_schemas(request: StrictRequest, database: NamedDependency[Database]) -> Response[Any]:
    """List the schemas that stand, in order of type."""
    async with database.transaction(SCHEMA, read_only=True) as connection:
        found = await store.read_all_standing(connection)
    return list_answer(request, [shown(version) for version in found])


@get(_PATH, guards=_READ, tags=_TAGS)
async def read_schema(
    request: StrictRequest, config_type: FromPath[str], database: NamedDependency[Database]
) -> Response[Any]:
    """Read the schema that stands."""
    check_identifiers(config_type=config_type)
    found = await standing_schema(database, config_type)
    return unless_held(request, lambda: msgspec.json.encode(shown(found)), {"ETag": _etag(found)})


@get(f"{_PATH}/history", guards=_READ, tags=_TAGS)
async def read_schema_history(
    request: StrictRequest, config_type: FromPath[str], database: NamedDependency[Database],
    limit: Limit = 100, before: Before = None,
) -> Response[Any]:  # fmt: skip
    """List the versions of a type's schema, newest first; an unknown type has none."""
    check_identifiers(config_type=config_type)
    async with database.transaction(SCHEMA, read_only=True) as connection:
        found = await store.read_history(connection, config_type, before=before, limit=limit)
    return list_answer(request, [shown(version) for version in found])


@put(_PATH, guards=_SET, tags=_TAGS, operation_class=_BODY)
async def put_schema(
    request: StrictRequest, config_type: FromPath[str], database: NamedDependency[Database],
    writer: NamedDependency[Writer], caller: NamedDependency[Caller],
) -> Response[Any]:  # fmt: skip
    """Set the schema of a type: `{"schema": <JSON Schema 2020-12>, "mode": "warn"|"reject"|"quarantine"}`.

    It holds for every tenant, and for what is written from now on; what stands is not looked at. `warn` writes and
    tells; `reject` refuses with 422; `quarantine` answers 202, keeps the delivery and leaves what stands. Other
    processes follow within 2 seconds.
    """
    check_identifiers(config_type=config_type)
    _require_all_tenants(caller)
    request.expect_content_type("application/json")
    schema, mode, message = _read_body(read_body_json(request, await request.body()))
    try:
        await asyncio.to_thread(CompiledSchema, schema)
    except SchemaRefusedError as error:
        raise Problem(problems.SCHEMA_REFUSED, errors=error.faults, count=len(error.faults)) from None

    async def work(connection: Connection) -> SchemaVersion:
        standing = await store.read_standing(connection, config_type)
        _require_match(request, standing)
        if standing is None or standing.deleted or (standing.schema, standing.mode) != (to_json(schema), mode):
            return await store.write(
                connection, standing, config_type=config_type, schema=schema, mode=mode, deleted=False,
                actor=caller.actor, message=message,
            )  # fmt: skip
        return standing

    delivery = delivery_of(request, caller, await request.body(), route="PUT /config/schemas")
    return await _deliver(database, writer, delivery, work)


@delete(_PATH, guards=_WRITE, tags=_TAGS, status_code=200)
async def delete_schema(
    request: StrictRequest, config_type: FromPath[str], database: NamedDependency[Database],
    writer: NamedDependency[Writer], caller: NamedDependency[Caller],
) -> Response[Any]:  # fmt: skip
    """Take a type's schema away; its history stays."""
    check_identifiers(config_type=config_type)
    _require_all_tenants(caller)

    async def work(connection: Connection) -> SchemaVersion:
        standing = await store.read_standing(connection, config_type)
        _require_match(request, standing)
        existing = _existing(standing, config_type)
        return await store.write(
            connection, existing, config_type=config_type, schema=None, mode=existing.mode, deleted=True,
            actor=caller.actor, message="",
        )  # fmt: skip

    delivery = delivery_of(request, caller, await request.body(), route="DELETE /config/schemas")
    return await _deliver(database, writer, delivery, work)


@get("/config/deliveries/{delivery:int}/body", guards=[requires("config:read", "secrets:read")], tags=["deliveries"])
async def read_quarantined_body(
    delivery: FromPath[int], database: NamedDependency[Database], vault: NamedDependency[Vault],
    caller: NamedDependency[Caller],
) -> Response[bytes]:  # fmt: skip
    """Read what a delivery in quarantine sent, secrets in clear; the audit log says who did."""
    if not 0 < delivery < 2**63:
        raise Problem(problems.DELIVERY_NOT_KEPT, delivery=delivery)
    async with database.transaction(SCHEMA, caller.scope) as connection:
        row = await connection.fetchrow(
            "SELECT tenant_id, sender, request_digest, key_generation, sealed_body FROM config.delivery "
            "WHERE id = $1 AND sealed_body IS NOT NULL", delivery,
        )  # fmt: skip
        if row is None:
            raise Problem(problems.DELIVERY_NOT_KEPT, delivery=delivery)
        keys = await vault.tenant_keys(connection, row["tenant_id"])
        place = body_place(row["tenant_id"], row["sender"], row["request_digest"])
        body = keys.open(row["sealed_body"], row["key_generation"], place)
        await append_audit(
            connection, tenant=row["tenant_id"], actor=caller.actor, action="delivery.read", target=f"{delivery}",
            detail={"delivery": delivery},
        )  # fmt: skip
    return Response(body, media_type="application/octet-stream", headers={"Cache-Control": "no-store"})


HANDLERS = (
    list_schemas, read_schema, read_schema_history, put_schema, delete_schema, read_quarantined_body,
)  # fmt: skip


async def standing_schema(database: Database, config_type: str) -> SchemaVersion:
    """Read the schema of a type.

    Raises:
        Problem: 404.
    """
    async with database.transaction(SCHEMA, read_only=True) as connection:
        return _existing(await store.read_standing(connection, config_type), config_type)


async def _deliver(
    database: Database, writer: Writer, delivery: Delivery, work: Callable[[Connection], Awaitable[SchemaVersion]]
) -> Response[Any]:
    """Do `work` once for a delivery, while nobody else changes schemas, and answer the version that it gives.

    Versions never change, so what answers a repetition is made of the same one.

    Raises:
        Problem: 409 when the id was used with another content.
    """
    answered = None
    async with database.transaction(SCHEMA, "*") as connection:
        await store.hold(connection)
        if delivery.delivery_id is not None:
            answered = await store.read_answered(connection, delivery.sender, delivery.delivery_id)
        if answered is not None:
            digest, version = answered
            if digest != delivery.digest:
                raise Problem(problems.DELIVERY_REUSED)
        else:
            version = await work(connection)
            if delivery.delivery_id is not None:
                sender, delivery_id = delivery.sender, delivery.delivery_id
                await store.keep_answered(connection, sender, delivery_id, delivery.digest, version)
    writer.schemas.expire()
    headers = {} if version.deleted else {"ETag": _etag(version)}
    if answered is not None:
        headers["Idempotency-Replayed"] = "true"
    return Response(msgspec.json.encode(shown(version)), media_type="application/json", headers=headers)


def _require_all_tenants(caller: Caller) -> None:
    if caller.tenants is not None:
        raise Problem(problems.SCHEMA_FOR_ALL)


def _existing(standing: SchemaVersion | None, config_type: str) -> SchemaVersion:
    if standing is None or standing.deleted:
        raise Problem(problems.SCHEMA_NOT_FOUND, config_type=config_type)
    return standing


def _require_match(request: StrictRequest, standing: SchemaVersion | None) -> None:
    """Check `If-Match` and `If-None-Match: *` (RFC 9110, section 13.1)."""
    current = None if standing is None or standing.deleted else standing
    wanted = request.headers.get("if-match")
    given = {part.strip() for part in (wanted or "").split(",")}
    matches = wanted is None or (current is not None and bool({"*", _etag(current)} & given))
    if matches and not (request.headers.get("if-none-match", "").strip() == "*" and current is not None):
        return
    number = current.version if current else 0
    raise Problem(problems.PRECONDITION_FAILED, extra={"current_version": number or None}, current=number)


def _read_body(body: Json) -> tuple[Json, Mode, str]:
    """Read the body of a PUT; by hand, because a schema keeps the letters of its numbers.

    Raises:
        Problem: 422 with every fault.
    """
    given = body if isinstance(body, dict) else {}
    mode, message = given.get("mode"), given.get("message", "")
    faults = [
        Fault(code="missing", pointer=f"/{name}", text=Text("é obrigatório", "is required"))
        for name in ("schema", "mode")
        if name not in given
    ]
    faults += [
        Fault(code="unknown", pointer=f"/{name}", text=Text("não é um campo deste corpo", "is no field of this body"))
        for name in given.keys() - {"schema", "mode", "message"}
    ]
    if "mode" in given and mode not in _MODES:
        names = ", ".join(_MODES)
        text = Text(f"deve ser um destes: {names}", f"must be one of these: {names}")
        faults.append(Fault(code="mode", pointer="/mode", text=text))
    if not isinstance(message, str) or len(message) > _MOST_MESSAGE:
        text = Text(
            f"deve ser um texto de até {_MOST_MESSAGE} caracteres",
            f"must be a text of {_MOST_MESSAGE} characters at most",
        )
        faults.append(Fault(code="message", pointer="/message", text=text))
    if faults:
        raise Problem(BODY_INVALID, errors=faults, count=len(faults))
    return given["schema"], msgspec.convert(mode, Mode), str(message)


def _etag(version: SchemaVersion) -> str:
    digest = hashlib.sha256(f"{version.mode} {version.schema}".encode()).hexdigest()
    return f'"s-{version.version}-{digest[:16]}"'


def shown(version: SchemaVersion) -> SchemaItem:
    """A version as answers show it."""
    return SchemaItem(
        config_type=version.config_type, version=version.version, mode=version.mode, deleted=version.deleted,
        actor=version.actor, message=version.message, created_at=moment(version.created_at),
        schema=msgspec.Raw((version.schema or "null").encode()),
    )  # fmt: skip
