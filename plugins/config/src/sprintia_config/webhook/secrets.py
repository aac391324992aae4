"""Which secrets may sign a tenant's webhooks, and whether they must."""

import secrets as random
from datetime import datetime
from typing import Literal, NamedTuple, cast

import msgspec

from sprintia_config.secrecy.envelope import Place
from sprintia_config.vault import TenantKeys
from sprintia_config.webhook.signatures import new_secret
from sprintia_config.writing import Change
from sprintia_platform.database.connections import Connection

Mode = Literal["inherit", "optional", "required", "legacy"]


class SigningPolicy(NamedTuple):
    """A tenant's own setting and secrets."""

    mode: Mode
    secrets: tuple[str, ...]


class StoredSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A signing secret, without its text."""

    id: str
    created_at: datetime
    not_after: datetime | None


async def policy_of(change: Change) -> SigningPolicy:
    """How a tenant's webhooks are signed, as of the moment since which nobody else changes it.

    The change must have expected `signing`.
    """
    rows = change.opening.signing_secrets
    keys = await change.keys() if rows else TenantKeys({})
    opened = (
        keys.open(sealed, generation, _place(change.tenant_id, secret_id)).decode()
        for secret_id, sealed, generation in rows
        if generation in keys.keys  # an erased one signs nothing any more, and must not stop the others
    )
    return SigningPolicy(cast("Mode", change.opening.signature), tuple(opened))


async def list_secrets(connection: Connection, tenant_id: str) -> list[StoredSecret]:
    rows = await connection.fetch(
        "SELECT id, created_at, not_after FROM config.webhook_secret WHERE tenant_id = $1 ORDER BY created_at, id",
        tenant_id,
    )
    return [StoredSecret(**dict(row.items())) for row in rows]


async def add_secret(change: Change, text: str | None, overlap_hours: int) -> tuple[str, str]:
    """Add a signing secret; the standing ones end after the overlap. Returns id and text."""
    secret_id, secret = random.token_hex(4), text or new_secret()
    generation, key = await change.sealing_key()
    await change.connection.execute(
        "UPDATE config.webhook_secret SET not_after = now() + make_interval(hours => $2) "
        "WHERE tenant_id = $1 AND (not_after IS NULL OR not_after > now() + make_interval(hours => $2))",
        change.tenant_id, overlap_hours,
    )  # fmt: skip
    await change.connection.execute(
        "INSERT INTO config.webhook_secret (tenant_id, id, sealed, key_generation) VALUES ($1, $2, $3, $4)",
        change.tenant_id, secret_id, key.seal(secret.encode(), _place(change.tenant_id, secret_id)), generation,
    )  # fmt: skip
    await change.audit("webhook_secret.add", f"webhook-secret/{secret_id}", overlap_hours=overlap_hours)
    return secret_id, secret


async def set_mode(change: Change, mode: Mode) -> None:
    await change.connection.execute(
        "UPDATE config.tenant SET signature = $2 WHERE tenant_id = $1", change.tenant_id, mode
    )
    await change.audit("signature.set", "signature", mode=mode)


def _place(tenant_id: str, secret_id: str) -> Place:
    return Place(purpose="webhook-secret", tenant_id=tenant_id, name=secret_id)
