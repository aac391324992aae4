"""Owner, login and plugin roles on a PostgreSQL of one's own: nobody who serves is a superuser, or owns a table."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import asyncpg
import pytest
from sprintia_testing.commands import CommandLine, CommandLineHere
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform

from sprintia_platform.database.urls import parse_database_url

SCRIPT = Path(__file__).parents[2] / "deploy" / "postgresql" / "roles.sql"

NO_EXTENSIONS = """
    CREATE FUNCTION public.no_extensions() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
            RAISE EXCEPTION 'extensions are for administrators' USING ERRCODE = 'insufficient_privilege';
        END IF;
    END $$"""
"""As managed PostgreSQL does it."""


class Users(NamedTuple):
    """One database, by user."""

    administrator: str
    owner: str
    login: str


@pytest.fixture
def users(empty_database_url: str, databases: TestDatabases) -> Iterator[Users]:
    """An empty database, an owner without CREATEROLE and a login user, before the script ran."""
    for name in ("sprintia_owner", "sprintia_login"):
        databases.run(empty_database_url, f"CREATE ROLE {name} LOGIN")
    url = parse_database_url(empty_database_url)
    owner, login = (
        url.set(username=name).render_as_string(hide_password=False) for name in ("sprintia_owner", "sprintia_login")
    )
    yield Users(empty_database_url, owner, login)
    for name in ("sprintia_owner", "sprintia_login"):
        databases.run(empty_database_url, f"DROP OWNED BY {name} CASCADE")
        databases.run(empty_database_url, f"DROP ROLE {name}")


@pytest.fixture
def command(users: Users, tmp_path: Path) -> CommandLine:
    return CommandLineHere(
        {
            "DATABASE_URL": users.login,
            "SPRINTIA_DATABASE_OWNER_URL": users.owner,
            "SPRINTIA_DATA_DIR": str(tmp_path),
        }
    )


@pytest.fixture
def prepared(users: Users, command: CommandLine, databases: TestDatabases) -> Users:
    """The same, once the script ran and the owner upgraded; each twice, as it happens in life."""
    for _ in range(2):
        databases.run(users.administrator, SCRIPT.read_text(encoding="utf-8"))
    for _ in range(2):
        assert all(state["up_to_date"] for state in command.json("db", "upgrade"))
    return users


def test_without_the_script_the_upgrade_names_it(command: CommandLine) -> None:
    assert "let an administrator run deploy/postgresql/roles.sql" in command.refusal("db", "upgrade")


def test_an_extension_that_only_an_administrator_may_create_is_named_with_the_statement(
    users: Users, command: CommandLine, databases: TestDatabases
) -> None:
    databases.run(users.administrator, SCRIPT.read_text(encoding="utf-8"))
    databases.run(users.administrator, NO_EXTENSIONS)
    databases.run(
        users.administrator,
        "CREATE EVENT TRIGGER no_extensions ON ddl_command_start WHEN TAG IN ('CREATE EXTENSION') "
        "EXECUTE FUNCTION public.no_extensions()",
    )
    refused = command.refusal("db", "upgrade")
    assert refused == (
        "this user may not create the extension pg_trgm, which the search needs (extensions are for administrators): "
        "let an administrator run `CREATE EXTENSION pg_trgm` in this database, then run `sprintia db upgrade`"
    )
    databases.run(users.administrator, "CREATE EXTENSION pg_trgm")
    assert all(state["up_to_date"] for state in command.json("db", "upgrade"))


def test_the_script_asks_for_every_plugin_with_tables(prepared: Users, databases: TestDatabases) -> None:
    owners = databases.run(
        prepared.administrator,
        "SELECT DISTINCT schemaname, tableowner FROM pg_tables WHERE schemaname !~ '^(pg_|information_)'",
    )
    assert {row["schemaname"] for row in owners} >= {"platform", "config"}
    assert {row["tableowner"] for row in owners} == {"sprintia_owner"}
    rights = databases.run(
        prepared.administrator,
        "SELECT rolname FROM pg_roles WHERE rolname IN ('sprintia_owner', 'sprintia_login') "
        "AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls)",
    )
    assert rights == []


def test_a_login_user_without_rights_of_its_own_serves(
    prepared: Users,
    run_platform: Callable[..., RunningPlatform],
    sample: Callable[[str], str],
    databases: TestDatabases,
) -> None:
    # Without the owner's URL: a server never needs it.
    platform = run_platform(DATABASE_URL=prepared.login)
    json_type = {"Content-Type": "application/json"}
    for name in (
        "webhook_credentials_nested_addon.json",
        "webhook_credentials_flat.json",
        "webhook_mapping_addon.json",
    ):
        answer = platform.client.post("/odoo-webhook/", content=sample(name), headers=json_type)
        assert answer.status_code == 200, answer.text
    secret = platform.client.get("/config/secrets/account_1/fb_token_account_1")
    assert secret.json()["value"] == "fake"
    assert platform.client.get("/health/ready").status_code == 200
    assert platform.client.get("/config/search?q=account_1").json()["hits"]
    admin = platform.with_rights("admin")
    assert admin.get("/audit?tenant=account_1").json()["events"]

    count = "SELECT count(DISTINCT tenant_id) FROM config.document_version"
    assert databases.run_as(prepared.login, "config", ["account_1"], count) == [{"count": 1}]
    assert databases.run_as(prepared.login, "config", [], count) == [{"count": 0}]
    # FORCE: the owner, too, sees only the tenants that it names, and without a role none.
    for user in (prepared.owner, prepared.login):
        assert databases.run(user, count) == [{"count": 0}]
    assert databases.run(prepared.administrator, count) == [{"count": 2}]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM config.document_version",
        "UPDATE platform.audit_event SET actor = 'nobody'",
        "DROP TABLE config.document",
        "ALTER TABLE config.document DISABLE ROW LEVEL SECURITY",
        "CREATE SCHEMA mine",
        "CREATE TABLE config.mine (id int)",
        "CREATE ROLE mine",
        "SELECT * FROM config.document_version, platform.api_key",
    ],
)
def test_a_plugins_role_can_do_no_more_than_its_work(prepared: Users, databases: TestDatabases, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        databases.run_as(prepared.login, "config", "*", statement)


def test_the_servers_start_and_the_state_commands_need_no_owner(prepared: Users, tmp_path: Path) -> None:
    login = CommandLineHere({"DATABASE_URL": prepared.login, "SPRINTIA_DATA_DIR": str(tmp_path)})
    assert all(state["up_to_date"] for state in login.json("db", "current"))
    assert "may not create the roles and schemas" in login.refusal("db", "upgrade")
