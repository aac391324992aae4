"""One write: a transaction that holds its tenant's row, gives the change its revision, and answers each delivery once.

Revisions are assigned under the lock of the tenant's row, so that their order is the order of commits: a reader who
has seen revision N has seen everything up to N.
"""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

import asyncpg
import msgspec

from sprintia_config import problems
from sprintia_config.admission import WriteQueue
from sprintia_config.models import SCHEMA
from sprintia_config.schemas.enforcement import QuarantineError
from sprintia_config.schemas.quarantine import WARNINGS_HEADER, body_of_quarantined, keep, with_warnings
from sprintia_config.schemas.standing import StandingSchemas
from sprintia_config.secrecy.envelope import DataKey, Place
from sprintia_config.vault import TenantKeys, Vault
from sprintia_platform import Fault, Problem
from sprintia_platform.audit.log import append_audit
from sprintia_platform.database.connections import Connection, Database, Tenants
from sprintia_platform.http.languages import Language
from sprintia_platform.http.problems import MEDIA_TYPE

MAPPING_TURN = "*mapping"
"""The queue of writes to the mapping; no tenant can have this id."""

NOTIFICATIONS = "sprintia_config"


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes, and by which way: `origin` is api, webhook, company-services, rollback or cli."""

    actor: str
    origin: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """Who wrote something that becomes part of the history now, and when: an import keeps both."""

    author: Author
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a write answers: kept with the delivery, so that a repeated one gets it word for word."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    outcome: str = "applied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How a request names itself.

    Attributes:
        sender: the id of the caller's key, the same over the key's rotation.
        delivery_id: `webhook-id` or `Idempotency-Key`; None when the sender gave none.
        digest: SHA-256 of what must be the same when the id comes again.
        route: which kind of request it was, for people: `POST /odoo-webhook/`.
        event: the webhook event, or None.
        sequence: the sender's number of this delivery within `stream`, or None.
        always_recorded: whether it is listed even without an id.
        body: what was sent, kept sealed when a schema sets it aside.
        language: which its sender reads.
    """

    sender: str
    delivery_id: str | None
    digest: bytes
    route: str
    event: str | None = None
    sequence: int | None = None
    stream: str = ""
    always_recorded: bool = False
    body: bytes = field(default=b"", repr=False)
    language: Language = "pt-BR"


class Change:
    """A write transaction on one tenant, whose row it holds.

    Attributes:
        connection: within the transaction, seeing this tenant's rows alone.
        revision: the number that everything changed here gets.
        changed: whether anything was; only then the tenant's revision moves on.
        schemas: what documents must look like.
        warnings: what of that was not met and written nevertheless.
    """

    def __init__(
        self, connection: Connection, vault: Vault, tenant_id: str, revision: int, author: Author,
        schemas: StandingSchemas,
    ) -> None:  # fmt: skip
        self.connection = connection
        self.tenant_id = tenant_id
        self.revision = revision
        self.author = author
        self.changed = False
        self.vault = vault
        self.schemas = schemas
        self.warnings: list[Fault] = []
        self._keys: TenantKeys | None = None

    async def keys(self) -> TenantKeys:
        """The tenant's data keys; none when it never had a secret."""
        if self._keys is None:
            self._keys = await self.vault.tenant_keys(self.connection, self.tenant_id)
        return self._keys

    async def sealing_key(self) -> tuple[int, DataKey]:
        """The key that seals, made when the tenant has none yet."""
        keys = await self.keys()
        if keys.current is not None:
            return keys.current, keys.keys[keys.current]
        generation, key = await self.vault.new_tenant_key(self.connection, self.tenant_id)
        self._keys = TenantKeys({**keys.keys, generation: key})
        return generation, key

    async def audit(self, action: str, target: str, **detail: object) -> None:
        """Say in the audit log what this transaction does."""
        await append_audit(
            self.connection, tenant=self.tenant_id, actor=self.author.actor, action=action, target=target,
            detail={"origin": self.author.origin, **detail},
        )  # fmt: skip

    async def now(self) -> datetime:
        """The time of the database, after the lock: within a tenant it never runs against the revisions."""
        now: datetime = await self.connection.fetchval("SELECT clock_timestamp()")
        return now


class Writer:
    """Opens write transactions, one after the other for each tenant."""

    def __init__(self, database: Database, vault: Vault, queue: WriteQueue) -> None:
        self._database = database
        self.vault = vault
        self.schemas = StandingSchemas()
        self._queue = queue

    @asynccontextmanager
    async def change(self, tenant_id: str, author: Author) -> AsyncIterator[Change]:
        """Open a transaction on one tenant; it commits when the block ends.

        Raises:
            Problem: 503 at once when too many writes wait.
        """
        async with self._queue.turn(tenant_id), self._database.transaction(SCHEMA, [tenant_id]) as connection:
            change = await self.begin(connection, tenant_id, author)
            yield change
            await finish(change)

    @asynccontextmanager
    async def mapping_transaction(self, tenants: Tenants) -> AsyncIterator[Connection]:
        """Open a transaction in which nobody else changes the mapping of any tenant.

        Routes of several tenants may change at once and exclude each other, and they change rarely: one lock for all
        keeps every write simple and free of deadlocks. Tenants' rows are locked after it, in order of name.
        """
        async with self._queue.turn(MAPPING_TURN), self._database.transaction(SCHEMA, tenants) as connection:
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('sprintia.config.mapping'))")
            try:
                yield connection
            except asyncpg.UniqueViolationError as error:
                raise translated(error) from None

    async def begin(self, connection: Connection, tenant_id: str, author: Author) -> Change:
        """Lock the tenant's row, made when it is new, and number the change."""
        revision = await _lock(connection, tenant_id)
        return Change(connection, self.vault, tenant_id, revision + 1, author, self.schemas)

    async def deliver(
        self, tenant_id: str, author: Author, delivery: Delivery, work: Callable[[Change], Awaitable[Answer]],
        superseded: Callable[[Change], Awaitable[Answer]] | None = None,
    ) -> Answer:  # fmt: skip
        """Do `work` once for a delivery: the same id with the same content gets the first answer again.

        Args:
            tenant_id: the tenant that it is about.
            author: for history and audit.
            delivery: how the request names itself.
            work: makes the change and its answer, in the transaction.
            superseded: answers a delivery whose sequence number is below one that came before; it changes nothing.

        Raises:
            Problem: 409 when the id was used with another content.
        """
        try:
            try:
                async with self.change(tenant_id, author) as change:
                    return await answer_once(change, delivery, work, superseded)
            except QuarantineError as refusal:
                return await self._set_aside(tenant_id, author, delivery, refusal)
        except asyncpg.UniqueViolationError as error:
            raise translated(error) from None

    async def _set_aside(self, tenant_id: str, author: Author, delivery: Delivery, refusal: QuarantineError) -> Answer:
        """Keep a delivery whose document does not meet its schema, after everything that it changed was undone."""
        async with self.change(tenant_id, author) as change:
            first = await _first_answer(change, delivery)
            if first is not None:
                return first
            body = await body_of_quarantined(change.connection, tenant_id, refusal, delivery.language)
            headers = {WARNINGS_HEADER: str(len(refusal.errors)), "Content-Type": MEDIA_TYPE}
            answer = Answer(status=202, body=body, headers=headers, outcome="quarantined")
            await _record(change, delivery, answer, refusal.errors, delivery.body)
            target = f"{refusal.extra['domain']}/{refusal.extra['config_type']}"
            await change.audit("document.quarantine", target, schema_version=refusal.extra["schema_version"])
            return answer


async def answer_once(
    change: Change, delivery: Delivery, work: Callable[[Change], Awaitable[Answer]],
    superseded: Callable[[Change], Awaitable[Answer]] | None = None,
) -> Answer:  # fmt: skip
    """The part of `Writer.deliver` that lies within the transaction."""
    first = await _first_answer(change, delivery)
    if first is not None:
        return first
    if superseded is not None and await _is_superseded(change, delivery):
        answer = await superseded(change)
    else:
        answer = _warned(await work(change), change.warnings, delivery)
        if superseded is not None:
            await _remember_sequence(change, delivery)
    recorded = delivery.delivery_id is not None or delivery.always_recorded or bool(change.warnings)
    if recorded or answer.outcome == "superseded":
        await _record(change, delivery, answer, change.warnings)
    return answer


async def record_refusal(database: Database, tenant_id: str, delivery: Delivery, status: int, reason: str) -> None:
    """List a delivery that was refused; its id stays free for a corrected one."""
    async with database.transaction(SCHEMA, [tenant_id] if tenant_id else "*") as connection:
        await connection.execute(
            "INSERT INTO config.delivery (tenant_id, sender, delivery_id, route, event, request_digest, outcome, "
            "status, reason) VALUES ($1, $2, $3, $4, $5, '', 'refused', $6, $7)",
            tenant_id, delivery.sender, delivery.delivery_id, delivery.route, delivery.event, status, reason,
        )  # fmt: skip


async def finish(change: Change) -> None:
    """Move the tenant's revision on and wake whoever waits for changes; the last statement before the commit."""
    if change.changed:
        await change.connection.execute(
            "UPDATE config.tenant SET revision = $2 WHERE tenant_id = $1", change.tenant_id, change.revision
        )
        await change.connection.execute(
            "SELECT pg_notify($1, $2)", NOTIFICATIONS, f"{change.tenant_id} {change.revision}"
        )


def translated(error: asyncpg.UniqueViolationError) -> Problem:
    """Say which rule a unique index just kept.

    Raises:
        asyncpg.UniqueViolationError: it is none that a request can break.
    """
    if error.constraint_name == "uq_mapping_entry_owner":
        return Problem(problems.MAPPING_TAKEN)
    if error.constraint_name == "uq_delivery_accepted":
        return Problem(problems.DELIVERY_REUSED)
    raise error


async def _lock(connection: Connection, tenant_id: str) -> int:
    # NO KEY UPDATE: rows that refer to the tenant may be inserted meanwhile by others.
    query = "SELECT revision FROM config.tenant WHERE tenant_id = $1 FOR NO KEY UPDATE"
    revision: int | None = await connection.fetchval(query, tenant_id)
    if revision is None:
        await connection.execute(
            "INSERT INTO config.tenant (tenant_id) VALUES ($1) ON CONFLICT (tenant_id) DO NOTHING", tenant_id
        )
        revision = await connection.fetchval(query, tenant_id)
    if revision is None:
        msg = "the tenant's row is out of this transaction's sight"
        raise RuntimeError(msg)
    return revision


async def _first_answer(change: Change, delivery: Delivery) -> Answer | None:
    if delivery.delivery_id is None:
        return None
    row = await change.connection.fetchrow(
        "SELECT tenant_id, request_digest, sealed_answer, key_generation FROM config.delivery "
        "WHERE sender = $1 AND delivery_id = $2 AND outcome <> 'refused'",
        delivery.sender, delivery.delivery_id,
    )  # fmt: skip
    if row is None:
        return None
    # A mapping of several tenants keeps its delivery with one of them, which need not be this one.
    keys = await change.vault.tenant_keys(change.connection, row["tenant_id"])
    place = _answer_place(row["tenant_id"], delivery)
    opened = keys.open(row["sealed_answer"], row["key_generation"], place)
    if row["request_digest"] != keys.keys[row["key_generation"]].fingerprint(delivery.digest, place):
        raise Problem(problems.DELIVERY_REUSED)
    status, headers, body = msgspec.json.decode(opened, type=tuple[int, dict[str, str], str])
    return Answer(status=status, headers=headers | {"Idempotency-Replayed": "true"}, body=base64.b64decode(body))


async def _record(
    change: Change, delivery: Delivery, answer: Answer, faults: Sequence[Fault] = (), body: bytes | None = None
) -> None:
    sealed = generation = sealed_body = None
    digest = b""
    if delivery.delivery_id is not None or body is not None:
        generation, key = await change.sealing_key()
        place = _answer_place(change.tenant_id, delivery)
        # Keyed: whoever gets hold of the table must not be able to try passwords against it.
        digest = key.fingerprint(delivery.digest, place)
        if delivery.delivery_id is not None:
            sealed = key.seal(msgspec.json.encode((answer.status, answer.headers, answer.body)), place)
        if body is not None:
            sealed_body = key.seal(body, body_place(change.tenant_id, delivery.sender, digest))
    await change.connection.execute(
        "INSERT INTO config.delivery (tenant_id, sender, delivery_id, route, event, request_digest, outcome, status, "
        "sealed_answer, key_generation, revision, faults, sealed_body) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        change.tenant_id, delivery.sender, delivery.delivery_id, delivery.route, delivery.event, digest,
        answer.outcome, answer.status, sealed, generation, change.revision if change.changed else None, keep(faults),
        sealed_body,
    )  # fmt: skip


def _warned(answer: Answer, warnings: Sequence[Fault], delivery: Delivery) -> Answer:
    """Tell the sender what of its document does not meet a schema that only warns."""
    if not warnings:
        return answer
    headers = {**answer.headers, WARNINGS_HEADER: str(len(warnings))}
    return replace(answer, headers=headers, body=with_warnings(answer.body, warnings, delivery.language))


def body_place(tenant_id: str, sender: str, digest: bytes) -> Place:
    """Where the body of a delivery that was set aside belongs."""
    return Place(purpose="delivery-body", tenant_id=tenant_id, name=f"{sender}/{digest.hex()}")


def _answer_place(tenant_id: str, delivery: Delivery) -> Place:
    return Place(purpose="delivery-answer", tenant_id=tenant_id, name=f"{delivery.sender}/{delivery.delivery_id}")


async def _is_superseded(change: Change, delivery: Delivery) -> bool:
    if delivery.sequence is None:
        return False
    last: int | None = await change.connection.fetchval(
        "SELECT sequence FROM config.delivery_sequence WHERE tenant_id = $1 AND sender = $2 AND stream = $3",
        change.tenant_id, delivery.sender, delivery.stream,
    )  # fmt: skip
    return last is not None and delivery.sequence < last


async def _remember_sequence(change: Change, delivery: Delivery) -> None:
    if delivery.sequence is None:
        return
    await change.connection.execute(
        "INSERT INTO config.delivery_sequence AS kept (tenant_id, sender, stream, sequence) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (tenant_id, sender, stream) DO UPDATE SET sequence = greatest(kept.sequence, excluded.sequence)",
        change.tenant_id, delivery.sender, delivery.stream, delivery.sequence,
    )  # fmt: skip
