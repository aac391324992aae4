"""The W3C trace context of whatever is being done, passed on to the service (https://www.w3.org/TR/trace-context/)."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_current: ContextVar[str | None] = ContextVar("sprintia_config_traceparent", default=None)


@contextmanager
def traced(traceparent: str) -> Iterator[None]:
    """Send this `traceparent` with each request of the block, in this task or thread.

    Raises:
        ValueError: it is none.
    """
    if not _TRACEPARENT.fullmatch(traceparent):
        raise ValueError(f"{traceparent[:80]!r} is no traceparent")
    token = _current.set(traceparent)
    try:
        yield
    finally:
        _current.reset(token)


def trace_headers() -> dict[str, str]:
    current = _current.get()
    return {} if current is None else {"traceparent": current}
