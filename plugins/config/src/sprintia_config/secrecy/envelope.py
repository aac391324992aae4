"""Sealing of values under a tenant's data key, each bound to the place where it belongs.

Sources: NIST SP 800-38D (AES-GCM), RFC 5869 (HKDF), RFC 2104 (HMAC).

Nonces. They are random, 96 bits, from the kernel: processes share a data key but no counter, and a counter restored
from a backup would repeat. SP 800-38D section 8.3 allows 2^32 random nonces under one key, where a repetition has a
chance of 2^-32. At 100 sealed values a second, day and night, a tenant gets there after 16 months of nothing but
secret changes; identical content is not sealed again, so real tenants stay many powers of two below. A data key that
comes near is to be replaced by a new one, and the values sealed anew as their documents change.

What is not hidden: the length of a value. Ciphertext is 29 bytes longer than plaintext.
"""

import hmac
import os
from dataclasses import dataclass, replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sprintia_config.secrecy.errors import DecryptionError, SecrecyError, shown
from sprintia_config.secrecy.redaction import Unprintable

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
# The first byte of everything sealed: a later format gets another one, and old rows stay readable.
FORMAT = b"\x01"
OVERHEAD = len(FORMAT) + NONCE_BYTES + TAG_BYTES
"""Bytes that sealing adds."""

_PLACE_LABEL = b"sprintia-config place 1"
# One use, one key: a flaw found in one use, or a value that means something in both, says nothing about the other.
_SEALING_INFO = b"sprintia-config data key 1: sealing"
_FINGERPRINT_INFO = b"sprintia-config data key 1: fingerprint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a value belongs. It is authenticated with the value, so that a row moved elsewhere does not open.

    Attributes:
        purpose: what kind of value, a constant of the caller: `secret`, `source-text`, `security-token`, …
        tenant_id: owner; so that not even two tenants with one data key could swap values.
        domain: domain of the document, or "".
        config_type: type of the document, or "".
        name: name of the secret (`SecretLeaf.name`), or "".
        version: version of the document, or None for a value without versions.
    """

    purpose: str
    tenant_id: str
    domain: str = ""
    config_type: str = ""
    name: str = ""
    version: int | None = None

    def encode(self) -> bytes:
        """Unambiguous bytes: every field tagged with its type and prefixed with its length, in a fixed order."""
        texts = (self.purpose, self.tenant_id, self.domain, self.config_type, self.name)
        version = b"" if self.version is None else b"%d" % self.version
        # surrogatepass: a lone surrogate is refused where documents are read; here it must not become a crash.
        fields = [(b"s", text.encode("utf-8", "surrogatepass")) for text in texts]
        fields.append((b"-" if self.version is None else b"i", version))
        return _PLACE_LABEL + b"".join(tag + len(field).to_bytes(8, "big") + field for tag, field in fields)

    def __str__(self) -> str:
        path = "/".join(shown(part) for part in (self.tenant_id, self.domain, self.config_type, self.name) if part)
        return f"{self.purpose} of {path}" + ("" if self.version is None else f", version {self.version}")


class DataKey(Unprintable):
    """A tenant's key, 256 bits: seals, opens and fingerprints its values. It neither prints nor pickles.

    Python cannot wipe memory: a process that holds a DataKey can be read by whoever may read its memory.
    """

    __slots__ = ("_fingerprint_key", "_material", "_sealing_cipher")

    def __init__(self, material: bytes) -> None:
        """Take 32 bytes of key material.

        Raises:
            SecrecyError: any other length.
        """
        if (length := len(material)) != KEY_BYTES:
            del material  # error reporters print the variables of each frame
            raise SecrecyError(f"a data key has {KEY_BYTES} bytes, not {length}")
        self._material = bytes(material)
        self._sealing_cipher = AESGCM(_derived(self._material, _SEALING_INFO))
        self._fingerprint_key = _derived(self._material, _FINGERPRINT_INFO)

    @classmethod
    def generate(cls) -> "DataKey":
        """Make a new random key."""
        return cls(os.urandom(KEY_BYTES))

    def reveal(self) -> bytes:
        """Give the 32 bytes, for wrapping only."""
        return self._material

    def seal(self, plaintext: bytes, place: Place) -> bytes:
        """Encrypt and bind to a place: format byte, nonce (12), ciphertext, tag (16). Never twice the same bytes."""
        nonce = os.urandom(NONCE_BYTES)
        return FORMAT + nonce + self._sealing_cipher.encrypt(nonce, plaintext, FORMAT + place.encode())

    def open(self, sealed: bytes, place: Place) -> bytes:
        """Give back what was sealed for exactly this place.

        Raises:
            DecryptionError: other key, other place (tenant, document, name, version, purpose) or altered bytes. Which
                of these it is cannot be told, by design of the cipher.
        """
        if sealed[:1] != FORMAT:
            raise DecryptionError(f"{place}: not in a sealed format that this release knows; read it with a newer one")
        if len(sealed) < OVERHEAD:
            raise DecryptionError(f"{place}: the sealed value is cut short; restore the row from a backup")
        nonce, ciphertext = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            return self._sealing_cipher.decrypt(nonce, ciphertext, FORMAT + place.encode())
        except InvalidTag:
            raise DecryptionError(
                f"{place}: does not open: sealed with another data key, moved from another place, or altered; "
                "restore the row from a backup or write the secret again"
            ) from None

    def fingerprint(self, plaintext: bytes, place: Place) -> bytes:
        """Digest (32 bytes) that tells "changed or not" to holders of the key and nothing to others.

        A plain hash would let whoever reads the database test guesses offline, so it is an HMAC-SHA256. The version is
        left out of the place, because two versions are to be compared; the rest stays, so that equal values at two
        places, or of two tenants, do not show as equal.
        """
        # The place encodes to a prefix-free code (fixed number of length-prefixed fields): plaintext may follow it.
        return hmac.digest(self._fingerprint_key, replace(place, version=None).encode() + plaintext, "sha256")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DataKey):
            return NotImplemented
        return hmac.compare_digest(self._material, other._material)

    def __hash__(self) -> int:
        return hash(self._material)


def _derived(material: bytes, info: bytes) -> bytes:
    # No salt: the material is uniformly random already (RFC 5869, section 3.1 and 3.3).
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(material)
