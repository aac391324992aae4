"""Serve: bind, run one process or several, drain on SIGTERM, end cleanly."""

import asyncio
import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import structlog
import uvicorn

from sprintia_platform.app import create_app
from sprintia_platform.errors import StartupError
from sprintia_platform.host import Host
from sprintia_platform.settings import HostSettings

log = structlog.get_logger("sprintia.server")

WORKER_SOCKET = "SPRINTIA_WORKER_SOCKET"
"""How a supervisor hands its listening socket to a worker: the number of the inherited file descriptor."""

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_RESTART_PAUSE = 0.5
_WATCH_EVERY = 0.1


class DrainingServer(uvicorn.Server):
    """uvicorn, with the order of events that a proxy needs to lose no request.

    On SIGTERM readiness turns 503 while requests go on being answered for `drain_seconds`; then the sockets close and
    what is in flight is finished. SIGINT (a person at a terminal) skips the wait. A second signal ends at once.
    """

    def __init__(self, config: uvicorn.Config, host: Host) -> None:
        super().__init__(config)
        self._host = host

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Not uvicorn's own: it raises the signal again at the end, which would kill us before PostgreSQL is stopped.
        loop = asyncio.get_running_loop()
        for number in _STOP_SIGNALS:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in _STOP_SIGNALS:
                loop.remove_signal_handler(number)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        if self._host.draining:
            self.should_exit = self.force_exit = True
            return
        self._host.draining = True
        pause = self._host.settings.drain_seconds if sig == signal.SIGTERM else 0.0
        log.info("draining", seconds=pause, pid=os.getpid())
        asyncio.get_running_loop().call_later(pause, self._leave)

    def _leave(self) -> None:
        self.should_exit = True


def bind(settings: HostSettings, port: int) -> socket.socket:
    """Listen on the address of the settings.

    Raises:
        StartupError: the port is taken or not allowed; with the cure.
    """
    try:
        family = socket.getaddrinfo(settings.host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, port))
    except OSError as error:
        reasons = {
            errno.EADDRINUSE: "is in use: stop what listens there, or choose another port with SPRINTIA_PORT",
            errno.EACCES: "may not be used by this user: choose a port above 1023 with SPRINTIA_PORT",
            errno.EADDRNOTAVAIL: "is no address of this machine: correct SPRINTIA_HOST",
        }
        reason = reasons.get(error.errno or 0, f"cannot be used ({error.strerror or error}): correct SPRINTIA_HOST")
        raise StartupError(f"{settings.host}:{port} {reason}") from error
    listener.listen(2048)
    listener.set_inheritable(True)
    return listener


def run_worker(host: Host, listener: socket.socket) -> None:
    """Serve in this process until a signal ends it.

    Raises:
        StartupError: a plugin's lifespan refused to start.
    """
    config = uvicorn.Config(
        create_app(host),
        log_config=None,
        access_log=False,
        lifespan="on",
        loop="uvloop",
        http="httptools",
        server_header=False,
        date_header=True,
        proxy_headers=bool(host.settings.trusted_proxies),
        forwarded_allow_ips=list(host.settings.trusted_proxies),
        timeout_graceful_shutdown=int(host.settings.shutdown_timeout),
        timeout_keep_alive=20,
        h11_max_incomplete_event_size=32_768,
    )
    server = DrainingServer(config, host)
    try:
        server.run(sockets=[listener])
    except SystemExit:
        raise host.startup_error or StartupError("the application did not start: the log above says why") from None


def run_workers(settings: HostSettings, listener: socket.socket, environment: dict[str, str]) -> None:
    """Keep `settings.workers` processes serving on one socket until a signal ends this one, and end them all.

    Raises:
        StartupError: a worker ended before it served: the next one would end alike.
    """
    stopping: list[int] = []
    for number in _STOP_SIGNALS:
        signal.signal(number, lambda received, _frame: stopping.append(received))
    workers = [_start_worker(listener, environment) for _ in range(settings.workers)]
    try:
        while not stopping:
            for index, worker in enumerate(workers):
                if worker.poll() is None:
                    continue
                if worker.returncode == 1:
                    raise StartupError("a worker could not start: its message is above")
                log.warning("worker_died", pid=worker.pid, error_code=str(worker.returncode))
                time.sleep(_RESTART_PAUSE)
                workers[index] = _start_worker(listener, environment)
            time.sleep(_WATCH_EVERY)
    finally:
        listener.close()
        for worker in workers:
            if worker.poll() is None:
                worker.send_signal(stopping[0] if stopping else signal.SIGTERM)
        for worker in workers:
            worker.wait()


def _start_worker(listener: socket.socket, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    number = listener.fileno()
    return subprocess.Popen(
        [sys.executable, "-m", "sprintia_platform.server"],
        env={**environment, WORKER_SOCKET: str(number)},
        pass_fds=[number],
        start_new_session=True,  # Ctrl-C reaches the supervisor alone, which then ends its workers in order
    )


def main() -> int:
    """Run as one worker of a supervisor."""
    environment = dict(os.environ)
    listener = socket.socket(fileno=int(environment.pop(WORKER_SOCKET)))
    from sprintia_platform.observability.logs import configure_logs  # noqa: PLC0415 - the worker's own start

    try:
        host = Host(environ=environment)
        configure_logs(host.settings.log_level)
        run_worker(host, listener)
    except StartupError as error:
        for fault in error.faults:
            sys.stderr.write(f"sprintia: {fault}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
