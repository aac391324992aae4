"""Where in a text the keys and items of its value begin, by the same rules as the platform's content readers."""

import json
import re
from bisect import bisect_right
from typing import Final

import yaml
from yaml._yaml import CParser

from sprintia_platform.content.composer import MERGE_KEY
from sprintia_platform.content.limits import DEFAULT_LIMITS
from sprintia_platform.content.nodes import key_text

MASK: Final = "$secret"
LONGEST_POINTER: Final = 500
"""Longer ones are not noted: 96 KB of text can have 20,000 pointers of 54 KB each."""

# A JSON text (RFC 8259) is nothing but these, and what is none of them. Possessive: nothing is tried twice.
_JSON_TOKEN: Final = re.compile(r'[ \t\r\n]++|("(?:[^"\\]++|\\.)*+")|([\[\]{}:,])|([-+.\w]++)', re.DOTALL)


class Places:
    """What begins on each line, counted from 1.

    Attributes:
        pointers: of keys and items, with their column from 0; from the outside in.
        within: of a line on which nothing begins, the pointer of the text that goes on there.
        repeated: pointers of values that an alias stands for: what is in them has no line of its own.
        secrets: the names of secrets whose masks stand there.
    """

    def __init__(self) -> None:
        self.pointers: dict[int, list[tuple[str, int]]] = {}
        self.within: dict[int, str] = {}
        self.repeated: dict[int, list[str]] = {}
        self.secrets: dict[int, list[str]] = {}


def places_of(text: str) -> Places:
    """Find where keys and items begin; of a text that cannot be read, as far as it could."""
    if text.lstrip("\ufeff \t\r\n")[:1] in {"{", "["}:
        walk = _Walk(text)
        if _read_json(text, walk):
            return walk.places
    walk = _Walk(text)
    _read_yaml(text, walk)
    return walk.places


class _Branch:
    """A mapping or list that is open: where it is (None: of nothing in it a place is noted), and what comes next."""

    __slots__ = ("count", "is_list", "key", "key_line", "pointer")

    def __init__(self, pointer: str | None, *, is_list: bool) -> None:
        self.pointer, self.is_list = pointer, is_list
        self.count = 0
        self.key: str | None = None
        self.key_line = 0


class _Walk:
    """Notes keys and values as they come. Lines end with line feeds alone, as everywhere on the platform."""

    def __init__(self, text: str) -> None:
        self.places = Places()
        self._ends = [match.start() for match in re.finditer("\n", text)]
        self._open: list[_Branch] = []

    def awaits_key(self) -> bool:
        return bool(self._open) and not self._open[-1].is_list and self._open[-1].key is None

    def key(self, name: str, offset: int, *, merges: bool = False) -> None:
        """A key of the mapping that is open; one that merges other mappings has no pointer, nor has what is in it."""
        branch = self._open[-1]
        branch.key, (branch.key_line, column) = name, self._line(offset)
        if merges:
            branch.key, branch.key_line = MERGE_KEY, 0
        elif (pointer := _below(branch.pointer, name)) is not None:
            self.places.pointers.setdefault(branch.key_line, []).append((pointer, column))

    def value(self, start: int, end: int, *, text: str | None = None, repeats: bool = False) -> str | None:
        """A value; returns its pointer. `text` is that of a scalar."""
        if not self._open:
            return ""
        branch = self._open[-1]
        line, column = self._line(start)
        if branch.is_list:
            pointer, begun = _below(branch.pointer, str(branch.count)), line
            branch.count += 1
            if pointer is not None:
                self.places.pointers.setdefault(line, []).append((pointer, column))
        else:
            pointer = _below(branch.pointer, branch.key or "") if branch.key_line else None
            begun = branch.key_line
            if branch.key == MASK and text is not None:
                self.places.secrets.setdefault(line, []).append(text)
            branch.key = None
        if pointer is not None and repeats:
            self.places.repeated.setdefault(line, []).append(pointer)
        if pointer is not None and text is not None and end > start:
            # What ends with a line's end does not reach the next line.
            for below in range(begun + 1, self._line(end - 1)[0] + 1):
                self.places.within[below] = pointer
        return pointer

    def open(self, pointer: str | None, *, is_list: bool) -> None:
        self._open.append(_Branch(pointer, is_list=is_list))

    def close(self) -> None:
        self._open.pop()

    @property
    def depth(self) -> int:
        return len(self._open)

    def _line(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._ends, offset - 1)
        return line + 1, offset - (self._ends[line - 1] + 1 if line else 0)


def _below(pointer: str | None, step: str) -> str | None:
    if pointer is None:
        return None
    below = f"{pointer}/{step.replace('~', '~0').replace('/', '~1')}"
    return below if len(below) <= LONGEST_POINTER else None


def _read_yaml(text: str, walk: _Walk) -> None:
    parser = CParser(text.removeprefix("\ufeff"))
    shift = len(text) - len(text.removeprefix("\ufeff"))
    anchors: dict[str, str] = {}
    try:
        while (event := parser.get_event()) is not None and walk.depth <= DEFAULT_LIMITS.max_depth:
            if isinstance(event, yaml.CollectionEndEvent):
                walk.close()
            elif isinstance(event, yaml.NodeEvent):
                _take(event, walk, shift, anchors)
    except (yaml.YAMLError, ValueError, RecursionError):
        return


def _take(event: yaml.NodeEvent, walk: _Walk, shift: int, anchors: dict[str, str]) -> None:
    start, end = (mark.index + shift if mark else 0 for mark in (event.start_mark, event.end_mark))
    if isinstance(event, yaml.ScalarEvent):
        if event.anchor is not None:
            anchors[event.anchor] = key_text(event)
        if walk.awaits_key():
            walk.key(key_text(event), start, merges=event.value == MERGE_KEY and not event.style)
        else:
            walk.value(start, end, text=event.value)
    elif isinstance(event, yaml.AliasEvent):
        if walk.awaits_key():
            walk.key(anchors.get(event.anchor or "", ""), start)
        else:
            walk.value(start, end, repeats=True)
    else:
        walk.open(walk.value(start, end), is_list=isinstance(event, yaml.SequenceStartEvent))


def _read_json(text: str, walk: _Walk) -> bool:
    """Whether it was JSON to the end; what is not may still be YAML. The grammar is the reader's business."""
    reached = len(text) - len(text.removeprefix("\ufeff"))
    while match := _JSON_TOKEN.match(text, reached):
        reached = match.end()
        string, mark, word = match.groups()
        try:
            if mark in {"{", "["}:
                walk.open(walk.value(match.start(), match.start()), is_list=mark == "[")
            elif mark in {"}", "]"}:
                walk.close()
            elif string and walk.awaits_key():
                walk.key(str(json.loads(string)), match.start())
            elif string or word:
                walk.value(match.start(), reached, text=str(json.loads(string)) if string else word)
        except (ValueError, IndexError):
            return False
        if walk.depth > DEFAULT_LIMITS.max_depth:
            return False
    return reached == len(text) and walk.depth == 0
