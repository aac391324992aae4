"""Lists of tenants, deliveries, values, schemas and days, read from JSON."""

from datetime import datetime

import msgspec

from sprintia_config_client.contract import (
    ActivityDay,
    Changes,
    Delivery,
    DocumentSchema,
    Hits,
    ImportReport,
    RemovedVersions,
    TenantDetail,
    TenantOverview,
    TenantPage,
    TenantValue,
    ValuesPage,
)
from sprintia_config_client.wire.records import read_record, text_of


class _Value(msgspec.Struct):
    tenant_id: str
    domain: str
    config_type: str
    version: int
    updated_at: datetime
    value: msgspec.Raw


class _Values(msgspec.Struct):
    items: list[_Value]
    next: str | None = None


class _Days(msgspec.Struct):
    days: tuple[ActivityDay, ...]


class _Schema(msgspec.Struct, rename={"text": "schema"}):
    config_type: str
    version: int
    mode: str
    created_at: datetime
    actor: str
    message: str
    text: msgspec.Raw


def read_changes(body: bytes) -> Changes:
    return read_record(body, Changes)


def read_removed(body: bytes) -> tuple[RemovedVersions, ...]:
    return read_record(body, tuple[RemovedVersions, ...])


def read_tenants(body: bytes, limit: int) -> TenantPage:
    """Read the answer of `/config/tenants`, of which one more than `limit` was asked for, to know if there are more."""
    found = read_record(body, tuple[TenantOverview, ...])
    shown = found[:limit]
    return TenantPage(tenants=shown, next=shown[-1].tenant_id if len(found) > limit else None)


def read_tenant(body: bytes) -> TenantDetail:
    return read_record(body, TenantDetail)


def read_hits(body: bytes) -> Hits:
    return read_record(body, Hits)


def read_import(body: bytes) -> ImportReport:
    return read_record(body, ImportReport)


def read_values(body: bytes) -> ValuesPage:
    """Read the answer of `/config/values`."""
    given = read_record(body, _Values)
    return ValuesPage(items=tuple(_value(item) for item in given.items), next=given.next)


def _value(given: _Value) -> TenantValue:
    return TenantValue(
        tenant_id=given.tenant_id, domain=given.domain, config_type=given.config_type, version=given.version,
        updated_at=given.updated_at, value_text=text_of(given.value),
    )  # fmt: skip


def read_activity(body: bytes) -> tuple[ActivityDay, ...]:
    return read_record(body, _Days).days


def read_deliveries(body: bytes) -> tuple[Delivery, ...]:
    return read_record(body, tuple[Delivery, ...])


def read_delivery(body: bytes) -> Delivery:
    return read_record(body, Delivery)


def read_schemas(body: bytes) -> tuple[DocumentSchema, ...]:
    return tuple(_schema(given) for given in read_record(body, list[_Schema]))


def read_schema(body: bytes) -> DocumentSchema:
    return _schema(read_record(body, _Schema))


def _schema(given: _Schema) -> DocumentSchema:
    return DocumentSchema(
        config_type=given.config_type, version=given.version, mode=given.mode, created_at=given.created_at,
        actor=given.actor, message=given.message, schema_text=text_of(given.text),
    )  # fmt: skip
