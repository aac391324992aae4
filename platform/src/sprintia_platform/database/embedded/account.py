"""The account that PostgreSQL runs as: PostgreSQL refuses uid 0, so root must hand it to someone else."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sprintia_platform.database.embedded.errors import EmbeddedPostgresError

if TYPE_CHECKING:
    from collections.abc import Sequence

ACCOUNT_NAME = "sprintia"


class Account(NamedTuple):
    """An unprivileged user, as numbers: the owner of an existing cluster need not have a name."""

    uid: int
    gid: int


def choose_account(cluster: Path) -> Account | None:
    """Return who PostgreSQL runs as: None for the current user, else, for root, the account to switch to.

    An existing cluster's owner goes on owning it. Otherwise the account `sprintia`, created when missing: it owns
    nothing but these clusters. `postgres` is second best, because a system PostgreSQL shares it. `nobody` is never
    used: everything else that runs as nobody could read its files and signal its processes.
    """
    if os.geteuid() != 0:
        return None
    if cluster.exists():
        owner = cluster.stat()
        if owner.st_uid == 0:
            raise EmbeddedPostgresError(
                f"{cluster} belongs to root, as which PostgreSQL does not run: give it back with "
                f"`chown -R {ACCOUNT_NAME}: {cluster}`"
            )
        return Account(owner.st_uid, owner.st_gid)
    account = _named(ACCOUNT_NAME) or _created() or _named("postgres")
    if account is None:
        raise EmbeddedPostgresError(
            f"PostgreSQL does not run as root and the account {ACCOUNT_NAME!r} cannot be created: "
            f"run `useradd --system {ACCOUNT_NAME}`, start Sprintia as an ordinary user, or set DATABASE_URL"
        )
    return account


def run(
    command: Sequence[str],
    account: Account | None,
    *,
    cwd: Path = Path("/"),
    text: str = "",
    keep_open: Sequence[int] = (),
) -> subprocess.CompletedProcess[str]:
    """Run a program as the account, to its end."""
    return subprocess.run(  # noqa: S603 our own programs, without a shell
        command,
        input=text,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        cwd=cwd,
        env=ENVIRONMENT,
        start_new_session=True,
        umask=0o077,
        pass_fds=keep_open,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def spawn(
    command: Sequence[str], account: Account | None, *, cwd: Path, output: int, keep_open: Sequence[int]
) -> subprocess.Popen[bytes]:
    """Start a program as the account in a session of its own, so that the terminal's Ctrl-C does not reach it."""
    return subprocess.Popen(  # noqa: S603 our own programs, without a shell
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        cwd=cwd,
        env=ENVIRONMENT,
        start_new_session=True,
        umask=0o077,
        pass_fds=keep_open,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def can_enter(folder: Path, account: Account) -> bool:
    """Try it as the account: mode bits alone do not tell (access lists, mounts, every folder above)."""
    return run(["/bin/sh", "-c", 'cd "$1" 2>/dev/null', "sh", str(folder)], account).returncode == 0


# Not ours: that one holds keys and passwords which the account has no business reading in /proc/<pid>/environ, and
# PGDATA, PGPORT and their like, which would steer the server.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "TZ": "UTC"}


def _named(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_uid, entry.pw_gid) if entry.pw_uid else None


def _created() -> Account | None:
    useradd = shutil.which("useradd", path=f"{os.defpath}:/usr/sbin:/sbin")
    if useradd is None:
        return None
    nologin = "/usr/sbin/nologin"
    options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell", nologin]
    run([useradd, *options, ACCOUNT_NAME], None)
    # Not its exit code: two first starts may race, and the loser finds the winner's account.
    return _named(ACCOUNT_NAME)
