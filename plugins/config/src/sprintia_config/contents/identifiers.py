"""The identifiers of tenants, domains and config types."""

import re

from sprintia_config import problems
from sprintia_platform import Problem

_IDENTIFIER = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.@-]{1,128}")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def is_identifier(text: str) -> bool:
    """Tell whether a text is 1 to 128 characters of letters, digits, `_ - . @`, and neither `.` nor `..`."""
    return _IDENTIFIER.fullmatch(text) is not None


def is_text(text: str) -> bool:
    """Tell whether PostgreSQL can hold a text: without NUL and lone surrogates. HTTP brings neither; a caller may."""
    return "\0" not in text and _LONE_SURROGATE.search(text) is None


def check_identifiers(**identifiers: str) -> None:
    """Check tenant, domain and config type.

    Raises:
        Problem: 422 naming the first that is none.
    """
    for name, value in identifiers.items():
        if not is_identifier(value):
            raise Problem(problems.IDENTIFIER_INVALID, name=name)
