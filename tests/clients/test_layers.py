"""Bundles with layers, by the client: asked for each time, and there in an outage."""

import asyncio

import httpx
import pytest
from sprintia_testing.clients import MakeSide, put
from sprintia_testing.platforms import API_KEY, RunningPlatform

from sprintia_config_client import (
    ApiKey,
    ClientSettings,
    Invalid,
    NotFound,
    Pin,
    StaleRead,
    SyncConfigClient,
    Unavailable,
)

pytestmark = pytest.mark.anyio


async def test_what_did_not_change_is_not_sent_again(platform: RunningPlatform, side: MakeSide) -> None:
    put(platform, "_base/_base/config", "a: 1\n")
    put(platform, "t1/retail/config", "b: 1\n")
    key = await asyncio.to_thread(platform.key, "config:read", tenants=["t1"])
    one = side(platform.url, api_key=key)
    first = await one.client.bundle("t1", layers=True)
    assert await one.client.bundle("t1", layers=True) == first
    put(platform, "_base/_base/config", "a: 2\n")
    changed = await one.client.bundle("t1", layers=True)
    assert changed.documents[0].data == {"a": 2, "b": 1}
    assert changed.base_revision == 2
    assert one.wire.seen == [f"GET /configs/t1/bundle {status}" for status in (200, 304, 200)]
    with pytest.raises(NotFound):
        await one.client.bundle("_base")


async def test_what_both_revisions_name_comes_from_memory(platform: RunningPlatform, side: MakeSide) -> None:
    put(platform, "_base/_base/config", "a: 1\n")
    put(platform, "t1/retail/config", "b: 1\n")
    one = side(platform.url)
    run = await one.client.pin("t1", 1, layers=True, base_revision=1)
    assert (await one.client.pin("t1", 1, layers=True, base_revision=1)).bundle == run.bundle
    assert len(one.wire.requests) == 1
    assert (await one.client.pin("t1", 1)).get("retail", "config").data == {"b": 1}, "a plain one is another"
    for _ in range(2):
        assert (await one.client.pin("t1", 1, layers=True)).bundle == run.bundle
        assert (await one.client.bundle("t1", layers=True, base_revision=1)) == run.bundle
        assert (await one.client.bundle("t1", 1, layers=True, base_revision=1, origins=True)).documents[0].origins
    assert len(one.wire.requests) == 8, "what is left open, and origins, are asked for each time"
    assert (await one.client.pin("t1", 1, layers=True, base_revision=1)).bundle == run.bundle
    assert len(one.wire.requests) == 8
    for refused in (one.client.pin("t1", 1, base_revision=1), one.client.bundle("t1", origins=True)):
        with pytest.raises(Invalid) as caught:
            await refused
        assert caught.value.code == "resolve_missing"


async def test_layers_stand_in_when_the_service_is_down(platform: RunningPlatform, side: MakeSide) -> None:
    put(platform, "_base/_base/config", "a: 1\n")
    put(platform, "t1/retail/config", "b: 1\n")
    events: list[StaleRead] = []
    one = side(platform.url, attempts=1, on_stale=events.append)
    fresh = await one.client.bundle("t1", layers=True)
    one.wire.spoil = lambda _request: httpx.ConnectError("refused")
    stale = await one.client.bundle("t1", layers=True)
    assert stale.stale_for is not None
    assert stale.documents[0].stale_for == stale.stale_for
    assert (stale.digest, stale.documents[0].layers) == (fresh.digest, fresh.documents[0].layers)
    assert [event.resource for event in events] == ["/configs/t1/bundle?resolve=true"]
    assert (await one.client.pin("t1", 1, layers=True, base_revision=1)).bundle == fresh
    for given in ({"base_revision": 0}, {"base_revision": None}):
        with pytest.raises(Unavailable):
            await one.client.pin("t1", 1, layers=True, **given)
    with pytest.raises(Unavailable):
        await one.client.bundle("t1", layers=True, origins=True)
    with pytest.raises(Unavailable):
        await one.client.bundle("t1")


def test_without_asyncio(platform: RunningPlatform) -> None:
    put(platform, "_base/_base/config", "a: 1\n")
    put(platform, "t1/retail/config", "b: 1\n")
    with SyncConfigClient(ClientSettings(url=platform.url, api_key=ApiKey(API_KEY))) as client:
        run = client.pin("t1", layers=True)
        client.put("_base", "_base", "config", "a: 2\n")
        client.put("t1", "retail", "config", "b: 2\n")
        assert client.bundle("t1", layers=True).documents[0].data == {"a": 2, "b": 2}
        again = client.pin("t1", run.revision, layers=True, base_revision=run.base_revision)
        assert again.bundle == run.bundle == Pin(run.bundle).bundle
        told = client.bundle("t1", layers=True, origins=True).documents[0].origins
        assert told is not None
        assert {pointer: layer.tenant_id for pointer, layer in told.items()} == {"/a": "_base", "/b": "t1"}
