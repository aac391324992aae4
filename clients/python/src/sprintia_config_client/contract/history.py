"""What happened: the versions of a document, the feed of a tenant, and how busy its days were."""

from collections.abc import Mapping
from datetime import date, datetime

import msgspec


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many paths differ, by what became of them; `moved` are items of lists that only changed their place."""

    added: int = 0
    removed: int = 0
    changed: int = 0
    moved: int = 0


class HistoryItem(msgspec.Struct, frozen=True, kw_only=True):
    """A version, without its content; a write returns the one that now stands.

    Attributes:
        counts: what it changed against the version before, where this was asked for and there was time to count.
    """

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
    counts: Counts | None = None


class RemovedVersions(msgspec.Struct, frozen=True, kw_only=True):
    """Versions in a row that retention removed: the first and the last, and when the first and the last removal was."""

    first: int
    last: int
    first_removed_at: datetime
    last_removed_at: datetime


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


class ActivityDay(msgspec.Struct, frozen=True, kw_only=True):
    """A day on which something of a tenant changed, in the time zone that was asked for.

    Attributes:
        changes: how many.
        by_origin: the same by where they came from (`api`, `webhook`, `rollback`, …).
    """

    day: date
    changes: int
    by_origin: Mapping[str, int] = {}
