"""Answer reads from memory, as long as what is held is known to be what stands.

The rules, which docs/consistency.md tells readers of:
- what is held is given only while the database was asked about it within `FRESH_SECONDS`, or while it cannot be asked,
  and then the answer says how old it may be;
- no answer is older than one that this process gave before: its own writes and what it read from the database count.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

import structlog

from sprintia_config.layers.layering import BASE_TENANT
from sprintia_config.models import SCHEMA
from sprintia_config.snapshots.held import BUNDLE, MADE_OF_TEXTS, HeldTenant, Representation, is_kind_held
from sprintia_config.snapshots.reading import read_changed, read_size
from sprintia_platform import Caller
from sprintia_platform.database.connections import Connection, Database
from sprintia_platform.http.answers import is_outage
from sprintia_platform.http.ready import ReadyAnswer

log = structlog.get_logger("sprintia.config")

FRESH_SECONDS = 3.0
"""How long what the database said is taken for what stands: a few rounds of comparing revisions."""

_PREFIX = "/configs/"
_RESOLVED = b"resolve=true"
_RIGHT, _SECRETS = "config:read", "secrets:read"
_LOADS_AT_ONCE = 2
# A tenant that takes more than this part of the memory would push all others out.
_LARGEST_PART = 4
_ASK_AGAIN_SECONDS = 60.0
_SLOT_BYTES = 1_000


_Request = tuple[str, bytes]
"""Path and query."""


class _Slot:
    """A tenant that is read.

    Attributes:
        held: what is held of it; None until it was loaded, and while it is too large.
        made: the requests for which an answer was made of it.
        heard: the highest revision that is known of, and since when.
        shown: the highest revision of an answer of this process.
        used: whether it was read from memory since it was loaded.
        loading: the task that loads it.
        not_before: when loading may be tried again.
    """

    __slots__ = ("heard", "heard_at", "held", "loading", "made", "not_before", "shown", "tenant_id", "used")

    def __init__(self, tenant_id: str) -> None:
        self.tenant_id = tenant_id
        self.held: HeldTenant | None = None
        self.made: set[_Request] = set()
        self.heard = self.shown = 0
        self.heard_at = self.not_before = 0.0
        self.used = False
        self.loading: asyncio.Task[None] | None = None

    def hear(self, revision: int) -> None:
        if revision > self.heard:
            self.heard, self.heard_at = revision, time.monotonic()


class _Ready(NamedTuple):
    """An answer, and the tenants that it was made of: all must be what stands."""

    tenant_id: str
    parts: tuple[tuple[_Slot, HeldTenant], ...]
    representation: Representation


class Snapshots:
    """The snapshots of one process: `ReadyAnswers` to the host, `Follower` to the listener."""

    def __init__(self, database: Database, budget: int, tell: Callable[[str, int], None]) -> None:
        """Hold nothing yet.

        Args:
            database: where what is not held is read.
            budget: bytes of memory.
            tell: told of each revision that an answer of this process bears, for others who must not fall behind it.
        """
        self._database = database
        self._budget = budget
        self._tell = tell
        self._size = 0
        self._slots: OrderedDict[str, _Slot] = OrderedDict()
        self._ready: dict[_Request, _Ready] = {}
        self._reconciled_at = float("-inf")
        self._cut_off = False
        self._loads = asyncio.Semaphore(_LOADS_AT_ONCE)

    # What the host asks.

    @property
    def cut_off(self) -> bool:
        return self._cut_off

    def find(
        self, path: str, query: bytes, if_none_match: bytes | None, caller: Caller, *, in_outage: bool = False
    ) -> ReadyAnswer | None:
        if query and query != _RESOLVED:
            return None
        ready = self._ready.get((path, query)) or self._made(path, query)
        if ready is None or not self._may_see(ready, caller):
            return None
        age = self._seconds_behind(ready, in_outage=in_outage)
        if age is None:
            return None
        for slot, held in ready.parts:
            slot.used = True
            slot.shown = max(slot.shown, held.revision)
            self._slots.move_to_end(slot.tenant_id)
        answer = ready.representation.answer(if_none_match)
        if not age:
            return answer
        return answer.with_header(b"x-config-stale", str(max(1, int(age))).encode())

    @staticmethod
    def _may_see(ready: _Ready, caller: Caller) -> bool:
        if _RIGHT not in caller.rights or not caller.reaches(ready.tenant_id):
            return False
        return not (ready.representation.masked and _SECRETS in caller.rights)

    def _seconds_behind(self, ready: _Ready, *, in_outage: bool) -> float | None:
        """How old an answer may be at most, 0 for one that is fresh; None for one that must not be given."""
        now, behind = time.monotonic(), 0.0
        for slot, held in ready.parts:
            age = now - max(held.asked_at, self._reconciled_at)
            if held.revision >= slot.heard and age <= FRESH_SECONDS and not in_outage:
                continue
            if held.revision < slot.shown or not (self._cut_off or in_outage):
                return None
            behind = max(behind, age, now - slot.heard_at if held.revision < slot.heard else 0.0)
        return behind

    def passing(self, path: str, query: bytes, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        if status not in (200, 304) or not path.startswith(_PREFIX):
            return
        tenant_id, *place = _parts(path)
        resolved = query == _RESOLVED and place == BUNDLE
        given = dict(headers)
        self._pass(tenant_id, given.get(b"x-config-revision"), wanted=resolved or (not query and is_kind_held(place)))
        self._pass(BASE_TENANT, given.get(b"x-config-base-revision"), wanted=resolved)

    def _pass(self, tenant_id: str, revision: bytes | None, *, wanted: bool) -> None:
        if revision is not None:
            self._tell(tenant_id, int(revision))
        slot = self._slots.get(tenant_id)
        if slot is None:
            if not wanted:
                return
            slot = self._slots[tenant_id] = _Slot(tenant_id)
            self._make_room(slot)
        if revision is not None:
            slot.hear(int(revision))
            slot.shown = max(slot.shown, int(revision))
        if wanted:
            self._slots.move_to_end(tenant_id)
            self._load_soon(slot)

    def _made(self, path: str, query: bytes) -> _Ready | None:
        """Make an answer at the first request for it."""
        if not path.startswith(_PREFIX):
            return None
        tenant_id, *place = _parts(path)
        names = [tenant_id, BASE_TENANT] if query else [tenant_id]
        slots = [slot for name in names if (slot := self._slots.get(name))]
        parts = [(slot, slot.held) for slot in slots if slot.held]
        if len(parts) < len(names):
            return None
        tenant = parts[0][1]
        if query:
            representation = tenant.represent_over(parts[1][1]) if place == BUNDLE else None
        else:
            representation = tenant.represent(place)
        if representation is None:
            return None
        made = self._ready[path, query] = _Ready(tenant_id, tuple(parts), representation)
        for slot, _ in parts:
            slot.made.add((path, query))
        return made

    # What the listener and the writers say.

    def held(self) -> Collection[str]:
        return list(self._slots)

    def moved(self, tenant_id: str, revision: int) -> None:
        slot = self._slots.get(tenant_id)
        if slot is None:
            return
        slot.hear(revision)
        if slot.held is not None and slot.held.revision < slot.heard and slot.used:
            self._load_soon(slot)

    def committed(self, tenant_id: str, revision: int) -> None:
        """Hear of a change that this process made, before its sender does."""
        self.moved(tenant_id, revision)
        if slot := self._slots.get(tenant_id):
            slot.shown = max(slot.shown, revision)

    def reconciled(self, asked_at: float, revisions: Mapping[str, int]) -> None:
        self._cut_off = False
        self._reconciled_at = asked_at
        for slot in list(self._slots.values()):
            # Lower than what was heard before it was asked: the database is a restored one, and its word is the truth.
            if slot.heard > revisions.get(slot.tenant_id, 0) and slot.heard_at < asked_at:
                self._drop(slot)

    def unreachable(self) -> None:
        self._cut_off = True

    async def close(self) -> None:
        """Stop loading."""
        tasks = [slot.loading for slot in self._slots.values() if slot.loading]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # What it does by itself.

    def _load_soon(self, slot: _Slot) -> None:
        current = slot.held is not None and slot.held.revision >= slot.heard
        if slot.loading is None and not current and time.monotonic() >= slot.not_before:
            slot.loading = asyncio.create_task(self._load(slot))

    async def _load(self, slot: _Slot) -> None:
        try:
            while self._slots.get(slot.tenant_id) is slot:
                async with self._loads:
                    held = await self._read(slot)
                if held is None or self._slots.get(slot.tenant_id) is not slot:
                    return
                self._hold(slot, held)
                if held.revision >= slot.heard:
                    return
        except Exception as error:
            slot.not_before = time.monotonic() + 1.0
            if not (is_outage(error) or isinstance(error, TimeoutError)):
                log.exception("snapshot_not_loaded", exc_info=error)
        finally:
            slot.loading = None

    async def _read(self, slot: _Slot) -> HeldTenant | None:
        asked_at = time.monotonic()
        async with self._database.transaction(SCHEMA, [slot.tenant_id], read_only=True) as connection:
            if slot.held is None and await self._is_too_large(connection, slot.tenant_id):
                slot.not_before = asked_at + _ASK_AGAIN_SECONDS
                return None
            before = slot.held
            changed = await read_changed(connection, slot.tenant_id, before.revision if before else 0)
        return HeldTenant.of(slot.tenant_id, changed, asked_at, before)

    async def _is_too_large(self, connection: Connection, tenant_id: str) -> bool:
        size = await read_size(connection, tenant_id) * (1 + MADE_OF_TEXTS)
        return size > self._budget / _LARGEST_PART

    def _hold(self, slot: _Slot, held: HeldTenant) -> None:
        self._let_go(slot)
        slot.held, slot.used = held, False
        slot.hear(held.revision)
        self._size += held.size
        self._make_room(slot)

    def _make_room(self, newest: _Slot) -> None:
        while self._size + len(self._slots) * _SLOT_BYTES > self._budget:
            oldest = next(iter(self._slots.values()))
            if oldest is newest:
                return
            self._drop(oldest)

    def _drop(self, slot: _Slot) -> None:
        self._let_go(slot)
        if slot.loading is not None:
            slot.loading.cancel()
        del self._slots[slot.tenant_id]

    def _let_go(self, slot: _Slot) -> None:
        for request in slot.made:
            self._ready.pop(request, None)
        slot.made.clear()
        if slot.held is not None:
            self._size -= slot.held.size
            slot.held = None


def _parts(path: str) -> list[str]:
    return path.removeprefix(_PREFIX).removesuffix("/").split("/")
