"""Two texts as a unified diff, line by line, with bounded work.

Only lines are matched, by `difflib.SequenceMatcher`. Its `ndiff` compares the characters of lines too: 300 similar
lines took 18 to 39 seconds (https://github.com/python/cpython/issues/119105).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import Match, SequenceMatcher
from itertools import accumulate
from typing import Final

MAX_LINES: Final = 20_000
DEFAULT_BUDGET: Final = 1_000_000
"""Pairs of equal lines that may be looked at; about 0.2 s."""

_CONTEXT: Final = 3
_NO_NEWLINE: Final = "\\ No newline at end of file"


@dataclass(frozen=True, slots=True)
class TextDiff:
    """A unified diff, empty when the texts are equal; `complete` is false when parts are told as replaced whole."""

    text: str
    complete: bool = True


def unified(old: str, new: str, old_name: str, new_name: str, *, budget: int = DEFAULT_BUDGET) -> TextDiff:
    """Compare two texts.

    Lines end with a line feed and nothing else: a carriage return or U+2028 is part of its line.

    Args:
        old: the text before.
        new: the text after.
        old_name: what the head of the diff calls it.
        new_name: the same for the text after.
        budget: how many pairs of equal lines may be looked at.
    """
    if old == new:
        return TextDiff("")
    before, after = _lines(old), _lines(new)
    blocks, complete = _equal_blocks(before, after, budget)
    pieces = [f"--- {old_name}\n+++ {new_name}\n"]
    for group in _Matched(blocks).get_grouped_opcodes(_CONTEXT):
        first, last = group[0], group[-1]
        pieces.append(f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@\n")
        for tag, old_start, old_end, new_start, new_end in group:
            if tag == "equal":
                pieces += [_told(" ", line) for line in before[old_start:old_end]]
            else:
                pieces += [_told("-", line) for line in before[old_start:old_end]]
                pieces += [_told("+", line) for line in after[new_start:new_end]]
    return TextDiff("".join(pieces), complete)


class _Matched(SequenceMatcher[str]):
    """A matcher whose equal blocks are known: it only groups them into hunks."""

    def __init__(self, blocks: list[Match]) -> None:
        super().__init__(None, "", "")
        self._blocks = blocks

    def get_matching_blocks(self) -> list[Match]:
        return self._blocks


class _Indexed(SequenceMatcher[str]):
    """A matcher, with the index that it makes: where each line stands in the new text."""

    b2j: dict[str, list[int]]


def _equal_blocks(old: list[str], new: list[str], budget: int) -> tuple[list[Match], bool]:
    """Where lines are equal, with the empty block at the end that difflib wants; and whether all were looked at.

    What differs is small, most often: equal lines at both ends are set aside first.
    """
    start, end = _equal_ends(old, new)
    inner_old, inner_new = old[start : len(old) - end], new[start : len(new) - end]
    complete = max(len(inner_old), len(inner_new)) <= MAX_LINES
    found: list[Match] = []
    if complete:
        found, complete = _search(inner_old, inner_new, budget)
    blocks = [Match(0, 0, start)]
    blocks += [Match(match.a + start, match.b + start, match.size) for match in found]
    blocks.append(Match(len(old) - end, len(new) - end, end))
    return [*_joined(blocks), Match(len(old), len(new), 0)], complete


def _search(old: list[str], new: list[str], budget: int) -> tuple[list[Match], bool]:
    """Longest equal blocks first, as difflib does, until the budget is spent."""
    matcher = _Indexed(None, old, new)
    # What one search over old lines i to j costs: the number of places where each of them stands in `new`.
    costs = list(accumulate((1 + len(matcher.b2j.get(line, ())) for line in old), initial=0))
    found: list[Match] = []
    pending = [(0, len(old), 0, len(new))]
    while pending:
        old_start, old_end, new_start, new_end = pending.pop()
        budget -= costs[old_end] - costs[old_start]
        if budget < 0:
            return sorted(found), False
        match = matcher.find_longest_match(old_start, old_end, new_start, new_end)
        if match.size:
            found.append(match)
            pending.append((old_start, match.a, new_start, match.b))
            pending.append((match.a + match.size, old_end, match.b + match.size, new_end))
    return sorted(found), True


def _joined(blocks: list[Match]) -> list[Match]:
    """Leave out empty blocks and make one of two that touch."""
    joined: list[Match] = []
    for block in blocks:
        last = joined[-1] if joined else None
        if last and last.a + last.size == block.a and last.b + last.size == block.b:
            joined[-1] = Match(last.a, last.b, last.size + block.size)
        elif block.size:
            joined.append(block)
    return joined


def _equal_ends(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """How many lines are equal at the start and, of the rest, at the end."""
    shorter = min(len(old), len(new))
    start = 0
    while start < shorter and old[start] == new[start]:
        start += 1
    end = 0
    while end < shorter - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return start, end


def _lines(text: str) -> list[str]:
    """Lines with their line feed; the last one has none when the text does not end with one."""
    parts = text.split("\n")
    lines = [f"{part}\n" for part in parts[:-1]]
    return [*lines, parts[-1]] if parts[-1] else lines


def _told(sign: str, line: str) -> str:
    return f"{sign}{line}" if line.endswith("\n") else f"{sign}{line}\n{_NO_NEWLINE}\n"


def _range(start: int, end: int) -> str:
    """Lines of a hunk as `diff -u` writes them: from 1, the number of lines left out when it is 1."""
    length = end - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"
