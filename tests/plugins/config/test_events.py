"""The feed as Server-Sent Events: every change once, resumable, and no longer than the key is valid."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from sprintia_testing.platforms import RunningPlatform, SpawnedPlatform, wait_until

YAML = {"Content-Type": "application/yaml"}


def events_of(answer: httpx.Response) -> Iterator[tuple[int, dict[str, Any]]]:
    lines = answer.iter_lines()
    for line in lines:
        if line.startswith("id: "):
            assert next(lines) == "event: change"
            yield int(line.removeprefix("id: ")), json.loads(next(lines).removeprefix("data: "))


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


@pytest.mark.parametrize("last", ["x", "-1", "1" * 30])
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
