"""Each plugin's schema, brought up to date by itself.

One PostgreSQL schema per plugin with its own Alembic version table inside, so that processes with different plugins
never stumble over each other's revisions. A plugin's `env.py` is two lines that call `run_environment`.
"""

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command, context
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from sprintia_platform.database.connections import role_of
from sprintia_platform.database.urls import shown, sqlalchemy_url
from sprintia_platform.errors import StartupError
from sprintia_platform.plugins import HOST_PLUGIN
from sprintia_platform.records import DatabaseSpec

VERSION_TABLE = "alembic_version"
_CONNECT_SECONDS = 10.0
EVERY_PLUGIN = "sprintia_plugin"
"""The role that each plugin's role is a member of: what all may do, such as appending to the audit log."""


@dataclass(frozen=True, slots=True)
class SchemaState:
    """Where one plugin's schema stands.

    Attributes:
        schema: the plugin's name.
        current: the revision in the database.
        head: the revision that the code needs.
        differences: between the tables and the metadata; empty unless they were asked for.
    """

    schema: str
    current: str | None
    head: str | None
    differences: tuple[str, ...] = ()

    @property
    def up_to_date(self) -> bool:
        return self.current == self.head and not self.differences


async def upgrade(url: URL, specs: Mapping[str, DatabaseSpec], login: str | None = None) -> list[SchemaState]:
    """Create roles and schemas that are missing and run every outstanding migration, the host's own first.

    Args:
        url: the owner of the schemas; it must be able to create roles, or find them made.
        specs: what each plugin owns, by schema.
        login: the user that serves requests, when it is another one; it is granted the plugins' roles.

    Raises:
        StartupError: the database cannot be reached or refuses.
    """
    return await _with_connection(url, lambda connection: [
        _upgrade_one(connection, schema, specs[schema], login) for schema in _ordered(specs)
    ])  # fmt: skip


async def states(url: URL, specs: Mapping[str, DatabaseSpec], *, compare: bool = False) -> list[SchemaState]:
    """Tell where each schema stands; with `compare`, also how its tables differ from the metadata."""
    return await _with_connection(url, lambda connection: [
        _state(connection, schema, specs[schema], compare=compare) for schema in _ordered(specs)
    ])  # fmt: skip


def require_up_to_date(found: list[SchemaState]) -> None:
    """Raise unless every schema stands at its head.

    Raises:
        StartupError: naming each that does not.
    """
    faults = [
        f"schema {state.schema!r} is at revision {state.current or 'none'}, the code needs {state.head}: "
        "run `sprintia db upgrade`"
        for state in found
        if state.current != state.head
    ]
    if faults:
        raise StartupError(faults)


def run_environment() -> None:
    """Run the migrations of the schema that the host is working on; called by each plugin's `env.py`."""
    attributes = context.config.attributes
    schema: str = attributes["schema"]
    context.configure(
        connection=attributes["connection"],
        target_metadata=attributes["metadata"],
        version_table=VERSION_TABLE,
        version_table_schema=schema,
        transaction_per_migration=True,
        **_comparison(schema),
    )
    with context.begin_transaction():
        context.run_migrations()


def _comparison(schema: str) -> dict[str, Any]:
    def only_mine(name: str | None, kind: str, _parents: Mapping[str, str | None]) -> bool:
        return name == schema if kind == "schema" else name != VERSION_TABLE

    return {"include_schemas": True, "include_name": only_mine, "compare_type": True, "compare_server_default": True}


def alembic_config(schema: str, spec: DatabaseSpec, connection: Connection | None = None) -> Config:
    """The Alembic configuration of one plugin; no ini file."""
    package, _, folder = spec.migrations.partition(":")
    origin = importlib.import_module(package).__file__
    config = Config()
    config.set_main_option("script_location", str(Path(origin or "").parent / folder))
    config.set_main_option("path_separator", "os")
    config.attributes.update(schema=schema, metadata=spec.metadata, connection=connection)
    return config


def _ordered(specs: Mapping[str, DatabaseSpec]) -> list[str]:
    return sorted(specs, key=lambda name: (name != HOST_PLUGIN, name))


def _upgrade_one(connection: Connection, schema: str, spec: DatabaseSpec, login: str | None) -> SchemaState:
    with _only_one_at_a_time(connection, schema):
        _prepare(connection, schema, spec, login)
        command.upgrade(alembic_config(schema, spec, connection), "head")
        # A server asks for the revision at its start, and need not know the owner's password for that.
        # It may not change it, whatever it gets on the plugin's own tables.
        connection.execute(text(f"REVOKE ALL ON {schema}.{VERSION_TABLE} FROM {role_of(schema)}"))
        connection.execute(text(f"GRANT SELECT ON {schema}.{VERSION_TABLE} TO {role_of(schema)}"))
        connection.commit()
        return _state(connection, schema, spec, compare=False)


@contextmanager
def _only_one_at_a_time(connection: Connection, schema: str) -> Iterator[None]:
    # Two processes that start at once both come here; the second finds nothing left to do.
    key = {"key": f"sprintia.migrations.{schema}"}
    connection.execute(text("SET statement_timeout = '5min'"))
    connection.execute(text("SELECT pg_advisory_lock(hashtext(:key))"), key)
    connection.execute(text("SET lock_timeout = '10s'"))
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text("SET lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_unlock(hashtext(:key))"), key)
        connection.commit()


def _prepare(connection: Connection, schema: str, spec: DatabaseSpec, login: str | None) -> None:
    role = role_of(schema)
    _ensure_role(connection, EVERY_PLUGIN)
    _ensure_role(connection, role)
    _ensure_member(connection, EVERY_PLUGIN, role)
    statements = [f"CREATE SCHEMA IF NOT EXISTS {schema}", f"GRANT USAGE ON SCHEMA {schema} TO {role}"]
    if spec.grants == "all":
        statements += [
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT USAGE ON SEQUENCES TO {role}",
        ]
    for statement in statements:
        connection.execute(text(statement))
    if login is not None:
        _ensure_member(connection, role, login)
    connection.commit()


def _ensure_role(connection: Connection, role: str) -> None:
    # Roles belong to the whole server: another database's upgrade may be making the same one right now.
    connection.execute(
        text(f"""
        DO $$ BEGIN
          IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
            CREATE ROLE {role} NOLOGIN;
          END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$""")
    )
    _ensure_member(connection, role, str(connection.scalar(text("SELECT current_user"))))


def _ensure_member(connection: Connection, role: str, member: str) -> None:
    # Asked first: an owner without CREATEROLE may not grant, not even what an administrator has granted already.
    if not connection.scalar(text("SELECT pg_has_role(:member, :role, 'MEMBER')"), {"member": member, "role": role}):
        quoted = connection.dialect.identifier_preparer.quote(member)
        connection.execute(text(f"GRANT {role} TO {quoted}"))


def _state(connection: Connection, schema: str, spec: DatabaseSpec, *, compare: bool) -> SchemaState:
    migration = MigrationContext.configure(
        connection, opts={"version_table": VERSION_TABLE, "version_table_schema": schema, **_comparison(schema)}
    )
    head = ScriptDirectory.from_config(alembic_config(schema, spec)).get_current_head()
    differences = tuple(str(change) for change in compare_metadata(migration, spec.metadata)) if compare else ()
    state = SchemaState(schema, migration.get_current_revision(), head, differences)
    connection.rollback()
    return state


async def _with_connection(url: URL, work: Callable[[Connection], list[SchemaState]]) -> list[SchemaState]:
    engine = create_async_engine(
        sqlalchemy_url(url), poolclass=NullPool, hide_parameters=True, connect_args={"timeout": _CONNECT_SECONDS}
    )
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(work)
    except (OSError, TimeoutError) as error:
        raise StartupError(cannot_connect(url, error)) from error
    except DBAPIError as error:
        raise StartupError(_refusal(url, error)) from error
    finally:
        await engine.dispose()


def cannot_connect(url: URL, error: BaseException) -> str:
    """Say in one line that the database does not answer, and what to check."""
    cure = "check that PostgreSQL runs and that DATABASE_URL is right"
    return f"cannot connect to {shown(url)} ({type(error).__name__}): {cure}"


def _refusal(url: URL, error: DBAPIError) -> str:
    state = getattr(error.orig, "sqlstate", None) or ""
    if state.startswith("28"):
        return f"{shown(url)} refuses this user or password: correct DATABASE_URL"
    if state == "3D000":
        return f"{shown(url)} has no such database: create it (createdb), or correct DATABASE_URL"
    if state == "42501":
        return (
            f"{shown(url)}: this user may not create the roles and schemas: let an administrator run "
            "deploy/postgresql/roles.sql once, or name an owner in SPRINTIA_DATABASE_OWNER_URL"
        )
    if state.startswith("08") or not state:
        return cannot_connect(url, error.orig or error)
    first_line = str(error.orig).partition("\n")[0].rpartition(">: ")[2]
    return f"{shown(url)} refused a migration (SQLSTATE {state}): {first_line}"
