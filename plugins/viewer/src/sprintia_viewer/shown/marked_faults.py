"""Faults of a text, each with the line to be marked in the editor: those of a schema name a key alone."""

from collections.abc import Sequence

import msgspec

from sprintia_config_client.errors import Fault
from sprintia_viewer.shown.source import places


class MarkedFault(msgspec.Struct, frozen=True, kw_only=True):
    """A fault as the editor marks it; `line` is 0 where it is about the whole."""

    line: int
    column: int
    message: str
    pointer: str | None = None


def marked_faults(faults: Sequence[Fault], text: str) -> list[MarkedFault]:
    """Find the lines of faults. For a thread: a large text is read for it, once, where a fault has no line."""
    lines: dict[str, int] = {}
    if any(fault.pointer and not fault.line for fault in faults):
        lines = {pointer: number for number, pointers in places(text).items() for pointer in pointers}
    return [
        MarkedFault(
            line=fault.line or _nearest(fault.pointer, lines), column=fault.column or 1, message=fault.message,
            pointer=fault.pointer,
        )
        for fault in faults
    ]  # fmt: skip


def _nearest(pointer: str | None, lines: dict[str, int]) -> int:
    """Where the key of a pointer stands, or the nearest one above it; 0 where none does."""
    while pointer:
        if pointer in lines:
            return lines[pointer]
        pointer = pointer.rpartition("/")[0]
    return 0
