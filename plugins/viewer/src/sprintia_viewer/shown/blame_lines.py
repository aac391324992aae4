"""Who set what, line by line."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from sprintia_config_client.contract import BlamedPath
from sprintia_viewer.shown.source import SourceLine

AGES: Final = 5
"""Shades of age: 0 is the newest version of those on the page."""


class BlamedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line, and since when its value stands.

    Attributes:
        path: None of a line without a value of its own.
        repeated: whether the line above has the same version: then nobody reads it twice.
        age: a shade.
    """

    line: SourceLine
    path: BlamedPath | None
    repeated: bool
    age: int


def blamed_lines(lines: Sequence[SourceLine], paths: Sequence[BlamedPath]) -> tuple[BlamedLine, ...]:
    """Tell of each line which version last set its value."""
    by_pointer = {path.pointer: path for path in paths}
    ages = _ages(paths)
    blamed: list[BlamedLine] = []
    above: int | None = None
    for line in lines:
        path = next((by_pointer[each] for each in _candidates(line) if each in by_pointer), None)
        version = path.version if path else None
        blamed.append(
            BlamedLine(
                line=line, path=path, repeated=version is not None and version == above,
                age=ages.get(version, AGES - 1) if version is not None else AGES - 1,
            )
        )  # fmt: skip
        above = version if path else above
    return tuple(blamed)


def _candidates(line: SourceLine) -> list[str]:
    """Pointers of the line, the innermost first; a mask's lines speak for the secret."""
    found = list(reversed(line.pointers))
    return found + [pointer.rpartition("/")[0] for pointer in found if pointer.endswith("/$secret")]


def _ages(paths: Sequence[BlamedPath]) -> Mapping[int, int]:
    moments: dict[int, datetime] = {
        path.version: path.created_at for path in paths if path.version is not None and path.created_at is not None
    }
    newest_first = sorted(moments, key=lambda version: moments[version], reverse=True)
    return {version: min(AGES - 1, at * AGES // max(1, len(newest_first))) for at, version in enumerate(newest_first)}
