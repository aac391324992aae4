"""The client for plain threads: CrewAI's tools, scripts, threads with an event loop of their own, forked workers."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from inspect import signature
from typing import Any

import pytest
from sprintia_testing.clients import methods_of, put
from sprintia_testing.platforms import API_KEY, RunningPlatform

from sprintia_config_client import (
    ApiKey,
    Change,
    ClientSettings,
    ConfigClient,
    ConfigReader,
    ConfigWriter,
    Conflict,
    Forbidden,
    NotFound,
    Person,
    SyncConfigClient,
    Unavailable,
)


@pytest.fixture
def sync_client(platform: RunningPlatform) -> Iterator[SyncConfigClient]:
    with SyncConfigClient(ClientSettings(url=platform.url, api_key=ApiKey(API_KEY))) as client:
        yield client


def test_every_method_is_there_with_the_same_arguments() -> None:
    for contract in (ConfigReader, ConfigWriter):
        for name in methods_of(contract):
            wanted = signature(getattr(contract, name)).parameters
            assert signature(getattr(ConfigClient, name)).parameters == wanted, name
            assert signature(getattr(SyncConfigClient, name)).parameters == wanted, name


def test_it_reads_and_writes(sync_client: SyncConfigClient) -> None:
    client = sync_client
    item = client.put("t1", "retail", "config", "a: 1 # text\n")
    assert client.get("t1", "retail", "config").data == {"a": 1}
    assert client.text("t1", "retail", "config") == "a: 1 # text\n"
    client.patch("t1", "retail", "config", {"b": 2}, expected=item)
    with pytest.raises(Conflict):
        client.patch("t1", "retail", "config", {"b": 3}, expected=item)
    run = client.pin("t1")
    client.rollback("t1", "retail", "config", 1)
    client.delete("t1", "retail", "config")
    with pytest.raises(NotFound):
        client.get("t1", "retail", "config")
    assert client.pin("t1", run.revision).bundle == run.bundle
    assert [each.version for each in client.history("t1", "retail", "config")] == [4, 3, 2, 1]
    assert client.changes("t1", 3).changes[0].deleted
    assert client.heads("t1") == client.bundle("t1").documents == ()
    client.put("t1", "default", "credentials", {"credentials": {"odoo": "x"}})
    assert client.secret("t1", "odoo").value == "x"
    client.merge_mapping({"accounts": {"1": {"account_id": "t1", "domain": "retail"}}})
    assert client.resolve(account="1").tenant_id == "t1"
    assert client.mapping()["fallbacks"] == []
    assert client.replace_mapping({})["accounts"] == {}
    client.put("t1", "retail", "config", "a: 3\n")
    content = b"".join(client.export("t1"))
    client.put("t1", "retail", "config", "a: 4\n")
    assert client.import_heads(content).documents.written == 1
    assert client.text("t1", "retail", "config") == "a: 3\n"
    with pytest.raises(NotFound):
        next(client.export("nobody"))


def test_it_acts_for_people(sync_client: SyncConfigClient) -> None:
    person = Person(name="ana", rights=frozenset({"config:read", "config:write"}), tenants=frozenset({"t1"}))
    with sync_client.acting(person) as mine:
        item = mine.put("t1", "retail", "config", "a: 1\n", message="why")
        assert (item.actor, item.message) == ("user:ana/key:bootstrap", "why")
        assert mine.get("t1", "retail", "config").data == {"a": 1}
        with pytest.raises(NotFound):
            mine.heads("t2")
        with pytest.raises(Forbidden):
            mine.merge_mapping({})
        with pytest.raises(NotFound):
            mine.acting(Person(name="rui", rights=person.rights)).heads("t2")
    assert sync_client.heads("t2") == (), "one who acts for somebody closes nothing"
    assert sync_client.version("t1", "retail", "config").text == "a: 1\n"
    sync_client.put("t1", "retail", "config", "a: 2\n")
    assert "-a: 1" in sync_client.text_diff("t1", "retail", "config").text
    assert sync_client.blame("t1", "retail", "config").paths[0].version == 2
    assert sync_client.validate("t1", "retail", "config", {"b": 1}).version == 3
    assert sync_client.tenants(text="t1").tenants[0].tenant_id == "t1"
    assert sync_client.tenant("t1").documents == 1
    assert sync_client.search(value="t1", text="conf").hits == ()
    assert sync_client.values("/a").items[0].value_text == "2"
    assert sync_client.activity("t1")[0].changes == 2
    delivery = sync_client.deliveries(tenant="t1")[0]
    assert sync_client.delivery("t1", delivery.id) == delivery
    with pytest.raises(Conflict):
        sync_client.replay("t1", delivery.id)
    sync_client.merge_mapping({"accounts": {"1": {"account_id": "t1", "domain": "retail"}}})
    sync_client.replace_mapping({})
    assert "1" in sync_client.rollback_mapping("t1", 1)["accounts"]  # type: ignore[operator]
    assert [each.version for each in sync_client.mapping_history(tenant="t1", limit=2)] == [3, 2]
    assert sync_client.schemas() == ()
    with pytest.raises(NotFound):
        sync_client.schema("config")


def test_many_threads_share_one(sync_client: SyncConfigClient, platform: RunningPlatform) -> None:
    put(platform, "t1/retail/config", "a: 1\n")
    with ThreadPoolExecutor(8) as pool:
        reads = list(pool.map(lambda _: sync_client.get("t1", "retail", "config").data, range(64)))
    assert reads == [{"a": 1}] * 64
    assert sum(thread.name == "sprintia-config-client" for thread in threading.enumerate()) == 1


def test_within_a_running_loop(sync_client: SyncConfigClient, platform: RunningPlatform) -> None:
    put(platform, "t1/retail/config", "a: 1\n")

    async def agent() -> object:
        return sync_client.get("t1", "retail", "config").data

    assert asyncio.run(agent()) == {"a": 1}
    assert asyncio.run(agent()) == {"a": 1}, "and within the next one"


def test_watching(sync_client: SyncConfigClient, platform: RunningPlatform) -> None:
    put(platform, "t1/retail/config", "a: 1\n")
    seen: list[Change] = []

    def watch() -> None:
        for change in sync_client.watch("t1", since=0):
            seen.append(change)
            if len(seen) == 3:
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    put(platform, "t1/retail/config", "a: 2\n")
    put(platform, "t1/retail/config", "a: 3\n")
    watcher.join(15)
    assert [change.revision for change in seen] == [1, 2, 3]


def test_after_a_fork_the_child_has_its_own(sync_client: SyncConfigClient, platform: RunningPlatform) -> None:
    put(platform, "t1/retail/config", "a: 1\n")
    sync_client.get("t1", "retail", "config")
    program = (
        "import os, sys\n"
        "from sprintia_config_client import *\n"
        "client = SyncConfigClient(ClientSettings(url=sys.argv[1], api_key=ApiKey(sys.argv[2])))\n"
        "assert client.get('t1', 'retail', 'config').data == {'a': 1}\n"
        "pid = os.fork()\n"
        "assert client.get('t1', 'retail', 'config').data == {'a': 1}\n"
        "client.close()\n"
        "if pid: assert os.waitpid(pid, 0)[1] == 0\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, platform.url, API_KEY], timeout=30, check=False, capture_output=True, text=True,
        env=os.environ | {"PYTHONWARNINGS": "ignore::DeprecationWarning"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_closed_means_closed(platform: RunningPlatform) -> None:
    client = SyncConfigClient(ClientSettings(url=platform.url, api_key=ApiKey(API_KEY)))
    client.bundle("t1")
    client.close()
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.bundle("t1")
    assert not any(thread.name == "sprintia-config-client" for thread in threading.enumerate())


def test_its_own_thread_must_not_wait_for_itself(
    sync_client: SyncConfigClient, run_platform: Callable[..., RunningPlatform]
) -> None:
    told: list[Any] = []
    platform = run_platform()

    def listen(_event: object) -> None:
        try:
            client.heads("t1")
        except RuntimeError as error:
            told.append(str(error))

    settings = ClientSettings(url=platform.url, api_key=ApiKey(API_KEY), attempts=1, follow=False)
    with SyncConfigClient(settings, on_stale=listen) as client:
        client.bundle("t1")
        platform.stop()
        assert client.bundle("t1").stale_for is not None
        with pytest.raises(Unavailable):
            client.heads("t1")
    assert told
    assert "must not call the client" in told[0]
