"""API keys in PostgreSQL, and the short memory in front of them."""

import hmac
import time
from datetime import UTC, datetime, timedelta
from functools import cached_property
from math import inf
from typing import Any

import asyncpg
import msgspec

from sprintia_platform.audit.log import PLATFORM_CHAIN, append_audit
from sprintia_platform.database.connections import Connection, Database
from sprintia_platform.errors import StartupError
from sprintia_platform.http.answers import is_outage
from sprintia_platform.keys.callers import BOOTSTRAP, RIGHTS, Caller
from sprintia_platform.keys.tokens import NewToken, digest_of, new_token, read_key_id
from sprintia_platform.settings import Secret

SCHEMA = "platform"
KNOWN_DEFAULTS = frozenset({
    "development-api-key", "production-api-key", "sua-chave-api-secreta", "default_token", "changeme", "secret",
})  # fmt: skip
"""Values that stand in guides and in the replaced system's files: everybody knows them."""

# How long a key that was checked before is still believed while the database does not answer.
_BELIEVED_WITHOUT_DATABASE = 3600.0
_MOST_REMEMBERED = 10_000


class StoredKey(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `platform.api_key`, for people: without digests."""

    id: str
    name: str
    rights: list[str]
    tenants: list[str] | None
    networks: list[str]
    expires_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime
    created_by: str
    last_used_at: datetime | None


class _Known(msgspec.Struct):
    caller: Caller | None
    digest: bytes
    previous_digest: bytes | None
    previous_until: datetime | None
    expires_at: datetime | None
    read_at: float

    def good_until(self, digest: bytes) -> float:
        """Until when (Unix time) this digest is one of the key's, as far as was read; 0 when it is none."""
        if self.caller is None:
            return 0.0
        end = self.expires_at.timestamp() if self.expires_at is not None else inf
        if hmac.compare_digest(self.digest, digest):
            return end
        if self.previous_digest is None or self.previous_until is None:
            return 0.0
        if hmac.compare_digest(self.previous_digest, digest):
            return min(end, self.previous_until.timestamp())
        return 0.0


class KeyStore:
    """Checks keys. A key's row is remembered for `SPRINTIA_KEY_CACHE_SECONDS`: so long may a revocation take."""

    def __init__(self, database: Database, api_key: Secret | None, cache_seconds: float) -> None:
        self._database = database
        self._cache_seconds = cache_seconds
        self._known: dict[str, _Known] = {}
        self._recent: dict[bytes, tuple[str, _Known, float]] = {}
        self._bootstrap = digest_of(check_bootstrap(api_key).reveal().strip().encode()) if api_key else None
        self.used: set[str] = set()
        self.bootstrap_rights: frozenset[str] = frozenset()
        """What the routes of this process ask for, plugins' own rights included: `API_KEY` has them, except admin."""

    async def identify(self, text: str) -> Caller | None:
        """Return whose key this is; None when it is wrong, revoked or expired.

        Raises:
            OSError, asyncpg.PostgresError: the database does not answer, and the key is not remembered.
        """
        digest = digest_of(text.encode())
        if self._is_bootstrap(digest):
            return self._bootstrap_caller
        key_id = read_key_id(text)
        if key_id is None:
            return None
        known = await self._known_or_read(key_id)
        good_until = known.good_until(digest)
        if time.time() >= good_until:
            return None
        if len(self._recent) >= _MOST_REMEMBERED:
            self._recent.clear()
        self._recent[digest] = key_id, known, good_until
        self.used.add(key_id)
        return known.caller

    def recall(self, text: bytes, *, cut_off: bool = False) -> Caller | None:
        """Return whose key this is without asking the database; None when `identify` has to be asked.

        While the database is known to be `cut_off`, a key that was checked before is believed for longer.
        """
        digest = digest_of(text)
        recent = self._recent.get(digest)
        if recent is None:
            return self._bootstrap_caller if self._is_bootstrap(digest) else None
        key_id, known, good_until = recent
        if self._known.get(key_id) is not known or time.time() >= good_until:
            return None
        if time.monotonic() - known.read_at >= (_BELIEVED_WITHOUT_DATABASE if cut_off else self._cache_seconds):
            return None
        self.used.add(key_id)
        return known.caller

    def _is_bootstrap(self, digest: bytes) -> bool:
        return self._bootstrap is not None and hmac.compare_digest(self._bootstrap, digest)

    @cached_property
    def _bootstrap_caller(self) -> Caller:
        return Caller(key_id=BOOTSTRAP, name="API_KEY", rights=(self.bootstrap_rights | set(RIGHTS)) - {"admin"})

    async def _known_or_read(self, key_id: str) -> _Known:
        known = self._known.get(key_id)
        now = time.monotonic()
        if known is not None and now - known.read_at < self._cache_seconds:
            return known
        try:
            fresh = await self._read(key_id)
        except Exception as error:
            if known is not None and is_outage(error) and now - known.read_at < _BELIEVED_WITHOUT_DATABASE:
                return known
            raise
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[key_id] = fresh
        return fresh

    async def _read(self, key_id: str) -> _Known:
        async with self._database.transaction(SCHEMA, read_only=True) as connection:
            row = await connection.fetchrow("SELECT * FROM platform.api_key WHERE id = $1", key_id)
        if row is None or row["revoked_at"] is not None:
            return _Known(None, b"", None, None, None, time.monotonic())
        caller = Caller(
            key_id=row["id"],
            name=row["name"],
            rights=frozenset(row["rights"]),
            tenants=None if row["tenants"] is None else frozenset(row["tenants"]),
            networks=tuple(row["networks"]),
        )
        return _Known(
            caller, row["digest"], row["previous_digest"], row["previous_until"], row["expires_at"], time.monotonic()
        )

    def forget(self, key_id: str) -> None:
        """Read the key anew at its next use: it was just changed here."""
        self._known.pop(key_id, None)

    async def write_last_used(self) -> None:
        """Store when the keys used since the last call were used."""
        used, self.used = self.used, set()
        if not used:
            return
        try:
            async with self._database.transaction(SCHEMA) as connection:
                await connection.execute(
                    "UPDATE platform.api_key SET last_used_at = now() WHERE id = ANY($1::text[])", sorted(used)
                )
        except BaseException:
            self.used |= used  # for the next round
            raise


def check_bootstrap(api_key: Secret) -> Secret:
    """Refuse an `API_KEY` that stands in guides or in the replaced system.

    Raises:
        StartupError: it is one of them.
    """
    if api_key.reveal().strip().lower() in KNOWN_DEFAULTS:
        raise StartupError(
            "API_KEY is a known default value: set a secret one, for instance the output of `openssl rand -hex 32`"
        )
    return api_key


async def create_key(
    connection: Connection,
    *,
    name: str,
    rights: list[str],
    tenants: list[str] | None,
    networks: list[str],
    expires_at: datetime | None,
    actor: str,
) -> NewToken:
    """Store a new key and say so in the audit log; the returned text is shown once."""
    token = new_token()
    await connection.execute(
        "INSERT INTO platform.api_key (id, name, rights, tenants, networks, digest, expires_at, created_by) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        token.key_id, name, rights, tenants, networks, token.digest, expires_at, actor,
    )  # fmt: skip
    await _audit(connection, actor, "key.create", token.key_id, {"name": name, "rights": rights, "tenants": tenants})
    return token


async def rotate_key(connection: Connection, key_id: str, overlap: timedelta, *, actor: str) -> NewToken | None:
    """Give a key a new secret; the old one stays valid for `overlap`. None when there is no such key."""
    token = new_token(key_id)
    until = datetime.now(UTC) + overlap
    done = await connection.fetchval(
        "UPDATE platform.api_key SET previous_digest = digest, previous_until = $2, digest = $3 "
        "WHERE id = $1 AND revoked_at IS NULL RETURNING id",
        key_id, until, token.digest,
    )  # fmt: skip
    if done is None:
        return None
    await _audit(connection, actor, "key.rotate", key_id, {"previous_until": until.isoformat()})
    return token


async def revoke_key(connection: Connection, key_id: str, *, actor: str) -> bool:
    """End a key at once; tells whether there was one to end."""
    done = await connection.fetchval(
        "UPDATE platform.api_key SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL RETURNING id", key_id
    )
    if done is not None:
        await _audit(connection, actor, "key.revoke", key_id, {})
    return done is not None


async def list_keys(connection: Connection) -> list[StoredKey]:
    """List every key, newest first, without its secret."""
    columns = ", ".join(StoredKey.__struct_fields__)
    rows = await connection.fetch(f"SELECT {columns} FROM platform.api_key ORDER BY created_at DESC, id")
    return [_stored(row) for row in rows]


async def find_key(connection: Connection, key_id: str) -> StoredKey | None:
    """Return the key with this id, without its secret; None when there is none."""
    columns = ", ".join(StoredKey.__struct_fields__)
    row = await connection.fetchrow(f"SELECT {columns} FROM platform.api_key WHERE id = $1", key_id)
    return None if row is None else _stored(row)


async def page_of_keys(
    connection: Connection, *, text: str = "", after: str | None = None, limit: int = 50
) -> tuple[list[StoredKey], str | None]:
    """List some keys, newest first, and what to give as `after` for the next ones; None: these were the last.

    Args:
        connection: to read by.
        text: a part of the name or of the id; capitals do not matter.
        after: the id of the last key of the page before.
        limit: how many at most.
    """
    columns = ", ".join(StoredKey.__struct_fields__)
    rows = await connection.fetch(
        f"SELECT {columns} FROM platform.api_key k "
        "WHERE (position(lower($1) IN lower(k.name)) > 0 OR position(lower($1) IN lower(k.id)) > 0) "
        "AND ($2::text IS NULL OR EXISTS (SELECT FROM platform.api_key a WHERE a.id = $2 "
        "AND (k.created_at, a.id) < (a.created_at, k.id))) ORDER BY k.created_at DESC, k.id LIMIT $3",
        text, after, limit + 1,
    )  # fmt: skip
    keys = [_stored(row) for row in rows[:limit]]
    return keys, keys[-1].id if len(rows) > limit else None


def _stored(row: asyncpg.Record) -> StoredKey:
    return StoredKey(**dict(row.items()))


async def _audit(connection: Connection, actor: str, action: str, key_id: str, detail: dict[str, Any]) -> None:
    await append_audit(
        connection, tenant=PLATFORM_CHAIN, actor=actor, action=action, target=f"key/{key_id}", detail=detail
    )
