"""The Chatwoot mapping as tables, and what is odd about it."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, Literal, TypeVar

import msgspec

_DIGITS_SHOWN = 4


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """An account, inbox or number, and who answers it. Of a number only the last digits are shown."""

    key: str
    tenant_id: str
    domain: str
    crew: str | None = None


class Fallback(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers what nobody else does; the lowest `sequence` first."""

    sequence: int | None
    tenant_id: str
    domain: str


RouteT = TypeVar("RouteT", Route, Fallback)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that somebody should look at.

    Attributes:
        kind: `number_twice` (several tenants have the number `key`), `sequence_twice` (several fallbacks share one),
            `no_documents` (the tenant is mapped and has no configuration), `not_mapped` (the other way round).
        tenants: whom it is about.
    """

    kind: Literal["number_twice", "sequence_twice", "no_documents", "not_mapped"]
    key: str = ""
    tenants: tuple[str, ...]


class MappingView(msgspec.Struct, frozen=True, kw_only=True):
    """The mapping, in tables."""

    accounts: tuple[Route, ...]
    inboxes: tuple[Route, ...]
    fallbacks: tuple[Fallback, ...]
    numbers: tuple[Route, ...]

    @property
    def tenants(self) -> frozenset[str]:
        """Everybody whom it leads to."""
        return frozenset(
            route.tenant_id
            for routes in (self.accounts, self.inboxes, self.fallbacks, self.numbers)
            for route in routes
        )


def mapping_view(mapping: Mapping[str, Any], tenant: str | None = None) -> MappingView:
    """Put the mapping into tables: all of it, or one tenant's part. Entries that make no sense are left out."""

    def routes(section: str) -> tuple[Route, ...]:
        entries = mapping.get(section)
        pairs = entries.items() if isinstance(entries, Mapping) else ()
        found = (_route(str(key), entry) for key, entry in pairs if isinstance(entry, Mapping))
        return tuple(sorted((route for route in found if _is_of(route, tenant)), key=lambda route: _order(route.key)))

    fallbacks = (
        Fallback(
            sequence=_number(entry.get("sequence")), tenant_id=_text(entry, "account_id"), domain=_text(entry, "domain")
        )
        for entry in _items(mapping, "fallbacks")
    )
    numbers = (_route(masked_number(_text(entry, "number")), entry) for entry in _items(mapping, "special_numbers"))
    return MappingView(
        accounts=routes("accounts"), inboxes=routes("inboxes"),
        fallbacks=tuple(sorted((each for each in fallbacks if _is_of(each, tenant)), key=_fallback_order)),
        numbers=tuple(each for each in numbers if _is_of(each, tenant)),
    )  # fmt: skip


def findings(mapping: Mapping[str, Any], with_documents: Collection[str] | None = None) -> tuple[Finding, ...]:
    """What is odd about the whole mapping; `with_documents` are the tenants that have any, where that is known."""
    numbers: dict[str, set[str]] = defaultdict(set)
    for entry in _items(mapping, "special_numbers"):
        if digits := _digits(_text(entry, "number")):
            numbers[digits].add(_text(entry, "account_id"))
    sequences: dict[int, list[str]] = defaultdict(list)
    for entry in _items(mapping, "fallbacks"):
        if (sequence := _number(entry.get("sequence"))) is not None:
            sequences[sequence].append(_text(entry, "account_id"))
    found = [
        Finding(kind="number_twice", key=masked_number(number), tenants=tuple(sorted(tenants)))
        for number, tenants in sorted(numbers.items()) if len(tenants) > 1
    ]  # fmt: skip
    found += [
        Finding(kind="sequence_twice", key=str(sequence), tenants=tuple(sorted(tenants)))
        for sequence, tenants in sorted(sequences.items()) if len(tenants) > 1
    ]  # fmt: skip
    if with_documents is not None:
        mapped = mapping_view(mapping).tenants
        if empty := tuple(sorted(mapped - set(with_documents))):
            found.append(Finding(kind="no_documents", tenants=empty))
        if silent := tuple(sorted(set(with_documents) - mapped)):
            found.append(Finding(kind="not_mapped", tenants=silent))
    return tuple(found)


def findings_of(found: tuple[Finding, ...], tenant: str) -> tuple[Finding, ...]:
    """Those that are about one tenant; of lists of tenants, that one alone."""
    alone = {"no_documents", "not_mapped"}
    return tuple(
        msgspec.structs.replace(each, tenants=(tenant,)) if each.kind in alone else each
        for each in found if tenant in each.tenants
    )  # fmt: skip


def masked_number(number: str) -> str:
    """A phone number as everybody may see it: its last digits."""
    digits = _digits(number)
    return f"{'•' * max(0, len(digits) - _DIGITS_SHOWN)}{digits[-_DIGITS_SHOWN:]}" if digits else "–"  # noqa: RUF001


def _route(key: str, entry: Mapping[str, Any]) -> Route:
    crew = entry.get("crew")
    return Route(
        key=key, tenant_id=_text(entry, "account_id"), domain=_text(entry, "domain"),
        crew=str(crew) if crew not in {None, ""} else None,
    )  # fmt: skip


def _items(mapping: Mapping[str, Any], section: str) -> list[Mapping[str, Any]]:
    entries = mapping.get(section)
    return [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list) else []


def _is_of(route: Route | Fallback, tenant: str | None) -> bool:
    return tenant is None or route.tenant_id == tenant


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    return "" if value is None else str(value)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _digits(number: str) -> str:
    plain = number.removeprefix("+")
    return plain if plain.isdigit() else "".join(character for character in number if character.isdigit())


def _order(key: str) -> tuple[int, int, str]:
    """Numbers as numbers, then the rest."""
    return (0, int(key), key) if key.isascii() and key.isdigit() and len(key) < 20 else (1, 0, key)


def _fallback_order(each: Fallback) -> tuple[bool, int, str]:
    return each.sequence is None, each.sequence or 0, each.tenant_id
