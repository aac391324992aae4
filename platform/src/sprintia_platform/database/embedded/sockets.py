"""The folder of the Unix socket: private, and short enough for the kernel."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sprintia_platform.database.embedded.errors import EmbeddedPostgresError

if TYPE_CHECKING:
    from sprintia_platform.database.embedded.account import Account

SOCKET_NAME = ".s.PGSQL.5432"
# sun_path holds 108 bytes on Linux and 104 on macOS and the BSDs, with the closing NUL.
LONGEST_SOCKET = 103
# PostgreSQL, libpq and SQLAlchemy split lists at commas, and each does some more: plain paths mean one thing to all.
PLAIN_PATH = re.compile(r"/[A-Za-z0-9._/+-]*")


def socket_folder(data_dir: Path, *, reachable: bool) -> Path:
    """Return where the socket of this data folder belongs: inside it when that works, else in a short private path."""
    inside = data_dir / "run"
    if reachable and _fits(inside):
        return inside
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    # /run is for root alone to write, and the same for every service; a temporary folder may be per service.
    base = "/run" if os.geteuid() == 0 and os.access("/run", os.W_OK) else tempfile.gettempdir()
    name = f"sprintia-{os.geteuid()}-{digest}"
    candidate = Path(base, name)
    return candidate if _fits(candidate) else Path("/tmp", name)  # noqa: S108 its owner and mode are checked before use


def prepare_socket_folder(folder: Path, account: Account | None) -> None:
    """Make the folder, or check the one that is there, and clear what a killed server left in it.

    Raises EmbeddedPostgresError when it is a link, belongs to someone else or lets others in: whoever owns the socket's
    folder can pose as our server. Call it only while no server of this data folder runs.
    """
    owner = account.uid if account else os.geteuid()
    if not os.path.lexists(folder):
        _create(folder, account)
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(folder, flags)
    except OSError as error:
        raise _distrusted(folder, error.strerror or "cannot be opened") from error
    try:
        status = os.fstat(descriptor)
        if status.st_uid != owner:
            raise _distrusted(folder, f"belongs to uid {status.st_uid} instead of {owner}")
        if stat.S_IMODE(status.st_mode) & 0o077:
            raise _distrusted(folder, f"lets others in (mode {stat.S_IMODE(status.st_mode):o})")
        for name in (SOCKET_NAME, f"{SOCKET_NAME}.lock"):
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=descriptor)
    finally:
        os.close(descriptor)


def is_answered(folder: Path) -> bool:
    """Tell whether someone listens on the folder's socket; a busy server counts as one that does."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(folder / SOCKET_NAME))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:
            return True
    return True


def _fits(folder: Path) -> bool:
    return bool(PLAIN_PATH.fullmatch(str(folder))) and len(os.fsencode(folder / SOCKET_NAME)) <= LONGEST_SOCKET


def _create(folder: Path, account: Account | None) -> None:
    # Under another name until it has its owner: a start that dies in between leaves nothing that blocks the next.
    fresh = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    if account:
        os.chown(fresh, *account)
    fresh.rename(folder)


def _distrusted(folder: Path, reason: str) -> EmbeddedPostgresError:
    return EmbeddedPostgresError(
        f"the folder for PostgreSQL's socket, {folder}, {reason}: see who made it, remove it and start again"
    )
