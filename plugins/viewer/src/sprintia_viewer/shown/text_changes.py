"""A comparison of two texts side by side: what differs with its surroundings, the rest folded away.

The differences themselves come as a unified diff; here they are put beside each other, and words that differ within a
line are marked, as long as there is time. Both texts can be read off the rows again, line by line.
"""

import difflib
import re
import time
from collections.abc import Iterator, Sequence
from typing import Final, Literal

import msgspec
from markupsafe import Markup, escape

MARKING_SECONDS: Final = 0.25
"""How long words within lines are compared; after it, lines are marked as a whole."""
LONGEST_MARKED: Final = 500
MOST_ROWS: Final = 2_000
"""Equal lines that are on a page which shows every line; a longer stretch stays hidden."""

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")

Kind = Literal["same", "changed", "removed", "added"]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A line of both texts, or of one of them; numbers count from 1."""

    kind: Kind
    old_number: int | None = None
    old: Markup | None = None
    new_number: int | None = None
    new: Markup | None = None


class Hunk(msgspec.Struct, frozen=True, kw_only=True):
    """Lines that differ, with their surroundings; `hidden` equal lines above them are not among its rows."""

    hidden: int
    rows: tuple[Row, ...]


class TextComparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two texts side by side.

    Attributes:
        hunks: what differs; none when the texts are equal.
        hidden_after: equal lines below the last of them that are not shown.
        removed, added: how many lines.
        words_marked: whether there was time to mark words in every changed line.
    """

    hunks: tuple[Hunk, ...]
    hidden_after: int
    removed: int
    added: int
    words_marked: bool


def side_by_side(unified: str, old: str, *, whole: bool = False) -> TextComparison:
    """Put the two texts of a unified diff beside each other. For a thread: large ones take a while.

    Args:
        unified: the difference.
        old: the first text, for the equal lines between.
        whole: whether those are shown too, up to `MOST_ROWS` rows in all.
    """
    found = list(_hunks(unified))
    olds = _lines(old) if _are_of(found, _lines(old)) else None
    marks = _Marks()
    hunks: list[Hunk] = []
    reached_old = reached_new = 1
    removed = added = 0
    room = MOST_ROWS if whole else 0
    for start_old, start_new, changes in found:
        between = start_old - reached_old
        above = _equal(olds, reached_old, reached_new, between, room)
        room -= len(above)
        hunks.append(Hunk(hidden=between - len(above), rows=(*above, *_rows(changes, start_old, start_new, marks))))
        removed += sum(sign == "-" for sign, _ in changes)
        added += sum(sign == "+" for sign, _ in changes)
        reached_old = start_old + sum(sign != "+" for sign, _ in changes)
        reached_new = start_new + sum(sign != "-" for sign, _ in changes)
    rest = len(olds) - reached_old + 1 if olds is not None else 0
    if hunks and (below := _equal(olds, reached_old, reached_new, rest, room)):
        hunks.append(Hunk(hidden=0, rows=tuple(below)))
        rest = 0
    return TextComparison(
        hunks=tuple(hunks), hidden_after=max(0, rest) if hunks else 0, removed=removed, added=added,
        words_marked=marks.in_time,
    )  # fmt: skip


def _are_of(found: list[tuple[int, int, list[tuple[str, str]]]], olds: list[str]) -> bool:
    """Whether the hunks are about this text: a document that holds secrets on one side alone is compared rewritten."""
    for start, _, changes in found:
        before = [text for sign, text in changes if sign != "+"]
        if olds[start - 1 : start - 1 + len(before)] != before:
            return False
    return True


def _equal(olds: list[str] | None, old_number: int, new_number: int, count: int, room: int) -> list[Row]:
    """Equal lines of both texts, when there is room for all of them."""
    if olds is None or not 0 < count <= room:
        return []
    return [_same(old_number + at, new_number + at, olds[old_number + at - 1]) for at in range(count)]


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _hunks(unified: str) -> Iterator[tuple[int, int, list[tuple[str, str]]]]:
    """Where each hunk begins in both texts, and its lines with their sign."""
    begun: tuple[int, int, list[tuple[str, str]]] | None = None
    for line in unified.split("\n"):
        if match := _HUNK.match(line):
            if begun is not None:
                yield begun
            old_start, old_count, new_start, new_count = match.groups()
            # Of a side without lines, the header names the line before (POSIX diff, unified format).
            begun = int(old_start) + (old_count == "0"), int(new_start) + (new_count == "0"), []
        elif begun is not None and line[:1] in {" ", "-", "+"}:
            begun[2].append((line[0], line[1:]))
    if begun is not None:
        yield begun


def _same(old_number: int, new_number: int, text: str) -> Row:
    shown = escape(text)
    return Row(kind="same", old_number=old_number, old=shown, new_number=new_number, new=shown)


def _rows(changes: Sequence[tuple[str, str]], old_number: int, new_number: int, marks: "_Marks") -> Iterator[Row]:
    at = 0
    while at < len(changes):
        if changes[at][0] == " ":
            yield _same(old_number, new_number, changes[at][1])
            old_number, new_number, at = old_number + 1, new_number + 1, at + 1
            continue
        gone, come, at = _run(changes, at)
        for pair in range(max(len(gone), len(come))):
            before = gone[pair] if pair < len(gone) else None
            after = come[pair] if pair < len(come) else None
            yield _pair(before, after, old_number + pair, new_number + pair, marks)
        old_number, new_number = old_number + len(gone), new_number + len(come)


def _run(changes: Sequence[tuple[str, str]], at: int) -> tuple[list[str], list[str], int]:
    gone: list[str] = []
    come: list[str] = []
    while at < len(changes) and changes[at][0] != " ":
        (gone if changes[at][0] == "-" else come).append(changes[at][1])
        at += 1
    return gone, come, at


def _pair(before: str | None, after: str | None, old_number: int, new_number: int, marks: "_Marks") -> Row:
    if before is None:
        return Row(kind="added", new_number=new_number, new=Markup("<ins>{}</ins>").format(after or ""))
    if after is None:
        return Row(kind="removed", old_number=old_number, old=Markup("<del>{}</del>").format(before))
    old, new = marks.words(before, after)
    return Row(kind="changed", old_number=old_number, old=old, new_number=new_number, new=new)


class _Marks:
    """Marks the words that differ between two lines, until the time is over."""

    def __init__(self) -> None:
        self._deadline = time.monotonic() + MARKING_SECONDS
        self.in_time = True

    def words(self, before: str, after: str) -> tuple[Markup, Markup]:
        if max(len(before), len(after)) > LONGEST_MARKED:
            return _whole(before, after)
        if time.monotonic() > self._deadline:
            self.in_time = False
            return _whole(before, after)
        olds, news = _TOKEN.findall(before), _TOKEN.findall(after)
        matcher = difflib.SequenceMatcher(None, olds, news, autojunk=False)
        if matcher.real_quick_ratio() < 0.3 or matcher.quick_ratio() < 0.3:
            return _whole(before, after)
        old, new = Markup(), Markup()
        for operation, a, b, c, d in matcher.get_opcodes():
            gone, come = escape("".join(olds[a:b])), escape("".join(news[c:d]))
            if operation == "equal":
                old, new = old + gone, new + come
            else:
                old += Markup("<del>{}</del>").format(gone) if gone else gone
                new += Markup("<ins>{}</ins>").format(come) if come else come
        return old, new


def _whole(before: str, after: str) -> tuple[Markup, Markup]:
    return Markup("<del>{}</del>").format(before), Markup("<ins>{}</ins>").format(after)
