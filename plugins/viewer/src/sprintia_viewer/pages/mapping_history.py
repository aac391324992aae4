"""`/viewer/mapping/history`: how each tenant's part of the mapping came to be."""

import asyncio
from datetime import datetime
from itertools import zip_longest
from typing import Annotated, Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from sprintia_config_client import errors
from sprintia_config_client.contract import MappingVersion
from sprintia_platform import Problem
from sprintia_platform.http.problems import NOT_FOUND
from sprintia_viewer.pages.brought import deliveries_by_revision
from sprintia_viewer.pages.retention import Retention, last_retention
from sprintia_viewer.parts import ConfigService, Parts
from sprintia_viewer.shown.gaps import Gap, gap_below
from sprintia_viewer.shown.mapping_changes import MappingChange, mapping_changes
from sprintia_viewer.shown.mapping_view import MappingView, mapping_view
from sprintia_viewer.web import links
from sprintia_viewer.web.failures import refusal_of
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.visits import Visit

_PAGE = 50
_LARGEST = 2**63 - 1
PLACE = "/viewer/mapping/history/{tenant:str}/{number:int}"

Text = Annotated[str, QueryParameter(max_length=200)]
Before = Annotated[int | None, QueryParameter(ge=0, le=_LARGEST)]


class ListedVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a tenant's part, without its content: that holds phone numbers.

    Attributes:
        entries: how many accounts, inboxes, fallbacks and special numbers it has.
        removed: the versions below it, where they are kept no more; told in the list of one tenant alone, like
        delivery: the id of the delivery that brought it, where one did.
    """

    id: int
    tenant_id: str
    version: int
    revision: int
    digest: str
    created_at: datetime
    actor: str
    origin: str
    message: str
    entries: int
    removed: Gap | None = None
    delivery: int | None = None


class MappingHistory(msgspec.Struct, frozen=True, kw_only=True):
    """Versions, newest first.

    Attributes:
        retention: when it last removed versions of this tenant, if some are missing.
    """

    tenant: str
    versions: list[ListedVersion]
    older: str | None
    newest: str | None
    gap: bool
    retention: Retention | None
    refusal: str | None = None


class MappingVersionPage(msgspec.Struct, frozen=True, kw_only=True):
    """What a version leads to, and what it changed.

    Attributes:
        standing: the number of the newest.
        previous: the number of the one before, which `changes` are against; None for the first that is kept.
        same: whether its content stands.
    """

    shown: ListedVersion
    standing: int
    same: bool
    view: MappingView
    previous: int | None
    changes: tuple[MappingChange, ...]


@get("/viewer/mapping/history", guards=[signed_in()])
async def list_versions(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], tenant: Text = "", before: Before = None
) -> Response[bytes]:
    """List the versions of one tenant's part, or of all in reach."""
    wanted = tenant.strip()
    found: list[MappingVersion] = []
    versions: list[ListedVersion] = []
    refusal = None
    try:
        found = list(await visit.config.mapping_history(tenant=wanted or None, before=before, limit=_PAGE + 1))
        if wanted and found:
            versions = await _versions_of(visit.config, wanted, found)
        else:
            versions = [listed(version) for version in found[:_PAGE]]
    except errors.NotFound:  # a tenant out of reach looks like one that has no part
        pass
    except errors.Invalid as error:
        refusal = refusal_of(error, visit.told_in)
    gap = any(version.removed for version in versions)
    page = MappingHistory(
        tenant=wanted, versions=versions, refusal=refusal, gap=gap,
        retention=await last_retention(parts.host.database, wanted) if gap else None,
        older=links.mapping("history", tenant=wanted, before=found[_PAGE - 1].id) if len(found) > _PAGE else None,
        newest=links.mapping("history", tenant=wanted) if before else None,
    )  # fmt: skip
    return await visit.page("mapping_history.html", page, status=422 if refusal else 200)


@get(PLACE, guards=[signed_in()])
async def show_version(visit: NamedDependency[Visit], tenant: FromPath[str], number: FromPath[int]) -> Response[bytes]:
    """Show a version, and what it changed."""
    config = visit.config
    standing, found = await find_version(visit, config, tenant, number)
    before = await config.mapping_history(tenant=tenant, before=found.id, limit=1)
    previous = before[0] if before else None
    page = MappingVersionPage(
        shown=listed(found), standing=standing.version, same=found.digest == standing.digest,
        view=mapping_view(content_of(found)), previous=previous.version if previous else None,
        changes=mapping_changes(content_of(previous) if previous else {}, content_of(found)),
    )  # fmt: skip
    return await visit.page("mapping_version.html", page)


HANDLERS = (list_versions, show_version)


async def _versions_of(config: ConfigService, tenant: str, found: list[MappingVersion]) -> list[ListedVersion]:
    """Those of one tenant: there is known what stood below each, and what brought it."""
    shown = found[:_PAGE]
    removed, brought = await asyncio.gather(
        config.removed_mapping_versions(tenant),
        deliveries_by_revision(config, tenant, [version.revision for version in shown]),
    )
    return [
        msgspec.structs.replace(
            listed(version), removed=gap_below(version.version, previous, removed),
            delivery=brought.get(version.revision),
        )
        for version, previous in zip_longest(shown, (version.version for version in found[1:]))
    ]  # fmt: skip


async def find_version(
    visit: Visit, config: ConfigService, tenant: str, number: int
) -> tuple[MappingVersion, MappingVersion]:
    """The version that stands, and the one of this number.

    The list goes by ids, and within a tenant versions grow with them: what is not among the newest is found by halving.
    """
    newest = await config.mapping_history(tenant=tenant, limit=_PAGE)
    found = next((version for version in newest if version.version == number), None)
    if found is None and newest and 0 < number < newest[-1].version:
        low, high = 0, newest[-1].id
        while found is None and low < high:
            middle = (low + high) // 2
            below = await config.mapping_history(tenant=tenant, before=middle + 1, limit=1)
            if below and below[0].version == number:
                found = below[0]
            elif below and below[0].version > number:
                high = below[0].id
            else:
                low = middle + 1
    if found is None:
        raise Problem(NOT_FOUND, path=visit.path)
    return newest[0], found


def listed(version: MappingVersion) -> ListedVersion:
    known = {name: getattr(version, name) for name in ListedVersion.__struct_fields__ if hasattr(version, name)}
    entries = sum(len(section) for section in content_of(version).values() if isinstance(section, (dict, list)))
    return ListedVersion(**known, entries=entries)


def content_of(version: MappingVersion) -> dict[str, Any]:
    return msgspec.json.decode(version.mapping_text.encode(), type=dict[str, Any])
