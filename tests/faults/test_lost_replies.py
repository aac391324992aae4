"""The connection to PostgreSQL breaks at the worst moment: what nobody could know is settled by the delivery's id."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Literal

import httpx
import pytest
from faults.history import violations
from faults.load import TLS, Load, stored_in
from faults.proxy import PostgresProxy
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import API_KEY, RunningPlatform, wait_until

DOCUMENT = "/configs/account_1/retail/config"
TIMEOUT = 0.5
WRITERS = 30
LONGEST = 8.0
"""A request's own waits, several timeouts together; far below WRITERS times a timeout, one after the other."""
MAPPING = {"accounts": {"77": {"account_id": "account_1", "domain": "retail"}}}
WRITES: dict[str, tuple[str, str, Any]] = {
    "POST": ("POST", DOCUMENT, {"yaml_content": "name: Loja Aurora\n"}),
    "PATCH": ("PATCH", DOCUMENT, {"name": "Loja Aurora"}),
    "PUT": ("PUT", DOCUMENT, {"name": "Loja Aurora"}),
    "mapping": ("PATCH", "/mapping/", {"mapping_data": MAPPING}),
    "credentials_sync": ("POST", "/odoo-webhook/", "webhook_credentials_flat.json"),
    "mapping_sync": ("POST", "/odoo-webhook/", "webhook_mapping_doc.json"),
    "company_metadata_sync": ("POST", "/odoo-webhook/", "webhook_company_metadata.json"),
}


@pytest.fixture
def proxy(database_url: str) -> Iterator[PostgresProxy]:
    with PostgresProxy(database_url) as proxy:
        yield proxy


@pytest.fixture
def behind(proxy: PostgresProxy, run_platform: Callable[..., RunningPlatform]) -> RunningPlatform:
    """A platform whose way to PostgreSQL leads through the proxy."""
    return run_platform(
        DATABASE_URL=proxy.url, SPRINTIA_DATABASE_TIMEOUT=str(TIMEOUT), SPRINTIA_DATABASE_POOL_SIZE="4",
        SPRINTIA_CONFIG_WRITES_AT_ONCE="2",
    )  # fmt: skip


def everything_stored(database_url: str) -> list[dict[str, Any]]:
    return TestDatabases.run(
        database_url,
        "SELECT tenant_id, domain, config_type, version FROM config.document_version "
        "UNION ALL SELECT tenant_id, '', 'mapping', version FROM config.mapping_version ORDER BY 1, 2, 3, 4",
    )


def for_tenant(tenant: str, text: str) -> str:
    """Let a body or path speak of a tenant of its own, so that no write is identical to another one's outcome."""
    return text.replace("account_1", tenant).replace("123456", tenant)


def assert_unavailable(answer: httpx.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["status"] == 503
    assert "asyncpg" not in answer.text


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_write_whose_commit_got_no_reply_is_stored_once_after_its_retry(
    behind: RunningPlatform, proxy: PostgresProxy, database_url: str, sample: Callable[[str], str],
    when: Literal["before", "after"],
) -> None:  # fmt: skip
    stored_so_far: list[dict[str, Any]] = []
    for name, (method, path, given) in WRITES.items():
        body = sample(given) if isinstance(given, str) else json.dumps(given)
        send = partial(
            behind.client.request, method, for_tenant(f"{name}_tenant", path),
            content=for_tenant(f"{name}_tenant", body),
            headers={"webhook-id": f"{name}-{when}", "Content-Type": "application/json"},
        )  # fmt: skip
        proxy.lose_next_commit(when)
        assert_unavailable(send())
        assert (everything_stored(database_url) != stored_so_far) == (when == "after"), name
        retried = send()
        assert retried.status_code == 200, retried.text
        assert (retried.headers.get("Idempotency-Replayed") == "true") == (when == "after"), name
        assert send().content == retried.content
        stored_now = everything_stored(database_url)
        assert {row["version"] for row in stored_now if row not in stored_so_far} == {1}, name
        stored_so_far = stored_now
    assert proxy.lost == len(WRITES)


def test_a_commit_without_reply_and_without_id_is_answered_503_and_made_once(
    behind: RunningPlatform, proxy: PostgresProxy, database_url: str
) -> None:
    proxy.lose_next_commit("after")
    assert_unavailable(behind.client.post(DOCUMENT, json={"yaml_content": "a: 1\n"}))
    # Identical content makes no new version: even a sender without ids may send again.
    assert behind.client.post(DOCUMENT, json={"yaml_content": "a: 1\n"}).json()["version"] == 1
    assert len(everything_stored(database_url)) == 1


def test_resets_under_load_lose_and_repeat_nothing(
    behind: RunningPlatform, proxy: PostgresProxy, database_url: str
) -> None:
    with Load(behind.url) as load:
        for _ in range(5):
            load.wait_for(15)
            proxy.reset_all()
            proxy.lose_next_commit("after")
        load.wait_for(15)
    assert violations(load.writes, stored_in(database_url)) == []
    assert load.outcomes["503"], "no reset was ever noticed: this test has shown nothing"
    assert set(load.outcomes) == {"200", "503"}


def test_requests_end_while_the_database_is_silent_and_the_pool_recovers(
    behind: RunningPlatform, proxy: PostgresProxy, database_url: str
) -> None:
    assert behind.client.post(DOCUMENT, json={"yaml_content": "a: 0\n"}).status_code == 200

    def write(number: int) -> httpx.Response:
        headers = {"X-API-Key": API_KEY, "webhook-id": f"hole-{number}"}
        return httpx.post(
            behind.url + DOCUMENT, json={"yaml_content": f"a: {number}\n"}, headers=headers, timeout=LONGEST, verify=TLS
        )  # fmt: skip

    def read(_number: int) -> httpx.Response:
        return httpx.get(behind.url + DOCUMENT, headers={"X-API-Key": API_KEY}, timeout=LONGEST, verify=TLS)

    proxy.go_silent()
    with ThreadPoolExecutor(WRITERS) as pool:
        # More than the pool has connections, twice over: a leaked one would be missing the second time.
        for _ in range(2):
            for answer in [*pool.map(write, range(1, WRITERS + 1)), *pool.map(read, range(6))]:
                assert_unavailable(answer)
    unready = behind.client.get("/health/ready")
    assert unready.status_code == 503
    assert behind.client.get("/health/live").status_code == 200
    proxy.speak_again()
    wait_until(lambda: behind.client.get("/health/ready").status_code == 200, what="readiness after the silence")
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(write, range(1, WRITERS + 1)))
    assert {answer.status_code for answer in answers} <= {200, 503}
    for number in range(1, WRITERS + 1):
        assert write(number).status_code == 200
    rows = TestDatabases.run(database_url, "SELECT source FROM config.document_version")
    assert sorted(row["source"] for row in rows) == sorted(f"a: {number}\n" for number in range(WRITERS + 1))
