"""Looking at real processes, and ending them the hard way."""

import os
import signal
import subprocess
from pathlib import Path


def children_of(pid: int) -> list[int]:
    """The live children of a process, oldest first; a dead one that nobody collected yet does not count."""
    listed = subprocess.run(
        ["ps", "-o", "pid=,stat=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    rows = [line.split() for line in listed.splitlines()]
    return sorted(int(pid) for pid, state in rows if not state.startswith("Z"))


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def workers_of(pid: int) -> list[int]:
    """The worker processes of a supervisor."""
    return [child for child in children_of(pid) if b"sprintia_platform.workers" in _command(child)]


def postmaster_of(data_dir: Path) -> int:
    """The process of the PostgreSQL that runs in a data folder."""
    return int((data_dir / "postgresql" / "postmaster.pid").read_text().splitlines()[0])


def processes_in(data_dir: Path) -> list[int]:
    """Every PostgreSQL process of a data folder, found by the name that it was launched under."""
    name = (data_dir / "postgresql.server").read_text().strip()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        command = _command(int(entry.name))
        if name.encode() in command and is_alive(int(entry.name)):
            found.append(int(entry.name))
    return sorted(found)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
