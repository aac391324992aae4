"""`ConfigWriter`: change what stands."""

from collections.abc import Mapping
from typing import Protocol, Self

from sprintia_config_client.contract.deliveries import Replay
from sprintia_config_client.contract.documents import Expected, Patch
from sprintia_config_client.contract.history import HistoryItem
from sprintia_config_client.contract.people import Person
from sprintia_config_client.contract.transfer import ImportReport
from sprintia_config_client.exact import JsonValue


class ConfigWriter(Protocol):
    """Change what stands. Each write may bear an `idempotency_key`: repeated with it, it happens once."""

    def acting(self, person: Person) -> Self:
        """Write for a person; see `ConfigReader.acting`."""
        ...

    async def put(
        self, tenant: str, domain: str, config_type: str, content: str | Mapping[str, object], *,
        message: str = "", expected: Expected = None, idempotency_key: str | None = None,
    ) -> HistoryItem:  # fmt: skip
        """Replace a document: YAML text, kept to the byte, or a mapping, sent as JSON. Raises `Conflict`, `Invalid`.

        `message` says why, for history; 500 characters at most, and with text alone.
        """
        ...

    async def patch(
        self, tenant: str, domain: str, config_type: str, patch: Patch, *,
        expected: Expected = None, idempotency_key: str | None = None,
    ) -> HistoryItem:  # fmt: skip
        """Merge into what stands, so that nothing that others wrote meanwhile is lost."""
        ...

    async def delete(
        self, tenant: str, domain: str, config_type: str, *,
        expected: Expected = None, idempotency_key: str | None = None,
    ) -> HistoryItem:  # fmt: skip
        """Delete a document; its history stays, and a rollback brings it back. Raises `NotFound`."""
        ...

    async def rollback(
        self, tenant: str, domain: str, config_type: str, version: int, *,
        message: str = "", expected: Expected = None, idempotency_key: str | None = None,
    ) -> HistoryItem:  # fmt: skip
        """Make an old version's content stand again, as a new version. Raises `NotFound`."""
        ...

    async def replace_mapping(
        self, mapping: Mapping[str, object], *, idempotency_key: str | None = None
    ) -> dict[str, JsonValue]:
        """Replace the Chatwoot mapping of every tenant in reach; returns what stands. Raises `Conflict`."""
        ...

    async def merge_mapping(
        self, mapping: Mapping[str, object], *, idempotency_key: str | None = None
    ) -> dict[str, JsonValue]:
        """Merge into the Chatwoot mapping, atomically; returns what stands. Raises `Conflict`."""
        ...

    async def rollback_mapping(
        self, tenant: str, version: int, *, message: str = "", idempotency_key: str | None = None
    ) -> dict[str, JsonValue]:
        """Make an old version of a tenant's part of the mapping stand again; returns the whole that stands.

        Raises `NotFound`, and `Conflict` when another tenant has one of its entries now.
        """
        ...

    async def replay(
        self, tenant: str, delivery_id: int, *, dry_run: bool = False, idempotency_key: str | None = None
    ) -> Replay:
        """Send a delivery that was refused or set aside through once more, in one's own name.

        Args:
            tenant: whose delivery it is.
            delivery_id: `Delivery.id`.
            dry_run: do it and undo it, to see what it would change.
            idempotency_key: repeated with it, it happens once.

        Raises:
            NotFound: there is none.
            Conflict: its body is not kept, or a replay of it was taken before.
        """
        ...

    async def import_heads(self, content: bytes, *, dry_run: bool = False) -> ImportReport:
        """Write what stands in an export, as new versions of one's own over whatever stands here.

        What stands already makes none, so that a repetition does nothing. What the file does not name stays. Each
        tenant is one transaction.

        Args:
            content: what `ConfigReader.export` gave.
            dry_run: do it and undo it, to see what it would do.

        Raises:
            Invalid: the file is cut short, altered, or none; its faults name each line. Nothing was written.
        """
        ...
