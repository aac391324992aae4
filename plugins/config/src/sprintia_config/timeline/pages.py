"""A page of a tenant's feed, read from the database."""

import msgspec

from sprintia_config.models import SCHEMA
from sprintia_config.timeline import revisions
from sprintia_config.timeline.revisions import ChangeItem
from sprintia_platform.database.connections import Database


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Every change of a tenant after `since`, up to `upto`.

    Attributes:
        changes: in order of commit; a revision is never cut in two.
        upto: how far they are complete. It is below `since` for a reader that asks for what is to come.
        current: the tenant's revision when this was read.
    """

    since: int
    upto: int
    current: int
    changes: list[ChangeItem]

    @property
    def more(self) -> bool:
        """Whether there is more already."""
        return self.upto < self.current

    @property
    def next(self) -> int:
        """Where its reader goes on: never back."""
        return max(self.since, self.upto)


async def read_page(database: Database, tenant_id: str, since: int, limit: int) -> Page:
    """Read the page after `since`. Everything that anybody gets of the feed was read here.

    Raises:
        OSError, TimeoutError, asyncpg.PostgresError: the database does not answer.
    """
    async with database.transaction(SCHEMA, [tenant_id], read_only=True) as connection:
        # The tenant's revision first: every change up to it is in the sight of the statement that follows.
        current = await revisions.current_revision(connection, tenant_id) or 0
        found = await revisions.changes_after(connection, tenant_id, since, limit)
    current = max([current, *(change.revision for change in found[-1:])])
    upto = found[-1].revision if len(found) >= limit else current
    return Page(since=since, upto=upto, current=current, changes=found)
