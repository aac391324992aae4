"""What people who look after tenants read."""

import asyncio
from collections.abc import Collection, Mapping
from typing import get_args

import msgspec

from sprintia_config.controllers import schemas as schema_routes
from sprintia_config.controllers import search as searching
from sprintia_config.controllers import validation
from sprintia_config.controllers.deliveries import Outcome, deliveries_of, delivery_named
from sprintia_config.controllers.tenants import activity_of, tenant_of, tenants_of
from sprintia_config.controllers.values import values_of
from sprintia_config.documents import representation
from sprintia_config.local_services.asking import LARGEST, Asking, key_of, require_lengths, require_numbers
from sprintia_config.mapping import store
from sprintia_config.models import SCHEMA
from sprintia_config.retention import removed
from sprintia_config.schemas import store as schema_store
from sprintia_config.search.at_pointer import Asked
from sprintia_config_client import requests, wire
from sprintia_config_client.contract import (
    ActivityDay,
    Blame,
    Delivery,
    DocumentSchema,
    Hits,
    MappingVersion,
    RemovedVersions,
    StoredVersion,
    TenantDetail,
    TenantPage,
    TextDiff,
    Validation,
    ValuesPage,
)
from sprintia_platform import Problem
from sprintia_platform.content.json_reader import read_json
from sprintia_platform.http.problems import PARAMETER_INVALID

_READ = "config:read"
_MOST_VERSIONS_BLAMED = 200


class Administering(Asking):
    """`AdministrationReader`."""

    async def version(self, tenant: str, domain: str, config_type: str, version: int | None = None) -> StoredVersion:
        key = key_of(tenant, domain, config_type)
        async with self._asked(_READ, tenant=tenant):
            shown = await self._shown(key, version)
            return wire.read_version(msgspec.json.encode(representation.full(shown.version, shown.keys)))

    async def text_diff(
        self, tenant: str, domain: str, config_type: str, from_version: int | None = None,
        to_version: int | None = None, *, against_tenant: str | None = None, against_domain: str | None = None,
    ) -> TextDiff:  # fmt: skip
        key = key_of(tenant, domain, config_type)
        requests.sides_query(from_version, to_version, against_tenant, against_domain)
        async with self._asked(_READ, tenant=tenant):
            sides = await self._sides(key, from_version, to_version, against_tenant, against_domain)
            found = await asyncio.to_thread(sides.text)
        return TextDiff(text=found.text, complete=found.complete)

    async def blame(self, tenant: str, domain: str, config_type: str, version: int | None = None) -> Blame:
        key = key_of(tenant, domain, config_type)
        async with self._asked(_READ, tenant=tenant):
            require_numbers(1, LARGEST, version=version)
            found, _ = await self._parts.comparisons.blame(self._caller, key, version, _MOST_VERSIONS_BLAMED)
        return wire.read_blame(msgspec.json.encode(found))

    async def validate(
        self, tenant: str, domain: str, config_type: str, content: str | Mapping[str, object]
    ) -> Validation:
        key = key_of(tenant, domain, config_type)
        if isinstance(content, str):
            proposal = validation.Proposal(yaml_content=content, patch=None)
        else:
            proposal = validation.Proposal(yaml_content=None, patch=read_json(requests.json_body(content)))
        async with self._asked("config:write", tenant=tenant):
            found = await validation.dry_run({}, self._parts.writer, self._caller, key, proposal, self._language)
        return wire.read_validation(msgspec.json.encode(found))

    async def tenants(self, *, text: str = "", after: str | None = None, limit: int = 50) -> TenantPage:
        requests.check_tenants_limit(limit)
        async with self._asked(_READ):
            require_lengths(128, q=text)
            found = await tenants_of(self._database, self._caller, text, after, limit + 1)
        return wire.read_tenants(msgspec.json.encode(found), limit)

    async def tenant(self, tenant: str) -> TenantDetail:
        requests.tenant_named(tenant)
        async with self._asked(_READ, tenant=tenant):
            found = await tenant_of(self._database, self._caller, tenant)
        return wire.read_tenant(msgspec.json.encode(found))

    async def search(
        self, text: str = "", *, tenant: str | None = None, domain: str | None = None, config_type: str | None = None,
        path: str | None = None, value: str | None = None, after: str | None = None, limit: int = 20,
    ) -> Hits:  # fmt: skip
        requests.optional_tenant(tenant)
        requests.check_domain(domain)
        requests.check_type(config_type)
        texts = {name: given or None for name, given in (("q", text), ("path", path), ("value", value))}
        async with self._asked(_READ):
            require_numbers(1, 100, limit=limit)
            require_lengths(searching.LONGEST, **texts)
            query = searching.read_query(texts, tenant, domain, config_type)
            found = await searching.find(self._database, self._caller, query, limit, after)
        return wire.read_hits(msgspec.json.encode(found))

    async def values(
        self, pointer: str, *, config_type: str | None = None, domain: str | None = None, tenant: str | None = None,
        text: str = "", after: str | None = None, limit: int = 50,
    ) -> ValuesPage:  # fmt: skip
        requests.check_type(config_type)
        requests.check_domain(domain)
        requests.optional_tenant(tenant)
        async with self._asked(_READ):
            require_numbers(1, 200, limit=limit)
            require_lengths(500, pointer=pointer)
            require_lengths(128, q=text)
            asked = Asked(pointer, config_type, domain, tenant, text)
            found = await values_of(self._database, self._caller, asked, after, limit)
        return wire.read_values(msgspec.json.encode(found))

    async def activity(self, tenant: str, *, days: int = 90, zone: str = "UTC") -> tuple[ActivityDay, ...]:
        requests.tenant_named(tenant)
        async with self._asked(_READ, tenant=tenant):
            require_numbers(1, 366, days=days)
            found = await activity_of(self._database, self._caller, tenant, days, zone)
        return wire.read_activity(msgspec.json.encode(found))

    async def deliveries(
        self, *, tenant: str | None = None, outcome: str | None = None, before: int | None = None, limit: int = 50,
        people: bool = True, revisions: Collection[int] | None = None,
    ) -> tuple[Delivery, ...]:  # fmt: skip
        requests.optional_tenant(tenant)
        async with self._asked(_READ):
            require_numbers(1, 1000, limit=limit)
            require_numbers(0, LARGEST, before=before)
            if outcome is not None and outcome not in get_args(Outcome):
                raise Problem(PARAMETER_INVALID, names="outcome")
            found = await deliveries_of(
                self._database, self._caller, tenant, outcome, before, limit, self._language,
                people=people, revisions=None if revisions is None else list(revisions),
            )  # fmt: skip
        return wire.read_deliveries(msgspec.json.encode(found))

    async def delivery(self, tenant: str, id: int) -> Delivery:  # noqa: A002 - its name in the record
        requests.delivery_path(tenant, id)
        async with self._asked(_READ, tenant=tenant):
            found = await delivery_named(self._database, self._caller, tenant, id, self._language)
        return wire.read_delivery(msgspec.json.encode(found))

    async def mapping_history(
        self, *, tenant: str | None = None, before: int | None = None, limit: int = 50
    ) -> tuple[MappingVersion, ...]:
        requests.optional_tenant(tenant)
        async with self._asked(_READ, tenant=tenant):
            require_numbers(1, 1000, limit=limit)
            require_numbers(0, LARGEST, before=before)
            async with self._database.transaction(SCHEMA, self._caller.scope, read_only=True) as connection:
                found = await store.read_history(connection, tenant, before=before, limit=limit)
        return tuple(
            MappingVersion(
                id=version.id, tenant_id=version.tenant_id, version=version.version, revision=version.revision,
                digest=version.digest, mapping_text=version.slice, created_at=version.created_at, actor=version.actor,
                origin=version.origin, message=version.message,
            )
            for version in found
        )  # fmt: skip

    async def removed_versions(self, tenant: str, domain: str, config_type: str) -> tuple[RemovedVersions, ...]:
        key = key_of(tenant, domain, config_type)
        async with (
            self._asked(_READ, tenant=tenant),
            self._database.transaction(SCHEMA, [tenant], read_only=True) as connection,
        ):
            found = await removed.read_removed(connection, key)
        return wire.read_removed(msgspec.json.encode(found))

    async def removed_mapping_versions(self, tenant: str) -> tuple[RemovedVersions, ...]:
        requests.tenant_named(tenant)
        async with (
            self._asked(_READ, tenant=tenant),
            self._database.transaction(SCHEMA, [tenant], read_only=True) as connection,
        ):
            found = await removed.read_removed_mappings(connection, tenant)
        return wire.read_removed(msgspec.json.encode(found))

    async def schemas(self) -> tuple[DocumentSchema, ...]:
        async with self._asked(_READ), self._database.transaction(SCHEMA, read_only=True) as connection:
            found = await schema_store.read_all_standing(connection)
        return wire.read_schemas(msgspec.json.encode([schema_routes.shown(version) for version in found]))

    async def schema(self, config_type: str) -> DocumentSchema:
        requests.check_type(config_type)
        async with self._asked(_READ):
            found = await schema_routes.standing_schema(self._database, config_type)
        return wire.read_schema(msgspec.json.encode(schema_routes.shown(found)))
