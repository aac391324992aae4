"""Signing in with name and password, and the proof that the person who signed in still sits there."""

from contextlib import suppress
from typing import Literal

import msgspec
import structlog

from sprintia_platform.database.connections import Database
from sprintia_viewer.accounts.errors import Busy, FieldRefused
from sprintia_viewer.accounts.passwords import hash_password, is_outdated, verify_password
from sprintia_viewer.accounts.sessions import Session, Sessions
from sprintia_viewer.accounts.throttle import Attempt, Throttle, Throttled
from sprintia_viewer.accounts.totp import Totp
from sprintia_viewer.accounts.trail import changing, reading
from sprintia_viewer.accounts.users import COLUMNS, User, checked_name, read_user

log = structlog.get_logger("sprintia.viewer")


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """It worked. `token` is for the cookie alone; it does not print."""

    token: str
    user: User

    def __repr__(self) -> str:
        return f"SignedIn(user={self.user.name!r})"


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """It did not.

    Attributes:
        kind: `wrong`, whatever was wrong; `code_needed` and `code_wrong`, to who gave the right password, about the
            second factor; `throttled`, too many failures.
        retry_after: seconds to wait, for `throttled`.
    """

    kind: Literal["wrong", "code_needed", "code_wrong", "throttled"]
    retry_after: int = 0


class SignIn:
    """The one way in with a password. Unknown names, disabled users and wrong passwords look alike, and cost alike."""

    def __init__(self, database: Database, sessions: Sessions, totp: Totp, throttle: Throttle) -> None:
        self._database = database
        self._sessions = sessions
        self._totp = totp
        self._throttle = throttle

    async def attempt(
        self, name: str, password: str, code: str = "", *, address: str, user_agent: str
    ) -> SignedIn | Refused:
        """Try to sign in. A new session is opened each time; one that the browser has is the caller's to close.

        Args:
            name: as typed.
            password: as typed.
            code: of the second factor, or a recovery code; empty where nobody asked for it yet.
            address: where the request came from.
            user_agent: what the browser calls itself.

        Raises:
            Busy: too many passwords wait; nothing was counted.
        """
        counted = await self._counted(_folded(name), address)
        if isinstance(counted, Refused):
            return counted
        user, hashed = await self._named(name)
        if not await self._is_password(counted, hashed, password) or user is None or user.disabled_at is not None:
            log.info("sign-in refused", address=address)  # never the name: people type passwords there
            return Refused(kind="wrong")
        if refused := await self._refused_code(counted, user, code):
            return refused
        renewed = await _renewed(hashed, password)
        async with changing(self._database) as connection:
            token = await self._sessions.open_within(
                connection, user, address=address, user_agent=user_agent, method="password", password_hash=hashed
            )
            if token is None:  # disabled, or given another password, at this moment
                return Refused(kind="wrong")
            if renewed is not None:
                await connection.execute("UPDATE viewer.user SET password_hash = $2 WHERE id = $1", user.id, renewed)
            await self._throttle.give_back_within(connection, counted, forget_account=True)
        return SignedIn(token=token, user=user)

    async def confirm(
        self, session: Session, token: str, password: str, code: str = "", *, address: str
    ) -> SignedIn | Refused:
        """Believe for 5 minutes that the session's person sits there; the session gets another token.

        A user with a second factor gives a code too. One without a password confirms at the OpenID provider.

        Raises:
            Busy: too many passwords wait; nothing was counted.
        """
        counted = await self._counted(session.user.name, address)
        if isinstance(counted, Refused):
            return counted
        user, hashed = await self._named(session.user.name)
        if not await self._is_password(counted, hashed, password) or user is None or user.disabled_at is not None:
            return Refused(kind="wrong")
        if refused := await self._refused_code(counted, user, code):
            return refused
        async with changing(self._database) as connection:
            renewed = await self._sessions.rotate_within(connection, token, confirmed=True)
            if renewed is None:
                return Refused(kind="wrong")
            await self._throttle.give_back_within(connection, counted, forget_account=True)
        return SignedIn(token=renewed, user=user)

    async def _counted(self, name: str, address: str) -> Attempt | Refused:
        try:
            return await self._throttle.begin(name, address)
        except Throttled as error:
            log.warning("sign-in throttled", address=address, retry_after=error.retry_after)
            return Refused(kind="throttled", retry_after=error.retry_after)

    async def _named(self, name: str) -> tuple[User | None, str | None]:
        # A text that is no name is asked for as well: the way of the answer tells nobody what names look like.
        async with reading(self._database) as connection:
            row = await connection.fetchrow(
                f"SELECT {COLUMNS}, u.password_hash FROM viewer.user u WHERE u.name = $1", _askable(name)
            )
        return (read_user(row), row["password_hash"]) if row else (None, None)

    async def _is_password(self, counted: Attempt, hashed: str | None, password: str) -> bool:
        try:
            return await verify_password(hashed, password)
        except BaseException:  # Busy, or the person went away: it was no guess
            await self._throttle.give_back(counted)
            raise

    async def _refused_code(self, counted: Attempt, user: User, code: str) -> Refused | None:
        if not user.has_totp:
            return None
        if not code.strip():
            await self._throttle.give_back(counted)
            return Refused(kind="code_needed")
        return None if await self._totp.check(user, code) else Refused(kind="code_wrong")


async def _renewed(hashed: str | None, password: str) -> str | None:
    """The password's hash with the parameters of today, where it has others; another day when too many wait."""
    if hashed is None or not is_outdated(hashed):
        return None
    with suppress(Busy):
        return await hash_password(password)
    return None


def _folded(name: str) -> str:
    return name.strip().lower()[:200]


def _askable(name: str) -> str:
    try:
        return checked_name(name)
    except FieldRefused:
        return ""
