"""Which tenant has which collections enabled, and where its own documents disagree about it."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from sprintia_config_client.contract import TenantValue
from sprintia_viewer.shown.places import MASK

MOST_COLUMNS: Final = 40
LONGEST_NAME: Final = 100


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """A collection of a tenant: in which documents it is enabled, and whether all those that list any agree."""

    enabled_in: tuple[str, ...]
    agreed: bool


class TenantRow(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant.

    Attributes:
        documents: `domain/type` of each document that lists collections.
        cells: by collection, of the columns shown, those alone that are enabled somewhere.
        more: how many others are enabled.
        drift: whether its documents disagree, also about others.
        unreadable: documents in which the value is no list of texts.
    """

    tenant_id: str
    documents: tuple[str, ...]
    cells: dict[str, Cell]
    drift: bool
    more: int = 0
    unreadable: tuple[str, ...] = ()


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """Tenants by collections; `more_columns` are not shown."""

    columns: tuple[str, ...]
    rows: tuple[TenantRow, ...]
    more_columns: int = 0


def matrix(values: Sequence[TenantValue], collection: str = "", most: int = MOST_COLUMNS) -> Matrix:
    """Make the matrix of `enabled_collections`, as they stand in each document of some tenants.

    `collection` leaves the collections alone whose name holds it, and the tenants that have one of them; `most` bounds
    the columns.
    """
    tenants: dict[str, list[TenantValue]] = {}
    for value in values:
        tenants.setdefault(value.tenant_id, []).append(value)
    rows = tuple(_row(tenant, found) for tenant, found in tenants.items())
    if collection:
        rows = tuple(narrowed for row in rows if (narrowed := _narrowed(row, collection.casefold())).cells)
    columns = sorted({name for row in rows for name in row.cells})
    if len(columns) > most:
        rows = tuple(_within(row, frozenset(columns[:most])) for row in rows)
    return Matrix(columns=tuple(columns[:most]), rows=rows, more_columns=max(0, len(columns) - most))


def _within(row: TenantRow, columns: frozenset[str]) -> TenantRow:
    cells = {name: cell for name, cell in row.cells.items() if name in columns}
    return msgspec.structs.replace(row, cells=cells, more=len(row.cells) - len(cells))


def _narrowed(row: TenantRow, collection: str) -> TenantRow:
    cells = {name: cell for name, cell in row.cells.items() if collection in name.casefold()}
    return msgspec.structs.replace(row, cells=cells)


def _row(tenant: str, values: Iterable[TenantValue]) -> TenantRow:
    lists: dict[str, list[str]] = {}
    unreadable = []
    for value in values:
        place = f"{value.domain}/{value.config_type}"
        names = _names(_decoded(value.value_text))
        if names is None:
            unreadable.append(place)
        else:
            lists[place] = names
    sets = {place: frozenset(names) for place, names in lists.items()}
    cells = {
        name: Cell(
            enabled_in=tuple(place for place, names in sets.items() if name in names),
            agreed=all(name in names for names in sets.values()),
        )
        for name in sorted({name for names in lists.values() for name in names})
    }
    return TenantRow(
        tenant_id=tenant, documents=tuple(lists), cells=cells, unreadable=tuple(unreadable),
        drift=any(not cell.agreed for cell in cells.values()),
    )  # fmt: skip


def _decoded(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None  # what a service of another version says, or a number that no float holds


def _names(value: Any) -> list[str] | None:
    """The collections of a list of texts; a mapping of names to yes and no means those with yes."""
    if isinstance(value, dict) and MASK not in value:
        value = [name for name, enabled in value.items() if enabled is True]
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        return None
    return sorted({name[:LONGEST_NAME] for name in value if name})
