"""Signing in at an OpenID Connect provider: code flow with PKCE and nonce. The provider decides about roles."""

import hmac
import re
import secrets
import time
from typing import Any

import asyncpg
import msgspec
import structlog

from sprintia_platform.database.connections import Connection, Database
from sprintia_viewer.accounts.errors import NameTaken
from sprintia_viewer.accounts.oidc_provider import OidcRefused, OidcUnavailable, Provider
from sprintia_viewer.accounts.sealing import ViewerKey
from sprintia_viewer.accounts.sessions import Session, Sessions
from sprintia_viewer.accounts.signing_in import SignedIn
from sprintia_viewer.accounts.tokens import hash_of, new_token
from sprintia_viewer.accounts.trail import changing
from sprintia_viewer.accounts.users import LOCK_ADMINS, Role, User, create_user, find_user, store_changes
from sprintia_viewer.models import SCHEMA
from sprintia_viewer.settings import ViewerSettings

CALLBACK = "/viewer/oidc/callback"
"""Where the provider sends people back, below `public_url`."""
BEGUN_MINUTES = 10
"""How long a person may take at the provider; so long the cookie with the state is to last."""

log = structlog.get_logger("sprintia.viewer")

_ABOUT = "sign-in that was begun"
_LONGEST_PATH = 2000
_LONGEST_GIVEN = 4000
_MOST_NAMESAKES = 100


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in that was begun: lead the browser to `url`, and keep `state` in a cookie (HttpOnly, 10 minutes)."""

    url: str
    state: str

    def __repr__(self) -> str:
        return "Begun(***)"


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody came back and is signed in. `next_path` is what `begin` was given."""

    signed_in: SignedIn
    next_path: str


class _Kept(msgspec.Struct, frozen=True):
    nonce: str
    verifier: str
    begun_at: int


class Oidc:
    """The way in through the provider of the settings."""

    def __init__(self, database: Database, settings: ViewerSettings, key: ViewerKey, sessions: Sessions) -> None:
        self._database = database
        self._settings = settings
        self._key = key
        self._sessions = sessions
        self._provider = Provider(settings)
        self._redirect_uri = f"{(settings.public_url or '').rstrip('/')}{CALLBACK}"

    async def begin(self, next_path: str = "", *, session: Session | None = None) -> Begun:
        """Begin a sign-in; with `session`, one that confirms that its person still sits there.

        Raises:
            OidcUnavailable: the provider cannot be asked.
        """
        state = new_token()
        kept = _Kept(nonce=new_token(), verifier=secrets.token_urlsafe(48), begun_at=int(time.time()))
        url = await self._provider.authorization_url(
            redirect_uri=self._redirect_uri, state=state, nonce=kept.nonce, verifier=kept.verifier,
            sign_in_again=session is not None,
        )  # fmt: skip
        async with self._database.transaction(SCHEMA) as connection:
            await connection.execute(
                "INSERT INTO viewer.oidc_login (state_hash, sealed, next_path, session_id, expires_at) "
                f"VALUES ($1, $2, $3, $4, clock_timestamp() + interval '{BEGUN_MINUTES} minutes')",
                hash_of(state), self._key.seal(msgspec.json.encode(kept), _ABOUT),
                next_path.replace(chr(0), "")[:_LONGEST_PATH], session.id if session else None,
            )  # fmt: skip
        return Begun(url=url, state=state)

    async def finish(
        self,
        *,
        state: str,
        cookie_state: str,
        code: str,
        address: str,
        user_agent: str,
        session: Session | None = None,
        token: str = "",
    ) -> Returned:
        """Take what the provider sent back.

        Args:
            state: of the query.
            cookie_state: of the cookie: another browser's sign-in is not taken for this one's.
            code: of the query; empty where the provider refused.
            address: where the request came from.
            user_agent: what the browser calls itself.
            session: that stands in this browser, with its `token`; needed where it was to be confirmed.
            token: of that session.

        Raises:
            OidcRefused: the person may not come in so.
            OidcUnavailable: the provider did not hold its part.
        """
        matches = hmac.compare_digest(hash_of(state), hash_of(cookie_state))
        row = await self._taken(state) if matches and state else None
        if row is None:
            raise OidcRefused("outdated", "This sign-in was begun elsewhere, or too long ago: begin again.")
        if not code or len(code) > _LONGEST_GIVEN:
            raise OidcRefused("denied", "The OpenID provider did not let you in.")
        kept = msgspec.json.decode(self._key.open(row["sealed"], _ABOUT), type=_Kept)
        try:
            claims = await self._provider.claims_of(
                code, redirect_uri=self._redirect_uri, verifier=kept.verifier, nonce=kept.nonce
            )
        except OidcUnavailable as error:
            log.warning("OpenID sign-in failed", cause=error.cause)
            raise
        if row["session_id"] is not None:
            signed_in = await self._confirmed(claims, kept, row["session_id"], session, token)
        else:
            signed_in = await self._opened(claims, address, user_agent)
        return Returned(signed_in=signed_in, next_path=row["next_path"])

    async def _taken(self, state: str) -> asyncpg.Record | None:
        """What was kept of a sign-in; of two who come back with it, one gets it."""
        async with self._database.transaction(SCHEMA) as connection:
            return await connection.fetchrow(
                "DELETE FROM viewer.oidc_login WHERE state_hash = $1 AND expires_at > clock_timestamp() "
                "RETURNING sealed, next_path, session_id",
                hash_of(state),
            )

    async def _opened(self, claims: dict[str, Any], address: str, user_agent: str) -> SignedIn:
        role = self._role_of(claims)
        async with changing(self._database, first=LOCK_ADMINS) as connection:
            user = await self._found_or_made(connection, claims, role)
            token = await self._sessions.open_within(
                connection, user, address=address, user_agent=user_agent, method="oidc"
            )
        if token is None:
            raise OidcRefused("disabled", "Your account is disabled: ask who administers the users.")
        return SignedIn(token=token, user=user)

    async def _confirmed(
        self, claims: dict[str, Any], kept: _Kept, session_id: int, session: Session | None, token: str
    ) -> SignedIn:
        if session is None or session.id != session_id:
            raise OidcRefused("outdated", "This sign-in was begun elsewhere, or too long ago: begin again.")
        signed_in_at = claims.get("auth_time")
        # Within bounds: JSON as Python reads it has NaN and Infinity, too.
        fresh = isinstance(signed_in_at, int | float) and kept.begun_at - 60 <= signed_in_at <= time.time() + 60
        if not fresh:
            raise OidcRefused("not_fresh", "The OpenID provider did not ask for your password again.")
        async with changing(self._database) as connection:
            found = await connection.fetchval(
                "SELECT true FROM viewer.user WHERE id = $1 AND oidc_subject = $2", session.user.id, _subject(claims)
            )
            if not found:
                raise OidcRefused("other_person", "You signed in as somebody else.")
            renewed = await self._sessions.rotate_within(connection, token, confirmed=True)
        if renewed is None:
            raise OidcRefused("outdated", "This sign-in was begun elsewhere, or too long ago: begin again.")
        return SignedIn(token=renewed, user=session.user)

    def _role_of(self, claims: dict[str, Any]) -> Role:
        given = claims.get(self._settings.oidc_role_claim)
        values = {item for item in (given if isinstance(given, list) else [given]) if isinstance(item, str)}
        roles: tuple[tuple[Role, tuple[str, ...]], ...] = (
            ("admin", self._settings.oidc_admins),
            ("editor", self._settings.oidc_editors),
            ("viewer", self._settings.oidc_viewers),
        )
        for role, wanted in roles:
            if values & set(wanted):
                return role
        raise OidcRefused("no_role", "Your account at the OpenID provider has no role here: ask for one.")

    async def _found_or_made(self, connection: Connection, claims: dict[str, Any], role: Role) -> User:
        by = f"oidc:{self._settings.oidc_issuer}"
        row = await connection.fetchrow(
            "SELECT * FROM viewer.user WHERE oidc_subject = $1 FOR UPDATE", _subject(claims)
        )
        if row is None:
            return await _made(connection, claims, role, by)
        if row["role"] != role:  # what another role was given goes with it
            await store_changes(connection, row, {"role": role, "may_reveal": role == "admin"}, by)
        user = await find_user(connection, row["id"])
        if user is None:  # locked above, and users are never deleted
            raise OidcRefused("disabled", "Your account is disabled: ask who administers the users.")
        return user


async def _made(connection: Connection, claims: dict[str, Any], role: Role, by: str) -> User:
    """A new user. Somebody who has the name with a password is somebody else: names are no proof."""
    wanted = _name_of(claims)
    shown = claims.get("name")
    display_name = "".join(c for c in shown if c.isprintable()).strip()[:200] if isinstance(shown, str) else ""
    for number in range(1, _MOST_NAMESAKES):
        name = wanted if number == 1 else f"{wanted}-{number}"
        try:
            return await create_user(
                connection, name=name, display_name=display_name, role=role, by=by, oidc_subject=_subject(claims)
            )
        except NameTaken:
            continue
    raise NameTaken


def _name_of(claims: dict[str, Any]) -> str:
    for claim in ("preferred_username", "email", "sub"):
        given = claims.get(claim)
        if isinstance(given, str):
            name = re.sub(r"[^a-z0-9._@+-]+", "-", given.lower())[:90].strip("-")
            if name:
                return name
    return "openid"


def _subject(claims: dict[str, Any]) -> str:
    """Who it is, for ever: a subject is unique at its issuer alone."""
    return f"{claims['iss']} {claims['sub']}"
