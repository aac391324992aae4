"""`AdministrationReader` over HTTP: always asked, never answered from memory."""

from collections.abc import Collection, Mapping
from typing import Any

from sprintia_config_client import wire
from sprintia_config_client.asking import Asking, understood
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
from sprintia_config_client.requests import (
    check_domain,
    check_tenants_limit,
    check_type,
    delivery_path,
    document_path,
    json_body,
    optional_tenant,
    sides_query,
    tenant_named,
)


class Administering(Asking):
    """The part of `ConfigClient` for people who look after tenants."""

    async def version(self, tenant: str, domain: str, config_type: str, version: int | None = None) -> StoredVersion:
        path = document_path(tenant, domain, config_type)
        return await self._read(path if version is None else f"{path}/version/{version:d}", wire.read_version)

    async def text_diff(
        self, tenant: str, domain: str, config_type: str, from_version: int | None = None,
        to_version: int | None = None, *, against_tenant: str | None = None, against_domain: str | None = None,
    ) -> TextDiff:  # fmt: skip
        path = f"{document_path(tenant, domain, config_type)}/diff"
        query = sides_query(from_version, to_version, against_tenant, against_domain)
        response = await self._transport.get(path, query | {"format": "text"})
        complete = response.headers.get("x-config-diff-complete") != "false"
        return TextDiff(text=understood(response, bytes.decode), complete=complete)

    async def blame(self, tenant: str, domain: str, config_type: str, version: int | None = None) -> Blame:
        path = f"{document_path(tenant, domain, config_type)}/blame"
        return await self._read(path, wire.read_blame, {"version": version})

    async def validate(
        self, tenant: str, domain: str, config_type: str, content: str | Mapping[str, object]
    ) -> Validation:
        body = json_body({"yaml_content": content} if isinstance(content, str) else {"patch": content})
        path = f"{document_path(tenant, domain, config_type)}/validate"
        return understood(await self._transport.ask(path, body), wire.read_validation)

    async def tenants(self, *, text: str = "", after: str | None = None, limit: int = 50) -> TenantPage:
        query = {"q": text or None, "after": after, "limit": check_tenants_limit(limit) + 1}
        return await self._read("/config/tenants", lambda body: wire.read_tenants(body, limit), query)

    async def tenant(self, tenant: str) -> TenantDetail:
        return await self._read(f"/config/tenants/{tenant_named(tenant)}", wire.read_tenant)

    async def search(
        self, text: str = "", *, tenant: str | None = None, domain: str | None = None, config_type: str | None = None,
        path: str | None = None, value: str | None = None, after: str | None = None, limit: int = 20,
    ) -> Hits:  # fmt: skip
        query = {
            "q": text or None, "tenant": optional_tenant(tenant), "domain": check_domain(domain),
            "type": check_type(config_type), "path": path or None, "value": value or None, "after": after,
            "limit": limit,
        }  # fmt: skip
        return await self._read("/config/search", wire.read_hits, query)

    async def values(
        self, pointer: str, *, config_type: str | None = None, domain: str | None = None, tenant: str | None = None,
        text: str = "", after: str | None = None, limit: int = 50,
    ) -> ValuesPage:  # fmt: skip
        query = {
            "pointer": pointer, "type": check_type(config_type), "domain": check_domain(domain),
            "tenant": optional_tenant(tenant), "q": text or None, "after": after, "limit": limit,
        }  # fmt: skip
        return await self._read("/config/values", wire.read_values, query)

    async def activity(self, tenant: str, *, days: int = 90, zone: str = "UTC") -> tuple[ActivityDay, ...]:
        path = f"/config/tenants/{tenant_named(tenant)}/activity"
        return await self._read(path, wire.read_activity, {"days": days, "zone": zone})

    async def deliveries(
        self, *, tenant: str | None = None, outcome: str | None = None, before: int | None = None, limit: int = 50,
        people: bool = True, revisions: Collection[int] | None = None,
    ) -> tuple[Delivery, ...]:  # fmt: skip
        query: dict[str, Any] = {
            "tenant": optional_tenant(tenant), "outcome": outcome, "before": before, "limit": limit,
        }  # fmt: skip
        if not people:  # a service that does not know of it lists all
            query["people"] = "false"
        if revisions is not None:
            query["revision"] = list(revisions) or [0]  # the first change makes 1: a query cannot say "none of them"
        return await self._read("/config/deliveries", wire.read_deliveries, query)

    async def delivery(self, tenant: str, id: int) -> Delivery:  # noqa: A002 - its name in the record
        return await self._read(delivery_path(tenant, id), wire.read_delivery)

    async def mapping_history(
        self, *, tenant: str | None = None, before: int | None = None, limit: int = 50
    ) -> tuple[MappingVersion, ...]:
        query = {"tenant": optional_tenant(tenant), "before": before, "limit": limit}
        return await self._read("/mapping/history", wire.read_mapping_history, query)

    async def removed_versions(self, tenant: str, domain: str, config_type: str) -> tuple[RemovedVersions, ...]:
        path = f"{document_path(tenant, domain, config_type)}/history/removed"
        return await self._read(path, wire.read_removed)

    async def removed_mapping_versions(self, tenant: str) -> tuple[RemovedVersions, ...]:
        return await self._read("/mapping/history/removed", wire.read_removed, {"tenant": tenant_named(tenant)})

    async def schemas(self) -> tuple[DocumentSchema, ...]:
        return await self._read("/config/schemas", wire.read_schemas)

    async def schema(self, config_type: str) -> DocumentSchema:
        return await self._read(f"/config/schemas/{check_type(config_type)}", wire.read_schema)
