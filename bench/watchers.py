"""Change to watchers: how soon everybody who watches a tenant has a change, and what an idle watcher costs.

`python bench/watchers.py` starts the real `sprintia serve` on a core of its own, with its embedded PostgreSQL and this
load on the other, opens watchers of `/configs/{tenant}/events` on raw sockets, writes, and notes when each of them has
each change. It fails unless every watcher got every change exactly once and in order.
"""

import argparse
import json
import os
import re
import resource
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

_SPRINTIA = str(Path(sys.executable).parent / "sprintia")
_KEY = "the-bootstrap-key-of-a-benchmark"
_EVENT = re.compile(rb"id: (\d+)\nevent: change\ndata: [^\n]*\n\n")
_PATIENCE = 60.0
_OPENED_AT_ONCE = 200
# A configuration of the usual size, as agents have it.
_TEXT = "".join(f"line_{number}: a value of the usual length for a configuration\n" for number in range(60))


class Platform(NamedTuple):
    """A server that runs."""

    pid: int
    port: int

    def resident_bytes(self) -> int:
        """Its memory: RSS (proc(5), `/proc/<pid>/status`)."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        return int(status.partition("VmRSS:")[2].split()[0]) * 1024

    def processor_seconds(self) -> float:
        """Its CPU time, user and system (proc(5), `/proc/<pid>/stat`)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Watcher:
    """One stream of events."""

    __slots__ = ("connection", "ids", "rest")

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.ids: list[int] = []
        self.rest = b""

    def take(self) -> list[int]:
        """Read what is there; gives the ids of the whole events in it."""
        data = self.connection.recv(262_144)
        if not data:
            raise SystemExit("a stream ended")
        data = self.rest + data
        found = [int(match[1]) for match in _EVENT.finditer(data)]
        self.rest = data[data.rfind(b"\n\n") + 2 :] if found else data[-4096:]
        self.ids += found
        return found


class Watchers:
    """Many streams in one epoll."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._selector = selectors.EpollSelector()
        self.all: list[Watcher] = []

    def open(self, count: int, tenants: Sequence[str]) -> None:
        """Open streams until there are so many, spread over tenants; returns when each has begun."""
        while len(self.all) < count:
            opened = []
            for _ in range(min(_OPENED_AT_ONCE, count - len(self.all))):
                tenant = tenants[len(self.all) % len(tenants)]
                connection = socket.create_connection(("127.0.0.1", self._platform.port))
                connection.sendall(
                    f"GET /configs/{tenant}/events HTTP/1.1\r\nhost: bench\r\nx-api-key: {_KEY}\r\n"
                    "accept: text/event-stream\r\n\r\n".encode()
                )
                watcher = Watcher(connection)
                opened.append(watcher)
                self.all.append(watcher)
            for watcher in opened:
                _wait_for(watcher.connection, b"retry: ")
                watcher.connection.setblocking(False)
                self._selector.register(watcher.connection, selectors.EVENT_READ, watcher)

    def follow(self, writer: "Writer", number: int) -> list[float]:
        """Write once, and give the seconds from its acknowledgement to each watcher's receipt of it."""
        sent_at = time.perf_counter()
        writer.send(number)
        self._selector.register(writer.connection, selectors.EVENT_READ, None)
        acknowledged = 0.0
        received: list[float] = []
        while len(received) < len(self.all) or not acknowledged:
            ready = self._selector.select(_PATIENCE)
            if not ready:
                raise SystemExit(f"{len(self.all) - len(received)} watchers never got write {number}")
            for key, _ in ready:
                if key.data is None:
                    if writer.answered():
                        acknowledged = time.perf_counter()
                else:
                    ids = key.data.take()
                    received += [time.perf_counter()] * len(ids)
        self._selector.unregister(writer.connection)
        writer.seconds.append(acknowledged - sent_at)
        return [max(0.0, at - acknowledged) for at in received]

    def check(self, revisions: list[int]) -> None:
        """Fail unless each watcher saw exactly these, in this order."""
        wrong = sum(watcher.ids != revisions for watcher in self.all)
        if wrong:
            raise SystemExit(f"{wrong} of {len(self.all)} watchers did not see every change exactly once, in order")

    def close(self) -> None:
        """Hang up."""
        for watcher in self.all:
            watcher.connection.close()
        self._selector.close()


class Writer:
    """One sender, one write at a time."""

    def __init__(self, platform: Platform, tenant: str) -> None:
        self.connection = socket.create_connection(("127.0.0.1", platform.port))
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._tenant = tenant
        self._answer = b""
        self.seconds: list[float] = []

    def send(self, number: int) -> None:
        body = f"number: {number}\n{_TEXT}".encode()
        head = (
            f"PUT /configs/{self._tenant}/retail/config HTTP/1.1\r\nhost: bench\r\nx-api-key: {_KEY}\r\n"
            f"content-type: application/yaml\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        self._answer = b""
        self.connection.sendall(head.encode() + body)

    def answered(self) -> bool:
        """Take what is there of the answer; tells whether that is all."""
        self._answer += self.connection.recv(262_144)
        head, found, body = self._answer.partition(b"\r\n\r\n")
        if not found:
            return False
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"a write was answered {head!r} {body!r}")
        length = re.search(rb"content-length: (\d+)", head.lower())
        return length is not None and len(body) >= int(length[1])


def measure_latency(platform: Platform, count: int, writes: int, bound: float, at: str) -> dict[str, Any]:
    """Write to a tenant with so many watchers, each write when all have the one before."""
    tenant = f"watched_by_{count}"
    watchers, writer = Watchers(platform), Writer(platform, tenant)
    watchers.open(count, [tenant])
    before = platform.processor_seconds()
    rounds = [watchers.follow(writer, number) for number in range(writes)]
    used = platform.processor_seconds() - before
    watchers.check(list(range(1, writes + 1)))
    watchers.close()
    writer.connection.close()
    seconds = sorted(second for found in rounds for second in found)
    slowest = [max(found) for found in rounds]
    decisive = _quantile(seconds, 0.99) if at == "p99" else max(slowest)
    return {
        "benchmark": f"change to {count} watchers of a tenant",
        "target": f"{at} < {bound * 1000:g} ms after the write's acknowledgement",
        "measured": {
            "p50_ms": _milliseconds(_quantile(seconds, 0.5)),
            "p99_ms": _milliseconds(_quantile(seconds, 0.99)),
            "max_ms": _milliseconds(seconds[-1]),
            "median_until_all_have_it_ms": _milliseconds(_quantile(sorted(slowest), 0.5)),
            "write_itself_p50_ms": _milliseconds(_quantile(sorted(writer.seconds), 0.5)),
            # From the moment the write was sent: nobody can have it later than this after asking for it.
            "max_from_the_writes_start_ms": _milliseconds(
                max(slow + write for slow, write in zip(slowest, writer.seconds, strict=True))
            ),
            "server_cpu_us_per_receipt": round(used / len(seconds) * 1e6, 1),
            "writes": writes,
            "receipts": len(seconds),
        },
        "met": decisive < bound,
    }


def measure_memory(platform: Platform, counts: Sequence[int], bound: int) -> dict[str, Any]:
    """Open idle watchers, and read the server's memory at each count."""
    Watchers(platform).close()
    before = platform.resident_bytes()
    measured: dict[str, Any] = {"resident_mb_at_0": _megabytes(before)}
    watchers = Watchers(platform)
    for count in counts:
        watchers.open(count, [f"idle_{number}" for number in range(1_000)])
        time.sleep(16)  # until each has had its sign of life: that is memory too
        now = platform.resident_bytes()
        measured[f"resident_mb_at_{count}"] = _megabytes(now)
        measured[f"kb_per_watcher_at_{count}"] = round((now - before) / count / 1024, 1)
    watchers.close()
    total = platform.resident_bytes() if not counts else now
    measured["growth_mb"] = _megabytes(total - before)
    return {
        "benchmark": f"{counts[-1]} idle watchers in one process",
        "target": f"< {bound / 1e6:g} MB, the process as a whole",
        "measured": measured,
        "met": total < bound,
    }


@contextmanager
def served(folder: Path) -> Iterator[Platform]:
    """Run the real command with default settings, on the first core; its database on the last one."""
    cores = sorted(os.sched_getaffinity(0))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    own = ("SPRINTIA_", "API_KEY", "DATABASE_URL", "OTEL_")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(own)} | {
        "SPRINTIA_DATA_DIR": str(folder / "data"), "SPRINTIA_PORT": str(port), "API_KEY": _KEY,
        "SPRINTIA_DRAIN_SECONDS": "0", "SPRINTIA_LOG_LEVEL": "info",
    }  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([_SPRINTIA, "serve", "--first-run"], env=environ, stdout=log, stderr=log)
    try:
        os.sched_setaffinity(process.pid, cores[:1])
        _wait_until_ready(process, port, folder / "log")
        _pin_database(folder / "data", cores[-1:])
        os.sched_setaffinity(0, cores[-1:])
        yield Platform(process.pid, port)
    finally:
        os.sched_setaffinity(0, cores)
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                connection.sendall(b"GET /health/ready HTTP/1.1\r\nhost: bench\r\n\r\n")
                if connection.recv(4096).startswith(b"HTTP/1.1 200"):
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"the platform did not start: {log.read_text(encoding='utf-8')[-2000:]}")


def _pin_database(data: Path, cores: Sequence[int]) -> None:
    postmaster = (data / "postgresql" / "postmaster.pid").read_text(encoding="utf-8").split()[0]
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text(encoding="utf-8").split()
    for pid in [postmaster, *children]:
        os.sched_setaffinity(int(pid), cores)


def _wait_for(connection: socket.socket, text: bytes) -> None:
    connection.settimeout(_PATIENCE)
    data = b""
    while text not in data:
        received = connection.recv(4096)
        if not received:
            raise SystemExit(f"a watcher was answered {data[:500]!r}")
        data += received


def _quantile(ordered: Sequence[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 2)


def _megabytes(size: int) -> float:
    return round(size / 1e6, 1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write JSON when asked to."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there too")
    parser.add_argument("--only", choices=["100", "5000", "idle"], help="measure just this")
    chosen = parser.parse_args(arguments)
    # One file descriptor for each connection; the server sees to its own.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    results = []
    with tempfile.TemporaryDirectory(prefix="sprintia-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # run as root, PostgreSQL has an account of its own, which must get through
        with served(folder) as platform:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            if chosen.only in {None, "idle"}:
                results.append(measure_memory(platform, (1_000, 10_000), 500_000_000))
            if chosen.only in {None, "100"}:
                results.append(measure_latency(platform, 100, 300, 0.050, "p99"))
            if chosen.only in {None, "5000"}:
                results.append(measure_latency(platform, 5_000, 20, 1.0, "max"))
    sys.stdout.write(json.dumps(results, indent=1) + "\n")
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
