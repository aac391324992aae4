"""A write is one unit of work: few round trips under the lock, events in order, and those who follow told once."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import asyncpg
import httpx
import pytest
from faults.proxy import PostgresProxy
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.signing import new_secret, signed_headers

from sprintia_config.parts import Parts
from sprintia_platform.audit.log import ChainFault, append_audit, verify_audit
from sprintia_platform.database.connections import begin_statement

CREDENTIALS = "webhook_credentials_flat.json"
METADATA = "webhook_company_metadata.json"
MAPPING = "webhook_mapping_doc.json"
TENANT = "123456"  # of the samples


class Recorder(PostgresProxy):
    """Notes what the platform sends, in the pieces in which it sends it: after each it waits for the reply."""

    def __init__(self, database_url: str) -> None:
        super().__init__(database_url)
        self._sent: dict[int, list[bytes]] = {}
        self._finished: list[list[bytes]] = []

    def commit_passes(self, link: Any, data: bytes) -> bool:
        pieces = self._sent.setdefault(id(link), [])
        pieces.append(data)
        if b"BEGIN" in data:
            pieces[:-1] = []
        if b"COMMIT\0" in data or b"ROLLBACK\0" in data:
            self._finished.append(self._sent.pop(id(link)))
        return super().commit_passes(link, data)

    def transactions(self, tenant: str) -> list[int]:
        """The round trips of each transaction that saw this tenant's rows, or all; and begin again."""
        scopes = (f"sprintia.tenants = '{tenant}'".encode(), b"sprintia.tenants = '*'; SELECT pg_advisory_xact_lock")
        finished, self._finished = self._finished, []
        return [len(pieces) for pieces in finished if any(scope in pieces[0] for scope in scopes)]


@pytest.fixture
def recorder(database_url: str) -> Iterator[Recorder]:
    with Recorder(database_url) as running:
        yield running


class Sender:
    """Posts signed webhooks of one tenant, each with an id of its own."""

    def __init__(self, platform: RunningPlatform) -> None:
        self.client, self.secret = platform.client, new_secret()
        self._number = 0
        added = platform.with_rights().post(
            f"/config/tenants/{TENANT}/webhook-secrets", json={"secret": self.secret}
        )  # fmt: skip
        assert added.status_code == 201

    def post(self, body: dict[str, Any]) -> httpx.Response:
        self._number += 1
        content = json.dumps(body).encode()
        headers = signed_headers(self.secret, content, f"delivery-{self._number}") | {
            "webhook-sequence": str(self._number)
        }
        answer = self.client.post("/odoo-webhook/", content=content, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer


def changed(body: dict[str, Any], number: int) -> dict[str, Any]:
    """The same event with another content."""
    if "mapping" in body:
        return body | {"mapping": body["mapping"] | {"sequence": number}}
    return body | {"description": f"outra {number}"} | ({"odoo_password": f"p{number}"} if "token" in body else {})


@pytest.mark.parametrize(("name", "most"), [(CREDENTIALS, 4), (METADATA, 4), (MAPPING, 5)])
def test_a_signed_webhook(
    run_platform: Callable[..., RunningPlatform], recorder: Recorder, sample: Callable[[str], str], name: str,
    most: int,
) -> None:  # fmt: skip
    """Signature, parse, versions, audit, delivery, sequence, notification: begin and lock, read, write, commit."""
    platform = run_platform(DATABASE_URL=recorder.url, SPRINTIA_DATABASE_POOL_SIZE="2")
    sender = Sender(platform)
    body = json.loads(sample(name))
    for number in range(8):  # statements are prepared once for each connection, and schemas looked up now and then
        sender.post(changed(body, number))
    recorder.transactions(TENANT)
    for number in range(8, 13):
        sender.post(changed(body, number))
    found = recorder.transactions(TENANT)
    assert len(found) == 5
    assert min(found) <= most
    assert sorted(found)[2] <= most


@pytest.mark.parametrize(("headers", "most"), [({}, 4), ({"Idempotency-Key": "{}"}, 5)])
def test_a_document(
    run_platform: Callable[..., RunningPlatform], recorder: Recorder, headers: dict[str, str], most: int
) -> None:
    platform = run_platform(DATABASE_URL=recorder.url, SPRINTIA_DATABASE_POOL_SIZE="2")
    for number in range(13):
        if number == 8:
            recorder.transactions(TENANT)
        given = {name: value.format(number) for name, value in headers.items()}
        answer = platform.client.post(
            f"/configs/{TENANT}/retail/config", json={"yaml_content": f"n: {number}\n"}, headers=given
        )
        assert (answer.status_code, answer.json()["version"]) == (200, number + 1)
    found = recorder.transactions(TENANT)
    assert len(found) == 5
    assert sorted(found)[2] <= most


def test_the_events_of_one_transaction_are_chained_in_their_order(
    platform: RunningPlatform, sample: Callable[[str], str]
) -> None:
    body = json.loads(sample(CREDENTIALS))
    for number in range(3):
        assert platform.client.post("/odoo-webhook/", json=changed(body, number)).status_code == 200
    events = TestDatabases.run(
        platform.database_url,
        f"SELECT seq, target, request_id, at FROM platform.audit_event WHERE tenant_id = '{TENANT}' ORDER BY seq",
    )
    assert [event["target"] for event in events] == ["default/config", "default/credentials"] * 3
    assert [event["seq"] for event in events] == list(range(1, 7))
    assert [event["at"] for event in events] == sorted(event["at"] for event in events)
    assert len({event["request_id"] for event in events}) == 3
    assert verified(platform) == (6, [])


def verified(platform: RunningPlatform) -> tuple[int, list[ChainFault]]:
    async def walk() -> tuple[int, list[ChainFault]]:
        await platform.host_database.open()
        try:
            async with platform.host_database.transaction("platform", "*", read_only=True) as connection:
                return await verify_audit(connection, TENANT)
        finally:
            await platform.host_database.close()

    return asyncio.run(walk())


def test_who_waited_for_the_lock_sees_what_the_one_before_wrote(
    run_platform: Callable[..., RunningPlatform],
) -> None:
    """Two processes, so that PostgreSQL's lock is what they wait for: each patch adds a key, and none is lost."""
    platforms = [run_platform(), run_platform()]
    path = "/configs/account_1/retail/config"
    assert platforms[0].client.post(path, json={"yaml_content": "a: 1\n"}).status_code == 200
    start = threading.Barrier(8)

    def patch(number: int) -> int:
        start.wait(10)
        return platforms[number % 2].client.patch(path, json={f"k{number}": number}).json()["version"]

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(patch, range(40)))
    assert sorted(found) == list(range(2, 42))
    standing = platforms[0].client.get(path).json()["json_data"]
    assert standing == {"a": 1} | {f"k{number}": number for number in range(40)}


def test_two_documents_of_one_transaction_have_one_revision_and_are_told_once(
    platform: RunningPlatform, sample: Callable[[str], str]
) -> None:
    told = follow(platform)
    body = json.loads(sample(CREDENTIALS))
    for number in range(2):
        assert platform.client.post("/odoo-webhook/", json=changed(body, number)).status_code == 200
    assert platform.client.post("/odoo-webhook/", json=changed(body, 1)).status_code == 200  # identical: nothing moves
    assert platform.client.post("/odoo-webhook/", json=json.loads(sample(MAPPING))).status_code == 200
    assert told == [(TENANT, 1), (TENANT, 2), (TENANT, 3)]
    rows = TestDatabases.run(
        platform.database_url, "SELECT revision, array_agg(version ORDER BY config_type) AS v FROM "
        "config.document_version GROUP BY 1 ORDER BY 1"
    )  # fmt: skip
    assert [(row["revision"], row["v"]) for row in rows] == [(1, [1, 1]), (2, [2, 2])]


def follow(platform: RunningPlatform) -> list[tuple[str, int]]:
    """What this process is told of its own commits."""
    told: list[tuple[str, int]] = []
    Parts.of(platform.host).writer.on_commit.append(lambda tenant, revision: told.append((tenant, revision)))
    return told


def test_a_mapping_of_two_tenants_is_told_of_both(platform: RunningPlatform) -> None:
    told = follow(platform)
    accounts = {str(number): {"account_id": f"account_{number}", "domain": "retail"} for number in (1, 2)}
    for body in ({"accounts": accounts}, {"accounts": accounts}):
        assert platform.client.post("/mapping/", json={"mapping_data": body}).status_code == 200
    assert told == [("account_1", 1), ("account_2", 1)]


@pytest.mark.parametrize("when", ["before", "after"])
def test_nobody_is_told_of_a_commit_whose_fate_is_unknown(
    run_platform: Callable[..., RunningPlatform], recorder: Recorder, when: Literal["before", "after"]
) -> None:
    platform = run_platform(DATABASE_URL=recorder.url)
    told = follow(platform)
    path = f"/configs/{TENANT}/retail/config"
    assert platform.client.post(path, json={"yaml_content": "n: 1\n"}).status_code == 200
    recorder.lose_next_commit(when)
    assert platform.client.post(path, json={"yaml_content": "n: 2\n"}).status_code == 503
    assert told == [(TENANT, 1)]


def test_a_refused_write_tells_nobody_and_leaves_no_tenant(platform: RunningPlatform) -> None:
    told = follow(platform)
    refused = platform.client.patch("/configs/account_9/retail/config", json={"a": 1}, headers={"If-Match": '"x"'})
    assert refused.status_code == 412
    content = b'{"event_type":"company_metadata_sync","account_id":"account_9"}'
    headers = signed_headers(new_secret(), content, "d-1")
    assert platform.client.post("/odoo-webhook/", content=content, headers=headers).status_code == 401
    assert told == []
    assert TestDatabases.run(platform.database_url, "SELECT FROM config.tenant") == []


def test_a_listener_that_fails_undoes_no_answer(platform: RunningPlatform) -> None:
    def failing(_tenant: str, _revision: int) -> None:
        raise ValueError

    Parts.of(platform.host).writer.on_commit.append(failing)
    told = follow(platform)
    answer = platform.client.post(f"/configs/{TENANT}/retail/config", json={"yaml_content": "n: 1\n"})
    assert (answer.status_code, told) == (200, [(TENANT, 1)])


APPEND = "SELECT platform.append_audit_events($1, $2, $3, $4, $5, $6)"


def test_several_events_are_chained_as_single_ones_are_whatever_their_texts(platform: RunningPlatform) -> None:
    texts = ["", "ação", "😀" * 10, "1:a2:bc", "a\nb\\", "{}", "x" * 5000]

    async def append() -> None:
        connection = await asyncpg.connect(platform.database_url)
        try:
            await connection.execute(begin_statement("config", [TENANT]))
            for text in texts:
                assert await connection.fetchval(APPEND, TENANT, text, text, texts, texts, texts)
            single = await append_audit(connection, tenant=TENANT, actor="a", action="b", target="c", detail={})
            assert single == len(texts) ** 2 + 1
            assert await connection.fetchval(APPEND, TENANT, "a", "", [], [], []) == single
            await connection.execute("COMMIT")
        finally:
            await connection.close()

    asyncio.run(append())
    assert verified(platform) == (len(texts) ** 2 + 1, [])


def test_no_event_can_be_appended_for_a_tenant_that_the_transaction_did_not_name(platform: RunningPlatform) -> None:
    async def append() -> None:
        connection = await asyncpg.connect(platform.database_url)
        try:
            for tenant in ("another", "*"):
                await connection.execute(begin_statement("config", [TENANT]))
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.fetchval(APPEND, tenant, "a", "", ["a"], ["t"], ["{}"])
                await connection.execute("ROLLBACK")
        finally:
            await connection.close()

    asyncio.run(append())
    assert TestDatabases.run(platform.database_url, "SELECT FROM platform.audit_event") == []
