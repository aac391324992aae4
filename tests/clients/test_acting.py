"""A client that acts for a person: what it sends, and that nothing of another reader's memory comes to it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import httpx
import pytest
from sprintia_testing.clients import MakeSide, eventually, put
from sprintia_testing.platforms import RunningPlatform

from sprintia_config_client import Forbidden, NotFound, Person, StaleRead, Unavailable

pytestmark = pytest.mark.anyio

READ = "config:read"


def person(*rights: str, **more: Any) -> Person:
    return Person(**{"name": "ana", "rights": frozenset(rights), **more})


async def test_the_header_says_who_asks(platform: RunningPlatform, side: MakeSide) -> None:
    one = side(platform.url)
    mine = one.client.acting(person(READ, "config:write", tenants=frozenset({"t2", "t1"}), language="pt-BR"))
    await mine.heads("t1")
    await mine.put("t1", "retail", "config", "a: 1\n", idempotency_key="k")
    await one.client.heads("t1")
    read, written, own = (request.headers for request in one.wire.requests)
    said = {"name": "ana", "rights": [READ, "config:write"], "tenants": ["t1", "t2"]}
    assert json.loads(read["x-acting-for"]) == said == json.loads(written["x-acting-for"])
    assert read["accept-language"] == "pt-BR"
    assert (written["idempotency-key"], written["x-api-key"]) == ("k", read["x-api-key"])
    assert "x-acting-for" not in own
    assert "accept-language" not in own


async def test_everybodys_reach_is_said_as_such(platform: RunningPlatform, side: MakeSide) -> None:
    one = side(platform.url)
    await one.client.acting(person(READ)).heads("t1")
    assert json.loads(one.wire.requests[0].headers["x-acting-for"])["tenants"] is None


async def test_a_document_is_asked_for_without_the_right_to_secrets(platform: RunningPlatform, side: MakeSide) -> None:
    put(platform, "t1/default/credentials", "credentials: {odoo: planted-mark}\n")
    one = side(platform.url)
    mine = one.client.acting(person(READ, "secrets:read"))
    assert "planted-mark" not in (await mine.get("t1", "default", "credentials")).json_text
    assert json.loads(one.wire.requests[0].headers["x-acting-for"])["rights"] == [READ]
    assert "planted-mark" in await mine.text("t1", "default", "credentials")


async def test_nothing_is_answered_from_a_copy(platform: RunningPlatform, side: MakeSide) -> None:
    put(platform, "t1/retail/config", "a: 1\n")
    one = side(platform.url)
    for _ in range(2):
        await one.client.get("t1", "retail", "config")
        await one.client.bundle("t1", layers=True)
        await one.client.bundle("t1", 1)
    nobody = one.client.acting(person())
    elsewhere = one.client.acting(person(READ, tenants=frozenset({"t2"})))
    for ask in (
        lambda client: client.get("t1", "retail", "config"),
        lambda client: client.bundle("t1"),
        lambda client: client.bundle("t1", 1),
        lambda client: client.bundle("t1", layers=True),
        lambda client: client.pin("t1"),
        lambda client: client.pin("t1", 1),
        lambda client: anext(client.watch("t1")),
    ):
        with pytest.raises(Forbidden):
            await ask(nobody)
        with pytest.raises(NotFound):
            await ask(elsewhere)
    assert (await one.client.get("t1", "retail", "config")).data == {"a": 1}, "its own copies stay"


async def test_no_copy_is_left_behind(platform: RunningPlatform, side: MakeSide) -> None:
    put(platform, "t1/retail/config", "a: 1\n")
    one = side(platform.url, attempts=1)
    mine = one.client.acting(person(READ))
    await mine.get("t1", "retail", "config")
    await mine.bundle("t1")
    await mine.bundle("t1", 1)
    one.wire.spoil = lambda _: httpx.ConnectError("gone")
    for client in (mine, one.client):
        for ask in (client.get("t1", "retail", "config"), client.bundle("t1"), client.bundle("t1", 1)):
            with pytest.raises(Unavailable):
                await ask


async def test_an_outage_is_bridged_for_nobody(platform: RunningPlatform, side: MakeSide) -> None:
    put(platform, "t1/retail/config", "a: 1\n")
    told: list[StaleRead] = []
    one = side(platform.url, attempts=1, follow=False, on_stale=told.append)
    await one.client.get("t1", "retail", "config")
    await one.client.merge_mapping({"accounts": {"1": {"account_id": "t1", "domain": "retail"}}})
    await one.client.resolve(account="1")

    async def mapping_is_held() -> bool:
        return one.wire.count("GET /mapping 200") > 0

    await eventually(mapping_is_held, "the mapping's copy")
    one.wire.spoil = lambda _: httpx.ConnectError("gone")
    assert (await one.client.get("t1", "retail", "config")).stale_for is not None
    assert (await one.client.resolve(account="1")).stale_for is not None
    with pytest.raises(Unavailable):
        await one.client.acting(person(READ)).get("t1", "retail", "config")
    with pytest.raises(Unavailable):
        await one.client.acting(person(READ)).resolve(account="1")
    assert len(told) == 2


async def test_what_the_service_reads_from_its_memory_says_so(platform: RunningPlatform, side: MakeSide) -> None:
    put(platform, "t1/retail/config", "a: 1\n")
    one = side(platform.url)
    mine = one.client.acting(person(READ))
    real = httpx.AsyncHTTPTransport()

    async def aged(request: httpx.Request) -> httpx.Response:
        answer = await real.handle_async_request(request)
        return httpx.Response(
            answer.status_code, headers=[*answer.headers.raw, (b"X-Config-Stale", b"90")], content=await answer.aread(),
            request=request,
        )  # fmt: skip

    one.wire.spoil = aged
    document, bundle = await mine.get("t1", "retail", "config"), await mine.bundle("t1")
    assert document.stale_for == bundle.stale_for == bundle.documents[0].stale_for
    assert document.stale_for is not None
    assert document.stale_for.total_seconds() == 90
    await real.aclose()


async def test_closing_it_closes_nothing(platform: RunningPlatform, side: MakeSide) -> None:
    one = side(platform.url)
    async with one.client.acting(person(READ)) as mine:
        await mine.heads("t1")
    await asyncio.gather(mine.heads("t1"), one.client.heads("t1"))


async def test_a_newer_service_may_say_more(platform: RunningPlatform, side: MakeSide) -> None:
    one = side(platform.url)
    await one.client.put("t1", "retail", "config", {"a": 1}, idempotency_key="first")
    await one.client.put("t1", "retail", "config", {"a": 2}, idempotency_key="second")
    await one.client.merge_mapping({"accounts": {"1": {"account_id": "t1", "domain": "retail"}}})
    (delivery, *_) = await one.client.deliveries(tenant="t1")
    client = one.client
    calls: tuple[Callable[[], Awaitable[object]], ...] = (
        partial(client.version, "t1", "retail", "config"),
        partial(client.history, "t1", "retail", "config", counts=True),
        partial(client.blame, "t1", "retail", "config"), partial(client.validate, "t1", "retail", "config", {"a": 3}),
        client.tenants, partial(client.tenant, "t1"), partial(client.search, "config"), partial(client.values, "/a"),
        partial(client.activity, "t1"), client.deliveries, partial(client.delivery, "t1", delivery.id),
        client.mapping_history,
    )  # fmt: skip
    plain = [await call() for call in calls]
    real = httpx.AsyncHTTPTransport()

    async def newer(request: httpx.Request) -> httpx.Response:
        answer = await real.handle_async_request(request)
        body = _with_more(json.loads(await answer.aread()))
        return httpx.Response(answer.status_code, json=body, request=request)

    one.wire.spoil = newer
    assert [await call() for call in calls] == plain
    await real.aclose()


CONTENT = {"mapping", "value", "old", "new", "by_origin", "json_data"}


def _with_more(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_more(item) for item in value]
    if not isinstance(value, dict):
        return value
    more = {name: item if name in CONTENT else _with_more(item) for name, item in value.items()}
    return more | {"a_new_member": [1]}
