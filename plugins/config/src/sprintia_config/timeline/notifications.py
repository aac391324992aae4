"""Wake whoever waits for a tenant's changes: by NOTIFY at once, by reconciling revisions in any case.

NOTIFY only wakes. A connection that listens can go silent without an error (a proxy that swallows packets), so it is
asked for a sign of life, and the revisions of all watched tenants are compared on an interval: nobody waits longer
than that, whatever happens to the notifications.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import asyncpg
import structlog

from sprintia_config.models import SCHEMA
from sprintia_config.writing import NOTIFICATIONS
from sprintia_platform.database.connections import Database

log = structlog.get_logger("sprintia.config")

RECONCILE_SECONDS = 2.0
HEARTBEAT_SECONDS = 10.0
HEARTBEAT_TIMEOUT = 3.0
RECONNECT_SECONDS = 1.0


class Watch:
    """One who waits for a tenant's changes."""

    def __init__(self) -> None:
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self._woken.set()

    async def wait(self, seconds: float) -> bool:
        """Wait until something may have changed, at most so long; tells whether it may have."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        woken = self._woken.is_set()
        self._woken.clear()
        return woken


class Notifications:
    """The one listener of a process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watches: defaultdict[str, set[Watch]] = defaultdict(set)
        self._revisions: dict[str, int] = {}

    @contextmanager
    def watch(self, tenant_id: str) -> Iterator[Watch]:
        """Be woken at the tenant's changes. Read the database after entering: what came before wakes nobody."""
        watch = Watch()
        self._watches[tenant_id].add(watch)
        try:
            yield watch
        finally:
            self._watches[tenant_id].discard(watch)
            if not self._watches[tenant_id]:
                del self._watches[tenant_id]
                self._revisions.pop(tenant_id, None)

    async def run(self) -> None:
        """Listen and reconcile until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen_for_ever())
            tasks.create_task(self._reconcile_for_ever())

    async def _listen_for_ever(self) -> None:
        while True:
            try:
                await self._listen()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("listener_lost", error_type=type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self) -> None:
        connection = await self._database.dedicated_connection()
        try:
            await connection.add_listener(NOTIFICATIONS, self._received)
            self._wake_all()  # what was notified before we listened
            while True:
                await asyncio.sleep(HEARTBEAT_SECONDS)
                await connection.fetchval("SELECT 1", timeout=HEARTBEAT_TIMEOUT)
        finally:
            connection.terminate()

    def _received(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        tenant_id, _, _ = str(payload).partition(" ")
        self._wake(tenant_id)

    async def _reconcile_for_ever(self) -> None:
        while True:
            await asyncio.sleep(RECONCILE_SECONDS)
            if not self._watches:
                continue
            try:
                await self._reconcile()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("reconcile_failed", error_type=type(error).__name__)

    async def _reconcile(self) -> None:
        async with self._database.transaction(SCHEMA, "*", read_only=True) as connection:
            rows = await connection.fetch(
                "SELECT tenant_id, revision FROM config.tenant WHERE tenant_id = ANY($1::text[])", list(self._watches)
            )
        for row in rows:
            if self._revisions.get(row["tenant_id"]) != row["revision"]:
                self._revisions[row["tenant_id"]] = row["revision"]
                self._wake(row["tenant_id"])

    def _wake(self, tenant_id: str) -> None:
        for watch in self._watches.get(tenant_id, ()):
            watch.wake()

    def _wake_all(self) -> None:
        for tenant_id in list(self._watches):
            self._wake(tenant_id)
