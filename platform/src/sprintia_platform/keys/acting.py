"""`X-Acting-For`: a key that serves people says for whom it asks.

Another system that signs people in (the viewer, when it runs apart) has one key for all of them. With the right
`users:act` it names the person and what that person may do: the answer is what both may see, and history and audit name
both. It can only narrow what the key may do, never widen it.
"""

import re
from typing import Any

import msgspec
from litestar.connection import ASGIConnection

from sprintia_platform.content.errors import ContentError
from sprintia_platform.content.json_reader import read_json
from sprintia_platform.http.body_faults import faults_of
from sprintia_platform.http.languages import Text
from sprintia_platform.http.problems import Fault, Problem, ProblemType
from sprintia_platform.http.requests import content_fault, to_plain
from sprintia_platform.keys.callers import NO_TENANT, RIGHT_FORM, TENANT_FORM, Caller

HEADER = "x-acting-for"
ACT = "users:act"
_LONGEST = 8_192
_MOST_FAULTS = 20
_NAME = re.compile(r"[A-Za-z0-9@._+-]{1,100}")

ACTING_FOR_INVALID = ProblemType(
    code="acting_for_invalid",
    status=422,
    title=Text("X-Acting-For inválido", "X-Acting-For invalid"),
    detail=Text(
        "O cabeçalho X-Acting-For não vale. Envie-o uma só vez, em ASCII, com até {limit} bytes: um objeto JSON com "
        "name, rights e tenants. Corrija o que `errors` aponta.",
        "The header X-Acting-For is not valid. Send it once, in ASCII, of at most {limit} bytes: a JSON object with "
        "name, rights and tenants. Correct what `errors` points at.",
    ),
)


class Person(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who asks through a key. `tenants` null means all that the key reaches; it is never left out by oversight."""

    name: str
    rights: list[str]
    tenants: list[str] | None


def acting_caller(connection: ASGIConnection[Any, Any, Any, Any], key: Caller) -> Caller:
    """Return who asks: the key itself, or the person whom `X-Acting-For` names, within what the key may do.

    Raises:
        Problem: 403 for a key that may not speak for people, 422 for a header that cannot be understood.
    """
    given = connection.headers.getall(HEADER, [])
    if not given:
        return key
    key.require(ACT)
    person = _read(given)
    return Caller(
        key_id=key.key_id, name=key.name, rights=key.rights.intersection(person.rights),
        tenants=_both(key.tenants, person.tenants), networks=key.networks, acting_for=person.name,
    )  # fmt: skip


def _both(first: frozenset[str] | None, second: list[str] | None) -> frozenset[str] | None:
    if second is None:
        return first
    return frozenset(second) if first is None else first.intersection(second)


def _read(given: list[str]) -> Person:
    if len(given) > 1:
        raise _invalid(Fault(code="repeated", text=Text("foi enviado mais de uma vez", "was sent more than once")))
    text = given[0]
    if not text.isascii() or len(text) > _LONGEST:
        raise _invalid(Fault(code="form", text=Text("não é ASCII ou é longo demais", "is not ASCII, or too long")))
    try:
        value = to_plain(read_json(text.encode()))
    except ContentError as error:
        raise _invalid(content_fault(error)) from None
    try:
        person = msgspec.convert(value, Person)
    except msgspec.ValidationError:
        raise _invalid(*(faults_of(Person, value) or [_wrong_kind()])) from None
    if faults := _faults_of(person):
        raise _invalid(*faults)
    return person


def _faults_of(person: Person) -> list[Fault]:
    """What the Struct cannot say. A transaction names its tenants: no other sign than theirs may come that far."""
    faults = [] if _NAME.fullmatch(person.name) else [Fault(code="name", pointer="/name", text=_NO_NAME)]
    faults += [
        Fault(code="right", pointer=f"/rights/{index}", text=Text("não é um direito", "is no right"))
        for index, right in enumerate(person.rights)
        if not RIGHT_FORM.fullmatch(right)
    ]
    faults += [
        Fault(code="tenant", pointer=f"/tenants/{index}", text=NO_TENANT)
        for index, tenant in enumerate(person.tenants or ())
        if not TENANT_FORM.fullmatch(tenant)
    ]
    return faults[:_MOST_FAULTS]


_NO_NAME = Text(
    "não é um nome: use de 1 a 100 letras, dígitos e @ . _ + -",
    "is no name: write 1 to 100 letters, digits and @ . _ + -",
)


def _wrong_kind() -> Fault:
    return Fault(code="invalid", pointer="", text=Text("não é válido", "not valid"))


def _invalid(*faults: Fault) -> Problem:
    return Problem(ACTING_FOR_INVALID, errors=faults, limit=_LONGEST)
