"""`/config/search`: over ids, key paths and values of the documents that stand; secrets never."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from alembic import command
from sprintia_testing.commands import CommandLineHere
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform, wait_until
from sprintia_testing.problems import assert_problem
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from sprintia_platform.database.migrations import alembic_config, upgrade
from sprintia_platform.database.urls import parse_database_url, sqlalchemy_url

YAML = {"Content-Type": "application/yaml"}
TEXT = """
loja: {nome: Sandra Cosméticos, site: "https://loja.example/100%_a\\\\b"}
integrations:
  mcp: {type: odoo-mcp, config: {url: http://odoo.example, credential_ref: mark-ref}}
  list: [{name: first}, {name: Second One}]
price: 1.10
db_password: planted-mark
"""


def put(client: httpx.Client, place: str, text: str) -> None:
    assert client.put(f"/configs/{place}", content=text.encode(), headers=YAML).status_code == 200


def search(client: httpx.Client, q: str, **query: Any) -> list[dict[str, Any]]:
    answer = client.get("/config/search", params={"q": q} | query)
    assert answer.status_code == 200, answer.text
    hits: list[dict[str, Any]] = answer.json()["hits"]
    return hits


def found(client: httpx.Client, q: str, **query: Any) -> list[tuple[str, str, str]]:
    """Pointer, kind and snippet of each match, in all hits."""
    return [
        (match["pointer"], match["found_in"], match["snippet"])
        for hit in search(client, q, **query) for match in hit["matches"]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("cosmeticos", [("/loja/nome", "value", "Sandra Cosméticos")]),
        ("SANDRA COSMÉTICOS", [("/loja/nome", "value", "Sandra Cosméticos")]),
        ("second", [("/integrations/list/1/name", "value", "Second One")]),
        ("integrations/mcp", [("/integrations/mcp", "path", "")]),
        ("mcp/type", [("/integrations/mcp/type", "path", "odoo-mcp")]),
        ("1.10", [("/price", "value", "1.10")]),
        ("100%_a", [("/loja/site", "value", "https://loja.example/100%_a\\b")]),
        ("%_", [("/loja/site", "value", "https://loja.example/100%_a\\b")]),
        ("a\\b", [("/loja/site", "value", "https://loja.example/100%_a\\b")]),
        ("b_pass", [("/db_password", "path", ""), ("/db_password", "secret_name", "config:db_password")]),
        ("%%", []),
        ("__", []),
        ("o_oo", []),
        ("\\\\", []),
        ("planted", []),
        ("mark-ref", [("/integrations/mcp/config/credential_ref", "value", "mark-ref")]),
        ("name\tfirst", []),
        ("' OR true --", []),
    ],
)  # fmt: skip
def test_what_is_found_where(served: RunningPlatform, q: str, expected: list[tuple[str, str, str]]) -> None:
    put(served.client, "found/retail/config", TEXT)
    assert found(served.client, q, tenant="found") == expected


def test_ids_and_names_of_secrets_are_found_and_secrets_are_not(served: RunningPlatform) -> None:
    put(
        served.client, "acme_9/furniture/credentials", "credentials: {odoo-token-1: planted-mark, other: ENC:planted}\n"
    )
    for q in ("acme_9", "ACME_9/furni", "/credentials", "furniture"):
        assert [(hit["tenant_id"], hit["in_ids"]) for hit in search(served.client, q, tenant="acme_9")] == [
            ("acme_9", True)
        ]
    assert ("/credentials/odoo-token-1", "secret_name", "odoo-token-1") in found(served.client, "odoo-token")
    reader = served.with_rights("config:read", "secrets:read")
    for q in ("planted", "mark", "ENC:", "$secret"):
        assert search(reader, q, tenant="acme_9") == []


def test_only_what_stands_is_found(served: RunningPlatform) -> None:
    client = served.client
    put(client, "heads/retail/config", "word: oldvalue\n")
    put(client, "heads/retail/config", "word: newvalue\n")
    assert search(client, "oldvalue") == []
    (hit,) = search(client, "newvalue")
    assert (hit["version"], hit["domain"], hit["config_type"], hit["in_ids"]) == (2, "retail", "config", False)
    assert hit["updated_at"] == client.get("/configs/heads/retail/config").json()["updated_at"]
    client.post("/configs/heads/retail/config/rollback", json={"version": 1})
    assert [hit["version"] for hit in search(client, "oldvalue")] == [3]
    client.delete("/configs/heads/retail/config")
    for q in ("oldvalue", "newvalue", "heads"):
        assert search(client, q) == []


def test_a_long_value_is_shown_around_the_text_and_many_places_are_cut(served: RunningPlatform) -> None:
    put(served.client, "long/retail/config", f"text: {'é' * 300}needle{'z' * 300}\n")
    ((_, _, snippet),) = found(served.client, "needle", tenant="long")
    assert snippet.startswith("…ééé")
    assert snippet.endswith("zzz…")
    assert "needle" in snippet
    assert len(snippet) <= 122
    put(served.client, "long/retail/config", "\n".join(f"k{number}: needle {number}" for number in range(30)))
    (hit,) = search(served.client, "needle", tenant="long")
    assert (len(hit["matches"]), hit["more_matches"]) == (10, True)


def test_a_caller_finds_its_own_tenants_alone(served: RunningPlatform) -> None:
    for tenant in ("wall-1", "wall-2"):
        put(served.client, f"{tenant}/retail/config", "word: brickwork\n")
    mine = served.with_rights("config:read", tenants=["wall-1"])
    assert [hit["tenant_id"] for hit in search(mine, "brickwork")] == ["wall-1"]
    assert search(mine, "wall-2") == []
    assert_problem(mine.get("/config/search", params={"q": "brickwork", "tenant": "wall-2"}), 404, "tenant_not_found")
    assert_problem(served.with_rights("config:write").get("/config/search", params={"q": "ab"}), 403, "forbidden")
    # The function behind it runs as the owner of the tables: it must hold the wall by itself.
    function = "SELECT tenant_id FROM config.search_heads('%brickwork%', $1, NULL, NULL, NULL, NULL, NULL, 10)"
    run_as = TestDatabases.run_as
    assert run_as(served.database_url, "config", ["wall-1"], function, None) == [{"tenant_id": "wall-1"}]
    assert run_as(served.database_url, "config", ["wall-1"], function, "wall-2") == []
    assert run_as(served.database_url, "config", [], function, None) == []


def test_pages_hold_each_hit_once(served: RunningPlatform) -> None:
    places = [(f"page-{tenant}", domain, kind) for tenant in (1, 2, 10) for domain in ("a", "b") for kind in ("x", "y")]
    for place in places:
        put(served.client, "/".join(place), "word: pagination\n")
    seen: list[tuple[str, str, str]] = []
    after: str | None = None
    while True:
        page = served.client.get(
            "/config/search", params={"q": "pagination", "limit": 5} | ({"after": after} if after else {})
        ).json()
        seen += [(hit["tenant_id"], hit["domain"], hit["config_type"]) for hit in page["hits"]]
        after = page["next"]
        if after is None:
            break
    assert seen == sorted(places)
    assert len(search(served.client, "pagination", domain="a", type="x")) == 3
    assert len(search(served.client, "pagination", tenant="page-1", limit=100)) == 4


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "search_too_short"),
        ({"q": ""}, "search_too_short"),
        ({"q": "x"}, "search_too_short"),
        ({"q": "  x  "}, "search_too_short"),
        ({"q": "\u0301\u0301"}, "search_too_short"),
        ({"q": "x" * 201}, "parameter_invalid"),
        ({"q": "xx", "limit": 0}, "parameter_invalid"),
        ({"q": "xx", "limit": 101}, "parameter_invalid"),
        ({"q": "xx", "after": "x"}, "parameter_invalid"),
        ({"q": "xx", "after": "W10"}, "parameter_invalid"),
        ({"q": "xx", "after": "WyJhIiwiYiIsMV0"}, "parameter_invalid"),
        ({"q": "xx", "tenant": "a b"}, "identifier_invalid"),
        ({"q": "xx", "type": "../x"}, "identifier_invalid"),
    ],
)
def test_what_cannot_be_searched_is_refused(served: RunningPlatform, query: dict[str, Any], code: str) -> None:
    assert_problem(served.client.get("/config/search", params=query), 422, code)


def test_a_search_that_takes_too_long_says_so(platform: RunningPlatform, databases: TestDatabases) -> None:
    held, done = threading.Event(), threading.Event()

    async def hold() -> None:
        import asyncpg

        connection = await asyncpg.connect(platform.database_url)
        try:
            await connection.execute("BEGIN; LOCK TABLE config.head_search IN ACCESS EXCLUSIVE MODE")
            held.set()
            await asyncio.to_thread(done.wait, 20)
        finally:
            await connection.close()

    holder = threading.Thread(target=lambda: asyncio.run(hold()))
    holder.start()
    try:
        assert held.wait(10)
        answer = platform.client.get("/config/search", params={"q": "anything"}, headers={"Accept-Language": "en"})
        problem = assert_problem(answer, 422, "search_too_broad")
        assert "more than 2 s" in problem["detail"]
    finally:
        done.set()
        holder.join()


def test_new_texts_move_into_the_trigram_index(
    run_platform: Callable[..., RunningPlatform], databases: TestDatabases, database_url: str
) -> None:
    client = run_platform().client
    for number in range(25):  # more than are indexed at once
        put(client, f"indexed-{number}/retail/config", f"word: haystack-{number}\n")
    new = "SELECT FROM config.head_search WHERE NOT indexed"
    assert len(databases.run(database_url, new)) == 25
    second = run_platform().client  # its task begins at once; the first one's looks again after seconds
    wait_until(lambda: databases.run(database_url, new) == [], what="the index")
    assert len(search(second, "haystack", limit=100)) == 25
    put(second, "indexed-3/retail/config", "word: changed-haystack\n")
    assert [hit["tenant_id"] for hit in search(second, "changed-hay")] == ["indexed-3"]
    assert len(databases.run(database_url, new)) == 1
    put(second, "indexed-3/retail/config", "word: changed-haystack  # a comment changes no text\n")
    plan = _plan(database_url, "SELECT FROM config.head_search WHERE indexed AND searched LIKE '%haystack-7%'")
    assert "ix_head_search_searched" in plan


def _plan(url: str, query: str) -> str:
    async def explain() -> str:
        import asyncpg

        connection = await asyncpg.connect(url)
        try:
            await connection.execute("SET enable_seqscan = off; SET enable_indexscan = off")
            return "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {query}"))
        finally:
            await connection.close()

    return asyncio.run(explain())


def test_the_migration_fills_the_search_and_matches_the_models(
    platform: RunningPlatform, databases: TestDatabases, database_url: str
) -> None:
    put(platform.client, "t1/retail/config", "word: before-the-search\n")
    put(platform.client, "t1/retail/credentials", "credentials: {name-of-it: planted-mark}\n")
    put(platform.client, "t1/retail/gone", "a: 1\n")
    platform.client.delete("/configs/t1/retail/gone")
    before = "SELECT tenant_id, domain, config_type, searched FROM config.head_search ORDER BY 1, 2, 3"
    written = databases.run(database_url, before)
    url = parse_database_url(database_url)
    asyncio.run(_downgrade(sqlalchemy_url(url), platform, "0002"))
    assert databases.run(database_url, "SELECT to_regclass('config.head_search') AS found") == [{"found": None}]
    asyncio.run(upgrade(url, platform.host.databases))
    assert databases.run(database_url, before) == written
    assert [hit["config_type"] for hit in search(platform.client, "before-the-search")] == ["config"]
    platform.stop()
    settings = {name: platform.environ[name] for name in ("DATABASE_URL", "SPRINTIA_DATA_DIR")}
    states = CommandLineHere(settings).json("db", "check")
    assert all(not state["differences"] for state in states), states


async def _downgrade(url: Any, platform: RunningPlatform, revision: str) -> None:
    engine = create_async_engine(url)

    def run(connection: Connection) -> None:
        command.downgrade(alembic_config("config", platform.host.databases["config"], connection), revision)
        connection.commit()

    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()
