"""Who waits for the feed holds nothing once nobody listens any more: gone, revoked, or the process is to end."""

import threading
import time

import httpx
import pytest
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform, wait_until

from sprintia_config.parts import Parts


def waiting(platform: RunningPlatform) -> int:
    return sum(len(watches) for watches in Parts.of(platform.host).notifications._watches.values())


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
