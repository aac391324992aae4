"""What a schema may be made of, found out before it is compiled: it stands alone, and its cost is bounded.

A reference leads to a place within the schema and nowhere else, so that nothing is ever fetched. And references can
repeat work: 30 definitions that each refer twice to the next one are 300 bytes and a billion checks. So it is counted
how often one place of a document would be checked, level by level, and what is checked too often is refused.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import unquote

from sprintia_platform import Fault, Text
from sprintia_platform.content.limits import DEFAULT_LIMITS
from sprintia_platform.content.pointers import format_pointer, parse_pointer
from sprintia_platform.content.values import Json

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
MOST_CHECKS_OF_ONE_PLACE: Final = 5_000
MOST_PATTERN_CHARACTERS: Final = 500
_MOST_STEPS: Final = 1_000_000

_Kind = Literal["same place", "any member", "member", "apart"]
_KINDS: Final[dict[str, _Kind]] = {
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies"),
                    "same place"),
    # A pattern may fit any key.
    **dict.fromkeys(("additionalProperties", "unevaluatedProperties", "propertyNames", "patternProperties", "items",
                     "additionalItems", "unevaluatedItems", "contains"), "any member"),
    **dict.fromkeys(("properties", "prefixItems"), "member"),
    # Asked about nothing, unless a reference leads there.
    **dict.fromkeys(("$defs", "definitions", "contentSchema"), "apart"),
}  # fmt: skip
_ONE_SCHEMA: Final = frozenset({
    "not", "if", "then", "else", "additionalProperties", "unevaluatedProperties", "propertyNames", "items",
    "additionalItems", "unevaluatedItems", "contains", "contentSchema",
})  # fmt: skip
_NOT_SUPPORTED: Final = frozenset({"$dynamicRef", "$recursiveRef", "$dynamicAnchor", "$recursiveAnchor", "$anchor"})

Place = tuple[str | int, ...]


class SchemaRefusedError(Exception):
    """A schema that cannot be kept, with what is wrong and where."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(", ".join(fault.code for fault in faults))
        self.faults = faults


@dataclass(slots=True)
class _Node:
    """A mapping that is a schema: which others are asked about the same place, and which about members of it."""

    place: Place
    same_place: list[dict[str, Json]] = field(default_factory=list)
    any_member: list[dict[str, Json]] = field(default_factory=list)
    by_member: dict[str | int, dict[str, Json]] = field(default_factory=dict)


def check_outline(schema: Json) -> None:
    """Check that a schema stands alone and what it costs at most.

    Raises:
        SchemaRefusedError: with a fault for each place.
    """
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        raise SchemaRefusedError([_fault("schema_type", (), "um esquema é um objeto, true ou false", "a schema is an "
                                         "object, true or false")])  # fmt: skip
    nodes, faults = _nodes(schema)
    if faults:
        raise SchemaRefusedError(faults)
    _check_cost(schema, nodes)


def _nodes(root: dict[str, Json]) -> tuple[dict[int, _Node], list[Fault]]:
    """Every schema that can be reached from the root, by its identity."""
    nodes: dict[int, _Node] = {}
    faults: list[Fault] = []
    pending: list[tuple[dict[str, Json], Place]] = [(root, ())]
    while pending:
        schema, place = pending.pop()
        if id(schema) in nodes:
            continue
        nodes[id(schema)] = node = _Node(place)
        faults.extend(_own_faults(schema, place))
        for kind, label, inner, inner_place in _inner(schema, place):
            pending.append((inner, inner_place))
            if kind == "same place":
                node.same_place.append(inner)
            elif kind == "any member":
                node.any_member.append(inner)
            elif kind == "member" and label is not None:
                node.by_member[label] = inner
        if isinstance(reference := schema.get("$ref"), str):
            target = _target(root, reference)
            if isinstance(target, dict):
                node.same_place.append(target)
                pending.append((target, tuple(parse_pointer(unquote(reference[1:])))))
            elif not isinstance(target, bool):
                faults.append(_fault(
                    "schema_reference", (*place, "$ref"),
                    "uma referência deve apontar para um lugar deste esquema: #/$defs/nome",
                    "a reference must lead to a place of this schema: #/$defs/name",
                ))  # fmt: skip
    return nodes, faults


def _inner(schema: dict[str, Json], place: Place) -> Iterator[tuple[_Kind, str | int | None, dict[str, Json], Place]]:
    """The schemas directly within one: what they are asked about, and of which member."""
    for keyword, value in schema.items():
        kind = _KINDS.get(keyword)
        if kind is None:
            continue
        here = (*place, keyword)
        if isinstance(value, dict) and keyword in _ONE_SCHEMA:
            yield kind, None, value, here
        else:
            for step, inner in _members(value):
                yield kind, step, inner, (*here, step)


def _members(value: Json) -> Iterator[tuple[str | int, dict[str, Json]]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in members:
        if isinstance(inner, dict):
            yield step, inner


def _target(root: Json, reference: str) -> Json:
    """What a reference leads to; None when that is no place of this schema."""
    if not reference.startswith("#"):
        return None
    value = root
    try:
        for step in parse_pointer(unquote(reference[1:])):
            if isinstance(value, dict):
                value = value[step]
            elif isinstance(value, list) and step.isascii() and step.isdigit() and len(step) < 6:
                value = value[int(step)]
            else:
                return None
    except (ValueError, KeyError, IndexError):
        return None
    return value


def _own_faults(schema: dict[str, Json], place: Place) -> Iterator[Fault]:
    for keyword in _NOT_SUPPORTED & schema.keys():
        yield _fault(
            "schema_keyword", (*place, keyword), "esta palavra-chave não é aceita: use $ref com #/$defs/nome",
            "this keyword is not accepted: use $ref with #/$defs/name",
        )  # fmt: skip
    if place and ("$id" in schema or "$schema" in schema):
        yield _fault(
            "schema_keyword", place, "$id e $schema só podem estar na raiz",
            "$id and $schema may stand at the root alone",
        )  # fmt: skip
    elif schema.get("$schema", DIALECT) not in {DIALECT, f"{DIALECT}#"}:
        yield _fault("schema_dialect", ("$schema",), f"o dialeto deve ser {DIALECT}", f"the dialect must be {DIALECT}")
    patterns = [((*place, "pattern"), schema.get("pattern"))]
    if isinstance(by_pattern := schema.get("patternProperties"), dict):
        patterns += [((*place, "patternProperties"), pattern) for pattern in by_pattern]
    for where, pattern in patterns:
        if isinstance(pattern, str) and len(pattern) > MOST_PATTERN_CHARACTERS:
            yield _fault(
                "schema_pattern", where, f"um padrão pode ter no máximo {MOST_PATTERN_CHARACTERS} caracteres",
                f"a pattern may have at most {MOST_PATTERN_CHARACTERS} characters",
            )  # fmt: skip


def _check_cost(root: dict[str, Json], nodes: dict[int, _Node]) -> None:
    """Count, level by level, how often a schema may be asked about one place; an upper bound."""
    reached = _Reached(nodes)
    visits = reached.of(root)
    steps = 0
    for _ in range(DEFAULT_LIMITS.max_depth):
        anywhere: Counter[int] = Counter()
        by_name: defaultdict[str | int, Counter[int]] = defaultdict(Counter)
        for number, times in visits.items():
            node = nodes[number]
            targets = [(anywhere, inner) for inner in node.any_member]
            targets += [(by_name[name], inner) for name, inner in node.by_member.items()]
            for counted, inner in targets:
                found = reached.of(inner)
                steps += len(found)
                for other, count in found.items():
                    counted[other] += times * count
        deeper: Counter[int] = Counter()
        for counted in by_name.values():
            # A member has one name: the schemas of other names are not asked about it.
            deeper |= counted
        deeper += anywhere
        if deeper.total() > MOST_CHECKS_OF_ONE_PLACE or steps > _MOST_STEPS:
            raise _too_costly(())
        if deeper == visits or not deeper:
            return
        visits = deeper


class _Reached:
    """Which schemas are asked about the same place when one is, and how often."""

    def __init__(self, nodes: dict[int, _Node]) -> None:
        self._nodes = nodes
        self._known: dict[int, Counter[int]] = {}

    def of(self, schema: dict[str, Json]) -> Counter[int]:
        """Count them.

        Raises:
            SchemaRefusedError: there are too many, or a schema comes back to itself.
        """
        open_ones: set[int] = set()
        pending = [schema]
        while pending:
            item = pending[-1]
            node = self._nodes[id(item)]
            missing = [inner for inner in node.same_place if id(inner) not in self._known]
            if id(item) in self._known:
                pending.pop()
            elif not missing:
                self._known[id(item)] = self._sum(id(item), node)
                pending.pop()
            elif id(item) in open_ones:
                raise SchemaRefusedError([_fault(
                    "schema_recursion", node.place, "esta referência volta a si mesma sem descer no documento",
                    "this reference comes back to itself without going deeper into the document",
                )])  # fmt: skip
            else:
                open_ones.add(id(item))
                pending.extend(missing)
        return self._known[id(schema)]

    def _sum(self, number: int, node: _Node) -> Counter[int]:
        total = Counter({number: 1})
        for inner in node.same_place:
            for other, count in self._known[id(inner)].items():
                total[other] += count
        if total.total() > MOST_CHECKS_OF_ONE_PLACE:
            raise _too_costly(node.place)
        return total


def _too_costly(place: Place) -> SchemaRefusedError:
    return SchemaRefusedError([_fault(
        "schema_cost", place, "as referências repetem trabalho demais: um mesmo lugar seria verificado mais de "
        f"{MOST_CHECKS_OF_ONE_PLACE} vezes", "the references repeat too much work: one place would be checked more "
        f"than {MOST_CHECKS_OF_ONE_PLACE} times",
    )])  # fmt: skip


def _fault(code: str, place: Place, pt: str, en: str) -> Fault:
    return Fault(code=code, pointer=format_pointer(("schema", *place)), text=Text(pt, en))
