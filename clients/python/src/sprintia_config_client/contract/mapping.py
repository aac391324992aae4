"""The Chatwoot mapping: who answers, and how a tenant's part of it came to be."""

from datetime import datetime, timedelta

import msgspec


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers a conversation: `rule` is special_number, inbox, account or fallback."""

    tenant_id: str
    domain: str
    crew: str | None
    rule: str
    stale_for: timedelta | None = None


class MappingVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a tenant's part of the mapping.

    Attributes:
        id: where the list goes on (`before`); `version` counts within the tenant.
        mapping_text: the part, as JSON in the form of the whole mapping.
    """

    id: int
    tenant_id: str
    version: int
    revision: int
    digest: str
    mapping_text: str
    created_at: datetime
    actor: str
    origin: str
    message: str
