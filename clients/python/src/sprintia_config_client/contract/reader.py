"""`ConfigReader`: read what stands, what stood, and what changed."""

from collections.abc import AsyncGenerator
from typing import Protocol, Self

from sprintia_config_client.contract.administration import AdministrationReader
from sprintia_config_client.contract.comparison import Diff
from sprintia_config_client.contract.documents import Bundle, Document, Head, Secret
from sprintia_config_client.contract.history import Changes, HistoryItem
from sprintia_config_client.contract.mapping import Resolution
from sprintia_config_client.contract.people import Person
from sprintia_config_client.exact import JsonValue


class ConfigReader(AdministrationReader, Protocol):
    """Read what stands, what stood, and what changed; `AdministrationReader` is what people look at besides."""

    def acting(self, person: Person) -> Self:
        """Read and write for a person, within what both may do; cheap, so make one for each request.

        History and audit name the person: `user:<name>` in the service's own process, `user:<name>/key:<id>` through
        a key, which needs the right `users:act`. Nothing is answered from what was read for somebody else.
        """
        ...

    async def get(self, tenant: str, domain: str, config_type: str) -> Document:
        """Read a document. Raises `NotFound`."""
        ...

    async def heads(self, tenant: str, domain: str | None = None, *, details: bool = False) -> tuple[Head, ...]:
        """List a tenant's documents, in order of domain and type. An unknown tenant has none.

        With `details` each has its size, and who changed it last; the deleted are listed, too, and say so.
        """
        ...

    async def text(self, tenant: str, domain: str, config_type: str, version: int | None = None) -> str:
        """Read a document's text exactly as it was received; secrets in clear for who may read them. `NotFound`."""
        ...

    async def bundle(
        self, tenant: str, revision: int | None = None, *, layers: bool = False, base_revision: int | None = None,
        origins: bool = False,
    ) -> Bundle:  # fmt: skip
        """Read everything of a tenant at once, as it stands or stood at a revision. An unknown tenant is at 0.

        Args:
            tenant: whose.
            revision: as of this revision of the tenant; None for what stands.
            layers: merge base and domain below the tenant's documents: what the service calls `resolve`, which here is
                the look-up in the mapping.
            base_revision: the layers as of this revision of theirs. With `revision` alone they are as they stood when
                it was made; with both the answer is always the same, to the byte.
            origins: tell of each leaf which layer it came from.

        Raises:
            NotFound: a revision that is yet to come.
            Invalid: `base_revision` or `origins` without `layers`; layers that are too large.
        """
        ...

    async def secret(self, tenant: str, name: str, domain: str | None = None) -> Secret:
        """Read one secret in clear; the audit log says who did. Raises `NotFound`, `Conflict` if domains differ."""
        ...

    async def mapping(self) -> dict[str, JsonValue]:
        """Read the Chatwoot mapping of every tenant in reach. Raises `NotFound` when there is none."""
        ...

    async def resolve(
        self, *, account: str | None = None, inbox: str | None = None, phone: str | None = None
    ) -> Resolution:
        """Tell who answers: special number, then inbox, then account, then fallback. Raises `NotFound`."""
        ...

    async def history(
        self, tenant: str, domain: str, config_type: str, *, before: int | None = None, limit: int = 100,
        counts: bool = False,
    ) -> tuple[HistoryItem, ...]:  # fmt: skip
        """List versions, newest first, below version `before`. An unknown document has none.

        With `counts` each says how much it changed; those that there is no time left to count, None.
        """
        ...

    async def diff(
        self, tenant: str, domain: str, config_type: str, from_version: int | None = None,
        to_version: int | None = None, *, against_tenant: str | None = None, against_domain: str | None = None,
    ) -> Diff:  # fmt: skip
        """Compare two versions: by default the one that stands with the one before it. Raises `NotFound`, `Gone`.

        With `against_tenant` or `against_domain`, the document of the same type that stands there takes the place of
        `from_version`; `Invalid` with both.
        """
        ...

    async def changes(self, tenant: str, since: int = 0, *, wait: float = 0.0, limit: int = 500) -> Changes:
        """Read what changed after revision `since`, in order of commit; wait up to `wait` seconds for the next."""
        ...

    def export(self, tenant: str, *, clear: bool = False) -> AsyncGenerator[bytes, None]:
        """Give everything of a tenant with its history, from one moment, as lines of JSON.

        Without `clear`, which the audit log records, secrets are masks: versions that hold some cannot be imported
        where they do not stand already. Only what ends with a line `{"kind":"end",…}` is whole.

        Raises:
            NotFound: with the first line.
        """
        ...
