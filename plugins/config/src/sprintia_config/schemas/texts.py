"""What each kind of schema fault is called in Portuguese and English.

No text holds a value of the document: it may be a password. What is quoted comes from the schema, which every reader
may see, or is the name of a key.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from sprintia_platform import Text

_SHOWN: Final = 100
_MOST_OPTIONS: Final = 10

_TYPES: Final = {
    "string": Text("texto", "text"),
    "integer": Text("número inteiro", "a whole number"),
    "number": Text("número", "a number"),
    "boolean": Text("verdadeiro ou falso", "true or false"),
    "array": Text("lista", "a list"),
    "object": Text("mapeamento", "a mapping"),
    "null": Text("nulo", "null"),
}

# The name of each format as people say it; any other is called by its own name.
_FORMATS: Final = {
    "date": Text("uma data (AAAA-MM-DD)", "a date (YYYY-MM-DD)"),
    "date-time": Text("data e hora (RFC 3339)", "a date and time (RFC 3339)"),
    "time": Text("uma hora (RFC 3339)", "a time (RFC 3339)"),
    "email": Text("um endereço de e-mail", "an e-mail address"),
    "uri": Text("uma URI completa", "a whole URI"),
    "uuid": Text("um UUID", "a UUID"),
}

_PLAIN: Final = {
    "required": Text("é obrigatório", "is required"),
    "dependentRequired": Text(
        "é obrigatório quando outra chave daqui está presente", "is required when another key here is given"
    ),
    "additionalProperties": Text("não é uma chave aceita aqui", "is no key that is accepted here"),
    "unevaluatedProperties": Text("não é uma chave aceita aqui", "is no key that is accepted here"),
    "items": Text("há itens demais na lista", "there are too many items in the list"),
    "unevaluatedItems": Text("há itens demais na lista", "there are too many items in the list"),
    "propertyNames": Text("o nome desta chave não é aceito", "the name of this key is not accepted"),
    "patternProperties": Text("não é aceito aqui", "is not accepted here"),
    "uniqueItems": Text("há itens repetidos na lista", "there are equal items in the list"),
    "contains": Text("falta na lista um item exigido", "an item that must be in the list is missing"),
    "minContains": Text("faltam na lista itens exigidos", "items that must be in the list are missing"),
    "maxContains": Text("há na lista itens exigidos em excesso", "the list has too many items of a limited kind"),
    "anyOf": Text("não corresponde a nenhuma das formas aceitas", "is none of the accepted forms"),
    "oneOf": Text("não corresponde a exatamente uma das formas aceitas", "is not exactly one of the accepted forms"),
    "not": Text("tem uma forma que não é aceita", "has a form that is not accepted"),
    "falseSchema": Text("não é aceito aqui", "is not accepted here"),
}
_OTHER: Final = Text("não atende ao esquema", "does not meet the schema")


def fault_text(keyword: str, parameter: Any) -> Text:
    """Say what is wrong.

    Args:
        keyword: the keyword of the schema that is not met.
        parameter: what the schema says there: a limit, types, options, a pattern, a format.
    """
    shown = _WITH_PARAMETER.get(keyword)
    return _PLAIN.get(keyword, _OTHER) if shown is None else shown(parameter)


def _limit(pt: str, en: str) -> Callable[[Any], Text]:
    return lambda limit: Text(pt.format(limit=_short(limit)), en.format(limit=_short(limit)))


def _type(names: Iterable[str]) -> Text:
    known = [_TYPES.get(name, Text(name, name)) for name in names]
    pt, en = " ou ".join(text.pt for text in known), " or ".join(text.en for text in known)
    return Text(f"esperado: {pt}", f"expected: {en}")


def _format(name: str) -> Text:
    text = _FORMATS.get(name, Text(f"{_short(name)}", f"{_short(name)}"))
    return Text(f"não é {text.pt}", f"is not {text.en}")


def _options(options: Sequence[Any]) -> Text:
    shown = ", ".join(_short(option) for option in options[:_MOST_OPTIONS])
    more = ", …" if len(options) > _MOST_OPTIONS else ""
    return Text(f"deve ser um destes: {shown}{more}", f"must be one of these: {shown}{more}")


def _short(value: Any) -> str:
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    text = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


_WITH_PARAMETER: Final[dict[str, Callable[[Any], Text]]] = {
    "type": _type,
    "format": _format,
    "enum": _options,
    "const": lambda value: _options([value]),
    "pattern": _limit("não segue o padrão {limit}", "does not match the pattern {limit}"),
    "minLength": _limit("precisa de ao menos {limit} caractere(s)", "needs at least {limit} character(s)"),
    "maxLength": _limit("pode ter no máximo {limit} caractere(s)", "may have at most {limit} character(s)"),
    "minItems": _limit("precisa de ao menos {limit} item(ns)", "needs at least {limit} item(s)"),
    "maxItems": _limit("pode ter no máximo {limit} item(ns)", "may have at most {limit} item(s)"),
    "minProperties": _limit("precisa de ao menos {limit} chave(s)", "needs at least {limit} key(s)"),
    "maxProperties": _limit("pode ter no máximo {limit} chave(s)", "may have at most {limit} key(s)"),
    "minimum": _limit("deve ser no mínimo {limit}", "must be at least {limit}"),
    "maximum": _limit("deve ser no máximo {limit}", "must be at most {limit}"),
    "exclusiveMinimum": _limit("deve ser maior que {limit}", "must be more than {limit}"),
    "exclusiveMaximum": _limit("deve ser menor que {limit}", "must be less than {limit}"),
    "multipleOf": _limit("deve ser múltiplo de {limit}", "must be a multiple of {limit}"),
}
