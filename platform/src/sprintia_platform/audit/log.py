"""Append to the audit log, read it, and verify that nobody changed it.

The SQL function `platform.append_audit` computes the chain under the lock of the tenant's chain row, inside of the
caller's own transaction: a change and its audit event stand or fall together. `platform.append_audit_events` does so
for several events of one actor, in the order given; it may be called within a statement that writes more.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg
import msgspec
import structlog

from sprintia_platform.database.connections import Connection

PLATFORM_CHAIN = "*"
"""The chain of events that belong to no tenant; no tenant can have this id."""


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One event. `hash` (hex) covers the previous event's hash and every other field."""

    tenant_id: str
    seq: int
    at: datetime
    actor: str
    action: str
    target: str
    detail: msgspec.Raw
    request_id: str
    hash: str


class NewEvent(NamedTuple):
    """An event that is to be appended. `detail` holds names, numbers and digests; never content and never a secret."""

    action: str
    target: str
    detail: Mapping[str, Any]

    def written_detail(self) -> str:
        """The detail as the log keeps it."""
        return _written(self.detail)


class ChainFault(msgspec.Struct, frozen=True, kw_only=True):
    """Where a chain does not hold: `cause` is `gap`, `changed` or `cut`."""

    tenant_id: str
    seq: int
    cause: str


async def append_audit(
    connection: Connection, *, tenant: str, actor: str, action: str, target: str, detail: Mapping[str, Any]
) -> int:
    """Append one event within the caller's transaction; returns its number in the tenant's chain.

    `detail` holds names, numbers and digests; never content and never a secret.
    """
    seq: int = await connection.fetchval(
        "SELECT platform.append_audit($1, $2, $3, $4, $5, $6)",
        tenant, actor, action, target, _written(detail), current_request_id(),
    )  # fmt: skip
    return seq


def _written(detail: Mapping[str, Any]) -> str:
    return json.dumps(detail, ensure_ascii=False, sort_keys=True)


def current_request_id() -> str:
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


async def read_audit(
    connection: Connection,
    tenants: list[str] | None,
    *,
    before: tuple[datetime, str, int] | None,
    limit: int,
    actor: str | Sequence[str] | None = None,
    action: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[AuditEntry]:
    """List events, newest first; `before` is the last row of the page before (keyset).

    `actor` (any of several) and `action` are compared as a whole; `since` is included, `until` is not. The statement is
    put together from what is asked for, so that PostgreSQL plans it for that: by tenant, by actor, or by time.
    """
    values: list[Any] = []

    def bound(value: object) -> str:
        values.append(value)
        return f"${len(values)}"

    conditions = ["true"]
    if tenants is not None and len(tenants) == 1:
        conditions.append(f"tenant_id = {bound(tenants[0])}")
    elif tenants is not None:
        conditions.append(f"tenant_id = ANY({bound(tenants)}::text[])")
    actors = [actor] if isinstance(actor, str) else actor
    if actors is not None and len(actors) == 1:
        conditions.append(f"actor = {bound(actors[0])}")
    elif actors is not None:
        conditions.append(f"actor = ANY({bound(list(actors))}::text[])")
    if action is not None:
        conditions.append(f"action = {bound(action)}")
    for comparison, moment in (("at >=", since), ("at <", until)):
        if moment is not None:
            conditions.append(f"{comparison} {bound(moment)}")
    if before is not None:
        at, tenant, seq = before
        conditions.append(f"(at, tenant_id, seq) < ({bound(at)}, {bound(tenant)}, {bound(seq)})")
    rows = await connection.fetch(
        f"SELECT * FROM platform.audit_event WHERE {' AND '.join(conditions)} "
        f"ORDER BY at DESC, tenant_id DESC, seq DESC LIMIT {bound(limit)}",
        *values,
    )
    return [_entry(row) for row in rows]


async def read_audit_event(connection: Connection, tenant: str, seq: int) -> AuditEntry | None:
    """Read one event of a chain."""
    row = await connection.fetchrow("SELECT * FROM platform.audit_event WHERE tenant_id = $1 AND seq = $2", tenant, seq)
    return None if row is None else _entry(row)


def _entry(row: asyncpg.Record) -> AuditEntry:
    return AuditEntry(
        tenant_id=row["tenant_id"], seq=row["seq"], at=row["at"], actor=row["actor"], action=row["action"],
        target=row["target"], detail=msgspec.Raw(row["detail"].encode()), request_id=row["request_id"],
        hash=row["hash"].hex(),
    )  # fmt: skip


async def verify_audit(connection: Connection, tenant: str | None = None) -> tuple[int, list[ChainFault]]:
    """Walk every chain (or one tenant's) and recompute it; returns how many events were read, and the faults."""
    # Events without a chain row count too: its loss must not hide theirs.
    heads = await connection.fetch(
        "SELECT tenant_id, coalesce(c.seq, 0) AS seq, coalesce(c.hash, '') AS hash FROM platform.audit_chain c "
        "FULL JOIN (SELECT DISTINCT tenant_id FROM platform.audit_event) e USING (tenant_id) "
        "WHERE $1::text IS NULL OR tenant_id = $1 ORDER BY tenant_id",
        tenant,
    )
    faults: list[ChainFault] = []
    count = 0
    for head in heads:
        previous, expected = b"", 0
        async for row in connection.cursor(
            "SELECT * FROM platform.audit_event WHERE tenant_id = $1 ORDER BY seq", head["tenant_id"]
        ):
            count += 1
            expected += 1
            if row["seq"] != expected:
                faults.append(ChainFault(tenant_id=head["tenant_id"], seq=expected, cause="gap"))
                expected = row["seq"]
            if chained_hash(previous, row) != row["hash"]:
                faults.append(ChainFault(tenant_id=head["tenant_id"], seq=row["seq"], cause="changed"))
            previous = row["hash"]
        if expected != head["seq"] or previous != head["hash"]:
            faults.append(ChainFault(tenant_id=head["tenant_id"], seq=head["seq"], cause="cut"))
    return count, faults


def chained_hash(previous: bytes, row: asyncpg.Record) -> bytes:
    """SHA-256 over the previous hash and each field with its length; the same as the SQL function computes."""
    fields = (
        row["tenant_id"], str(row["seq"]), f"{row['at']:%Y-%m-%dT%H:%M:%S.%fZ}", row["actor"], row["action"],
        row["target"], row["detail"], row["request_id"],
    )  # fmt: skip
    text = "".join(f"{len(field)}:{field}" for field in fields)
    return hashlib.sha256(previous + text.encode()).digest()
