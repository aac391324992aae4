"""The config service for code without asyncio: CrewAI tools, scripts, threads."""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from sprintia_config_client.client import ConfigClient
from sprintia_config_client.contract import (
    Bundle,
    Change,
    Changes,
    Diff,
    Document,
    Expected,
    Head,
    HistoryItem,
    Patch,
    Resolution,
    Secret,
)
from sprintia_config_client.copies import StaleRead
from sprintia_config_client.exact import JsonValue
from sprintia_config_client.pinned import Pin
from sprintia_config_client.settings import ClientSettings

AnswerT = TypeVar("AnswerT")


class SyncConfigClient:
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
        self._running: _Running | None = None
        self._closed = False

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

    def close(self) -> None:
        """End the feeds, the connections and the thread."""
        with self._starting:
            self._closed = True
            running, self._running = self._running, None
        if running is not None and running.pid == os.getpid():
            running.stop()

    def get(self, tenant: str, domain: str, config_type: str) -> Document:
        return self._run(lambda client: client.get(tenant, domain, config_type))

    def heads(self, tenant: str, domain: str | None = None) -> tuple[Head, ...]:
        return self._run(lambda client: client.heads(tenant, domain))

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
        self, tenant: str, domain: str, config_type: str, *, before: int | None = None, limit: int = 100
    ) -> tuple[HistoryItem, ...]:
        return self._run(lambda client: client.history(tenant, domain, config_type, before=before, limit=limit))

    def diff(
        self, tenant: str, domain: str, config_type: str, from_version: int | None = None, to_version: int | None = None
    ) -> Diff:
        return self._run(lambda client: client.diff(tenant, domain, config_type, from_version, to_version))

    def changes(self, tenant: str, since: int = 0, *, wait: float = 0.0, limit: int = 500) -> Changes:
        return self._run(lambda client: client.changes(tenant, since, wait=wait, limit=limit))

    def watch(self, tenant: str, since: int | None = None) -> Iterator[Change]:
        """Wait for changes, for ever; see `ConfigClient.watch`. The thread that iterates waits."""
        watching = self._now().client.watch(tenant, since)

        async def following() -> Change | None:
            return await anext(watching, None)

        try:
            while (change := self._run(lambda _client: following())) is not None:
                yield change
        finally:
            with suppress(RuntimeError):  # closed meanwhile
                self._run(lambda _client: watching.aclose())

    def pin(
        self, tenant: str, revision: int | None = None, *, layers: bool = False, base_revision: int | None = None
    ) -> Pin:
        """Bind a run to one revision of a tenant, and of its layers; reads of the `Pin` need no request."""
        return self._run(lambda client: client.pin(tenant, revision, layers=layers, base_revision=base_revision))

    def put(
        self, tenant: str, domain: str, config_type: str, content: str | Mapping[str, object], *,
        expected: Expected = None, idempotency_key: str | None = None,
    ) -> HistoryItem:  # fmt: skip
        return self._run(
            lambda client: client.put(
                tenant, domain, config_type, content, expected=expected, idempotency_key=idempotency_key
            )
        )

    def patch(
        self, tenant: str, domain: str, config_type: str, patch: Patch, *, expected: Expected = None,
        idempotency_key: str | None = None,
    ) -> HistoryItem:  # fmt: skip
        return self._run(
            lambda client: client.patch(
                tenant, domain, config_type, patch, expected=expected, idempotency_key=idempotency_key
            )
        )

    def delete(
        self, tenant: str, domain: str, config_type: str, *, expected: Expected = None,
        idempotency_key: str | None = None,
    ) -> HistoryItem:  # fmt: skip
        return self._run(
            lambda client: client.delete(
                tenant, domain, config_type, expected=expected, idempotency_key=idempotency_key
            )
        )

    def rollback(
        self, tenant: str, domain: str, config_type: str, version: int, *, message: str = "",
        expected: Expected = None, idempotency_key: str | None = None,
    ) -> HistoryItem:  # fmt: skip
        return self._run(
            lambda client: client.rollback(
                tenant, domain, config_type, version, message=message, expected=expected,
                idempotency_key=idempotency_key,
            )
        )  # fmt: skip

    def replace_mapping(
        self, mapping: Mapping[str, object], *, idempotency_key: str | None = None
    ) -> dict[str, JsonValue]:
        return self._run(lambda client: client.replace_mapping(mapping, idempotency_key=idempotency_key))

    def merge_mapping(
        self, mapping: Mapping[str, object], *, idempotency_key: str | None = None
    ) -> dict[str, JsonValue]:
        return self._run(lambda client: client.merge_mapping(mapping, idempotency_key=idempotency_key))

    def _run(self, call: Callable[[ConfigClient], Coroutine[Any, Any, AnswerT]]) -> AnswerT:
        running = self._now()
        if threading.current_thread() is running.thread:
            raise RuntimeError("on_stale runs in the client's own thread, and must not call the client")
        future = asyncio.run_coroutine_threadsafe(call(running.client), running.loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # Ctrl-C ends the request too
            raise

    def _now(self) -> "_Running":
        with self._starting:
            if self._closed:
                raise RuntimeError("this client is closed")
            if self._running is None or self._running.pid != os.getpid():
                client = ConfigClient(self.settings, on_stale=self._on_stale, transport=self._transport)
                self._running = _Running(client)
            return self._running


class _Running:
    """The thread with the event loop, of one process: neither outlives a fork."""

    def __init__(self, client: ConfigClient) -> None:
        self.client = client
        self.pid = os.getpid()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._serve, name="sprintia-config-client", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        with suppress(RuntimeError):  # the loop ended already
            self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
            self.loop.run_until_complete(self._end())
        finally:
            self.loop.close()

    async def _end(self) -> None:
        await self.client.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self.loop.shutdown_asyncgens()
        await self.loop.shutdown_default_executor()
