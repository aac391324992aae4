"""The feed as Server-Sent Events: every change once, resumable, and no longer than the key is valid."""

import json
import resource
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from faults.proxy import PostgresProxy
from sprintia_testing.databases import TestDatabases
from sprintia_testing.outages import DetachableDatabase
from sprintia_testing.platforms import RunningPlatform, SpawnedPlatform, wait_until

from sprintia_config.controllers import events as events_module
from sprintia_config.parts import Parts
from sprintia_config.timeline import feed as feed_module
from sprintia_config.timeline import notifications, tail
from sprintia_config.timeline.pages import Page, read_page
from sprintia_platform.database.connections import Database

YAML = {"Content-Type": "application/yaml"}


def events_of(answer: httpx.Response) -> Iterator[tuple[float, dict[str, Any]]]:
    """Each event with its id: `7.1` lies between 7 and 8."""
    lines = answer.iter_lines()
    for line in lines:
        assert not line.startswith(":"), "nothing came for so long that a sign of life did"
        if line.startswith("id: "):
            assert next(lines) == "event: change"
            yield float(line.removeprefix("id: ")), json.loads(next(lines).removeprefix("data: "))


def put(client: httpx.Client, number: int) -> None:
    assert client.put("/configs/t1/retail/config", content=f"n: {number}\n", headers=YAML).status_code == 200


def test_a_stream_gives_what_was_and_what_comes(platform: RunningPlatform) -> None:
    put(platform.client, 1)
    reader = platform.as_key(platform.environ["API_KEY"])
    with reader.stream("GET", "/configs/t1/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        events = events_of(answer)
        assert next(events)[1]["version"] == 1
        put(platform.client, 2)
        assert next(events)[0] == 2


def test_a_reader_that_comes_back_misses_nothing(platform: RunningPlatform) -> None:
    for number in range(1, 6):
        put(platform.client, number)
    reader = platform.as_key(platform.environ["API_KEY"], **{"Last-Event-ID": "3"})
    with reader.stream("GET", "/configs/t1/events") as answer:
        events = events_of(answer)
        assert [next(events)[0], next(events)[0]] == [4, 5]


@pytest.mark.parametrize("last", ["x", "-1", "1" * 30, "1.", ".1", "1.x", "1.2.3"])
def test_a_malformed_last_event_id_is_refused(platform: RunningPlatform, last: str) -> None:
    assert platform.client.get("/configs/t1/events", headers={"Last-Event-ID": last}).status_code == 422


def test_a_stream_ends_when_its_key_is_revoked(platform: RunningPlatform) -> None:
    put(platform.client, 1)
    key = platform.key("config:read")
    admin = platform.with_rights("admin")
    key_id = next(found["id"] for found in admin.get("/keys").json() if found["rights"] == ["config:read"])
    with platform.as_key(key).stream("GET", "/configs/t1/events") as answer:
        events = events_of(answer)
        next(events)
        assert admin.delete(f"/keys/{key_id}").status_code == 204
        assert list(events) == [], "the stream goes on for a revoked key"


def test_streams_end_when_the_process_is_asked_to(spawn: Callable[..., SpawnedPlatform], database_url: str) -> None:
    served = spawn(DATABASE_URL=database_url, SPRINTIA_DRAIN_SECONDS="0").wait_ready()
    headers = {"X-API-Key": served.environ["API_KEY"]}
    with httpx.stream("GET", f"{served.url}/configs/t1/events", headers=headers, timeout=30) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "retry: 2000"
        served.process.terminate()
        assert [line for line in lines if line] == []
    wait_until(lambda: served.process.poll() is not None, what="the end of the process")
    assert served.process.returncode == 0


def watched(platform: RunningPlatform, stack: ExitStack, since: int = 0) -> Iterator[tuple[float, dict[str, Any]]]:
    """Open one more stream, and go on when it has begun."""
    reader = platform.as_key(platform.environ["API_KEY"])
    return events_of(stack.enter_context(reader.stream("GET", "/configs/t1/events", params={"since": since})))


def ids_of(events: Iterator[tuple[float, dict[str, Any]]], last: int) -> list[int]:
    found: list[int] = []
    while not found or found[-1] < last:
        found.append(next(events)[0])
    return found


@pytest.mark.parametrize("most", [1, 3, 1_000])
def test_watchers_at_different_places_all_get_everything(
    platform: RunningPlatform, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Whatever is left of the end of the feed in memory, while some are far behind it."""
    monkeypatch.setattr(tail, "MOST_CHANGES", most)
    for number in range(1, 6):
        put(platform.client, number)
    with ExitStack() as stack:
        places = (0, 2, 4, 5, 0)
        streams = [watched(platform, stack, place) for place in places]
        for number in range(6, 13):
            put(platform.client, number)
        late = watched(platform, stack, 3)
        for place, stream in zip((*places, 3), (*streams, late), strict=True):
            assert ids_of(stream, 12) == list(range(place + 1, 13))
    wait_until(lambda: not Parts.of(platform.host).feed.watchers, what="the end of all watchers")


def test_a_change_is_read_once_for_all(platform: RunningPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    put(platform.client, 1)
    reads: list[int] = []

    async def counted(database: Database, tenant_id: str, since: int, limit: int) -> Page:
        reads.append(since)
        return await read_page(database, tenant_id, since, limit)

    with ExitStack() as stack:
        streams = [watched(platform, stack) for _ in range(8)]
        assert [next(stream)[0] for stream in streams] == [1] * 8
        monkeypatch.setattr(feed_module, "read_page", counted)
        put(platform.client, 2)
        assert [next(stream)[0] for stream in streams] == [2] * 8
        assert reads == [1]


def test_a_position_that_is_yet_to_come_is_waited_for(platform: RunningPlatform) -> None:
    put(platform.client, 1)
    with ExitStack() as stack:
        beside, ahead = watched(platform, stack), watched(platform, stack, 3)
        for number in range(2, 6):
            put(platform.client, number)
        assert ids_of(beside, 5) == [1, 2, 3, 4, 5]
        assert ids_of(ahead, 5) == [4, 5]


def test_who_is_cut_off_within_a_revision_gets_the_rest_of_it(platform: RunningPlatform) -> None:
    put(platform.client, 1)
    body = {"event_type": "credentials_sync", "account_id": "t1", "token": "t", "odoo_password": "p"}
    assert platform.client.post("/odoo-webhook/", json=body).status_code == 200
    put(platform.client, 3)
    with ExitStack() as stack:
        found = [next(events) for events in [watched(platform, stack)] for _ in range(4)]
        assert [(last_id, change["revision"]) for last_id, change in found] == [(1, 1), (1.1, 2), (2, 2), (3, 3)]
        for cut in range(4):
            reader = platform.as_key(platform.environ["API_KEY"], **{"Last-Event-ID": f"{found[cut][0]:g}"})
            rest = events_of(stack.enter_context(reader.stream("GET", "/configs/t1/events")))
            assert [next(rest) for _ in found[cut + 1 :]] == found[cut + 1 :]


def test_who_was_cut_off_within_a_revision_may_come_to_a_process_that_does_not_know_it_yet(
    platform: RunningPlatform,
) -> None:
    put(platform.client, 1)
    with ExitStack() as stack:
        reader = platform.as_key(platform.environ["API_KEY"], **{"Last-Event-ID": "1.1"})
        rest = events_of(stack.enter_context(reader.stream("GET", "/configs/t1/events")))
        body = {"event_type": "credentials_sync", "account_id": "t1", "token": "t", "odoo_password": "p"}
        assert platform.client.post("/odoo-webhook/", json=body).status_code == 200
        put(platform.client, 3)
        assert [(last_id, change["config_type"]) for last_id, change in (next(rest), next(rest))] == [
            (2, "credentials"), (3, "config"),
        ]  # fmt: skip


def test_a_change_on_one_process_is_seen_on_another(run_platform: Callable[..., RunningPlatform]) -> None:
    here, there = run_platform(), run_platform()
    with ExitStack() as stack:
        streams = [watched(here, stack), watched(there, stack)]
        for number in range(1, 21):
            put((here if number % 2 else there).client, number)
        for stream in streams:
            assert ids_of(stream, 20) == list(range(1, 21))


def test_a_listener_that_was_silently_lost_delays_changes_by_seconds_at_most(
    run_platform: Callable[..., RunningPlatform], database_url: str
) -> None:
    elsewhere = run_platform()
    with PostgresProxy(database_url) as proxy:
        platform = run_platform(DATABASE_URL=proxy.url)
        with ExitStack() as stack:
            stack.callback(platform.stop)  # before the proxy is gone
            stream = watched(platform, stack)
            put(elsewhere.client, 1)
            assert next(stream)[0] == 1
            assert proxy.swallow("sprintia-listener") == 1
            began = time.monotonic()
            put(elsewhere.client, 2)
            assert next(stream)[0] == 2
            bound = notifications.RECONCILE_SECONDS + 2 * notifications.ROUND_SECONDS
            assert time.monotonic() - began < bound + 1


def test_streams_go_on_when_the_database_comes_back(
    databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory
) -> None:
    database = DetachableDatabase(databases, tmp_path_factory.mktemp("gone"))
    platform = RunningPlatform(
        {"DATABASE_URL": database.url, "SPRINTIA_DATA_DIR": str(tmp_path_factory.mktemp("data"))}
    )
    try:
        with ExitStack() as stack:
            stream = watched(platform, stack)
            put(platform.client, 1)
            assert next(stream)[0] == 1
            database.detach()
            client = platform.as_key(platform.environ["API_KEY"])
            assert client.put("/configs/t1/retail/config", content="n: 2\n", headers=YAML).status_code == 503
            database.attach()
            put(client, 2)
            assert next(stream)[0] == 2
    finally:
        platform.stop()
        database.drop()


def test_a_reader_that_takes_nothing_holds_no_memory_and_nobody_up(
    platform: RunningPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_module, "PATIENCE_SECONDS", 1.0)
    put(platform.client, 1)
    TestDatabases.run(
        platform.database_url,
        "INSERT INTO config.document_version (tenant_id, domain, config_type, version, revision, media, source, view, "
        "digest, deleted, actor, origin, message, created_at) SELECT tenant_id, domain, config_type, number, number, "
        "media, source, view, digest, deleted, repeat('a', 1000), origin, message, created_at "
        "FROM config.document_version, generate_series(2, 20000) number",
    )
    TestDatabases.run(platform.database_url, "UPDATE config.tenant SET revision = 20000")
    TestDatabases.run(platform.database_url, "UPDATE config.document SET version = 20000")
    feed = Parts.of(platform.host).feed
    with socket.socket() as silent, ExitStack() as stack:
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        silent.connect(("127.0.0.1", int(platform.url.rpartition(":")[2])))
        head = f"GET /configs/t1/events HTTP/1.1\r\nHost: x\r\nX-API-Key: {platform.environ['API_KEY']}\r\n\r\n"
        silent.sendall(head.encode())
        wait_until(lambda: feed.watchers, what="the silent reader")
        [stuck] = feed.watchers
        other = watched(platform, stack, since=20_000)
        wait_until(lambda: getattr(stuck, "_sending_since", None), what="the silent reader's full buffers")
        put(platform.client, 2)
        assert next(other)[0] == 20_001
        assert getattr(stuck, "_position", 0) < 15_000, "the server took it all for a reader who took nothing"
        wait_until(lambda: stuck not in feed.watchers, what="the end of the silent reader")
        assert len(feed.watchers) == 1


def test_a_quiet_stream_gives_signs_of_life(platform: RunningPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events_module, "HEARTBEAT_SECONDS", 2.0)
    reader = platform.as_key(platform.environ["API_KEY"])
    with reader.stream("GET", "/configs/t1/events") as answer:
        lines = (line for line in answer.iter_lines() if line)
        assert [next(lines), next(lines), next(lines)] == ["retry: 2000", ": still here", ": still here"]
        put(platform.client, 1)
        assert next(lines) == "id: 1"


def test_a_process_takes_as_many_connections_as_it_may(
    spawn: Callable[..., SpawnedPlatform], database_url: str
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 1024), hard))
    try:
        served = spawn(DATABASE_URL=database_url)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    served.wait_ready()
    assert resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE) == (hard, hard)
