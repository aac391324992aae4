"""The feed for all who watch it in this process: one read per change of a tenant, however many they are.

A watcher holds a position, never a queue. What it has not got yet it finds in the tail of its tenant, or, when it is
further behind, in the database, page by page. An idle one costs nothing but its place: one round for all of them checks
each key that is in use, and gives a sign of life to those who are due.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

import structlog

from sprintia_config.timeline.notifications import RECONCILE_SECONDS, ROUND_SECONDS
from sprintia_config.timeline.pages import Page, read_page
from sprintia_config.timeline.tail import Tail
from sprintia_platform import Problem
from sprintia_platform.database.connections import Database
from sprintia_platform.http.answers import is_outage
from sprintia_platform.keys.store import KeyStore

log = structlog.get_logger("sprintia.config")

SWEEP_SECONDS = 2.0
"""How soon watchers notice that their key was revoked, or that the process is to end."""
_PAGE = 200
_READS_AT_ONCE = 4
_AT_ONCE = 100
"""How many watchers are woken before the rest of the process gets its turn."""
_KEPT_SECONDS = 60.0
_FRESH_SECONDS = RECONCILE_SECONDS + ROUND_SECONDS


class Watcher(Protocol):
    """One who watches a tenant. Its methods return at once and raise nothing.

    Attributes:
        key: what it identified itself with; None for one in this process.
    """

    key: str | None

    def wake(self) -> None:
        """There is more, perhaps."""
        ...

    def end(self) -> None:
        """Take no more: the key was revoked, or the process is to end."""
        ...

    def look_around(self) -> None:
        """Called in every round: catch up after a failure, give a sign of life, give up on who takes nothing."""
        ...


class WatchedTenant:
    """A tenant while somebody watches it."""

    def __init__(
        self, database: Database, tenant_id: str, reads: asyncio.Semaphore, is_fresh: Callable[[], bool]
    ) -> None:
        self._database, self._tenant_id = database, tenant_id
        self._reads, self._is_fresh = reads, is_fresh
        self._heard = 0
        self._reading: asyncio.Task[None] | None = None
        self._read_at = self._changed_at = 0.0
        self.tail = Tail()
        self.watchers: set[Watcher] = set()

    def hear(self, revision: int) -> None:
        """Read what is new, if anything is."""
        self._heard = max(self._heard, revision)
        if self._reading is None and self.tail.opened and self._heard > self.tail.reached:
            self._reading = asyncio.create_task(self._read_on())

    def compare(self, revision: int, asked_at: float) -> None:
        """Hear what the database said when it was asked."""
        if revision < self.tail.reached and self._read_at < asked_at:
            # It was put back to an earlier state: what is held never happened.
            self.tail.opened = False
            self._heard = revision

    def forget_old(self) -> None:
        """Give back the memory of a tail that has not moved for a while."""
        if self.tail.floor < self.tail.reached and asyncio.get_running_loop().time() - self._changed_at > _KEPT_SECONDS:
            self.tail.forget()

    async def page_after(self, position: int, limit: int) -> Page:
        """The next page: from memory, else from the database.

        Raises:
            OSError, TimeoutError, asyncpg.PostgresError: the database was needed and does not answer.
        """
        if self.tail.covers(position):
            return self.tail.page_after(position, limit)
        return await self._read(position, limit)

    async def newest_page_after(self, position: int, limit: int) -> Page:
        """The same for one who just asked: from memory only while that is known to be what stands.

        Raises:
            OSError, TimeoutError, asyncpg.PostgresError: as above; nobody is told "nothing new" by a process that
                cannot know.
        """
        if self._heard <= self.tail.reached and self._is_fresh():
            return await self.page_after(position, limit)
        return await self._read(position, limit)

    async def catch_up(self, position: int) -> Page:
        """What `page_after` gives, for one of many who may be far behind: they take turns, and spare the database."""
        async with self._reads:
            return await self.page_after(position, _PAGE)

    async def _read(self, position: int, limit: int) -> Page:
        page = await read_page(self._database, self._tenant_id, position, limit)
        self._read_at = asyncio.get_running_loop().time()
        if not self.tail.opened:
            self.tail.open(page.current)
        if len(self.watchers) > 1:  # others, who come back after a restart, ask for the same
            self._changed_at = self._read_at
            self.tail.prepend(page)
        self.hear(page.current)
        return page

    async def _read_on(self) -> None:
        try:
            while self._heard > self.tail.reached:
                page = await read_page(self._database, self._tenant_id, self.tail.reached, _PAGE)
                if page.next == self.tail.reached:
                    break  # heard of and not to be seen: the next comparison of revisions tells again, if it is true
                self.tail.append(page)
                self._read_at = self._changed_at = asyncio.get_running_loop().time()
                await in_turns(self.watchers, lambda watcher: watcher.wake())
        except Problem:  # what comes next is gone, by retention: each watcher finds out for itself
            self.tail.opened = False
            await in_turns(self.watchers, lambda watcher: watcher.wake())
        except Exception as error:  # noqa: BLE001 - the next comparison of revisions tries again
            _note(error)
        finally:
            self._reading = None


class Feed:
    """Who watches what in this process."""

    def __init__(self, database: Database, keys: KeyStore, is_draining: Callable[[], bool]) -> None:
        self._database, self._keys, self._is_draining = database, keys, is_draining
        self._reads = asyncio.Semaphore(_READS_AT_ONCE)
        self._tenants: dict[str, WatchedTenant] = {}
        self._reconciled_at = float("-inf")

    @property
    def watchers(self) -> list[Watcher]:
        """All of them."""
        return [watcher for tenant in self._tenants.values() for watcher in tenant.watchers]

    @contextmanager
    def watch(self, tenant_id: str, watcher: Watcher) -> Iterator[WatchedTenant]:
        """Wake a watcher at the tenant's changes. Read after entering: what came before wakes nobody."""
        tenant = self._tenants.get(tenant_id)
        if tenant is None:
            tenant = WatchedTenant(self._database, tenant_id, self._reads, self._is_fresh)
            self._tenants[tenant_id] = tenant
        tenant.watchers.add(watcher)
        try:
            yield tenant
        finally:
            tenant.watchers.discard(watcher)
            if not tenant.watchers:
                del self._tenants[tenant_id]

    # What the listener says.

    def held(self) -> Collection[str]:
        return self._tenants.keys()

    def moved(self, tenant_id: str, revision: int) -> None:
        tenant = self._tenants.get(tenant_id)
        if tenant is not None:
            tenant.hear(revision)

    def reconciled(self, asked_at: float, revisions: Mapping[str, int]) -> None:
        self._reconciled_at = asked_at
        for tenant_id, tenant in self._tenants.items():
            tenant.compare(revisions.get(tenant_id, 0), asked_at)

    def unreachable(self) -> None:
        self._reconciled_at = float("-inf")  # watchers wait: the next comparison tells what they missed

    def _is_fresh(self) -> bool:
        return asyncio.get_running_loop().time() - self._reconciled_at < _FRESH_SECONDS

    # The round for all.

    async def run(self) -> None:
        """Look after the watchers until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self._sweep()
            except Exception as error:  # noqa: BLE001 - the next round tries again
                _note(error)

    async def _sweep(self) -> None:
        if self._is_draining():
            await in_turns(self.watchers, lambda watcher: watcher.end())
            return
        refused = await self._refused()
        await in_turns([watcher for watcher in self.watchers if watcher.key in refused], lambda watcher: watcher.end())
        await in_turns(self.watchers, lambda watcher: watcher.look_around())
        for tenant in self._tenants.values():
            tenant.forget_old()

    async def _refused(self) -> set[str]:
        """The keys in use that are valid no more, each checked once."""
        refused = set()
        for key in {watcher.key for watcher in self.watchers}:
            try:
                if key is not None and await self._keys.identify(key) is None:
                    refused.add(key)
            except Exception as error:
                # Without the database there is no change to give to anybody; the others' keys may be remembered.
                if not is_outage(error):
                    raise
        return refused


async def in_turns(watchers: Collection[Watcher], call: Callable[[Watcher], None]) -> None:
    """Call each, with a breath now and then: thousands in one go would hold up every request of the process."""
    for number, watcher in enumerate(list(watchers), start=1):
        call(watcher)
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)


def _note(error: Exception) -> None:
    if isinstance(error, TimeoutError) or is_outage(error):
        log.warning("feed_read_failed", error_type=type(error).__name__)
    else:
        log.error("feed_read_failed", exc_info=error)
