"""The master key ring: it wraps the tenants' data keys, and changes without touching what those have sealed.

Sources: NIST SP 800-38D (AES-256-GCM), SP 800-57 part 1 (a key that wraps keys does nothing else).

Each wrap draws a random 96-bit nonce. There is one wrap per tenant and rotation, so the 2^32 that SP 800-38D
section 8.3 allows under one key are out of reach.
"""

import base64
import binascii
import hmac
import os
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sprintia_config.secrecy import key_file
from sprintia_config.secrecy.envelope import FORMAT, KEY_BYTES, NONCE_BYTES, TAG_BYTES, DataKey, Place
from sprintia_config.secrecy.errors import DecryptionError, MasterKeyError, MissingMasterKeyError, shown
from sprintia_config.secrecy.redaction import Unprintable

SETTING = "SPRINTIA_CONFIG_MASTER_KEYS"

_ID = re.compile(r"[A-Za-z0-9_-]{1,16}", re.ASCII)
_COMMENT = re.compile(r"#[^\n]*")
_SEPARATOR = re.compile(r"[\s,]+")
_CURE = "expected id:base64 of 32 random bytes, e.g. made by: echo k1:$(head -c 32 /dev/urandom | base64)"
_FILE_HEADER = """\
# Master keys of the Sprintia config service: the first one wraps, all unwrap.
# Back this file up apart from the database. Without it no secret can be read again.
"""


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key as it is stored.

    Attributes:
        key_id: id of the master key that wrapped it.
        ciphertext: format byte, nonce (12), encrypted key (32), tag (16): 61 bytes.
    """

    key_id: str
    ciphertext: bytes


class MasterKeyRing(Unprintable):
    """256-bit master keys with short ids. The first one, the current, wraps; all of them unwrap. Immutable."""

    __slots__ = ("_keys", "_retired")

    def __init__(self, keys: Iterable[tuple[str, bytes]], retired: frozenset[str] = frozenset()) -> None:
        """Take (id, 32 bytes) pairs, the current one first, and the ids that `save` may drop from the file.

        Raises:
            MasterKeyError: no key, a bad id or length, an id or a key twice, or a key that is plainly not random.
        """
        entries = list(keys)
        fault = _ring_fault(entries)
        if fault is not None:
            del keys, entries  # error reporters print the variables of each frame
            raise MasterKeyError(fault)
        self._keys = dict(entries)
        self._retired = retired

    @classmethod
    def parse(cls, text: str, source: str = SETTING) -> "MasterKeyRing":
        """Read `id:base64` entries, separated by whitespace or commas; `#` begins a comment.

        Args:
            text: the setting's text or the key file's content.
            source: what messages name as the place of a fault.

        Raises:
            MasterKeyError: names the entry by its position, never by its text: a mistyped id may be a key.
        """
        ring = _ring_or_fault(text)
        del text
        if isinstance(ring, str):
            raise MasterKeyError(f"{source}: {ring}")
        return ring

    @classmethod
    def load_or_create(cls, path: Path) -> "MasterKeyRing":
        """Read the key file, or make it with one new key on the first run; processes that start at once agree.

        Raises:
            MasterKeyError: others may read the file (cure in the message), or it cannot be read, made or understood.
        """
        standing = _ring_in(path)
        if standing is not None:
            return standing
        ring = cls([_new_key()])
        if key_file.create(path, ring.reveal):
            return ring
        standing = _ring_in(path)
        if standing is None:
            raise MasterKeyError(f"the key file {path} is a broken link or was just removed; mend it and start again")
        return standing

    @property
    def current_id(self) -> str:
        """Id of the key that wraps."""
        return next(iter(self._keys))

    @property
    def key_ids(self) -> tuple[str, ...]:
        """All ids, the current one first: compare with the ids in use at start, and fail early."""
        return tuple(self._keys)

    def with_new_key(self) -> "MasterKeyRing":
        """Begin a rotation: a ring with a fresh current key in front. Save it before anything is wrapped with it."""
        return MasterKeyRing([_new_key(), *self._keys.items()], self._retired)

    def without_key(self, key_id: str) -> "MasterKeyRing":
        """End a rotation: a ring without a key that no data key is wrapped with any more.

        Raises:
            MasterKeyError: the ring has no such key, or it is the current one.
        """
        if key_id not in self._keys:
            raise MasterKeyError(f"the ring has no master key {shown(key_id)!r}; it has: {', '.join(self._keys)}")
        if key_id == self.current_id:
            raise MasterKeyError(f"master key {key_id} is the current one; rotate first, then retire it")
        rest = [(other, key) for other, key in self._keys.items() if other != key_id]
        return MasterKeyRing(rest, self._retired | {key_id})

    def save(self, path: Path) -> None:
        """Write the ring to the key file, atomically and durably, private to its owner.

        Refuses to drop a key that the file has and this ring does not, unless `without_key` took it away: two
        rotations at once would otherwise lose the key of one of them, and every secret wrapped with it.

        Raises:
            MasterKeyError: the file changed since it was read, or it cannot be written.
        """
        with key_file.lock(path):
            standing = _ring_in(path)
            if standing is None:
                if not key_file.create(path, self.reveal):
                    raise MasterKeyError(f"the key file {path} appeared while it was saved; load it and rotate again")
                return
            lost = [key_id for key_id in standing.key_ids if not self._keeps(standing, key_id)]
            if lost:
                raise MasterKeyError(
                    f"the key file {path} holds master keys that would be lost ({', '.join(lost)}): "
                    "it changed since it was read; load it and rotate again"
                )
            key_file.replace(path, self.reveal)

    def reveal(self) -> str:
        """Text form with the keys in clear, for the key file and for an operator who keeps the ring in a setting."""
        lines = (f"{key_id}:{base64.b64encode(key).decode('ascii')}\n" for key_id, key in self._keys.items())
        return _FILE_HEADER + "".join(lines)

    def wrap(self, tenant_id: str, data_key: DataKey) -> WrappedKey:
        """Encrypt a tenant's data key with the current master key, bound to that key's id and to the tenant."""
        key_id = self.current_id
        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(self._keys[key_id]).encrypt(nonce, data_key.reveal(), _bound_to(key_id, tenant_id))
        return WrappedKey(key_id, FORMAT + nonce + sealed)

    def unwrap(self, tenant_id: str, wrapped: WrappedKey) -> DataKey:
        """Give back the data key of a tenant.

        Raises:
            MissingMasterKeyError: the ring has no key of that id.
            DecryptionError: another key under the same id, another tenant's row, or altered bytes.
        """
        key_id, whose = wrapped.key_id, f"the data key of tenant {shown(tenant_id)}"
        if key_id not in self._keys:
            raise MissingMasterKeyError(
                f"{whose} is wrapped with master key {shown(key_id)!r}, which the ring lacks (it has: "
                f"{', '.join(self._keys)}); put that key back into {SETTING} or the key file",
                key_id,
            )
        if wrapped.ciphertext[:1] != FORMAT:
            raise DecryptionError(f"{whose} is not in a format that this release knows; read it with a newer one")
        if len(wrapped.ciphertext) != len(FORMAT) + NONCE_BYTES + KEY_BYTES + TAG_BYTES:
            raise DecryptionError(f"{whose} is {len(wrapped.ciphertext)} bytes long; restore the row from a backup")
        nonce, sealed = wrapped.ciphertext[1 : 1 + NONCE_BYTES], wrapped.ciphertext[1 + NONCE_BYTES :]
        try:
            return DataKey(AESGCM(self._keys[key_id]).decrypt(nonce, sealed, _bound_to(key_id, tenant_id)))
        except InvalidTag:
            raise DecryptionError(
                f"{whose} does not open with master key {key_id}: the key under that id is another one than it was "
                "wrapped with (a replaced key file?), or the row was moved or altered; restore one or the other"
            ) from None

    def needs_rewrap(self, wrapped: WrappedKey) -> bool:
        """Tell whether a rotation has still to re-wrap this data key."""
        return wrapped.key_id != self.current_id

    def _keeps(self, standing: "MasterKeyRing", key_id: str) -> bool:
        if key_id in self._keys:
            return standing._holds(key_id, self._keys[key_id])  # noqa: SLF001 - the same class
        return key_id in self._retired

    def _holds(self, key_id: str, key: bytes) -> bool:
        return hmac.compare_digest(self._keys[key_id], key)


def _new_key() -> tuple[str, bytes]:
    # A random id, not a counter: two operators who rotate at once must not give one id to two keys.
    return f"k{secrets.token_hex(5)}", os.urandom(KEY_BYTES)


def _ring_in(path: Path) -> MasterKeyRing | None:
    """Read the ring in a key file; None when there is no file."""
    text = key_file.read(path)
    if text is None:
        return None
    ring = _ring_or_fault(text)
    del text
    if isinstance(ring, str):
        raise MasterKeyError(f"the key file {path}: {ring}")
    return ring


def _ring_or_fault(text: str) -> MasterKeyRing | str:
    # Returned, not raised: the frames that an error leaves behind must hold no key, because error reporters print them.
    entries = _entries(text)
    if isinstance(entries, str):
        return entries
    return _ring_fault(entries) or MasterKeyRing(entries)


def _bound_to(key_id: str, tenant_id: str) -> bytes:
    return FORMAT + Place(purpose="data-key", tenant_id=tenant_id, name=key_id).encode()


def _entries(text: str) -> list[tuple[str, bytes]] | str:
    """Split a text form into pairs, or say what is wrong with it."""
    entries: list[tuple[str, bytes]] = []
    for number, entry in enumerate(filter(None, _SEPARATOR.split(_COMMENT.sub(" ", text))), start=1):
        key_id, colon, encoded = entry.partition(":")
        if not colon:
            return f"entry {number} has no colon; {_CURE}"
        try:
            key = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return f"entry {number} is not base64 after its colon; {_CURE}"
        if base64.b64encode(key).decode("ascii") != encoded:
            # Bits left over at the end: a key cut short or edited by hand.
            return f"entry {number} is not base64 as an encoder writes it; {_CURE}"
        entries.append((key_id, key))
    return entries


def _ring_fault(entries: list[tuple[str, bytes]]) -> str | None:
    if not entries:
        return f"no master key in it; {_CURE}"
    ids: dict[str, int] = {}
    keys: dict[bytes, int] = {}
    for number, (key_id, key) in enumerate(entries, start=1):
        fault = _entry_fault(number, key_id, key)
        if fault is not None:
            return fault
        if ids.setdefault(key_id, number) != number:
            return f"entries {ids[key_id]} and {number} have the same id; give each key its own"
        if keys.setdefault(key, number) != number:
            return f"entries {keys[key]} and {number} hold the same key; remove one of them"
    return None


def _entry_fault(number: int, key_id: str, key: bytes) -> str | None:
    if not _ID.fullmatch(key_id):
        return f"the id of entry {number} is not 1 to 16 letters, digits, _ or -; {_CURE}"
    if len(key) != KEY_BYTES:
        return f"the key of entry {number} has {len(key)} bytes, not {KEY_BYTES}; {_CURE}"
    if len(set(key)) < KEY_BYTES // 4:
        # A placeholder from some guide: random bytes fall under this bound once in 10^36 keys.
        return f"the key of entry {number} repeats itself and is not random; {_CURE}"
    return None
