"""What the composer keeps of a YAML document while it reads: open nodes, and complete ones that aliases can repeat."""

from dataclasses import dataclass
from typing import Final

import yaml

from sprintia_platform.content.values import Json

NULL_WORDS: Final = frozenset(("", "~", "null", "Null", "NULL"))


@dataclass(slots=True)
class Frame:
    """A mapping or list that is still open."""

    value: dict[str, Json] | list[Json]
    anchor: str | None
    # The counters as they were at the start: what is added until the end is what an alias of this node costs.
    values_before: int
    characters_before: int
    # Of the deepest child: 0 for scalars, 1 for a flat mapping, …
    child_height: int = 0
    # In a mapping: the key whose value comes next, or None when a key comes next.
    key: str | None = None
    # In a mapping: what `<<` merges, or None; and whether the value that comes next is that of `<<`.
    merged: list[dict[str, Json]] | None = None
    is_merging: bool = False

    def awaits_key(self) -> bool:
        return isinstance(self.value, dict) and self.key is None and not self.is_merging

    def add(self, value: Json, height: int) -> None:
        """Put a complete child into the list, or into the mapping under the key that awaits it."""
        self.child_height = max(self.child_height, height)
        if isinstance(self.value, list):
            self.value.append(value)
        elif self.key is not None:
            self.value[self.key] = value
            self.key = None

    def merge(self, mappings: list[dict[str, Json]], child_height: int) -> None:
        """Keep what `<<` merges until the mapping ends."""
        self.merged = mappings
        self.is_merging = False
        self.child_height = max(self.child_height, child_height)

    def complete(self) -> dict[str, Json] | list[Json]:
        """Return the value once all children are there, with what `<<` merges.

        As PyYAML has it: merged keys come first, the first mapping that has a key wins, and a key that is written in
        the mapping itself beats them all.
        """
        if self.merged is None or isinstance(self.value, list):
            return self.value
        value: dict[str, Json] = {}
        for mapping in self.merged:
            for key, member in mapping.items():
                value.setdefault(key, member)
        value.update(self.value)
        return value


@dataclass(frozen=True, slots=True)
class Anchored:
    """A complete node that aliases can repeat, and what one repetition costs."""

    value: Json
    # As a key: its text as written; None for mappings and lists.
    key: str | None
    values: int
    characters: int
    height: int


def key_text(event: yaml.ScalarEvent) -> str:
    """Return the key that a scalar is: as written, but `null` for an absent key and for every form of null."""
    return "null" if not event.style and event.value in NULL_WORDS else event.value


def place_of(event: yaml.Event) -> tuple[int | None, int | None]:
    """Return line and column of an event, from 1."""
    mark = event.start_mark
    return (None, None) if mark is None else (mark.line + 1, mark.column + 1)
