"""The Chatwoot mapping, read from JSON."""

from datetime import datetime
from typing import Any

import msgspec

from sprintia_config_client.contract import MappingVersion, Resolution
from sprintia_config_client.exact import JsonValue, read_json
from sprintia_config_client.wire.records import read_record, text_of


class _MappingItem(msgspec.Struct):
    id: int
    tenant_id: str
    version: int
    revision: int
    digest: str
    mapping: msgspec.Raw
    created_at: datetime
    actor: str
    origin: str
    message: str


def read_resolution(body: bytes) -> Resolution:
    return read_record(body, Resolution)


def read_mapping_history(body: bytes) -> tuple[MappingVersion, ...]:
    """Read the answer of `/mapping/history`."""
    return tuple(
        MappingVersion(
            id=given.id, tenant_id=given.tenant_id, version=given.version, revision=given.revision,
            digest=given.digest, mapping_text=text_of(given.mapping), created_at=given.created_at, actor=given.actor,
            origin=given.origin, message=given.message,
        )
        for given in read_record(body, list[_MappingItem])
    )  # fmt: skip


def read_mapping(body: bytes) -> dict[str, JsonValue]:
    """Read the bare mapping.

    Raises:
        ValueError: it is no object.
    """
    value: Any = read_json(body)
    if not isinstance(value, dict):
        raise ValueError("the mapping is no object")  # noqa: TRY004 - a fault of the answer, not of our caller
    return value
