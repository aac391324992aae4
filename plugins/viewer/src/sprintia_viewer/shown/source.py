"""The text of a document, line by line: highlighted here on the server, each line knowing which keys begin on it."""

import re
from functools import lru_cache
from typing import Final, Literal

import msgspec
import yaml
from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import JsonLexer, YamlLexer

Language = Literal["yaml", "json"]

MOST_HIGHLIGHTED: Final = 64 * 1024
MOST_LINES: Final = 2_000
MOST_MARKUP: Final = 220_000
"""Characters of markup on a page: with its frame it stays below 300 KB."""
LONGEST_LINE: Final = 5_000
MASK: Final = "$secret"

# What changes how a text reads without being seen: directions, joiners, spaces of no width (Unicode TR 36 and TR 39).
_UNSEEN: Final = re.compile("[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
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
        secret: the name of a masked secret that stands here.
    """

    number: int
    html: Markup
    pointers: tuple[str, ...] = ()
    secret: str | None = None


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


@lru_cache(maxsize=32)
def source_view(text: str, language: Language, first: int = 1) -> SourceView:
    """Show a text from a line on, as far as a page goes. For a thread: 64 KB take some tenths of a second."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    pointers, secrets = _places(text)
    small = len(text) <= MOST_HIGHLIGHTED and len(lines) <= MOST_LINES
    cut = [_cut(line) for line in lines]
    markup = _highlighted(cut, language) if small else None
    shown: list[SourceLine] = []
    size = 0
    for number in range(first, min(len(lines), first + MOST_LINES - 1) + 1):
        html = _seen(markup[number - 1] if markup else escape(cut[number - 1]))
        size += len(html) + 100
        if size > MOST_MARKUP and shown:
            break
        shown.append(
            SourceLine(number=number, html=html, pointers=tuple(pointers.get(number, ())), secret=secrets.get(number))
        )
    reached = first + len(shown)
    return SourceView(
        lines=tuple(shown), total=len(lines), highlighted=markup is not None,
        more_from=reached if reached <= len(lines) else None,
    )  # fmt: skip


def _cut(line: str) -> str:
    left = len(line) - LONGEST_LINE
    return line if left <= 0 else f"{line[:LONGEST_LINE]}… (+{left})"


def _highlighted(lines: list[str], language: Language) -> list[Markup] | None:
    """Each line in colours; None when the lexer made other lines of it."""
    made = highlight("\n".join(lines), _LEXERS[language], _FORMATTER).split("\n")
    if len(made) == len(lines) + 1 and made[-1] == "":
        made.pop()
    return [Markup(line) for line in made] if len(made) == len(lines) else None  # noqa: S704 - Pygments escapes


def _seen(html: Markup) -> Markup:
    return Markup(_UNSEEN.sub(_named, html))  # noqa: S704 - only names of characters are put in


def _named(match: re.Match[str]) -> str:
    return f'<span class="unseen">U+{ord(match[0]):04X}</span>'


def places(text: str) -> dict[int, list[str]]:
    """The pointers of the keys and items that begin on each line, counted from 1."""
    return _places(text)[0]


def _places(text: str) -> tuple[dict[int, list[str]], dict[int, str]]:
    """The pointers of the keys and items that begin on each line, and the secrets whose masks stand there.

    What is shown was read and bounded when it was stored; a text that libyaml does not read has no places.
    """
    walk = _Walk()
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            walk.take(event)
    except (yaml.YAMLError, ValueError, RecursionError):
        pass
    return walk.pointers, walk.secrets


class _Branch:
    """A mapping or list that is open: where it is, and what comes next in it."""

    def __init__(self, pointer: str, *, is_list: bool) -> None:
        self.pointer, self.is_list = pointer, is_list
        self.count = 0
        self.key: str | None = None


class _Walk:
    """Follows libyaml's events and notes where keys and items begin."""

    def __init__(self) -> None:
        self.pointers: dict[int, list[str]] = {}
        self.secrets: dict[int, str] = {}
        self._open: list[_Branch] = []

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
        elif isinstance(event, yaml.NodeEvent):
            pointer = self._begin(event)
            if isinstance(event, yaml.CollectionStartEvent):
                self._open.append(_Branch(pointer or "", is_list=isinstance(event, yaml.SequenceStartEvent)))

    def _begin(self, event: yaml.NodeEvent) -> str | None:
        """Note what begins; returns the pointer of a value, None of a key."""
        if not self._open:
            return ""
        branch = self._open[-1]
        line = event.start_mark.line + 1 if event.start_mark else 0
        if branch.is_list:
            pointer = f"{branch.pointer}/{branch.count}"
            branch.count += 1
            self.pointers.setdefault(line, []).append(pointer)
            return pointer
        if branch.key is None:
            branch.key = event.value if isinstance(event, yaml.ScalarEvent) else ""
            self.pointers.setdefault(line, []).append(f"{branch.pointer}/{_escaped(branch.key)}")
            return None
        pointer = f"{branch.pointer}/{_escaped(branch.key)}"
        if branch.key == MASK and isinstance(event, yaml.ScalarEvent):
            self.secrets[line] = event.value
        branch.key = None
        return pointer


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
