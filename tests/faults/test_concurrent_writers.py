"""Many writers at once on one document, on the mapping, and over two servers: nothing is lost, versions have no gap."""

import asyncio
import itertools
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest
from faults.history import Write, violations
from faults.load import HEADERS, TLS, content_of, digest_of, persist, stored_in
from faults.raw_http import Answer, Connection
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform, SpawnedPlatform, wait_until

WRITERS = 40
DOCUMENT = "/configs/account_1/retail/config"
OTHER_DOCUMENT = "/configs/account_2/retail/config"
ALLOWED = {"200", "503"}
Send = Callable[[httpx.Client, int], httpx.Response]


def all_at_once(urls: list[str], send: Send, count: int = WRITERS) -> tuple[list[httpx.Response], Counter[str]]:
    """Let `count` senders start together, each retrying what is answered 503; returns answers and outcomes."""
    outcomes: Counter[str] = Counter()
    lock = threading.Lock()
    together = threading.Barrier(count)

    def note(outcome: str) -> None:
        with lock:
            outcomes[outcome] += 1

    def one(number: int) -> httpx.Response:
        with httpx.Client(base_url=urls[number % len(urls)], headers=HEADERS, timeout=30, verify=TLS) as client:
            together.wait()
            return persist(lambda: send(client, number), note)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count))), outcomes


@contextmanager
def following(database_url: str, tenant: str) -> Iterator[list[int]]:
    """Poll a tenant's versions "since the last revision that I saw", as a reader would, until the block ends."""
    seen: list[int] = []
    ending = threading.Event()

    async def poll() -> None:
        connection = await asyncpg.connect(database_url)
        last = False
        while not last:
            last = ending.is_set()  # once more after the end, for what came last
            rows = await connection.fetch(
                "SELECT revision FROM config.document_version WHERE tenant_id = $1 AND revision > $2 "
                "UNION SELECT revision FROM config.mapping_version WHERE tenant_id = $1 AND revision > $2 ORDER BY 1",
                tenant, seen[-1] if seen else 0,
            )  # fmt: skip
            seen.extend(row["revision"] for row in rows)
        await connection.close()

    thread = threading.Thread(target=lambda: asyncio.run(poll()))
    thread.start()
    try:
        yield seen
    finally:
        ending.set()
        thread.join()


def revisions_of(database_url: str, tenant: str) -> list[int]:
    rows = TestDatabases.run(
        database_url,
        "SELECT revision FROM config.document_version WHERE tenant_id = $1 "
        "UNION ALL SELECT revision FROM config.mapping_version WHERE tenant_id = $1 ORDER BY 1",
        tenant,
    )
    return [row["revision"] for row in rows]


@dataclass(frozen=True)
class Service:
    """One server process or two of them, on a database that they share with all tests of this file."""

    urls: list[str]
    database_url: str


@pytest.fixture(scope="module", params=[1, 2], ids=["one server", "two servers"])
def service(
    request: pytest.FixtureRequest, databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    database_url, folder = databases.create(), tmp_path_factory.mktemp("servers")
    environ = {"DATABASE_URL": database_url, "SPRINTIA_DATA_DIR": str(folder), "SPRINTIA_DRAIN_SECONDS": "0"}
    servers = [SpawnedPlatform(environ, folder) for _ in range(request.param)]
    yield Service([server.wait_ready().url for server in servers], database_url)
    for server in servers:
        assert server.end() == 0
    databases.drop(database_url)


@pytest.fixture
def tenant(request: pytest.FixtureRequest) -> str:
    """A tenant of this test's own."""
    return re.sub(r"\W+", "_", request.node.name)[:100]


def document_of(tenant: str) -> str:
    return f"/configs/{tenant}/retail/config"


def test_patches_of_disjoint_keys_all_survive(service: Service, tenant: str) -> None:
    def send(client: httpx.Client, number: int) -> httpx.Response:
        patch = {"writers": {f"writer_{number}": number}}
        return client.patch(document_of(tenant), json=patch, headers={"Idempotency-Key": f"{tenant}-{number}"})

    with following(service.database_url, tenant) as seen:
        answers, outcomes = all_at_once(service.urls, send)
    assert {answer.status_code for answer in answers} == {200}
    assert set(outcomes) <= ALLOWED
    standing = httpx.get(service.urls[0] + document_of(tenant), headers=HEADERS).json()
    assert standing["json_data"]["writers"] == {f"writer_{number}": number for number in range(WRITERS)}
    assert sorted(answer.json()["version"] for answer in answers) == list(range(1, WRITERS + 1))
    # Strictly rising, and nothing ever came to light behind the reader's back.
    assert seen == revisions_of(service.database_url, tenant) == list(range(1, WRITERS + 1))


def test_posts_of_distinct_contents_are_all_in_the_history(service: Service, tenant: str) -> None:
    started: dict[int, float] = {}
    ended: dict[int, float] = {}

    def send(client: httpx.Client, number: int) -> httpx.Response:
        started.setdefault(number, time.monotonic())
        delivery = f"{tenant}-{number}"
        answer = client.post(
            document_of(tenant), json={"yaml_content": content_of(delivery)}, headers={"webhook-id": delivery}
        )
        ended[number] = time.monotonic()
        return answer

    answers, outcomes = all_at_once(service.urls, send)
    assert set(outcomes) <= ALLOWED
    writes = [
        Write(
            document=tenant, delivery=f"{tenant}-{number}", digest=digest_of(content_of(f"{tenant}-{number}")),
            started=started[number], ended=ended[number], version=answer.json()["version"],
        )
        for number, answer in enumerate(answers)
    ]  # fmt: skip
    assert violations(writes, stored_in(service.database_url, tenant)) == []


def test_one_delivery_sent_forty_times_at_once_is_one_version(service: Service, tenant: str) -> None:
    def send(client: httpx.Client, _number: int) -> httpx.Response:
        return client.post(document_of(tenant), json={"yaml_content": "a: 1\n"}, headers={"webhook-id": tenant})

    answers, outcomes = all_at_once(service.urls, send)
    assert set(outcomes) <= ALLOWED
    assert {answer.content for answer in answers} == {answers[0].content}
    assert len(stored_in(service.database_url, tenant)) == 1


def mapping_patch(number: int, tenant: str) -> dict[str, Any]:
    entry = {"account_id": tenant, "domain": "retail"}
    return {"mapping_data": {"accounts": {str(number): entry}, "inboxes": {str(1_000_000 + number): entry}}}


def mapping_sync(number: int, tenant: str) -> dict[str, Any]:
    return {
        "event_type": "mapping_sync",
        "mapping": {
            "chatwoot_account_id": number, "chatwoot_inbox_id": 1_000_000 + number, "internal_account_id": tenant,
            "domain": "retail", "is_fallback": True, "sequence": number, "special_whatsapp_numbers": [],
        },
    }  # fmt: skip


@pytest.mark.parametrize("one_tenant", [True, False], ids=["one tenant", "a tenant each"])
def test_nothing_of_the_mapping_is_lost(service: Service, tenant: str, one_tenant: bool) -> None:
    first_account = 1000 if one_tenant else 2000
    accounts = range(first_account, first_account + WRITERS)

    def tenant_of(account: int) -> str:
        return tenant if one_tenant else f"{tenant}_{account}"

    def send(client: httpx.Client, number: int) -> httpx.Response:
        account = accounts[number]
        headers = {"webhook-id": f"{tenant}-{number}"}
        if number % 2:
            return client.patch("/mapping/", json=mapping_patch(account, tenant_of(account)), headers=headers)
        return client.post("/odoo-webhook/", json=mapping_sync(account, tenant_of(account)), headers=headers)

    with following(service.database_url, tenant_of(accounts[1])) as seen:
        answers, outcomes = all_at_once(service.urls, send)
    assert [answer.text for answer in answers if answer.status_code != 200] == []
    assert set(outcomes) <= ALLOWED
    assert seen == revisions_of(service.database_url, tenant_of(accounts[1])) == sorted(set(seen))
    standing = httpx.get(f"{service.urls[0]}/mapping/", headers=HEADERS).json()
    for account in accounts:
        entry = {"account_id": tenant_of(account), "domain": "retail"}
        assert standing["accounts"][str(account)] == entry
        assert standing["inboxes"][str(1_000_000 + account)] == entry
    owners = {fallback["account_id"] for fallback in standing["fallbacks"]}
    assert {tenant_of(account) for account in accounts[::2]} <= owners
    rows = TestDatabases.run(
        service.database_url,
        "SELECT array_agg(version ORDER BY version) AS versions FROM config.mapping_version "
        "WHERE starts_with(tenant_id, $1) GROUP BY tenant_id",
        tenant,
    )
    assert sum(len(row["versions"]) for row in rows) == WRITERS
    assert all(row["versions"] == list(range(1, len(row["versions"]) + 1)) for row in rows)


def test_documents_and_mapping_of_one_tenant_share_its_revisions(service: Service, tenant: str) -> None:
    def send(client: httpx.Client, number: int) -> httpx.Response:
        if number % 2:
            return client.patch("/mapping/", json=mapping_patch(3000 + number, tenant))
        return client.patch(document_of(tenant), json={f"writer_{number}": number})

    with following(service.database_url, tenant) as seen:
        answers, outcomes = all_at_once(service.urls, send)
    assert {answer.status_code for answer in answers} == {200}
    assert set(outcomes) <= ALLOWED
    assert seen == revisions_of(service.database_url, tenant) == list(range(1, WRITERS + 1))


def test_a_burst_of_a_thousand_is_refused_at_once_where_it_is_refused(
    spawn: Callable[..., SpawnedPlatform], database_url: str
) -> None:
    burst, room = 1000, 100
    server = spawn(
        DATABASE_URL=database_url, SPRINTIA_DATABASE_TIMEOUT="60", SPRINTIA_DRAIN_SECONDS="0",
        SPRINTIA_CONFIG_WRITES_WAITING_PER_TENANT=str(room),
    ).wait_ready()  # fmt: skip
    assert server.request("POST", DOCUMENT, json={"yaml_content": "first: true\n"}).status_code == 200

    async def scenario() -> list[Answer]:
        holder = await asyncpg.connect(database_url)
        holding = holder.transaction()
        await holding.start()
        await holder.execute("SELECT 1 FROM config.tenant WHERE tenant_id = 'account_1' FOR UPDATE")

        async def send(number: int) -> Answer:
            delivery = f"burst-{number}"
            async with await Connection.to(server.port) as connection:
                return await connection.exchange(
                    "POST", DOCUMENT, {"yaml_content": content_of(delivery)}, webhook_id=delivery
                )

        async def sent_until_taken(number: int, first: Answer) -> Answer:
            answer = first
            while answer.status == 503:
                async with turns:
                    answer = await send(number)
            return answer

        tasks = [asyncio.create_task(send(number)) for number in range(burst)]
        # Not one write gets through while the row is held: whatever is answered was refused without waiting.
        async with asyncio.timeout(60):
            for answered in itertools.islice(asyncio.as_completed(tasks), burst - room):
                await answered
        refused = [task.result() for task in tasks if task.done()]
        assert {answer.status for answer in refused} == {503}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
        # Others are served meanwhile: the queue of one tenant is not the others'.
        async with await Connection.to(server.port) as connection:
            other = await connection.exchange("POST", OTHER_DOCUMENT, {"yaml_content": "a: 1\n"})
        assert other.status == 200
        assert sum(task.done() for task in tasks) == burst - room
        await holding.rollback()
        await holder.close()
        firsts = await asyncio.gather(*tasks)
        assert Counter(answer.status for answer in firsts) == {200: room, 503: burst - room}
        turns = asyncio.Semaphore(room // 2)
        return await asyncio.gather(*(sent_until_taken(number, first) for number, first in enumerate(firsts)))

    answers = asyncio.run(scenario())
    assert {answer.status for answer in answers} == {200}
    versions = sorted(answer.json()["version"] for answer in answers)
    assert versions == list(range(2, burst + 2))
    rows = TestDatabases.run(database_url, "SELECT source FROM config.document_version WHERE tenant_id = 'account_1'")
    expected = [content_of(f"burst-{number}") for number in range(burst)]
    assert Counter(row["source"] for row in rows) == Counter([*expected, "first: true\n"])


def test_a_burst_of_webhooks_with_a_stored_key_is_answered_with_200_or_503(platform: RunningPlatform) -> None:
    key = platform.key("config:write")

    def send(client: httpx.Client, number: int) -> httpx.Response:
        body = {
            "event_type": "company_metadata_sync", "account_id": "account_1", "token": "t", "domain": "retail",
            "metadata": {"name": f"Loja {number}"},
        }  # fmt: skip
        headers = {"X-API-Key": key, "webhook-id": f"hook-{number}", "Content-Type": "application/json"}
        return client.post("/odoo-webhook/", content=json.dumps(body), headers=headers)

    answers, outcomes = all_at_once([platform.url], send, count=150)
    assert [answer.text for answer in answers if answer.status_code != 200] == []
    assert set(outcomes) <= ALLOWED
    wait_until(lambda: platform.client.get("/health/ready").status_code == 200, what="readiness after the burst")
