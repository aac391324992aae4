"""What people who look after tenants read: versions, blame, deliveries, lists over all tenants."""

from collections.abc import Collection, Mapping
from typing import Protocol

from sprintia_config_client.contract.comparison import Blame, TextDiff, Validation
from sprintia_config_client.contract.deliveries import Delivery
from sprintia_config_client.contract.documents import StoredVersion
from sprintia_config_client.contract.history import ActivityDay, RemovedVersions
from sprintia_config_client.contract.mapping import MappingVersion
from sprintia_config_client.contract.schemas import DocumentSchema
from sprintia_config_client.contract.searching import Hits, ValuesPage
from sprintia_config_client.contract.tenants import TenantDetail, TenantPage


class AdministrationReader(Protocol):
    """The part of `ConfigReader` that people need to find, understand and compare configuration."""

    async def version(self, tenant: str, domain: str, config_type: str, version: int | None = None) -> StoredVersion:
        """Read a version whole, or the one that stands (None). Raises `NotFound`; `Gone` what retention has removed."""
        ...

    async def text_diff(
        self, tenant: str, domain: str, config_type: str, from_version: int | None = None,
        to_version: int | None = None, *, against_tenant: str | None = None, against_domain: str | None = None,
    ) -> TextDiff:  # fmt: skip
        """Compare as `diff` does, as text: a unified diff, empty when the texts are the same."""
        ...

    async def blame(self, tenant: str, domain: str, config_type: str, version: int | None = None) -> Blame:
        """Tell of each value which version last set it. Raises `NotFound`."""
        ...

    async def validate(
        self, tenant: str, domain: str, config_type: str, content: str | Mapping[str, object]
    ) -> Validation:
        """Tell what a write would do: `put` of a text, or `patch` of a mapping. Needs the right to write."""
        ...

    async def tenants(self, *, text: str = "", after: str | None = None, limit: int = 50) -> TenantPage:
        """List the tenants in reach whose id holds `text`, in order of id."""
        ...

    async def tenant(self, tenant: str) -> TenantDetail:
        """Read a tenant at a glance, with who delivers to it. Raises `NotFound`."""
        ...

    async def search(
        self, text: str = "", *, tenant: str | None = None, domain: str | None = None, config_type: str | None = None,
        path: str | None = None, value: str | None = None, after: str | None = None, limit: int = 20,
    ) -> Hits:  # fmt: skip
        """Find the documents that stand and hold what is given; secrets are never searched.

        Args:
            text: in ids, key paths or values.
            tenant: this tenant alone, as `domain` and `config_type` narrow it likewise.
            domain: this domain alone.
            config_type: this type alone.
            path: in key paths.
            value: in values.
            after: `Hits.next` of the page before.
            limit: of hits, 100 at most.

        Raises:
            Invalid: none of `text`, `path` and `value`, or too short; too many documents hold it.
        """
        ...

    async def values(
        self, pointer: str, *, config_type: str | None = None, domain: str | None = None, tenant: str | None = None,
        text: str = "", after: str | None = None, limit: int = 50,
    ) -> ValuesPage:  # fmt: skip
        """List what stands at a pointer (RFC 6901) of every document that has it, secrets masked.

        `text` narrows it to ids that hold it.
        """
        ...

    async def activity(self, tenant: str, *, days: int = 90, zone: str = "UTC") -> tuple[ActivityDay, ...]:
        """Count the changes of a tenant by day, oldest first; days without any are left out. `zone` is an IANA name."""
        ...

    async def deliveries(
        self, *, tenant: str | None = None, outcome: str | None = None, before: int | None = None, limit: int = 50,
        people: bool = True, revisions: Collection[int] | None = None,
    ) -> tuple[Delivery, ...]:  # fmt: skip
        """List what came in, newest first, and what became of it; `before` is the id that the page before ended with.

        Refused deliveries that named no tenant are shown to those who reach all. Without `people`, what persons wrote
        is left out, but for their replays. `revisions`, 200 at most and of one tenant, asks for what made these.
        """
        ...

    async def delivery(self, tenant: str, id: int) -> Delivery:  # noqa: A002 - its name in the record
        """Read one delivery. Raises `NotFound`."""
        ...

    async def mapping_history(
        self, *, tenant: str | None = None, before: int | None = None, limit: int = 50
    ) -> tuple[MappingVersion, ...]:
        """List the versions of the tenants' parts of the mapping, newest first, below the id `before`."""
        ...

    async def removed_versions(self, tenant: str, domain: str, config_type: str) -> tuple[RemovedVersions, ...]:
        """List the gaps that retention left in a document's history, newest first.

        What was removed before this was written down is in none of them.
        """
        ...

    async def removed_mapping_versions(self, tenant: str) -> tuple[RemovedVersions, ...]:
        """The same of the tenant's part of the mapping."""
        ...

    async def schemas(self) -> tuple[DocumentSchema, ...]:
        """List the schemas that stand, in order of type."""
        ...

    async def schema(self, config_type: str) -> DocumentSchema:
        """Read the schema of a type. Raises `NotFound`."""
        ...
