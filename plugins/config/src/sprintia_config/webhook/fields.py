"""Reading fields of a webhook body: what Odoo writes for "empty", ids as numbers or text, what is unknown."""

from collections.abc import Mapping

from sprintia_config import problems
from sprintia_config.contents.identifiers import is_identifier
from sprintia_config.secrecy.leaves import secret_leaves
from sprintia_platform import Problem
from sprintia_platform.content.merge import merge_filled
from sprintia_platform.content.values import Json

Body = Mapping[str, Json]

_LONGEST_REFERENCE = 128


def is_empty(value: Json) -> bool:
    """Odoo sends `false` for an empty text, and null, "", [] and {} mean as little."""
    return value is None or value is False or value in ("", [], {})


def says_something(value: Json) -> bool:
    """Tell whether a field that nobody knows holds anything: `false` may be a flag there."""
    return value is False or not is_empty(value)


def is_secret_name(name: str) -> bool:
    """Tell whether a text under this name would be a secret."""
    return bool(secret_leaves("config", {name: "x"}))


def required(body: Body, name: str) -> Json:
    """Return a field that must be there.

    Raises:
        Problem: 400 `Dados incompletos: <field> é obrigatório`.
    """
    value = body.get(name)
    if is_empty(value):
        raise Problem(problems.DATA_INCOMPLETE, field=name)
    return value


def flag(body: Body, name: str) -> bool:
    """Read a field that asks for something: true, or nothing.

    Raises:
        Problem: 400 when it is something else: what removes must not be guessed.
    """
    value = body.get(name)
    if is_empty(value):
        return False
    if value is not True:
        raise invalid(f"{name} deve ser true ou false", f"{name} must be true or false")
    return True


def identifier(value: Json, name: str) -> str:
    """Read a tenant's or domain's id; an integer is read as its decimal text.

    Raises:
        Problem: 400.
    """
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not is_identifier(text):
        raise invalid(
            f"{name} deve ter de 1 a 128 caracteres entre letras, dígitos, _ - . e @",
            f"{name} must be 1 to 128 characters of letters, digits, _ - . and @",
        )
    return text


def domain_of(body: Body) -> str:
    """Read the domain; `default` unless given.

    Raises:
        Problem: 400.
    """
    return "default" if is_empty(body.get("domain")) else identifier(body["domain"], "domain")


def reference(value: Json, name: str) -> str:
    """Read the name of a secret (`token`): text without control characters.

    Raises:
        Problem: 400.
    """
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not text.isprintable() or len(text) > _LONGEST_REFERENCE:
        raise invalid(
            f"{name} deve ser um texto de até {_LONGEST_REFERENCE} caracteres visíveis",
            f"{name} must be a text of at most {_LONGEST_REFERENCE} visible characters",
        )
    return text


def merged_from_odoo(standing: Json, update: Json) -> Json:
    """Merge what Odoo sent: empty values never overwrite, and `false` is one wherever no boolean stands."""
    return merge_filled(standing, _without_empty(update, standing))


def _without_empty(update: Json, standing: Json) -> Json:
    if not isinstance(update, dict) or not isinstance(standing, dict):
        return update
    return {
        name: _without_empty(value, standing.get(name))
        for name, value in update.items()
        if value is not False or is_empty(standing.get(name)) or isinstance(standing.get(name), bool)
    }


def mapping(value: Json, name: str) -> dict[str, Json]:
    """Read an object; absent and empty ones are `{}`.

    Raises:
        Problem: 400 when it is something else.
    """
    if is_empty(value):
        return {}
    if not isinstance(value, dict):
        raise invalid(f"{name} deve ser um objeto", f"{name} must be an object")
    return value


def filled(body: Body, *names: str) -> dict[str, Json]:
    """The named fields that hold something; text fields in which Odoo wrote `false` are left out."""
    return {name: body[name] for name in names if name in body and not is_empty(body[name])}


def invalid(pt: str, en: str) -> Problem:
    return Problem(problems.DATA_INVALID, reason_pt=pt, reason_en=en)
