"""The text form of an API key.

`sprk_` (so that secret scanners find it), 8 characters of id, 43 of secret (256 random bits) and 6 of checksum, all in
base 62. The checksum (CRC-32) lets a mistyped key be refused without a database trip. Only the SHA-256 of the whole key
is stored: a secret of 256 random bits needs no slow hash (OWASP ASVS 5.0, 11.4 and 6.5.2).
"""

import hashlib
import re
import secrets
import zlib
from typing import NamedTuple

PREFIX = "sprk_"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_LENGTH, _SECRET_LENGTH, _CHECKSUM_LENGTH = 8, 43, 6
_FORM = re.compile(rf"{PREFIX}([0-9A-Za-z]{{{_ID_LENGTH}}})[0-9A-Za-z]{{{_SECRET_LENGTH + _CHECKSUM_LENGTH}}}")


class NewToken(NamedTuple):
    """A key just made: `text` is shown once, `digest` is stored."""

    key_id: str
    text: str
    digest: bytes


def new_token(key_id: str | None = None) -> NewToken:
    """Make a key; with `key_id`, a new secret for that key."""
    key_id = key_id or "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))
    start = PREFIX + key_id + _base62(secrets.randbits(256), _SECRET_LENGTH)
    text = start + _checksum(start)
    return NewToken(key_id, text, digest_of(text.encode()))


def read_key_id(text: str) -> str | None:
    """The id within a well-formed key; None for anything else, mistyped keys included."""
    match = _FORM.fullmatch(text)
    if match is None or _checksum(text[:-_CHECKSUM_LENGTH]) != text[-_CHECKSUM_LENGTH:]:
        return None
    return match.group(1)


def digest_of(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()


def _checksum(start: str) -> str:
    return _base62(zlib.crc32(start.encode()), _CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
