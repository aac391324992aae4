"""Clients against running platforms."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from sprintia_testing.clients import MakeSide, Side, Wire
from sprintia_testing.platforms import API_KEY, RunningPlatform

from sprintia_config_client import ApiKey, ClientSettings, ConfigClient


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def side(run_platform: Callable[..., RunningPlatform]) -> AsyncIterator[MakeSide]:
    """Make clients: `side(platform.url, poll_wait=5)`; closed before the platforms are."""
    clients: list[ConfigClient] = []

    def make(url: str, *, api_key: str = API_KEY, on_stale: Any = None, **settings: Any) -> Side:
        wire = Wire()
        given = ClientSettings(url=url, api_key=ApiKey(api_key), **{"connect_timeout": 1.0, **settings})
        client = ConfigClient(given, on_stale=on_stale, transport=wire)
        clients.append(client)
        return Side(client, wire)

    yield make
    for client in clients:
        await client.close()
