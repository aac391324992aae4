"""The copy in memory: kept fresh by the feed, revalidated by ETag, never behind what its client has seen."""

import asyncio
import itertools

import httpx
import pytest
from sprintia_testing.clients import MakeSide, eventually, put
from sprintia_testing.platforms import RunningPlatform

from sprintia_config_client import Change, ConfigClient, Forbidden, NotFound, Unauthorized

pytestmark = pytest.mark.anyio


async def value_of(client: ConfigClient, tenant: str = "t1") -> object:
    return (await client.get(tenant, "retail", "config")).data["a"]


async def test_reads_after_the_first_cost_no_request(platform: RunningPlatform, side: MakeSide) -> None:
    put(platform, "t1/retail/config", "a: 1\n")
    one = side(platform.url)
    for _ in range(50):
        assert await value_of(one.client) == 1
    assert one.wire.count("/bundle") == 1


async def test_a_change_elsewhere_arrives_by_the_feed(platform: RunningPlatform, side: MakeSide) -> None:
    put(platform, "t1/retail/config", "a: 1\n")
    one = side(platform.url)
    assert await value_of(one.client) == 1
    for number in range(2, 5):
        put(platform, "t1/retail/config", f"a: {number}\n")

        async def arrived(wanted: int = number) -> bool:
            return await value_of(one.client) == wanted

        await eventually(arrived, f"version {number}", 5)
    assert one.wire.count("/bundle") <= 4, "read by the feed, not by asking at each read"


async def test_the_cursor_waits_for_the_content(platform: RunningPlatform, side: MakeSide) -> None:
    put(platform, "t1/retail/config", "a: 1\n")
    one = side(platform.url)
    assert await value_of(one.client) == 1
    failing = itertools.count()

    def spoil(request: httpx.Request) -> Exception | None:
        return httpx.ReadError("gone") if request.url.path.endswith("/bundle") and next(failing) < 3 else None

    one.wire.spoil = spoil
    put(platform, "t1/retail/config", "a: 2\n")

    async def arrived() -> bool:
        return one.wire.count("/bundle 200") >= 2

    await eventually(arrived, "the content after its failures")
    cursors = [request.url.params["since"] for request in one.wire.requests if request.url.path.endswith("/changes")]
    before = cursors[: cursors.index("2")] if "2" in cursors else cursors
    assert set(before) == {"1"}, "the cursor moved before the content came"
    assert await value_of(one.client) == 2


async def test_without_the_feed_each_read_revalidates(platform: RunningPlatform, side: MakeSide) -> None:
    put(platform, "t1/retail/config", "a: 1\n")
    one = side(platform.url, follow=False)
    for _ in range(3):
        await value_of(one.client)
    put(platform, "t1/retail/config", "a: 2\n")
    assert await value_of(one.client) == 2
    assert one.wire.seen == [f"GET /configs/t1/bundle {status}" for status in (200, 304, 304, 200)]


async def test_readers_at_the_same_time_share_one_request(platform: RunningPlatform, side: MakeSide) -> None:
    put(platform, "t1/retail/config", "a: 1\n")
    one = side(platform.url)
    assert await asyncio.gather(*(value_of(one.client) for _ in range(30))) == [1] * 30
    assert one.wire.count("/bundle") <= 2, "one for the first, one for all who asked while it was under way"


async def test_a_feed_that_is_never_answered_is_noticed(platform: RunningPlatform, side: MakeSide) -> None:
    put(platform, "t1/retail/config", "a: 1\n")
    one = side(platform.url, poll_wait=0.3, timeout=0.3)
    assert await value_of(one.client) == 1
    one.wire.spoil = lambda request: httpx.ReadTimeout("silence") if request.url.path.endswith("/changes") else None
    await eventually(lambda: _true(one.wire.count("ReadTimeout") > 0), "the silence")
    put(platform, "t1/retail/config", "a: 2\n")
    assert await value_of(one.client) == 2, "while the feed is silent, reads ask"


async def _true(value: bool) -> bool:
    return value


async def test_the_whole_is_compared_besides_the_feed(platform: RunningPlatform, side: MakeSide) -> None:
    put(platform, "t1/retail/config", "a: 1\n")
    one = side(platform.url, reconcile_interval=0.2, poll_wait=0.1)
    assert await value_of(one.client) == 1
    # A feed that lies: it is answered, and never has anything.
    page = {"tenant_id": "t1", "revision": 1, "more": False, "changes": []}

    def lying(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(200, json=page) if request.url.path.endswith("/changes") else None

    one.wire.spoil = lying
    put(platform, "t1/retail/config", "a: 2\n")

    async def arrived() -> bool:
        return await value_of(one.client) == 2

    await eventually(arrived, "the comparison", 5)


async def test_tenants_that_nobody_reads_are_let_go(platform: RunningPlatform, side: MakeSide) -> None:
    one = side(platform.url, poll_wait=0.05, idle_after=0.2, most_tenants=2)
    for tenant in ("t1", "t2", "t3"):
        put(platform, f"{tenant}/retail/config", "a: 1\n")
        assert await value_of(one.client, tenant) == 1

    async def quiet() -> bool:
        before = len(one.wire.requests)
        await asyncio.sleep(0.3)  # six times the poll: whoever still follows shows
        return len(one.wire.requests) == before

    await eventually(quiet, "the end of the feeds")
    assert await value_of(one.client, "t1") == 1


async def test_a_watcher_sees_each_change_once_and_reads_it(platform: RunningPlatform, side: MakeSide) -> None:
    put(platform, "t1/retail/config", "a: 0\n")
    one = side(platform.url)
    failing = itertools.count()

    def spoil(request: httpx.Request) -> Exception | None:
        polled = request.url.path.endswith("/changes") and request.url.params["limit"] == "500"
        return httpx.ConnectError("refused") if polled and next(failing) % 3 == 1 else None

    one.wire.spoil = spoil
    seen: list[Change] = []

    async def watch() -> None:
        async for change in one.client.watch("t1", since=1):
            seen.append(change)
            assert int(str(await value_of(one.client))) >= change.revision - 1, "a read was older than its event"
            if len(seen) == 8:
                return

    async with asyncio.timeout(20):
        watching = asyncio.create_task(watch())
        for number in range(1, 9):
            await asyncio.to_thread(put, platform, "t1/retail/config", f"a: {number}\n")
        await watching
    assert [change.revision for change in seen] == list(range(2, 10))


@pytest.mark.parametrize("refusal", [Unauthorized, Forbidden, NotFound])
async def test_after_a_refusal_nothing_is_shown(
    platform: RunningPlatform, side: MakeSide, refusal: type[Exception]
) -> None:
    put(platform, "t1/retail/config", "a: 1\n")
    if refusal is Unauthorized:
        key = await asyncio.to_thread(platform.key, "config:read")
    else:
        key = await asyncio.to_thread(platform.key, "config:read", tenants=["t1"])
    one = side(platform.url, api_key=key, poll_wait=0.1)
    assert await value_of(one.client) == 1
    await asyncio.to_thread(_take_away, platform, refusal)

    async def refused() -> bool:
        try:
            await value_of(one.client)
        except refusal:
            return True
        return False

    await eventually(refused, "the refusal")
    one.wire.spoil = lambda _request: httpx.ConnectError("down")
    with pytest.raises(Exception, match="did not answer"):
        await value_of(one.client)


def _take_away(platform: RunningPlatform, refusal: type[Exception]) -> None:
    """Revoke the key, its right, or its reach, behind the service's back."""
    from sprintia_testing.databases import TestDatabases

    statements = {
        Unauthorized: "UPDATE platform.api_key SET revoked_at = now()",
        Forbidden: "UPDATE platform.api_key SET rights = '{mapping:write}'",
        NotFound: "UPDATE platform.api_key SET tenants = '{other}'",
    }
    TestDatabases.run(platform.database_url, statements[refusal])


async def test_wire_is_one_pool(platform: RunningPlatform, side: MakeSide) -> None:
    one = side(platform.url, follow=False)
    ports = set()
    for _ in range(5):
        await one.client.bundle("t1")
        connections = one.wire._inner._pool.connections
        ports |= {id(connection) for connection in connections}
    assert len(ports) == 1, "connections are used again"
