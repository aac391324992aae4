"""The machine that numbers were taken on, and which of its cores does what."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

_NAMED = ("uvicorn", "uvloop", "httptools", "litestar", "msgspec", "asyncpg")


def server_core() -> int:
    """The core of whatever is measured, and of its reference."""
    return _CORES[0]


def load_core() -> int:
    """The core of the load, and of PostgreSQL; the server's own where there is no second one."""
    return _CORES[-1] if len(_CORES) < 2 else _CORES[1]


# Read once, before this process pins itself.
_CORES = sorted(os.sched_getaffinity(0))


def described(postgresql: str) -> dict[str, object]:
    """Name the machine and the versions, for the JSON."""
    return {
        "processor": _processor(),
        "cores": len(_CORES),
        "server_core": server_core(),
        "load_core": load_core(),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "postgresql": postgresql,
        "packages": {name: version(name) for name in _NAMED},
        "load_average_before": [round(load, 2) for load in os.getloadavg()],
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def cpu_seconds(pid: int) -> float:
    """CPU time of a process, all its threads, user and system (proc(5), `/proc/<pid>/stat`)."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def family_cpu_seconds(pid: int) -> float:
    """CPU time of a process and of its children: PostgreSQL with its backends."""
    family = [pid]
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int(_stat(int(entry.name))[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            if parent == pid:
                family.append(int(entry.name))
    return sum(_cpu_seconds_or_none(member) for member in family)


def _cpu_seconds_or_none(pid: int) -> float:
    try:
        return cpu_seconds(pid)
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


def _stat(pid: int) -> list[str]:
    """The fields after the command's name, which may itself hold blanks and brackets."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
