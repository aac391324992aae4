"""The mapping in PostgreSQL: versions of each tenant's slice, and the routes that stand."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec
from msgspec import structs

from sprintia_config.mapping.slices import Slice, digits_of
from sprintia_config.unit_of_work import SLICE_COLUMNS, NewSlice, Row
from sprintia_config.writing import Change, Past
from sprintia_platform.content.values import Json
from sprintia_platform.database.connections import Connection

COLUMNS = SLICE_COLUMNS
_NAMES = tuple(COLUMNS.split(", "))
_BEYOND_ALL = 2**63 - 1


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


async def standing(change: Change) -> MappingVersion | None:
    """What `read_head` reads, within a change: when it was expected it was read when the change began."""
    opening = change.opening
    if not opening.knows_slice:
        await change.flush()
        return await read_head(change.connection, change.tenant_id)
    return None if opening.slice is None else MappingVersion(**dict(zip(_NAMES, opening.slice, strict=True)))


async def read_version(connection: Connection, tenant_id: str, version: int) -> MappingVersion | None:
    row = await connection.fetchrow(
        f"SELECT {COLUMNS} FROM config.mapping_version WHERE tenant_id = $1 AND version = $2", tenant_id, version
    )
    return None if row is None else MappingVersion(**dict(row.items()))


async def read_history(
    connection: Connection, tenant_id: str | None, *, before: int | None, limit: int
) -> list[MappingVersion]:
    """Versions of the slices in sight, newest first; `before` is the id that the page before ended with."""
    # `$2 IS NULL OR tenant_id = $2` could use no index: the plan that PostgreSQL keeps would read every tenant's rows.
    of_one = "" if tenant_id is None else "AND tenant_id = $3 "
    rows = await connection.fetch(
        f"SELECT {COLUMNS} FROM config.mapping_version WHERE id < $1 {of_one}ORDER BY id DESC LIMIT $2",
        _BEYOND_ALL if before is None else before, limit, *([] if tenant_id is None else [tenant_id]),
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
    heads = {tenant: await standing(changes[tenant]) for tenant in slices}
    stands: dict[str, MappingVersion] = {}
    made: dict[str, int] = {}
    for tenant, part in slices.items():
        head = heads[tenant]
        if head is not None and head.digest == digest_of(part):
            stands[tenant] = head
        elif head is not None or part:
            made[tenant] = head.version + 1 if head else 1
    if made:
        await _remove_routes(next(iter(changes.values())).connection, list(made))
    for tenant, version in made.items():
        new = await _add_standing(changes[tenant], version, slices[tenant])
        stands[tenant] = await _written(changes[tenant], new)
    return stands


async def add_slice(change: Change, part: Slice) -> int:
    """What `write_slices` does for one tenant, where no more than the number is needed: its rows wait for the others.

    Raises:
        asyncpg.UniqueViolationError: before the commit; a route belongs to another tenant.
    """
    head = await standing(change)
    if head is not None and head.digest == digest_of(part):
        return head.version
    if head is None and not part:
        return 0
    await _remove_routes(change.connection, [change.tenant_id])
    return (await _add_standing(change, head.version + 1 if head else 1, part)).version


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


def digest_of(part: Slice) -> str:
    return hashlib.sha256(part.to_text().encode()).hexdigest()


async def write_past_version(change: Change, version: int, part: Slice, past: Past) -> None:
    """Make a slice of another place or time part of the history, under its own number.

    The routes do not change: call `replace_routes` with the slice that is to stand. The caller has checked that it is
    newer than what stands, and audits the import as a whole.
    """
    _add_version(change, version, part, past)
    await change.flush()


async def replace_routes(change: Change, part: Slice) -> None:
    """Let the routes of a slice stand, and no other ones of its tenant.

    Raises:
        asyncpg.UniqueViolationError: a route belongs to another tenant.
    """
    await _remove_routes(change.connection, [change.tenant_id])
    change.pending.routes += _routes(part)
    await change.flush()


async def _add_standing(change: Change, version: int, part: Slice) -> NewSlice:
    change.pending.routes += _routes(part)
    await change.audit("mapping.write", "mapping", version=version, revision=change.revision)
    return _add_version(change, version, part)


def _add_version(change: Change, version: int, part: Slice, past: Past | None = None) -> NewSlice:
    author = past.author if past else change.author
    new = NewSlice(
        version=version, revision=change.revision, slice=part.to_text(), digest=digest_of(part), actor=author.actor,
        origin=author.origin, message=author.message, created_at=past.created_at if past else change.opening.now,
    )  # fmt: skip
    change.pending.slices.append(new)
    change.changed = True
    change.opening.knows_slice = False
    return new


async def _written(change: Change, new: NewSlice) -> MappingVersion:
    """Write what was just added, and give it back with its id."""
    ids = (await change.flush()).slices
    return MappingVersion(id=ids[new.version], tenant_id=change.tenant_id, **structs.asdict(new))


async def _remove_routes(connection: Connection, tenants: list[str]) -> None:
    # A statement of its own: the parts of one statement run in any order, and a route that stays would be there twice.
    await connection.execute("DELETE FROM config.mapping_entry WHERE tenant_id = ANY ($1)", tenants)


def _routes(part: Slice) -> list[Row]:
    return [
        *(_route("account", index, key, entry) for index, (key, entry) in enumerate(part.accounts.items())),
        *(_route("inbox", index, key, entry) for index, (key, entry) in enumerate(part.inboxes.items())),
        *(_route("fallback", index, "", entry) for index, entry in enumerate(part.fallbacks)),
        *_numbers(part.special_numbers),
    ]


def _numbers(entries: Iterable[dict[str, Json]]) -> list[Row]:
    return [_route("number", index, digits_of(str(entry["number"])), entry) for index, entry in enumerate(entries)]


def _route(kind: str, position: int, key: str, entry: dict[str, Json]) -> Row:
    crew, sequence = entry.get("crew"), entry.get("sequence")
    return (
        kind, position, key, str(entry["domain"]), crew if isinstance(crew, str) else None,
        sequence if isinstance(sequence, int) else None,
    )  # fmt: skip
