"""`ENC:` values of the replaced system, of which some are encrypted and some are not.

The AI stack wrote `ENC:` + base64 of a Fernet token, which is base64 itself. The service wrote `ENC:` + the plain
value.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Literal, NamedTuple

from cryptography.fernet import Fernet, InvalidToken

PREFIX = "ENC:"

# Version byte, time (8), IV (16), at least one block (16), HMAC (32): https://github.com/fernet/spec
_FERNET_VERSION = 0x80
_SHORTEST_TOKEN = 73
_BLOCK = 16


class Opened(NamedTuple):
    """A value, and how it had been kept: `encrypted` (and opened), `plain`, or `locked` (no key opens it)."""

    value: str
    state: Literal["encrypted", "plain", "locked"]


def read_keys(text: str) -> tuple[Fernet, ...]:
    """Read Fernet keys, one a line; several, where the key had been changed once.

    Raises:
        ValueError: one is no Fernet key.
    """
    return tuple(Fernet(line.strip()) for line in text.splitlines() if line.strip())


def open_value(text: str, keys: Sequence[Fernet]) -> Opened:
    """Take a value that begins with `ENC:` for what it is."""
    body = text.removeprefix(PREFIX)
    token = _token_in(body)
    if token is None:
        return Opened(body, "plain")
    for key in keys:
        try:
            return Opened(key.decrypt(token).decode(), "encrypted")
        except (InvalidToken, UnicodeDecodeError):
            continue
    return Opened(text, "locked")


def _token_in(body: str) -> bytes | None:
    """The Fernet token that a value holds, under one layer of base64 more or not; None when it holds none."""
    data = body.strip().encode("utf-8", "surrogatepass")
    for candidate in (data, _decoded(data)):
        if candidate is not None and _is_token(candidate):
            return candidate
    return None


def _is_token(data: bytes) -> bool:
    raw = _decoded(data)
    return (
        raw is not None
        and len(raw) >= _SHORTEST_TOKEN
        and raw[0] == _FERNET_VERSION
        and (len(raw) - _SHORTEST_TOKEN) % _BLOCK == 0
    )


def _decoded(data: bytes) -> bytes | None:
    standard = data.translate(bytes.maketrans(b"-_", b"+/"))
    try:
        return base64.b64decode(standard + b"=" * (-len(standard) % 4), validate=True)
    except binascii.Error:
        return None
