"""Find every fault of a JSON body against the Struct that it should be; msgspec itself stops at the first."""

import re
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from litestar import Request

from sprintia_platform.http.languages import Text
from sprintia_platform.http.problems import Fault

_KINDS = {
    "str": ("texto", "text"),
    "int": ("número inteiro", "a whole number"),
    "float": ("número", "a number"),
    "bool": ("verdadeiro ou falso", "true or false"),
    "array": ("lista", "a list"),
    "object": ("objeto", "an object"),
    "null": ("nulo", "null"),
}
_MESSAGE = re.compile(r"Expected `([^`]+)`(?:, got `([^`]+)`)?")
_BOUND = re.compile(r"Expected `[^`]+`( of length)? (>=|<=|>|<) (\S+)")
_BOUNDS = {
    ">=": ("no mínimo", "at least"),
    "<=": ("no máximo", "at most"),
    ">": ("acima de", "above"),
    "<": ("abaixo de", "below"),
}
_PATH = re.compile(r" - at `(key in )?\$(.*)`$")
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]|\[\.\.\.\]")
_MOST_FAULTS = 50
_MOST_ITEMS = 1_000


def body_faults(request: Request[Any, Any, Any]) -> list[Fault]:
    """List what is wrong with the JSON body of a request whose handler declares its type."""
    field = getattr(request.route_handler, "parsed_data_field", None)
    state = request.scope.get("state", {})
    if field is None or "json" not in state:
        return []
    return faults_of(field.annotation, state["json"])


def faults_of(kind: Any, value: Any) -> list[Fault]:
    """List what is wrong with `value` as a `kind`, each with its JSON pointer; at most 50."""
    faults: list[Fault] = []
    _collect(kind, value, "", faults)
    return faults[:_MOST_FAULTS]


def _collect(kind: Any, value: Any, pointer: str, faults: list[Fault]) -> None:
    """Look into objects and lists, whose parts can each be wrong; then at the value as a whole, for what bounds it."""
    known = len(faults)
    for inner in _alternatives(kind):
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct) and isinstance(value, dict):
            _collect_struct(inner, value, pointer, faults)
        elif get_origin(inner) is list and isinstance(value, list):
            for index, item in enumerate(value[:_MOST_ITEMS]):
                _collect(get_args(inner)[0], item, f"{pointer}/{index}", faults)
    if len(faults) == known:
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            faults.append(_fault(str(error), pointer))


def _alternatives(kind: Any) -> list[Any]:
    """What a type may be, without its annotations: `Annotated[list[X], ...] | None` gives `list[X]` and `None`."""
    if get_origin(kind) is Annotated:
        return _alternatives(get_args(kind)[0])
    if get_origin(kind) in {Union, UnionType}:
        return [inner for part in get_args(kind) for inner in _alternatives(part)]
    return [kind]


def _collect_struct(kind: type[msgspec.Struct], value: dict[str, Any], pointer: str, faults: list[Fault]) -> None:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name, field in fields.items():
        place = f"{pointer}/{escape(name)}"
        if name in value:
            _collect(field.type, value[name], place, faults)
        elif field.required:
            faults.append(Fault(code="missing", pointer=place, text=Text("é obrigatório", "is required")))
    if kind.__struct_config__.forbid_unknown_fields:
        faults += [
            Fault(
                code="unknown",
                pointer=f"{pointer}/{escape(name)}",
                text=Text("não é um campo deste corpo", "is no field of this body"),
            )
            for name in value
            if name not in fields
        ]


def escape(name: str) -> str:
    """Escape a name as one step of a JSON pointer (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")


def _fault(message: str, pointer: str) -> Fault:
    if path := _PATH.search(message):
        pointer += "".join(
            "/" + (escape(name) if name else index or "*") for name, index in _STEP.findall(path.group(2))
        )
    match = _MESSAGE.match(message)
    if match is None:
        return Fault(code="invalid", pointer=pointer, text=Text("valor inválido", "value not valid"))
    pt, en = _kinds(match.group(1))
    if bound := _BOUND.match(message):
        of_length, sign, number = bound.groups()
        bound_pt, bound_en = _BOUNDS[sign]
        length_pt, length_en = ("comprimento ", "length ") if of_length else ("", "")
        pt, en = f"{pt}, {length_pt}{bound_pt} {number}", f"{en}, {length_en}{bound_en} {number}"
    return Fault(
        code="type", pointer=pointer, text=Text(f"esperado: {pt}", f"expected: {en}")
    )  # what was received is not echoed: it may be a password in the wrong place


def _kinds(names: str) -> tuple[str, str]:
    known = [_KINDS.get(name.strip(), (name.strip(), name.strip())) for name in names.split("|")]
    return " ou ".join(pt for pt, _ in known), " or ".join(en for _, en in known)
