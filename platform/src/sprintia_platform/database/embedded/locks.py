"""Advisory locks between processes: flock, because the kernel drops it when its last holder dies, SIGKILL included."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sprintia_platform.database.embedded.errors import EmbeddedPostgresError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POLL_SECONDS = 0.02


def open_lock(path: Path) -> int:
    """Open a lock file, never through a symbolic link: root may work in a folder that belongs to someone else."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def try_exclusive(descriptor: int) -> bool:
    """Take the lock for ourselves alone, or turn a shared hold into that, if nobody else holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def open_if_free(path: Path) -> int | None:
    """Return a descriptor that holds the lock exclusively, or None when someone holds it."""
    descriptor = open_lock(path)
    if try_exclusive(descriptor):
        return descriptor
    os.close(descriptor)
    return None


def open_shared(path: Path) -> int:
    """Return a descriptor that holds the lock together with others; call it where nobody can hold it exclusively."""
    descriptor = open_lock(path)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


@contextmanager
def exclusive(path: Path, seconds: float) -> Iterator[None]:
    """Hold the lock exclusively for the block; raises EmbeddedPostgresError when another holds it for too long."""
    descriptor = open_lock(path)
    try:
        deadline = time.monotonic() + seconds
        while not try_exclusive(descriptor):
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"another process has been starting or stopping PostgreSQL for over {seconds:.0f} s (lock {path}): "
                    "see which one with `fuser -v` on that file, and end it"
                )
            time.sleep(POLL_SECONDS)
        yield
    finally:
        os.close(descriptor)
