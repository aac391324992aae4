"""Follow the revisions of tenants: NOTIFY says at once that one moved, a comparison on an interval says it in any case.

NOTIFY only wakes. A connection that listens can go silent without an error (a proxy that swallows packets), so the
database is asked for the revisions every second over that same connection: an answer proves that it still hears, and
whatever happens to the notifications, nobody is left behind for longer than a round.
"""

import asyncio
from collections.abc import Collection, Mapping
from typing import Protocol

import structlog

from sprintia_config.models import SCHEMA
from sprintia_config.writing import NOTIFICATIONS
from sprintia_platform.database.connections import Connection, Database, role_of
from sprintia_platform.http.answers import is_outage

log = structlog.get_logger("sprintia.config")

RECONCILE_SECONDS = 1.0
"""Between two comparisons of revisions."""
ROUND_SECONDS = 2.0
"""How long connecting, and each comparison, may take. Whoever hears nothing for longer knows that it failed."""


class Follower(Protocol):
    """Who wants to know how far tenants are. Called in the event loop: return at once, and raise nothing."""

    def held(self) -> Collection[str]:
        """The tenants whose revisions are to be compared in every round."""
        ...

    def moved(self, tenant_id: str, revision: int) -> None:
        """A tenant, held or not, is at this revision at least. Says the same thing many times over."""
        ...

    def reconciled(self, asked_at: float, revisions: Mapping[str, int]) -> None:
        """The database was asked for the revisions of all that is held by anybody; unknown tenants are absent.

        Args:
            asked_at: `loop.time()` just before the statement was sent: what was committed before then, it has seen.
            revisions: by tenant.
        """
        ...

    def unreachable(self) -> None:
        """A round failed: the database did not answer. The next one is tried within a second."""
        ...


class Notifications:
    """The one listener of a process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._followers: list[Follower] = []

    def follow(self, follower: Follower) -> None:
        """Tell somebody of every movement from now on."""
        self._followers.append(follower)

    async def run(self) -> None:
        """Listen and compare until cancelled."""
        while True:
            began = asyncio.get_running_loop().time()
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001 - whatever it was: a process that stops listening serves old things
                self._failed(error)
            # A connection that had lasted is replaced at once; a database that is away is asked every second.
            await asyncio.sleep(max(0.0, began + RECONCILE_SECONDS - asyncio.get_running_loop().time()))

    def _failed(self, error: Exception) -> None:
        if isinstance(error, TimeoutError) or is_outage(error):
            log.warning("listener_lost", error_type=type(error).__name__)
        else:
            log.error("listener_lost", exc_info=error)
        for follower in self._followers:
            follower.unreachable()

    async def _listen(self) -> None:
        async with asyncio.timeout(ROUND_SECONDS):
            connection = await self._database.dedicated_connection()
        try:
            async with asyncio.timeout(ROUND_SECONDS):
                await connection.execute(f"SET ROLE {role_of(SCHEMA)}; SET sprintia.tenants = '*'")
                await connection.add_listener(NOTIFICATIONS, self._received)
            while True:  # the first comparison at once: what was notified before we listened
                async with asyncio.timeout(ROUND_SECONDS):
                    await self._compare(connection)
                await asyncio.sleep(RECONCILE_SECONDS)
        finally:
            connection.terminate()

    async def _compare(self, connection: Connection) -> None:
        held = set[str]().union(*(follower.held() for follower in self._followers))
        asked_at = asyncio.get_running_loop().time()
        # With nothing held it asks all the same: to know that the database answers, and that we still hear it.
        rows = await connection.fetch(
            "SELECT tenant_id, revision FROM config.tenant WHERE tenant_id = ANY($1::text[])", list(held)
        )
        revisions: dict[str, int] = {row["tenant_id"]: row["revision"] for row in rows}
        for tenant_id, revision in revisions.items():
            self._moved(tenant_id, revision)
        for follower in self._followers:
            follower.reconciled(asked_at, revisions)

    def _received(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        tenant_id, _, revision = str(payload).partition(" ")
        if revision.isascii() and revision.isdigit():
            self._moved(tenant_id, int(revision))

    def _moved(self, tenant_id: str, revision: int) -> None:
        for follower in self._followers:
            follower.moved(tenant_id, revision)
