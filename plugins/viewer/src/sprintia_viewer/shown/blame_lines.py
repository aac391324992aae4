"""Who set what, line by line."""

from collections.abc import Iterator, Mapping, Sequence
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
        path: of the values on the line, the one that was set last; None of a line without a value of its own.
        repeated: whether the line above has the same version: then nobody reads it twice.
        age: a shade.
    """

    line: SourceLine
    path: BlamedPath | None
    repeated: bool
    age: int


def blamed_lines(lines: Sequence[SourceLine], paths: Sequence[BlamedPath]) -> tuple[BlamedLine, ...]:
    """Tell of each line which version last set a value on it."""
    newest = _newest(lines, paths)
    ages = _ages(paths)
    blamed: list[BlamedLine] = []
    above: int | None = None
    for line in lines:
        path = max(_values(line, newest), key=_version, default=None)
        version = path.version if path else None
        blamed.append(
            BlamedLine(
                line=line, path=path, repeated=version is not None and version == above,
                age=ages.get(version, AGES - 1) if version is not None else AGES - 1,
            )
        )  # fmt: skip
        above = version if path else above
    return tuple(blamed)


def _newest(lines: Sequence[SourceLine], paths: Sequence[BlamedPath]) -> Mapping[str, BlamedPath]:
    """By pointer: each value; and where an alias stands for values, the one of them that was set last."""
    newest = {path.pointer: path for path in paths}
    if repeated := {pointer for line in lines for pointer in line.repeated}:
        for path in paths:
            for above in _above(path.pointer):
                if above in repeated and (above not in newest or _version(path) > _version(newest[above])):
                    newest[above] = path
    return newest


def _values(line: SourceLine, newest: Mapping[str, BlamedPath]) -> Iterator[BlamedPath]:
    """The values on a line, the innermost first; what is in a value that is one for blame (a mask) speaks for it."""
    for pointer in (*reversed(line.pointers), line.within):
        if pointer is None:
            continue
        if found := next((newest[each] for each in (pointer, *_above(pointer)) if each in newest), None):
            yield found


def _above(pointer: str) -> Iterator[str]:
    while pointer:
        pointer = pointer.rpartition("/")[0]
        yield pointer


def _version(path: BlamedPath) -> int:
    return path.version or 0


def _ages(paths: Sequence[BlamedPath]) -> Mapping[int, int]:
    moments: dict[int, datetime] = {
        path.version: path.created_at for path in paths if path.version is not None and path.created_at is not None
    }
    newest_first = sorted(moments, key=lambda version: moments[version], reverse=True)
    return {version: min(AGES - 1, at * AGES // max(1, len(newest_first))) for at, version in enumerate(newest_first)}
