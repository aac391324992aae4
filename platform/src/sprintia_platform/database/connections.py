"""Transactions and sessions on PostgreSQL, each under the plugin's role and for the tenants that it may touch.

Two ways to the same database. `transaction()` gives a plain asyncpg connection, for SQL that matters. `engine` is the
one SQLAlchemy engine, for the sessions that plugins use through advanced-alchemy. Both log in as the same user, who has
no right of its own: each transaction takes the plugin's role (`SET LOCAL ROLE`), so that a plugin reaches its schema
alone, and names its tenants (`sprintia.tenants`), which row-level security compares with each row.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Literal, cast

import asyncpg
from sqlalchemy import event, text
from sqlalchemy.engine import URL
from sqlalchemy.engine import Connection as SyncConnection
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session, SessionTransaction

from sprintia_platform.database.urls import asyncpg_dsn, parse_database_url, sqlalchemy_url
from sprintia_platform.settings import HostSettings

Tenants = Iterable[str] | Literal["*"]
Connection = asyncpg.Connection

_GRACE = 1.0

_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
_TENANT = re.compile(r"[A-Za-z0-9_.@-]{1,128}")


def role_of(schema: str) -> str:
    """The PostgreSQL role that owns nothing and may use one plugin's schema."""
    return f"sprintia_{schema}"


class Database:
    """One application's way to PostgreSQL. Opened and closed by the host's lifespan."""

    def __init__(self, settings: HostSettings) -> None:
        self._settings = settings
        self._url: URL | None = None
        self._pool: asyncpg.Pool | None = None
        self._engine: AsyncEngine | None = None

    @property
    def url(self) -> URL:
        """The database URL of the settings.

        Raises:
            StartupError: it is missing or malformed.
        """
        if self._url is None:
            secret = self._settings.database_url
            self._url = parse_database_url(secret.reveal() if secret else "")
        return self._url

    @property
    def engine(self) -> AsyncEngine:
        """The one SQLAlchemy engine; disposed by the host."""
        if self._engine is None:
            self._engine = create_async_engine(
                sqlalchemy_url(self.url),
                pool_size=self._settings.database_pool_size,
                max_overflow=0,
                pool_timeout=self._settings.database_timeout,
                pool_pre_ping=True,
                hide_parameters=True,
                connect_args={"server_settings": self._server_settings(), "timeout": self._settings.database_timeout},
            )
        return self._engine

    async def open(self) -> None:
        """Open the pool. It connects when it is first used, so that a process may start before its database."""
        self._pool = await asyncpg.create_pool(
            asyncpg_dsn(self.url),
            min_size=0,
            max_size=self._settings.database_pool_size,
            timeout=self._settings.database_timeout,
            # The server's own limits come first, with a reason; this one is for a server that says nothing at all.
            command_timeout=self._settings.database_timeout + _GRACE,
            server_settings=self._server_settings(),
            # `RESET ALL` after each use would be one more round trip; our transactions set everything LOCAL.
            reset=_nothing_to_reset,
        )

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.dispose()

    @asynccontextmanager
    async def transaction(
        self, schema: str, tenants: Tenants = (), *, read_only: bool = False, first: str = ""
    ) -> AsyncIterator[Connection]:
        """Run a transaction as the role of `schema`, seeing the rows of `tenants` alone (`"*"`: of all).

        `first` are statements that go with the round trip that begins it, such as locks. That one takes no parameters:
        whoever composes them answers for each literal.

        Commits when the block ends, rolls back when it raises. Wait for a free connection and for each statement is
        bounded by `SPRINTIA_DATABASE_TIMEOUT`.

        Raises:
            TimeoutError, OSError, asyncpg.PostgresError: the host answers these with 503 when they mean an outage.
        """
        begin = begin_statement(schema, tenants, read_only=read_only) + (f"; {first}" if first else "")
        async with self.connection() as connection:
            try:
                await connection.execute(begin)
                yield connection
                await _commit(connection)
            except (TimeoutError, asyncio.CancelledError):
                raise  # connection() closes it
            except BaseException:
                await _roll_back(connection)
                raise

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a plain connection, outside of any transaction and role."""
        if self._pool is None:
            msg = "the database is not open: use it within the application's lifespan"
            raise RuntimeError(msg)
        async with self._pool.acquire(timeout=self._settings.database_timeout) as connection:
            try:
                yield cast("Connection", connection)
            except (TimeoutError, asyncio.CancelledError):
                # A statement may still be running on it. Asking the server to cancel it would wait for that same server
                # once more; a closed connection is out of the way at once, and the server rolls back.
                connection.terminate()
                raise

    async def dedicated_connection(self) -> Connection:
        """Open a connection outside of the pool, for LISTEN; its taker closes it."""
        connection: Connection = await asyncpg.connect(
            asyncpg_dsn(self.url),
            timeout=self._settings.database_timeout,
            server_settings={"application_name": "sprintia-listener"},
        )
        return connection

    async def ping(self) -> None:
        """Raise unless the database answers."""
        async with self.connection() as connection:
            await connection.execute("SELECT 1")

    def _server_settings(self) -> dict[str, str]:
        milliseconds = str(int(self._settings.database_timeout * 1000))
        return {
            "application_name": "sprintia",
            "TimeZone": "UTC",
            "lock_timeout": milliseconds,
            "statement_timeout": milliseconds,
            "idle_in_transaction_session_timeout": str(int(self._settings.database_timeout * 4000)),
        }


def begin_statement(schema: str, tenants: Tenants, *, read_only: bool = False) -> str:
    """Compose the statements that open a transaction, for one round trip.

    The simple protocol takes no parameters, so both names are checked against alphabets without a quote.
    """
    if not _NAME.fullmatch(schema):
        msg = f"{schema!r} is no schema name"
        raise ValueError(msg)
    mode = "BEGIN READ ONLY" if read_only else "BEGIN"
    return f"{mode}; SET LOCAL ROLE {role_of(schema)}; SET LOCAL sprintia.tenants = '{tenant_scope(tenants)}'"


def tenant_scope(tenants: Tenants) -> str:
    """Write tenants as `sprintia.tenants` holds them.

    Raises:
        ValueError: an id has a character that could end the quote or the list.
    """
    if tenants == "*":
        return "*"
    names = list(tenants)
    if any(not _TENANT.fullmatch(name) for name in names):
        msg = "a tenant's id has a character that is not allowed"
        raise ValueError(msg)
    return ",".join(names)


async def _commit(connection: Connection) -> None:
    if await connection.execute("COMMIT") != "COMMIT":
        # PostgreSQL answers the COMMIT of a failed transaction with ROLLBACK, and with no error.
        msg = "the transaction was rolled back: a statement in it had failed, and somebody swallowed its error"
        raise RuntimeError(msg)


async def _roll_back(connection: Connection) -> None:
    if not connection.is_closed():
        try:
            await connection.execute("ROLLBACK")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError):
            connection.terminate()  # its state is unknown: it must not go back into the pool


async def _nothing_to_reset(_connection: object) -> None:
    return


def session_class(schema: str) -> type[AsyncSession]:
    """Make the SQLAlchemy session class whose transactions run as the role of `schema`.

    Each session listens for itself: advanced-alchemy 1.12 puts a class of its own in the place of any
    `sync_session_class` that it is given, and a listener there would never be called.
    """
    take_role = text(f"SET LOCAL ROLE {role_of(schema)}")

    def begin(_session: Session, _transaction: SessionTransaction, connection: SyncConnection) -> None:
        connection.execute(take_role)

    class RoleSession(AsyncSession):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            event.listen(self.sync_session, "after_begin", begin)

    return RoleSession
