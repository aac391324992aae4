"""A comparison of two texts side by side: what differs with its surroundings, the rest folded away.

The differences themselves come as a unified diff; here they are put beside each other, as many as go onto a page. Both
texts can be read off the rows again, line by line.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby, zip_longest
from typing import Final, Literal

import msgspec
from markupsafe import Markup

from sprintia_viewer.shown.unified import UnifiedHunk, read_unified
from sprintia_viewer.shown.word_marks import WordMarks, as_whole, plain

MOST_MARKUP: Final = 220_000
"""Characters of markup on a page: with its frame it stays below 300 KB."""
_ROW_FRAME: Final = 210

Kind = Literal["same", "changed", "removed", "added"]
_Pair = tuple[bool, str | None, str | None]
"""Whether both lines are the same; the line of the old text, and the one of the new text that stands beside it."""


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
        removed, added: how many lines, of all.
        words_marked: whether there was time to mark words in every changed line that is shown.
        more_from: the first row that is not on this page, when there is one.
    """

    hunks: tuple[Hunk, ...]
    hidden_after: int
    removed: int
    added: int
    words_marked: bool
    more_from: int | None = None


class _Page:
    """The rows from one on, until the page is full."""

    def __init__(self, first: int) -> None:
        self.first, self.count = first, 0
        self.full_at: int | None = None
        self._room = MOST_MARKUP
        self._marks = WordMarks()

    @property
    def in_time(self) -> bool:
        return self._marks.in_time

    def rows(self, pairs: Sequence[_Pair], old_number: int, new_number: int) -> Iterator[Row]:
        """Those of the pairs that are on the page; every pair counts."""
        for same, before, after in pairs:
            if self.full_at is None and self.count >= self.first:
                row = (
                    self._same(before, old_number, new_number)
                    if same
                    else self._row(before, after, old_number, new_number)
                )
                size = _ROW_FRAME + len(row.old or "") + len(row.new or "")
                if size > self._room and self.count > self.first:
                    self.full_at = self.count
                else:
                    self._room -= size
                    yield row
            self.count += 1
            old_number += before is not None
            new_number += after is not None

    @staticmethod
    def _same(text: str | None, old_number: int, new_number: int) -> Row:
        # Both have the same end of line, so it says nothing.
        shown = plain((text or "").removesuffix("\r"))
        return Row(kind="same", old_number=old_number, old=shown, new_number=new_number, new=shown)

    def _row(self, before: str | None, after: str | None, old_number: int, new_number: int) -> Row:
        if before is None:
            return Row(kind="added", new_number=new_number, new=as_whole("ins", after or ""))
        if after is None:
            return Row(kind="removed", old_number=old_number, old=as_whole("del", before))
        old, new = self._marks.pair(before, after)
        return Row(kind="changed", old_number=old_number, old=old, new_number=new_number, new=new)


def side_by_side(unified: str, old: str, *, whole: bool = False, first: int = 0) -> TextComparison:
    """Put the two texts of a unified diff beside each other. For a thread: large ones take a while.

    Args:
        unified: the difference.
        old: the first text, for the equal lines between.
        whole: whether those are shown too.
        first: the row to begin with, counted from 0.
    """
    found = list(read_unified(unified))
    lines = _lines(old)
    olds = lines if _are_of(found, lines) else None
    page = _Page(first)
    hunks: list[Hunk] = []
    reached_old = reached_new = 1
    for each in found:
        between = each.old_start - reached_old
        above: list[_Pair] = _same(olds, reached_old, between) if whole else []
        pairs = [*above, *_beside(each.changes)]
        begins = page.count >= first and page.full_at is None
        rows = tuple(page.rows(pairs, each.old_start - len(above), each.new_start - len(above)))
        if rows:
            hunks.append(Hunk(hidden=between - len(above) if begins else 0, rows=rows))
        reached_old, reached_new = each.old_start + len(each.olds), each.new_start + each.new_count
    rest = max(0, len(olds) - reached_old + 1) if olds is not None and found else 0
    if whole and (below := tuple(page.rows(_same(olds, reached_old, rest), reached_old, reached_new))):
        hunks.append(Hunk(hidden=0, rows=below))
    signs = [sign for each in found for sign, _ in each.changes]
    return TextComparison(
        hunks=tuple(hunks), hidden_after=0 if whole or page.full_at is not None else rest,
        removed=signs.count("-"), added=signs.count("+"), words_marked=page.in_time, more_from=page.full_at,
    )  # fmt: skip


def _are_of(found: Sequence[UnifiedHunk], lines: Sequence[str]) -> bool:
    """Whether the hunks are about this text: a document that holds secrets on one side alone is compared rewritten."""
    return all(lines[each.old_start - 1 : each.old_start - 1 + len(each.olds)] == each.olds for each in found)


def _same(olds: Sequence[str] | None, start: int, count: int) -> list[_Pair]:
    return [(True, line, line) for line in olds[start - 1 : start - 1 + count]] if olds is not None else []


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _beside(changes: Sequence[tuple[str, str]]) -> Iterator[_Pair]:
    """Lines that went beside those that came in their place."""
    for same, run in groupby(changes, key=lambda change: change[0] == " "):
        lines = list(run)
        if same:
            yield from ((True, text, text) for _, text in lines)
        else:
            gone = [text for sign, text in lines if sign == "-"]
            come = [text for sign, text in lines if sign == "+"]
            yield from ((False, before, after) for before, after in zip_longest(gone, come))
