"""Metrics of several worker processes on one page, by prometheus_client's multiprocess mode.

Each worker counts in files of a folder that the supervisor makes, and whichever worker is asked adds up the files of
all. A file bears the number of the worker's place and not its process id: the worker that takes a dead one's place goes
on counting where that one ended, and the folder does not grow with each restart.

https://prometheus.github.io/client_python/multiprocess/
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import product
from pathlib import Path

from prometheus_client import CollectorRegistry, Metric, ProcessCollector, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from sprintia_platform.errors import StartupError

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""prometheus_client's own variable; it must stand in the environment before the library is imported."""

_PREFIX = "sprintia-metrics-"
_KINDS = ("counter", "histogram", "gauge_livesum", "gauge_livemin")
# Blocks, not a hole: a worker that writes where the disk has no room is killed by SIGBUS.
_ROOM = 1024 * 1024
_NOTHING_USED = bytes(4)  # a file of values begins with how much of it is in use


@contextmanager
def metrics_folder(places: int) -> Iterator[tuple[Path, int]]:
    """Make the folder in which so many workers count, and remove it in the end; with it, those that were left behind.

    Yields the folder and the file descriptor that holds its lock. Workers inherit the descriptor: a folder whose lock
    is free belongs to nobody who lives, however its supervisor ended.

    Raises:
        StartupError: there is no room for it.
    """
    _remove_abandoned()
    try:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        lock = _locked(folder)
        _make_room(folder, places)
    except OSError as error:
        raise StartupError(
            f"the workers' metrics have no place in {tempfile.gettempdir()} ({error.strerror}): make room there, or "
            "set TMPDIR to another folder"
        ) from error
    try:
        yield folder, lock
    finally:
        os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)


def _make_room(folder: Path, places: int) -> None:
    for place, kind in product(range(places), _KINDS):
        with (folder / f"{kind}_{place}.db").open("xb") as file:
            os.posix_fallocate(file.fileno(), 0, _ROOM)


def _remove_abandoned() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # in use, somebody else's, or gone already
            lock = _locked(folder)
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _locked(folder: Path) -> int:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise
    return descriptor


def clear_place(folder: Path, place: int) -> None:
    """Forget what the last worker of a place was doing; what it counted stays."""
    _process_file(folder, place).unlink(missing_ok=True)
    for file in folder.glob(f"gauge_*_{place}.db"):
        # Not removed, as `mark_process_dead` does: a file that is made anew needs room, and the disk may be full.
        with file.open("r+b") as gauges:
            gauges.write(_NOTHING_USED)


def take_place(place: int) -> None:
    """Count as the worker of this place, from now on; before any metric is made."""
    values.ValueClass = values.MultiProcessValue(lambda: place)  # type: ignore[no-untyped-call]  # it has no types
    folder = shared_folder()
    if folder is not None:
        _process_file(folder, place).write_text(str(os.getpid()), encoding="ascii")


def shared_folder(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The folder in which this process shares its counts; None when it counts for itself."""
    name = environ.get(FOLDER)
    return Path(name) if name else None


def render_all(folder: Path) -> bytes:
    """Add up the metrics of every worker, as Prometheus reads them."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]  # nor has this
    registry.register(_Processes(folder))
    return generate_latest(registry)


class _Processes(Collector):
    """CPU, memory and open files of each worker, which cannot be added up: with the label `worker`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        found: dict[str, Metric] = {}
        for file in sorted(self._folder.glob("*.pid")):
            for metric in _process_metrics(file):
                merged = found.setdefault(metric.name, Metric(metric.name, metric.documentation, metric.type))
                for sample in metric.samples:
                    merged.add_sample(sample.name, {"worker": file.stem}, sample.value)
        return found.values()


def _process_metrics(file: Path) -> Iterable[Metric]:
    try:
        pid = file.read_text(encoding="ascii")
    except FileNotFoundError:  # its worker died just now
        return ()
    return ProcessCollector(pid=lambda: pid, registry=None).collect() if pid else ()


def _process_file(folder: Path, place: int) -> Path:
    return folder / f"{place}.pid"
