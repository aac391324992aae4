"""`/viewer/collections`: which tenant has which collections enabled."""

import asyncio
from typing import Annotated, Final

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from sprintia_config_client import errors
from sprintia_config_client.contract import TenantValue
from sprintia_viewer.parts import ConfigService
from sprintia_viewer.shown.collections import MOST_COLUMNS, Matrix, matrix
from sprintia_viewer.web import links
from sprintia_viewer.web.failures import refusal_of
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.tables_out import MOST_ROWS, Format, csv_answer
from sprintia_viewer.web.visits import Visit

POINTER: Final = "/enabled_collections"
_PAGE = 50
_READ_AT_ONCE = 200
_MOST_READS = 5
_COLUMNS = ("tenant_id", "collection", "enabled_in", "documents_agree")

Text = Annotated[str, QueryParameter(max_length=128)]


class CollectionsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The matrix of some tenants, in order of id.

    Attributes:
        matrix: tenants by collections.
        drifting: how many of these tenants have documents that disagree.
    """

    pointer: str
    text: str
    collection: str
    matrix: Matrix
    drifting: int
    next: str | None
    start: str | None
    file: str
    refusal: str | None = None


@get("/viewer/collections", guards=[signed_in()])
async def show_collections(
    visit: NamedDependency[Visit], text: Text = "", collection: Text = "",
    after: Annotated[str, QueryParameter(max_length=1_000)] = "", done: Text = "",
    file: Format = "",
) -> Response[bytes]:  # fmt: skip
    """Show tenants by collections; `?format=csv` as a file.

    `done` is the tenant that the page before ended with: its documents may go on beyond that page's cursor.
    """
    wanted = {"text": text.strip(), "collection": collection.strip()}
    if file == "csv":
        return await _file(visit.config, **wanted)
    shown, following, refusal = Matrix(columns=(), rows=()), None, None
    try:
        shown, following = await _matrix(visit.config, wanted["text"], wanted["collection"], after or None, done)
    except errors.Invalid as error:
        refusal = refusal_of(error, visit.told_in)
    page = CollectionsPage(
        **wanted, pointer=POINTER, matrix=shown, drifting=sum(row.drift for row in shown.rows), refusal=refusal,
        next=links.collections(**wanted, after=following[0], done=following[1]) if following else None,
        start=links.collections(**wanted) if after else None, file=links.collections(**wanted, format="csv"),
    )  # fmt: skip
    return await visit.page("collections.html", page, status=422 if refusal else 200)


HANDLERS = (show_collections,)


async def _matrix(
    config: ConfigService, text: str, collection: str, after: str | None, done: str, *, most: int = MOST_COLUMNS
) -> tuple[Matrix, tuple[str, str] | None]:
    """Read until there are enough tenants, or it takes too long; with where to go on, and the last tenant read.

    Of the last tenant every document is read, also those beyond the cursor.
    """
    values: list[TenantValue] = []
    last = done
    shown = Matrix(columns=(), rows=())
    for _ in range(_MOST_READS):
        page = await config.values(POINTER, text=text, after=after, limit=_READ_AT_ONCE)
        values += [item for item in page.items if item.tenant_id != last]
        if page.items and page.next is not None and page.items[-1].tenant_id != last:
            last = page.items[-1].tenant_id
            values = [item for item in values if item.tenant_id != last]
            values += (await config.values(POINTER, tenant=last, limit=_READ_AT_ONCE)).items
        after = page.next
        shown = await asyncio.to_thread(matrix, values, collection, most)
        if after is None or len(shown.rows) >= _PAGE:
            break
    return shown, (after, last) if after is not None else None


async def _file(config: ConfigService, text: str, collection: str) -> Response[bytes]:
    rows: list[tuple[object, ...]] = []
    after, done, following = None, "", None
    while len(rows) < MOST_ROWS:
        shown, following = await _matrix(config, text, collection, after, done, most=MOST_ROWS)
        rows += [
            (row.tenant_id, name, " ".join(cell.enabled_in), cell.agreed)
            for row in shown.rows for name, cell in row.cells.items()
        ]  # fmt: skip
        if following is None:
            break
        after, done = following
    return csv_answer("collections", _COLUMNS, rows[:MOST_ROWS], complete=following is None and len(rows) <= MOST_ROWS)
