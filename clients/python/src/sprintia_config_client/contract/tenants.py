"""Tenants at a glance."""

from datetime import datetime

import msgspec


class TenantOverview(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant: how much it holds, and how fresh that is.

    Attributes:
        revision: the tenant's counter of changes.
        documents: how many stand.
        changed_at: when one last changed; None before the first.
        delivered_at, delivery_outcome: of the last delivery, also when it was refused.
    """

    tenant_id: str
    revision: int
    created_at: datetime
    documents: int
    changed_at: datetime | None = None
    delivered_at: datetime | None = None
    delivery_outcome: str | None = None


class TenantPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of tenants, in order of id; `next`, when not None, is the `after` of the next page."""

    tenants: tuple[TenantOverview, ...]
    next: str | None = None


class DeliverySource(msgspec.Struct, frozen=True, kw_only=True):
    """Who delivers what to a tenant, and whether that still works.

    Attributes:
        sender: the id of the key that it comes with.
        event: of a webhook; None of another route.
        last_at, last_outcome: of the last delivery, also when it was refused.
        last_applied_at: when one was last applied, or found to stand already.
    """

    sender: str
    route: str
    event: str | None = None
    last_at: datetime
    last_outcome: str
    last_applied_at: datetime | None = None


class TenantDetail(TenantOverview, frozen=True, kw_only=True):
    """A tenant at a glance, with those who deliver to it."""

    sources: tuple[DeliverySource, ...] = ()
