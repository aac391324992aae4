"""A reader of `/events` that is cut off anywhere, between the changes of one revision too, goes on without loss."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import pytest
from faults.feed_clients import LAST, EventReader, Servers
from sprintia_testing.platforms import API_KEY, RunningPlatform

WEBHOOKS = 3
"""Each makes one revision of two changes."""


class CutOff(EventReader):
    """Hangs up once, after so many events."""

    def __init__(self, port: int, after: int) -> None:
        super().__init__(Servers([port]), "t1", f"cut off after {after}", 0, API_KEY, {})
        self._left = after

    def _would_move(self) -> bool:
        self._left -= 1
        return self._left == 0


def send_credentials(platform: RunningPlatform, number: int) -> None:
    body: dict[str, Any] = {
        "event_type": "credentials_sync", "account_id": "t1", "token": "odoo", "odoo_password": f"senha-{number}",
        "qdrant_collection": f"collection_{number}",
    }  # fmt: skip
    assert platform.client.post("/odoo-webhook/", json=body).status_code == 200


@pytest.mark.parametrize("is_waiting", [False, True], ids=["what was", "what comes"])
def test_a_cut_between_any_two_events_loses_and_repeats_nothing(platform: RunningPlatform, is_waiting: bool) -> None:
    port = urlsplit(platform.url).port
    assert port is not None

    def write() -> None:
        for number in range(WEBHOOKS):
            send_credentials(platform, number)
        assert platform.client.put(f"/configs/t1/{LAST}/{LAST}", json={}).status_code == 200

    async def read() -> list[CutOff]:
        readers = [CutOff(port, after) for after in range(1, 2 * WEBHOOKS + 2)]
        async with asyncio.TaskGroup() as group:
            for reader in readers:
                group.create_task(reader.follow())
            if is_waiting:
                group.create_task(asyncio.to_thread(write))
        return readers

    if not is_waiting:
        write()
    whole = [(revision, kind) for revision in range(1, WEBHOOKS + 1) for kind in ("config", "credentials")]
    for reader in asyncio.run(read()):
        seen = [(item.revision, item.config_type) for item in reader.items]
        assert seen == [*whole, (WEBHOOKS + 1, LAST)], reader.name
        assert reader.moves == (2 if reader.name != f"cut off after {2 * WEBHOOKS + 1}" else 1)
