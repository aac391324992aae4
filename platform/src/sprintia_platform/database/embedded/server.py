"""The embedded server: started by the first process that uses a data folder, stopped by the last one that leaves."""

from __future__ import annotations

import os
import secrets
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from subprocess import TimeoutExpired
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

from sprintia_platform.database.embedded import cluster as clusters
from sprintia_platform.database.embedded import locks
from sprintia_platform.database.embedded.account import spawn
from sprintia_platform.database.embedded.binaries import find_binaries
from sprintia_platform.database.embedded.errors import EmbeddedPostgresError, reported
from sprintia_platform.database.embedded.postmaster import PID_FILE, end_deleted, end_remains, find_postmaster
from sprintia_platform.database.embedded.sockets import is_answered, prepare_socket_folder, socket_folder

if TYPE_CHECKING:
    from subprocess import Popen
    from types import TracebackType

    from sprintia_platform.database.embedded.postmaster import Postmaster

CONTROL_SECONDS = 120.0
# Orphaned backends leave by themselves in milliseconds, unless they compute.
ORPHAN_SECONDS = 1.0
FAST_STOP_SECONDS = 60.0
IMMEDIATE_STOP_SECONDS = 15.0
LOG_BYTES = 10_000_000


class EmbeddedPostgres:
    """A private PostgreSQL in a data folder, shared by all processes that use the folder.

    Three locks beside the cluster carry the guarantees; none outlives its holders, so SIGKILL leaves nothing to mend:

    - `postgresql.users`: held shared by each process that uses the server; who gets it alone is the last one.
    - `postgresql.control`: held around each decision to start or stop.
    - `postgresql.server`: inherited by PostgreSQL itself, all its processes. While any of them lives no second server
      starts, whatever the pid file says; once it is free, a pid file is stale by proof and not by guess. The file holds
      the name that the server was launched under.

    All methods are synchronous and safe to call from several threads; from async code use `asyncio.to_thread`.
    """

    def __init__(self, data_dir: Path, *, start_timeout: float = 60.0) -> None:
        self.data_dir = data_dir.resolve()
        self.log_file = self.data_dir / "postgresql.log"
        self._folder = self.data_dir / "postgresql"
        self._users_path = self.data_dir / "postgresql.users"
        self._control_path = self.data_dir / "postgresql.control"
        self._server_path = self.data_dir / "postgresql.server"
        self._start_timeout = start_timeout
        self._socket_folder: str | None = None
        self._users: int | None = None
        self._owner = 0
        self._reaper: threading.Thread | None = None
        self._mutex = threading.Lock()

    @property
    def url(self) -> str:
        """The address, known once started: `postgresql://sprintia@/sprintia?host=<socket folder>`."""
        if self._socket_folder is None:
            raise EmbeddedPostgresError(f"PostgreSQL in {self.data_dir} has no URL yet: call start() first")
        return f"postgresql://{clusters.USER}@/{clusters.DATABASE}?host={quote(self._socket_folder)}"

    @property
    def server_url(self) -> str:
        """The same for who serves requests, and is no superuser; `sprintia db upgrade` grants it the plugins' roles."""
        return self.url.replace(f"//{clusters.USER}@", f"//{clusters.SERVER_USER}@", 1)

    def start(self) -> str:
        """Start the server, or share the one that runs, and return its URL; creates the cluster on the first run.

        Raises EmbeddedPostgresError with the cause and the cure.
        """
        with self._mutex, reported(self.data_dir):
            if self._users is None:
                # Root's must let the account of PostgreSQL through, though not look around.
                self.data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
                with locks.exclusive(self._control_path, CONTROL_SECONDS):
                    users = locks.open_shared(self._users_path)
                    try:
                        self._bring_up()
                    except BaseException:
                        os.close(users)
                        raise
                    self._users, self._owner = users, os.getpid()
            return self.url

    def ensure_running(self) -> bool:
        """Bring the server back if it died, and tell whether that was needed; call it on an interval while started."""
        with self._mutex, reported(self.data_dir):
            if self._users is None:
                return False
            with locks.exclusive(self._control_path, CONTROL_SECONDS):
                return self._bring_up()

    def stop(self) -> None:
        """Leave the server, and stop it when no other process uses it. Does nothing when not started."""
        with self._mutex, reported(self.data_dir):
            # A forked child shares our locks: it must not stop the server of its parent.
            if self._users is None or self._owner != os.getpid():
                return
            users, self._users = self._users, None
            try:
                with locks.exclusive(self._control_path, CONTROL_SECONDS):
                    if locks.try_exclusive(users):
                        self._shut_down()
            finally:
                os.close(users)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _bring_up(self) -> bool:
        """Share the server that runs, or launch one once nothing of an earlier one is left; tell whether launched."""
        began = time.monotonic()
        while True:
            lock = locks.open_if_free(self._server_path)
            if lock is not None:
                try:
                    self._launch(lock)
                finally:
                    os.close(lock)
                return True
            running = self._find()
            if running and running.ready:
                if is_answered(Path(running.socket_folder)):
                    self._socket_folder = running.socket_folder
                    return False
                # It is dying, or its socket was moved or tidied away: nobody can reach it, so it has to start anew.
                with suppress(ProcessLookupError):
                    os.kill(running.pid, signal.SIGINT)
            waited = time.monotonic() - began
            if waited > self._start_timeout:
                raise self._not_ready()
            if not running and waited > ORPHAN_SECONDS:
                end_remains(self._name())
            time.sleep(locks.POLL_SECONDS)

    def _launch(self, lock: int) -> None:
        cluster = clusters.locate(self._folder)
        binaries = find_binaries(cluster.account)
        if self._folder.joinpath("PG_VERSION").exists():
            clusters.check_version(cluster, binaries)
        else:
            clusters.create(cluster, binaries, lock)
        self._end_deleted()
        sockets = socket_folder(self.data_dir, reachable=cluster.reachable)
        prepare_socket_folder(sockets, cluster.account)
        # Nobody holds the server's lock, so the file is stale, even if an unrelated process has its pid by now.
        self._folder.joinpath(PID_FILE).unlink(missing_ok=True)
        own = {"cluster_name": self._rename(lock), "unix_socket_directories": str(sockets), "port": "5432"}
        command = [
            str(binaries.folder / "postgres"),
            "-D",
            cluster.postgres_path,
            *clusters.as_options(clusters.GUARANTEES | own),
        ]
        log = self._open_log()
        try:
            process = spawn(command, cluster.account, cwd=self._folder, output=log, keep_open=(lock,))
        finally:
            os.close(log)
        try:
            self._await_ready(process)
        except BaseException:
            process.send_signal(signal.SIGQUIT)
            with suppress(TimeoutExpired):
                process.wait(IMMEDIATE_STOP_SECONDS)
            raise
        self._socket_folder = str(sockets)
        # Someone has to collect its exit status: nobody else does when we are pid 1 of a container.
        self._reaper = threading.Thread(target=process.wait, name="postgresql-reaper", daemon=True)
        self._reaper.start()

    def _await_ready(self, process: Popen[bytes]) -> None:
        deadline = time.monotonic() + self._start_timeout
        while True:
            running = self._find()
            if running and running.pid == process.pid and running.ready:
                return
            if process.poll() is not None:
                raise EmbeddedPostgresError(
                    f"PostgreSQL ended while starting: {self._last_log_line()}: mend that, see {self.log_file} for more"
                )
            if time.monotonic() > deadline:
                raise self._not_ready()
            time.sleep(locks.POLL_SECONDS)

    def _end_deleted(self) -> None:
        deadline = time.monotonic() + IMMEDIATE_STOP_SECONDS
        while end_deleted(self._folder) and time.monotonic() < deadline:
            time.sleep(locks.POLL_SECONDS)

    def _shut_down(self) -> None:
        began = time.monotonic()
        sent = None
        while not self._is_gone():
            waited = time.monotonic() - began
            # Fast: roll back and checkpoint. Immediate when that hangs: the next start recovers from the log.
            number = signal.SIGINT if waited < FAST_STOP_SECONDS else signal.SIGQUIT
            running = self._find()
            if running and number != sent:
                sent = number
                with suppress(ProcessLookupError):
                    os.kill(running.pid, number)
            elif not running and waited > ORPHAN_SECONDS:
                end_remains(self._name())
            if waited > FAST_STOP_SECONDS + IMMEDIATE_STOP_SECONDS:
                raise EmbeddedPostgresError(
                    f"PostgreSQL in {self._folder} does not stop: {self._last_log_line()}: see {self.log_file}, "
                    "and whether it runs in another container"
                )
            time.sleep(locks.POLL_SECONDS)
        if self._reaper:
            self._reaper.join(timeout=IMMEDIATE_STOP_SECONDS)

    def _is_gone(self) -> bool:
        lock = locks.open_if_free(self._server_path)
        if lock is not None:
            os.close(lock)
        return lock is not None

    def _find(self) -> Postmaster | None:
        return find_postmaster(self._folder, self._name())

    def _name(self) -> str:
        return self._server_path.read_text(encoding="ascii", errors="replace").strip()

    def _rename(self, lock: int) -> str:
        name = f"sprintia-{secrets.token_hex(8)}"
        os.ftruncate(lock, 0)
        os.pwrite(lock, name.encode(), 0)
        return name

    def _open_log(self) -> int:
        with suppress(FileNotFoundError):
            if self.log_file.lstat().st_size > LOG_BYTES:
                self.log_file.replace(self.log_file.with_suffix(".log.1"))
        return os.open(self.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)

    def _not_ready(self) -> EmbeddedPostgresError:
        return EmbeddedPostgresError(
            f"PostgreSQL was not ready within {self._start_timeout:g} s: {self._last_log_line()}: "
            f"see {self.log_file}, and start again"
        )

    def _last_log_line(self) -> str:
        try:
            with self.log_file.open("rb") as log:
                log.seek(max(0, self.log_file.stat().st_size - 4096))
                lines = log.read().decode(errors="replace").split("\n")
        except OSError:
            return "its log cannot be read"
        return next((line.strip() for line in reversed(lines) if line.strip()), "its log is empty")
