"""Attacks with SQL: what a plugin's role can do in another tenant's rows, in other schemas and on the server.

Each attack runs as the role itself (SET SESSION AUTHORIZATION). Two things are inherent, and so no test forbids them: a
statement that an attacker writes whole can name other tenants in `sprintia.tenants`, and can take any role that the
login user is a member of. Row-level security is the second wall behind the checks of the routes, against a query that
forgot its tenant; statements are never put together from what a caller sent.
"""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.shared import shared_platform

from sprintia_platform.database.migrations import upgrade
from sprintia_platform.database.urls import parse_database_url
from sprintia_platform.host import Host

WITHOUT_TENANT = {
    ("platform", "api_key"): "keys belong to operators; a key names the tenants that it reaches",
    ("platform", "alembic_version"): "the schema's revision",
    ("config", "alembic_version"): "the schema's revision",
    ("config", "document_schema"): "a schema of a config type holds for every tenant",
    ("config", "schema_delivery"): "names which version of a schema answered a delivery: no content, no secret",
    ("viewer", "alembic_version"): "the schema's revision",
    ("viewer", "user"): "people belong to the platform; a column names the tenants that somebody reaches",
    ("viewer", "session"): "a person's",
    ("viewer", "totp"): "a person's",
    ("viewer", "recovery_code"): "a person's",
    ("viewer", "one_time_link"): "a person's, or nobody's yet",
    ("viewer", "attempt"): "counts failures before anybody is known",
    ("viewer", "oidc_login"): "stands for who is not known yet",
}
"""Tables that belong to no tenant, each with its reason. Whatever is not here must be walled."""

HISTORY = ("config.document_version", "config.mapping_version", "config.secret_version", "config.delivery",
           "config.retention_horizon", "config.removed_versions", "platform.audit_event")  # fmt: skip
"""What only grows."""


@pytest.fixture(scope="module")
def platform(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with shared_platform(databases, tmp_path_factory.mktemp("rows")) as running:
        for number, tenant in enumerate(("one", "two")):
            fill(running, tenant, number)
            superuser(running, "INSERT INTO config.retention_horizon VALUES ($1, 1, now())", tenant)
            superuser(running, "INSERT INTO config.removed_versions VALUES ($1, '', '', 1, 1, now(), now())", tenant)
        yield running


def fill(platform: RunningPlatform, tenant: str, number: int) -> None:
    """Leave rows of a tenant in every table."""
    client = platform.with_rights()
    mapping = {"chatwoot_account_id": number, "internal_account_id": tenant, "domain": "retail"}
    headers = {"webhook-id": f"delivery-{tenant}", "webhook-sequence": "1"}
    answers = [
        client.post("/odoo-webhook/", headers=headers, json={
            "event_type": "credentials_sync", "account_id": tenant, "domain": "retail", "token": "t",
            "odoo_password": f"the password of {tenant}"}),
        client.post("/odoo-webhook/", json={"event_type": "mapping_sync", "mapping": mapping}),
        client.post(f"/config/tenants/{tenant}/webhook-secrets", json={}),
        client.put(f"/config/tenants/{tenant}/pins/run", json={"revision": 1}),
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [200, 200, 201, 200], [answer.text for answer in answers]


async def attack(url: str, role: str, tenants: str, statement: str, *arguments: Any) -> list[dict[str, Any]] | str:
    """Run one statement as a role and roll it back: its rows, or its SQLSTATE."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"SET SESSION AUTHORIZATION {role}; BEGIN; SET LOCAL sprintia.tenants = '{tenants}'")
        try:
            return [dict(row.items()) for row in await connection.fetch(statement, *arguments)]
        except asyncpg.PostgresError as error:
            return str(error.sqlstate)
    finally:
        await connection.close()


def run(platform: RunningPlatform, role: str, tenants: str, statement: str, *arguments: Any) -> Any:
    return asyncio.run(attack(platform.database_url, role, tenants, statement, *arguments))


def superuser(platform: RunningPlatform, statement: str, *arguments: Any) -> list[dict[str, Any]]:
    return TestDatabases.run(platform.database_url, statement, *arguments)


def tables(platform: RunningPlatform) -> list[tuple[str, str]]:
    """Every table of every schema that is not PostgreSQL's own."""
    rows = superuser(
        platform,
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relkind IN ('r', 'p', 'f', 'm', 'v') AND n.nspname NOT LIKE 'pg_%' "
        "AND n.nspname <> 'information_schema' ORDER BY 1, 2",
    )
    return [(row["nspname"], row["relname"]) for row in rows]


def columns(platform: RunningPlatform, table: str) -> list[str]:
    rows = superuser(
        platform, "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0", table
    )
    return [row["attname"] for row in rows]


def walled(platform: RunningPlatform) -> list[tuple[str, str, str]]:
    """(table, role, tenant column) of each table with tenants."""
    return [
        (f"{schema}.{table}", f"sprintia_{schema}", "tenant_id")
        for schema, table in tables(platform)
        if (schema, table) not in WITHOUT_TENANT
    ]


def test_every_table_forces_row_security_by_tenant(platform: RunningPlatform) -> None:
    found = tables(platform)
    assert {("config", "document"), ("platform", "audit_event")} < set(found)
    assert set(WITHOUT_TENANT) <= set(found), "WITHOUT_TENANT names tables that are gone"
    for table, _, _ in walled(platform):
        (row,) = superuser(
            platform,
            "SELECT relrowsecurity, relforcerowsecurity, (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid) AS "
            "policies, ARRAY(SELECT attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND "
            "a.attnum = ANY (i.indkey) WHERE i.indrelid = c.oid AND i.indisprimary) AS key "
            "FROM pg_class c WHERE c.oid = $1::text::regclass",
            table,
        )
        assert row["relrowsecurity"], f"{table} has no row security"
        assert row["relforcerowsecurity"], f"{table} does not force it on its owner"
        assert row["policies"] == 1, table
        assert "tenant_id" in row["key"], f"the key of {table} has no tenant_id"


def test_every_reference_stays_within_its_tenant(platform: RunningPlatform) -> None:
    # PostgreSQL checks references without row security: only the tenant's id within them keeps them apart.
    references = superuser(
        platform,
        "SELECT conrelid::regclass::text AS table, conname, n.nspname, c.relname, "
        "ARRAY(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY k (n, o) JOIN pg_attribute "
        "ON attrelid = conrelid AND attnum = n ORDER BY o) AS own, "
        "ARRAY(SELECT attname::text FROM unnest(confkey) WITH ORDINALITY k (n, o) JOIN pg_attribute "
        "ON attrelid = confrelid AND attnum = n ORDER BY o) AS other FROM pg_constraint "
        "JOIN pg_class c ON c.oid = conrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE contype = 'f'",
    )
    tenants_own = [each for each in references if (each["nspname"], each["relname"]) not in WITHOUT_TENANT]
    assert tenants_own
    for reference in tenants_own:
        assert ("tenant_id", "tenant_id") in zip(reference["own"], reference["other"], strict=True), reference


def test_a_transaction_of_another_tenant_reaches_no_row(platform: RunningPlatform) -> None:
    for table, role, column in walled(platform):
        mine = f"SELECT {column} FROM {table} WHERE {column} = 'one'"
        assert superuser(platform, mine), f"{table} has no row to attack: let fill() make one"
        assert run(platform, role, "one", mine), table  # the wall has a door for its own tenant
        for scope in ("two", "two,three", "", "One", "on", "one two", "*,*"):
            assert run(platform, role, scope, mine) == [], (table, scope)
        assert {row[column] for row in run(platform, role, "two", f"SELECT {column} FROM {table}")} == {"two"}, table
        assert run(platform, role, "two", f"DELETE FROM {table} WHERE {column} = 'one' RETURNING 1") in ([], "42501")
        for name in columns(platform, table):
            changed = f"UPDATE {table} SET {name} = {name} WHERE {column} = 'one' RETURNING 1"
            assert run(platform, role, "two", changed) in ([], "42501", "428C9"), (table, name)
        moved = f"UPDATE {table} SET {column} = 'one' WHERE {column} = 'two' RETURNING 1"
        assert run(platform, role, "two", moved) in ("42501", "428C9"), table  # not even one's own row given away


def test_no_row_can_be_written_for_another_tenant(platform: RunningPlatform) -> None:
    for table, role, column in walled(platform):
        (given,) = superuser(platform, f"SELECT to_jsonb(t)::text AS row FROM {table} t WHERE {column} = 'one' LIMIT 1")
        insert = (
            f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM jsonb_populate_record(NULL::{table}, $1::jsonb)"
        )
        assert run(platform, role, "two", insert, given["row"]) == "42501", table


def test_a_head_cannot_point_at_another_tenants_version(platform: RunningPlatform) -> None:
    assert platform.client.post("/configs/one/here/config", json={"yaml_content": "a: 1\n"}).status_code == 200
    point = "INSERT INTO config.document (tenant_id, domain, config_type, version) VALUES ('two', 'here', 'config', 1)"
    assert run(platform, "sprintia_config", "two", point) == "23503"
    move = "UPDATE config.document SET version = 99 WHERE tenant_id = 'two'"
    assert run(platform, "sprintia_config", "two", move) == "23503"


def test_history_can_only_grow(platform: RunningPlatform) -> None:
    for table in HISTORY:
        role = f"sprintia_{table.partition('.')[0]}"
        for name in columns(platform, table):
            changed = run(platform, role, "one", f"UPDATE {table} SET {name} = {name}")
            assert changed in {"42501", "428C9"}, (table, name)  # 428C9: an identity, which nobody may set
        assert run(platform, role, "one", f"DELETE FROM {table}") == "42501", table
        assert run(platform, role, "one", f"TRUNCATE {table} CASCADE") == "42501", table
    for role in ("sprintia_config", "sprintia_platform"):
        write = "INSERT INTO platform.audit_event VALUES ('one', 99, now(), 'a', 'b', 'c', '{}', '', '')"
        assert run(platform, role, "one", write) == "42501"
        assert run(platform, role, "one", "UPDATE platform.audit_chain SET seq = 0") == "42501"


def test_history_of_another_tenant_cannot_be_removed_and_its_rules_cannot_be_asked_away(
    platform: RunningPlatform,
) -> None:
    remove = "SELECT config.remove_versions('one', 'retail', 'config', $1, $2, 10)"
    mappings = "SELECT config.remove_mappings('one', $1, $2, 10)"
    for statement in (remove, mappings):
        for scope in ("two", "", "one two", "On"):
            assert run(platform, "sprintia_config", scope, statement, 1, 1) == "42501", scope
        for keep, days in ((0, 1), (1, 0), (None, 1), (1, None)):
            assert run(platform, "sprintia_config", "one", statement, keep, days) == "22023"
        assert run(platform, "sprintia_platform", "one", statement, 1, 1) == "42501"
    count = "SELECT count(*) FROM config.removable_versions('one', 'retail', 'config', 1, 1, NULL)"
    assert run(platform, "sprintia_config", "two", count) == [{"count": 0}]
    for inner in ("config.begin_removal('one', 1, 1)", "config.raise_horizon('one', 9, now())"):
        assert run(platform, "sprintia_config", "one", f"SELECT {inner}") == "42501"


def test_the_audit_log_of_another_tenant_cannot_be_written(platform: RunningPlatform) -> None:
    append = "SELECT platform.append_audit($1, 'a', 'b', 'c', '{}', '')"
    assert isinstance(run(platform, "sprintia_config", "two", append, "two"), list)
    assert isinstance(run(platform, "sprintia_config", "*", append, "one"), list)
    for scope, tenant in (("two", "one"), ("two", "*"), ("", "one"), ("", "")):
        assert run(platform, "sprintia_config", scope, append, tenant) == "42501", (scope, tenant)


ATTACKS = [
    "SET ROLE sprintia_platform",
    "SET ROLE sprintia",
    "SELECT * FROM platform.api_key",
    "SELECT * FROM platform.audit_event",
    "SELECT * FROM platform.alembic_version",
    "UPDATE config.alembic_version SET version_num = ''",
    "SELECT rolpassword FROM pg_authid",
    "SELECT * FROM pg_shadow",
    "COPY (SELECT 1) TO PROGRAM 'cat >/dev/null'",
    "COPY config.document FROM PROGRAM 'echo'",
    "COPY (SELECT 1) TO '/tmp/never'",
    "SELECT pg_read_file('postgresql.conf')",
    "SELECT pg_read_binary_file('global/pg_control')",
    "SELECT pg_ls_dir('.')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT pg_reload_conf()",
    "CREATE EXTENSION hstore SCHEMA config",
    "CREATE SCHEMA mine",
    "CREATE TABLE config.mine (a int)",
    "CREATE TABLE public.mine (a int)",
    "CREATE FUNCTION config.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TEMPORARY TABLE mine (a int)",
    "CREATE ROLE mine",
    "ALTER ROLE sprintia_config SUPERUSER",
    "ALTER ROLE sprintia_config BYPASSRLS",
    "GRANT sprintia_platform TO sprintia_config",
    "ALTER TABLE config.document DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE config.document NO FORCE ROW LEVEL SECURITY",
    "DROP POLICY by_tenant ON config.document",
    "CREATE POLICY mine ON config.document USING (true)",
    "ALTER FUNCTION platform.append_audit SECURITY INVOKER",
    "CREATE TRIGGER mine AFTER INSERT ON config.document EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE RULE mine AS ON INSERT TO config.document DO ALSO NOTHING",
    "SET LOCAL session_replication_role = 'replica'",
    "DROP TABLE config.document",
    "TRUNCATE config.mapping_entry",
    "LOCK TABLE config.document_version IN ACCESS EXCLUSIVE MODE",
]


@pytest.fixture(scope="module")
def upgraded(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database that the migrations themselves made ready: rights on a database are not copied with a template."""
    url = databases.create(migrated=False)
    host = Host(environ={"DATABASE_URL": url, "SPRINTIA_DATA_DIR": str(tmp_path_factory.mktemp("data"))})
    asyncio.run(upgrade(parse_database_url(url), host.databases))
    yield url
    databases.drop(url)


@pytest.mark.parametrize("statement", ATTACKS)
def test_a_plugins_role_reaches_nothing_but_its_rows(upgraded: str, statement: str) -> None:
    assert asyncio.run(attack(upgraded, "sprintia_config", "one", statement)) in {"42501", "0A000"}


def test_the_hosts_role_reaches_no_plugins_rows(upgraded: str) -> None:
    for table in ("config.document_version", "config.tenant_key", "config.secret_version"):
        assert asyncio.run(attack(upgraded, "sprintia_platform", "*", f"SELECT * FROM {table}")) == "42501"


def test_statistics_and_other_sessions_show_no_values(platform: RunningPlatform) -> None:
    superuser(platform, "ANALYZE")
    statistics = (
        "SELECT DISTINCT tablename::text FROM pg_stats WHERE schemaname IN ('config', 'platform') "
        "AND tablename <> 'alembic_version'"
    )
    assert superuser(platform, statistics)
    assert run(platform, "sprintia_config", "two", statistics) == []
    texts = run(platform, "sprintia_config", "two", "SELECT query FROM pg_stat_activity WHERE usename <> current_user")
    assert {row["query"] for row in texts} <= {"<insufficient privilege>", "", None}
    assert run(platform, "sprintia_config", "two", "SELECT set_config('row_security', 'off', true)") == [
        {"set_config": "off"}
    ]
    hidden = "SET LOCAL row_security = off"
    assert asyncio.run(_two(platform.database_url, hidden, "SELECT * FROM config.document")) == "42501"


async def _two(url: str, first: str, second: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET SESSION AUTHORIZATION sprintia_config; BEGIN; SET LOCAL sprintia.tenants = 'two'")
        await connection.execute(first)
        await connection.fetch(second)
    except asyncpg.PostgresError as error:
        return str(error.sqlstate)
    else:
        return "nothing"
    finally:
        await connection.close()


def test_everything_works_for_a_login_that_owns_nothing(
    databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # As in production: an owner who is no superuser migrates, another user serves.
    root = databases.server.url
    url = parse_database_url(databases.create(migrated=False))
    for statement in (
        "CREATE ROLE shop_owner LOGIN", "CREATE ROLE shop_login LOGIN",
        "GRANT sprintia_plugin, sprintia_platform, sprintia_config, sprintia_viewer TO shop_owner WITH ADMIN OPTION",
        f"ALTER DATABASE {url.database} OWNER TO shop_owner",
    ):  # fmt: skip
        databases.run(root, statement)
    owner = url.set(username="shop_owner")
    login = url.set(username="shop_login").render_as_string(hide_password=False)
    folder = tmp_path_factory.mktemp("data")
    host = Host(environ={"DATABASE_URL": login, "SPRINTIA_DATA_DIR": str(folder)})
    asyncio.run(upgrade(owner, host.databases, "shop_login"))
    platform = RunningPlatform({"DATABASE_URL": login, "SPRINTIA_DATA_DIR": str(folder)})
    try:
        fill(platform, "one", 1)
        client = platform.with_rights()
        shown = client.get("/configs/one/retail/credentials").json()
        assert "the password of one" in json.dumps(shown)
        assert len(client.get("/audit?tenant=one").json()["events"]) >= 3
        assert platform.client.get("/health").status_code == 200
        TestDatabases.run(
            url.render_as_string(hide_password=False), "UPDATE config.document_version SET created_at = '2020-01-01'"
        )
        client.put("/configs/one/retail/config", json={"a": 1})
        client.put("/configs/one/retail/config", json={"a": 2})
        TestDatabases.run(
            url.render_as_string(hide_password=False), "UPDATE config.document_version SET created_at = '2020-01-01'"
        )
        remove = "SELECT config.remove_versions('one', 'retail', 'config', 1, 1, 10) AS count"
        (removed,) = TestDatabases.run_as(login, "config", ["one"], remove)
        assert removed["count"] == 1, "all but what stands, and what fill() pinned"
        # The owner is walled too.
        assert TestDatabases.run(owner.render_as_string(hide_password=False), "SELECT * FROM config.document") == []
    finally:
        platform.stop()
        databases.drop(url.render_as_string(hide_password=False))
        databases.run(root, "DROP ROLE shop_login")
        databases.run(root, "DROP ROLE shop_owner")
