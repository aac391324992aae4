"""Transactions and sessions on PostgreSQL, each under the plugin's role and for the tenants that it may touch.

Two ways to the same database. `transaction()` gives a plain asyncpg connection, for SQL that matters. `engine` is the
one SQLAlchemy engine, for the sessions that plugins use through advanced-alchemy. Both log in as the same user, who has
no right of its own: each transaction takes the plugin's role (`SET LOCAL ROLE`), so that a plugin reaches its schema
alone, and names its tenants (`sprintia.tenants`), which row-level security compares with each row.
"""

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Literal, cast

import asyncpg
from sqlalchemy import event, text
from sqlalchemy.engine import URL
from sqlalchemy.engine import Connection as SyncConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import Session, SessionTransaction

from sprintia_platform.database.urls import asyncpg_dsn, parse_database_url, sqlalchemy_url
from sprintia_platform.settings import HostSettings

Tenants = Iterable[str] | Literal["*"]
Connection = asyncpg.Connection

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
            command_timeout=self._settings.database_timeout * 2,
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
        self, schema: str, tenants: Tenants = (), *, read_only: bool = False
    ) -> AsyncIterator[Connection]:
        """Run a transaction as the role of `schema`, seeing the rows of `tenants` alone (`"*"`: of all).

        Commits when the block ends, rolls back when it raises. Wait for a free connection and for each statement is
        bounded by `SPRINTIA_DATABASE_TIMEOUT`.

        Raises:
            TimeoutError, OSError, asyncpg.PostgresError: the host answers these with 503 when they mean an outage.
        """
        begin = begin_statement(schema, tenants, read_only=read_only)
        async with self.connection() as connection:
            await connection.execute(begin)
            try:
                yield connection
            except BaseException:
                await _roll_back(connection)
                raise
            await connection.execute("COMMIT")

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a plain connection, outside of any transaction and role."""
        if self._pool is None:
            msg = "the database is not open: use it within the application's lifespan"
            raise RuntimeError(msg)
        async with self._pool.acquire(timeout=self._settings.database_timeout) as connection:
            yield cast("Connection", connection)

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
    if tenants == "*":
        scope = "*"
    else:
        names = list(tenants)
        if any(not _TENANT.fullmatch(name) for name in names):
            msg = "a tenant's id has a character that is not allowed"
            raise ValueError(msg)
        scope = ",".join(names)
    mode = "BEGIN READ ONLY" if read_only else "BEGIN"
    return f"{mode}; SET LOCAL ROLE {role_of(schema)}; SET LOCAL sprintia.tenants = '{scope}'"


async def _roll_back(connection: Connection) -> None:
    if not connection.is_closed():
        try:
            await connection.execute("ROLLBACK")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            connection.terminate()  # its state is unknown: it must not go back into the pool


async def _nothing_to_reset(_connection: object) -> None:
    return


def session_class(schema: str) -> type[Session]:
    """Make the SQLAlchemy session class whose transactions run as the role of `schema`."""
    take_role = text(f"SET LOCAL ROLE {role_of(schema)}")
    made = type(f"{schema.title()}Session", (Session,), {})

    def begin(_session: Session, _transaction: SessionTransaction, connection: SyncConnection) -> None:
        connection.execute(take_role)

    event.listen(made, "after_begin", begin)
    return made
