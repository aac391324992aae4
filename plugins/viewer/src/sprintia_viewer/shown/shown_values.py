"""A value that is given as JSON, as people read it: short, on as many lines as it has, its kind told apart."""

import json
import re
from typing import Final, Literal

import msgspec
from markupsafe import Markup

from sprintia_viewer.shown.places import MASK
from sprintia_viewer.shown.unseen import visible

LONGEST_VALUE: Final = 400
LARGEST_FORMATTED: Final = 20_000
"""Characters of a mapping or list up to which it is written on lines of its own."""

# A text that would read as something else without its quotation marks.
_AMBIGUOUS: Final = re.compile(r"\s.*|.*\s|[-+.\d].*|true|false|null|[\"\[{].*|", re.DOTALL | re.IGNORECASE)


class ShownValue(msgspec.Struct, frozen=True, kw_only=True):
    """A value.

    Attributes:
        kind: `text`, `literal` (a number, true, false, null), `branch` (a mapping or list) or `secret`.
        html: as it is shown, long ones cut; empty of a secret.
        cut: how many characters are not shown.
        lines: how many it has.
        whole: all of it, of those alone that are cut: for a title or a page of its own; at most 20,000 characters.
    """

    kind: Literal["text", "literal", "branch", "secret"]
    html: Markup
    cut: int = 0
    lines: int = 1
    whole: str | None = None


def shown_value(text: str, *, secret: bool = False) -> ShownValue:
    """Show a value from its JSON text; one that is no JSON is shown as it is."""
    if secret or text.startswith(f'{{"{MASK}"'):
        return ShownValue(kind="secret", html=Markup())
    if text.startswith('"'):
        value = _decoded(text)
        return _cut("text", text if _AMBIGUOUS.fullmatch(value) else value)
    if text.startswith(("{", "[")):
        return _cut("branch", _formatted(text))
    return _cut("literal", text)


def _cut(kind: Literal["text", "literal", "branch"], text: str) -> ShownValue:
    left = max(0, len(text) - LONGEST_VALUE)
    return ShownValue(
        kind=kind, html=visible(text[:LONGEST_VALUE]), cut=left, lines=text.count("\n") + 1,
        whole=text[:LARGEST_FORMATTED] if left else None,
    )  # fmt: skip


def _decoded(text: str) -> str:
    try:
        return str(json.loads(text))
    except ValueError:
        return text


def _formatted(text: str) -> str:
    if len(text) > LARGEST_FORMATTED or len(text) <= 60:
        return text
    try:
        return msgspec.json.format(text, indent=2)
    except (msgspec.DecodeError, RecursionError):
        return text
