"""Tenants at a glance, and what two sides hold of one."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import asyncpg
import msgspec

from sprintia_config.contents.patterns import holding
from sprintia_config.documents.representation import moment
from sprintia_config.documents.versions import Version
from sprintia_platform.database.connections import Connection

# What people change on pages says nothing of whether senders deliver: it is no delivery here.
# The page of tenants is chosen before anything else of them is read: the planner takes row-level security for more
# selective than it is, would read all of it for every tenant, and sort then.
_OVERVIEW = """
    SELECT t.tenant_id, t.revision, t.created_at, documents.count AS documents, documents.changed_at,
        delivery.received_at AS delivered_at, delivery.outcome AS delivery_outcome
    FROM (
        SELECT tenant_id, revision, created_at FROM config.tenant WHERE {conditions} ORDER BY tenant_id LIMIT {limit}
    ) t
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE NOT v.deleted) AS count, max(v.created_at) AS changed_at
        FROM config.document d JOIN config.document_version v USING (tenant_id, domain, config_type, version)
        WHERE d.tenant_id = t.tenant_id
    ) documents
    LEFT JOIN LATERAL (
        SELECT received_at, outcome FROM config.delivery WHERE tenant_id = t.tenant_id AND person IS NULL
        ORDER BY id DESC LIMIT 1
    ) delivery ON true
    ORDER BY t.tenant_id
"""

_MOST_SOURCES = 100
_MOST_STEPS = 5 * _MOST_SOURCES  # a source has five outcomes at most
# From one source and outcome to the one before by the index, however many deliveries there are of each; backwards, so
# that the last one made is met first. ORDER BY names all columns, or PostgreSQL may choose to walk through
# all deliveries instead; CASE and not coalesce(), see migration 0009. What people wrote is stepped over: it is little.
_EVENT = "CASE WHEN event IS NULL THEN '' ELSE event END"
_SOURCES = f"""
    WITH RECURSIVE latest AS (
        (SELECT sender, route, {_EVENT} AS event, outcome, id, received_at FROM config.delivery
        WHERE tenant_id = $1 AND person IS NULL
        ORDER BY sender DESC, route DESC, {_EVENT} DESC, outcome DESC, id DESC LIMIT 1)
        UNION ALL
        SELECT earlier.* FROM latest CROSS JOIN LATERAL (
            SELECT sender, route, {_EVENT} AS event, outcome, id, received_at FROM config.delivery
            WHERE tenant_id = $1 AND person IS NULL
            AND (sender, route, {_EVENT}, outcome) < (latest.sender, latest.route, latest.event, latest.outcome)
            ORDER BY sender DESC, route DESC, {_EVENT} DESC, outcome DESC, id DESC LIMIT 1
        ) earlier
    )
    SELECT sender, route, nullif(event, '') AS event, (array_agg(received_at ORDER BY id DESC))[1] AS last_at,
        (array_agg(outcome ORDER BY id DESC))[1] AS last_outcome,
        (array_agg(received_at ORDER BY id DESC) FILTER (WHERE outcome IN ('applied', 'identical')))[1]
            AS last_applied_at
    FROM (SELECT * FROM latest LIMIT $2) latest
    GROUP BY latest.sender, latest.route, latest.event
    ORDER BY latest.sender, latest.route, latest.event LIMIT $3
"""


class TenantOverview(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant at a glance: how much it holds, and how fresh that is.

    Attributes:
        documents: how many stand.
        changed_at: when a document last changed; null before the first.
        delivered_at, delivery_outcome: the last delivery, also when it was refused.
    """

    tenant_id: str
    revision: int
    created_at: str
    documents: int
    changed_at: str | None
    delivered_at: str | None
    delivery_outcome: str | None


class DeliverySource(msgspec.Struct, frozen=True, kw_only=True):
    """Who delivers what to a tenant, and whether that still works.

    Attributes:
        sender: the id of the key that it comes with.
        event: of a webhook; null of another route.
        last_at, last_outcome: of the last delivery, also when it was refused.
        last_applied_at: when one was last applied, or found to stand already; null when never.
    """

    sender: str
    route: str
    event: str | None
    last_at: str
    last_outcome: str
    last_applied_at: str | None


class TenantDetail(TenantOverview, frozen=True, kw_only=True):
    """A tenant at a glance, and who delivers to it."""

    sources: list[DeliverySource]


class HeldDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the other side holds of a document: the SHA-256 of the text (hex), or the version that it got."""

    domain: str
    config_type: str
    digest: str | None = None
    version: int | None = None


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A document on which the two sides differ; what stands here, null where nothing does."""

    domain: str
    config_type: str
    version: int | None
    digest: str | None


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """The highest number that was taken of a sender in a stream: of an event and what it is about, or of a document."""

    stream: str
    sequence: int


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """How what is held there compares with what stands here.

    Attributes:
        equal: how many documents are the same on both sides.
        stale: held there with another content than stands here.
        missing: stands here and is not held there.
        unknown: held there and does not stand here.
        mapping_version: of the tenant's part of the mapping; 0 before the first.
        streams: within which the caller's key numbered what it sent.
    """

    tenant_id: str
    revision: int
    equal: int
    stale: list[Difference]
    missing: list[Difference]
    unknown: list[Difference]
    mapping_version: int
    streams: list[Stream]


async def overviews(
    connection: Connection, *, tenant_id: str | None = None, text: str = "", after: str | None = None, limit: int = 1
) -> list[TenantOverview]:
    """List tenants in order of id, those after `after` and with `text` in their id, whatever its case."""
    values: list[object] = []
    conditions = ["true"]
    for condition, value in (
        ("tenant_id = {}", tenant_id), ("tenant_id > {}", after),
        ("tenant_id ILIKE {}", holding(text) if text else None),
    ):  # fmt: skip
        if value is not None:
            values.append(value)
            conditions.append(condition.format(f"${len(values)}"))
    statement = _OVERVIEW.format(conditions=" AND ".join(conditions), limit=f"${len(values) + 1}")
    rows = await connection.fetch(statement, *values, limit)
    return [msgspec.convert(_with_moments(row), TenantOverview) for row in rows]


async def detail(connection: Connection, tenant_id: str) -> TenantDetail | None:
    """One tenant at a glance, with who delivers to it; None when there is none."""
    found = await overviews(connection, tenant_id=tenant_id)
    if not found:
        return None
    rows = await connection.fetch(_SOURCES, tenant_id, _MOST_STEPS, _MOST_SOURCES)
    sources = [msgspec.convert(_with_moments(row), DeliverySource) for row in rows]
    return TenantDetail(**msgspec.structs.asdict(found[0]), sources=sources)


def _with_moments(row: asyncpg.Record) -> dict[str, object]:
    return {name: moment(value) if isinstance(value, datetime) else value for name, value in row.items()}


async def streams_of(connection: Connection, tenant_id: str, sender: str) -> list[Stream]:
    """What a key numbered for a tenant, and how far it came."""
    rows = await connection.fetch(
        "SELECT stream, sequence FROM config.delivery_sequence WHERE tenant_id = $1 AND sender = $2 ORDER BY stream",
        tenant_id, sender,
    )  # fmt: skip
    return [Stream(**dict(row.items())) for row in rows]


def reconcile(
    tenant_id: str, revision: int, standing: Iterable[Version], held: Iterable[HeldDocument], *,
    mapping_version: int = 0, streams: Sequence[Stream] = (),
) -> Reconciliation:  # fmt: skip
    """Compare what stands with what somebody holds. A digest is compared where there is one, else the version.

    The digest of a document with secrets is keyed: only its version can be compared from outside.
    """
    here = {(version.domain, version.config_type): version for version in standing}
    there = {(document.domain, document.config_type): document for document in held}
    stale, equal = [], 0
    for place in sorted(here.keys() & there.keys()):
        if _is_equal(here[place], there[place]):
            equal += 1
        else:
            stale.append(_difference(*place, here[place]))
    return Reconciliation(
        tenant_id=tenant_id,
        revision=revision,
        equal=equal,
        stale=stale,
        missing=[_difference(*place, here[place]) for place in sorted(here.keys() - there.keys())],
        unknown=[_difference(*place, None) for place in sorted(there.keys() - here.keys())],
        mapping_version=mapping_version,
        streams=list(streams),
    )


def _is_equal(version: Version, held: HeldDocument) -> bool:
    if held.digest is not None and not version.has_secrets:
        return held.digest == version.digest
    return held.version == version.version


def _difference(domain: str, config_type: str, version: Version | None) -> Difference:
    return Difference(
        domain=domain,
        config_type=config_type,
        version=version.version if version else None,
        digest=version.digest if version else None,
    )
