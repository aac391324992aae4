"""The people who may sign in."""

import re
import zoneinfo
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Literal, get_args

import asyncpg
import msgspec
from msgspec import UNSET, UnsetType

from sprintia_platform.database.connections import Connection, Database
from sprintia_platform.tenants import TenantId
from sprintia_viewer.accounts.errors import FieldRefused, LastAdmin, NameTaken, NoSuchUser
from sprintia_viewer.accounts.passwords import check_password, hash_password
from sprintia_viewer.accounts.trail import changing, note, reading

Role = Literal["viewer", "editor", "admin"]
Theme = Literal["auto", "light", "dark"]
Language = Literal["pt-BR", "en"]

RIGHTS: Mapping[str, frozenset[str]] = {
    "viewer": frozenset({"config:read"}),
    "editor": frozenset({"config:read", "config:write", "mapping:write"}),
    "admin": frozenset({"config:read", "config:write", "mapping:write", "admin"}),
}
"""What each role may do."""
REVEAL = "secrets:read"

_NAME = re.compile(r"[a-z0-9._@+-]{1,100}")
_LONGEST_DISPLAY_NAME = 200
_MOST_TENANTS = 1000
# Apart from the config service, each request names them in a header (`X-Acting-For`), which holds 8 KiB.
_MOST_CHARACTERS_OF_TENANTS = 6_000
# Held by whoever decides about admins: two who demote each other at once would both find another one left.
LOCK_ADMINS = "SELECT pg_advisory_xact_lock(hashtext('sprintia.viewer.admins'))"
# An invitation that nobody accepted is nobody who can help.
ABLE_ADMINS = (
    "SELECT id FROM viewer.user WHERE role = 'admin' AND tenants IS NULL AND disabled_at IS NULL "
    "AND (password_hash IS NOT NULL OR oidc_subject IS NOT NULL)"
)
COLUMNS = (
    "u.id, u.name, u.display_name, u.role, u.tenants, u.may_reveal, u.disabled_at, u.created_at, u.created_by, "
    "u.last_seen_at, u.language, u.zone, u.theme, u.shortcuts, u.password_hash IS NOT NULL AS has_password, "
    "u.oidc_subject IS NOT NULL AS from_oidc, "
    "EXISTS (SELECT FROM viewer.totp t WHERE t.user_id = u.id AND t.confirmed_at IS NOT NULL) AS has_totp"
)
"""What `read_user` reads of `viewer.user u`."""


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person, without anything secret.

    Attributes:
        name: how the person signs in, and how history and audit say who it was.
        tenants: the only ones that this person reaches; None for all.
        may_reveal: whether secrets may be shown to this person in clear.
        disabled_at: since when the person may not sign in; None for who may.
        language: None where the browser decides.
        has_password, has_totp, from_oidc: the ways to sign in.
    """

    id: int
    name: str
    display_name: str
    role: Role
    tenants: frozenset[str] | None
    may_reveal: bool
    disabled_at: datetime | None
    created_at: datetime
    created_by: str
    last_seen_at: datetime | None
    language: Language | None
    zone: str
    theme: Theme
    shortcuts: bool
    has_password: bool
    has_totp: bool
    from_oidc: bool

    @property
    def rights(self) -> frozenset[str]:
        """What the person may do, in the words of the API's rights."""
        return RIGHTS[self.role] | {REVEAL} if self.may_reveal else RIGHTS[self.role]

    @property
    def actor(self) -> str:
        """How history and audit name the person."""
        return f"user:{self.name}"


def read_user(row: asyncpg.Record) -> User:
    """Make a User of a row that has `COLUMNS`."""
    given = {name: row[name] for name in User.__struct_fields__}
    tenants = given.pop("tenants")
    return User(**given, tenants=None if tenants is None else frozenset(tenants))


def checked_name(text: str) -> str:
    """The name as it is kept: lower-case, without blanks around it.

    Raises:
        FieldRefused: no user may have it.
    """
    name = text.strip().lower()
    if not _NAME.fullmatch(name):
        raise FieldRefused("name", "A name has 1 to 100 letters without accents, digits and . _ @ + -")
    return name


class Users:
    """The users of this platform. Each change writes its audit event in the same transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, user_id: int) -> User | None:
        """The user with this id."""
        async with reading(self._database) as connection:
            return await find_user(connection, user_id)

    async def named(self, name: str) -> User | None:
        """The user with this name, however it is capitalised; None for what is no name, too."""
        try:
            wanted = checked_name(name)
        except FieldRefused:
            return None
        async with reading(self._database) as connection:
            row = await connection.fetchrow(f"SELECT {COLUMNS} FROM viewer.user u WHERE u.name = $1", wanted)
        return read_user(row) if row else None

    async def list(self, text: str = "", after: str | None = None, limit: int = 50) -> tuple[list[User], str | None]:
        """A page of users in order of name, and what to give as `after` for the next page; None: this was the last.

        Args:
            text: a part of the name or the display name; capitals do not matter.
            after: the last name of the page before.
            limit: how many there are on a page at most.
        """
        wanted = f"%{_escaped(text.replace(chr(0), ''))}%"
        async with reading(self._database) as connection:
            rows = await connection.fetch(
                f"SELECT {COLUMNS} FROM viewer.user u WHERE (u.name ILIKE $1 OR u.display_name ILIKE $1) "
                "AND ($2::text IS NULL OR u.name > $2) ORDER BY u.name LIMIT $3",
                wanted, None if after is None else after.replace(chr(0), ""), limit + 1,
            )  # fmt: skip
        users = [read_user(row) for row in rows[:limit]]
        return users, users[-1].name if len(rows) > limit else None

    async def is_empty(self) -> bool:
        """Whether nobody can administer the users: then, and only then, a link makes the first admin."""
        async with reading(self._database) as connection:
            return await connection.fetchval(f"SELECT NOT EXISTS ({ABLE_ADMINS})") is True

    async def create(
        self,
        *,
        name: str,
        role: Role,
        by: str,
        display_name: str = "",
        tenants: Iterable[str] | None = None,
        may_reveal: bool | None = None,
    ) -> User:
        """Make a user, who cannot sign in before a link gave a password (see `Links.make`).

        `may_reveal` is what the role suggests when it is None: yes for an admin.

        Raises:
            FieldRefused, NameTaken: it was not made.
        """
        async with changing(self._database) as connection:
            return await create_user(
                connection, name=name, role=role, by=by, display_name=display_name, tenants=tenants,
                may_reveal=may_reveal,
            )  # fmt: skip

    async def change(
        self,
        user_id: int,
        *,
        by: str,
        role: Role | UnsetType = UNSET,
        tenants: Iterable[str] | UnsetType | None = UNSET,
        may_reveal: bool | UnsetType = UNSET,
        display_name: str | UnsetType = UNSET,
        disabled: bool | UnsetType = UNSET,
    ) -> User:
        """Change what is given. Disabling ends the user's sessions.

        Raises:
            NoSuchUser, FieldRefused: nothing was changed.
            LastAdmin: nobody would be left to administer the users.
        """
        wanted = _wanted(role, tenants, may_reveal, display_name)
        async with changing(self._database, first=LOCK_ADMINS) as connection:
            row = await connection.fetchrow("SELECT * FROM viewer.user WHERE id = $1 FOR UPDATE", user_id)
            if row is None:
                raise NoSuchUser
            was_able = await _is_able_admin(connection, user_id)
            await store_changes(connection, row, wanted, by)
            if disabled is not UNSET and disabled != (row["disabled_at"] is not None):
                await _set_disabled(connection, row, by, disabled=disabled)
            if was_able and not await connection.fetchval(f"SELECT EXISTS ({ABLE_ADMINS})"):
                raise LastAdmin
            return await _standing(connection, user_id)

    async def set_password(self, user_id: int, password: str, *, by: str, keep_session: int | None = None) -> None:
        """Give a new password; it ends the user's sessions, but for the one with the id `keep_session`.

        Raises:
            PasswordRefused: it could be guessed, or is too short or too long.
            NoSuchUser, Busy: nothing was changed.
        """
        user = await self.find(user_id)
        if user is None:
            raise NoSuchUser
        check_password(password, user.name, user.display_name)
        hashed = await hash_password(password)
        async with changing(self._database) as connection:
            await store_password(connection, user_id, user.name, hashed, by, keep_session)

    async def set_preferences(
        self,
        user_id: int,
        *,
        language: Language | UnsetType | None = UNSET,
        zone: str | UnsetType = UNSET,
        theme: Theme | UnsetType = UNSET,
        shortcuts: bool | UnsetType = UNSET,
    ) -> User:
        """Keep how the person wants pages; the person's own matter, so that no audit event is written.

        Raises:
            NoSuchUser, FieldRefused: nothing was changed.
        """
        wanted: dict[str, Any] = {"language": language, "zone": zone, "theme": theme, "shortcuts": shortcuts}
        wanted = {field: value for field, value in wanted.items() if value is not UNSET}
        if wanted.get("language") not in {None, *get_args(Language)}:
            raise FieldRefused("language", "This language is not known.")
        if wanted.get("theme", "auto") not in get_args(Theme):
            raise FieldRefused("theme", "This theme is not known.")
        if wanted.get("zone", "UTC") not in zones():
            raise FieldRefused("zone", "This time zone is not known.")
        async with changing(self._database) as connection:
            await _update(connection, user_id, wanted)
            return await _standing(connection, user_id)


@cache
def zones() -> frozenset[str]:
    """The names of the time zones that this machine knows."""
    return frozenset(zoneinfo.available_timezones())


async def find_user(connection: Connection, user_id: int) -> User | None:
    row = await connection.fetchrow(f"SELECT {COLUMNS} FROM viewer.user u WHERE u.id = $1", user_id)
    return read_user(row) if row else None


async def create_user(
    connection: Connection,
    *,
    name: str,
    role: Role,
    by: str,
    display_name: str = "",
    tenants: Iterable[str] | None = None,
    may_reveal: bool | None = None,
    password_hash: str | None = None,
    oidc_subject: str | None = None,
) -> User:
    """`Users.create` within the caller's transaction."""
    name = checked_name(name)
    wanted = _wanted(role, tenants, role == "admin" if may_reveal is None else may_reveal, display_name or name)
    user_id = await connection.fetchval(
        "INSERT INTO viewer.user (name, display_name, role, tenants, may_reveal, created_by, password_hash, "
        "oidc_subject) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (name) DO NOTHING RETURNING id",
        name, wanted["display_name"], wanted["role"], wanted["tenants"], wanted["may_reveal"], by, password_hash,
        oidc_subject,
    )  # fmt: skip
    if user_id is None:
        raise NameTaken
    detail = {"role": role, "tenants": wanted["tenants"], "may_reveal": wanted["may_reveal"]}
    await note(connection, by, "user.create", name, detail)
    return await _standing(connection, user_id)


async def store_password(
    connection: Connection, user_id: int, name: str, hashed: str, by: str, keep_session: int | None = None
) -> None:
    """Store a hash that stands from now on, and end what was opened with the old one."""
    await connection.execute("UPDATE viewer.user SET password_hash = $2 WHERE id = $1", user_id, hashed)
    await connection.execute(
        "DELETE FROM viewer.session WHERE user_id = $1 AND id IS DISTINCT FROM $2", user_id, keep_session
    )
    # Whoever holds an older link could undo this.
    await connection.execute("DELETE FROM viewer.one_time_link WHERE user_id = $1 AND used_at IS NULL", user_id)
    await note(connection, by, "user.password", name)


def _wanted(
    role: Role | UnsetType,
    tenants: Iterable[str] | UnsetType | None,
    may_reveal: bool | UnsetType,
    display_name: str | UnsetType,
) -> dict[str, Any]:
    """The columns that are given, each checked."""
    wanted: dict[str, Any] = {}
    if role is not UNSET:
        if role not in RIGHTS:
            raise FieldRefused("role", "This role is not known.")
        wanted["role"] = role
    if tenants is not UNSET:
        wanted["tenants"] = None if tenants is None else _checked_tenants(tenants)
    if may_reveal is not UNSET:
        wanted["may_reveal"] = may_reveal
    if display_name is not UNSET:
        wanted["display_name"] = _checked_display_name(display_name)
    return wanted


def _checked_tenants(tenants: Iterable[str]) -> list[str]:
    wanted = sorted(set(tenants))
    if not 0 < len(wanted) <= _MOST_TENANTS:
        raise FieldRefused("tenants", "Name at least one tenant, or let the user reach all of them.")
    if sum(len(tenant) + len('"",') for tenant in wanted) > _MOST_CHARACTERS_OF_TENANTS:
        raise FieldRefused("tenants", "Too many tenants for one person: name fewer, or let the user reach all.")
    try:
        return msgspec.convert(wanted, list[TenantId])
    except msgspec.ValidationError:
        raise FieldRefused("tenants", "A tenant has 1 to 128 letters, digits and _ - . @") from None


def _checked_display_name(text: str) -> str:
    shown = " ".join(text.split())
    if not shown or len(shown) > _LONGEST_DISPLAY_NAME or not shown.isprintable():
        raise FieldRefused("display_name", "A display name has 1 to 200 characters.")
    return shown


async def store_changes(connection: Connection, row: asyncpg.Record, wanted: Mapping[str, Any], by: str) -> None:
    """Store the columns that differ from the row, each checked by now, and say so in the audit log."""
    changed = {field: value for field, value in wanted.items() if value != row[field]}
    if changed:
        await _update(connection, row["id"], changed)
        await note(connection, by, "user.change", row["name"], changed)


async def _update(connection: Connection, user_id: int, columns: Mapping[str, Any]) -> None:
    if columns:  # their names are ours, never a caller's
        assignments = ", ".join(f"{column} = ${place}" for place, column in enumerate(columns, 2))
        await connection.execute(f"UPDATE viewer.user SET {assignments} WHERE id = $1", user_id, *columns.values())


async def _set_disabled(connection: Connection, row: asyncpg.Record, by: str, *, disabled: bool) -> None:
    await connection.execute(
        "UPDATE viewer.user SET disabled_at = CASE WHEN $2 THEN now() END WHERE id = $1", row["id"], disabled
    )
    if disabled:
        await connection.execute("DELETE FROM viewer.session WHERE user_id = $1", row["id"])
    await note(connection, by, "user.disable" if disabled else "user.enable", row["name"])


async def _is_able_admin(connection: Connection, user_id: int) -> bool:
    return await connection.fetchval(f"SELECT $1 IN ({ABLE_ADMINS})", user_id) is True


async def _standing(connection: Connection, user_id: int) -> User:
    user = await find_user(connection, user_id)
    if user is None:
        raise NoSuchUser
    return user


def _escaped(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)
