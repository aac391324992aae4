"""What stands, what stood, and what changed."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec

from sprintia_config import problems
from sprintia_config.controllers import administration, bundles, timeline
from sprintia_config.controllers.documents import history_counts
from sprintia_config.documents import representation
from sprintia_config.layers.reading import Asked
from sprintia_config.local_services.asking import LARGEST, Asking, key_of, require_numbers
from sprintia_config.local_services.callers import without_secrets
from sprintia_config.local_services.given import whole
from sprintia_config.mapping import service as mapping_service
from sprintia_config.mapping import store
from sprintia_config.models import SCHEMA
from sprintia_config.transfer.service import exported
from sprintia_config_client import requests, wire
from sprintia_config_client.contract import Bundle, Changes, Diff, Document, Head, HistoryItem, Resolution, Secret
from sprintia_config_client.exact import JsonValue
from sprintia_platform import Problem
from sprintia_platform.http.problems import PARAMETER_INVALID

_READ = "config:read"


class Reading(Asking):
    """`ConfigReader`, but for what administrators look at."""

    async def get(self, tenant: str, domain: str, config_type: str) -> Document:
        key = key_of(tenant, domain, config_type)
        async with self._asked(_READ, tenant=tenant):
            shown = await self._parts.documents.head(without_secrets(self._caller), key)
        return wire.read_document(msgspec.json.encode(representation.full(shown.version, None)))

    async def heads(self, tenant: str, domain: str | None = None, *, details: bool = False) -> tuple[Head, ...]:
        requests.tenant_path(tenant)
        requests.check_domain(domain)
        async with self._asked(_READ, tenant=tenant):
            found, _ = await self._parts.documents.heads(tenant, domain, with_deleted=details)
        return wire.read_heads(msgspec.json.encode(representation.heads(found, detailed=details)))

    async def text(self, tenant: str, domain: str, config_type: str, version: int | None = None) -> str:
        key = key_of(tenant, domain, config_type)
        async with self._asked(_READ, tenant=tenant):
            shown = await self._shown(key, version)
            return representation.source_text(shown.version, shown.keys)

    async def bundle(
        self, tenant: str, revision: int | None = None, *, layers: bool = False, base_revision: int | None = None,
        origins: bool = False,
    ) -> Bundle:  # fmt: skip
        requests.tenant_path(tenant)
        requests.bundle_query(revision, layers=layers, base_revision=base_revision, origins=origins)
        asked = Asked(revision=revision, base_revision=base_revision)
        async with self._asked(_READ, tenant=tenant):
            require_numbers(0, LARGEST, revision=revision, base_revision=base_revision)
            if not layers:
                return wire.read_bundle((await bundles.bundle_of(self._database, tenant, asked)).body())
            answer = await bundles.resolved_bundle_of(self._database, tenant, asked, with_origins=origins)
            return wire.read_bundle(await asyncio.to_thread(answer.body))

    async def secret(self, tenant: str, name: str, domain: str | None = None) -> Secret:
        requests.tenant_path(tenant)
        requests.check_domain(domain)
        requests.secret_name(name)
        async with self._asked("secrets:read", tenant=tenant):
            found = await administration.reveal(
                self._database, self._parts.vault, self._caller, tenant, name, domain
            )  # fmt: skip
        return wire.read_secret(msgspec.json.encode(found))

    async def mapping(self) -> dict[str, JsonValue]:
        async with self._asked(_READ):
            async with self._database.transaction(SCHEMA, self._caller.scope, read_only=True) as connection:
                heads = await store.read_heads(connection)
            if not any(head.value for head in heads.values()):
                raise Problem(problems.MAPPING_NOT_FOUND)
        return wire.read_mapping(whole(heads))

    async def resolve(
        self, *, account: str | None = None, inbox: str | None = None, phone: str | None = None
    ) -> Resolution:
        async with self._asked(_READ):
            given = [value for value in (account, inbox, phone) if value]
            if not given or any("\0" in value or len(value) > 128 for value in given):
                raise Problem(PARAMETER_INVALID, names="account, inbox, phone")
            async with self._database.transaction(SCHEMA, self._caller.scope, read_only=True) as connection:
                found = await mapping_service.resolve(connection, account=account, inbox=inbox, phone=phone)
        return wire.read_resolution(msgspec.json.encode(found))

    async def history(
        self, tenant: str, domain: str, config_type: str, *, before: int | None = None, limit: int = 100,
        counts: bool = False,
    ) -> tuple[HistoryItem, ...]:  # fmt: skip
        key = key_of(tenant, domain, config_type)
        async with self._asked(_READ, tenant=tenant):
            require_numbers(1, 1000, limit=limit)
            require_numbers(0, LARGEST, before=before)
            found, _ = await self._parts.documents.history(key, before=before, limit=limit)
            counted = await history_counts(self._database, self._caller, key, found) if counts else None
        return wire.read_history(msgspec.json.encode(representation.history(found, counted)))

    async def diff(
        self, tenant: str, domain: str, config_type: str, from_version: int | None = None,
        to_version: int | None = None, *, against_tenant: str | None = None, against_domain: str | None = None,
    ) -> Diff:  # fmt: skip
        key = key_of(tenant, domain, config_type)
        requests.sides_query(from_version, to_version, against_tenant, against_domain)
        async with self._asked(_READ, tenant=tenant):
            sides = await self._sides(key, from_version, to_version, against_tenant, against_domain)
            found = await asyncio.to_thread(sides.compared, 1000)
        return wire.read_diff(msgspec.json.encode(found))

    async def changes(self, tenant: str, since: int = 0, *, wait: float = 0.0, limit: int = 500) -> Changes:
        requests.tenant_path(tenant)
        async with self._asked(_READ, tenant=tenant):
            if not (0 <= since <= LARGEST and 0 <= wait <= 60 and 1 <= limit <= 1000):
                raise Problem(PARAMETER_INVALID, names="since, wait, limit")
            page, _ = await timeline.next_page(self._parts.feed, tenant, since, wait, limit)
        return wire.read_changes(msgspec.json.encode(page))

    async def export(self, tenant: str, *, clear: bool = False) -> AsyncGenerator[bytes, None]:
        requests.tenant_path(tenant)
        async with self._asked(_READ, tenant=tenant):
            lines = exported(
                self._transfers, self._database, self._parts.vault, self._caller, (tenant,), clear=clear
            )  # fmt: skip
            async with aclosing(lines):
                async for line in lines:
                    yield line
