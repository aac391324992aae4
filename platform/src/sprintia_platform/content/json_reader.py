"""JSON bytes to a value: RFC 8259 read strictly, nothing lost and nothing repaired."""

import json
import re
from dataclasses import dataclass
from typing import Final

from sprintia_platform.content.errors import ContentError
from sprintia_platform.content.json_faults import find_constant, find_depth, find_duplicate_key, find_long_number
from sprintia_platform.content.limits import DEFAULT_LIMITS, Limits
from sprintia_platform.content.messages import Code
from sprintia_platform.content.positions import position_at
from sprintia_platform.content.values import NEGATIVE_ZERO, Json, Number, check_limits

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_OPENING: Final = frozenset(b"[{")
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))

# One escape. No possessive group over several: before 3.11.5 Python ends such a match wrongly (cpython#106052).
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)


class _RefusalError(Exception):
    """Raised inside the decoder, which knows no places; the place is looked for afterwards."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code: Code = code


def read_json(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Json:
    r"""Read one JSON text (RFC 8259).

    Integers are of any size; every other number is a `Number`, to the letter (1.10, 1e400, -0). A byte order mark at
    the start is ignored, as section 8.1 allows: editors write it, and the YAML reader accepts the same file.

    Raises:
        ContentError: and nothing else, whatever the bytes are: not UTF-8, duplicate keys, NaN and Infinity, NUL
            (also as `\u0000`), lone surrogates, limits, syntax (see `Code`). With line and column, except for
            `too_large` and limits on the value as a whole.
    """
    if len(data) > limits.max_bytes:
        raise ContentError("too_large", limit=limits.max_bytes)
    text = _decode_utf8(data.removeprefix(BYTE_ORDER_MARK))
    if not text.strip(" \t\r\n"):
        raise ContentError("empty")
    if "\0" in text:
        raise _placed("nul", text, text.index("\0"))
    outside = _outside_strings(text.encode())
    if _is_deeper(outside, limits.max_depth):
        raise _placed("too_deep", text, find_depth(text, limits.max_depth), limit=limits.max_depth)
    # Each comma stands between two values: what has too many need not be built to be counted.
    if outside.count(b",") >= limits.max_values:
        raise ContentError("too_many_values", limit=limits.max_values)
    value = _decode(text, limits)
    # Only after decoding: in JSON without a fault, a backslash stands nowhere but in strings.
    _check_escapes(text)
    check_limits(value, limits)
    return value


def _decode_utf8(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        line, column = position_at(before, len(before))
        raise ContentError("not_utf8", line=line, column=column) from None


def _outside_strings(data: bytes) -> bytes:
    """Return the text without its strings: exact as far as the decoder would get, and fast before anything is built."""
    # Escaped backslashes first, then escaped quotes: the quotes that remain begin and end strings.
    unescaped = data.replace(rb"\\", b"").replace(rb"\"", b"")
    return b"".join(unescaped.split(b'"')[::2])


def _is_deeper(outside: bytes, max_depth: int) -> bool:
    depth = 0
    for bracket in outside.translate(None, _NOT_BRACKETS):
        depth += 1 if bracket in _OPENING else -1
        if depth > max_depth:
            return True
    return False


def _decode(text: str, limits: Limits) -> Json:
    hooks = _Hooks(limits.max_number_length)
    decoder = json.JSONDecoder(
        object_pairs_hook=hooks.mapping,
        parse_int=hooks.integer,
        parse_float=hooks.decimal,
        parse_constant=hooks.constant,
        strict=True,
    )
    try:
        value: Json = decoder.decode(text)
    except _RefusalError as refusal:
        raise _located(refusal, text, limits) from None
    except json.JSONDecodeError as error:
        raise _placed(_syntax_code(error), text, error.pos) from None
    except RecursionError:  # the caller's own stack is nearly full
        raise ContentError("too_deep", limit=limits.max_depth) from None
    except ValueError:  # int() has been told to read less than our limit (PYTHONINTMAXSTRDIGITS)
        raise ContentError("number_too_long", limit=limits.max_number_length) from None
    return value


@dataclass(frozen=True, slots=True)
class _Hooks:
    """What the decoder makes of mappings and numbers."""

    max_number_length: int

    def mapping(self, pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        result = dict(pairs)
        if len(result) < len(pairs):
            raise _RefusalError("duplicate_key")
        return result

    def integer(self, literal: str) -> int | Number:
        return Number(literal) if literal == NEGATIVE_ZERO else int(self._bounded(literal))

    def decimal(self, literal: str) -> Number:
        return Number(self._bounded(literal))

    def constant(self, _literal: str) -> Json:
        raise _RefusalError("number_not_representable")

    def _bounded(self, literal: str) -> str:
        if len(literal) > self.max_number_length:
            raise _RefusalError("number_too_long")
        return literal


def _located(refusal: _RefusalError, text: str, limits: Limits) -> ContentError:
    match refusal.code:
        case "duplicate_key":
            offset, key = find_duplicate_key(text)
            return _placed("duplicate_key", text, offset, key=key)
        case "number_too_long":
            limit = limits.max_number_length
            return _placed("number_too_long", text, find_long_number(text, limit), limit=limit)
        case _:
            return _placed(refusal.code, text, find_constant(text))


def _placed(
    code: Code, text: str, offset: int | None, *, limit: int | None = None, key: str | None = None
) -> ContentError:
    if offset is None:
        return ContentError(code, limit=limit, key=key)
    line, column = position_at(text, offset)
    return ContentError(code, line=line, column=column, limit=limit, key=key)


def _syntax_code(error: json.JSONDecodeError) -> Code:
    # Its messages are not shown: some quote the text.
    if error.msg.startswith("Extra data"):
        return "trailing_text"
    if error.msg.startswith("Unterminated string"):
        return "unclosed_quote"
    if error.msg.startswith("Invalid control character"):
        return "control_character"
    return "bad_escape" if "escape" in error.msg else "syntax"


def _check_escapes(text: str) -> None:
    """Refuse the first escape that stands for NUL, or for half of a surrogate pair."""
    high: re.Match[str] | None = None
    for escape in _ESCAPE.finditer(text):
        code = int(escape[1], 16) if escape[1] else -1
        if high is not None:
            if escape.start() != high.end() or not 0xDC00 <= code <= 0xDFFF:
                break
            high = None
        elif 0xD800 <= code <= 0xDBFF:
            high = escape
        elif code == 0 or 0xDC00 <= code <= 0xDFFF:
            raise _placed("nul" if code == 0 else "lone_surrogate", text, escape.start())
    if high is not None:
        raise _placed("lone_surrogate", text, high.start())
