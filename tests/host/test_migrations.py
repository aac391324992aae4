"""Each plugin's schema: made from nothing, taken back, made again, by several at once, and never half."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import SPRINTIA
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from sprintia_platform import DatabaseSpec
from sprintia_platform.database.migrations import SchemaState, alembic_config, require_up_to_date, states, upgrade
from sprintia_platform.database.urls import parse_database_url, sqlalchemy_url
from sprintia_platform.errors import StartupError
from sprintia_platform.host import Host

INSTALLED = Host(environ={"DATABASE_URL": "postgresql://nobody@localhost/none"})
SPECS: dict[str, DatabaseSpec] = INSTALLED.databases
"""What every installed plugin owns: a new plugin is tested without a word here."""


def up(url: str, specs: dict[str, DatabaseSpec]) -> list[SchemaState]:
    return asyncio.run(upgrade(parse_database_url(url), specs))


def check(url: str, specs: dict[str, DatabaseSpec]) -> list[SchemaState]:
    return asyncio.run(states(parse_database_url(url), specs, compare=True))


def down(url: str, schema: str) -> None:
    """Take one schema's migrations back, to nothing."""

    def work(connection: Connection) -> None:
        command.downgrade(alembic_config(schema, SPECS[schema], connection), "base")
        connection.commit()

    async def main() -> None:
        engine = create_async_engine(sqlalchemy_url(parse_database_url(url)), poolclass=NullPool)
        async with engine.connect() as connection:
            await connection.run_sync(work)
        await engine.dispose()

    asyncio.run(main())


def tables_of(url: str, schema: str) -> set[str]:
    rows = TestDatabases.run(
        url, "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relkind = 'r'", schema
    )
    return {row["relname"] for row in rows}


def functions_of(url: str, schema: str) -> set[str]:
    """The schema's own functions; those of an extension are not a migration's."""
    rows = TestDatabases.run(
        url,
        "SELECT proname FROM pg_proc p WHERE pronamespace = to_regnamespace($1) "
        "AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')",
        schema,
    )
    return {row["proname"] for row in rows}


def test_no_installed_plugin_is_left_out() -> None:
    assert INSTALLED.registry.failures == []


def test_every_schema_comes_from_nothing_and_is_what_the_code_says(empty_database_url: str) -> None:
    made = up(empty_database_url, SPECS)
    assert made[0].schema == "platform"
    assert {state.schema for state in made} == set(SPECS)
    for state in check(empty_database_url, SPECS):
        assert state.differences == (), state.schema
        assert state.up_to_date
    assert up(empty_database_url, SPECS) == made  # a second time there is nothing to do


@pytest.mark.parametrize("schema", sorted(SPECS))
def test_a_schema_is_taken_back_and_made_again(empty_database_url: str, schema: str) -> None:
    up(empty_database_url, SPECS)
    made, functions = tables_of(empty_database_url, schema), functions_of(empty_database_url, schema)
    assert len(made) > 1
    down(empty_database_url, schema)
    assert tables_of(empty_database_url, schema) == {"alembic_version"}
    assert functions_of(empty_database_url, schema) == set()
    (state,) = check(empty_database_url, {schema: SPECS[schema]})
    assert state.current is None
    assert state.differences
    up(empty_database_url, SPECS)
    assert (tables_of(empty_database_url, schema), functions_of(empty_database_url, schema)) == (made, functions)
    assert all(state.up_to_date for state in check(empty_database_url, SPECS))


@pytest.mark.parametrize("schema", sorted(SPECS))
def test_a_schema_can_be_made_alone(empty_database_url: str, schema: str) -> None:
    up(empty_database_url, {name: SPECS[name] for name in {"platform", schema}})
    rows = TestDatabases.run(
        empty_database_url,
        "SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg_%' AND nspname <> 'information_schema'",
    )
    assert {row["nspname"] for row in rows} == {"public", "platform", schema}
    for other in set(SPECS) - {"platform", schema}:
        with pytest.raises(StartupError, match=f"schema '{other}' is at revision none"):
            require_up_to_date(check(empty_database_url, SPECS))


def test_what_differs_is_told(empty_database_url: str) -> None:
    up(empty_database_url, SPECS)
    TestDatabases.run(empty_database_url, "ALTER TABLE platform.api_key ADD COLUMN surprise text")
    TestDatabases.run(empty_database_url, "ALTER TABLE config.document ALTER COLUMN version TYPE integer")
    TestDatabases.run(empty_database_url, "DROP INDEX config.uq_delivery_accepted")
    differences = {state.schema: " ".join(state.differences) for state in check(empty_database_url, SPECS)}
    assert "surprise" in differences["platform"]
    assert "version" in differences["config"]
    assert "uq_delivery_accepted" in differences["config"]


def test_processes_that_migrate_at_once_do_no_harm(empty_database_url: str, tmp_path: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SPRINTIA_", "API_KEY"))}
    environ = clean | {"DATABASE_URL": empty_database_url, "SPRINTIA_DATA_DIR": str(tmp_path)}
    running = [
        subprocess.Popen([SPRINTIA, "db", "upgrade", "--json"], env=environ, stdout=-1, stderr=-1) for _ in range(3)
    ]
    for process in running:
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, b"")
    assert all(state.up_to_date for state in check(empty_database_url, SPECS))


def test_foreign_schemas_and_their_rights_stay_as_they_were(empty_database_url: str) -> None:
    for statement in (
        "CREATE SCHEMA odoo", "CREATE TABLE odoo.res_partner (id serial PRIMARY KEY, name text)",
        "INSERT INTO odoo.res_partner (name) VALUES ('a')", "CREATE TABLE public.theirs (document text)",
        "CREATE TABLE odoo.document (id int)",
    ):  # fmt: skip
        TestDatabases.run(empty_database_url, statement)
    rights = (
        "SELECT nspname, nspacl::text FROM pg_namespace WHERE nspname IN ('odoo', 'public') UNION ALL "
        "SELECT 'database', datacl::text FROM pg_database WHERE datname = current_database()"
    )
    before = TestDatabases.run(empty_database_url, rights)
    up(empty_database_url, SPECS)
    assert all(state.up_to_date for state in check(empty_database_url, SPECS))
    for schema in sorted(SPECS, reverse=True):
        down(empty_database_url, schema)
    assert tables_of(empty_database_url, "odoo") == {"res_partner", "document"}
    assert tables_of(empty_database_url, "public") == {"theirs"}
    assert len(TestDatabases.run(empty_database_url, "SELECT * FROM odoo.res_partner")) == 1
    # A database shared with others keeps what they rely on.
    assert TestDatabases.run(empty_database_url, rights) == before


ENVIRONMENT = "from sprintia_platform.database.migrations import run_environment\n\nrun_environment()\n"
MIGRATION = """
from alembic import op

revision, down_revision, branch_labels, depends_on = {revision!r}, {before!r}, None, None


def upgrade():
    op.execute("CREATE TABLE shop.{table} (tenant_id text PRIMARY KEY)")
    {then}


def downgrade():
    op.execute("DROP TABLE shop.{table}")
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A plugin `shop` on disk, whose second migration does what the test says."""

    def make(then: str) -> dict[str, DatabaseSpec]:
        folder = tmp_path / "shop_package" / "migrations"
        versions = folder / "versions"
        versions.mkdir(parents=True, exist_ok=True)
        (tmp_path / "shop_package" / "__init__.py").touch()
        (folder / "env.py").write_text(ENVIRONMENT)
        first = MIGRATION.format(revision="0001", before=None, table="first", then="pass")
        (versions / "0001_first.py").write_text(first)
        second = MIGRATION.format(revision="0002", before="0001", table="second", then=then)
        (versions / "0002_second.py").write_text(second)
        return {"shop": DatabaseSpec(metadata=MetaData(schema="shop"), migrations="shop_package:migrations")}

    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # the file changes within one second
    yield make
    sys.modules.pop("shop_package", None)


@pytest.mark.parametrize(
    "then",
    [
        'op.execute("INSERT INTO shop.nowhere VALUES (1)")',
        'op.execute("SELECT 1 / 0")',
        'op.execute("INSERT INTO shop.second VALUES (NULL)")',
    ],
)
def test_a_migration_that_fails_leaves_nothing_of_itself(empty_database_url: str, shop: Any, then: str) -> None:
    with pytest.raises(StartupError, match="refused a migration"):
        up(empty_database_url, shop(then))
    assert tables_of(empty_database_url, "shop") == {"alembic_version", "first"}
    (state,) = asyncio.run(states(parse_database_url(empty_database_url), shop(then)))
    assert (state.current, state.head) == ("0001", "0002")
    with pytest.raises(StartupError, match="run `sprintia db upgrade`"):
        require_up_to_date([state])
    # No lock is left behind: the mended one runs.
    (mended,) = up(empty_database_url, shop("pass"))
    assert mended.current == "0002"
    assert tables_of(empty_database_url, "shop") == {"alembic_version", "first", "second"}


def test_a_plugins_role_gets_the_rights_that_it_asked_for(empty_database_url: str, shop: Any) -> None:
    up(empty_database_url, shop("pass"))
    for table in ("first", "second"):
        TestDatabases.run_as(empty_database_url, "shop", "*", f"INSERT INTO shop.{table} VALUES ('t')")
        assert TestDatabases.run_as(empty_database_url, "shop", "*", f"SELECT * FROM shop.{table}")
    (row,) = TestDatabases.run(
        empty_database_url, "SELECT has_table_privilege('sprintia_shop', 'shop.alembic_version', 'UPDATE') AS may"
    )
    assert row["may"] is False
