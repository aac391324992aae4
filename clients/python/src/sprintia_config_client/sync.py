"""The config service for code without asyncio: CrewAI tools, scripts, threads."""

import copy
import os
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeVar

import httpx

from sprintia_config_client.client import ConfigClient
from sprintia_config_client.contract import (
    Bundle,
    Change,
    Changes,
    Diff,
    Document,
    Head,
    HistoryItem,
    Person,
    Resolution,
    Secret,
)
from sprintia_config_client.copies import StaleRead
from sprintia_config_client.exact import JsonValue
from sprintia_config_client.pinned import Pin
from sprintia_config_client.requests import check_person
from sprintia_config_client.settings import ClientSettings
from sprintia_config_client.sync_administering import SyncAdministering
from sprintia_config_client.sync_changing import SyncChanging
from sprintia_config_client.thread import Call, RunningClient

AnswerT = TypeVar("AnswerT")
ItemT = TypeVar("ItemT")


class SyncConfigClient(SyncAdministering, SyncChanging):
    """`ConfigClient` for plain threads: the same methods, the same cache, without `await`.

    The asyncio client runs in a thread of its own, started at the first call, so that any number of threads may share
    this one, also threads in which an event loop runs (which then waits). After a fork the child starts its own.
    """

    def __init__(
        self, settings: ClientSettings, *, on_stale: Callable[[StaleRead], None] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:  # fmt: skip
        self.settings = settings
        self._on_stale, self._transport = on_stale, transport
        self._starting = threading.Lock()
        self._running: RunningClient | None = None
        self._closed = False
        self._person: Person | None = None
        self._now = self._start  # also of those that act for somebody: they share the thread of this one

    @classmethod
    def from_environment(cls, *, on_stale: Callable[[StaleRead], None] | None = None) -> "SyncConfigClient":
        """Set up by `CONFIG_SERVICE_URL`, `CONFIG_SERVICE_API_KEY` and `CONFIG_SERVICE_SNAPSHOT_*`."""
        return cls(ClientSettings.from_environment(), on_stale=on_stale)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self.close()

    def acting(self, person: Person) -> Self:
        """Read and write for a person; see `ConfigClient.acting`."""
        narrowed = check_person(person).within(self._person)
        made = copy.copy(self)
        vars(made).update(_person=narrowed)
        return made

    def close(self) -> None:
        """End the feeds, the connections and the thread."""
        if self._person is not None:
            return
        with self._starting:
            self._closed = True
            running, self._running = self._running, None
        if running is not None and running.pid == os.getpid():
            running.stop()

    def get(self, tenant: str, domain: str, config_type: str) -> Document:
        return self._run(lambda client: client.get(tenant, domain, config_type))

    def heads(self, tenant: str, domain: str | None = None, *, details: bool = False) -> tuple[Head, ...]:
        return self._run(lambda client: client.heads(tenant, domain, details=details))

    def text(self, tenant: str, domain: str, config_type: str, version: int | None = None) -> str:
        return self._run(lambda client: client.text(tenant, domain, config_type, version))

    def bundle(
        self, tenant: str, revision: int | None = None, *, layers: bool = False, base_revision: int | None = None,
        origins: bool = False,
    ) -> Bundle:  # fmt: skip
        return self._run(
            lambda client: client.bundle(
                tenant, revision, layers=layers, base_revision=base_revision, origins=origins
            )
        )  # fmt: skip

    def secret(self, tenant: str, name: str, domain: str | None = None) -> Secret:
        return self._run(lambda client: client.secret(tenant, name, domain))

    def mapping(self) -> dict[str, JsonValue]:
        return self._run(lambda client: client.mapping())

    def resolve(
        self, *, account: str | None = None, inbox: str | None = None, phone: str | None = None
    ) -> Resolution:  # fmt: skip
        return self._run(lambda client: client.resolve(account=account, inbox=inbox, phone=phone))

    def history(
        self, tenant: str, domain: str, config_type: str, *, before: int | None = None, limit: int = 100,
        counts: bool = False,
    ) -> tuple[HistoryItem, ...]:  # fmt: skip
        return self._run(
            lambda client: client.history(tenant, domain, config_type, before=before, limit=limit, counts=counts)
        )

    def diff(
        self, tenant: str, domain: str, config_type: str, from_version: int | None = None,
        to_version: int | None = None, *, against_tenant: str | None = None, against_domain: str | None = None,
    ) -> Diff:  # fmt: skip
        return self._run(
            lambda client: client.diff(
                tenant, domain, config_type, from_version, to_version, against_tenant=against_tenant,
                against_domain=against_domain,
            )
        )  # fmt: skip

    def changes(self, tenant: str, since: int = 0, *, wait: float = 0.0, limit: int = 500) -> Changes:
        return self._run(lambda client: client.changes(tenant, since, wait=wait, limit=limit))

    def export(self, tenant: str, *, clear: bool = False) -> Iterator[bytes]:
        return self._iterated(lambda client: client.export(tenant, clear=clear))

    def watch(self, tenant: str, since: int | None = None) -> Iterator[Change]:
        """Wait for changes, for ever; see `ConfigClient.watch`. The thread that iterates waits."""
        return self._iterated(lambda client: client.watch(tenant, since))

    def pin(
        self, tenant: str, revision: int | None = None, *, layers: bool = False, base_revision: int | None = None
    ) -> Pin:
        """Bind a run to one revision of a tenant, and of its layers; reads of the `Pin` need no request."""
        return self._run(lambda client: client.pin(tenant, revision, layers=layers, base_revision=base_revision))

    def _iterated(self, call: Callable[[ConfigClient], AsyncGenerator[ItemT, None]]) -> Iterator[ItemT]:
        coming = call(self._client_of(self._now()))

        async def following() -> ItemT | None:
            return await anext(coming, None)

        try:
            while (item := self._run(lambda _client: following())) is not None:
                yield item
        finally:
            with suppress(RuntimeError):  # closed meanwhile
                self._run(lambda _client: coming.aclose())

    def _run(self, call: Call[AnswerT]) -> AnswerT:
        running = self._now()
        if threading.current_thread() is running.thread:
            raise RuntimeError("on_stale runs in the client's own thread, and must not call the client")
        return running.run(call(self._client_of(running)))

    def _client_of(self, running: RunningClient) -> ConfigClient:
        return running.client if self._person is None else running.client.acting(self._person)

    def _start(self) -> RunningClient:
        with self._starting:
            if self._closed:
                raise RuntimeError("this client is closed")
            if self._running is None or self._running.pid != os.getpid():
                client = ConfigClient(self.settings, on_stale=self._on_stale, transport=self._transport)
                self._running = RunningClient(client)
            return self._running
