"""One write: a transaction that holds its tenant's row, gives the change its revision, and answers each delivery once.

Revisions are assigned under the lock of the tenant's row, so that their order is the order of commits: a reader who
has seen revision N has seen everything up to N.
"""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg
import msgspec
import structlog

from sprintia_config import problems
from sprintia_config.admission import WriteQueue
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.models import SCHEMA
from sprintia_config.schemas.enforcement import QuarantineError
from sprintia_config.schemas.quarantine import WARNINGS_HEADER, body_of_quarantined, keep, with_warnings
from sprintia_config.schemas.standing import StandingSchemas
from sprintia_config.secrecy.envelope import DataKey, Place
from sprintia_config.unit_of_work import (
    NOTIFICATIONS,
    Expected,
    NewDelivery,
    Opening,
    Pending,
    Written,
    lock_statement,
    read_opening,
    write,
)
from sprintia_config.vault import TenantKeys, Vault, destroy_data_keys
from sprintia_platform import Fault, Problem
from sprintia_platform.audit.log import NewEvent
from sprintia_platform.database.connections import Connection, Database, Tenants
from sprintia_platform.http.languages import Language
from sprintia_platform.http.problems import MEDIA_TYPE

if TYPE_CHECKING:
    from sprintia_config.documents.versions import Version

__all__ = [
    "MAPPING_TURN", "NOTIFICATIONS", "Answer", "Author", "Change", "Delivery", "Expected", "MappingTransaction", "Past",
    "Writer", "answer_once", "body_place", "first_answer", "record", "translated",
]  # fmt: skip

log = structlog.get_logger("sprintia.config")

MAPPING_TURN = "*mapping"
"""The queue of writes to the mapping; no tenant can have this id."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes, and by which way: `origin` is api, webhook, company-services, rollback, replay or cli."""

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
        body: what was sent, kept sealed when a schema sets it aside or its content is refused.
        media_type: of the body, kept with it.
        replay_of: the number of the delivery whose body is applied once more, or None.
        person: whom the sender asks for, or None.
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
    media_type: str = ""
    replay_of: int | None = None
    person: str | None = None
    language: Language = "pt-BR"


class Change:
    """A write transaction on one tenant, whose row it holds.

    It is a unit of work: what it makes is `pending` until `flush`, at the latest before the commit, in one statement.

    Attributes:
        connection: within the transaction, seeing this tenant's rows alone.
        opening: what was read when it began.
        revision: the number that everything changed here gets.
        changed: whether anything was; only then the tenant's revision moves on.
        schemas: what documents must look like.
        warnings: what of that was not met and written nevertheless.
        pending: what it made and did not write yet.
        heads: the documents that stand as far as they were read, see `sprintia_config.documents.versions.standing`.
    """

    def __init__(
        self, connection: Connection, vault: Vault, tenant_id: str, opening: Opening, author: Author,
        schemas: StandingSchemas,
    ) -> None:  # fmt: skip
        self.connection = connection
        self.tenant_id = tenant_id
        self.opening = opening
        self.revision = opening.revision + 1
        self.author = author
        self.changed = False
        self.vault = vault
        self.schemas = schemas
        self.warnings: list[Fault] = []
        self.pending = Pending()
        self.heads: dict[DocumentKey, Version | None] = {}
        self._moved_to = opening.revision
        self._keys: TenantKeys | None = None

    async def keys(self) -> TenantKeys:
        """The tenant's data keys; none when it never had a secret."""
        if self._keys is None:
            self._keys = self.vault.unwrapped(self.tenant_id, self.opening.data_keys)
        return self._keys

    async def destroy_keys(self) -> int:
        """Destroy the tenant's data keys, and with them all that they sealed; returns how many there were.

        What is sealed from now on gets a new one.
        """
        self._keys = TenantKeys({})
        return await destroy_data_keys(self.connection, self.tenant_id)

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
        self.pending.events.append(NewEvent(action, target, {"origin": self.author.origin, **detail}))

    async def now(self) -> datetime:
        """The time of the database, after the lock: within a tenant it never runs against the revisions."""
        return self.opening.now

    async def flush(self) -> Written:
        """Write what is pending, move the tenant's revision on where it has not, and wake whoever waits for changes.

        Before it, statements of one's own do not see what was made here.
        """
        if not self.pending and self._moves_to is None:
            return Written({}, {})
        pending, self.pending = self.pending, Pending()
        moved_to = self._moves_to
        self._moved_to = moved_to or self._moved_to
        return await write(self.connection, self.tenant_id, self.author.actor, pending, moved_to)

    @property
    def _moves_to(self) -> int | None:
        """The revision that the tenant does not have yet."""
        return self.revision if self.changed and self.revision != self._moved_to else None


class MappingTransaction:
    """A transaction in which nobody else changes the mapping; each tenant that changes in it has a change of its own.

    Attributes:
        connection: within the transaction, seeing the rows of its tenants alone.
        changes: those that were begun.
    """

    def __init__(self, writer: "Writer", connection: Connection) -> None:
        self._writer = writer
        self.connection = connection
        self.changes: list[Change] = []

    async def begin(self, tenant_id: str, author: Author, expected: Expected | None = None) -> Change:
        """Lock the tenant's row and number its change; several tenants in order of name."""
        await self.connection.execute(lock_statement(tenant_id))
        return await self.begin_locked(tenant_id, author, expected)

    async def begin_locked(self, tenant_id: str, author: Author, expected: Expected | None = None) -> Change:
        """Number the change of the tenant that was named when the transaction was opened: its row is locked."""
        change = await self._writer.begin_locked(self.connection, tenant_id, author, expected)
        self.changes.append(change)
        return change


class Writer:
    """Opens write transactions, one after the other for each tenant.

    Attributes:
        on_commit: called with tenant and revision after each commit that moved a tenant's revision, before anybody is
            answered, in order of revision within a tenant. Never when the commit failed, or when it is not known
            whether it did: who follows changes learns of those by the notification, as of those of other processes.
    """

    def __init__(self, database: Database, vault: Vault, queue: WriteQueue) -> None:
        self._database = database
        self.vault = vault
        self.schemas = StandingSchemas()
        self.on_commit: list[Callable[[str, int], None]] = []
        self._queue = queue

    @asynccontextmanager
    async def change(
        self, tenant_id: str, author: Author, expected: Expected | None = None, beside: Collection[str] = ()
    ) -> AsyncIterator[Change]:
        """Open a transaction on one tenant; it commits when the block ends. What is `expected` is read at once.

        It sees the rows of the tenants `beside` too, and does not hold them.

        Raises:
            Problem: 503 at once when too many writes wait.
        """
        async with self._queue.turn(tenant_id):
            lock = lock_statement(tenant_id)
            async with self._database.transaction(SCHEMA, {tenant_id, *beside}, first=lock) as connection:
                change = await self.begin_locked(connection, tenant_id, author, expected)
                yield change
                await change.flush()
            self._tell([change])

    @asynccontextmanager
    async def mapping_transaction(
        self, tenants: Tenants, locking: str | None = None
    ) -> AsyncIterator[MappingTransaction]:
        """Open a transaction in which nobody else changes the mapping of any tenant.

        Routes of several tenants may change at once and exclude each other, and they change rarely: one lock for all
        keeps every write simple and free of deadlocks. Tenants' rows are locked after it, in order of name; the row of
        `locking` at once.
        """
        async with self._queue.turn(MAPPING_TURN):
            locks = "SELECT pg_advisory_xact_lock(hashtext('sprintia.config.mapping'))"
            if locking is not None:
                locks += f"; {lock_statement(locking)}"
            async with self._database.transaction(SCHEMA, tenants, first=locks) as connection:
                transaction = MappingTransaction(self, connection)
                try:
                    yield transaction
                    for change in transaction.changes:
                        await change.flush()
                except asyncpg.UniqueViolationError as error:
                    raise translated(error) from None
            self._tell(transaction.changes)

    async def begin_locked(
        self, connection: Connection, tenant_id: str, author: Author, expected: Expected | None = None
    ) -> Change:
        """Read what a change of a tenant needs, whose row an earlier statement of the transaction locked."""
        opening = await read_opening(connection, tenant_id, expected or Expected())
        return Change(connection, self.vault, tenant_id, opening, author, self.schemas)

    def _tell(self, changes: Iterable[Change]) -> None:
        for change in changes:
            for listener in self.on_commit if change.changed else ():
                try:
                    listener(change.tenant_id, change.revision)
                except Exception:
                    # The change stands: its sender must hear so, whatever became of those who follow it here.
                    log.exception("commit_listener_failed", tenant=change.tenant_id, revision=change.revision)

    async def deliver(
        self, tenant_id: str, author: Author, delivery: Delivery, work: Callable[[Change], Awaitable[Answer]],
        superseded: Callable[[Change], Awaitable[Answer]] | None = None, *, documents: Sequence[DocumentKey] = (),
        admit: Callable[[Change], Awaitable[None]] | None = None, beside: Collection[str] = (),
    ) -> Answer:  # fmt: skip
        """Do `work` once for a delivery: the same id with the same content gets the first answer again.

        Args:
            tenant_id: the tenant that it is about.
            author: for history and audit.
            delivery: how the request names itself.
            work: makes the change and its answer, in the transaction.
            superseded: answers a delivery whose sequence number is below one that came before; it changes nothing.
            documents: those that `work` will change: they are read at once.
            admit: refuses a delivery that is not to be looked at, before anything is told about it.
            beside: other tenants whose rows `work` sees.

        Raises:
            Problem: 409 when the id was used with another content.
        """
        try:
            try:
                expected = expected_of(delivery, documents=documents, signing=admit is not None)
                async with self.change(tenant_id, author, expected, beside) as change:
                    if admit is not None:
                        await admit(change)
                    return await answer_once(change, delivery, work, superseded)
            except QuarantineError as refusal:
                return await self._set_aside(tenant_id, author, delivery, refusal)
        except asyncpg.UniqueViolationError as error:
            raise translated(error) from None

    async def _set_aside(self, tenant_id: str, author: Author, delivery: Delivery, refusal: QuarantineError) -> Answer:
        """Keep a delivery whose document does not meet its schema, after everything that it changed was undone."""
        async with self.change(tenant_id, author, expected_of(delivery)) as change:
            first = await first_answer(change, delivery)
            if first is not None:
                return first
            body = await body_of_quarantined(change.connection, tenant_id, refusal, delivery.language)
            headers = {WARNINGS_HEADER: str(len(refusal.errors)), "Content-Type": MEDIA_TYPE}
            answer = Answer(status=202, body=body, headers=headers, outcome="quarantined")
            await record(change, delivery, answer, refusal.errors, delivery.body)
            target = f"{refusal.extra['domain']}/{refusal.extra['config_type']}"
            await change.audit("document.quarantine", target, schema_version=refusal.extra["schema_version"])
            return answer


def expected_of(delivery: Delivery, *, documents: Sequence[DocumentKey] = (), mapping: bool = False,
                signing: bool = False) -> Expected:  # fmt: skip
    """What the change of a delivery will need to know."""
    return Expected(
        documents=documents, mapping=mapping, signing=signing, sender=delivery.sender,
        delivery_id=delivery.delivery_id, stream=delivery.stream,
    )  # fmt: skip


async def answer_once(
    change: Change, delivery: Delivery, work: Callable[[Change], Awaitable[Answer]],
    superseded: Callable[[Change], Awaitable[Answer]] | None = None,
) -> Answer:  # fmt: skip
    """The part of `Writer.deliver` that lies within the transaction; the change was begun with `expected_of`."""
    first = await first_answer(change, delivery)
    if first is not None:
        return first
    if superseded is not None and _is_superseded(change, delivery):
        answer = await superseded(change)
    else:
        answer = _warned(await work(change), change.warnings, delivery)
        if superseded is not None:
            _remember_sequence(change, delivery)
    recorded = delivery.delivery_id is not None or delivery.always_recorded or bool(change.warnings)
    if recorded or answer.outcome == "superseded":
        await record(change, delivery, answer, change.warnings)
    return answer


def translated(error: asyncpg.UniqueViolationError) -> Problem:
    """Say which rule a unique index just kept.

    Raises:
        asyncpg.UniqueViolationError: it is none that a request can break.
    """
    if error.constraint_name == "uq_mapping_entry_owner":
        return Problem(problems.MAPPING_TAKEN)
    if error.constraint_name == "uq_delivery_accepted":
        return Problem(problems.DELIVERY_REUSED)
    if error.constraint_name == "uq_delivery_replayed":
        return Problem(problems.DELIVERY_REPLAYED)
    raise error


async def first_answer(change: Change, delivery: Delivery) -> Answer | None:
    """What the same delivery was answered when it came before; the change was begun with `expected_of`.

    Raises:
        Problem: 409 when the id was used with another content.
    """
    if change.opening.first is None:
        return None
    tenant_id, kept_digest, sealed, generation = change.opening.first
    # A mapping of several tenants keeps its delivery with one of them, which need not be this one.
    of_this_one = tenant_id == change.tenant_id
    keys = await (change.keys() if of_this_one else change.vault.tenant_keys(change.connection, tenant_id))
    place = _answer_place(tenant_id, delivery)
    opened = keys.open(sealed, generation, place)
    if kept_digest != keys.keys[generation].fingerprint(delivery.digest, place):
        raise Problem(problems.DELIVERY_REUSED)
    status, headers, body = msgspec.json.decode(opened, type=tuple[int, dict[str, str], str])
    return Answer(status=status, headers=headers | {"Idempotency-Replayed": "true"}, body=base64.b64decode(body))


async def record(
    change: Change, delivery: Delivery, answer: Answer, faults: Sequence[Fault] = (), body: bytes | None = None, *,
    status: int | None = None, reason: str | None = None,
) -> None:  # fmt: skip
    """Put a delivery on record, with its answer when it has an id, and its body where one is given.

    `status` is that of its outcome, where that is told within the answer.
    """
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
    change.pending.delivery = NewDelivery(
        sender=delivery.sender, delivery_id=delivery.delivery_id, route=delivery.route, event=delivery.event,
        request_digest=digest, outcome=answer.outcome, status=status or answer.status, sealed_answer=sealed,
        key_generation=generation, revision=change.revision if change.changed else None, faults=keep(faults),
        sealed_body=sealed_body, reason=reason, media_type=None if body is None else delivery.media_type,
        sequence=None if body is None else delivery.sequence, replay_of=delivery.replay_of,
        person=delivery.person,
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


def _is_superseded(change: Change, delivery: Delivery) -> bool:
    last = change.opening.sequence
    return delivery.sequence is not None and last is not None and delivery.sequence < last


def _remember_sequence(change: Change, delivery: Delivery) -> None:
    if delivery.sequence is not None:
        change.pending.sequence = (delivery.sender, delivery.stream, delivery.sequence)
