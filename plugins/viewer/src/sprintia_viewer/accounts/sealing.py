"""The viewer's key: what second factors are sealed with, bound to their owner."""

import base64
import binascii
import contextlib
import hmac
import os
import secrets
from pathlib import Path
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sprintia_platform import Secret
from sprintia_platform.errors import StartupError
from sprintia_viewer.accounts.errors import KeyFault

KEY_FILE = "viewer.key"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_FORMAT = b"\x01"


class ViewerKey:
    """Seals with AES-256-GCM, and makes fingerprints with HMAC-SHA-256; a key of its own for each use."""

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY_BYTES:
            raise StartupError(f"the viewer's key has {len(key)} bytes: it must have {_KEY_BYTES}, in base64")
        self._sealing = AESGCM(hmac.digest(key, b"sprintia viewer: sealing", "sha256"))
        self._naming = hmac.digest(key, b"sprintia viewer: fingerprints", "sha256")

    @classmethod
    def of(cls, setting: Secret | None, data_dir: Path) -> "ViewerKey":
        """The key of the setting, else of the file `viewer.key`, which is made where there is none.

        Raises:
            StartupError: it cannot be read, or is no key.
        """
        if setting is not None:
            return cls(_decoded(setting.reveal(), "SPRINTIA_VIEWER_KEY"))
        path = data_dir / KEY_FILE
        return cls(_decoded(_read_or_make(path), str(path)))

    def seal(self, plain: bytes, about: str) -> bytes:
        """Seal what belongs to `about`: it opens there alone."""
        nonce = os.urandom(_NONCE_BYTES)
        return _FORMAT + nonce + self._sealing.encrypt(nonce, plain, about.encode())

    def open(self, sealed: bytes, about: str) -> bytes:
        """Open what was sealed.

        Raises:
            KeyFault: it was sealed with another key, or about somebody else, or was changed.
        """
        nonce, text = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        if sealed[:1] == _FORMAT:
            with contextlib.suppress(InvalidTag, ValueError):
                return self._sealing.decrypt(nonce, text, about.encode())
        raise KeyFault(f"the {about} does not open: restore the key that it was sealed with ({KEY_FILE})")

    def fingerprint(self, text: str) -> bytes:
        """A short name for a text that tells nothing of it to who lacks the key."""
        return hmac.digest(self._naming, text.encode("utf-8", "surrogatepass"), "sha256")[:16]


def _decoded(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY_BYTES:
        raise StartupError(f"{where} is no key: write {_KEY_BYTES} random bytes in base64 (openssl rand -base64 32)")
    return key


def _read_or_make(path: Path) -> str:
    with contextlib.suppress(FileNotFoundError):
        return _read(path)
    with contextlib.suppress(FileExistsError):  # another process was quicker: its key is the one
        _make(path)
    return _read(path)


def _read(path: Path) -> str:
    try:
        with path.open(encoding="ascii", errors="replace") as file:
            mode = os.fstat(file.fileno()).st_mode
            if mode & 0o077:
                raise StartupError(f"others than its owner may use {path}: run chmod 600 {path}")
            return file.read(1000)
    except FileNotFoundError:
        raise
    except OSError as error:
        _refuse(path, error)


def _make(path: Path) -> None:
    """Make the file with its whole content at once: of two first starts one wins, and the other reads the winner's."""
    copy = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(base64.b64encode(os.urandom(_KEY_BYTES)) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            os.link(copy, path)
        finally:
            copy.unlink(missing_ok=True)
    except FileExistsError:
        raise
    except OSError as error:
        _refuse(path, error)


def _refuse(path: Path, error: OSError) -> NoReturn:
    raise StartupError(
        f"the key file {path} cannot be used: {error.strerror}; give its folder to this user, "
        "or set SPRINTIA_VIEWER_KEY"
    ) from error
