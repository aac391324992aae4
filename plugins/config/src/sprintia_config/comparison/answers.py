"""How answers show differences and ages. Values are views: a secret is its mask, on both sides."""

import msgspec

from sprintia_config.comparison.path_diff import Change, Diff, Operation
from sprintia_config.comparison.paths import Path
from sprintia_config.comparison.views import is_mask
from sprintia_config.documents.representation import moment
from sprintia_config.documents.versions import Version
from sprintia_platform.content.pointers import format_pointer
from sprintia_platform.content.values import Json, to_json


class VersionItem(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a comparison: a version, without its content."""

    tenant_id: str
    domain: str
    version: int
    revision: int
    deleted: bool
    created_at: str
    actor: str
    origin: str
    message: str


class PathChange(msgspec.Struct, frozen=True, kw_only=True):
    """One difference.

    Attributes:
        operation: added, removed, changed or moved (an item of a list that only changed its place).
        pointer: where it stands after (RFC 6901), or stood before when removed.
        old_pointer: where it stood before, when that is another place.
        old, new: the values; a secret's mask in the place of a secret.
        secret: whether it is one: old and new then look alike, because neither is shown.
        whole: too large to be compared further; told as a whole.
    """

    operation: Operation
    pointer: str
    old_pointer: str | msgspec.UnsetType = msgspec.UNSET
    old: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    new: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    secret: bool | msgspec.UnsetType = msgspec.UNSET
    whole: bool | msgspec.UnsetType = msgspec.UNSET


class DiffAnswer(msgspec.Struct, frozen=True, kw_only=True, rename={"source": "from", "target": "to"}):
    """What differs between two versions.

    Attributes:
        source, target: the sides, `from` and `to` in JSON; null where there is none.
        text_changed: whether the texts differ, be it in comments or order alone; null when they hold secrets.
        secrets_compared: whether changed secrets are among the changes: only for callers with `secrets:read`, and
            within one document.
        complete: false when parts were too large to be compared and are told as a whole.
        counts: changes by operation, of all of them.
        more: whether there are more changes than are listed.
    """

    tenant_id: str
    domain: str
    config_type: str
    source: VersionItem | None
    target: VersionItem | None
    text_changed: bool | None
    secrets_compared: bool
    complete: bool
    counts: dict[str, int]
    more: bool
    changes: list[PathChange]


class BlamedPath(msgspec.Struct, frozen=True, kw_only=True):
    """Since when a value stands: the version that last set it. All null: older than what was read."""

    pointer: str
    secret: bool
    version: int | None
    revision: int | None
    created_at: str | None
    actor: str | None
    origin: str | None


class BlameAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Who set what.

    Attributes:
        version: whose values these are.
        oldest_version_read: how far back it was looked.
        complete: false when the age of some values lies further back, or not all paths are listed.
        secrets_compared: whether a secret's version is that of its value; otherwise of when it was first set.
    """

    tenant_id: str
    domain: str
    config_type: str
    version: int
    oldest_version_read: int
    complete: bool
    secrets_compared: bool
    paths: list[BlamedPath]


def version_item(version: Version | None) -> VersionItem | None:
    if version is None:
        return None
    return VersionItem(
        tenant_id=version.tenant_id, domain=version.domain, version=version.version, revision=version.revision,
        deleted=version.deleted, created_at=moment(version.created_at), actor=version.actor, origin=version.origin,
        message=version.message,
    )  # fmt: skip


def counts(found: Diff) -> dict[str, int]:
    """How many changes there are of each kind."""
    counted = {"added": 0, "removed": 0, "changed": 0, "moved": 0}
    for change in found.changes:
        counted[change.operation] += 1
    return counted


def path_change(change: Change) -> PathChange:
    place = change.new_path if change.new_path is not None else change.old_path
    elsewhere = change.new_path is not None and change.old_path not in {None, change.new_path}
    is_secret = is_mask(change.old) or is_mask(change.new)
    return PathChange(
        operation=change.operation,
        pointer=format_pointer(place or ()),
        old_pointer=format_pointer(change.old_path or ()) if elsewhere else msgspec.UNSET,
        old=_raw(change.old) if change.operation in {"removed", "changed"} else msgspec.UNSET,
        new=_raw(change.new) if change.operation in {"added", "changed"} else msgspec.UNSET,
        secret=True if is_secret else msgspec.UNSET,
        whole=True if change.whole else msgspec.UNSET,
    )


def blamed_path(path: Path, *, secret: bool, version: Version | None) -> BlamedPath:
    return BlamedPath(
        pointer=format_pointer(path),
        secret=secret,
        version=version.version if version else None,
        revision=version.revision if version else None,
        created_at=moment(version.created_at) if version else None,
        actor=version.actor if version else None,
        origin=version.origin if version else None,
    )


def _raw(value: Json) -> msgspec.Raw:
    return msgspec.Raw(to_json(value).encode())
