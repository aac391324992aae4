"""What people who look after tenants read, by `SyncConfigClient`."""

from collections.abc import Collection, Mapping

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
from sprintia_config_client.thread import Blocking


class SyncAdministering(Blocking):
    """`Administering` for plain threads."""

    def version(self, tenant: str, domain: str, config_type: str, version: int | None = None) -> StoredVersion:
        return self._run(lambda client: client.version(tenant, domain, config_type, version))

    def text_diff(
        self, tenant: str, domain: str, config_type: str, from_version: int | None = None,
        to_version: int | None = None, *, against_tenant: str | None = None, against_domain: str | None = None,
    ) -> TextDiff:  # fmt: skip
        return self._run(
            lambda client: client.text_diff(
                tenant, domain, config_type, from_version, to_version, against_tenant=against_tenant,
                against_domain=against_domain,
            )
        )  # fmt: skip

    def blame(self, tenant: str, domain: str, config_type: str, version: int | None = None) -> Blame:
        return self._run(lambda client: client.blame(tenant, domain, config_type, version))

    def validate(self, tenant: str, domain: str, config_type: str, content: str | Mapping[str, object]) -> Validation:
        return self._run(lambda client: client.validate(tenant, domain, config_type, content))

    def tenants(self, *, text: str = "", after: str | None = None, limit: int = 50) -> TenantPage:
        return self._run(lambda client: client.tenants(text=text, after=after, limit=limit))

    def tenant(self, tenant: str) -> TenantDetail:
        return self._run(lambda client: client.tenant(tenant))

    def search(
        self, text: str = "", *, tenant: str | None = None, domain: str | None = None, config_type: str | None = None,
        path: str | None = None, value: str | None = None, after: str | None = None, limit: int = 20,
    ) -> Hits:  # fmt: skip
        return self._run(
            lambda client: client.search(
                text, tenant=tenant, domain=domain, config_type=config_type, path=path, value=value, after=after,
                limit=limit,
            )
        )  # fmt: skip

    def values(
        self, pointer: str, *, config_type: str | None = None, domain: str | None = None, tenant: str | None = None,
        text: str = "", after: str | None = None, limit: int = 50,
    ) -> ValuesPage:  # fmt: skip
        return self._run(
            lambda client: client.values(
                pointer, config_type=config_type, domain=domain, tenant=tenant, text=text, after=after, limit=limit,
            )
        )  # fmt: skip

    def activity(self, tenant: str, *, days: int = 90, zone: str = "UTC") -> tuple[ActivityDay, ...]:
        return self._run(lambda client: client.activity(tenant, days=days, zone=zone))

    def deliveries(
        self, *, tenant: str | None = None, outcome: str | None = None, before: int | None = None, limit: int = 50,
        people: bool = True, revisions: Collection[int] | None = None,
    ) -> tuple[Delivery, ...]:  # fmt: skip
        return self._run(
            lambda client: client.deliveries(
                tenant=tenant, outcome=outcome, before=before, limit=limit, people=people, revisions=revisions
            )
        )

    def delivery(self, tenant: str, id: int) -> Delivery:  # noqa: A002 - its name in the record
        return self._run(lambda client: client.delivery(tenant, id))

    def mapping_history(
        self, *, tenant: str | None = None, before: int | None = None, limit: int = 50
    ) -> tuple[MappingVersion, ...]:
        return self._run(lambda client: client.mapping_history(tenant=tenant, before=before, limit=limit))

    def removed_versions(self, tenant: str, domain: str, config_type: str) -> tuple[RemovedVersions, ...]:
        return self._run(lambda client: client.removed_versions(tenant, domain, config_type))

    def removed_mapping_versions(self, tenant: str) -> tuple[RemovedVersions, ...]:
        return self._run(lambda client: client.removed_mapping_versions(tenant))

    def schemas(self) -> tuple[DocumentSchema, ...]:
        return self._run(lambda client: client.schemas())

    def schema(self, config_type: str) -> DocumentSchema:
        return self._run(lambda client: client.schema(config_type))
