"""Documents, bundles, secrets and what a write answers, read from JSON."""

from datetime import datetime

import msgspec

from sprintia_config_client.contract import Bundle, Document, Head, HistoryItem, Layer, Secret, StoredVersion
from sprintia_config_client.exact import read_json
from sprintia_config_client.wire.records import read_record


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


class _Full(msgspec.Struct):
    tenant_id: str
    domain: str
    config_type: str
    version: int
    revision: int
    digest: str
    yaml_content: str
    json_data: msgspec.Raw
    created_at: datetime
    updated_at: datetime
    actor: str
    origin: str
    message: str


class _Text(msgspec.Struct):
    yaml_content: str


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


def read_document(body: bytes) -> Document:
    """Read a whole version as a document; masked, when it was asked for so."""
    given = read_record(body, _Full)
    return Document(
        tenant_id=given.tenant_id, domain=given.domain, config_type=given.config_type, version=given.version,
        revision=given.revision, digest=given.digest, created_at=given.created_at,
        json_text=bytes(given.json_data).decode(),
    )  # fmt: skip


def read_version(body: bytes) -> StoredVersion:
    """Read a whole version."""
    given = read_record(body, _Full)
    return StoredVersion(
        tenant_id=given.tenant_id, domain=given.domain, config_type=given.config_type, version=given.version,
        revision=given.revision, digest=given.digest, created_at=given.created_at, updated_at=given.updated_at,
        actor=given.actor, origin=given.origin, message=given.message, text=given.yaml_content,
        json_text=bytes(given.json_data).decode(),
    )  # fmt: skip


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
