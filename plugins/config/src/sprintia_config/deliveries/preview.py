"""What a replay would change, for the person who decides: documents and mapping before and after, secrets masked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from sprintia_config.comparison.answers import PathChange, path_change
from sprintia_config.comparison.path_diff import Diff, diff
from sprintia_config.comparison.service import Sides
from sprintia_config.comparison.views import read_fingerprints
from sprintia_config.contents.content import read_view
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.deliveries.works import Work
from sprintia_config.documents.versions import Version, standing
from sprintia_config.mapping import store
from sprintia_config.mapping.slices import Slice
from sprintia_config.mapping.store import MappingVersion
from sprintia_config.writing import Change
from sprintia_platform.content.values import Json

MOST_CHANGES: Final = 1000


class PlacedChange(PathChange, frozen=True, kw_only=True):
    """A change of one path; `domain` and `config_type` say of which document, both are null for the mapping."""

    domain: str | None
    config_type: str | None


@dataclass(frozen=True, slots=True)
class State:
    """What stands of all that a delivery is about."""

    documents: dict[DocumentKey, Version | None]
    mapping: MappingVersion | None

    @property
    def version(self) -> int | None:
        """Of the main document, or of the tenant's part of the mapping."""
        if not self.documents:
            return self.mapping.version if self.mapping else None
        head = next(iter(self.documents.values()))
        return head.version if head else None


@dataclass(frozen=True, slots=True)
class Preview:
    """Both states of a replay that was undone, to be compared when nobody waits for its locks any more.

    Attributes:
        clear: whether the caller may see secrets; others are not told whether one is the same.
    """

    before: State
    after: State
    sides: Sequence[Sides]
    clear: bool

    def changes(self) -> list[PlacedChange]:
        """Path by path; the work of a thread."""
        found: list[PlacedChange] = []
        for sides in self.sides:
            found += _placed(sides.paths(), sides.key)
        if not self.after.documents:
            found += _placed(diff(_slice(self.before.mapping), _slice(self.after.mapping)), None)
        return found[:MOST_CHANGES]

    def could_tell(self, changes: Sequence[PlacedChange]) -> bool:
        """Whether "it changes something" or "it does not" would tell if a secret that was sent is the one that stands.

        Whoever sent the delivery could guess so, without the right to see secrets.
        """
        hidden = any(version is not None and version.has_secrets for version in self.before.documents.values())
        return hidden and not self.clear and not changes

    def main_could_tell(self, changes: Sequence[PlacedChange]) -> bool:
        """The same for the number of the main document's version."""
        if not self.before.documents or self.clear:
            return False
        key, version = next(iter(self.before.documents.items()))
        seen = any((change.domain, change.config_type) == key[1:] for change in changes)
        return version is not None and version.has_secrets and not seen


async def state_of(change: Change, work: Work) -> State:
    """Read what stands now, within the change."""
    if not work.documents:
        return State({}, await store.standing(change))
    return State({key: await standing(change, key) for key in work.documents}, None)


async def preview_of(change: Change, before: State, after: State, *, clear: bool) -> Preview:
    """Gather what the comparison needs, within the change."""
    sides = []
    for key, old in before.documents.items():
        new, prints = after.documents[key], {}
        if clear and old is not None and new is not None and old.has_secrets and new.has_secrets:
            prints = await read_fingerprints(change.connection, key, [old, new])
        sides.append(Sides(key=key, source=old, target=new, fingerprints=prints, revision=change.revision))
    return Preview(before, after, sides, clear)


def _placed(found: Diff, key: DocumentKey | None) -> list[PlacedChange]:
    domain, config_type = (key.domain, key.config_type) if key else (None, None)
    return [
        PlacedChange(domain=domain, config_type=config_type, **msgspec.structs.asdict(path_change(change)))
        for change in found.changes[:MOST_CHANGES]
    ]


def _slice(version: MappingVersion | None) -> Json:
    return read_view(version.slice if version else Slice().to_text())
