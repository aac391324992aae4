"""What docs/consistency.md promises of reads from memory."""

import functools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from sprintia_testing.databases import TestDatabases
from sprintia_testing.outages import DetachableDatabase
from sprintia_testing.platforms import RunningPlatform, wait_until

from sprintia_config.parts import Parts
from sprintia_config.snapshots.snapshots import FRESH_SECONDS, Snapshots

Run = Callable[..., RunningPlatform]
PATH = "/configs/t1/retail/config"
BUSY = 20.0
"""Seconds that a machine with other work may take besides."""
# A key that is checked once serves a whole test.
REMEMBERED = {"SPRINTIA_KEY_CACHE_SECONDS": "60"}


def snapshots_of(platform: RunningPlatform) -> Snapshots:
    snapshots = Parts.of(platform.host).snapshots
    assert snapshots is not None
    return snapshots


def hold(platform: RunningPlatform, path: str = PATH) -> httpx.Response:
    """Read until the answer comes from memory."""
    snapshots = snapshots_of(platform)

    def held() -> httpx.Response | None:
        ready = snapshots._ready.get((path, b""))
        current = ready is not None and all(held.revision >= slot.heard for slot, held in ready.parts)
        answer = platform.client.get(path)
        return answer if current else None

    answer = wait_until(held, what=f"{path} in memory")
    assert answer.status_code == 200
    return answer


def put(platform: RunningPlatform, number: int, path: str = PATH) -> int:
    answer = platform.client.put(path, json={"number": number})
    assert answer.status_code == 200
    return int(answer.headers["x-config-revision"])


def number_in(answer: httpx.Response) -> int:
    assert answer.status_code == 200, answer.text
    return int(answer.json()["json_data"]["number"])


def test_who_wrote_reads_it_from_the_same_process(platform: RunningPlatform) -> None:
    put(platform, 0)
    hold(platform)
    stop = threading.Event()

    def keep_it_held() -> None:
        with platform.as_key(platform.environ["API_KEY"]) as client:
            while not stop.is_set():
                client.get(PATH)

    readers = [threading.Thread(target=keep_it_held) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for number in range(1, 30):
            revision = put(platform, number)
            answer = platform.client.get(PATH)
            assert number_in(answer) == number
            assert int(answer.headers["x-config-revision"]) >= revision
            assert number_in(platform.as_key(platform.environ["API_KEY"]).get(PATH)) == number
    finally:
        stop.set()
        for reader in readers:
            reader.join()


def test_another_process_reads_it_when_it_is_notified(run_platform: Run) -> None:
    here, there = run_platform(), run_platform()
    put(here, 0)
    for number in range(1, 6):
        hold(there)
        put(here, number)
        wait_until(lambda: number_in(there.client.get(PATH)) == number, FRESH_SECONDS + BUSY, "the change")  # noqa: B023


def test_a_change_that_nobody_notified_is_seen(platform: RunningPlatform) -> None:
    put(platform, 1)
    put(platform, 2)
    assert number_in(hold(platform)) == 2
    # A way that no notification takes: what version 1 said is said again by version 3.
    again = 'jsonb_populate_record(old, \'{"id": 1000, "version": 3, "revision": 3}\')'
    copied = f"SELECT ({again}).* FROM config.document_version old WHERE version = 1"
    run = functools.partial(TestDatabases.run, platform.database_url)
    run(f"INSERT INTO config.document_version OVERRIDING SYSTEM VALUE {copied}")
    run("UPDATE config.document SET version = 3")
    run("UPDATE config.tenant SET revision = 3")
    wait_until(lambda: number_in(platform.client.get(PATH)) == 1, FRESH_SECONDS + BUSY, "the change")


def test_the_revision_never_goes_back_on_a_connection(run_platform: Run) -> None:
    """Reads that are answered from memory and from the database by turns, while another process writes."""
    here, there = run_platform(**REMEMBERED), run_platform(**REMEMBERED)
    put(here, 0)
    put(here, 0, "/configs/_base/_base/config")
    hold(there)
    done = threading.Event()
    paths = [
        PATH,
        f"{PATH}/yaml",
        "/configs/t1/bundle",
        "/configs/t1",
        f"{PATH}/history",
        "/configs/t1/changes",
        f"{PATH}/diff?to=1",
        f"{PATH}/blame",
        "/configs/t1/bundle?resolve=true",
    ]
    memory = {"x-config-revision": 0, "x-config-base-revision": 0}

    def read(first: int) -> tuple[int, int]:
        seen, reads = dict(memory), first
        with there.as_key(there.environ["API_KEY"]) as client:
            while not done.is_set():
                answer = client.get(paths[reads % len(paths)])
                assert answer.status_code == 200
                shown = dict(answer.headers)
                if "changes" in str(answer.url):
                    assert shown["x-config-revision"] == str(answer.json()["revision"])
                for name in seen.keys() & shown.keys():
                    revision = int(shown[name])
                    assert revision >= seen[name], (answer.url, name, revision, seen[name])
                    seen[name] = revision
                reads += 1
        return reads, seen["x-config-revision"]

    with ThreadPoolExecutor() as pool:
        readers = [pool.submit(read, first) for first in range(4)]
        for number in range(1, 60):
            last = put(here, number)
            put(here, number, "/configs/_base/_base/config")
        wait_until(lambda: number_in(there.client.get(PATH)) == 59, what="the last change")
        done.set()
        results = [reader.result() for reader in readers]
    assert all(reads > 20 for reads, _ in results)
    assert max(revision for _, revision in results) >= last - 5


@pytest.fixture
def detachable(databases: TestDatabases, tmp_path: Path) -> Iterator[DetachableDatabase]:
    database = DetachableDatabase(databases, tmp_path)
    yield database
    database.drop()


def test_reads_go_on_without_postgresql_and_say_so(run_platform: Run, detachable: DetachableDatabase) -> None:
    platform = run_platform(DATABASE_URL=detachable.url)
    reader = platform.with_rights("config:read", tenants=["t1"])
    put(platform, 1)
    platform.client.put("/configs/t1/retail/credentials", json={"password": "hidden-value"})
    bundle, credentials = "/configs/t1/bundle", "/configs/t1/retail/credentials"
    before = hold(platform)
    masked = reader.get(credentials)
    etag = hold(platform, bundle).headers["etag"]
    assert "x-config-stale" not in before.headers
    detachable.detach()
    wait_until(lambda: "x-config-stale" in platform.client.get(PATH).headers, FRESH_SECONDS + BUSY, "stale answers")
    stale = platform.client.get(PATH)
    assert stale.content == before.content
    assert {**stale.headers, "x-config-stale": ""}.keys() - before.headers.keys() == {"x-config-stale"}
    assert int(stale.headers["x-config-stale"]) >= FRESH_SECONDS
    assert reader.get(credentials).content == masked.content
    unchanged = platform.client.get(bundle, headers={"If-None-Match": etag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert "x-config-stale" in unchanged.headers
    began = time.monotonic()
    assert [reader.get(PATH).status_code for _ in range(50)] == [200] * 50
    assert time.monotonic() - began < 5  # none of them waited for the database
    for refused in (
        platform.client.put(PATH, json={"number": 2}), platform.client.get("/configs/t2/retail/config"),
        platform.client.get("/configs/t1/retail/other"), platform.client.get(f"{PATH}/history"),
        platform.client.get(credentials),  # in clear: that must be audited, which is a write
    ):  # fmt: skip
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        assert "hidden-value" not in refused.text
    assert reader.get("/configs/t2/retail/config").status_code in (404, 503)
    detachable.attach()
    wait_until(lambda: "x-config-stale" not in platform.client.get(PATH).headers, what="fresh answers")
    assert put(platform, 2) > int(before.headers["x-config-revision"])
    assert number_in(platform.client.get(PATH)) == 2


def test_without_postgresql_nothing_older_is_shown_than_was_shown(
    run_platform: Run, detachable: DetachableDatabase
) -> None:
    platform = run_platform(DATABASE_URL=detachable.url)
    put(platform, 1)
    hold(platform)
    snapshots = snapshots_of(platform)
    slot = snapshots._slots["t1"]
    slot.used = False  # nobody reads: the change is not loaded at once
    put(platform, 2)
    assert slot.held is not None
    assert slot.held.revision < slot.shown
    detachable.detach()
    wait_until(lambda: snapshots.cut_off, what="the outage")
    refused = platform.client.get(PATH)
    assert refused.status_code == 503
    detachable.attach()
    wait_until(lambda: platform.client.get(PATH).status_code == 200, what="the end of the outage")
    assert number_in(platform.client.get(PATH)) == 2


def test_a_restored_database_is_believed(platform: RunningPlatform) -> None:
    put(platform, 1)
    put(platform, 2)
    assert number_in(hold(platform)) == 2
    TestDatabases.run(platform.database_url, "UPDATE config.document SET version = 1")
    TestDatabases.run(platform.database_url, "UPDATE config.tenant SET revision = 1")
    wait_until(lambda: number_in(platform.client.get(PATH)) == 1, FRESH_SECONDS + BUSY, "what was restored")
    answer = hold(platform)
    assert (number_in(answer), answer.headers["x-config-revision"]) == (1, "1")


def test_a_revoked_key_is_refused_in_time(run_platform: Run) -> None:
    platform = run_platform(SPRINTIA_KEY_CACHE_SECONDS="1")
    put(platform, 1)
    hold(platform)
    client = platform.with_rights("config:read")
    assert [client.get(PATH).status_code for _ in range(3)] == [200] * 3
    TestDatabases.run(platform.database_url, "UPDATE platform.api_key SET revoked_at = now()")
    revoked = time.monotonic()
    while client.get(PATH).status_code == 200:
        assert time.monotonic() - revoked < 2.5
    assert client.get(PATH).status_code == 401


def test_memory_is_bounded_and_who_is_read_stays(run_platform: Run) -> None:
    platform = run_platform(SPRINTIA_CONFIG_SNAPSHOT_BYTES="1000000")
    snapshots = snapshots_of(platform)
    large = "x" * 20_000
    for number in range(12):
        platform.client.put(f"/configs/t{number}/retail/config", json={"number": number, "text": large[number:]})
    for round_ in range(2):
        for number in range(12):
            assert number_in(platform.client.get(f"/configs/t{number}/retail/config")) == number, round_
            hold(platform, f"/configs/t{number}/retail/config")
            hold(platform, "/configs/t0/retail/config")
            assert snapshots._size <= 1_000_000
            assert len(snapshots._slots) < 10
            assert "t0" in snapshots._slots
    assert set(snapshots._ready) == {request for slot in snapshots._slots.values() for request in slot.made}


def test_a_tenant_that_is_too_large_is_answered_from_the_database(run_platform: Run) -> None:
    platform = run_platform(SPRINTIA_CONFIG_SNAPSHOT_BYTES="200000")
    snapshots = snapshots_of(platform)
    platform.client.put(PATH, json={"number": 1, "text": "x" * 60_000})
    for _ in range(3):
        assert number_in(platform.client.get(PATH)) == 1
    wait_until(lambda: snapshots._slots["t1"].loading is None, what="the decision")
    assert snapshots._slots["t1"].held is None
    assert number_in(platform.client.get(PATH)) == 1
    assert snapshots._ready == {}


def test_a_change_loads_no_more_than_itself(platform: RunningPlatform) -> None:
    """A tenant with many documents is not read anew for one of them."""
    for number in range(5):
        put(platform, number, f"/configs/t1/retail/type{number}")
    hold(platform, "/configs/t1/retail/type0")
    slot = snapshots_of(platform)._slots["t1"]
    assert slot.held is not None
    before = slot.held.documents
    put(platform, 99, "/configs/t1/retail/type3")
    platform.client.delete("/configs/t1/retail/type4")
    put(platform, 5, "/configs/t1/retail/type5")
    hold(platform, "/configs/t1/retail/type3")
    after = slot.held.documents
    assert after.keys() == {("retail", f"type{number}") for number in (0, 1, 2, 3, 5)}
    assert [after["retail", f"type{number}"] is before["retail", f"type{number}"] for number in range(4)] == [
        True, True, True, False,
    ]  # fmt: skip
