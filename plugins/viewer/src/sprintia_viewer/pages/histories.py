"""`/viewer/t/{tenant}/{domain}/{type}/history` and `/blame`: how a document came to be, and who set what in it."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from sprintia_config_client.contract import Blame, HistoryItem, RemovedVersions
from sprintia_viewer.pages.brought import deliveries_by_revision
from sprintia_viewer.pages.places import PLACE, Before, First, Place
from sprintia_viewer.pages.retention import Retention, last_retention
from sprintia_viewer.parts import ConfigService, Parts
from sprintia_viewer.shown.blame_lines import BlamedLine, blamed_lines
from sprintia_viewer.shown.gaps import Gap, gap_below
from sprintia_viewer.shown.laid_out import laid_out
from sprintia_viewer.shown.source import source_view
from sprintia_viewer.web import links
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.tables_out import MOST_ROWS, Format, csv_answer
from sprintia_viewer.web.visits import Visit

_PAGE = 30
_FILE_PAGE = 1_000
_COLUMNS = ("version", "created_at", "actor", "origin", "message", "deleted", "revision", "digest")


class HistoryLine(msgspec.Struct, frozen=True, kw_only=True):
    """A version.

    Attributes:
        same_as: an older one of the page with the same content.
        previous: the newest older one that is kept.
        removed: the versions between both, where they are kept no more.
        delivery: the id of the delivery that brought it, where one did.
    """

    item: HistoryItem
    same_as: int | None
    previous: int | None
    removed: Gap | None
    delivery: int | None


class HistoryPage(Place, frozen=True, kw_only=True):
    """Versions, newest first.

    Attributes:
        gap: whether some between or below them are kept no more.
        retention: when it last removed versions of this tenant, if there is such a gap.
    """

    lines: list[HistoryLine]
    standing: int | None
    older: str | None
    newest: str | None
    gap: bool
    retention: Retention | None


class BlamePage(Place, frozen=True, kw_only=True):
    """Which version last set each line."""

    standing: int
    blame: Blame
    lines: list[BlamedLine]
    rest: str | None
    start: str | None


@get(f"{PLACE}/history", guards=[signed_in()])
async def show_history(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], tenant: FromPath[str], domain: FromPath[str],
    config_type: FromPath[str], before: Before = None, file: Format = "",
) -> Response[bytes]:  # fmt: skip
    """List versions, newest first, with how much each one changed; `?format=csv` as a file, without that."""
    config, key = visit.config, (tenant, domain, config_type)
    if file == "csv":
        versions = [[getattr(item, name) for name in _COLUMNS] async for item in _every(config, key)]
        return csv_answer("history", _COLUMNS, versions[:MOST_ROWS], complete=len(versions) <= MOST_ROWS)
    found, newest, removed = await asyncio.gather(
        config.history(*key, before=before, limit=_PAGE + 1, counts=True), config.history(*key, limit=1),
        config.removed_versions(*key),
    )  # fmt: skip
    if not newest:
        await config.version(*key)  # says that there is none
    items, rest = found[:_PAGE], found[_PAGE:]
    last = items[-1].version if items else 1
    brought = await deliveries_by_revision(config, tenant, [item.revision for item in items])
    lines = _history_lines(found, brought, removed)[:_PAGE]
    gap = any(line.removed for line in lines)
    page = HistoryPage(
        tenant_id=tenant, domain=domain, config_type=config_type, lines=lines,
        standing=newest[0].version if newest and not newest[0].deleted else None,
        older=links.history(*key, before=last) if rest else None, newest=links.history(*key) if before else None,
        gap=gap, retention=await last_retention(parts.host.database, tenant) if gap else None,
    )  # fmt: skip
    return await visit.page("history.html", page)


@get(f"{PLACE}/blame", guards=[signed_in()])
async def show_blame(
    visit: NamedDependency[Visit], tenant: FromPath[str], domain: FromPath[str], config_type: FromPath[str],
    line: First = 1,
) -> Response[bytes]:  # fmt: skip
    """Show for each line the version that last set it."""
    config, key = visit.config, (tenant, domain, config_type)
    found = await config.version(*key)
    blame = await config.blame(*key, found.version)  # of the same text, whatever is written meanwhile
    shown = laid_out(found.text) or found.text
    text = await asyncio.to_thread(source_view, shown, "yaml", line, line_frame=600)
    page = BlamePage(
        tenant_id=tenant, domain=domain, config_type=config_type, standing=found.version, blame=blame,
        lines=list(blamed_lines(text.lines, blame.paths)),
        rest=links.blame(*key, line=text.more_from) if text.more_from else None,
        start=links.blame(*key) if line > 1 else None,
    )  # fmt: skip
    return await visit.page("blame.html", page)


HANDLERS = (show_history, show_blame)


async def _every(config: ConfigService, key: tuple[str, str, str]) -> AsyncIterator[HistoryItem]:
    """Every version that is kept, newest first; one more than a file takes at most."""
    before, count = None, 0
    while count <= MOST_ROWS:
        found = await config.history(*key, before=before, limit=_FILE_PAGE)
        for item in found:
            yield item
        if len(found) < _FILE_PAGE:
            return
        before, count = found[-1].version, count + len(found)


def _history_lines(
    found: tuple[HistoryItem, ...], brought: Mapping[int, int], removed: tuple[RemovedVersions, ...]
) -> list[HistoryLine]:
    """Each version with the newest older one that has the same content, and what is missing below it."""
    lines = []
    for at, item in enumerate(found):
        same = (older.version for older in found[at + 1 :] if older.digest == item.digest and not older.deleted)
        previous = found[at + 1].version if at + 1 < len(found) else None
        lines.append(
            HistoryLine(
                item=item, same_as=None if item.deleted else next(same, None), previous=previous,
                removed=gap_below(item.version, previous, removed), delivery=brought.get(item.revision),
            )
        )  # fmt: skip
    return lines
