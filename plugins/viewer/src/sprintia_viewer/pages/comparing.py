"""Comparisons: two versions of a document, and one document of two tenants; old left, new right."""

import asyncio
from typing import Annotated, Literal

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from sprintia_config_client import errors
from sprintia_config_client.contract import Diff, HistoryItem
from sprintia_platform import Problem
from sprintia_platform.http.problems import NOT_FOUND
from sprintia_viewer.pages.compared_places import offered, place_of
from sprintia_viewer.parts import ConfigService
from sprintia_viewer.shown.text_changes import TextComparison, side_by_side
from sprintia_viewer.web import links
from sprintia_viewer.web.failures import refusal_of
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.visits import Visit

_LARGEST = 2**63 - 1
_VERSIONS_OFFERED = 100

View = Literal["keys", "text"]
Text = Annotated[str, QueryParameter(max_length=300)]
First = Annotated[int, QueryParameter(name="row", ge=0, le=10_000_000)]
Number = Annotated[int | None, QueryParameter(name="from", ge=1, le=_LARGEST)]


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One side: a version, with who made it; `item` is None where it is not among the versions that are offered."""

    number: int
    item: HistoryItem | None


class ComparePage(msgspec.Struct, frozen=True, kw_only=True):
    """Two versions of one document.

    Attributes:
        versions: those that the pickers offer, newest first.
        diff: by key; None when the sides are the same version.
        lines: by line, of the text view alone.
        rest, start: where the lines go on, and where they begin, when they do not fit on a page.
        earlier, later: the comparisons before and after this one.
    """

    tenant_id: str
    domain: str
    config_type: str
    left: Side
    right: Side
    standing: int | None
    versions: list[HistoryItem]
    view: View
    diff: Diff | None
    lines: TextComparison | None
    swapped: str
    other_view: str
    whole: str
    rest: str | None
    start: str | None
    earlier: str | None
    later: str | None


class CompareTenantsPage(msgspec.Struct, frozen=True, kw_only=True):
    """One type of document, of two tenants or domains: `left` and `right` are `tenant/domain`, as typed.

    `places` (in the same form) and `types` are some to choose from.
    """

    left: str
    right: str
    config_type: str
    view: View = "keys"
    diff: Diff | None = None
    lines: TextComparison | None = None
    other_view: str = ""
    whole: str = ""
    rest: str | None = None
    start: str | None = None
    left_document: str = ""
    right_document: str = ""
    refusal: str | None = None
    places: list[str] = []
    types: list[str] = []


@get("/viewer/t/{tenant:str}/{domain:str}/{config_type:str}/diff", guards=[signed_in()])
async def choose(
    visit: NamedDependency[Visit], tenant: FromPath[str], domain: FromPath[str], config_type: FromPath[str],
    left: Number = None, right: Annotated[int | None, QueryParameter(name="to", ge=1, le=_LARGEST)] = None,
) -> Response[bytes]:  # fmt: skip
    """Lead to the comparison that was chosen; to that of what stands with what stood before, when none was."""
    if right is None:
        newest = await visit.config.history(tenant, domain, config_type, limit=2)
        if not newest:
            raise Problem(NOT_FOUND, path=visit.path)
        right, left = newest[0].version, left or newest[-1].version  # retention may have removed the one before
    if left is None:
        left = await _kept_below(visit.config, (tenant, domain, config_type), right) or max(1, right - 1)
    return await visit.redirect(links.difference(tenant, domain, config_type, left, right))


@get("/viewer/t/{tenant:str}/{domain:str}/{config_type:str}/diff/{sides:str}", guards=[signed_in()])
async def compare(
    visit: NamedDependency[Visit], tenant: FromPath[str], domain: FromPath[str], config_type: FromPath[str],
    sides: FromPath[str], view: FromQuery[View] = "keys", whole: FromQuery[bool] = False, first: First = 0,
) -> Response[bytes]:  # fmt: skip
    """Compare two versions: `3..5` is what changed from the third to the fifth."""
    left, right = _numbers(visit, sides)
    config, key = visit.config, (tenant, domain, config_type)
    history = await config.history(*key, before=max(left, right) + _VERSIONS_OFFERED // 2, limit=_VERSIONS_OFFERED)
    around = await config.history(*key, before=min(left, right) + 1, limit=2)  # of a version long ago, too
    items = {item.version: item for item in (*history, *around)}
    diff, lines = None, None
    if left != right:
        diff = await config.diff(*key, left, right)
        if view == "text":
            lines = await _lines(config, key, items.get(left), left, right, whole=whole, first=first)
    standing = await config.history(*key, limit=1)
    newest = standing[0].version if standing and not standing[0].deleted else None
    oldest, latest = sorted((left, right))
    before = next((item.version for item in around if item.version < oldest), None)
    after = min((number for number in items if number > latest), default=None)
    here = links.difference(*key, left, right)
    by_line = f"{here}?view=text{'&whole=true' if whole else ''}"
    page = ComparePage(
        tenant_id=tenant, domain=domain, config_type=config_type, left=Side(number=left, item=items.get(left)),
        right=Side(number=right, item=items.get(right)), standing=newest, versions=list(history), view=view, diff=diff,
        lines=lines, swapped=links.difference(*key, right, left), whole=f"{here}?view=text&whole=true",
        rest=f"{by_line}&row={lines.more_from}" if lines and lines.more_from else None,
        start=by_line if lines and first else None,
        other_view=f"{here}?view={'text' if view == 'keys' else 'keys'}",
        earlier=links.difference(*key, before, oldest) if before else None,
        later=links.difference(*key, latest, after) if after else None,
    )  # fmt: skip
    return await visit.page("compare.html", page)


@get("/viewer/compare", guards=[signed_in()])
async def compare_tenants(
    visit: NamedDependency[Visit], left: Text = "", right: Text = "",
    config_type: Annotated[str, QueryParameter(name="type", max_length=128)] = "", view: FromQuery[View] = "keys",
    whole: FromQuery[bool] = False, first: First = 0,
) -> Response[bytes]:  # fmt: skip
    """Compare the documents of one type of two tenants, or of two domains of one."""
    places, types = await offered(visit.config, left.strip())
    asked = CompareTenantsPage(
        left=left.strip(), right=right.strip(), config_type=config_type.strip(), view=view, places=places, types=types
    )
    if not (asked.left and asked.right and asked.config_type):
        return await visit.page("compare_tenants.html", asked)
    old, new = place_of(asked.left), place_of(asked.right)
    config, kind = visit.config, asked.config_type
    lines = None
    try:
        diff = await config.diff(*new, kind, against_tenant=old[0], against_domain=old[1])
        if view == "text":
            unified = await config.text_diff(*new, kind, against_tenant=old[0], against_domain=old[1])
            before = await config.text(*old, kind)
            lines = await asyncio.to_thread(side_by_side, unified.text, before, whole=whole, first=first)
    except (errors.NotFound, errors.Invalid) as error:
        refused = msgspec.structs.replace(asked, refusal=refusal_of(error, visit.told_in))
        return await visit.page("compare_tenants.html", refused, status=404)
    query = {"left": asked.left, "right": asked.right, "type_": kind}
    by_line = {**query, "view": "text", "whole": "true" if whole else None}
    page = msgspec.structs.replace(
        asked, diff=diff, lines=lines, left_document=links.document(*old, kind),
        right_document=links.document(*new, kind), whole=links.compare(**query, view="text", whole="true"),
        other_view=links.compare(**query, view="text" if view == "keys" else "keys"),
        rest=links.compare(**by_line, row=lines.more_from) if lines and lines.more_from else None,
        start=links.compare(**by_line) if lines and first else None,
    )  # fmt: skip
    return await visit.page("compare_tenants.html", page)


HANDLERS = (choose, compare, compare_tenants)


async def _kept_below(config: ConfigService, key: tuple[str, str, str], number: int) -> int | None:
    """The newest version below this one: retention may have removed the one right before it."""
    older = await config.history(*key, before=number, limit=1) if number > 1 else ()
    return older[0].version if older else None


def _numbers(visit: Visit, sides: str) -> tuple[int, int]:
    left, dots, right = sides.partition("..")
    well_formed = dots and all(part.isascii() and part.isdigit() and len(part) < 19 for part in (left, right))
    if not well_formed or "0" in {left, right}:
        raise Problem(NOT_FOUND, path=visit.path)
    return int(left), int(right)


async def _lines(
    config: ConfigService, key: tuple[str, str, str], before: HistoryItem | None, left: int, right: int, *, whole: bool,
    first: int,
) -> TextComparison:  # fmt: skip
    unified = await config.text_diff(*key, left, right)
    # A deletion has no text.
    old = "" if before is not None and before.deleted else await config.text(*key, left)
    return await asyncio.to_thread(side_by_side, unified.text, old, whole=whole, first=first)
