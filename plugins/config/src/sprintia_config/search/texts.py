"""What of a document is searched, and how texts are compared: without regard to case and accents.

Only masked views come here: a secret is a mask, of which the name alone is searched.
"""

import unicodedata
from collections.abc import Collection, Iterator
from typing import TypeAlias

import msgspec

from sprintia_config.contents.keys import DocumentKey
from sprintia_config.secrecy.masks import KEY as MASK
from sprintia_platform.content.pointers import format_pointer
from sprintia_platform.content.values import Json, plain_literal

Path: TypeAlias = tuple[str | int, ...]

LONGEST_TEXT = 1_000_000
"""Characters of a document that are searched, paths included. Real ones have a few thousand."""

LONGEST_POINTER = 500
SNIPPET = 120
_BEFORE = 40


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """Where a text was found in a document.

    Attributes:
        pointer: JSON pointer (RFC 6901) of the value, or of the highest key whose path holds the text.
        found_in: `path`, `value`, or `secret_name` (of a masked secret).
        snippet: the value around the text; of a path, the value below it where it is a plain one, else "".
    """

    pointer: str
    found_in: str
    snippet: str


class _Folding(dict[int, str]):
    """Each character as it is compared, worked out when it first comes: `str.translate` does the rest in C."""

    def __missing__(self, code: int) -> str:
        decomposed = unicodedata.normalize("NFKD", chr(code))
        folded = "".join(part for part in decomposed if not unicodedata.combining(part)).casefold()
        if len(self) < _REMEMBERED:
            self[code] = folded
        return folded


_REMEMBERED = 4_096  # more than texts in living use have; a hostile one could have a million
_FOLDING = _Folding()


def normalised(text: str) -> str:
    """How texts are compared: `Configuração` is found as `configuracao`."""
    return text.lower() if text.isascii() else text.translate(_FOLDING)


def searched_text(key: DocumentKey, view: Json) -> str:
    """The text in which PostgreSQL looks for candidates: a line of ids, then a line for each leaf."""
    lines = [normalised(f"{key.tenant}/{key.domain}/{key.config_type}")]
    length = 0
    branch: Path | None = None
    above = ""
    for path, text, _ in _leaves(view):
        if path[:-1] != branch:  # the leaves of a branch mostly follow one another
            branch, above = path[:-1], format_pointer(path[:-1])
        pointer = f"{above}{format_pointer(path[-1:])}"[-LONGEST_POINTER:]
        length += len(pointer) + len(text) + 1
        if length > LONGEST_TEXT:
            break
        # Line by line: most are ASCII, which is quicker.
        lines.append(normalised(f"{pointer}\t{text}"))
    # PostgreSQL's text holds no NUL, and a lone surrogate is no UTF-8; a view has neither.
    return "\n".join(lines)


EVERYWHERE = frozenset({"path", "value", "secret_name"})
"""Where a text may be found."""


def find_matches(view: Json, wanted: str, most: int, within: Collection[str] = EVERYWHERE) -> list[Match]:
    """Find a normalised text in paths and values, in document order; at most `most` places.

    `within` names where: a subset of `EVERYWHERE`.
    """
    found: dict[tuple[str, str], Match] = {}
    length = 0
    for path, text, is_mask in _leaves(view):
        pointer = _pointer(path)
        length += len(pointer) + len(text) + 1
        if length > LONGEST_TEXT or len(found) >= most:
            break
        if "path" in within and wanted in normalised(pointer):
            place = _highest(path, wanted)
            shown = text[:SNIPPET] if len(place) == len(path) and not is_mask else ""
            _note(found, format_pointer(place), "path", shown)
        found_in = "secret_name" if is_mask else "value"
        if found_in in within and wanted in normalised(text) and len(found) < most:
            _note(found, format_pointer(path), found_in, _snippet(text, wanted))
    return list(found.values())


def _note(found: dict[tuple[str, str], Match], pointer: str, found_in: str, snippet: str) -> None:
    found.setdefault((pointer, found_in), Match(pointer=pointer, found_in=found_in, snippet=snippet))


def _leaves(view: Json) -> Iterator[tuple[Path, str, bool]]:
    """Every leaf with its text, in document order; a mask is one leaf, its text the secret's name."""
    pending: list[tuple[Path, Json]] = [((), view)]
    while pending:
        path, node = pending.pop()
        if isinstance(node, dict):
            name = node.get(MASK)
            if isinstance(name, str):
                yield path, name, True
            elif node:
                pending.extend(((*path, key), node[key]) for key in reversed(node))
            else:
                yield path, "", False
        elif isinstance(node, list):
            if not node:
                yield path, "", False
            pending.extend(((*path, index), node[index]) for index in reversed(range(len(node))))
        else:
            yield path, node if isinstance(node, str) else plain_literal(node), False


def _pointer(path: Path) -> str:
    # A path of many long keys is searched by its end: it is written anew for each leaf below it.
    return format_pointer(path)[-LONGEST_POINTER:]


def _highest(path: Path, wanted: str) -> Path:
    for end in range(1, len(path)):
        if wanted in normalised(format_pointer(path[:end])):
            return path[:end]
    return path


def _snippet(text: str, wanted: str) -> str:
    """The part of a text around the first place where the wanted one stands."""
    place = normalised(text).find(wanted)
    if not text.isascii():  # a normalised text can be longer or shorter: find the place in the original
        reached = 0
        for index, character in enumerate(text):
            reached += len(normalised(character))
            if reached > place:
                place = index
                break
    start = max(0, place - _BEFORE)
    end = start + SNIPPET
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")
