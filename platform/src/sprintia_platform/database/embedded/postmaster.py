"""The running server, as seen from outside: which process it is, and whether that process is really ours.

A pid proves nothing: after a crash it may be anyone's. Each launch therefore gives the server a random name, kept in
the file that carries its lock, and PostgreSQL shows it in the command line of the postmaster (`cluster_name=...`) and
in the titles of its children (`postgres: <name>: ...`). Everyone may read command lines; a process's working directory
would tell as much, but root may not read that in a container, which has no CAP_SYS_PTRACE.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

PID_FILE = "postmaster.pid"
PROC = Path("/proc")


class Postmaster(NamedTuple):
    """A live postmaster of ours, from its pid file."""

    pid: int
    socket_folder: str
    ready: bool


def find_postmaster(cluster: Path, name: str) -> Postmaster | None:
    """Return the postmaster that the pid file names, if that process is alive and was launched under our name."""
    try:
        lines = cluster.joinpath(PID_FILE).read_text(encoding="utf-8", errors="replace").splitlines()
        pid = int(lines[0])
    except (OSError, ValueError, IndexError):
        return None
    if pid <= 1 or not _is_postmaster(_command(pid), name):
        return None
    # The lines: pid, folder, start time, port, socket folder, addresses, shared memory, state.
    fields = [line.strip() for line in lines] + [""] * 8
    return Postmaster(pid, fields[4], fields[7] == "ready")


def end_remains(name: str) -> bool:
    """Make what is left of a server quit, when its postmaster or its pid file is gone; return whether there was any.

    A backend notices that its postmaster is gone only when it next waits, which a long query may not do for hours. This
    is as safe as a crash, from which the next start recovers.
    """
    if not name:
        return False
    commands = {pid: _command(pid) for pid in _pids()}
    masters = [pid for pid, command in commands.items() if _is_postmaster(command, name)]
    orphans = [pid for pid, command in commands.items() if command.startswith(f"postgres: {name}: ")]
    for pid in masters:
        _signal(pid, signal.SIGQUIT)
    if not masters:
        for pid in orphans:
            # Not SIGQUIT: its handler may hang, and there is no postmaster to follow up.
            _signal(pid, signal.SIGKILL)
    return bool(masters or orphans)


def end_deleted(cluster: Path) -> bool:
    """Make a server quit whose folder, of this name, was deleted under it; return whether there was any.

    It would notice within a minute, and on leaving remove the socket of the server that took its place.
    """
    ghosts = [pid for pid in _pids() if _works_in_deleted(pid, cluster)]
    for pid in ghosts:
        _signal(pid, signal.SIGQUIT)
    return bool(ghosts)


def _is_postmaster(command: str, name: str) -> bool:
    return bool(name) and f"cluster_name={name}" in command.split() and not command.startswith("postgres:")


def _works_in_deleted(pid: int, cluster: Path) -> bool:
    folder = PROC / str(pid) / "cwd"
    try:
        gone = str(folder.readlink()) == f"{cluster} (deleted)" and folder.stat().st_nlink == 0
    except OSError:
        return False
    return gone and "postgres" in _command(pid)


def _pids() -> Iterator[int]:
    if PROC.joinpath("self").exists():
        return (int(entry.name) for entry in PROC.glob("[0-9]*"))
    return map(int, _ps("-axo", "pid=").split())


def _command(pid: int) -> str:
    if not PROC.joinpath("self").exists():
        return _ps("-ww", "-o", "command=", "-p", str(pid))
    try:
        return PROC.joinpath(str(pid), "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _ps(*options: str) -> str:
    """List processes where there is no /proc: on macOS."""
    listed = subprocess.run(["/bin/ps", *options], capture_output=True, text=True, check=False)  # noqa: S603 constants
    return listed.stdout.strip()


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
