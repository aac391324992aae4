"""The config service over HTTP, for asyncio."""

import asyncio
import copy
import random
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

from sprintia_config_client import wire
from sprintia_config_client.administering import Administering
from sprintia_config_client.asking import understood
from sprintia_config_client.changing import Changing
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
from sprintia_config_client.copies import REFUSALS, Copy, StaleRead, stale_at_service
from sprintia_config_client.errors import NotFound, Unavailable
from sprintia_config_client.exact import JsonValue
from sprintia_config_client.pinned import Pin, not_in, pin
from sprintia_config_client.requests import (
    acting_headers,
    bundle_query,
    check_domain,
    check_person,
    document_path,
    secret_path,
    sides_query,
    tenant_named,
    tenant_path,
)
from sprintia_config_client.routing import resolve_in
from sprintia_config_client.settings import ClientSettings, log
from sprintia_config_client.snapshot import SnapshotStore
from sprintia_config_client.tenants import IndexedBundle, Tenants
from sprintia_config_client.transport import Transport

_Moment = tuple[str, int | None, bool, int | None]
"""A tenant, its revision, whether with layers, their revision."""

_PINS_KEPT = 64
_LONGEST_PAUSE = 10.0


class ConfigClient(Administering, Changing):
    """Reads and writes configuration; implements `ConfigReader` and `ConfigWriter`.

    Belongs to the event loop that first uses it. Close it, or use it as `async with ConfigClient(...) as config`.

    One that acts for a person shares the connections of the one that it was made of, and none of its copies: each of
    its reads asks the service. It ends with that one; closing it does nothing.

    Args:
        settings: where the service is, with which key, and how patient to be.
        on_stale: told once for each resource when an outage begins to be bridged by what was last known.
        transport: another way for requests, for tests.
    """

    def __init__(
        self, settings: ClientSettings, *, on_stale: Callable[[StaleRead], None] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:  # fmt: skip
        self.settings = settings
        self._person: Person | None = None
        self._transport = self._own = Transport(settings, transport)
        store = SnapshotStore.of(settings)
        self._tenants = Tenants(self._transport, settings, store, on_stale)
        self._mapping = Copy(self._transport, settings, store, "/mapping", wire.read_mapping, on_stale)
        self._mapping_compared_at = float("-inf")
        self._mapping_refresh: asyncio.Task[None] | None = None
        self._pinned: OrderedDict[_Moment, Bundle] = OrderedDict()

    @classmethod
    def from_environment(cls, *, on_stale: Callable[[StaleRead], None] | None = None) -> "ConfigClient":
        """Set up by `CONFIG_SERVICE_URL`, `CONFIG_SERVICE_API_KEY` and `CONFIG_SERVICE_SNAPSHOT_*`."""
        return cls(ClientSettings.from_environment(), on_stale=on_stale)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        await self.close()

    def acting(self, person: Person) -> Self:
        """Read and write for a person; see `ConfigReader.acting`.

        Raises:
            Invalid: a name, right or tenant that cannot be.
        """
        narrowed = check_person(person).within(self._person)
        made = copy.copy(self)
        vars(made).update(_person=narrowed, _transport=self._own.with_headers(acting_headers(narrowed)))
        return made

    async def close(self) -> None:
        """End the feeds and connections."""
        if self._person is not None:
            return
        await self._tenants.close()
        if self._mapping_refresh is not None:
            self._mapping_refresh.cancel()
            await asyncio.gather(self._mapping_refresh, return_exceptions=True)
        await self._transport.close()

    async def get(self, tenant: str, domain: str, config_type: str) -> Document:
        """Read a document: from memory while the tenant's feed is heard from.

        Raises:
            NotFound: there is none.
            Unavailable: the service cannot be reached, and what was last known does not hold it.
        """
        path = document_path(tenant, domain, config_type)
        if self._person is not None:
            return await self._asked_document(path, self._person)
        bundle, stale_for = await self._tenants.of(tenant).current()
        document = bundle.find(domain, config_type)
        if document is None:
            missing = not_in(tenant, domain, config_type, bundle.bundle.revision)
            raise missing if stale_for is None else _not_known(missing, stale_for)
        return document if stale_for is None else msgspec.structs.replace(document, stale_for=stale_for)

    async def heads(self, tenant: str, domain: str | None = None, *, details: bool = False) -> tuple[Head, ...]:
        query = {"domain": check_domain(domain), "details": details or None}
        return await self._read(tenant_path(tenant), wire.read_heads, query)

    async def text(self, tenant: str, domain: str, config_type: str, version: int | None = None) -> str:
        path = document_path(tenant, domain, config_type)
        if version is not None:
            return await self._read(f"{path}/version/{version:d}", wire.read_text)
        return await self._read(f"{path}/yaml", bytes.decode)

    async def bundle(
        self, tenant: str, revision: int | None = None, *, layers: bool = False, base_revision: int | None = None,
        origins: bool = False,
    ) -> Bundle:  # fmt: skip
        """Read everything of a tenant at once; see `ConfigReader.bundle`.

        What stands comes from memory while the tenant's feed is heard from. With layers the service is asked each time,
        and answers shortly when nothing changed: whoever reaches the tenant alone hears no feed of what is below it.
        """
        query = bundle_query(revision, layers=layers, base_revision=base_revision, origins=origins)
        if origins or self._person is not None:
            return await self._asked_bundle(tenant, query)
        if revision is not None or base_revision is not None:
            return await self._bundle_at((tenant, revision, layers, base_revision), query)
        found, stale_for = await self._standing(tenant, layers=layers)
        return found.bundle if stale_for is None else _stale(found.bundle, stale_for)

    async def secret(self, tenant: str, name: str, domain: str | None = None) -> Secret:
        """Read one secret in clear: from the service alone. It is kept nowhere, so an outage makes it `Unavailable`."""
        return await self._read(secret_path(tenant, name), wire.read_secret, {"domain": check_domain(domain)})

    async def mapping(self) -> dict[str, JsonValue]:
        return await self._read("/mapping", wire.read_mapping)

    async def resolve(
        self, *, account: str | None = None, inbox: str | None = None, phone: str | None = None
    ) -> Resolution:
        """Ask the service who answers; in an outage, tell it from the mapping as it was last seen (`stale_for`)."""
        params = {"account": account, "inbox": inbox, "phone": phone}
        try:
            resolution = await self._read("/mapping/resolve", wire.read_resolution, params)
        except Unavailable as error:
            if not error.unreachable or self._person is not None:
                raise
            mapping, stale_for = await self._mapping.current()
            try:
                found = resolve_in(mapping, account=account, inbox=inbox, phone=phone)
            except NotFound as missing:
                raise _not_known(missing, stale_for or timedelta()) from error
            return msgspec.structs.replace(found, stale_for=stale_for or timedelta())
        if self._person is None:
            self._remember_mapping()
        return resolution

    async def history(
        self, tenant: str, domain: str, config_type: str, *, before: int | None = None, limit: int = 100,
        counts: bool = False,
    ) -> tuple[HistoryItem, ...]:  # fmt: skip
        path = f"{document_path(tenant, domain, config_type)}/history"
        query = {"before": before, "limit": limit, "counts": counts or None}
        return await self._read(path, wire.read_history, query)

    async def diff(
        self, tenant: str, domain: str, config_type: str, from_version: int | None = None,
        to_version: int | None = None, *, against_tenant: str | None = None, against_domain: str | None = None,
    ) -> Diff:  # fmt: skip
        path = f"{document_path(tenant, domain, config_type)}/diff"
        query = sides_query(from_version, to_version, against_tenant, against_domain)
        return await self._read(path, wire.read_diff, query)

    async def changes(self, tenant: str, since: int = 0, *, wait: float = 0.0, limit: int = 500) -> Changes:
        params = {"since": since, "wait": wait, "limit": limit}
        return await self._read(f"{tenant_path(tenant)}/changes", wire.read_changes, params, wait=wait)

    def export(self, tenant: str, *, clear: bool = False) -> AsyncGenerator[bytes, None]:
        query = {"tenant": tenant_named(tenant), "secrets": "clear" if clear else "masked"}
        return self._transport.stream("/config/export", query)

    async def watch(self, tenant: str, since: int | None = None) -> AsyncGenerator[Change, None]:
        """Wait for changes, for ever: each once, in order of commit, from `since` on (None: from now).

        When a change arrives, reads of this client show it. Outages are waited out and miss nothing. To go on after a
        restart, keep the `revision` of the last change that you have dealt with.

        Raises:
            ConfigError: the service refused; not for outages.
        """
        reached = (await self.bundle(tenant)).revision if since is None else since
        failures = 0
        while True:
            try:
                page = await self.changes(tenant, reached, wait=self.settings.poll_wait)
                if not page.changes:
                    reached = await self._reached_still(tenant, reached)
            except Unavailable as error:
                failures += 1
                log.warning("watching %s: %s", tenant, error.detail)
                pause = min(2.0 ** (failures - 1) / 2, _LONGEST_PAUSE)
                await asyncio.sleep(random.uniform(0.5, 1.0) * pause)  # noqa: S311 - spreads load
                continue
            failures = 0
            if page.changes:
                self._wrote(tenant, page.revision)
                for change in page.changes:
                    yield change
                reached = page.revision

    async def pin(
        self, tenant: str, revision: int | None = None, *, layers: bool = False, base_revision: int | None = None
    ) -> Pin:
        """Bind a run to one revision of a tenant, and of its layers: those given, or those that stand. See `Pin`."""
        return await pin(self, tenant, revision, layers=layers, base_revision=base_revision)

    def _wrote(self, tenant: str, revision: int) -> None:
        self._tenants.of(tenant).expect(revision)

    async def _asked_document(self, path: str, person: Person) -> Document:
        # Documents show masks, to every reader: that must not be an audited reading of secrets.
        masked = self._own.with_headers(acting_headers(person.without("secrets:read")))
        response = await masked.get(path)
        document = understood(response, wire.read_document)
        return msgspec.structs.replace(document, stale_for=stale_at_service(response))

    async def _asked_bundle(self, tenant: str, query: Mapping[str, Any]) -> Bundle:
        response = await self._transport.get(f"{tenant_path(tenant)}/bundle", query)
        bundle, stale_for = understood(response, wire.read_bundle), stale_at_service(response)
        return bundle if stale_for is None else _stale(bundle, stale_for)

    async def _standing(self, tenant: str, *, layers: bool) -> tuple[IndexedBundle, timedelta | None]:
        held = self._tenants.of(tenant)
        return await (held.layered.current() if layers else held.current())

    async def _bundle_at(self, moment: _Moment, query: Mapping[str, Any]) -> Bundle:
        """What stood at a revision, and at one of the layers, never changes: it may come from memory."""
        kept = self._pinned.get(moment)
        tenant, _, layers, _ = moment
        if kept is None:
            try:
                kept = await self._read(f"{tenant_path(tenant)}/bundle", wire.read_bundle, query)
            except Unavailable as error:
                kept = await self._last_known_at(moment, error)
        # Under the revisions that it has, not those that were asked for: what is left out may mean others later.
        moment = (tenant, kept.revision, layers, kept.base_revision)
        self._pinned[moment] = kept
        self._pinned.move_to_end(moment)
        while len(self._pinned) > _PINS_KEPT:
            self._pinned.popitem(last=False)
        return kept

    async def _last_known_at(self, moment: _Moment, error: Unavailable) -> Bundle:
        tenant, revision, layers, base_revision = moment
        if error.unreachable:
            found, _ = await self._standing(tenant, layers=layers)
            if (found.bundle.revision, found.bundle.base_revision) == (revision, base_revision):
                return found.bundle
        raise error

    async def _reached_still(self, tenant: str, reached: int) -> int:
        """Where the feed stands; lower than before when the service's database was restored from a backup."""
        found = await self.bundle(tenant)
        standing = found.revision
        if found.stale_for is None and standing < reached:
            log.warning("%s went back from revision %d to %d: a database was restored", tenant, reached, standing)
            return standing
        return reached

    def _remember_mapping(self) -> None:
        """Keep the whole mapping at hand for an outage; in the background, now and then."""
        now = time.monotonic()
        if now - self._mapping_compared_at >= self.settings.reconcile_interval:
            self._mapping_compared_at = now
            self._mapping_refresh = asyncio.create_task(self._refresh_mapping(), name="refresh mapping")

    async def _refresh_mapping(self) -> None:
        try:
            await self._mapping.refresh(attempts=1)
        except (Unavailable, *REFUSALS) as error:
            log.info("the mapping was not refreshed: %s", error.detail)


def _stale(bundle: Bundle, stale_for: timedelta) -> Bundle:
    documents = tuple(msgspec.structs.replace(each, stale_for=stale_for) for each in bundle.documents)
    return msgspec.structs.replace(bundle, documents=documents, stale_for=stale_for)


def _not_known(missing: NotFound, stale_for: timedelta) -> Unavailable:
    """What is not in an old copy may be there by now: that is no answer."""
    detail = f"{missing.detail}; but that was {stale_for} ago, and the service cannot be reached"
    return Unavailable(detail, unreachable=True)
