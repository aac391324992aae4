"""The service's JSON answers, read into the contract's records.

What an answer holds beyond the contract is ignored, so that an older client reads a newer service.
"""

from datetime import datetime
from typing import Any, TypeVar

import msgspec

from sprintia_config_client.contract import (
    Bundle,
    Changes,
    Diff,
    Difference,
    Document,
    Head,
    HistoryItem,
    Layer,
    Resolution,
    Secret,
)
from sprintia_config_client.exact import JsonValue, read_json

RecordT = TypeVar("RecordT")


class _BundleDocument(msgspec.Struct):
    domain: str
    config_type: str
    version: int
    revision: int
    digest: str
    created_at: datetime
    json_data: msgspec.Raw
    layers: tuple[Layer, ...] = ()
    origins: dict[str, Layer] | None = None


class _Bundle(msgspec.Struct):
    tenant_id: str
    revision: int
    digest: str
    documents: list[_BundleDocument]
    mapping: msgspec.Raw
    base_revision: int | msgspec.UnsetType | None = msgspec.UNSET


class _Secret(msgspec.Struct):
    tenant_id: str
    domain: str
    name: str
    version: int
    value: msgspec.Raw


class _Side(msgspec.Struct):
    version: int


class _Difference(msgspec.Struct):
    operation: str
    pointer: str
    old_pointer: str | None = None
    old: msgspec.Raw = msgspec.Raw()
    new: msgspec.Raw = msgspec.Raw()
    secret: bool = False
    whole: bool = False


class _Diff(msgspec.Struct, rename={"source": "from", "target": "to"}):
    tenant_id: str
    domain: str
    config_type: str
    source: _Side | None
    target: _Side | None
    complete: bool
    more: bool
    changes: list[_Difference]


class _Text(msgspec.Struct):
    yaml_content: str


def read_record(body: bytes, record: type[RecordT]) -> RecordT:
    """Read an answer whose members are the record's.

    Raises:
        msgspec.DecodeError: it is something else.
    """
    return msgspec.json.decode(body, type=record)


def read_bundle(body: bytes) -> Bundle:
    """Read the answer of `/configs/{tenant}/bundle`.

    Raises:
        msgspec.DecodeError: it is something else.
    """
    given = read_record(body, _Bundle)
    mapping = bytes(given.mapping).decode()
    return Bundle(
        tenant_id=given.tenant_id, revision=given.revision, digest=given.digest,
        mapping_text=None if mapping == "null" else mapping, layered=given.base_revision is not msgspec.UNSET,
        base_revision=None if given.base_revision is msgspec.UNSET else given.base_revision,
        documents=tuple(_document(given.tenant_id, document) for document in given.documents),
    )  # fmt: skip


def _document(tenant_id: str, given: _BundleDocument) -> Document:
    return Document(
        tenant_id=tenant_id, domain=given.domain, config_type=given.config_type, version=given.version,
        revision=given.revision, digest=given.digest, created_at=given.created_at,
        json_text=bytes(given.json_data).decode(), layers=given.layers, origins=given.origins,
    )  # fmt: skip


def read_heads(body: bytes) -> tuple[Head, ...]:
    return read_record(body, tuple[Head, ...])


def read_history(body: bytes) -> tuple[HistoryItem, ...]:
    return read_record(body, tuple[HistoryItem, ...])


def read_item(body: bytes) -> HistoryItem:
    """Read what a write answers: a whole version, or a line of history."""
    return read_record(body, HistoryItem)


def read_text(body: bytes) -> str:
    """The text of a whole version."""
    return read_record(body, _Text).yaml_content


def read_diff(body: bytes) -> Diff:
    """Read the answer of `.../diff`.

    Raises:
        msgspec.DecodeError: it is something else.
    """
    given = read_record(body, _Diff)
    return Diff(
        tenant_id=given.tenant_id, domain=given.domain, config_type=given.config_type,
        from_version=given.source.version if given.source else None,
        to_version=given.target.version if given.target else None, complete=given.complete, more=given.more,
        changes=tuple(_difference(change) for change in given.changes),
    )  # fmt: skip


def _difference(given: _Difference) -> Difference:
    return Difference(
        operation=given.operation, pointer=given.pointer, old_pointer=given.old_pointer, secret=given.secret,
        whole=given.whole, old_text=bytes(given.old).decode() or None, new_text=bytes(given.new).decode() or None,
    )  # fmt: skip


def read_changes(body: bytes) -> Changes:
    return read_record(body, Changes)


def read_resolution(body: bytes) -> Resolution:
    return read_record(body, Resolution)


def read_secret(body: bytes) -> Secret:
    """Read the answer of `/config/secrets/{tenant}/{name}`.

    Raises:
        ValueError: it is something else.
    """
    given = read_record(body, _Secret)
    value = read_json(bytes(given.value))
    if isinstance(value, dict | list):
        raise ValueError("a secret is one value")  # noqa: TRY004 - a fault of the answer, not of our caller
    return Secret(tenant_id=given.tenant_id, domain=given.domain, name=given.name, version=given.version, value=value)


def read_mapping(body: bytes) -> dict[str, JsonValue]:
    """Read the bare mapping.

    Raises:
        ValueError: it is no object.
    """
    value: Any = read_json(body)
    if not isinstance(value, dict):
        raise ValueError("the mapping is no object")  # noqa: TRY004 - a fault of the answer, not of our caller
    return value
