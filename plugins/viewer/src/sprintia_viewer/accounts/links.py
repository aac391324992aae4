"""One-time links: how the first admin is made, and how somebody gets a first or another password."""

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from sprintia_platform.database.connections import Connection, Database
from sprintia_viewer.accounts.errors import AccountError, NoSuchUser
from sprintia_viewer.accounts.passwords import check_password, hash_password
from sprintia_viewer.accounts.tokens import hash_of, new_token
from sprintia_viewer.accounts.trail import changing, note, reading
from sprintia_viewer.accounts.users import (
    ABLE_ADMINS,
    LOCK_ADMINS,
    User,
    checked_name,
    create_user,
    find_user,
    store_password,
)

Purpose = Literal["first_admin", "invite", "password_reset"]
LINK_HOURS = 24
"""How long a link is good when nothing else is said."""

# A link for the first admin is good as long as there is none; one of a disabled user is not.
_GOOD = (
    "l.token_hash = $1 AND l.used_at IS NULL AND l.expires_at > clock_timestamp() AND CASE l.purpose "
    f"WHEN 'first_admin' THEN NOT EXISTS ({ABLE_ADMINS}) "
    "ELSE EXISTS (SELECT FROM viewer.user u WHERE u.id = l.user_id AND u.disabled_at IS NULL) END"
)


class LinkRefused(AccountError):
    """The link was used, is over, or never was."""

    code = "link_refused"

    def __init__(self) -> None:
        super().__init__("This link was used already, or is over: ask for a new one.")


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A link that can be used now. `user` is None for the first admin, who chooses a name."""

    purpose: Purpose
    user: User | None
    expires_at: datetime


class Links:
    """Makes links, and lets each be used once. The text of a link stands nowhere."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def make(self, purpose: Purpose, user_id: int | None = None, hours: int = LINK_HOURS, *, by: str) -> str:
        """Make a link and return its token, to be shown once; older ones for the same are over.

        Args:
            purpose: what it is for; `first_admin` has no user, the others have one.
            user_id: for whom.
            hours: how long it is good.
            by: the actor, for the audit log.

        Raises:
            NoSuchUser: there is none with this id, or the user is disabled.
            LinkRefused: there is an admin, who can invite others.
        """
        token = new_token()
        async with changing(self._database, first=LOCK_ADMINS) as connection:
            name = await _name_for(connection, purpose, user_id)
            await connection.execute(
                "DELETE FROM viewer.one_time_link WHERE purpose = $1 AND user_id IS NOT DISTINCT FROM $2 "
                "AND used_at IS NULL",
                purpose, user_id,
            )  # fmt: skip
            await connection.execute(
                "INSERT INTO viewer.one_time_link (token_hash, purpose, user_id, created_by, expires_at) "
                "VALUES ($1, $2, $3, $4, clock_timestamp() + $5::interval)",
                hash_of(token), purpose, user_id, by, timedelta(hours=hours),
            )  # fmt: skip
            await note(connection, by, "link.make", name, {"purpose": purpose, "hours": hours})
        return token

    async def look(self, token: str) -> Link | None:
        """What a link is for; None when it cannot be used. Looking does not use it: mail programs look, too."""
        async with reading(self._database) as connection:
            return await _look(connection, token)

    async def redeem(self, token: str, *, password: str, name: str = "", display_name: str = "") -> User:
        """Use a link: give the password, or make the first admin. Ends the user's sessions.

        Args:
            token: of the link.
            password: the new one.
            name: of the first admin; the others have theirs.
            display_name: of the first admin; the name where it is empty.

        Raises:
            LinkRefused: it cannot be used; of two who use it at once, one reads this.
            PasswordRefused, FieldRefused, NameTaken, Busy: the link is still good.
        """
        link = await self.look(token)
        if link is None:
            raise LinkRefused
        wanted = link.user.name if link.user else checked_name(name)
        check_password(password, wanted, link.user.display_name if link.user else display_name)
        hashed = await hash_password(password)
        async with changing(self._database, first=LOCK_ADMINS) as connection:
            # The user first, as everybody who changes one: two could wait for each other.
            if link.user is not None:
                await connection.execute("SELECT FROM viewer.user WHERE id = $1 FOR UPDATE", link.user.id)
            used = await connection.fetchval(
                f"UPDATE viewer.one_time_link l SET used_at = clock_timestamp() WHERE {_GOOD} RETURNING true",
                hash_of(token),
            )
            if not used:
                raise LinkRefused
            actor = f"user:{wanted}"
            await note(connection, actor, "link.use", wanted, {"purpose": link.purpose})
            if link.user is None:
                return await create_user(
                    connection, name=wanted, display_name=display_name, role="admin", by=actor, password_hash=hashed
                )
            await store_password(connection, link.user.id, wanted, hashed, actor)
            return await _user(connection, link.user.id)


def faults_of(link: Link, *, password: str, name: str = "", display_name: str = "") -> list[AccountError]:
    """All that `redeem` would have against these, but for a name that somebody has: a person mends it at once."""
    found: list[AccountError] = []
    wanted = link.user.name if link.user else name
    if link.user is None:
        try:
            wanted = checked_name(name)
        except AccountError as error:
            found.append(error)
    try:
        check_password(password, wanted, link.user.display_name if link.user else display_name)
    except AccountError as error:
        found.append(error)
    return found


async def _look(connection: Connection, token: str) -> Link | None:
    row = await connection.fetchrow(
        f"SELECT purpose, user_id, expires_at FROM viewer.one_time_link l WHERE {_GOOD}", hash_of(token)
    )
    if row is None:
        return None
    user = None if row["user_id"] is None else await _user(connection, row["user_id"])
    return Link(purpose=row["purpose"], user=user, expires_at=row["expires_at"])


async def _name_for(connection: Connection, purpose: Purpose, user_id: int | None) -> str:
    if purpose == "first_admin":
        if await connection.fetchval(f"SELECT EXISTS ({ABLE_ADMINS})"):
            raise LinkRefused
        return "first-admin"
    user = None if user_id is None else await find_user(connection, user_id)
    if user is None or user.disabled_at is not None:
        raise NoSuchUser
    return user.name


async def _user(connection: Connection, user_id: int) -> User:
    user = await find_user(connection, user_id)
    if user is None:
        raise NoSuchUser
    return user
