"""Parser events to a value, within limits.

PyYAML's own composer and constructor are not used: libyaml's composer is recursive and ends the process at 60 KB of
`[`, and PyYAML's constructor lets aliases and merges cost without bound. Here depth is bounded as events arrive, and
what an alias stands for is counted, not copied.
"""

from collections.abc import Callable
from typing import Final

import yaml

from sprintia_platform.content.errors import ContentError
from sprintia_platform.content.limits import Limits
from sprintia_platform.content.messages import Code
from sprintia_platform.content.nodes import Anchored, Frame, key_text, place_of
from sprintia_platform.content.pointers import format_pointer
from sprintia_platform.content.scalars import resolve_plain
from sprintia_platform.content.values import Json

MERGE_KEY: Final = "<<"
SHOWN_POINTER_LENGTH: Final = 500


class Composer:
    """Takes the events of one YAML document in order; `root` is the value once the last one has been taken.

    Every fault is a `ContentError` with line, column and, inside the document, the JSON pointer.
    """

    def __init__(self, limits: Limits) -> None:
        self.root: Json = None
        self._limits = limits
        self._frames: list[Frame] = []
        # An open node stands here as its frame: an alias to it would be recursive.
        self._anchors: dict[str, Anchored | Frame] = {}
        self._documents = self._values = self._characters = self._aliases = self._merges = 0
        self._takers: Final[dict[type[yaml.Event], Callable[..., None]]] = {
            yaml.DocumentStartEvent: self._start_document,
            yaml.ScalarEvent: self._take_scalar,
            yaml.AliasEvent: self._take_alias,
            yaml.MappingStartEvent: self._start_mapping,
            yaml.SequenceStartEvent: self._start_list,
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
        }

    def take(self, event: yaml.Event) -> None:
        """Take the next event of the parser."""
        taker = self._takers.get(type(event))
        if taker is not None:
            taker(event)

    def _start_document(self, event: yaml.DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            raise self._fault("several_documents", event)
        if event.tags:
            raise self._fault("tag", event)

    # Scalars and aliases

    def _take_scalar(self, event: yaml.ScalarEvent) -> None:
        if event.tag is not None:
            raise self._fault("tag", event)
        if "\0" in event.value:  # written as the escape "\0"; a NUL as such never reaches the parser
            raise self._fault("nul", event)
        frame = self._frames[-1] if self._frames else None
        if frame is not None and frame.awaits_key():
            self._take_scalar_key(frame, event)
            return
        value = self._resolve(event)
        self._count(1, len(event.value), event)
        self._anchor_scalar(event, value)
        self._place(value, 0, event)

    def _resolve(self, event: yaml.ScalarEvent) -> Json:
        if event.style:
            return event.value
        try:
            return resolve_plain(event.value, self._limits.max_number_length)
        except ContentError as error:
            raise error.at(*place_of(event), self._pointer()) from None

    def _take_scalar_key(self, frame: Frame, event: yaml.ScalarEvent) -> None:
        if event.value == MERGE_KEY and not event.style:
            if frame.merged is not None:
                raise self._fault("duplicate_key", event, key=MERGE_KEY)
            frame.merged = []
            frame.is_merging = True
            return
        key = key_text(event)
        self._take_key(frame, key, event)
        if event.anchor is not None:
            self._anchor_scalar(event, self._resolve(event))

    def _take_key(self, frame: Frame, key: str, event: yaml.Event) -> None:
        if len(key) > self._limits.max_key_length:
            raise self._fault("key_too_long", event, limit=self._limits.max_key_length)
        if key in frame.value:
            raise self._fault("duplicate_key", event, key=key)
        self._count(0, len(key), event)
        frame.key = key

    def _anchor_scalar(self, event: yaml.ScalarEvent, value: Json) -> None:
        if event.anchor is not None:
            self._anchors[event.anchor] = Anchored(value, key_text(event), 1, len(event.value), 0)

    def _take_alias(self, event: yaml.AliasEvent) -> None:
        self._aliases += 1
        if self._aliases > self._limits.max_aliases:
            raise self._fault("too_many_aliases", event, limit=self._limits.max_aliases)
        target = self._anchors.get(event.anchor or "")
        if target is None:
            raise self._fault("undefined_alias", event)
        if isinstance(target, Frame):
            raise self._fault("recursive_alias", event)
        frame = self._frames[-1] if self._frames else None
        if frame is not None and frame.awaits_key():
            if target.key is None:
                raise self._fault("complex_key", event)
            self._take_key(frame, target.key, event)
            return
        self._repeat(target, event)

    def _repeat(self, target: Anchored, event: yaml.AliasEvent) -> None:
        if len(self._frames) + target.height > self._limits.max_depth:
            raise self._fault("too_deep", event, limit=self._limits.max_depth)
        self._values += target.values
        self._characters += target.characters
        if self._values > self._limits.max_values or self._characters > self._limits.max_characters:
            raise self._fault("alias_expansion", event)
        self._place(target.value, target.height, event)

    # Mappings and lists

    def _start_mapping(self, event: yaml.MappingStartEvent) -> None:
        self._open({}, event)

    def _start_list(self, event: yaml.SequenceStartEvent) -> None:
        self._open([], event)

    def _open(self, value: dict[str, Json] | list[Json], event: yaml.CollectionStartEvent) -> None:
        if event.tag is not None:
            raise self._fault("tag", event)
        if len(self._frames) >= self._limits.max_depth:
            raise self._fault("too_deep", event, limit=self._limits.max_depth)
        if self._frames and self._frames[-1].awaits_key():
            raise self._fault("complex_key", event)
        frame = Frame(value, event.anchor, self._values, self._characters)
        self._count(1, 0, event)
        if event.anchor is not None:
            self._anchors[event.anchor] = frame
        self._frames.append(frame)

    def _close(self, event: yaml.CollectionEndEvent) -> None:
        frame = self._frames.pop()
        value = frame.complete()
        height = frame.child_height + 1
        # Another node inside may have taken the same anchor since; it is the later one that aliases mean.
        if frame.anchor is not None and self._anchors.get(frame.anchor) is frame:
            values = self._values - frame.values_before
            characters = self._characters - frame.characters_before
            self._anchors[frame.anchor] = Anchored(value, None, values, characters, height)
        self._place(value, height, event)

    def _place(self, value: Json, height: int, event: yaml.Event) -> None:
        """Put a complete value where it belongs."""
        if not self._frames:
            self.root = value
        elif self._frames[-1].is_merging:
            self._merge(self._frames[-1], value, height, event)
        else:
            self._frames[-1].add(value, height)

    def _merge(self, frame: Frame, value: Json, height: int, event: yaml.Event) -> None:
        # No more to count: the mappings were counted, as values or aliases, and merging them costs no more than that.
        sources = value if isinstance(value, list) else [value]
        mappings = [source for source in sources if isinstance(source, dict)]
        if len(mappings) < len(sources):
            raise self._fault("bad_merge", event)
        self._merges += len(mappings)
        if self._merges > self._limits.max_merges:
            raise self._fault("too_many_merges", event, limit=self._limits.max_merges)
        # Members move up: out of the merged mapping, and out of the list around it.
        frame.merge(mappings, height - (2 if isinstance(value, list) else 1))

    # Limits and faults

    def _count(self, values: int, characters: int, event: yaml.Event) -> None:
        self._values += values
        self._characters += characters
        if self._values > self._limits.max_values:
            raise self._fault("too_many_values", event, limit=self._limits.max_values)
        if self._characters > self._limits.max_characters:
            raise self._fault("too_many_characters", event, limit=self._limits.max_characters)

    def _fault(
        self, code: Code, event: yaml.Event, *, limit: int | None = None, key: str | None = None
    ) -> ContentError:
        line, column = place_of(event)
        return ContentError(code, line=line, column=column, pointer=self._pointer(), limit=limit, key=key)

    def _pointer(self) -> str | None:
        steps: list[str | int] = []
        for frame in self._frames:
            if isinstance(frame.value, list):
                steps.append(len(frame.value))
            elif frame.key is not None:
                steps.append(frame.key)
        pointer = format_pointer(steps)
        return pointer if len(pointer) <= SHOWN_POINTER_LENGTH else None
