"""Who waits for the feed holds nothing once nobody listens any more: gone, revoked, or the process is to end."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from sprintia_testing.databases import TestDatabases
from sprintia_testing.outages import DetachableDatabase
from sprintia_testing.platforms import RunningPlatform, wait_until

from sprintia_config.parts import Parts


def waiting(platform: RunningPlatform) -> int:
    return len(Parts.of(platform.host).feed.watchers)


def put(platform: RunningPlatform, number: int) -> None:
    answer = platform.client.put(
        "/configs/t1/retail/config", content=f"n: {number}\n", headers={"Content-Type": "application/yaml"}
    )
    assert answer.status_code == 200, answer.text


def test_a_waiter_that_hangs_up_is_forgotten(platform: RunningPlatform) -> None:
    with platform.as_key(platform.environ["API_KEY"]) as client, pytest.raises(httpx.ReadTimeout):
        client.get("/configs/t1/changes", params={"wait": 60}, timeout=0.3)
    wait_until(lambda: waiting(platform) == 0, 5, "the waiter's end")


@pytest.mark.parametrize("reason", ["key revoked", "process is to end"])
def test_a_wait_ends_early_when_the(platform: RunningPlatform, reason: str) -> None:
    client = platform.with_rights("config:read")
    answers: list[httpx.Response] = []
    reader = threading.Thread(
        target=lambda: answers.append(client.get("/configs/t1/changes", params={"wait": 60, "since": 5}))
    )
    reader.start()
    wait_until(lambda: waiting(platform) == 1, what="the waiter")
    began = time.monotonic()
    if reason == "key revoked":
        TestDatabases.run(platform.database_url, "UPDATE platform.api_key SET revoked_at = now()")
    else:
        platform.host.draining = True
    reader.join(15)
    assert time.monotonic() - began < 10
    assert answers[0].json() == {"tenant_id": "t1", "revision": 5, "more": False, "changes": []}
    assert waiting(platform) == 0


def test_polls_from_different_places_end_with_the_same_change(platform: RunningPlatform) -> None:
    for number in range(1, 4):
        put(platform, number)

    def poll(since: int) -> list[int]:
        with platform.as_key(platform.environ["API_KEY"]) as client:
            page = client.get("/configs/t1/changes", params={"wait": 20, "since": since}).json()
        assert page["revision"] == page["changes"][-1]["revision"]
        return [change["revision"] for change in page["changes"]]

    with ThreadPoolExecutor(4) as pool:
        polls = [pool.submit(poll, since) for since in (3, 3, 4, 5)]
        wait_until(lambda: waiting(platform) == 4, what="the waiters")
        for number, still in ((4, 2), (5, 1), (6, 0)):
            put(platform, number)
            wait_until(lambda still=still: waiting(platform) == still, what="the end of those who waited for it")
        assert [each.result(20) for each in polls] == [[4], [4], [5], [6]]


def test_a_wait_outlives_an_outage(databases: TestDatabases, tmp_path: Path) -> None:
    database = DetachableDatabase(databases, tmp_path)
    platform = RunningPlatform({"DATABASE_URL": database.url, "SPRINTIA_DATA_DIR": str(tmp_path)})
    try:
        with ThreadPoolExecutor(1) as pool:
            client = platform.as_key(platform.environ["API_KEY"])
            poll = pool.submit(client.get, "/configs/t1/changes", params={"wait": 60})
            wait_until(lambda: waiting(platform) == 1, what="the waiter")
            database.detach()
            wait_until(
                lambda: platform.client.get("/configs/t1/changes", params={"wait": 0.1}).status_code == 503,
                what="the refusal to say that there is nothing new",
            )
            database.attach()
            put(platform, 1)
            assert [change["version"] for change in poll.result(30).json()["changes"]] == [1]
    finally:
        platform.stop()
        database.drop()


def test_what_a_restored_database_does_not_know_is_told_to_nobody(platform: RunningPlatform) -> None:
    for number in range(1, 4):
        put(platform, number)

    def after(since: int) -> list[int]:
        page = platform.client.get("/configs/t1/changes", params={"since": since, "wait": 0.05}).json()
        return [change["revision"] for change in page["changes"]]

    with ThreadPoolExecutor(2) as pool:
        polls = [
            pool.submit(platform.as_key(platform.environ["API_KEY"]).get, "/configs/t1/changes", params=params)
            for params in ({"since": 3, "wait": 60}, {"since": 4, "wait": 60})
        ]
        wait_until(lambda: waiting(platform) == 2, what="the waiters")
        put(platform, 4)
        assert after(3) == [4]
        for statement in (
            "UPDATE config.document SET version = 2",
            "DELETE FROM config.document_version WHERE version > 2",
            "UPDATE config.tenant SET revision = 2",
        ):
            TestDatabases.run(platform.database_url, statement)
        wait_until(lambda: after(3) == [], what="the end of what never was")
        for number in range(5, 8):
            put(platform, number)
        assert [poll.result(20).json()["revision"] for poll in polls] == [4, 5]
        assert after(2) == [3, 4, 5]
