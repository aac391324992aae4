"""A copy of one resource of the service: revalidated by its ETag, standing in when the service cannot be reached."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Generic, NamedTuple, TypeVar

import httpx
import msgspec

from sprintia_config_client.errors import Forbidden, NotFound, Unauthorized, Unavailable
from sprintia_config_client.refusals import unreadable
from sprintia_config_client.settings import ClientSettings, log
from sprintia_config_client.snapshot import Kept, SnapshotStore
from sprintia_config_client.transport import Transport

ValueT = TypeVar("ValueT")

REFUSALS = (Unauthorized, Forbidden, NotFound)
"""Answers after which nothing may stand in: the service was there, and said no."""

_SHORTEST_REST = 1.0
_LONGEST_REST = 10.0
_FUTURE = timedelta(minutes=5)


class StaleRead(msgspec.Struct, frozen=True, kw_only=True):
    """Told once for each resource when an outage begins to be bridged.

    Attributes:
        resource: its path at the service.
        stale_for: how long ago it was last known to be current.
        source: `memory` or `disk`.
        reason: why the service could not be asked.
    """

    resource: str
    stale_for: timedelta
    source: str
    reason: str


class Held(NamedTuple, Generic[ValueT]):
    """A resource as the service last sent it.

    Attributes:
        verified_at: Unix time at which the service last said that it is current.
        stale_at_service: how old the service itself said that it was, because its database was out of reach.
        source: `memory`, or `disk` when it was read from there.
    """

    value: ValueT
    kept: Kept
    stale_at_service: timedelta | None
    source: str = "memory"

    @property
    def age(self) -> timedelta:
        return timedelta(seconds=time.time() - self.kept.verified_at)


class Copy(Generic[ValueT]):
    """One resource, as this client last saw it.

    Args:
        path: of the resource at the service.
        read: makes the value of an answer's body.
        on_stale: told when an outage begins to be bridged.
    """

    def __init__(
        self, transport: Transport, settings: ClientSettings, store: SnapshotStore | None, path: str,
        read: Callable[[bytes], ValueT], on_stale: Callable[[StaleRead], None] | None,
    ) -> None:  # fmt: skip
        self._transport, self._settings, self._store = transport, settings, store
        self._path, self._read, self._on_stale = path, read, on_stale
        self.held: Held[ValueT] | None = None
        self._saved_at, self._saved_etag = 0.0, ""
        self._refreshing = asyncio.Lock()
        self._asked_at = 0.0
        self._rest_until = 0.0
        self._rest = _SHORTEST_REST
        self._bridging = False

    async def current(self) -> tuple[ValueT, timedelta | None]:
        """The value as the service has it now, or the last known good one with its age.

        Raises:
            ConfigError: the service refused, or cannot be reached and nothing may stand in.
        """
        if self._bridging and (time.monotonic() < self._rest_until or self._refreshing.locked()) and self._usable():
            return self._stand_in("the service was out of reach a moment ago")
        try:
            held = await self.refresh(attempts=1 if self._bridging else None)
        except Unavailable as error:
            if not error.unreachable or not await self._find():
                raise
            return self._stand_in(error.detail)
        return held.value, held.stale_at_service

    async def refresh(self, attempts: int | None = None) -> Held[ValueT]:
        """Ask the service; those who ask at the same time share one request.

        Raises:
            ConfigError: after a refusal the copy is forgotten.
        """
        asked_at = time.monotonic()
        async with self._refreshing:
            if self.held is not None and self._asked_at > asked_at:
                return self.held
            began = time.monotonic()
            try:
                held = await self._ask(attempts)
            except REFUSALS:
                await self.forget()
                raise
            except Unavailable as error:
                if error.unreachable:
                    self._take_rest()
                raise
            self.held, self._asked_at = held, began
            self._recovered()
            await self._save(held)
            return held

    async def forget(self) -> None:
        """Drop the copy, on disk too."""
        self.held = None
        self._bridging = False
        if self._store is not None:
            await asyncio.to_thread(self._store.remove, self._path)

    def _usable(self) -> bool:
        if self.held is None:
            return False
        on_disk = self._settings.snapshot if self.held.source == "disk" else None
        return -_FUTURE <= self.held.age <= (on_disk.max_age if on_disk else self._settings.max_stale)

    async def _find(self) -> bool:
        """Whether something may stand in: memory, else the disk."""
        if self.held is None and self._store is not None:
            kept = await asyncio.to_thread(self._store.load, self._path)
            if kept is not None:
                self.held = Held(self._read(kept.body), kept, None, "disk")
        return self._usable()

    def _stand_in(self, reason: str) -> tuple[ValueT, timedelta]:
        if self.held is None:
            raise AssertionError("nothing is held")
        stale_for = max(self.held.age, timedelta()) + (self.held.stale_at_service or timedelta())
        if not self._bridging:
            self._bridging = True
            log.warning("%s is %s old: %s", self._path, stale_for, reason)
            self._tell(StaleRead(resource=self._path, stale_for=stale_for, source=self.held.source, reason=reason))
        return self.held.value, stale_for

    def _tell(self, event: StaleRead) -> None:
        if self._on_stale is None:
            return
        try:
            self._on_stale(event)
        except Exception:  # noqa: BLE001 - a listener's fault must not end the read that the outage left us
            log.exception("on_stale failed")

    def _take_rest(self) -> None:
        # A read in an outage must not cost a timeout each: for a while nobody asks.
        self._rest_until = time.monotonic() + self._rest
        self._rest = min(self._rest * 2, _LONGEST_REST)

    def _recovered(self) -> None:
        if self._bridging:
            log.info("%s is current again", self._path)
        self._bridging = False
        self._rest_until, self._rest = 0.0, _SHORTEST_REST

    async def _ask(self, attempts: int | None) -> Held[ValueT]:
        held = self.held
        headers = {"If-None-Match": held.kept.etag} if held is not None and held.kept.etag else {}
        began = time.time()
        response = await self._transport.get(self._path, headers=headers, attempts=attempts)
        stale = stale_at_service(response)
        if response.status_code == httpx.codes.NOT_MODIFIED:
            if held is None:
                raise unreadable(response, ValueError("304 to a request without a condition"))
            return Held(held.value, held.kept._replace(verified_at=began), stale)
        try:
            value = self._read(response.content)
        except ValueError as error:  # msgspec's errors are ValueErrors
            raise unreadable(response, error) from error
        return Held(value, Kept(response.headers.get("etag", ""), began, response.content), stale)

    async def _save(self, held: Held[ValueT]) -> None:
        """Keep what is new; what is not is kept again now and then, because its age is in the file."""
        limit = self._settings.snapshot
        if self._store is None or limit is None or held.stale_at_service is not None:
            return
        due = held.kept.verified_at - self._saved_at > limit.max_age.total_seconds() / 20
        if due or held.kept.etag != self._saved_etag:
            self._saved_at, self._saved_etag = held.kept.verified_at, held.kept.etag
            await asyncio.to_thread(self._store.save, self._path, held.kept)


def stale_at_service(response: httpx.Response) -> timedelta | None:
    """What `X-Config-Stale` says: the service reads from its memory, because its database is out of reach."""
    text = response.headers.get("x-config-stale")
    if text is None:
        return None
    try:
        return timedelta(seconds=float(text))
    except (ValueError, OverflowError):
        return timedelta()
