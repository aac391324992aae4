"""What a comparison with the service means for a document: nothing, send it again, or ask a person."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple


class Verdict(Enum):
    """What is to be done.

    Attributes:
        equal: nothing, both sides agree.
        lost: the service does not have what it acknowledged: its backup was restored. Send it again.
        changed: the service has what we sent, and somebody changed it there later. Leave it, and say so.
        newer: the service took later numbers than we know: our backup was restored. A person decides.
    """

    equal = "equal"
    lost = "lost"
    changed = "changed"
    newer = "newer"


class Held(NamedTuple):
    """What is remembered of a document.

    Attributes:
        stream: within which its numbers count.
        revision: the last number that was queued.
        sent: the last number that the service acknowledged.
        places: `{domain, config_type, version, shared}` or `{mapping, version}` of each part, as acknowledged.
        deleted: whether that was a deletion.
    """

    stream: str
    revision: int
    sent: int
    places: Sequence[Mapping[str, Any]]
    deleted: bool = False


class Told(NamedTuple):
    """What the service says of a tenant.

    Attributes:
        sequences: stream to the last number that was taken from this key.
        versions: `(domain, config_type)` to the version that stands; absent: none does.
        mapping_version: of the tenant's part of the mapping, 0 when there is none.
    """

    sequences: Mapping[str, int]
    versions: Mapping[tuple[str, str], int]
    mapping_version: int


def verdict(held: Held, told: Told) -> tuple[Verdict, int]:
    """Judge one document.

    Returns:
        The verdict, and the service's number (0 when it knows none).
    """
    theirs = told.sequences.get(held.stream)
    if theirs is not None and theirs > held.revision:
        return Verdict.newer, theirs
    if theirs is not None and theirs < held.sent:
        return Verdict.lost, theirs
    differences = [_difference(place, told, deleted=held.deleted) for place in held.places]
    if theirs is None:
        # A key that never sent in this stream: a new key, or a service that forgot. Its versions tell which.
        return (Verdict.lost if min(differences, default=0) < 0 else Verdict.equal), 0
    return (Verdict.changed if any(differences) else Verdict.equal), theirs


def _difference(place: Mapping[str, Any], told: Told, *, deleted: bool) -> int:
    """Below 0: the service has less than it acknowledged; above 0: more."""
    if place.get("mapping"):
        standing = told.mapping_version
    else:
        found = told.versions.get((place["domain"], place["config_type"]))
        if found is None:
            return 0 if deleted else -1
        standing = found
    acknowledged = place.get("version") or 0
    difference = (standing > acknowledged) - (standing < acknowledged)
    # That others wrote to what is theirs, too, is no change of ours.
    return min(difference, 0) if place.get("shared") else difference
