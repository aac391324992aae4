"""When the service cannot be reached: what was last known stands in, visibly, for a while, and for nothing else."""

import asyncio
import base64
import itertools
import logging
import secrets
import stat
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sprintia_testing.clients import MakeSide, eventually, put
from sprintia_testing.databases import TestDatabases
from sprintia_testing.outages import DetachableDatabase
from sprintia_testing.platforms import RunningPlatform

from sprintia_config_client import (
    ClientSettings,
    Conflict,
    SnapshotSettings,
    StaleRead,
    Unauthorized,
    Unavailable,
)

pytestmark = pytest.mark.anyio

MARKS = ("planted-prompt", "planted-tenant", "planted-secret", "planted-phone")
KEY = secrets.token_bytes(32)

DOWN: list[tuple[str, Callable[[httpx.Request], httpx.Response | Exception]]] = [
    ("refused", lambda _: httpx.ConnectError("refused")),
    ("no route", lambda _: httpx.ConnectTimeout("no route")),
    ("silent", lambda _: httpx.ReadTimeout("silent")),
    ("cut", lambda _: httpx.RemoteProtocolError("cut")),
    ("502 of a proxy", lambda _: httpx.Response(502, text="Bad Gateway")),
    ("503", lambda _: httpx.Response(503, headers={"Retry-After": "60"})),
    ("504 of a proxy", lambda _: httpx.Response(504)),
]
NOT_DOWN: list[tuple[str, Callable[[httpx.Request], httpx.Response | Exception]]] = [
    ("500", lambda _: httpx.Response(500, text="oops")),
    ("404 of a proxy", lambda _: httpx.Response(404, text="404 page not found")),
    ("a login page", lambda _: httpx.Response(200, text="<html>please log in</html>")),
    ("JSON of somebody else", lambda _: httpx.Response(200, json={"hello": 1})),
    ("a redirect", lambda _: httpx.Response(302, headers={"Location": "http://other.test/"})),
    ("half an answer", lambda _: httpx.Response(200, text='{"tenant_id":"t1","rev')),
]


def named(cases: list[tuple[str, Any]]) -> Any:
    return [pytest.param(case, id=name) for name, case in cases]


def snapshot(folder: Path, key: bytes = KEY, **settings: Any) -> SnapshotSettings:
    return SnapshotSettings(folder=folder / "kept", key=key, **settings)


@pytest.mark.parametrize("down", named(DOWN))
async def test_memory_stands_in_and_says_so(
    platform: RunningPlatform, side: MakeSide, down: Callable[[httpx.Request], httpx.Response]
) -> None:
    put(platform, "t1/retail/config", "a: 1\n")
    events: list[StaleRead] = []
    one = side(platform.url, follow=False, attempts=2, longest_pause=0.05, on_stale=events.append)
    fresh = await one.client.get("t1", "retail", "config")
    one.wire.spoil = down
    for _ in range(3):
        stale = await one.client.get("t1", "retail", "config")
        assert stale.stale_for is not None
        assert timedelta() <= stale.stale_for < timedelta(minutes=1)
        assert (stale.json_text, stale.version) == (fresh.json_text, fresh.version)
    bundle = await one.client.bundle("t1")
    assert bundle.stale_for is not None
    assert bundle.documents[0].stale_for == bundle.stale_for
    assert [(event.resource, event.source) for event in events] == [("/configs/t1/bundle", "memory")], "told once"
    assert len(one.wire.requests) <= 4, "an outage costs no request for each read"
    with pytest.raises(Unavailable):
        await one.client.get("t2", "retail", "config")
    with pytest.raises(Unavailable, match=r"that was .* ago"):
        await one.client.get("t1", "retail", "other")


@pytest.mark.parametrize("answer", named(NOT_DOWN))
async def test_what_is_no_outage_is_not_bridged(
    platform: RunningPlatform, side: MakeSide, answer: Callable[[httpx.Request], httpx.Response]
) -> None:
    put(platform, "t1/retail/config", "a: 1\n")
    one = side(platform.url, follow=False, attempts=1)
    await one.client.get("t1", "retail", "config")
    one.wire.spoil = answer
    for call in (one.client.get("t1", "retail", "config"), one.client.resolve(account="1"), one.client.heads("t1")):
        with pytest.raises(Unavailable) as caught:
            await call
        assert not caught.value.unreachable


async def test_the_service_comes_back(platform: RunningPlatform, side: MakeSide) -> None:
    put(platform, "t1/retail/config", "a: 1\n")
    one = side(platform.url, attempts=1, poll_wait=0.2)
    await one.client.get("t1", "retail", "config")
    one.wire.spoil = lambda _: httpx.ConnectError("refused")

    async def is_stale() -> bool:
        return (await one.client.get("t1", "retail", "config")).stale_for is not None

    await eventually(is_stale, "the outage")
    put(platform, "t1/retail/config", "a: 2\n")
    one.wire.spoil = lambda _: None

    async def is_back() -> bool:
        read = await one.client.get("t1", "retail", "config")
        return read.stale_for is None and read.data == {"a": 2}

    await eventually(is_back, "the recovery")


async def test_a_poll_without_an_answer_makes_nothing_fresh(platform: RunningPlatform, side: MakeSide) -> None:
    put(platform, "t1/retail/config", "a: 1\n")
    one = side(platform.url, attempts=1)
    await one.client.get("t1", "retail", "config")
    polls = itertools.count()

    async def silent() -> Exception:
        await asyncio.Event().wait()
        return httpx.ReadTimeout("silence")

    def spoil(request: httpx.Request) -> Exception | Awaitable[Exception]:
        if request.url.path.endswith("/changes") and next(polls) > 0:
            return silent()
        return httpx.ConnectError("refused")

    one.wire.spoil = spoil
    put(platform, "t1/retail/config", "a: 2\n")  # ends the poll that was under way

    async def tried_again() -> bool:
        polled = sum(request.url.path.endswith("/changes") for request in one.wire.requests)
        return one.wire.count("/bundle ConnectError") >= 2 or polled >= 3

    await eventually(tried_again, "a second attempt")
    for _ in range(20):
        assert (await one.client.get("t1", "retail", "config")).stale_for is not None
        await asyncio.sleep(0)


async def test_a_database_that_is_gone(
    databases: TestDatabases, run_platform: Callable[..., RunningPlatform], side: MakeSide, tmp_path: Path
) -> None:
    database = await asyncio.to_thread(DetachableDatabase, databases, tmp_path)
    platform = await asyncio.to_thread(run_platform, DATABASE_URL=database.url, SPRINTIA_KEY_CACHE_SECONDS="60")
    put(platform, "t1/retail/config", "a: 1\n")
    one = side(platform.url, follow=False, attempts=1)
    assert (await one.client.get("t1", "retail", "config")).stale_for is None
    await asyncio.to_thread(database.detach)
    try:

        async def told() -> bool:
            read = await one.client.get("t1", "retail", "config")
            assert read.data == {"a": 1}
            return read.stale_for is not None

        await eventually(told, "what the service says of the age of its memory")
        with pytest.raises(Unavailable) as caught:
            await one.client.put("t1", "retail", "config", "a: 2\n")
        key = caught.value.idempotency_key
        assert key
    finally:
        database.attach()

    async def written() -> bool:
        try:
            return (await one.client.put("t1", "retail", "config", "a: 2\n", idempotency_key=key)).version == 2
        except Unavailable:
            return False

    await eventually(written, "the repeated write")
    await asyncio.to_thread(platform.stop)
    await asyncio.to_thread(database.drop)


async def test_too_old_is_not_shown(platform: RunningPlatform, side: MakeSide) -> None:
    put(platform, "t1/retail/config", "a: 1\n")
    one = side(platform.url, follow=False, attempts=1, max_stale=timedelta(0))
    await one.client.get("t1", "retail", "config")
    one.wire.spoil = lambda _: httpx.ConnectError("refused")
    with pytest.raises(Unavailable):
        await one.client.get("t1", "retail", "config")


async def test_who_answers_is_known_in_an_outage(platform: RunningPlatform, side: MakeSide, tmp_path: Path) -> None:
    one = side(platform.url, attempts=1, snapshot=snapshot(tmp_path))
    entry = {"account_id": "t1", "domain": "retail"}
    await one.client.merge_mapping({"accounts": {"1": entry}, "special_numbers": [{**entry, "number": "5511999"}]})
    assert (await one.client.resolve(account="1")).stale_for is None
    await eventually(lambda: _kept(tmp_path), "the mapping on disk")
    one.wire.spoil = lambda _: httpx.ConnectError("refused")
    later = side(platform.url, attempts=1, snapshot=snapshot(tmp_path))
    later.wire.spoil = one.wire.spoil
    for client in (one.client, later.client):
        by_phone = await client.resolve(account="1", phone="+55 11 999")
        assert (by_phone.rule, by_phone.tenant_id) == ("special_number", "t1")
        assert by_phone.stale_for is not None
        with pytest.raises(Unavailable, match=r"that was .* ago"):
            await client.resolve(account="2")


async def _kept(folder: Path) -> list[Path]:
    return list((folder / "kept").glob("*.snapshot"))


async def test_secrets_need_the_service(platform: RunningPlatform, side: MakeSide) -> None:
    put(platform, "t1/default/credentials", "credentials: {odoo: planted-secret}\n")
    one = side(platform.url, attempts=1)
    assert (await one.client.secret("t1", "odoo")).value == "planted-secret"
    one.wire.spoil = lambda _: httpx.ConnectError("refused")
    with pytest.raises(Unavailable):
        await one.client.secret("t1", "odoo")


async def test_the_disk_stands_in_for_a_process_that_starts_in_an_outage(
    platform: RunningPlatform, side: MakeSide, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(platform, "planted-tenant/retail/config", "prompt: planted-prompt\nprice: 1.10\n")
    put(platform, "planted-tenant/default/credentials", "credentials: {odoo: planted-secret}\n")
    first = side(platform.url, snapshot=snapshot(tmp_path))
    await first.client.merge_mapping({
        "accounts": {"77": {"account_id": "planted-tenant", "domain": "retail"}},
        "special_numbers": [{"number": "+55 planted-phone 123", "account_id": "planted-tenant", "domain": "retail"}],
    })  # fmt: skip
    known = await first.client.get("planted-tenant", "retail", "config")
    await first.client.secret("planted-tenant", "odoo")
    await first.client.resolve(account="77")
    await first.client.close()

    async def none_is_half_written() -> bool:
        return not list((tmp_path / "kept").glob("*.tmp"))

    await eventually(none_is_half_written, "the end of the thread that writes")  # closing does not wait for it
    files = await _kept(tmp_path)
    assert files
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        content = file.read_bytes() + file.name.encode()
        for mark in MARKS:
            for form in (mark.encode(), base64.b64encode(mark.encode())[:12]):
                assert form not in content, f"{mark} stands in {file}"
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o700

    events: list[StaleRead] = []
    caplog.set_level(logging.WARNING, "sprintia_config_client")
    later = side(platform.url, attempts=1, snapshot=snapshot(tmp_path), on_stale=events.append)
    later.wire.spoil = lambda _: httpx.ConnectError("refused")
    read = await later.client.get("planted-tenant", "retail", "config")
    assert read.json_text == known.json_text
    assert read.stale_for is not None
    assert events[0].source == "disk"
    assert "/configs/planted-tenant/bundle is" in caplog.text
    pinned = await later.client.pin("planted-tenant", 3)
    assert pinned.get("retail", "config").json_text == known.json_text, "its last revision is known, to the byte"
    with pytest.raises(Unavailable):
        await later.client.pin("planted-tenant", 2)


async def test_the_disk_is_for_outages_alone(platform: RunningPlatform, side: MakeSide, tmp_path: Path) -> None:
    put(platform, "t1/retail/config", "a: 1\n")
    first = side(platform.url, snapshot=snapshot(tmp_path))
    await first.client.get("t1", "retail", "config")
    await first.client.close()
    assert len(await _kept(tmp_path)) == 1
    problem = {"Content-Type": "application/problem+json"}
    body = b'{"type":"urn:sprintia:problem:unauthorized","detail":"no"}'
    later = side(platform.url, attempts=1, snapshot=snapshot(tmp_path))
    later.wire.spoil = lambda _: httpx.Response(401, headers=problem, content=body)
    with pytest.raises(Unauthorized):
        await later.client.get("t1", "retail", "config")
    assert await _kept(tmp_path) == [], "what was refused is forgotten on disk too"
    later.wire.spoil = lambda _: httpx.ConnectError("refused")
    with pytest.raises(Unavailable):
        await later.client.get("t1", "retail", "config")


@pytest.mark.parametrize(
    "spoil", ["another key", "another api key", "another service", "altered", "cut", "too old", "not ours"]
)
async def test_a_file_that_must_not_be_used(
    platform: RunningPlatform, side: MakeSide, tmp_path: Path, spoil: str
) -> None:
    put(platform, "t1/retail/config", "a: 1\n")
    first = side(platform.url, snapshot=snapshot(tmp_path))
    await first.client.get("t1", "retail", "config")
    await first.client.close()
    (file,) = await _kept(tmp_path)
    content = file.read_bytes()
    match spoil:
        case "altered":
            file.write_bytes(content[:-20] + bytes([content[-20] ^ 1]) + content[-19:])
        case "cut":
            file.write_bytes(content[: len(content) // 2])
        case "not ours":
            file.write_bytes(b"hello")
    settings: dict[str, Any] = {"snapshot": snapshot(tmp_path)}
    url = platform.url
    if spoil == "another key":
        settings["snapshot"] = snapshot(tmp_path, secrets.token_bytes(32))
    elif spoil == "too old":
        settings["snapshot"] = snapshot(tmp_path, max_age=timedelta(0))
    elif spoil == "another api key":
        settings["api_key"] = "somebody-else"
    elif spoil == "another service":
        url = "http://127.0.0.1:1"
    later = side(url, attempts=1, **settings)
    later.wire.spoil = lambda _: httpx.ConnectError("refused")
    with pytest.raises(Unavailable):
        await later.client.get("t1", "retail", "config")


async def test_a_disk_that_cannot_be_written_breaks_no_read(
    platform: RunningPlatform, side: MakeSide, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "kept").write_text("a file where the folder should be")
    put(platform, "t1/retail/config", "a: 1\n")
    one = side(platform.url, follow=False, snapshot=snapshot(tmp_path))
    assert (await one.client.get("t1", "retail", "config")).data == {"a": 1}
    put(platform, "t1/retail/config", "a: 2\n")
    assert (await one.client.get("t1", "retail", "config")).data == {"a": 2}
    assert caplog.text.count("cannot be kept") == 1


async def test_a_failing_listener_breaks_no_read(platform: RunningPlatform, side: MakeSide) -> None:
    put(platform, "t1/retail/config", "a: 1\n")

    def listen(_event: StaleRead) -> None:
        raise RuntimeError("the metrics are down too")

    one = side(platform.url, follow=False, attempts=1, on_stale=listen)
    await one.client.get("t1", "retail", "config")
    one.wire.spoil = lambda _: httpx.ConnectError("refused")
    assert (await one.client.get("t1", "retail", "config")).stale_for is not None


async def test_a_service_that_is_stale_itself_is_believed(platform: RunningPlatform, side: MakeSide) -> None:
    put(platform, "t1/retail/config", "a: 1\n")
    one = side(platform.url, follow=False)
    await one.client.get("t1", "retail", "config")
    one.wire.spoil = lambda _: httpx.Response(304, headers={"X-Config-Stale": "90"})
    read = await one.client.get("t1", "retail", "config")
    assert read.stale_for == timedelta(seconds=90)


async def test_writes_are_sent_once(platform: RunningPlatform, side: MakeSide) -> None:
    one = side(platform.url, attempts=5)
    lost = httpx.ReadTimeout("lost on its way back")
    one.wire.spoil = lambda request: lost if request.method == "PUT" else None
    with pytest.raises(Unavailable) as caught:
        await one.client.put("t1", "retail", "config", "a: 1\n")
    assert len(one.wire.requests) == 1
    one.wire.spoil = lambda _: None
    key = caught.value.idempotency_key
    first = await one.client.put("t1", "retail", "config", "a: 1\n", idempotency_key=key)
    assert await one.client.put("t1", "retail", "config", "a: 1\n", idempotency_key=key) == first
    with pytest.raises(Conflict):
        await one.client.put("t1", "retail", "config", "a: 2\n", idempotency_key=key)


async def test_reads_are_repeated_a_few_times(platform: RunningPlatform, side: MakeSide) -> None:
    one = side(platform.url, attempts=3, longest_pause=0.05)
    answers = iter([httpx.ConnectError("refused"), httpx.Response(503, headers={"Retry-After": "0"})])
    one.wire.spoil = lambda _: next(answers, None)
    assert await one.client.heads("t1") == ()
    assert len(one.wire.requests) == 3
    one.wire.spoil = lambda _: httpx.Response(503, headers={"Retry-After": "3600"})
    with pytest.raises(Unavailable) as caught:
        await one.client.heads("t1")
    assert caught.value.retry_after == 3600
    assert len(one.wire.requests) == 4, "who is told to come back in an hour does not ask again at once"


def test_no_key_means_no_copy_on_disk_and_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    from sprintia_config_client import settings

    settings._warned.clear()
    for _ in range(2):
        assert ClientSettings.from_environment({"CONFIG_SERVICE_API_KEY": "k"}).snapshot is None
    assert caplog.text.count("CONFIG_SERVICE_SNAPSHOT_KEY is not set") == 1
    caplog.clear()
    settings._warned.clear()
    off = {"CONFIG_SERVICE_API_KEY": "k", "CONFIG_SERVICE_SNAPSHOT": "off", "CONFIG_SERVICE_SNAPSHOT_KEY": "x"}
    assert ClientSettings.from_environment(off).snapshot is None
    assert caplog.text == ""
