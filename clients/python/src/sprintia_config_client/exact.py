"""JSON without loss: 9007199254740993 and 1.10 come out as they went in, and go back so."""

import json
import math
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TypeAlias, cast

import msgspec

JsonValue: TypeAlias = dict[str, "JsonValue"] | list["JsonValue"] | str | bool | int | float | Decimal | None
"""What JSON texts become: numbers with a fraction or an exponent are `Decimal`, all others `int` of any size."""

_encoder = msgspec.json.Encoder(decimal_format="number")


def read_json(text: str | bytes) -> JsonValue:
    """Read JSON text, numbers to the digit.

    Raises:
        ValueError: it is no JSON, or a number's exponent is beyond what `Decimal` can hold.
    """
    minus_zero = "-0" if isinstance(text, str) else b"-0"
    if minus_zero in text:  # type: ignore[operator]  # both are str, or both are bytes
        # msgspec makes 0 of it; the standard library lets us see the digits.
        return cast("JsonValue", json.loads(text, parse_float=_decimal, parse_int=_integer))
    return cast("JsonValue", _decoder.decode(text))


def write_json(value: object) -> bytes:
    """Write a value as JSON text (RFC 8259).

    Raises:
        TypeError: something in it is no JSON value.
        ValueError: a number in it is not finite: JSON has no such number.
    """
    _check(value)
    return _encoder.encode(value)


def _check(value: object) -> None:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, Mapping):
            if any(not isinstance(key, str) for key in item):
                raise TypeError("JSON keys are strings")
            pending.extend(item.values())
        elif isinstance(item, list | tuple):
            pending.extend(item)
        elif isinstance(item, float | Decimal):
            # As a float, the Decimal 1e400 would be infinite.
            if not (item.is_finite() if isinstance(item, Decimal) else math.isfinite(item)):
                raise ValueError(f"{item} is no JSON number")
        elif not (item is None or isinstance(item, str | int)):
            raise TypeError(f"{type(item).__name__} is no JSON value")


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text[:40]} is beyond Decimal; json_text has it as it was sent") from None


def _integer(text: str) -> int | Decimal:
    return Decimal(text) if text == "-0" else int(text)


_decoder = msgspec.json.Decoder(float_hook=_decimal)
