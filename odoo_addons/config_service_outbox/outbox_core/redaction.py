"""What logs and screens may show."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from .wire import SEALED

HIDDEN = "•••"
# A secret of one or two letters would blacken every word, and hide nothing.
_SHORTEST = 4
_SECRET_NAME = re.compile(r"passw|secret|token|api_?key|private", re.IGNORECASE)


def redacted(text: str, secrets: Iterable[str]) -> str:
    """Return a text with each secret in it hidden; the longest first, for one may be part of another."""
    for secret in sorted({secret for secret in secrets if len(secret) >= _SHORTEST}, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def scrubbed_payload(value: Any) -> Any:
    """Return a copy of a body in which nothing of a sealed secret is left, not even its length."""
    if isinstance(value, dict):
        if SEALED in value:
            return HIDDEN
        return {name: scrubbed_payload(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [scrubbed_payload(item) for item in value]
    return value


def secrets_in(body: Any) -> set[str]:
    """Collect the texts of a body whose names say that they are secret, plain and as JSON writes them.

    For what comes back: a service, or whatever stands in its place, may repeat in its answer what it was sent.
    """
    found = set(_secret_texts(body, named=False))
    return found | {json.dumps(text)[1:-1] for text in found}


def _secret_texts(value: Any, *, named: bool) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _secret_texts(item, named=named or _SECRET_NAME.search(str(name)) is not None)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _secret_texts(item, named=named)
    elif named and isinstance(value, str):
        yield value
