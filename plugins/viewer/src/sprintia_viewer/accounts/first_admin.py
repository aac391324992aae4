"""The first admin: made by a link that the first start prints, for there is no default password."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from sprintia_platform.cli.own_name import command_here
from sprintia_platform.cli.runtime import operator
from sprintia_viewer.accounts.errors import AccountError
from sprintia_viewer.accounts.links import LINK_HOURS, Links
from sprintia_viewer.accounts.users import Users
from sprintia_viewer.web import links as places

if TYPE_CHECKING:
    from sprintia_platform.host import Host


def first_steps(host: "Host") -> Callable[[str], Awaitable[Sequence[str]]]:
    """What the first start prints: a link that makes the first admin, while there is none; older ones are over."""

    async def steps(url: str) -> Sequence[str]:
        if not await Users(host.database).is_empty():
            return []
        try:
            token = await Links(host.database).make("first_admin", by=operator())
        except AccountError:  # somebody became admin at this moment
            return []
        return [
            "No admin can sign in to the pages yet. Make the first one here, once:",
            f"  {url}{places.welcome(token)}",
            f"The link is good for {LINK_HOURS} hours; `{command_here()} viewer sign-in-link` makes another one.",
        ]

    return steps
