"""Sessions: which browser is signed in as whom. All time is the database's, so that every process agrees."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from sprintia_platform.database.connections import Connection, Database
from sprintia_viewer.accounts.tokens import hash_of, new_token
from sprintia_viewer.accounts.trail import changing, note, reading
from sprintia_viewer.accounts.users import COLUMNS, User, read_user
from sprintia_viewer.models import SCHEMA
from sprintia_viewer.settings import ViewerSettings

CONFIRMED_MINUTES = 5
"""How long a person who gave the password once more is believed to sit there."""

_LONGEST_USER_AGENT = 200
_LONGEST_ADDRESS = 100
_MOST_NOTICES = 10
_LONGEST_NOTICE = 4000
# Whoever changes a user locks the user's row first and the sessions then: a reader that came the other way must not
# wait, and skips what is locked.
# $2 is how long a session may stay unused. Of a session that is over nothing can be asked, and nothing changed.
_ALIVE = "s.token_hash = $1 AND s.ends_at > clock_timestamp() AND s.last_seen_at > clock_timestamp() - $2::interval"
_FIND = f"""
    WITH found AS (
        SELECT s.id AS session_id, s.created_at AS opened_at, s.last_seen_at AS used_at, s.ends_at, s.confirmed_at,
            coalesce(s.confirmed_at > clock_timestamp() - interval '{CONFIRMED_MINUTES} minutes', false) AS confirmed,
            s.address, s.user_agent, s.notices <> '[]' AS has_notices, {COLUMNS}
        FROM viewer.session s JOIN viewer.user u ON u.id = s.user_id
        WHERE {_ALIVE} AND u.disabled_at IS NULL
    ), touched AS (
        UPDATE viewer.session SET last_seen_at = clock_timestamp() FROM found
        WHERE session.id = found.session_id AND session.last_seen_at < clock_timestamp() - interval '1 minute'
        RETURNING user_id
    ), seen AS (
        UPDATE viewer.user SET last_seen_at = clock_timestamp() WHERE id IN (
            SELECT u.id FROM viewer.user u JOIN touched ON u.id = touched.user_id FOR NO KEY UPDATE OF u SKIP LOCKED
        )
    )
    SELECT * FROM found"""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session that stands, with its user.

    Attributes:
        id: names it in lists; it opens nothing.
        confirmed: whether the person gave the password again within the last 5 minutes.
        has_notices: whether `take_notices` would give any.
    """

    id: int
    user: User
    created_at: datetime
    last_seen_at: datetime
    ends_at: datetime
    confirmed_at: datetime | None
    confirmed: bool
    address: str
    user_agent: str
    has_notices: bool


class ListedSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session, for its owner's list."""

    id: int
    created_at: datetime
    last_seen_at: datetime
    ends_at: datetime
    address: str
    user_agent: str


def csrf_of(token: str) -> str:
    """What forms of a session carry: derived from its token, which it does not tell."""
    return hmac.new(token.encode("utf-8", "surrogatepass"), b"sprintia viewer: form", hashlib.sha256).hexdigest()


def csrf_matches(token: str, given: str) -> bool:
    """Whether a form is of this session; the time that it takes tells nothing."""
    return hmac.compare_digest(csrf_of(token).encode(), given.encode("utf-8", "surrogatepass"))


class Sessions:
    """The sessions of this platform. A token is made here alone: one that a browser presents is never adopted."""

    def __init__(self, database: Database, settings: ViewerSettings) -> None:
        self._database = database
        self._idle = timedelta(minutes=settings.session_idle_minutes)
        self._longest = timedelta(hours=settings.session_hours)

    async def open(self, user: User, *, address: str, user_agent: str, method: str = "password") -> str | None:
        """Open a session and return its token, for the cookie alone; None for a user who is disabled by now.

        `method` is for the audit log: how the person proved to be this user.
        """
        async with changing(self._database) as connection:
            return await self.open_within(connection, user, address=address, user_agent=user_agent, method=method)

    async def open_within(
        self,
        connection: Connection,
        user: User,
        *,
        address: str,
        user_agent: str,
        method: str,
        password_hash: str | None = None,
    ) -> str | None:
        """`open` in the caller's transaction; None too when `password_hash` is given and no longer the user's."""
        token = new_token()
        # The lock lets no change of the user pass between: it ends the sessions that it sees.
        opened = await connection.fetchval(
            "INSERT INTO viewer.session (token_hash, user_id, ends_at, address, user_agent) "
            "SELECT $2, id, clock_timestamp() + $3::interval, $4, $5 FROM viewer.user WHERE id = $1 "
            "AND disabled_at IS NULL AND ($6::text IS NULL OR password_hash = $6) FOR UPDATE RETURNING id",
            user.id, hash_of(token), self._longest, _plain(address, _LONGEST_ADDRESS),
            _plain(user_agent, _LONGEST_USER_AGENT), password_hash,
        )  # fmt: skip
        if opened is None:
            return None
        await connection.execute("UPDATE viewer.user SET last_seen_at = clock_timestamp() WHERE id = $1", user.id)
        await note(connection, user.actor, "session.open", user.name, {"session": opened, "method": method})
        return token

    async def find(self, token: str) -> Session | None:
        """The session of this token, and that it was used now; None when it is over, or never was."""
        async with self._database.transaction(SCHEMA) as connection:
            row = await connection.fetchrow(_FIND, hash_of(token), self._idle)
        if row is None:
            return None
        return Session(
            id=row["session_id"], user=read_user(row), created_at=row["opened_at"], last_seen_at=row["used_at"],
            ends_at=row["ends_at"], confirmed_at=row["confirmed_at"], confirmed=row["confirmed"],
            address=row["address"], user_agent=row["user_agent"], has_notices=row["has_notices"],
        )  # fmt: skip

    async def close(self, token: str) -> None:
        """End a session: sign out."""
        async with changing(self._database) as connection:
            row = await connection.fetchrow(
                "DELETE FROM viewer.session s USING viewer.user u WHERE s.token_hash = $1 AND u.id = s.user_id "
                "RETURNING s.id, u.name",
                hash_of(token),
            )
            if row is not None:
                await note(connection, f"user:{row['name']}", "session.close", row["name"], {"sessions": [row["id"]]})

    async def close_all(self, user_id: int, except_id: int | None = None, *, by: str | None = None) -> int:
        """End a user's sessions, but for the one with the id `except_id`; returns how many there were."""
        return await self._close(user_id, "s.id IS DISTINCT FROM $2", except_id, by)

    async def close_one(self, user_id: int, session_id: int, *, by: str | None = None) -> bool:
        """End one session of a user, by its id in the list; tells whether there was one to end."""
        return await self._close(user_id, "s.id = $2", session_id, by) == 1

    async def _close(self, user_id: int, which: str, session_id: int | None, by: str | None) -> int:
        async with changing(self._database) as connection:
            rows = await connection.fetch(
                "DELETE FROM viewer.session s USING viewer.user u WHERE u.id = s.user_id AND u.id = $1 "
                f"AND {which} RETURNING s.id, u.name",
                user_id, session_id,
            )  # fmt: skip
            if rows:
                name, closed = rows[0]["name"], sorted(row["id"] for row in rows)
                await note(connection, by or f"user:{name}", "session.close", name, {"sessions": closed})
            return len(rows)

    async def list(self, user_id: int) -> list[ListedSession]:
        """A user's sessions that stand, the one used last first."""
        columns = ", ".join(ListedSession.__struct_fields__)
        async with reading(self._database) as connection:
            rows = await connection.fetch(
                f"SELECT {columns} FROM viewer.session WHERE user_id = $1 AND ends_at > clock_timestamp() "
                "AND last_seen_at > clock_timestamp() - $2::interval ORDER BY last_seen_at DESC, id DESC",
                user_id, self._idle,
            )  # fmt: skip
        return [ListedSession(**dict(row.items())) for row in rows]

    async def rotate(self, token: str) -> str | None:
        """Give a session another token, when what it may do has changed; None when it is over."""
        async with changing(self._database) as connection:
            return await self.rotate_within(connection, token, confirmed=False)

    async def rotate_within(self, connection: Connection, token: str, *, confirmed: bool) -> str | None:
        """`rotate` in the caller's transaction; `confirmed` says that the person gave the password again."""
        renewed = new_token()
        done = await connection.fetchval(
            "UPDATE viewer.session s SET token_hash = $3, "
            "confirmed_at = CASE WHEN $4 THEN clock_timestamp() ELSE confirmed_at END "
            f"WHERE {_ALIVE} RETURNING id",
            hash_of(token), self._idle, hash_of(renewed), confirmed,
        )  # fmt: skip
        return None if done is None else renewed

    async def leave_notice(self, token: str, notice: str) -> None:
        """Keep a text for the next page of this session; the oldest go when there are more than ten."""
        text = notice.replace(chr(0), "")[:_LONGEST_NOTICE]
        async with self._database.transaction(SCHEMA) as connection:
            await connection.execute(
                "UPDATE viewer.session s SET notices = "
                f"(CASE WHEN jsonb_array_length(notices) >= {_MOST_NOTICES} THEN notices - 0 ELSE notices END) "
                f"|| to_jsonb($3::text) WHERE {_ALIVE}",
                hash_of(token), self._idle, text,
            )  # fmt: skip

    async def take_notices(self, token: str) -> Sequence[str]:
        """The texts that were left, oldest first; each is given once."""
        async with self._database.transaction(SCHEMA) as connection:
            taken = await connection.fetchval(
                f"WITH held AS (SELECT s.id, s.notices FROM viewer.session s WHERE {_ALIVE} AND notices <> '[]' "
                "FOR UPDATE) UPDATE viewer.session SET notices = '[]' FROM held WHERE session.id = held.id "
                "RETURNING held.notices",
                hash_of(token), self._idle,
            )  # fmt: skip
        return msgspec.json.decode(taken, type=tuple[str, ...]) if taken else ()


def _plain(text: str, longest: int) -> str:
    """What a browser said of itself, as far as it can be stored and shown."""
    return "".join(character for character in text[:longest] if character.isprintable())
