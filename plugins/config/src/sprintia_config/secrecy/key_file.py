"""The file that holds the master keys: private, whole or absent, and never overwritten by a stale copy.

Writers take a function that gives the text, not the text: error reporters print the variables of each frame.
"""

import contextlib
import fcntl
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from sprintia_config.secrecy.errors import MasterKeyError

_FILE_MODE = 0o600
_FOLDER_MODE = 0o700
_BYTES_MAX = 65_536


def read(path: Path) -> str | None:
    """Text of the key file; None when there is none.

    Raises:
        MasterKeyError: others may read it, somebody else owns it, it is no regular file, or it cannot be read.
    """
    try:
        # O_NONBLOCK: opening a FIFO would wait for ever; it has no effect on a regular file.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise MasterKeyError(
            f"the key file {path} cannot be opened: {error.strerror}; mend its path or its owner"
        ) from error
    try:
        _check(path, os.fstat(descriptor))
        content = os.read(descriptor, _BYTES_MAX)
    finally:
        os.close(descriptor)
    try:
        return content.decode("ascii")
    except UnicodeDecodeError as error:
        # Raised below, outside the handler: this exception carries the whole content.
        message = f"the key file {path} has a byte that is not ASCII at offset {error.start}; restore it from a backup"
    del content
    raise MasterKeyError(message)


def create(path: Path, reveal: Callable[[], str]) -> bool:
    """Write the key file if there is none; False when another process was first, whose file then stands whole.

    Raises:
        MasterKeyError: the folder cannot be made or written.
    """
    try:
        _make_folders(path.parent)
        with _complete_copy(path, reveal) as copy:
            # A link appears at once with its whole content, and never replaces: of two first runs exactly one wins.
            os.link(copy, path)
        _sync_folder(path.parent)
    except FileExistsError:
        return False
    except OSError as error:
        raise _cannot_write(path, error) from error
    return True


def replace(path: Path, reveal: Callable[[], str]) -> None:
    """Replace the key file at once: a reader sees the old or the new text. Keeps its owner. Call it under `lock`.

    Raises:
        MasterKeyError: the folder cannot be written.
    """
    path = Path(os.path.realpath(path))  # keep a symbolic link, replace what it points to
    try:
        standing = path.stat()
        with _complete_copy(path, reveal) as copy:
            if (standing.st_uid, standing.st_gid) != (os.geteuid(), os.getegid()) and os.geteuid() == 0:
                # An operator rotates as root: the service must still be able to read its file afterwards.
                os.chown(copy, standing.st_uid, standing.st_gid)
            copy.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise _cannot_write(path, error) from error


@contextlib.contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold the file's folder, so that of two rotations the second sees what the first has written.

    Raises:
        MasterKeyError: the folder cannot be made or locked.
    """
    folder = Path(os.path.realpath(path)).parent
    try:
        _make_folders(folder)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise _cannot_write(path, error) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as error:
            raise _cannot_write(path, error) from error
        yield
    finally:
        os.close(descriptor)


def _check(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise MasterKeyError(f"the key file {path} is not a regular file; give the path of a file")
    if status.st_size > _BYTES_MAX:
        raise MasterKeyError(f"the key file {path} is larger than {_BYTES_MAX} bytes; give the path of a key file")
    if status.st_mode & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        raise MasterKeyError(
            f"the key file {path} has mode {mode:04o}: others than its owner may use it; run: chmod 600 {path}; "
            "if strangers could have read it, rotate the master key"
        )
    if os.geteuid() not in (0, status.st_uid) and status.st_uid != 0:
        raise MasterKeyError(
            f"the key file {path} belongs to user id {status.st_uid}, who could exchange it; "
            f"run as that user, or: chown {os.geteuid()} {path}"
        )


def _make_folders(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folders(folder.parent)
    # Path.mkdir(parents=True) gives the mode to the last folder only.
    folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)


@contextlib.contextmanager
def _complete_copy(path: Path, reveal: Callable[[], str]) -> Iterator[Path]:
    """Write a private neighbour of the file with its whole content, on disk; it is gone afterwards."""
    copy = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, _FILE_MODE)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            os.fchmod(file.fileno(), _FILE_MODE)  # whatever the umask made of it
            file.write(reveal())
            file.flush()
            os.fsync(file.fileno())
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    # Without it a power cut can take the new name away after data were already encrypted with the key.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _cannot_write(path: Path, error: OSError) -> MasterKeyError:
    return MasterKeyError(
        f"the key file {path} cannot be written: {error.strerror}; give its folder to this user, "
        "on a file system with permissions and hard links, or set SPRINTIA_CONFIG_MASTER_KEYS"
    )
