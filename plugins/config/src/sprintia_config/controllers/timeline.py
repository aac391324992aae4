"""`/configs/{tenant}/bundle` and `/configs/{tenant}/changes`: a tenant as a whole, now, then and from here on."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from sprintia_config import problems
from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.documents.representation import json_text, moment, not_modified
from sprintia_config.documents.versions import Version
from sprintia_config.mapping.store import MappingVersion
from sprintia_config.models import SCHEMA
from sprintia_config.timeline import revisions
from sprintia_config.timeline.notifications import Notifications
from sprintia_config.timeline.revisions import ChangeItem
from sprintia_platform import Caller, Problem, requires
from sprintia_platform.database.connections import Connection, Database
from sprintia_platform.host import Host
from sprintia_platform.http.paging import Limit
from sprintia_platform.http.problems import PARAMETER_INVALID
from sprintia_platform.http.requests import StrictRequest
from sprintia_platform.keys.guards import given_key

_READ = [requires("config:read")]
_TAGS = ["timeline"]
LOOK_AROUND_SECONDS = 2.0
"""How soon one who waits notices that the process is to end, or that the key was revoked."""

Wait = Annotated[float, QueryParameter(ge=0, le=60)]
Since = Annotated[int, QueryParameter(ge=0, le=2**63 - 1)]
AtRevision = Annotated[int | None, QueryParameter(ge=0, le=2**63 - 1)]


class BundleDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document in a bundle. Secrets are masked for every caller: read them one by one where they are needed."""

    domain: str
    config_type: str
    version: int
    revision: int
    digest: str
    created_at: str
    json_data: msgspec.Raw


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of a tenant at one revision. `digest` is equal when, and only when, all of it is."""

    tenant_id: str
    revision: int
    digest: str
    documents: list[BundleDocument]
    mapping: msgspec.Raw | None


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the feed. `revision` is where to go on (`since`); `more` whether there is more already."""

    tenant_id: str
    revision: int
    more: bool
    changes: list[ChangeItem]


@get("/configs/{tenant:str}/bundle", guards=_READ, tags=_TAGS)
async def read_bundle(
    request: StrictRequest, tenant: FromPath[str], database: NamedDependency[Database],
    caller: NamedDependency[Caller], revision: AtRevision = None, at: FromQuery[str | None] = None,
) -> Response[Any]:  # fmt: skip
    """Read everything of a tenant at once: as it stands, at a revision, or at a time (ISO-8601)."""
    check_identifiers(tenant=tenant)
    caller.require_tenant(tenant)
    bundle = await bundle_of(database, tenant, revision, at)
    headers = {"ETag": f'"b-{bundle.revision}-{bundle.digest[:16]}"', "X-Config-Revision": str(bundle.revision)}
    if not_modified(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(None, status_code=304, headers=headers)
    return Response(msgspec.json.encode(bundle), media_type="application/json", headers=headers)


@get("/configs/{tenant:str}/changes", guards=_READ, tags=_TAGS)
async def read_changes(
    request: StrictRequest, tenant: FromPath[str], database: NamedDependency[Database],
    notifications: NamedDependency[Notifications], host: NamedDependency[Host], caller: NamedDependency[Caller],
    since: Since = 0, wait: Wait = 0.0, limit: Limit = 500,
) -> Changes:  # fmt: skip
    """Read what changed after revision `since`, in order of commit; wait up to `wait` seconds for the next change.

    Every change comes exactly once to whoever goes on from the `revision` of the page before. The wait ends early, with
    an empty page, when the key is revoked or the process is to end.
    """
    check_identifiers(tenant=tenant)
    caller.require_tenant(tenant)
    key = given_key(request) or ""

    async def goes_on() -> bool:
        return not host.draining and await host.keys.identify(key) is not None

    reading = asyncio.create_task(next_page(database, notifications, tenant, since, wait, limit, goes_on))
    leaving = asyncio.create_task(_until_left(request))
    try:
        await asyncio.wait({reading, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not reading.done():  # nobody is there to read the answer, and nothing should go on for them
            return Changes(tenant_id=tenant, revision=since, more=False, changes=[])
        return await reading
    finally:
        for task in (reading, leaving):
            task.cancel()
        await asyncio.gather(reading, leaving, return_exceptions=True)


HANDLERS = (read_bundle, read_changes)


async def bundle_of(database: Database, tenant: str, revision: int | None, at: str | None = None) -> Bundle:
    """Put together everything of a tenant: as it stands, at a revision, or at a time.

    Raises:
        Problem: 404 for a revision that is yet to come, 422 for a time that is none.
    """
    async with database.transaction(SCHEMA, [tenant], read_only=True) as connection:
        stood = await wanted_revision(connection, tenant, revision, at)
        documents = await revisions.documents_at(connection, tenant, stood)
        mapping = await revisions.mapping_at(connection, tenant, stood)
    return Bundle(
        tenant_id=tenant, revision=stood, digest=_digest(documents, mapping),
        documents=[_shown(version) for version in documents],
        mapping=msgspec.Raw(mapping.slice.encode()) if mapping else None,
    )  # fmt: skip


async def next_page(
    database: Database, notifications: Notifications, tenant: str, since: int, wait: float, limit: int,
    goes_on: Callable[[], Awaitable[bool]] | None = None,
) -> Changes:  # fmt: skip
    """Read the page after `since`; wait up to `wait` seconds while it is empty, and as long as it `goes_on`."""
    deadline = asyncio.get_running_loop().time() + wait
    with notifications.watch(tenant) as watch:
        page = await read_page(database, tenant, since, limit)
        while not page.changes:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0 or (goes_on is not None and not await goes_on()):
                break
            if await watch.wait(min(left, LOOK_AROUND_SECONDS)):
                page = await read_page(database, tenant, since, limit)
        return page


async def _until_left(request: StrictRequest) -> None:
    """Wait until the caller hangs up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def wanted_revision(connection: Connection, tenant: str, revision: int | None, at: str | None) -> int:
    """The revision that a reader asks for: the one given, the last one at a time, or the one that stands.

    Raises:
        Problem: 422 when both are given or the time is none, 404 for a revision that is yet to come.
    """
    if revision is not None and at is not None:
        raise Problem(PARAMETER_INVALID, names="revision, at")
    current = await revisions.current_revision(connection, tenant) or 0
    if at is not None:
        return await revisions.revision_at(connection, tenant, _time(at))
    if revision is not None and revision > current:
        raise Problem(problems.REVISION_AHEAD, revision=revision, current=current)
    return current if revision is None else revision


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Problem(PARAMETER_INVALID, names="at") from None


async def read_page(database: Database, tenant: str, since: int, limit: int) -> Changes:
    """Read one page of the feed; a revision is never cut in two."""
    async with database.transaction(SCHEMA, [tenant], read_only=True) as connection:
        # The tenant's revision first: every change up to it is in the sight of the statement that follows.
        current = await revisions.current_revision(connection, tenant) or 0
        found = await revisions.changes_after(connection, tenant, since, limit)
    full = len(found) >= limit
    reached = found[-1].revision if full else max([since, current, *(change.revision for change in found)])
    return Changes(tenant_id=tenant, revision=reached, more=full and current > reached, changes=found)


def _digest(documents: list[Version], mapping: MappingVersion | None) -> str:
    parts = [f"{version.domain}/{version.config_type}:{version.version}:{version.digest}" for version in documents]
    parts.append(f"mapping:{mapping.version}:{mapping.digest}" if mapping else "mapping:-")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _shown(version: Version) -> BundleDocument:
    return BundleDocument(
        domain=version.domain, config_type=version.config_type, version=version.version, revision=version.revision,
        digest=version.digest, created_at=moment(version.created_at),
        json_data=msgspec.Raw(json_text(version, None).encode()),
    )  # fmt: skip
