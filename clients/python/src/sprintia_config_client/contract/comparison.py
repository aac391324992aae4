"""What differs, since when a value stands, and what a write would change."""

from datetime import datetime

import msgspec

from sprintia_config_client.contract.history import Counts
from sprintia_config_client.errors import Fault


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One difference between two versions of a document.

    Attributes:
        operation: added, removed, changed or moved (an item of a list that only changed its place).
        pointer: where it stands after (RFC 6901), or stood before when removed; `old_pointer` where that is another.
        old_text, new_text: the values as JSON; of a secret, its mask.
        secret: whether it is one; that a secret changed is told to those alone who may read it.
        whole: too large to be compared further; told as a whole.
    """

    operation: str
    pointer: str
    old_pointer: str | None = None
    old_text: str | None = None
    new_text: str | None = None
    secret: bool = False
    whole: bool = False


class PlacedDifference(Difference, frozen=True, kw_only=True):
    """A difference in one of several documents; `domain` and `config_type` are None in the tenant's mapping."""

    domain: str | None = None
    config_type: str | None = None


class Diff(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two versions; `from_version` is None where there was none before.

    Attributes:
        complete: false when parts were too large to be compared and are told as a whole.
        more: whether there are more changes than are listed.
    """

    tenant_id: str
    domain: str
    config_type: str
    from_version: int | None
    to_version: int | None
    complete: bool
    more: bool
    changes: tuple[Difference, ...]


class TextDiff(msgspec.Struct, frozen=True, kw_only=True):
    """The same as a unified diff of the texts, secrets masked; `complete` is false when it is too large to be exact."""

    text: str
    complete: bool


class BlamedPath(msgspec.Struct, frozen=True, kw_only=True):
    """Since when a value stands: the version that last set it. All None: it is older than what was read."""

    pointer: str
    secret: bool
    version: int | None = None
    revision: int | None = None
    created_at: datetime | None = None
    actor: str | None = None
    origin: str | None = None


class Blame(msgspec.Struct, frozen=True, kw_only=True):
    """Who set what.

    Attributes:
        version: whose values these are.
        oldest_version_read: how far back it was looked.
        complete: false when some values are older than that, or not all paths are listed.
        secrets_compared: whether the age of a secret is that of its value; otherwise of when it was first set.
    """

    version: int
    oldest_version_read: int
    complete: bool
    secrets_compared: bool
    paths: tuple[BlamedPath, ...]


class Validation(msgspec.Struct, frozen=True, kw_only=True):
    """What a write would do; nothing was written.

    Attributes:
        valid: whether it would be written, or stands already.
        result: created, changed, identical, quarantined, refused; or unknown: changed or identical, which only those
            with `secrets:read` are told where it would tell whether a guess of a secret is right.
        version: that would stand then; None where nothing would be written, or it cannot be told.
        current_version: that stands now.
        errors: what it would be refused or set aside for.
        warnings: what a schema finds that only warns.
        complete, counts, more, changes: what would differ from what stands, as in `Diff`.
    """

    valid: bool
    result: str
    version: int | None
    current_version: int | None
    errors: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    complete: bool
    counts: Counts
    more: bool
    changes: tuple[Difference, ...]
