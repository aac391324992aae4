"""A schema that is ready to check values: the border to jsonschema-rs.

jsonschema-rs and not jsonschema, because its patterns run in linear time (a pattern like `(a+)+$` stops a worker that
uses Python's `re`), it fetches nothing when told so, it compares numbers of any size exactly, and it checks a real
document in microseconds, of which a write under its tenant's lock has few.
"""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any, Final

import jsonschema_rs

from sprintia_config.schemas.outline import SchemaRefusedError, check_outline
from sprintia_config.schemas.texts import fault_text
from sprintia_platform import Fault, Text
from sprintia_platform.content.pointers import format_pointer
from sprintia_platform.content.values import Json, Number, to_json

MOST_FAULTS: Final = 50
# All faults of a large document would be found before the first is given: 60,000 take half a second.
_MOST_VALUES_FOR_ALL_FAULTS: Final = 5_000
_PATTERN_PROGRAM_BYTES: Final = 256 * 1024
# Decimal refuses exponents beyond 18 digits; no limit of a schema lies between.
_FARTHEST_EXPONENT: Final = 999_999_999


class CompiledSchema:
    """Checks values against one schema. Safe to use from several threads."""

    def __init__(self, schema: Json) -> None:
        """Compile a schema (2020-12).

        Raises:
            SchemaRefusedError: with a fault for each place.
        """
        check_outline(schema)
        try:
            self._validator = jsonschema_rs.Draft202012Validator(
                # As text: numbers then keep their letters.
                to_json(schema) if isinstance(schema, dict) else bool(schema),
                offline=True,
                validate_formats=True,
                pattern_options=jsonschema_rs.RegexOptions(size_limit=_PATTERN_PROGRAM_BYTES),
            )
        except jsonschema_rs.ValidationError as error:
            raise SchemaRefusedError([_refused(error)]) from None
        except (jsonschema_rs.ReferencingError, ValueError):
            text = Text("o esquema não pode ser compilado", "the schema cannot be compiled")
            raise SchemaRefusedError([Fault(code="schema_invalid", pointer="/schema", text=text)]) from None

    def faults(self, value: Json) -> list[Fault]:
        """List what does not meet the schema, at most 50; of a very large document only the first."""
        plain, count = _plain(value)
        if self._validator.is_valid(plain):
            return []
        if count <= _MOST_VALUES_FOR_ALL_FAULTS:
            found = islice(self._validator.iter_errors(plain), MOST_FAULTS)
            return list(islice((fault for error in found for fault in _faults(error)), MOST_FAULTS))
        try:
            self._validator.validate(plain)
        except jsonschema_rs.ValidationError as error:
            return list(islice(_faults(error), MOST_FAULTS))
        return []


def _faults(error: jsonschema_rs.ValidationError) -> Iterator[Fault]:
    """Name the faults in one error. Its message and instance hold values and are never looked at."""
    path: list[str | int] = list(error.instance_path)
    keyword, parameter = error.kind.name, _parameter(error.kind)
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.PropertyNames):
        # What is at fault is a key: there it is the instance.
        path.append(str(error.kind.error.instance))
    names: list[Any] = [None]
    if keyword in {"additionalProperties", "unevaluatedProperties"} and isinstance(parameter, list):
        names = parameter
    elif keyword == "required":
        names = [parameter]
        keyword = "dependentRequired" if "dependentRequired" in error.schema_path[-2:] else keyword
    elif keyword in {"contains", "falseSchema"}:
        keyword = _more_exactly(error, keyword)
    for name in names:
        place = path if name is None else [*path, str(name)]
        yield Fault(code=keyword, pointer=format_pointer(place), text=fault_text(keyword, parameter))


def _more_exactly(error: jsonschema_rs.ValidationError, keyword: str) -> str:
    last = error.schema_path[-1] if error.schema_path else ""
    exact = {"minContains", "maxContains", "additionalProperties", "unevaluatedProperties", "items", "unevaluatedItems"}
    return str(last) if last in exact else keyword


def _parameter(kind: jsonschema_rs.ValidationErrorKind) -> Any:
    """What the schema says at the keyword that is not met."""
    for name in ("limit", "types", "options", "expected_value", "pattern", "format", "multiple_of", "property",
                 "unexpected"):  # fmt: skip
        if hasattr(kind, name):
            return getattr(kind, name)
    return None


def _refused(error: jsonschema_rs.ValidationError) -> Fault:
    """Say where a schema itself is wrong."""
    path = error.instance_path
    keyword = error.kind.name
    if path and path[-1] in {"pattern", "patternProperties"}:
        text = Text(
            "o padrão não é aceito: sem look-around nem referências a grupos, e não grande demais",
            "the pattern is not accepted: no look-around and no references to groups, and not too large",
        )
        return Fault(code="schema_pattern", pointer=format_pointer(["schema", *path]), text=text)
    return Fault(
        code="schema_invalid", pointer=format_pointer(["schema", *path]),
        text=fault_text(keyword, _parameter(error.kind)),
    )  # fmt: skip


def _plain(value: Json) -> tuple[Any, int]:
    """The value with `Decimal` for numbers that keep their letters, and how many values there are."""
    holder: list[Any] = [None]
    pending: list[tuple[Any, Any, Json]] = [(holder, 0, value)]
    count = 0
    while pending:
        target, step, item = pending.pop()
        count += 1
        if isinstance(item, dict):
            target[step] = mapping = dict.fromkeys(item)
            pending.extend((mapping, key, member) for key, member in item.items())
        elif isinstance(item, list):
            target[step] = items = [None] * len(item)
            pending.extend((items, position, member) for position, member in enumerate(item))
        else:
            target[step] = _decimal(item.text) if isinstance(item, Number) else item
    return holder[0], count


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        mantissa, _, exponent = text.lower().partition("e")
        return Decimal(f"{mantissa}e{'-' if exponent.startswith('-') else ''}{_FARTHEST_EXPONENT}")
