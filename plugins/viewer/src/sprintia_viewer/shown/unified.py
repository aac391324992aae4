"""A unified diff, read again: where each hunk begins in both texts, and its lines with their sign."""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

_HUNK: Final = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


class UnifiedHunk(msgspec.Struct, frozen=True, kw_only=True):
    """Lines in a row, ` `, `-` or `+` each; the numbers are those of the first one in both texts, from 1."""

    old_start: int
    new_start: int
    changes: list[tuple[str, str]]

    @property
    def olds(self) -> list[str]:
        """Its lines of the old text."""
        return [text for sign, text in self.changes if sign != "+"]

    @property
    def new_count(self) -> int:
        """How many lines of the new text it has."""
        return sum(sign != "-" for sign, _ in self.changes)


def read_unified(text: str) -> Iterator[UnifiedHunk]:
    """Read what `diff -u` writes; what stands before the first hunk says nothing about lines."""
    begun: UnifiedHunk | None = None
    for line in text.split("\n"):
        if match := _HUNK.match(line):
            if begun is not None:
                yield begun
            old_start, old_count, new_start, new_count = match.groups()
            # Of a side without lines, the header names the line before (POSIX diff, unified format).
            begun = UnifiedHunk(
                old_start=int(old_start) + (old_count == "0"), new_start=int(new_start) + (new_count == "0"), changes=[]
            )  # fmt: skip
        elif begun is not None and line[:1] in {" ", "-", "+"}:
            begun.changes.append((line[0], line[1:]))
    if begun is not None:
        yield begun
