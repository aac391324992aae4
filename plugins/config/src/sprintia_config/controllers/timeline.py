"""`/configs/{tenant}/changes`: the feed of a tenant, page by page."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.models import SCHEMA
from sprintia_config.timeline import revisions
from sprintia_config.timeline.notifications import Notifications
from sprintia_config.timeline.revisions import ChangeItem
from sprintia_platform import Caller, requires
from sprintia_platform.database.connections import Database
from sprintia_platform.host import Host
from sprintia_platform.http.paging import Limit
from sprintia_platform.http.requests import StrictRequest
from sprintia_platform.keys.guards import given_key

_READ = [requires("config:read")]
_TAGS = ["timeline"]
LOOK_AROUND_SECONDS = 2.0
"""How soon one who waits notices that the process is to end, or that the key was revoked."""

Wait = Annotated[float, QueryParameter(ge=0, le=60)]
Since = Annotated[int, QueryParameter(ge=0, le=2**63 - 1)]


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the feed. `revision` is where to go on (`since`); `more` whether there is more already."""

    tenant_id: str
    revision: int
    more: bool
    changes: list[ChangeItem]


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


HANDLERS = (read_changes,)


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


async def read_page(database: Database, tenant: str, since: int, limit: int) -> Changes:
    """Read one page of the feed; a revision is never cut in two."""
    async with database.transaction(SCHEMA, [tenant], read_only=True) as connection:
        # The tenant's revision first: every change up to it is in the sight of the statement that follows.
        current = await revisions.current_revision(connection, tenant) or 0
        found = await revisions.changes_after(connection, tenant, since, limit)
    full = len(found) >= limit
    reached = found[-1].revision if full else max([since, current, *(change.revision for change in found)])
    return Changes(tenant_id=tenant, revision=reached, more=full and current > reached, changes=found)
