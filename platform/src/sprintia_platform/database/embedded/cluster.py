"""The cluster: the folder with the data, who owns it, how it is made and how it is set."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sprintia_platform.database.embedded.account import Account, can_enter, choose_account, run
from sprintia_platform.database.embedded.errors import EmbeddedPostgresError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sprintia_platform.database.embedded.binaries import Binaries

USER = DATABASE = "sprintia"
# Who serves requests: no superuser, so that nothing that reaches SQL can leave the plugins' roles.
SERVER_USER = "sprintia_server"

# Set on every start, so that no file or ALTER SYSTEM loosens them.
GUARANTEES = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "logging_collector": "off",
    "log_destination": "stderr",
    # Statements carry secrets, as literals, as parameters and in DETAIL lines. An ERROR's own text may quote a value
    # too ("invalid input syntax for type integer: ..."), so the log takes LOG, FATAL and PANIC only: the program that
    # ran the statement gets the error, and decides what of it to log.
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_error_statement": "panic",
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "debug_print_parse": "off",
}
# Written once into postgresql.conf, where an operator may change them.
DEFAULTS = {
    "shared_buffers": "64MB",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
# Letters beyond ASCII count as letters for pg_trgm and text search only under a UTF-8 LC_CTYPE; collation is the
# builtin provider's everywhere. glibc has the first since 2.35 (Debian before that), macOS the second, all the last.
CHARACTER_TYPES = ("C.UTF-8", "en_US.UTF-8", "C")


@dataclass(frozen=True)
class Cluster:
    """A cluster's folder and how PostgreSQL gets there."""

    folder: Path
    account: Account | None
    reachable: bool

    @property
    def postgres_path(self) -> str:
        """What to pass to PostgreSQL as -D, run with the folder as working directory.

        When root's data folder lies where the account cannot go (/root), the data stays there all the same: root enters
        the folder before it becomes the account, and PostgreSQL names it by a link that the kernel resolves without
        walking the path. A copy of the data kept elsewhere would be missed by backups, moves and `rm` of the folder.
        """
        return str(self.folder) if self.reachable else "/proc/self/cwd"


def locate(folder: Path) -> Cluster:
    """Find out who runs the cluster in this folder, which need not exist yet."""
    account = choose_account(folder)
    if account is None:
        if folder.exists() and folder.stat().st_uid != os.geteuid():
            raise EmbeddedPostgresError(
                f"{folder} belongs to another account (uid {folder.stat().st_uid}): start Sprintia as that account or "
                "as root, or choose another folder with SPRINTIA_DATA_DIR"
            )
        return Cluster(folder, None, reachable=True)
    try:
        reachable = can_enter(folder.parent, account)
    except OSError as error:
        raise EmbeddedPostgresError(
            f"PostgreSQL does not run as root and this root may not become uid {account.uid} ({error.strerror}): "
            "start Sprintia as an ordinary user, or set DATABASE_URL"
        ) from error
    if not reachable and not Path("/proc/self/cwd").exists():
        raise EmbeddedPostgresError(
            f"uid {account.uid}, as which PostgreSQL runs, cannot enter {folder.parent}: choose a folder outside "
            "private ones with SPRINTIA_DATA_DIR"
        )
    return Cluster(folder, account, reachable=reachable)


def check_version(cluster: Cluster, binaries: Binaries) -> None:
    """Raise EmbeddedPostgresError when the folder holds another major version's data."""
    version = cluster.folder.joinpath("PG_VERSION").read_text(encoding="ascii", errors="replace").strip()
    if version != binaries.major:
        raise EmbeddedPostgresError(
            f"{cluster.folder} holds data of PostgreSQL {version} and this is PostgreSQL {binaries.major}: dump it "
            "with the release of Sprintia that wrote it and restore it here, or set DATABASE_URL to such a server"
        )


def create(cluster: Cluster, binaries: Binaries, lock: int) -> None:
    """Make the cluster beside its place and move it there whole, so that an interrupted attempt blocks nothing.

    The programs inherit the lock: as long as one of a killed attempt still writes, nobody else starts.
    """
    folder = cluster.folder
    if folder.exists() and any(folder.iterdir()):
        raise EmbeddedPostgresError(
            f"{folder} has files but no PG_VERSION, so it is no PostgreSQL cluster: move it away and start again"
        )
    fresh = folder.with_name(f"{folder.name}.new")
    if fresh.exists():
        shutil.rmtree(fresh)
    fresh.mkdir(mode=0o700)
    if cluster.account:
        os.chown(fresh, *cluster.account)
    draft = Cluster(fresh, cluster.account, cluster.reachable)
    try:
        _initdb(draft, binaries, lock)
        _single_user(draft, binaries, lock, f"CREATE ROLE {SERVER_USER} LOGIN NOINHERIT")
        _single_user(draft, binaries, lock, f"CREATE DATABASE {DATABASE}")
        fresh.rename(folder)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    _sync(folder.parent)


def as_options(settings: dict[str, str]) -> list[str]:
    """Write settings as PostgreSQL's command-line options."""
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _initdb(cluster: Cluster, binaries: Binaries, lock: int) -> None:
    output = ""
    for character_type in CHARACTER_TYPES:
        command = [
            str(binaries.folder / "initdb"),
            f"--pgdata={cluster.postgres_path}",
            f"--username={USER}",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            f"--lc-ctype={character_type}",
            "--data-checksums",
            # Without a password, and safe only because the socket's folder is 0700: who reaches the socket is this very
            # account or root, and both could read the files anyway.
            "--auth-local=trust",
            "--auth-host=reject",
            "--no-instructions",
            *as_options(DEFAULTS),
        ]
        result = run(command, cluster.account, cwd=cluster.folder, keep_open=(lock,))
        if not result.returncode:
            return
        output = result.stderr or result.stdout
        if "invalid locale name" not in result.stderr:
            break
    raise _failure(cluster, output)


def _single_user(cluster: Cluster, binaries: Binaries, lock: int, statement: str) -> None:
    command: Sequence[str] = [
        str(binaries.folder / "postgres"),
        "--single",
        "-D",
        cluster.postgres_path,
        "-c",
        "exit_on_error=on",
        "template1",
    ]
    result = run(command, cluster.account, cwd=cluster.folder, text=f"{statement}\n", keep_open=(lock,))
    if result.returncode:
        raise _failure(cluster, result.stderr)


def _failure(cluster: Cluster, output: str) -> EmbeddedPostgresError:
    place = cluster.folder.parent
    if "No space left on device" in output or "Disk quota exceeded" in output:
        return EmbeddedPostgresError(
            f"the disk of {place} is full: a new PostgreSQL cluster needs 100 MB; free some space, or choose another "
            "folder with SPRINTIA_DATA_DIR"
        )
    lines = [line for line in output.splitlines() if "error:" in line or "FATAL:" in line or "PANIC:" in line]
    reason = " ".join(lines[:1] or output.splitlines()[-1:] or ["no output"])
    return EmbeddedPostgresError(
        f"PostgreSQL could not create its cluster in {place}: {reason}: mend that and start again"
    )


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
