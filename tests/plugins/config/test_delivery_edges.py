"""Deliveries, imports and schemas where two things meet: another tenant's id, another token, a change in between."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest
from plugins.config.test_export_import import LINES, document, file_of
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.problems import assert_problem

from sprintia_config.parts import Parts

NEEDS_NAME = {"type": "object", "required": ["name"]}


def set_schema(client: httpx.Client, config_type: str, mode: str) -> None:
    answer = client.put(f"/config/schemas/{config_type}", json={"schema": NEEDS_NAME, "mode": mode})
    assert answer.status_code == 200, answer.text


def test_a_delivery_for_quarantine_that_reuses_another_tenants_id_is_a_conflict(
    served: RunningPlatform, tenant: str
) -> None:
    set_schema(served.client, f"type_{tenant}", "quarantine")
    sender = served.with_rights("config:read", "config:write", tenants=[tenant, f"{tenant}_b"])
    used = {"Idempotency-Key": "one-id"}
    assert sender.put(f"/configs/{tenant}/retail/config", json={"a": 1}, headers=used).status_code == 200
    unmet = f"/configs/{tenant}_b/retail/type_{tenant}"
    assert_problem(sender.put(unmet, json={"a": 1}, headers=used), 409, "delivery_reused")
    assert sender.get("/config/deliveries", params={"tenant": f"{tenant}_b"}).json() == []
    assert_problem(sender.get(f"/config/tenants/{tenant}_b"), 404, "tenant_not_found")
    assert sender.put(unmet, json={"a": 1}, headers={"Idempotency-Key": "its-own"}).status_code == 202


@pytest.mark.parametrize("field", ["version", "revision"])
@pytest.mark.parametrize(("number", "taken"), [(2**53 - 1, True), (2**53, False), (2**63, False), (10**40, False)])
def test_an_import_refuses_numbers_after_which_there_is_no_other(
    administrator: httpx.Client, tenant: str, field: str, number: int, taken: bool
) -> None:
    content = file_of(document(tenant, 1, "a: 1\n") | {field: number})
    answer = administrator.post("/config/import", content=content, headers=LINES, params={"dry_run": True})
    if taken:
        assert answer.status_code == 200, answer.text
        assert answer.json()["problems"] == []
        return
    body = assert_problem(answer, 422, "import_refused")
    first = body["errors"][0]
    assert first["line"] == 3  # after the header and the tenant
    assert f"$.{field}" in first["message"]


def test_the_security_token_is_part_of_what_a_delivery_says(served: RunningPlatform, tenant: str) -> None:
    path, body = f"/company-services/{tenant}/metadata", {"yaml_content": f"account_id: {tenant}\n"}

    def post(token: str) -> httpx.Response:
        headers = {"Idempotency-Key": f"id-of-{tenant}", "X-Security-Token": token}
        return served.client.post(path, json=body, headers=headers)

    first = post("token-one")
    assert first.status_code == 200
    # Whoever knows the id and the body alone must not get the answer that belongs to the token.
    assert_problem(post("token-two"), 409, "delivery_reused")
    again = post("token-one")
    assert (again.status_code, again.content, again.headers["idempotency-replayed"]) == (200, first.content, "true")


def test_a_named_delivery_of_an_empty_mapping_where_there_is_none_stores_nothing(platform: RunningPlatform) -> None:
    named = {"Idempotency-Key": "first-mapping"}
    for _ in range(2):
        answer = platform.client.post("/mapping/", json={"mapping_data": {}}, headers=named)
        assert_problem(answer, 404, "mapping_not_found", "Mapeamento não encontrado")
    assert platform.client.get("/config/deliveries").json() == []
    assert platform.client.get("/config/tenants").json() == []
    # The id is free for the mapping that comes once there is something to map.
    entry = {"accounts": {"1": {"account_id": "account_1", "domain": "retail"}}}
    real = platform.client.post("/mapping/", json={"mapping_data": entry}, headers=named)
    assert (real.status_code, "idempotency-replayed" in real.headers) == (200, False)


class Paused:
    """A connection whose first look at the database is answered only when the test lets it."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self.has_looked, self.may_go_on = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def fetch(self, *arguments: Any) -> Any:
        rows = await self._connection.fetch(*arguments)
        self.has_looked.set()
        await self.may_go_on.wait()
        return rows


@pytest.mark.parametrize("before", [None, "warn", "reject"])
def test_a_schema_counts_from_its_answer_on_even_when_the_old_ones_were_being_read(
    served: RunningPlatform, tenant: str, before: str | None
) -> None:
    config_type, schemas = f"type_{tenant}", Parts.of(served.host).writer.schemas
    if before is not None:
        set_schema(served.client, config_type, before)
    schemas.expire()  # as two seconds without a write do

    async def change_while_it_is_read() -> None:
        connection = await asyncpg.connect(served.database_url)
        try:
            paused = Paused(connection)
            read = asyncio.create_task(schemas.of(paused, config_type))  # type: ignore[arg-type]
            await asyncio.wait_for(paused.has_looked.wait(), 10)
            if before == "reject":
                gone = await asyncio.to_thread(served.client.delete, f"/config/schemas/{config_type}")
                assert gone.status_code == 200
            else:
                await asyncio.to_thread(set_schema, served.client, config_type, "reject")
            paused.may_go_on.set()
            await read
        finally:
            await connection.close()

    asyncio.run(change_while_it_is_read())
    answer = served.client.put(f"/configs/{tenant}/retail/{config_type}", json={"a": 1})
    assert answer.status_code == (200 if before == "reject" else 422), answer.text
