"""Documents as they stand or stood: one, all of a tenant, the text of a version, one secret."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

from sprintia_config_client.contract.history import HistoryItem
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
        return _object(self.json_text)


class StoredVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a document, whole: who wrote it, and what, as text and as JSON.

    Attributes:
        revision: the tenant's revision that made this version.
        digest: tells contents apart; SHA-256 of the text, keyed where the text holds secrets.
        created_at: when it was written; `updated_at` is the same, because a version never changes.
        text: exactly what was received. Without `secrets:read`, a document with secrets is written anew with masks.
        json_text: the JSON view, as `Document.json_text`; secrets in clear for who may read them.
        deleted: whether it is a deletion; such a version cannot be read whole, so this is false.
    """

    tenant_id: str
    domain: str
    config_type: str
    version: int
    revision: int
    digest: str
    created_at: datetime
    updated_at: datetime
    actor: str
    origin: str
    message: str
    text: str
    json_text: str
    deleted: bool = False

    @property
    def data(self) -> dict[str, JsonValue]:
        """The content, made anew at each call, with exact numbers, as `Document.data`."""
        return _object(self.json_text)


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a tenant's list.

    Attributes:
        size: bytes of its text; None, like what follows, when details were not asked for.
        actor: who made the version, by the way that `origin` names.
        deleted: whether that version is a deletion: such a document is listed with details alone.
    """

    tenant_id: str
    domain: str
    config_type: str
    version: int
    created_at: datetime
    updated_at: datetime
    size: int | None = None
    actor: str | None = None
    origin: str | None = None
    deleted: bool | None = None


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
Expected: TypeAlias = Document | StoredVersion | HistoryItem | Literal["absent"] | None
"""What must stand for a write to happen: what was read, nothing at all (`ABSENT`), or anything (None)."""

Patch: TypeAlias = Mapping[str, object]
"""JSON Merge Patch (RFC 7396): null removes a key, objects merge, all else replaces."""


def _object(json_text: str) -> dict[str, JsonValue]:
    value = read_json(json_text)
    return value if isinstance(value, dict) else {"data": value}
