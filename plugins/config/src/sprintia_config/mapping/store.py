"""The mapping in PostgreSQL: versions of each tenant's slice, and the routes that stand."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from sprintia_config.mapping.slices import Slice, digits_of
from sprintia_config.writing import Change, Past
from sprintia_platform.content.values import Json
from sprintia_platform.database.connections import Connection

COLUMNS = "id, tenant_id, version, revision, slice, digest, actor, origin, message, created_at"


class MappingVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `mapping_version`."""

    id: int
    tenant_id: str
    version: int
    revision: int
    slice: str
    digest: str
    actor: str
    origin: str
    message: str
    created_at: datetime

    @property
    def value(self) -> Slice:
        return Slice.from_text(self.slice)


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """A route that stands."""

    tenant_id: str
    kind: str
    key: str
    domain: str
    crew: str | None


async def read_heads(connection: Connection) -> dict[str, MappingVersion]:
    """The slice that stands of each tenant in the transaction's sight."""
    rows = await connection.fetch(
        f"SELECT {', '.join('m.' + name for name in COLUMNS.split(', '))} FROM config.tenant t CROSS JOIN LATERAL "
        "(SELECT * FROM config.mapping_version WHERE tenant_id = t.tenant_id ORDER BY version DESC LIMIT 1) m"
    )
    return {row["tenant_id"]: MappingVersion(**dict(row.items())) for row in rows}


async def read_head(connection: Connection, tenant_id: str) -> MappingVersion | None:
    row = await connection.fetchrow(
        f"SELECT {COLUMNS} FROM config.mapping_version WHERE tenant_id = $1 ORDER BY version DESC LIMIT 1", tenant_id
    )
    return None if row is None else MappingVersion(**dict(row.items()))


async def read_version(connection: Connection, tenant_id: str, version: int) -> MappingVersion | None:
    row = await connection.fetchrow(
        f"SELECT {COLUMNS} FROM config.mapping_version WHERE tenant_id = $1 AND version = $2", tenant_id, version
    )
    return None if row is None else MappingVersion(**dict(row.items()))


async def read_history(
    connection: Connection, tenant_id: str | None, *, before: int | None, limit: int
) -> list[MappingVersion]:
    """Versions of the slices in sight, newest first; `before` is the id that the page before ended with."""
    rows = await connection.fetch(
        f"SELECT {COLUMNS} FROM config.mapping_version WHERE ($1::text IS NULL OR tenant_id = $1) "
        "AND ($2::bigint IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
        tenant_id, before, limit,
    )  # fmt: skip
    return [MappingVersion(**dict(row.items())) for row in rows]


async def write_slices(changes: Mapping[str, Change], slices: Mapping[str, Slice]) -> dict[str, MappingVersion]:
    """Make slices stand, each in the change of its tenant; a slice that is what stands makes no version.

    Every old route goes before any new one comes, so that a key can move from one tenant to another.

    Returns:
        The versions that now stand, by tenant.

    Raises:
        asyncpg.UniqueViolationError: a route belongs to a tenant that is not among the changes.
    """
    standing: dict[str, MappingVersion] = {}
    made: dict[str, Slice] = {}
    for tenant, part in slices.items():
        head = await read_head(changes[tenant].connection, tenant)
        if head is not None and head.digest == digest_of(part):
            standing[tenant] = head
        elif head is not None or part:
            made[tenant] = part
            standing[tenant] = await _insert_version(changes[tenant], head.version + 1 if head else 1, part)
    for tenant in made:
        await changes[tenant].connection.execute("DELETE FROM config.mapping_entry WHERE tenant_id = $1", tenant)
    for tenant, part in made.items():
        await _insert_routes(changes[tenant].connection, tenant, part)
    return standing


async def find_routes(
    connection: Connection, *, account: str | None, inbox: str | None, phone: str | None
) -> list[Route]:
    """Every route that could answer; fallbacks in order of sequence, the first alone."""
    rows = await connection.fetch(
        """
        SELECT tenant_id, kind, key, domain, crew FROM config.mapping_entry
            WHERE (kind = 'inbox' AND key = $1) OR (kind = 'account' AND key = $2) OR (kind = 'number' AND key = $3)
        UNION ALL
        (SELECT tenant_id, kind, key, domain, crew FROM config.mapping_entry WHERE kind = 'fallback'
            ORDER BY sequence NULLS LAST, tenant_id, position LIMIT 1)""",
        inbox, account, digits_of(phone) if phone else None,
    )  # fmt: skip
    return [Route(**dict(row.items())) for row in rows]


def _version(row: asyncpg.Record | None) -> MappingVersion:
    if row is None:
        msg = "PostgreSQL inserted a version and returned none"
        raise RuntimeError(msg)
    return MappingVersion(**dict(row.items()))


def digest_of(part: Slice) -> str:
    return hashlib.sha256(part.to_text().encode()).hexdigest()


async def write_past_version(change: Change, version: int, part: Slice, past: Past) -> MappingVersion:
    """Make a slice of another place or time part of the history, under its own number.

    The routes do not change: call `replace_routes` with the slice that is to stand. The caller has checked that it is
    newer than what stands, and audits the import as a whole.
    """
    return await _insert_version(change, version, part, past)


async def replace_routes(change: Change, part: Slice) -> None:
    """Let the routes of a slice stand, and no other ones of its tenant.

    Raises:
        asyncpg.UniqueViolationError: a route belongs to another tenant.
    """
    await change.connection.execute("DELETE FROM config.mapping_entry WHERE tenant_id = $1", change.tenant_id)
    await _insert_routes(change.connection, change.tenant_id, part)


async def _insert_version(change: Change, version: int, part: Slice, past: Past | None = None) -> MappingVersion:
    author = past.author if past else change.author
    row = await change.connection.fetchrow(
        "INSERT INTO config.mapping_version (tenant_id, version, revision, slice, digest, actor, origin, message, "
        f"created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, coalesce($9, clock_timestamp())) RETURNING {COLUMNS}",
        change.tenant_id, version, change.revision, part.to_text(), digest_of(part), author.actor, author.origin,
        author.message, past.created_at if past else None,
    )  # fmt: skip
    change.changed = True
    if past is not None:
        return _version(row)
    await change.audit("mapping.write", "mapping", version=version, revision=change.revision)
    return _version(row)


async def _insert_routes(connection: Connection, tenant: str, part: Slice) -> None:
    rows: list[tuple[Any, ...]] = [
        *(_route(tenant, "account", index, key, entry) for index, (key, entry) in enumerate(part.accounts.items())),
        *(_route(tenant, "inbox", index, key, entry) for index, (key, entry) in enumerate(part.inboxes.items())),
        *(_route(tenant, "fallback", index, "", entry) for index, entry in enumerate(part.fallbacks)),
        *_numbers(tenant, part.special_numbers),
    ]
    await connection.executemany(
        "INSERT INTO config.mapping_entry (tenant_id, kind, position, key, domain, crew, sequence) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        rows,
    )


def _numbers(tenant: str, entries: Iterable[dict[str, Json]]) -> list[tuple[Any, ...]]:
    return [
        _route(tenant, "number", index, digits_of(str(entry["number"])), entry) for index, entry in enumerate(entries)
    ]


def _route(tenant: str, kind: str, position: int, key: str, entry: dict[str, Json]) -> tuple[Any, ...]:
    crew, sequence = entry.get("crew"), entry.get("sequence")
    return (
        tenant, kind, position, key, str(entry["domain"]), crew if isinstance(crew, str) else None,
        sequence if isinstance(sequence, int) else None,
    )  # fmt: skip
