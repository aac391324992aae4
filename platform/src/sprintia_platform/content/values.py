"""The value of a document: what YAML and JSON texts become, and its JSON text.

Values are never changed in place: aliases and merges share parts, so that two places may be one object.
"""

import re
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Final, TypeAlias

from sprintia_platform.content.errors import ContentError
from sprintia_platform.content.limits import DEFAULT_LIMITS, Limits

# RFC 8259, section 6.
_JSON_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
NEGATIVE_ZERO: Final = "-0"


@dataclass(frozen=True, slots=True)
class Number:
    """A number that is kept to the letter: 1.10 stays 1.10, 1e400 stays 1e400, -0 stays -0.

    Two are equal when they are written alike: 1.10 and 1.1 are different contents. Whole numbers written without a
    fraction or exponent are `int`, except -0, so that every value has one form.

    Attributes:
        text: a JSON number literal (RFC 8259, section 6).

    Raises:
        ValueError: the text is no such literal, or is a plain integer.
    """

    text: str

    def __post_init__(self) -> None:
        match = _JSON_NUMBER.fullmatch(self.text)
        if match is None:
            raise ValueError("Not a JSON number literal.")
        if match[1] is None and match[2] is None and self.text != NEGATIVE_ZERO:
            raise ValueError("A plain integer is an int, not a Number.")


# A mapping keeps the order of its keys as received. Only the recursion is quoted, so that `Json | X` works when run.
Json: TypeAlias = dict[str, "Json"] | list["Json"] | str | bool | int | Number | None


def json_view(value: Json) -> Json:
    """Return the document as the API's `json_data` shows it: a mapping as it is, anything else as `{"data": value}`."""
    return value if isinstance(value, dict) else {"data": value}


def to_json(value: Json) -> str:
    """Write a value as compact JSON text (RFC 8259): keys in their order, non-ASCII as is, numbers to the letter.

    It uses no recursion, so no depth of nesting ends it. Its size is what the value holds with shared parts written
    out; values that the readers return are bounded by `Limits.max_characters`.
    """
    pieces: list[str] = []
    # What is left to write, last first. A text that is ready stands as a 1-tuple, to tell it from a value.
    pending: list[Json | tuple[str]] = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, tuple):
            pieces.append(item[0])
        elif isinstance(item, str):
            pieces.append(encode_basestring(item))
        elif isinstance(item, dict):
            pending.extend(_members(item))
        elif isinstance(item, list):
            pending.extend(_items(item))
        else:
            pieces.append(plain_literal(item))
    return "".join(pieces)


def plain_literal(value: bool | int | Number | None) -> str:
    """Return the literal that JSON and YAML share for a scalar other than a string."""
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    return value.text if isinstance(value, Number) else str(value)


def _members(mapping: dict[str, Json]) -> list[Json | tuple[str]]:
    parts: list[Json | tuple[str]] = []
    before = "{"
    for key, member in mapping.items():
        parts += ((f"{before}{encode_basestring(key)}:",), member)
        before = ","
    parts.append(("}" if mapping else "{}",))
    parts.reverse()
    return parts


def _items(items: list[Json]) -> list[Json | tuple[str]]:
    parts: list[Json | tuple[str]] = []
    before = "["
    for item in items:
        parts += ((before,), item)
        before = ","
    parts.append(("]" if items else "[]",))
    parts.reverse()
    return parts


def check_limits(value: Json, limits: Limits = DEFAULT_LIMITS) -> None:
    """Check a value that was put together, for example by a merge, against the limits that readers apply.

    Stops at the first limit passed, so shared parts that stand for billions of values cost as little as any other.

    Raises:
        ContentError: `too_deep`, `too_many_values`, `too_many_characters` or `key_too_long`; without a place.
    """
    count = characters = 0
    pending: list[tuple[Json, int]] = [(value, 1)]
    while pending:
        item, depth = pending.pop()
        count += 1
        if isinstance(item, str):
            characters += len(item)
        elif isinstance(item, dict | list):
            if depth > limits.max_depth:
                raise ContentError("too_deep", limit=limits.max_depth)
            if count + len(pending) + len(item) > limits.max_values:
                raise ContentError("too_many_values", limit=limits.max_values)
            if isinstance(item, dict):
                characters += _key_characters(item, limits)
            members = item.values() if isinstance(item, dict) else item
            pending.extend([(member, depth + 1) for member in members])
        elif isinstance(item, Number):
            characters += len(item.text)
        if characters > limits.max_characters:
            raise ContentError("too_many_characters", limit=limits.max_characters)


def _key_characters(mapping: dict[str, Json], limits: Limits) -> int:
    lengths = [len(key) for key in mapping]
    if max(lengths, default=0) > limits.max_key_length:
        raise ContentError("key_too_long", limit=limits.max_key_length)
    return sum(lengths)
