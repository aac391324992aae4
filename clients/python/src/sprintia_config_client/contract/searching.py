"""Finding documents by what they hold, and one value in all of them."""

from datetime import datetime

import msgspec


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a document.

    Attributes:
        pointer: where (RFC 6901).
        found_in: path, value or secret_name.
        snippet: the value there, or the part of it that holds what was looked for; empty of a secret and of a branch.
    """

    pointer: str
    found_in: str
    snippet: str = ""


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A document that holds what was looked for.

    Attributes:
        in_ids: whether tenant, domain or type hold it.
        matches: where it stands in the document, the first places.
        more_matches: whether there are more than are listed.
    """

    tenant_id: str
    domain: str
    config_type: str
    version: int
    updated_at: datetime
    in_ids: bool
    matches: tuple[Match, ...]
    more_matches: bool = False


class Hits(msgspec.Struct, frozen=True, kw_only=True):
    """A page of hits, in order of tenant, domain and type; `next`, when not None, is the `after` of the next page."""

    hits: tuple[Hit, ...]
    next: str | None = None


class TenantValue(msgspec.Struct, frozen=True, kw_only=True):
    """What stands at one pointer of one document; `value_text` is it as JSON, secrets masked."""

    tenant_id: str
    domain: str
    config_type: str
    version: int
    updated_at: datetime
    value_text: str


class ValuesPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of values, in order of tenant, domain and type; `next`, when not None, is the `after` of the next page."""

    items: tuple[TenantValue, ...]
    next: str | None = None
