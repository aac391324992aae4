"""Several processes on one listening socket: a supervisor that starts them, replaces the dead and ends them all.

Supervisor and worker hold the two ends of a lifeline. The worker says on it that it serves; and when the supervisor
dies, by SIGKILL too, the worker sees the lifeline end and leaves: no worker stays behind on the port, with nobody to
replace or to end it.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from sprintia_platform.errors import StartupError
from sprintia_platform.host import Host
from sprintia_platform.observability import worker_metrics
from sprintia_platform.observability.logs import configure_logs
from sprintia_platform.server import StopSignals, run_worker
from sprintia_platform.settings import HostSettings

log = structlog.get_logger("sprintia.workers")

WORKER_SOCKETS = "SPRINTIA_WORKER_SOCKET"
"""How a worker learns which inherited file descriptors are its listening socket and its lifeline: `5,7`."""

_WATCH_EVERY = 0.1
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0


def run_workers(
    settings: HostSettings, listener: socket.socket, environment: Mapping[str, str], signals: StopSignals
) -> None:
    """Keep `settings.workers` processes serving on one socket until a signal ends this one, and end them all.

    Raises:
        StartupError: a worker could not start before any had ever served: the next one would end alike.
    """
    signals.heeded = True
    with worker_metrics.metrics_folder(settings.workers) as (folder, lock):
        estate = _Estate(listener, environment, folder, lock)
        places = [_Place(estate, number) for number in range(settings.workers)]
        try:
            while not signals.received:
                for place in places:
                    place.look_after(has_served=any(other.has_served for other in places))
                time.sleep(_WATCH_EVERY)
        finally:
            listener.close()
            _end(places, signals.received or [signal.SIGTERM])
            signals.heeded = False


def _end(places: "list[_Place]", signals: list[int]) -> None:
    passed_on = 0
    while any(place.is_alive for place in places):
        # A second signal is passed on as well: it makes a worker leave at once.
        for number in signals[passed_on:]:
            passed_on += 1
            for place in places:
                place.send_signal(number)
        time.sleep(_WATCH_EVERY)


@dataclass(frozen=True, slots=True)
class _Estate:
    """What every worker is given: the listening socket, its settings, and where all of them count."""

    listener: socket.socket
    environment: Mapping[str, str]
    metrics_folder: Path
    metrics_lock: int


class _Place:
    """One worker after the other."""

    def __init__(self, estate: _Estate, number: int) -> None:
        self._estate, self._number = estate, number
        self._pause = _FIRST_PAUSE
        self._due: float | None = None
        self.has_served = False
        self._process, self._lifeline = self._start()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def send_signal(self, number: int) -> None:
        self._process.send_signal(number)

    def look_after(self, *, has_served: bool) -> None:
        """Note that the worker serves; start another one, after a pause, when it is dead.

        Raises:
            StartupError: it could not start, and none ever has.
        """
        self._listen_to_worker()
        if self.is_alive:
            return
        if self._due is None:
            if self._process.returncode == 1 and not has_served:
                raise StartupError("a worker could not start: its message is above")
            log.warning("worker_died", pid=self._process.pid, error_code=str(self._process.returncode))
            self._due = time.monotonic() + self._pause
        elif time.monotonic() >= self._due:
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
            self._due = None
            self._lifeline.close()
            self._process, self._lifeline = self._start()

    def _listen_to_worker(self) -> None:
        with suppress(BlockingIOError, ConnectionResetError):
            if self._lifeline.recv(1):
                self.has_served = True
                self._pause = _FIRST_PAUSE

    def _start(self) -> "tuple[subprocess.Popen[bytes], socket.socket]":
        estate = self._estate
        worker_metrics.clear_place(estate.metrics_folder, self._number)
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        numbers = [estate.listener.fileno(), theirs.fileno()]
        with theirs:
            process = subprocess.Popen(  # noqa: S603 - this Python, and a number
                [sys.executable, "-m", "sprintia_platform.workers", str(self._number)],
                env={
                    **estate.environment, WORKER_SOCKETS: ",".join(map(str, numbers)),
                    worker_metrics.FOLDER: str(estate.metrics_folder),
                },
                pass_fds=[*numbers, estate.metrics_lock],
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which then ends its workers in order
            )  # fmt: skip
        return process, ours


def main() -> int:
    """Run as the worker of the place that the argument numbers, for a supervisor."""
    worker_metrics.take_place(int(sys.argv[1]))
    environment = dict(os.environ)
    numbers = environment.pop(WORKER_SOCKETS).split(",")
    listener, lifeline = (socket.socket(fileno=int(number)) for number in numbers)
    try:
        host = Host(environ=environment)
        configure_logs(host.settings.log_level)
        run_worker(host, listener, lifeline=lifeline)
    except StartupError as error:
        for fault in error.faults:
            sys.stderr.write(f"sprintia: {fault}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
