"""The one error of the embedded PostgreSQL."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class EmbeddedPostgresError(Exception):
    """One clear line: what is wrong, where, and what to do."""


@contextmanager
def reported(data_dir: Path) -> Iterator[None]:
    """Turn what the operating system refuses below a data folder into one line with the cure."""
    try:
        yield
    except OSError as error:
        place = error.filename or data_dir
        raise EmbeddedPostgresError(
            f"the data folder {data_dir} cannot be used: {error.strerror or error} ({place}): make it writable for the "
            "account that runs Sprintia, choose another with SPRINTIA_DATA_DIR, or set DATABASE_URL"
        ) from error
