"""Replay a delivery that was set aside or refused: its body, once more, through the services of its route.

It is one transaction, in the name of whoever replays. What it came to is the answer, also when the delivery is refused
again; the old row stays as it is, and a new one says `replay_of`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Literal

import asyncpg
import msgspec

from sprintia_config.deliveries.kept import KeptDelivery, find_kept, read_kept, read_sequence
from sprintia_config.deliveries.preview import PlacedChange, Preview, preview_of, state_of
from sprintia_config.deliveries.works import Work, work_of
from sprintia_config.schemas.enforcement import QuarantineError
from sprintia_config.writing import (
    Answer,
    Author,
    Change,
    Delivery,
    Writer,
    expected_of,
    first_answer,
    record,
    translated,
)
from sprintia_platform import Caller, Fault, Problem
from sprintia_platform.database.connections import Database
from sprintia_platform.http.languages import Language

Outcome = Literal["applied", "identical", "superseded", "quarantined", "refused", "unknown"]


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a replay, or would become.

    Attributes:
        outcome: applied; identical: it stands already; superseded: a later delivery of the same sender was taken
            before; quarantined or refused: once more; unknown: applied or identical, which of a dry run only callers
            with `secrets:read` are told when nothing but secrets could differ.
        status: what the sender would have been answered with.
        reason: why it was refused or set aside.
        version: that stands then, of the document (of `config` for credentials_sync) or of the tenant's mapping.
        revision: of the tenant, with this change.
        faults: what does not meet the schema, or is wrong otherwise.
        changes: of a dry run, path by path, secrets masked.
    """

    outcome: Outcome
    status: int
    reason: str | None = None
    version: int | None = None
    revision: int | None = None
    faults: list[dict[str, Any]] = []
    changes: list[PlacedChange] = []


class _RefusedAgainError(Exception):
    """The content was refused, or set aside: everything that the replay did is undone."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.kind.code)
        self.problem = problem


class _UndoneError(Exception):
    """Ends the transaction of a dry run."""

    def __init__(self, replayed: Replayed, preview: Preview) -> None:
        super().__init__()
        self.replayed, self.preview = replayed, preview


async def replay(
    database: Database, writer: Writer, caller: Caller, tenant_id: str, number: int, delivery: Delivery, *,
    dry_run: bool = False,
) -> Answer:  # fmt: skip
    """Replay the delivery `number` of a tenant; the answer's body is a `Replayed` as JSON.

    Args:
        database: where deliveries stand.
        writer: of the plugin.
        caller: who replays, with the right that the delivery's route asks for, in reach of the tenant.
        tenant_id: whose delivery it is.
        number: its id in the list of deliveries.
        delivery: how the request that asks for the replay names itself; its language is that of the answer.
        dry_run: whether it is done and undone, to see what it would change; nothing is recorded then.

    Raises:
        Problem: 404 when there is none, 403 without the right, 409 when its body is not there or a replay of it was
            taken before, and 409 when the request's id was used for something else.
    """
    kept = await find_kept(database, tenant_id, number)
    caller.require(kept.right)
    author = Author(caller.actor, "replay", f"replay of delivery {number}")
    named = replace(
        delivery, event=kept.event, sequence=None, stream="", replay_of=number, always_recorded=True,
        delivery_id=None if dry_run else delivery.delivery_id,
    )  # fmt: skip
    return await _Replay(writer, caller, kept, author, named).run(dry_run=dry_run)


class _Replay:
    """One replay."""

    def __init__(self, writer: Writer, caller: Caller, kept: KeptDelivery, author: Author, delivery: Delivery) -> None:
        self._writer, self._caller, self._kept = writer, caller, kept
        self._author, self._delivery = author, delivery

    async def run(self, *, dry_run: bool) -> Answer:
        if self._delivery.delivery_id is None:  # a repetition with an id gets its first answer, whatever holds now
            self._kept.require_replayable()
        try:
            return await self._attempt(dry_run=dry_run)
        except _UndoneError as undone:
            return _answer(await _with_changes(undone.replayed, undone.preview))
        except _RefusedAgainError as again:
            replayed = _refused(again.problem, self._delivery.language)
            return _answer(replayed) if dry_run else await self._record_refused(again.problem, replayed)
        except asyncpg.UniqueViolationError as error:
            raise translated(error) from None

    async def _attempt(self, *, dry_run: bool) -> Answer:
        async with self._change() as change:
            first = await first_answer(change, self._delivery)
            if first is not None:
                return first
            replayed, preview = await self._redo(change, dry_run=dry_run)
            if preview is not None:
                raise _UndoneError(replayed, preview)
            answer = _answer(replayed)
            await change.audit(
                "delivery.replay", f"{self._kept.id}", delivery=self._kept.id, outcome=replayed.outcome,
                route=self._kept.route,
            )  # fmt: skip
            await record(change, self._delivery, answer, change.warnings)
            return answer

    @asynccontextmanager
    async def _change(self) -> AsyncIterator[Change]:
        tenant_id, expected = self._kept.tenant_id, expected_of(self._delivery, mapping=self._kept.is_mapping)
        if not self._kept.is_mapping:
            async with self._writer.change(tenant_id, self._author, expected) as change:
                yield change
            return
        async with self._writer.mapping_transaction(self._caller.scope, locking=tenant_id) as transaction:
            yield await transaction.begin_locked(tenant_id, self._author, expected)

    async def _redo(self, change: Change, *, dry_run: bool) -> tuple[Replayed, Preview | None]:
        # Read anew, under the tenant's lock: somebody else may have replayed it since.
        kept = await read_kept(change.connection, self._kept.tenant_id, self._kept.id)
        kept.require_replayable()
        body = kept.open_body(await change.keys())
        try:
            work = work_of(kept, body, self._delivery.language)
            before = await state_of(change, work)
            superseded = await self._is_superseded(change, work)
            if not superseded:
                await work.run(change)
                if kept.sequence is not None:
                    change.pending.sequence = (kept.sender, work.stream, kept.sequence)
                await change.flush()  # what an index refuses is refused here
        except asyncpg.UniqueViolationError as error:
            raise _RefusedAgainError(translated(error)) from None
        except Problem as problem:
            if problem.kind.status >= 500:
                raise
            raise _RefusedAgainError(problem) from problem
        after = await state_of(change, work)
        outcome: Outcome = "superseded" if superseded else "applied" if change.changed else "identical"
        replayed = Replayed(
            outcome=outcome, status=200, version=after.version,
            revision=change.revision if change.changed else change.revision - 1,
            faults=_shown(change.warnings, self._delivery.language),
        )  # fmt: skip
        if not dry_run:
            return replayed, None
        return replayed, await preview_of(change, before, after, clear=self._caller.has("secrets:read"))

    async def _is_superseded(self, change: Change, work: Work) -> bool:
        if self._kept.sequence is None:
            return False
        last = await read_sequence(change.connection, change.tenant_id, self._kept.sender, work.stream)
        return last is not None and self._kept.sequence < last

    async def _record_refused(self, problem: Problem, replayed: Replayed) -> Answer:
        """List the replay that came to nothing. Its body is kept with the delivery that it is of."""
        expected = expected_of(self._delivery)
        async with self._writer.change(self._kept.tenant_id, self._author, expected) as change:
            first = await first_answer(change, self._delivery)
            if first is not None:
                return first
            answer = _answer(replayed)
            await change.audit(
                "delivery.replay", f"{self._kept.id}", delivery=self._kept.id, outcome=replayed.outcome,
                route=self._kept.route,
            )  # fmt: skip
            reason = problem.kind.detail.show("pt-BR", **problem.values)[:1000]
            await record(change, self._delivery, answer, problem.errors, status=replayed.status, reason=reason)
            return answer


async def _with_changes(replayed: Replayed, preview: Preview) -> Replayed:
    changes = await asyncio.to_thread(preview.changes)
    if replayed.outcome == "superseded":
        return replayed
    if preview.could_tell(changes):
        return msgspec.structs.replace(replayed, outcome="unknown", version=None, revision=None)
    version = None if preview.main_could_tell(changes) else replayed.version
    return msgspec.structs.replace(replayed, version=version, changes=changes)


def _refused(problem: Problem, language: Language) -> Replayed:
    set_aside = isinstance(problem, QuarantineError)
    return Replayed(
        outcome="quarantined" if set_aside else "refused", status=202 if set_aside else problem.kind.status,
        reason=problem.kind.detail.show(problem.language(language), **problem.values),
        faults=_shown(problem.errors, language),
    )  # fmt: skip


def _shown(faults: list[Fault] | tuple[Fault, ...], language: Language) -> list[dict[str, Any]]:
    return [fault.show(language) for fault in faults]


def _answer(replayed: Replayed) -> Answer:
    return Answer(status=200, body=msgspec.json.encode(replayed), outcome=replayed.outcome)
