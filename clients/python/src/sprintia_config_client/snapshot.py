"""The last known good configuration on disk: encrypted, for its owner alone, replaced as a whole, of a limited age.

A file opens only with the key that sealed it, for the same service, API key and resource: whoever reads with another
key gets nothing that its own key did not read. Bundles hold masks in the place of secrets, and single secrets are never
written, so that no secret is ever in a file.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sprintia_config_client.settings import ClientSettings, SnapshotSettings, log

_MAGIC = b"SPRINT1\0"
_NONCE_BYTES = 12
_NAME_CHARACTERS = 40


class Kept(NamedTuple):
    """A resource as the service last sent it; `verified_at` is a Unix time."""

    etag: str
    verified_at: float
    body: bytes


class SnapshotStore:
    """The files of one client."""

    def __init__(self, settings: SnapshotSettings, url: str, api_key: str) -> None:
        self._folder = settings.folder
        self._key = settings.key
        self._reader = hashlib.sha256(f"{url}\n{api_key}".encode()).digest()
        self._failed = False

    @classmethod
    def of(cls, settings: ClientSettings) -> "SnapshotStore | None":
        if settings.snapshot is None:
            return None
        key = settings.api_key.reveal() if settings.api_key else ""
        return cls(settings.snapshot, settings.url, key)

    def save(self, resource: str, kept: Kept) -> None:
        """Keep a resource. A folder that cannot be written is said once and never breaks a read."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        place = self._place(resource)
        sealed = AESGCM(self._key).encrypt(nonce, msgspec.msgpack.encode(kept), place)
        try:
            self._replace(self._path(place), _MAGIC + nonce + sealed)
        except OSError as error:
            if not self._failed:
                self._failed = True
                log.warning("the last known good configuration cannot be kept in %s: %s", self._folder, error)

    def load(self, resource: str) -> Kept | None:
        """Give back what was kept; None when there is nothing, or nothing that this key opens."""
        place = self._place(resource)
        path = self._path(place)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            log.warning("the last known good configuration in %s cannot be read: %s", path, error)
            return None
        nonce, sealed = content[len(_MAGIC) :][:_NONCE_BYTES], content[len(_MAGIC) + _NONCE_BYTES :]
        try:
            if not content.startswith(_MAGIC):
                raise InvalidTag  # noqa: TRY301 - one answer to all that is not ours
            return msgspec.msgpack.decode(AESGCM(self._key).decrypt(nonce, sealed, place), type=Kept)
        except (InvalidTag, ValueError, msgspec.DecodeError):
            log.warning("%s was altered or sealed with another key: it is not used", path)
            return None

    def remove(self, resource: str) -> None:
        """Forget a resource, because the service said that it is not ours to read."""
        try:
            self._path(self._place(resource)).unlink(missing_ok=True)
        except OSError as error:
            log.warning("the last known good configuration in %s cannot be removed: %s", self._folder, error)

    def _place(self, resource: str) -> bytes:
        return _MAGIC + self._reader + resource.encode()

    def _path(self, place: bytes) -> Path:
        # Keyed, so that names of files tell no names of tenants.
        return self._folder / f"{hmac.new(self._key, place, 'sha256').hexdigest()[:_NAME_CHARACTERS]}.snapshot"

    def _replace(self, path: Path, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"{path.stem}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
        handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
