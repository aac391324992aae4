"""The statements around a change: one that locks, one that reads, one that writes.

Each round trip is time under the tenant's lock, and costs the server's processor more than most statements cost
PostgreSQL. So a change is four of them: it begins and locks, reads all that it needs, writes all that it made, commits.

The lock stands in a statement of its own, before the reading. One statement has one snapshot, taken before it waits:
had the reading to wait for the lock, it would see the heads as they were before the writer that it waited for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias

import msgspec

from sprintia_config.contents.keys import DocumentKey
from sprintia_platform.audit.log import NewEvent, current_request_id
from sprintia_platform.database.connections import Connection, tenant_scope

NOTIFICATIONS: Final = "sprintia_config"

VERSION_COLUMNS: Final = (
    "id, tenant_id, domain, config_type, version, revision, media, source, sealed_source, key_generation, view, "
    "digest, deleted, actor, origin, message, created_at"
)
SLICE_COLUMNS: Final = "id, tenant_id, version, revision, slice, digest, actor, origin, message, created_at"

Row: TypeAlias = tuple[Any, ...]
"""A row as PostgreSQL's anonymous records come: values in order of the columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a change will need to know.

    Attributes:
        documents: those that it will change.
        mapping: whether it will change the tenant's slice of the mapping.
        signing: whether the signature of a webhook is to be checked.
        sender, delivery_id, stream: of its delivery, see `sprintia_config.writing.Delivery`.
    """

    documents: Sequence[DocumentKey] = ()
    mapping: bool = False
    signing: bool = False
    sender: str = ""
    delivery_id: str | None = None
    stream: str = ""


@dataclass(slots=True, kw_only=True)
class Opening:
    """What a change knows when it begins, all of it as of one moment after the lock.

    Attributes:
        revision: the tenant's.
        now: the time of the database: within a tenant it never runs against the revisions.
        data_keys: generation, master key and wrapped key of each data key.
        signature: the tenant's own setting.
        signing_secrets: id, sealed secret and data key generation of those that are valid now.
        first: tenant, digest, sealed answer and data key generation of the same delivery when it came before.
        sequence: the highest number that came in the stream.
        heads: the versions that stand, tombstones included, of the expected documents; None where there never was one.
        slice: of the mapping, when expected: the one that stands.
        knows_slice: whether it was expected.
    """

    revision: int
    now: datetime
    data_keys: Sequence[tuple[int, str, bytes]]
    signature: str
    signing_secrets: Sequence[tuple[str, bytes, int]]
    first: tuple[str, bytes, bytes, int] | None
    sequence: int | None
    heads: dict[DocumentKey, Row | None]
    slice: Row | None
    knows_slice: bool


class NewVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a document that is to be written; `secrets` are name, sealed value and fingerprint of each."""

    domain: str
    config_type: str
    version: int
    revision: int
    media: str
    source: str | None
    sealed_source: bytes | None
    key_generation: int | None
    view: str | None
    digest: str
    deleted: bool
    actor: str
    origin: str
    message: str
    created_at: datetime
    searched: str
    secrets: Sequence[tuple[str, bytes, bytes]] = ()


class NewSlice(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a tenant's slice of the mapping that is to be written."""

    version: int
    revision: int
    slice: str
    digest: str
    actor: str
    origin: str
    message: str
    created_at: datetime


class NewDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that is to be put on record; `media_type` and `sequence` go with a body that is kept."""

    sender: str
    delivery_id: str | None
    route: str
    event: str | None
    request_digest: bytes
    outcome: str
    status: int
    sealed_answer: bytes | None
    key_generation: int | None
    revision: int | None
    faults: str | None
    sealed_body: bytes | None
    reason: str | None = None
    media_type: str | None = None
    sequence: int | None = None
    replay_of: int | None = None
    person: str | None = None


@dataclass(slots=True)
class Pending:
    """What a change made and did not write yet."""

    versions: list[NewVersion] = field(default_factory=list)
    slices: list[NewSlice] = field(default_factory=list)
    routes: list[Row] = field(default_factory=list)
    events: list[NewEvent] = field(default_factory=list)
    delivery: NewDelivery | None = None
    sequence: tuple[str, str, int] | None = None

    def __bool__(self) -> bool:
        return bool(self.versions or self.slices or self.routes or self.events or self.delivery or self.sequence)


def lock_statement(tenant_id: str) -> str:
    """Lock a tenant's row, made when it is new; for the round trip that begins the transaction.

    `ON CONFLICT DO UPDATE` locks the row that is there also where its condition is false, as FOR NO KEY UPDATE does:
    rows that refer to the tenant may be inserted meanwhile by others.

    Raises:
        ValueError: the id has a character that could end the quote.
    """
    return (
        f"INSERT INTO config.tenant AS held (tenant_id) VALUES ('{tenant_scope([tenant_id])}') "
        "ON CONFLICT (tenant_id) DO UPDATE SET revision = held.revision WHERE false"
    )


def _of(alias: str, columns: str) -> str:
    return "(" + ", ".join(f"{alias}.{name}" for name in columns.split(", ")) + ")"


READ: Final = f"""
    SELECT t.revision, clock_timestamp() AS now, t.signature,
        ARRAY(SELECT (k.generation, k.master_key_id, k.wrapped) FROM config.tenant_key k WHERE k.tenant_id = $1),
        CASE WHEN $8 THEN ARRAY(
            SELECT (s.id, s.sealed, s.key_generation) FROM config.webhook_secret s
            WHERE s.tenant_id = $1 AND (s.not_after IS NULL OR s.not_after > now())
        ) END,
        CASE WHEN $3::text IS NOT NULL THEN (
            SELECT (d.tenant_id, d.request_digest, d.sealed_answer, d.key_generation) FROM config.delivery d
            WHERE d.sender = $2 AND d.delivery_id = $3 AND d.outcome <> 'refused'
        ) END,
        CASE WHEN $2 <> '' THEN (
            SELECT q.sequence FROM config.delivery_sequence q
            WHERE q.tenant_id = $1 AND q.sender = $2 AND q.stream = $4
        ) END,
        CASE WHEN cardinality($5::text[]) > 0 THEN ARRAY(
            SELECT {_of("v", VERSION_COLUMNS)}
            FROM unnest($5::text[], $6::text[]) AS e (domain, config_type)
            JOIN config.document h ON h.tenant_id = $1 AND h.domain = e.domain AND h.config_type = e.config_type
            CROSS JOIN LATERAL (  -- OFFSET 0: see sprintia_config.documents.versions
                SELECT {VERSION_COLUMNS} FROM config.document_version w WHERE w.tenant_id = h.tenant_id
                    AND w.domain = h.domain AND w.config_type = h.config_type AND w.version = h.version OFFSET 0
            ) v
        ) END,
        CASE WHEN $7 THEN (
            SELECT {_of("m", SLICE_COLUMNS)} FROM config.mapping_version m
            WHERE m.tenant_id = $1 ORDER BY m.version DESC LIMIT 1
        ) END
    FROM config.tenant t WHERE t.tenant_id = $1"""


async def read_opening(connection: Connection, tenant_id: str, expected: Expected) -> Opening:
    """Read what a change needs, within a transaction that holds the tenant's row since an earlier statement."""
    opening = await find_opening(connection, tenant_id, expected)
    if opening is None:
        msg = "the tenant's row is out of this transaction's sight"
        raise RuntimeError(msg)
    return opening


async def find_opening(connection: Connection, tenant_id: str, expected: Expected) -> Opening | None:
    """What `read_opening` reads, for those who hold nothing; None for a tenant that never was."""
    row = await connection.fetchrow(
        READ, tenant_id, expected.sender, expected.delivery_id, expected.stream,
        [key.domain for key in expected.documents], [key.config_type for key in expected.documents],
        expected.mapping, expected.signing,
    )  # fmt: skip
    if row is None:
        return None
    revision, now, signature, data_keys, signing, first, sequence, heads, standing_slice = row
    known: dict[DocumentKey, Row | None] = dict.fromkeys(expected.documents)
    known.update({DocumentKey(head[1], head[2], head[3]): head for head in heads or ()})
    return Opening(
        revision=revision, now=now, data_keys=data_keys, signature=signature, signing_secrets=signing or (),
        first=first, sequence=sequence, heads=known, slice=standing_slice, knows_slice=expected.mapping,
    )  # fmt: skip


# One statement for all rows. Its parts do not see each other's effects, and need not: foreign keys are checked at its
# end, and what follows from a part (the new ids) comes by RETURNING. Audit events are chained in the order given,
# within one function.
WRITE: Final = """
    WITH versions AS (
        INSERT INTO config.document_version (tenant_id, domain, config_type, version, revision, media, source,
            sealed_source, key_generation, view, digest, deleted, actor, origin, message, created_at)
        SELECT $1, n.* FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
            $8::bytea[], $9::integer[], $10::text[], $11::text[], $12::boolean[], $13::text[], $14::text[], $15::text[],
            $16::timestamptz[]) AS n
        RETURNING id, domain, config_type, version
    ), heads AS (
        INSERT INTO config.document (tenant_id, domain, config_type, version)
        SELECT $1, n.* FROM unnest($2::text[], $3::text[], $4::bigint[]) AS n
        ON CONFLICT (tenant_id, domain, config_type) DO UPDATE SET version = excluded.version
    ), searched AS (
        INSERT INTO config.head_search AS kept (tenant_id, domain, config_type, searched)
        SELECT $1, n.* FROM unnest($2::text[], $3::text[], $17::text[]) AS n
        ON CONFLICT (tenant_id, domain, config_type) DO UPDATE SET searched = excluded.searched, indexed = false
        WHERE kept.searched <> excluded.searched
    ), secrets AS (
        INSERT INTO config.secret_version
            (tenant_id, domain, config_type, version, key_generation, name, sealed, fingerprint)
        SELECT $1, n.* FROM unnest($18::text[], $19::text[], $20::bigint[], $21::integer[], $22::text[], $23::bytea[],
            $24::bytea[]) AS n
    ), slices AS (
        INSERT INTO config.mapping_version (tenant_id, version, revision, slice, digest, actor, origin, message,
            created_at)
        SELECT $1, n.* FROM unnest($25::bigint[], $26::bigint[], $27::text[], $28::text[], $29::text[], $30::text[],
            $31::text[], $32::timestamptz[]) AS n
        RETURNING id, version
    ), routes AS (
        INSERT INTO config.mapping_entry (tenant_id, kind, position, key, domain, crew, sequence)
        SELECT $1, n.* FROM unnest($33::text[], $34::integer[], $35::text[], $36::text[], $37::text[],
            $38::bigint[]) AS n
    ), numbered AS (
        INSERT INTO config.delivery_sequence AS kept (tenant_id, sender, stream, sequence)
        SELECT $1, $39::text, $40::text, $41::bigint WHERE $41::bigint IS NOT NULL
        ON CONFLICT (tenant_id, sender, stream) DO UPDATE SET sequence = greatest(kept.sequence, excluded.sequence)
    ), delivered AS (
        INSERT INTO config.delivery (tenant_id, sender, delivery_id, route, event, request_digest, outcome, status,
            sealed_answer, key_generation, revision, faults, sealed_body, reason, media_type, sequence, replay_of,
            person)
        SELECT $1, $42::text, $43::text, $44::text, $45::text, $46::bytea, $47::text, $48::integer, $49::bytea,
            $50::integer, $51::bigint, $52::text, $53::bytea, $61::text, $62::text, $63::bigint, $64::bigint,
            $65::text
        WHERE $47::text IS NOT NULL
    ), moved AS (
        UPDATE config.tenant SET revision = $54::bigint WHERE tenant_id = $1 AND $54::bigint IS NOT NULL
    )
    SELECT ARRAY(SELECT (domain, config_type, version, id) FROM versions),
        ARRAY(SELECT (version, id) FROM slices),
        CASE WHEN cardinality($55::text[]) > 0 THEN
            platform.append_audit_events($1, $58, $59, $55::text[], $56::text[], $57::text[]) END,
        CASE WHEN $54::bigint IS NOT NULL THEN pg_notify($60, $1 || ' ' || $54::bigint) END"""

_NO_DELIVERY: Final[Row] = (None,) * 17
_FIRST_OF_DELIVERY: Final = 12
"""How many of a delivery's values stand in their place among the parameters; the younger ones come at the end."""


@dataclass(frozen=True, slots=True)
class Written:
    """The ids that PostgreSQL gave: of versions of documents, and of slices by version."""

    versions: Mapping[tuple[str, str, int], int]
    slices: Mapping[int, int]


async def write(connection: Connection, tenant_id: str, actor: str, pending: Pending, moved_to: int | None) -> Written:
    """Write all that is pending; `moved_to` is the tenant's new revision, in the last one of a transaction.

    Raises:
        asyncpg.UniqueViolationError: a route or a delivery's id is taken.
    """
    made = pending.versions
    secrets = [
        (new.domain, new.config_type, new.version, new.key_generation, *secret)
        for new in made for secret in new.secrets
    ]  # fmt: skip
    delivery = msgspec.structs.astuple(pending.delivery) if pending.delivery else _NO_DELIVERY
    row = await connection.fetchrow(
        WRITE, tenant_id,
        [new.domain for new in made], [new.config_type for new in made], [new.version for new in made],
        [new.revision for new in made], [new.media for new in made], [new.source for new in made],
        [new.sealed_source for new in made], [new.key_generation for new in made], [new.view for new in made],
        [new.digest for new in made], [new.deleted for new in made], [new.actor for new in made],
        [new.origin for new in made], [new.message for new in made], [new.created_at for new in made],
        [new.searched for new in made],
        *_columns(secrets, 7),
        *_columns([msgspec.structs.astuple(new) for new in pending.slices], 8),
        *_columns(pending.routes, 6),
        *(pending.sequence or (None, None, None)),
        *delivery[:_FIRST_OF_DELIVERY],
        moved_to,
        [event.action for event in pending.events], [event.target for event in pending.events],
        [event.written_detail() for event in pending.events],
        actor, current_request_id(), NOTIFICATIONS,
        *delivery[_FIRST_OF_DELIVERY:],
    )  # fmt: skip
    if row is None:
        raise RuntimeError("PostgreSQL wrote a change and returned nothing")
    return Written(
        {(domain, config_type, version): number for domain, config_type, version, number in row[0]}, dict(row[1])
    )


def _columns(rows: Sequence[Row], count: int) -> list[list[Any]]:
    """Turn rows into columns, as `unnest` takes them."""
    return [[row[place] for row in rows] for place in range(count)]
