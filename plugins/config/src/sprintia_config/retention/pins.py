"""Pins: revisions that a run of the past is replayed with, and that retention therefore leaves whole."""

import asyncpg
import msgspec

from sprintia_config import problems
from sprintia_config.documents.horizon import require_answerable
from sprintia_config.documents.representation import moment
from sprintia_config.layers.layering import BASE_TENANT
from sprintia_platform import Caller, Problem
from sprintia_platform.audit.log import append_audit
from sprintia_platform.database.connections import Connection

MOST_PINS = 1_000
"""Of one tenant: each keeps a version of every document from being removed."""

_SHOWN = """
    SELECT p.tenant_id, p.name, p.revision, base.revision AS base_revision, p.note, p.actor, p.created_at
    FROM config.pin p LEFT JOIN config.pin base
        ON base.tenant_id = $2 AND base.owner = p.tenant_id AND base.name = p.name AND p.tenant_id <> $2
    WHERE p.tenant_id = $1 AND p.owner = $1
"""


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """A pinned revision. `base_revision` is that of the layers, kept along with it; null where none is to be kept."""

    tenant_id: str
    name: str
    revision: int
    base_revision: int | None
    note: str
    actor: str
    created_at: str


async def hold(connection: Connection, tenant_id: str) -> None:
    """Keep retention from removing anything of a tenant until this transaction ends.

    The SQL function config.begin_removal takes the same lock. Look for the horizon after it, and not before.
    """
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtext('sprintia.config.retention'), hashtext($1))", tenant_id
    )


async def read_pins(connection: Connection, tenant_id: str) -> list[Pin]:
    """A tenant's pins in order of name; the transaction must see the tenant and the layers."""
    return [_pin(row) for row in await connection.fetch(_SHOWN + "ORDER BY p.name", tenant_id, BASE_TENANT)]


async def set_pin(
    connection: Connection, caller: Caller, tenant_id: str, name: str, *, revision: int, base_revision: int | None,
    note: str,
) -> Pin:  # fmt: skip
    """Pin a revision under a name, in the place of what the name pinned before; within `hold` of the tenant.

    Raises:
        Problem: 410 when something of it is gone already, 409 when there are too many pins.
    """
    await require_answerable(connection, tenant_id, revision)
    before = await _read(connection, tenant_id, name)
    if before is not None and (before.revision, before.base_revision, before.note) == (revision, base_revision, note):
        return before
    if before is None and await _count(connection, tenant_id) >= MOST_PINS:
        raise Problem(problems.PINS_FULL, tenant=tenant_id, limit=MOST_PINS)
    await _write(connection, caller, tenant_id, tenant_id, name, revision, note)
    if base_revision is None:
        await _unpin_layers(connection, tenant_id, name)
    else:
        await _write(connection, caller, BASE_TENANT, tenant_id, name, base_revision, "")
    await append_audit(
        connection, tenant=tenant_id, actor=caller.actor, action="pin.set", target=f"pin/{name}",
        detail={"revision": revision, "base_revision": base_revision},
    )  # fmt: skip
    return await _required(connection, tenant_id, name)


async def delete_pin(connection: Connection, caller: Caller, tenant_id: str, name: str) -> Pin:
    """Let go of a pinned revision.

    Raises:
        Problem: 404, there is no such pin.
    """
    pin = await _required(connection, tenant_id, name)
    await _delete(connection, tenant_id, tenant_id, name)
    await _unpin_layers(connection, tenant_id, name)
    await append_audit(
        connection, tenant=tenant_id, actor=caller.actor, action="pin.delete", target=f"pin/{name}",
        detail={"revision": pin.revision},
    )  # fmt: skip
    return pin


async def _read(connection: Connection, tenant_id: str, name: str) -> Pin | None:
    row = await connection.fetchrow(_SHOWN + "AND p.name = $3", tenant_id, BASE_TENANT, name)
    return None if row is None else _pin(row)


async def _required(connection: Connection, tenant_id: str, name: str) -> Pin:
    pin = await _read(connection, tenant_id, name)
    if pin is None:
        raise Problem(problems.PIN_NOT_FOUND, tenant=tenant_id, name=name)
    return pin


async def _count(connection: Connection, tenant_id: str) -> int:
    count: int = await connection.fetchval(
        "SELECT count(*) FROM config.pin WHERE tenant_id = $1 AND owner = $1", tenant_id
    )
    return count


async def _write(
    connection: Connection, caller: Caller, pinned: str, owner: str, name: str, revision: int, note: str
) -> None:
    await connection.execute(
        "INSERT INTO config.pin (tenant_id, owner, name, revision, note, actor) VALUES ($1, $2, $3, $4, $5, $6) "
        "ON CONFLICT (tenant_id, owner, name) DO UPDATE SET revision = excluded.revision, note = excluded.note, "
        "actor = excluded.actor, created_at = excluded.created_at",
        pinned, owner, name, revision, note, caller.actor,
    )  # fmt: skip


async def _unpin_layers(connection: Connection, owner: str, name: str) -> None:
    if owner != BASE_TENANT:
        await _delete(connection, BASE_TENANT, owner, name)


async def _delete(connection: Connection, pinned: str, owner: str, name: str) -> None:
    await connection.execute(
        "DELETE FROM config.pin WHERE tenant_id = $1 AND owner = $2 AND name = $3", pinned, owner, name
    )


def _pin(row: asyncpg.Record) -> Pin:
    return Pin(**{**dict(row.items()), "created_at": moment(row["created_at"])})
