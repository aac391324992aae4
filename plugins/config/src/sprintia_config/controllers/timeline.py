"""`/configs/{tenant}/changes`: the feed of a tenant, page by page."""

import asyncio
from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.controllers.intake import list_answer
from sprintia_config.timeline.feed import Feed
from sprintia_config.timeline.pages import Page
from sprintia_config.timeline.revisions import ChangeItem
from sprintia_config.timeline.waiting import Leaving, Sleep
from sprintia_platform import Caller, requires
from sprintia_platform.http.paging import Limit
from sprintia_platform.http.requests import StrictRequest
from sprintia_platform.keys.guards import given_key

_READ = [requires("config:read")]
_TAGS = ["timeline"]

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
    request: StrictRequest, tenant: FromPath[str], feed: NamedDependency[Feed], caller: NamedDependency[Caller],
    since: Since = 0, wait: Wait = 0.0, limit: Limit = 500,
) -> Response[Changes]:  # fmt: skip
    """Read what changed after revision `since`, in order of commit; wait up to `wait` seconds for the next change.

    Every change comes exactly once to whoever goes on from the `revision` of the page before. The wait ends early, with
    an empty page, when the key is revoked or the process is to end.
    """
    check_identifiers(tenant=tenant)
    caller.require_tenant(tenant)

    async def leaving() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    page, standing = await next_page(feed, tenant, since, wait, limit, key=given_key(request), leaving=leaving)
    return list_answer(request, page, standing)


HANDLERS = (read_changes,)


async def next_page(
    feed: Feed, tenant: str, since: int, wait: float, limit: int, *, key: str | None = None,
    leaving: Leaving | None = None,
) -> tuple[Changes, int]:  # fmt: skip
    """Read the page after `since`; wait up to `wait` seconds while it is empty, unless the one who waits is gone.

    With it comes the tenant's revision, as of the page: where the reader goes on may be before it, or still to come.
    """
    clock = asyncio.get_running_loop().time
    deadline = clock() + wait
    poll = _LongPoll(key)
    with feed.watch(tenant, poll) as watched:
        page = await watched.newest_page_after(since, limit)
        standing = page.current
        while not page.changes and not poll.ended and (left := deadline - clock()) > 0:
            if await poll.sleep.until(leaving or _never, left):
                break  # nobody is there to read the answer
            if not poll.ended:
                page = await watched.page_after(since, limit)
                # What is in memory may follow the database, which was read first, by a moment.
                standing = max(standing, page.current)
        return _changes(tenant, page), standing


def _changes(tenant: str, page: Page) -> Changes:
    return Changes(tenant_id=tenant, revision=page.next, more=page.more, changes=page.changes)


async def _never() -> None:
    await asyncio.get_running_loop().create_future()


class _LongPoll:
    """One who waits for the next page."""

    __slots__ = ("ended", "key", "sleep")

    def __init__(self, key: str | None) -> None:
        self.key = key
        self.sleep = Sleep()
        self.ended = False

    def wake(self) -> None:
        self.sleep.wake()

    def end(self) -> None:
        self.ended = True
        self.sleep.wake()

    def look_around(self) -> None:
        """Nothing: the answer comes in any case, within a minute."""
