"""Serve in this process: bind, drain on SIGTERM, end cleanly."""

import asyncio
import errno
import gc
import os
import resource
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Self

import structlog
import uvicorn

from sprintia_platform.app import create_app
from sprintia_platform.errors import StartupError
from sprintia_platform.host import Host
from sprintia_platform.http.ready_protocol import ready_protocol
from sprintia_platform.settings import HostSettings

log = structlog.get_logger("sprintia.server")

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_PATIENCE_MILLISECONDS = 60_000


class StopSignals:
    """SIGINT and SIGTERM before and after serving: remembered, and heeded at the next safe point.

    An exception out of a signal handler strikes anywhere, also between PostgreSQL's start and the line that would see
    to its end. Only the second signal raises one, for whoever does not want to wait.

    Attributes:
        received: the signals that came within the block, in order.
        heeded: whether somebody looks at `received` all the time; then no signal raises.
    """

    def __init__(self) -> None:
        self.received: list[int] = []
        self.heeded = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._receive) for number in _STOP_SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        self.received.append(number)
        if len(self.received) > 1 and not self.heeded:
            raise KeyboardInterrupt


class DrainingServer(uvicorn.Server):
    """uvicorn, with the order of events that a proxy needs to lose no request.

    On SIGTERM readiness turns 503 while requests go on being answered for `drain_seconds`; then the sockets close and
    what is in flight is finished. SIGINT (a person at a terminal) skips the wait. A second signal ends at once.
    """

    def __init__(
        self, config: uvicorn.Config, host: Host, earlier: Sequence[int], lifeline: socket.socket | None
    ) -> None:
        super().__init__(config)
        self._host = host
        self._earlier = earlier
        self._lifeline = lifeline

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self._lifeline is not None:
            # From the beginning: a plugin may take long to start, and the database may be away.
            asyncio.get_running_loop().add_reader(self._lifeline, self._supervisor_left, self._lifeline)
        await super().startup(sockets)
        # What was made at the start stays: the collector need not walk it again and again.
        gc.collect()
        gc.freeze()
        if self._lifeline is not None:
            self._lifeline.setblocking(False)
            with suppress(BrokenPipeError):
                self._lifeline.send(b"!")

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Not uvicorn's own: it raises the signal again at the end, which would kill us before PostgreSQL is stopped.
        loop = asyncio.get_running_loop()
        before = {number: signal.getsignal(number) for number in _STOP_SIGNALS}
        for number in _STOP_SIGNALS:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        for earlier in self._earlier[:1]:
            self.handle_exit(earlier, None)
        try:
            yield
        finally:
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler)

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

    def _supervisor_left(self, lifeline: socket.socket) -> None:
        asyncio.get_running_loop().remove_reader(lifeline)
        if not self._host.draining:
            log.warning("supervisor_died", pid=os.getpid())
            self.handle_exit(signal.SIGTERM, None)


def bind(settings: HostSettings, port: int) -> socket.socket:
    """Listen on the address of the settings.

    Raises:
        StartupError: the port is taken or not allowed; with the cure.
    """
    try:
        family = socket.getaddrinfo(settings.host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # Each connection inherits it: whoever takes nothing for so long of what waits for him is cut off by the
            # kernel, and holds no memory any longer. Closing alone would wait for him for ever.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _PATIENCE_MILLISECONDS)
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


def run_worker(
    host: Host, listener: socket.socket, *, earlier: Sequence[int] = (), lifeline: socket.socket | None = None
) -> None:
    """Serve in this process until a signal ends it.

    Args:
        host: what to serve.
        listener: the listening socket; it is closed in the end.
        earlier: the signals that came before; read when this process hears signals itself.
        lifeline: held by a supervisor, who hears on it that this process serves; its end ends this process.

    Raises:
        StartupError: a plugin's lifespan refused to start.
    """
    _allow_many_connections()
    app = create_app(host)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="on",
        loop="uvloop",
        http=ready_protocol(app.request_layer),
        server_header=False,
        date_header=True,
        proxy_headers=bool(host.settings.trusted_proxies),
        forwarded_allow_ips=list(host.settings.trusted_proxies),
        timeout_graceful_shutdown=int(host.settings.shutdown_timeout),
        timeout_keep_alive=20,
        h11_max_incomplete_event_size=32_768,
    )
    server = DrainingServer(config, host, earlier, lifeline)
    try:
        server.run(sockets=[listener])
    except SystemExit:
        raise host.startup_error or StartupError("the application did not start: the log above says why") from None


def _allow_many_connections() -> None:
    """Take as many file descriptors as the operator allows: the soft limit is low for the sake of `select` alone."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # macOS calls its hard limit infinite and refuses to go there
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
