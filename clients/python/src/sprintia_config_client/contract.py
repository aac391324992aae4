"""What the config service offers, independent of where it runs: records, and the two Protocols.

`ConfigReader` and `ConfigWriter` are implemented over HTTP by `ConfigClient`, and inside the service's own process by
the config plugin. Whoever asks for them does not see which. Every failure is a `ConfigError`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, Protocol, TypeAlias

import msgspec

from sprintia_config_client.exact import JsonValue, read_json


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """A document as a layer of another: what it is there, and which version of which document."""

    layer: Literal["base", "domain", "tenant"]
    tenant_id: str
    domain: str
    config_type: str
    version: int


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A document as it stands or stood. Secrets in it are masks: read them one by one, by `secret`.

    Attributes:
        revision: the tenant's revision that made this version.
        digest: tells contents apart; SHA-256 of the text, keyed where the text holds secrets.
        json_text: the JSON view, as the service wrote it; always an object (`{"data": value}` of other documents).
        layers: what a document with merged layers consists of, lowest first; `version`, `revision` and `created_at` are
            then those of the last, and `digest` is over all.
        origins: by the JSON pointer of each leaf the layer that it came from, where this was asked for.
        stale_for: how long ago this was last known to be current; None while it is.
    """

    tenant_id: str
    domain: str
    config_type: str
    version: int
    revision: int
    digest: str
    created_at: datetime
    json_text: str
    layers: tuple[Layer, ...] = ()
    origins: Mapping[str, Layer] | None = None
    stale_for: timedelta | None = None

    @property
    def data(self) -> dict[str, JsonValue]:
        """The content, made anew at each call, with exact numbers: `int`, and `Decimal` where the text has a point."""
        value = read_json(self.json_text)
        return value if isinstance(value, dict) else {"data": value}


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a tenant's list."""

    tenant_id: str
    domain: str
    config_type: str
    version: int
    created_at: datetime
    updated_at: datetime


class HistoryItem(msgspec.Struct, frozen=True, kw_only=True):
    """A version, without its content; a write returns the one that now stands."""

    tenant_id: str
    domain: str
    config_type: str
    version: int
    revision: int
    digest: str
    created_at: datetime
    actor: str
    origin: str
    message: str
    deleted: bool = False


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of a tenant at one revision; of one revision it is always the same, to the byte.

    Attributes:
        layered: whether the layers below the tenant's documents are merged into them.
        base_revision: of those layers; 0 when there were none yet. None of a plain bundle, and of the tenant `_base`.
        digest: equal when, and only when, everything is.
        mapping_text: the tenant's part of the Chatwoot mapping, as JSON; None when it has none.
        stale_for: how long ago this was last known to be current; None while it is.
    """

    tenant_id: str
    revision: int
    digest: str
    documents: tuple[Document, ...]
    mapping_text: str | None
    layered: bool = False
    base_revision: int | None = None
    stale_for: timedelta | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change: of a document (`kind` document), or of the tenant's part of the mapping (`kind` mapping)."""

    revision: int
    kind: str
    domain: str | None
    config_type: str | None
    version: int
    digest: str
    deleted: bool
    actor: str
    origin: str
    created_at: datetime


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the feed. `revision` is where to go on (`since`); `more` whether there is more already."""

    tenant_id: str
    revision: int
    more: bool
    changes: tuple[Change, ...]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One difference between two versions of a document.

    Attributes:
        operation: added, removed, changed or moved (an item of a list that only changed its place).
        pointer: where it stands after (RFC 6901), or stood before when removed; `old_pointer` where that is another.
        old_text, new_text: the values as JSON; of a secret, its mask.
        secret: whether it is one; that a secret changed is told to those alone who may read it.
        whole: too large to be compared further; told as a whole.
    """

    operation: str
    pointer: str
    old_pointer: str | None = None
    old_text: str | None = None
    new_text: str | None = None
    secret: bool = False
    whole: bool = False


class Diff(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two versions; `from_version` is None where there was none before.

    Attributes:
        complete: false when parts were too large to be compared and are told as a whole.
        more: whether there are more changes than are listed.
    """

    tenant_id: str
    domain: str
    config_type: str
    from_version: int | None
    to_version: int | None
    complete: bool
    more: bool
    changes: tuple[Difference, ...]


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers a conversation: `rule` is special_number, inbox, account or fallback."""

    tenant_id: str
    domain: str
    crew: str | None
    rule: str
    stale_for: timedelta | None = None


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """A secret in clear; printing it does not show it. `value` has the type that was written, numbers to the digit."""

    tenant_id: str
    domain: str
    name: str
    version: int
    value: str | int | float | Decimal | bool | None

    def __repr__(self) -> str:
        return f"Secret({self.tenant_id}/{self.domain}/{self.name}, version {self.version}, ***)"


ABSENT: Literal["absent"] = "absent"
Expected: TypeAlias = Document | HistoryItem | Literal["absent"] | None
"""What must stand for a write to happen: what was read, nothing at all (`ABSENT`), or anything (None)."""

Patch: TypeAlias = Mapping[str, object]
"""JSON Merge Patch (RFC 7396): null removes a key, objects merge, all else replaces."""


class ConfigReader(Protocol):
    """Read what stands, what stood, and what changed."""

    async def get(self, tenant: str, domain: str, config_type: str) -> Document:
        """Read a document. Raises `NotFound`."""
        ...

    async def heads(self, tenant: str, domain: str | None = None) -> tuple[Head, ...]:
        """List a tenant's documents, in order of domain and type. An unknown tenant has none."""
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
        self, tenant: str, domain: str, config_type: str, *, before: int | None = None, limit: int = 100
    ) -> tuple[HistoryItem, ...]:
        """List versions, newest first, below version `before`. An unknown document has none."""
        ...

    async def diff(
        self, tenant: str, domain: str, config_type: str, from_version: int | None = None, to_version: int | None = None
    ) -> Diff:
        """Compare two versions: by default the one that stands with the one before it. Raises `NotFound`."""
        ...

    async def changes(self, tenant: str, since: int = 0, *, wait: float = 0.0, limit: int = 500) -> Changes:
        """Read what changed after revision `since`, in order of commit; wait up to `wait` seconds for the next."""
        ...


class ConfigWriter(Protocol):
    """Change what stands. Each write may bear an `idempotency_key`: repeated with it, it happens once."""

    async def put(
        self, tenant: str, domain: str, config_type: str, content: str | Mapping[str, object], *,
        expected: Expected = None, idempotency_key: str | None = None,
    ) -> HistoryItem:  # fmt: skip
        """Replace a document: YAML text, kept to the byte, or a mapping, sent as JSON. Raises `Conflict`, `Invalid`."""
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
