"""One spelling for each value: what is the same has the same bytes, and the same digest."""

import hashlib
import json
import math
from typing import Any

_DEEPEST = 64


class NotCanonicalError(ValueError):
    """A value that JSON has no form for.

    Attributes:
        pointer: where it stands, as of RFC 6901; `""` is the whole value.
        code: `number` (not finite), `text` (lone surrogate or NUL), `key` (not a text), `type`, or `depth`.
    """

    def __init__(self, pointer: str, code: str) -> None:
        self.pointer, self.code = pointer, code
        super().__init__(f"{pointer or 'the whole value'} cannot be sent as JSON: {_REASONS[code]}")


_REASONS = {
    "number": "the number is not finite",
    "text": "the text has a NUL or half of a surrogate pair",
    "key": "a key is not a text",
    "type": "the type is unknown to JSON",
    "depth": f"it is nested deeper than {_DEEPEST} levels",
}


def canonical_json(value: Any) -> bytes:
    """Write a value as UTF-8 JSON with sorted keys and no spaces.

    Raises:
        NotCanonicalError: the service would refuse it; the message names the place and never the value.
    """
    _check(value, "", 0)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def digest(value: Any) -> str:
    """Return the SHA-256 of a value's canonical form, in hex.

    Raises:
        NotCanonicalError: as `canonical_json`.
    """
    return hashlib.sha256(canonical_json(value)).hexdigest()


def _check(value: Any, pointer: str, depth: int) -> None:
    if depth > _DEEPEST:
        raise NotCanonicalError(pointer, "depth")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise NotCanonicalError(pointer, "key")
            if not _is_writable(key):
                raise NotCanonicalError(pointer, "text")
            _check(item, f"{pointer}/{_escaped(key)}", depth + 1)
    elif isinstance(value, (list, tuple)):
        for place, item in enumerate(value):
            _check(item, f"{pointer}/{place}", depth + 1)
    else:
        _check_single(value, pointer)


def _check_single(value: Any, pointer: str) -> None:
    if isinstance(value, str):
        if not _is_writable(value):
            raise NotCanonicalError(pointer, "text")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise NotCanonicalError(pointer, "number")
    elif value is not None and not isinstance(value, int):
        raise NotCanonicalError(pointer, "type")


def _is_writable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
