"""Say which parameter of a request is wrong, and what it may be: its handler's signature declares both."""

import re
from typing import Any, Literal, get_args, get_origin

from litestar import Request
from litestar.enums import ParamType
from litestar.params import ParameterKwarg
from litestar.typing import FieldDefinition

from sprintia_platform.http.languages import Text
from sprintia_platform.http.problems import PARAMETER_INVALID, Fault, Problem

_PLACES = {
    ParamType.QUERY: Text("parâmetro", "query"),
    ParamType.HEADER: Text("cabeçalho", "header"),
    ParamType.COOKIE: Text("cookie", "cookie"),
    ParamType.PATH: Text("caminho", "path"),
}
_KINDS = {
    int: Text("um número inteiro", "a whole number"),
    float: Text("um número", "a number"),
    bool: Text("true ou false", "true or false"),
}


_WHOLE_NUMBER = re.compile("-?[0-9]+")


async def refuse_loose_numbers(request: Request[Any, Any, Any]) -> None:
    """Refuse `1.0` and `1e3` where a parameter of the query is a whole number: msgspec would read them as 1 and 1000.

    A hook before the handler's parameters are read, and after its guards.

    Raises:
        Problem: 422 that names each.
    """
    if not request.scope["query_string"]:
        return
    loose: dict[str, Fault] = {}
    for argument, field in request.route_handler.parsed_fn_signature.parameters.items():
        if argument in request.path_params or int not in (field.annotation, *field.args):
            continue
        name = _name(field, argument)
        given = request.query_params.getall(name, [])
        if not all(_WHOLE_NUMBER.fullmatch(value) for value in given):
            loose[name] = parameter_fault(request, ParamType.QUERY, argument)[1]
    if loose:
        raise Problem(PARAMETER_INVALID, errors=list(loose.values()), names=", ".join(loose))


def parameter_fault(request: Request[Any, Any, Any], source: ParamType, argument: str) -> tuple[str, Fault]:
    """Name the parameter behind an argument of the handler, and describe its fault.

    What was received is not echoed: it may be a key in the wrong place.
    """
    field = request.route_handler.parsed_fn_signature.parameters.get(argument)
    name = _name(field, argument)
    place, wanted = _place(source, name), _wanted(field)
    if wanted is None:
        text = Text(f"{place.pt} tem valor inválido", f"{place.en} is not valid")
    else:
        text = Text(f"{place.pt} deve ser {wanted.pt}", f"{place.en} must be {wanted.en}")
    return name, Fault(code="parameter", text=text)


def missing_parameter(source: ParamType, key: str) -> Fault:
    place = _place(source, key)
    return Fault(code="missing", text=Text(f"{place.pt} é obrigatório", f"{place.en} is required"))


def _name(field: FieldDefinition | None, argument: str) -> str:
    declared = field.kwarg_definition if field is not None else None
    return declared.name if isinstance(declared, ParameterKwarg) and declared.name else argument


def _place(source: ParamType, key: str) -> Text:
    word = _PLACES.get(source, Text("parâmetro", "parameter"))
    return Text(f"{word.pt} {key}", f"{word.en}: {key}")


def _wanted(field: FieldDefinition | None) -> Text | None:
    if field is None:
        return None
    alternatives = (field.annotation, *field.args)
    for kind in alternatives:
        if get_origin(kind) is Literal:
            choices = [str(choice) for choice in get_args(kind)]
            return Text(" ou ".join(choices), " or ".join(choices))
    for kind, text in _KINDS.items():
        if kind in alternatives:
            bounds = _range(field)
            return Text(text.pt + bounds.pt, text.en + bounds.en)
    return _length(field) if str in alternatives else None


def _range(field: FieldDefinition) -> Text:
    declared = field.kwarg_definition
    least, most = (getattr(declared, name, None) for name in ("ge", "le"))
    match least, most:
        case None, None:
            return Text("", "")
        case _, None:
            return Text(f", no mínimo {least}", f", at least {least}")
        case None, _:
            return Text(f", no máximo {most}", f", at most {most}")
        case _:
            return Text(f" de {least} a {most}", f" from {least} to {most}")


def _length(field: FieldDefinition) -> Text | None:
    declared = field.kwarg_definition
    least, most = (getattr(declared, name, None) for name in ("min_length", "max_length"))
    if most is None:
        return None
    return Text(f"um texto de {least or 0} a {most} caracteres", f"a text of {least or 0} to {most} characters")
