"""What differs between two versions, key by key: changes beside each other that stand under the same parent."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import msgspec
from markupsafe import Markup

from sprintia_config_client.contract import Difference
from sprintia_platform.content import parse_pointer
from sprintia_viewer.shown.shown_values import ShownValue, shown_value
from sprintia_viewer.shown.unseen import visible

LONGEST_STEP: Final = 80
_NAMING: Final = ("name", "title", "id", "key", "number", "type")
"""Members by which people know an item of a list, the best first."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A step on the way to a value: a key, or the place of an item in its list, from 1.

    Attributes:
        html: the key, or `#3`.
        name: what the item calls itself, where that is known.
    """

    html: Markup
    name: Markup | None = None


class PathChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of one value; old left, new right.

    Attributes:
        operation: added, removed, changed or moved.
        step: the last one; None of the whole document.
        before: the way to where a moved or renumbered value stood.
        old, new: None where there was, or is, no such value.
        whole: too large to be compared within.
    """

    operation: str
    pointer: str
    step: Step | None
    before: tuple[Step, ...] = ()
    old: ShownValue | None
    new: ShownValue | None
    secret: bool
    whole: bool


class PathGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Changes under one parent; without steps: of the document itself."""

    pointer: str
    steps: tuple[Step, ...]
    changes: tuple[PathChange, ...]


def path_changes(changes: Sequence[Difference], old_json: str = "", new_json: str = "") -> tuple[PathGroup, ...]:
    """Group changes by what they are in, in the order in which they come.

    Args:
        changes: what differs.
        old_json: the document before, for the names of items of its lists; secrets masked.
        new_json: the same of the document after.
    """
    old, new = _Names(old_json), _Names(new_json)
    return tuple(
        PathGroup(
            pointer=parent, steps=new.steps(parent) or old.steps(parent),
            changes=tuple(_change(each, old, new) for each in group),
        )
        for parent, group in groupby(changes, key=lambda each: each.pointer.rpartition("/")[0])
    )  # fmt: skip


def _change(each: Difference, old: "_Names", new: "_Names") -> PathChange:
    steps = (old if each.operation == "removed" else new).steps(each.pointer)
    return PathChange(
        operation=each.operation, pointer=each.pointer, step=steps[-1] if steps else None,
        before=old.steps(each.old_pointer) if each.old_pointer is not None else (),
        old=shown_value(each.old_text, secret=each.secret) if each.old_text is not None else None,
        new=shown_value(each.new_text, secret=each.secret) if each.new_text is not None else None,
        secret=each.secret, whole=each.whole,
    )  # fmt: skip


class _Names:
    """Knows the value of a document, to tell what the items of its lists call themselves."""

    def __init__(self, text: str) -> None:
        try:
            self._value: Any = msgspec.json.decode(text) if text else None
        except (msgspec.DecodeError, RecursionError):
            self._value = None
        self._known = self._value is not None

    def steps(self, pointer: str) -> tuple[Step, ...]:
        """The way to a value, as far as the document has it by key and by place."""
        value: Any = self._value
        found = []
        for step in parse_pointer(pointer):
            if isinstance(value, list) or (not self._known and _is_place(step)):
                place = int(step) if _is_place(step) else None
                value = value[place] if isinstance(value, list) and place is not None and place < len(value) else None
                found.append(Step(html=visible(f"#{place + 1}" if place is not None else step), name=_name(value)))
            else:
                value = value.get(step) if isinstance(value, Mapping) else None
                found.append(Step(html=_short(step)))
        return tuple(found)


def _is_place(step: str) -> bool:
    return step.isascii() and step.isdigit() and len(step) < 10


def _name(item: object) -> Markup | None:
    if isinstance(item, Mapping):
        for key in _NAMING:
            if isinstance(name := item.get(key), str) and name:
                return _short(name)
    return None


def _short(text: str) -> Markup:
    return visible(text if len(text) <= LONGEST_STEP else f"{text[: LONGEST_STEP - 1]}…")
