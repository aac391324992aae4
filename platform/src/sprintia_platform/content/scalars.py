"""What a plain (unquoted) YAML scalar means: the core schema of YAML 1.2.2, section 10.3.2, with one exception."""

import re
from typing import Final

from sprintia_platform.content.errors import ContentError
from sprintia_platform.content.values import NEGATIVE_ZERO, Number

_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMERIC_START: Final = frozenset("0123456789+-.")
_DECIMAL: Final = re.compile(r"[-+]?[0-9]+")
_OCTAL: Final = re.compile(r"0o[0-7]+")
_HEXADECIMAL: Final = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(
    r"(?P<sign>[-+]?)(?:(?P<whole>[0-9]+)(?:\.(?P<decimals>[0-9]*))?|\.(?P<bare>[0-9]+))(?P<exponent>[eE][-+]?[0-9]+)?"
)
_NOT_IN_JSON: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def resolve_plain(text: str, max_number_length: int) -> str | bool | int | Number | None:
    """Return what a plain scalar stands for.

    Null, booleans, decimal, octal (0o17) and hexadecimal (0x1F) integers and floats as the core schema has them;
    everything else is a string: yes, on, 18:00, 2025-01-02, 1_000. Floats keep their digits: 1.10 is `Number("1.10")`,
    .5 is 0.5, 1. is 1.0, +1.5 is 1.5.

    The exception: a decimal with a leading zero and a digit 8 or 9 (089, 011999998888) is a string. PyYAML, which the
    Odoo addons write with, leaves strings of that form unquoted because YAML 1.1 takes them for no number; read as
    one, a telephone number or postal code would lose its zero.

    Raises:
        ContentError: `number_not_representable` (.inf, .nan) or `number_too_long`; without a place.
    """
    if text in _WORDS:
        return _WORDS[text]
    return _resolve_numeric(text, max_number_length) if text[0] in _NUMERIC_START else text


def _resolve_numeric(text: str, max_number_length: int) -> str | int | Number:
    if _NOT_IN_JSON.fullmatch(text):
        raise ContentError("number_not_representable")
    if _DECIMAL.fullmatch(text):
        return text if _loses_its_zero(text) else _decimal(_bounded(text, max_number_length))
    if _OCTAL.fullmatch(text):
        return int(_bounded(text, max_number_length), base=0)
    if _HEXADECIMAL.fullmatch(text):
        number = int(_bounded(text, max_number_length), base=0)
        # In decimal it is longer, and what is accepted here must be accepted again when it has been written out.
        _bounded(str(number), max_number_length)
        return number
    match = _FLOAT.fullmatch(text)
    if match is None:
        return text
    return Number(_bounded(_float_literal(match), max_number_length))


def _loses_its_zero(text: str) -> bool:
    digits = text.lstrip("+-")
    return digits.startswith("0") and ("8" in digits or "9" in digits)


def _bounded(text: str, max_number_length: int) -> str:
    if len(text) > max_number_length:
        raise ContentError("number_too_long", limit=max_number_length)
    return text


def _decimal(text: str) -> int | Number:
    number = int(text)
    return Number(NEGATIVE_ZERO) if number == 0 and text.startswith("-") else number


def _float_literal(match: re.Match[str]) -> str:
    sign = "-" if match["sign"] == "-" else ""
    whole = (match["whole"] or "").lstrip("0") or "0"
    decimals = match["bare"] or match["decimals"]
    fraction = "" if decimals is None else f".{decimals or '0'}"
    return f"{sign}{whole}{fraction}{match['exponent'] or ''}"
