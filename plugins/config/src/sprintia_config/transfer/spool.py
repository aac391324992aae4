"""Lines that wait on disk until the whole file is known to be sound: unlinked, and sealed under a key of this process.

An export may hold secrets in clear, and may be larger than memory. What is left on the disk after a crash, nobody can
open.
"""

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from sprintia_config import problems
from sprintia_config.secrecy.envelope import DataKey, Place
from sprintia_platform import Problem

_LENGTH_BYTES = 4


class Spool:
    """Lines in order of arrival, to be read again from any of them. Line numbers begin at 1."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._key = DataKey.generate()
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, line: bytes) -> int:
        """Keep a line; returns where it begins, for `read_from`."""
        offset = self._file.seek(0, 2)
        self._count += 1
        sealed = self._key.seal(line, _place(self._count))
        self._file.write(len(sealed).to_bytes(_LENGTH_BYTES, "big") + sealed)
        return offset

    def read_from(self, offset: int, number: int) -> Iterator[tuple[int, bytes]]:
        """Give the lines from the one that begins at `offset` and has this number."""
        while True:
            self._file.seek(offset)
            length = int.from_bytes(self._file.read(_LENGTH_BYTES), "big")
            if not length:
                return
            sealed = self._file.read(length)
            yield number, self._key.open(sealed, _place(number))
            offset += _LENGTH_BYTES + length
            number += 1


@contextmanager
def room_on_disk() -> Iterator[None]:
    """Raise a `Problem` (507) when what is spooled finds no room on the disk."""
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise Problem(problems.IMPORT_NO_SPACE) from None


def _place(number: int) -> Place:
    return Place(purpose="import-spool", tenant_id="", version=number)
