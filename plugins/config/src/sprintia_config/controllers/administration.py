"""`/config/...`: secrets, signing of webhooks."""

from typing import Annotated

import msgspec
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from sprintia_config import problems
from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.contents.places import secret_place
from sprintia_config.controllers.intake import (
    author_of,
    delivery_of,
    json_answer,
    reflected_revision,
    to_response,
)
from sprintia_config.erasure import erase_secrets_of
from sprintia_config.models import SCHEMA
from sprintia_config.secrecy.leaves import decode_scalar
from sprintia_config.tenants import require_known
from sprintia_config.vault import Vault
from sprintia_config.webhook import secrets as signing
from sprintia_config.webhook.secrets import Mode, StoredSecret
from sprintia_config.writing import Answer, Change, Writer
from sprintia_platform import Caller, Problem, requires
from sprintia_platform.audit.log import append_audit
from sprintia_platform.content.values import to_json
from sprintia_platform.database.connections import Database
from sprintia_platform.http.requests import StrictRequest
from sprintia_platform.http.times import TimedResponse

_ADMIN = [requires("admin")]
_NO_STORE = {"Cache-Control": "no-store"}


class RevealedSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A secret in clear. `value` is what was written, numbers to the letter."""

    tenant_id: str
    domain: str
    name: str
    version: int
    value: msgspec.Raw


class NewWebhookSecret(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A secret to sign webhooks with: made here unless given; older ones end after `overlap_hours`."""

    secret: Annotated[str, msgspec.Meta(min_length=16, max_length=200)] | None = None
    overlap_hours: Annotated[int, msgspec.Meta(ge=0, le=24 * 90)] = 24


class ShownWebhookSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A signing secret; its text is never shown again."""

    id: str
    secret: str


class Signature(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a tenant's webhooks are signed.

    `optional`: a signature is checked when there is one; `required`: there must be one; `legacy`: the replaced
    system's header is asked for; `inherit`: as SPRINTIA_CONFIG_WEBHOOK_SIGNATURE says.
    """

    mode: Mode


@get("/config/secrets/{tenant:str}/{name:str}", guards=[requires("secrets:read")], tags=["secrets"])
async def read_secret(
    tenant: FromPath[str], name: FromPath[str], database: NamedDependency[Database], vault: NamedDependency[Vault],
    caller: NamedDependency[Caller], domain: FromQuery[str | None] = None,
) -> Response[RevealedSecret]:  # fmt: skip
    """Read one secret that stands, in clear; the audit log says who did."""
    check_identifiers(tenant=tenant)
    caller.require_tenant(tenant)
    return Response(await reveal(database, vault, caller, tenant, name, domain), headers=_NO_STORE)


async def reveal(
    database: Database, vault: Vault, caller: Caller, tenant: str, name: str, domain: str | None
) -> RevealedSecret:
    """Open one secret that stands, and say so in the audit log.

    Raises:
        Problem: 404 when there is none, 409 when several domains have one of this name, 410 when it was erased.
    """
    async with database.transaction(SCHEMA, [tenant]) as connection:
        rows = await connection.fetch(
            "SELECT s.domain, s.config_type, s.version, s.sealed, s.key_generation FROM config.secret_version s "
            "JOIN config.document d USING (tenant_id, domain, config_type, version) "
            "WHERE s.tenant_id = $1 AND s.name = $2 AND ($3::text IS NULL OR s.domain = $3) ORDER BY s.domain",
            tenant, name, domain,
        )  # fmt: skip
        if not rows:
            raise Problem(problems.SECRET_NOT_FOUND, tenant=tenant, name=name)
        if len(rows) > 1:
            domains = ", ".join(row["domain"] for row in rows)
            raise Problem(problems.SECRET_AMBIGUOUS, name=name, domains=domains)
        row = rows[0]
        place = secret_place(DocumentKey(tenant, row["domain"], row["config_type"]), name, row["version"])
        opened = (await vault.tenant_keys(connection, tenant)).open(row["sealed"], row["key_generation"], place)
        await append_audit(
            connection, tenant=tenant, actor=caller.actor, action="secret.read",
            target=f"{row['domain']}/{row['config_type']}", detail={"version": row["version"], "name": name},
        )  # fmt: skip
    value = msgspec.Raw(to_json(decode_scalar(opened)).encode())
    return RevealedSecret(tenant_id=tenant, domain=row["domain"], name=name, version=row["version"], value=value)


@delete("/config/tenants/{tenant:str}/secrets", guards=_ADMIN, tags=["secrets"], status_code=200)
async def erase_secrets(
    request: StrictRequest, tenant: FromPath[str], database: NamedDependency[Database],
    writer: NamedDependency[Writer], caller: NamedDependency[Caller],
) -> Response[bytes]:  # fmt: skip
    """Erase a tenant's secrets for ever, in every version and backup-independent, by destroying its data keys (LGPD).

    Documents that held secrets can no longer be read in clear; their masked views and the history stay.
    """
    check_identifiers(tenant=tenant)
    caller.require_tenant(tenant)
    await require_known(database, tenant)

    async def work(change: Change) -> Answer:
        count = await erase_secrets_of(change)
        return json_answer({"destroyed_keys": count}, {"X-Config-Revision": str(reflected_revision(change))})

    delivery = delivery_of(request, caller, await request.body(), route="DELETE /config/tenants/secrets")
    return to_response(await writer.deliver(tenant, author_of(caller), delivery, work))


@get("/config/tenants/{tenant:str}/webhook-secrets", guards=_ADMIN, response_class=TimedResponse, tags=["webhook"])
async def list_webhook_secrets(
    tenant: FromPath[str], database: NamedDependency[Database], caller: NamedDependency[Caller]
) -> list[StoredSecret]:
    """List a tenant's signing secrets, without their text."""
    check_identifiers(tenant=tenant)
    caller.require_tenant(tenant)
    async with database.transaction(SCHEMA, [tenant], read_only=True) as connection:
        return await signing.list_secrets(connection, tenant)


@post("/config/tenants/{tenant:str}/webhook-secrets", guards=_ADMIN, tags=["webhook"])
async def add_webhook_secret(
    request: StrictRequest, data: JSONBody[NewWebhookSecret], tenant: FromPath[str], writer: NamedDependency[Writer],
    caller: NamedDependency[Caller],
) -> Response[ShownWebhookSecret]:  # fmt: skip
    """Add a signing secret and show it, once; again to its sender alone, who repeats the request with its id.

    The tenant may be new: its first webhook can then come signed.
    """
    check_identifiers(tenant=tenant)
    caller.require_tenant(tenant)

    async def work(change: Change) -> Answer:
        secret_id, secret = await signing.add_secret(change, data.secret, data.overlap_hours)
        return json_answer(ShownWebhookSecret(id=secret_id, secret=secret), _NO_STORE, status=201)

    delivery = delivery_of(request, caller, await request.body(), route="POST /config/tenants/webhook-secrets")
    return to_response(await writer.deliver(tenant, author_of(caller), delivery, work))


@put("/config/tenants/{tenant:str}/signature", guards=_ADMIN, tags=["webhook"])
async def set_signature(
    request: StrictRequest, data: JSONBody[Signature], tenant: FromPath[str], writer: NamedDependency[Writer],
    caller: NamedDependency[Caller],
) -> Response[Signature]:  # fmt: skip
    """Say whether and how a tenant's webhooks must be signed. The tenant may be new."""
    check_identifiers(tenant=tenant)
    caller.require_tenant(tenant)

    async def work(change: Change) -> Answer:
        await signing.set_mode(change, data.mode)
        return json_answer(data)

    delivery = delivery_of(request, caller, await request.body(), route="PUT /config/tenants/signature")
    return to_response(await writer.deliver(tenant, author_of(caller), delivery, work))


HANDLERS = (
    read_secret, erase_secrets, list_webhook_secrets, add_webhook_secret, set_signature,
)  # fmt: skip
