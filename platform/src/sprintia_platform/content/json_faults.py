"""Where in a JSON text a fault stands that the decoder found without its place. Used for refused texts only."""

import json
import re
from collections.abc import Iterator
from typing import Final

_TOKEN: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]|[-+.\w]++', re.DOTALL)
_COLON: Final = re.compile(r"[ \t\r\n]*+:")
_OPENING: Final = frozenset("[{")
_CLOSING: Final = frozenset("]}")
_NUMBER_START: Final = frozenset("-0123456789")


def find_depth(text: str, max_depth: int) -> int | None:
    """Return the offset of the first bracket that opens below `max_depth`."""
    depth = 0
    for offset, token in _tokens(text):
        if token in _OPENING:
            depth += 1
            if depth > max_depth:
                return offset
        elif token in _CLOSING:
            depth -= 1
    return None


def find_duplicate_key(text: str) -> tuple[int | None, str | None]:
    """Return offset and name of the first key that stands a second time in its object."""
    keys: list[set[str]] = []
    for offset, token in _tokens(text):
        if token in _OPENING:
            keys.append(set())
        elif token in _CLOSING:
            del keys[-1:]
        elif keys and token.startswith('"') and _COLON.match(text, offset + len(token)):
            key = _key(token)
            if key in keys[-1]:
                return offset, key
            keys[-1].add(key)
    return None, None


def find_constant(text: str) -> int | None:
    """Return the offset of the first NaN, Infinity or -Infinity."""
    return next((offset for offset, token in _tokens(text) if token in {"NaN", "Infinity", "-Infinity"}), None)


def find_long_number(text: str, max_length: int) -> int | None:
    """Return the offset of the first number with more than `max_length` characters."""
    return next(
        (offset for offset, token in _tokens(text) if len(token) > max_length and token[0] in _NUMBER_START), None
    )


def _tokens(text: str) -> Iterator[tuple[int, str]]:
    return ((match.start(), match[0]) for match in _TOKEN.finditer(text))


def _key(token: str) -> str:
    # Escapes are resolved: "a" and "\u0061" are one key.
    try:
        return str(json.loads(token))
    except ValueError:
        return token
