"""The tenants that a client reads: one bundle each in memory, kept fresh by the tenant's feed."""

import asyncio
import random
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta

from sprintia_config_client import wire
from sprintia_config_client.contract import Bundle, Document
from sprintia_config_client.copies import REFUSALS, Copy, StaleRead
from sprintia_config_client.errors import Unavailable
from sprintia_config_client.refusals import unreadable
from sprintia_config_client.requests import tenant_path
from sprintia_config_client.settings import ClientSettings, log
from sprintia_config_client.snapshot import SnapshotStore
from sprintia_config_client.transport import Transport

_LONGEST_PAUSE = 10.0
_EXPECTATION_SECONDS = 10.0


class IndexedBundle:
    """A bundle, and its documents by place."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self._documents = {(document.domain, document.config_type): document for document in bundle.documents}

    @classmethod
    def read(cls, body: bytes) -> "IndexedBundle":
        return cls(wire.read_bundle(body))

    def find(self, domain: str, config_type: str) -> Document | None:
        return self._documents.get((domain, config_type))


class Tenant:
    """One tenant: what it holds, and the task that follows its feed while somebody reads it.

    `layered` is the same with its layers merged; the feed tells nothing of those.

    The feed's cursor is the revision of the bundle in hand, so it cannot move on before the content is here: a client
    that did so stayed stale for ever (https://github.com/apolloconfig/agollo/issues/164).
    """

    def __init__(
        self, transport: Transport, settings: ClientSettings, path: str, copy: Copy[IndexedBundle],
        layered: Copy[IndexedBundle],
    ) -> None:  # fmt: skip
        self._transport, self._settings, self._path = transport, settings, path
        self.copy, self.layered = copy, layered
        self._read_at = time.monotonic()
        self._fresh_until = 0.0
        self._wanted = (0, 0.0)
        self._follower: asyncio.Task[None] | None = None

    async def current(self) -> tuple[IndexedBundle, timedelta | None]:
        """What the tenant holds; without a request while the feed is heard from."""
        self._read_at = time.monotonic()
        held = self.copy.held
        if held is not None and self._read_at < self._fresh_until and not self._is_behind(held.value.bundle.revision):
            return held.value, held.stale_at_service
        answer = await self.copy.current()
        if self._settings.follow and self.copy.held is not None:
            self._follow()
        return answer

    def expect(self, revision: int) -> None:
        """From now on reads show this revision, because its writer or watcher has seen it.

        For a while only: a database that was restored from a backup may never come to it.
        """
        self._wanted = (max(self._wanted[0], revision), time.monotonic() + _EXPECTATION_SECONDS)

    async def close(self) -> None:
        follower, self._follower = self._follower, None
        if follower is not None:
            follower.cancel()
            await asyncio.gather(follower, return_exceptions=True)

    def stop(self) -> None:
        """Let go without waiting."""
        if self._follower is not None:
            self._follower.cancel()

    def _is_behind(self, revision: int) -> bool:
        wanted, until = self._wanted
        return revision < wanted and time.monotonic() < until

    def _follow(self) -> None:
        if self._follower is None or self._follower.done():
            self._follower = asyncio.create_task(self._follow_while_read(), name=f"follow {self._path}")
            self._heard()

    async def _follow_while_read(self) -> None:
        failures = 0
        compared_at = time.monotonic()
        while time.monotonic() - self._read_at < self._settings.idle_after:
            try:
                if failures or time.monotonic() - compared_at >= self._settings.reconcile_interval:
                    compared_at = time.monotonic()
                    await self.copy.refresh(attempts=1)
                await self._hear()
                failures = 0
            except Unavailable as error:
                self._fresh_until = 0.0
                failures += 1
                if failures == 1:
                    log.warning("the feed of %s is interrupted: %s", self._path, error.detail)
                await asyncio.sleep(random.uniform(0.5, 1.0) * min(2.0 ** (failures - 1) / 2, _LONGEST_PAUSE))  # noqa: S311 - spreads load
            except REFUSALS as error:
                self._fresh_until = 0.0
                log.warning("%s is no longer followed: %s", self._path, error.detail)
                await self.copy.forget()
                return
        self._fresh_until = 0.0

    async def _hear(self) -> None:
        """Wait for the next change and take it over; until then what is held is current."""
        held = self.copy.held or await self.copy.refresh(attempts=1)
        wait = self._settings.poll_wait
        self._heard()
        response = await self._transport.get(
            f"{self._path}/changes", {"since": held.value.bundle.revision, "wait": wait, "limit": 1},
            wait=wait, attempts=1,
        )  # fmt: skip
        try:
            reached = wire.read_changes(response.content).revision
        except ValueError as error:
            raise unreadable(response, error) from error
        if reached > held.value.bundle.revision:
            await self.copy.refresh(attempts=1)
        self._heard()

    def _heard(self) -> None:
        self._fresh_until = time.monotonic() + self._settings.poll_wait + self._settings.timeout


class Tenants:
    """The tenants in memory; beyond the limit, those that were read longest ago are let go."""

    def __init__(
        self, transport: Transport, settings: ClientSettings, store: SnapshotStore | None,
        on_stale: Callable[[StaleRead], None] | None,
    ) -> None:  # fmt: skip
        self._transport, self._settings, self._store, self._on_stale = transport, settings, store, on_stale
        self._tenants: OrderedDict[str, Tenant] = OrderedDict()

    def of(self, tenant_id: str) -> Tenant:
        tenant = self._tenants.get(tenant_id)
        if tenant is None:
            path = tenant_path(tenant_id)
            copy, layered = self._copy(f"{path}/bundle"), self._copy(f"{path}/bundle?resolve=true")
            tenant = self._tenants[tenant_id] = Tenant(self._transport, self._settings, path, copy, layered)
            while len(self._tenants) > self._settings.most_tenants:
                self._tenants.popitem(last=False)[1].stop()
        self._tenants.move_to_end(tenant_id)
        return tenant

    def _copy(self, path: str) -> Copy[IndexedBundle]:
        return Copy(self._transport, self._settings, self._store, path, IndexedBundle.read, self._on_stale)

    async def close(self) -> None:
        tenants = list(self._tenants.values())
        self._tenants.clear()
        await asyncio.gather(*(tenant.close() for tenant in tenants))
