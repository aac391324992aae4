"""Bring the embedded PostgreSQL back when it dies while we serve: nobody else looks after it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from sprintia_platform.database.embedded import EmbeddedPostgres, EmbeddedPostgresError

log = structlog.get_logger("sprintia.database")

_LOOK_EVERY = 0.5
_LONGEST_PAUSE = 10.0


@contextmanager
def kept_running(server: EmbeddedPostgres) -> Iterator[None]:
    """Look after a started server from a thread of its own until the block ends.

    Not from the event loop: a recovery takes seconds, and with several workers this process has no loop.
    """
    ending = threading.Event()
    thread = threading.Thread(target=_look_after, args=(server, ending), name="postgresql-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


def _look_after(server: EmbeddedPostgres, ending: threading.Event) -> None:
    pause = _LOOK_EVERY
    while not ending.wait(pause):
        began = time.monotonic()
        try:
            if server.ensure_running():
                log.warning("postgresql_restarted", seconds=round(time.monotonic() - began, 2))
            pause = _LOOK_EVERY
        except EmbeddedPostgresError as error:
            pause = min(pause * 2, _LONGEST_PAUSE)
            log.error("postgresql_not_restarted", cause=str(error), seconds=pause)  # noqa: TRY400 - it says all
