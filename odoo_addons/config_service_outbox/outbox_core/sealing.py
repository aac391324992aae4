"""Secrets at rest: sealed with a key that never is in the database."""

import base64
import binascii
import os
import re
import secrets
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

VARIABLE = "CONFIG_SERVICE_ENCRYPTION_KEY"
LEGACY_PREFIX = "ENC:"
_KEY = re.compile("[A-Za-z0-9_-]{43}=")


class SealError(ValueError):
    """A key or a sealed text that cannot be used; the message holds neither."""


class Vault:
    """Seals and opens texts. The first key seals, all open: a key is changed by putting a new one before it."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Take the keys.

        Raises:
            SealError: there is none, or one is no Fernet key.
        """
        if not keys:
            raise SealError("there is no key to seal secrets with")
        self._fernet = MultiFernet([_fernet_of(key, place) for place, key in enumerate(keys, start=1)])

    def __repr__(self) -> str:
        return "Vault(…)"

    def seal(self, text: str) -> str:
        """Return what may be stored in place of a text; another one each time.

        Raises:
            SealError: the text has half of a surrogate pair.
        """
        try:
            return self._fernet.encrypt(text.encode()).decode()
        except UnicodeEncodeError:
            raise SealError("a secret is not valid text") from None

    def open(self, sealed: str) -> str:
        """Return the text that was sealed.

        Raises:
            SealError: it was sealed with another key, or changed.
        """
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except (InvalidToken, UnicodeError, TypeError, AttributeError):
            raise SealError("a sealed secret cannot be opened with the keys of this installation") from None


def load_keys(environ: Mapping[str, str], key_file: Path) -> tuple[str, ...]:
    """Find the keys: in the environment, in the file that it names, or in the key file, which is made when missing.

    Args:
        environ: `CONFIG_SERVICE_ENCRYPTION_KEY`, or the same with `_FILE`: keys with spaces or lines between them.
        key_file: made once, readable by its owner only; two processes that make it at once get the same key.

    Raises:
        SealError: a file cannot be read or made, is empty, or others may read or write it.
    """
    if keys := environ.get(VARIABLE, "").split():
        return tuple(keys)
    if named := environ.get(f"{VARIABLE}_FILE", "").strip():
        return _keys_in(Path(named))
    try:
        if not key_file.exists():
            _make(key_file)
        _check_mode(key_file)
    except OSError as error:
        raise _unreadable(error) from None
    return _keys_in(key_file)


def legacy_open(value: str, legacy_key: str) -> str:
    """Open a value of the replaced addons: base64 around a Fernet token, with `ENC:` before it or not.

    Raises:
        SealError: the key is none, or the value was not encrypted with it.
    """
    fernet = _fernet_of(legacy_key.strip(), 1)
    token = value.strip().removeprefix(LEGACY_PREFIX).encode("ascii", "replace")
    # Odoo's binary fields add one more layer of base64 to those that the addon made.
    for _layer in range(3):
        try:
            return fernet.decrypt(token).decode()
        except (InvalidToken, UnicodeDecodeError):
            unwrapped = _unwrapped(token)
        if unwrapped is None:
            break
        token = unwrapped
    raise SealError("a value of the replaced addon cannot be opened with the key that it came with")


def _unwrapped(token: bytes) -> bytes | None:
    try:
        return base64.b64decode(token, validate=True)
    except binascii.Error:
        return None


def _fernet_of(key: str, place: int) -> Fernet:
    # Fernet itself overlooks what stands behind the padding.
    if not _KEY.fullmatch(key):
        raise SealError(f"key {place} is no Fernet key: 32 bytes in URL-safe base64")
    return Fernet(key.encode())


def _keys_in(file: Path) -> tuple[str, ...]:
    try:
        keys = tuple(file.read_text(encoding="ascii").split())
    except OSError as error:
        raise _unreadable(error) from None
    except ValueError:
        raise SealError("the key file does not hold a key") from None
    if not keys:
        raise SealError("the key file is empty: restore it, or remove it and enter all secrets again")
    return keys


def _unreadable(error: OSError) -> SealError:
    return SealError(f"the key file cannot be read: {error.strerror or type(error).__name__}")


def _check_mode(key_file: Path) -> None:
    if stat.S_IMODE(key_file.stat().st_mode) & 0o077:
        raise SealError(f"others may read the key file: take their rights away (mode 0600), or set {VARIABLE}")


def _make(key_file: Path) -> None:
    """Make the key file complete or not at all: a link is made only where nothing is, and only to a finished file."""
    part = key_file.with_name(f".{key_file.name}.{secrets.token_hex(8)}")
    try:
        key_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _write(part, Fernet.generate_key() + b"\n")
            # Another process may have been faster: its key counts.
            with suppress(FileExistsError):
                os.link(part, key_file)
        finally:
            part.unlink(missing_ok=True)
        _write_through(key_file.parent)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SealError(f"the key file cannot be made ({reason}): set {VARIABLE}") from None


def _write(file: Path, content: bytes) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as writing:
        writing.write(content)
        writing.flush()
        os.fsync(writing.fileno())


def _write_through(folder: Path) -> None:
    """Have the new name on the disk, too: a secret sealed with a key that a power cut takes away is lost."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
