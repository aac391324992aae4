"""The text of a document, line by line: highlighted here on the server, each line knowing which keys begin on it."""

import time
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, Final
from typing import Literal as OneOf

import msgspec
import pygments
from markupsafe import Markup, escape
from pygments.formatters import HtmlFormatter
from pygments.lexers import JsonLexer, YamlLexer
from pygments.token import Literal, Name

from sprintia_viewer.shown.places import Places, places_of
from sprintia_viewer.shown.remembered import Remembered
from sprintia_viewer.shown.unseen import visible

Language = OneOf["yaml", "json"]

MOST_HIGHLIGHTED: Final = 64 * 1024
MOST_LINES: Final = 2_000
MOST_MARKUP: Final = 220_000
"""Characters of markup on a page: with its frame it stays below 300 KB."""
LONGEST_LINE: Final = 5_000
MOST_POINTERS: Final = 20_000
"""Characters of the pointers of one line: a whole document can stand on it."""
HIGHLIGHTING_SECONDS: Final = 1.5
"""64 KB of YAML take 0.4 s, those that were made to take long 1.4 s; after it the text is shown without colours."""
_REMEMBERED: Final = Remembered["SourceView"](32 * 1024 * 1024)

_LEXERS: Final = {
    "yaml": YamlLexer(stripnl=False, ensurenl=False),
    "json": JsonLexer(stripnl=False, ensurenl=False),
}
_FORMATTER: Final = HtmlFormatter(nowrap=True)


class SourceLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line.

    Attributes:
        html: as it is shown, without its end.
        pointers: JSON pointers of the keys and items that begin here, from the outside in.
        within: where nothing begins: the pointer of the text that goes on here.
        repeated: those of `pointers` whose values an alias stands for.
        secrets: the names of masked secrets that stand here.
    """

    number: int
    html: Markup
    pointers: tuple[str, ...] = ()
    within: str | None = None
    repeated: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()


class SourceView(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a text.

    Attributes:
        total: how many lines the whole text has.
        highlighted: whether it is coloured; large texts are not.
        more_from: the first line that is not in this part, when there is one.
    """

    lines: tuple[SourceLine, ...]
    total: int
    highlighted: bool
    more_from: int | None


def source_view(text: str, language: Language, first: int = 1, *, line_frame: int = 130) -> SourceView:
    """Show a text from a line on, as far as a page goes. For a thread: 64 KB take some tenths of a second.

    Args:
        text: the whole of it.
        language: how it is coloured.
        first: the line to begin with.
        line_frame: characters of markup that the page puts around each line.
    """
    key = (blake2b(text.encode("utf-8", "surrogatepass")).digest(), language, first, line_frame)
    view = _REMEMBERED.get(key)
    if view is None:
        view = _made(text, language, first, line_frame)
        _REMEMBERED.put(key, view, 2 * sum(_size(line, line_frame) for line in view.lines))
    return view


def places(text: str) -> dict[int, list[str]]:
    """The pointers of the keys and items that begin on each line, counted from 1."""
    return {line: [pointer for pointer, _ in found] for line, found in places_of(text).pointers.items()}


def _made(text: str, language: Language, first: int, line_frame: int) -> SourceView:
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    if lines[-1] == "":
        lines.pop()
    found = places_of(text)
    small = len(text) <= MOST_HIGHLIGHTED and len(lines) <= MOST_LINES
    markup = _highlighted([line[:LONGEST_LINE] for line in lines], language) if small else None
    shown: list[SourceLine] = []
    size = 0
    for number in range(first, min(len(lines), first + MOST_LINES - 1) + 1):
        text_of_line = lines[number - 1]
        html = visible(markup[number - 1] if markup else text_of_line[:LONGEST_LINE]) + _cut(text_of_line)
        line = _line(number, html, found)
        size += _size(line, line_frame)
        if size > MOST_MARKUP and shown:
            break
        shown.append(line)
    reached = first + len(shown)
    return SourceView(
        lines=tuple(shown), total=len(lines), highlighted=markup is not None,
        more_from=reached if reached <= len(lines) else None,
    )  # fmt: skip


def _line(number: int, html: Markup, found: Places) -> SourceLine:
    pointers = tuple(pointer for pointer, column in found.pointers.get(number, ()) if column < LONGEST_LINE)
    length = 0
    for at, pointer in enumerate(pointers):
        length += len(escape(pointer)) + 20
        if length > MOST_POINTERS:
            pointers = pointers[:at]
            break
    return SourceLine(
        number=number, html=html, pointers=pointers, within=None if pointers else found.within.get(number),
        repeated=tuple(found.repeated.get(number, ())[:100]), secrets=tuple(found.secrets.get(number, ())[:100]),
    )  # fmt: skip


def _size(line: SourceLine, line_frame: int) -> int:
    """About how many characters of markup the line is."""
    anchors = sum(len(escape(pointer)) + 20 for pointer in line.pointers)
    return len(line.html) + anchors + 150 * len(line.secrets) + line_frame


def _cut(line: str) -> Markup:
    left = len(line) - LONGEST_LINE
    return Markup('<span class="cut">… (+{})</span>').format(left) if left > 0 else Markup()


def _highlighted(lines: list[str], language: Language) -> list[Markup] | None:
    """Each line in colours; None when the lexer made other lines of it, or took too long."""
    deadline = time.monotonic() + HIGHLIGHTING_SECONDS
    try:
        made = pygments.format(_before(deadline, _LEXERS[language].get_tokens("\n".join(lines))), _FORMATTER)
    except TimeoutError:
        return None
    found = made.split("\n")
    if len(found) == len(lines) + 1 and found[-1] == "":
        found.pop()
    return [Markup(line) for line in found] if len(found) == len(lines) else None  # noqa: S704 - Pygments escapes


def _before(deadline: float, tokens: Iterator[Any]) -> Iterator[Any]:
    for kind, text in tokens:
        if time.monotonic() > deadline:
            raise TimeoutError
        # Texts within {} and [] have the kind that is an alias's: they are to look as texts elsewhere do.
        yield (Literal.Scalar.Plain if kind is Name.Variable and not text.startswith("*") else kind), text
