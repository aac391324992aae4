"""Keyset paging: a cursor is the last row's key, unreadable to people so that nobody builds one by hand."""

import base64
import binascii
from typing import Annotated, Any

import msgspec
from litestar.params import QueryParameter

from sprintia_platform.http import problems
from sprintia_platform.http.problems import Problem

# Litestar looks at the bounds of a QueryParameter and passes over those of msgspec.Meta.
Limit = Annotated[int, QueryParameter(ge=1, le=1000)]
"""How many rows of a list are wanted: 1 to 1,000."""

Before = Annotated[int | None, QueryParameter(ge=0, le=2**63 - 1)]
"""The number that the page before ended with; what is listed comes before it."""


def write_cursor(position: list[Any]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def read_cursor(text: str, name: str = "before") -> list[Any]:
    """Read what `write_cursor` wrote.

    Raises:
        Problem: 422 for anything else.
    """
    try:
        position = msgspec.json.decode(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, msgspec.DecodeError):
        position = None
    if not isinstance(position, list):
        raise Problem(problems.PARAMETER_INVALID, names=name)
    return position
