"""Where in a text an offset is, as people count: lines and columns from 1."""

from typing import NamedTuple


class Position(NamedTuple):
    line: int
    column: int


def position_at(text: str, offset: int) -> Position:
    r"""Return line and column of a character. Lines end at `\n`, so `\r\n` counts once; columns count characters."""
    return Position(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))
