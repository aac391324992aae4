"""Whoever follows revisions hears of every movement, and when the database cannot be asked."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
from faults.proxy import PostgresProxy
from sprintia_testing.databases import TestDatabases
from sprintia_testing.outages import DetachableDatabase
from sprintia_testing.platforms import RunningPlatform, wait_until

from sprintia_config.parts import Parts
from sprintia_config.timeline.notifications import ROUND_SECONDS
from sprintia_config.writing import NOTIFICATIONS

YAML = {"Content-Type": "application/yaml"}


class Recorder:
    """A follower that notes what it is told."""

    def __init__(self, *tenants: str) -> None:
        self.tenants = tenants
        self.moves: list[tuple[str, int]] = []
        self.rounds: list[tuple[float, dict[str, int]]] = []
        self.failures = 0

    def held(self) -> Collection[str]:
        return self.tenants

    def moved(self, tenant_id: str, revision: int) -> None:
        self.moves.append((tenant_id, revision))

    def reconciled(self, asked_at: float, revisions: Mapping[str, int]) -> None:
        assert asked_at <= asyncio.get_running_loop().time()
        self.rounds.append((asked_at, dict(revisions)))

    def unreachable(self) -> None:
        self.failures += 1


def following(platform: RunningPlatform, *tenants: str) -> Recorder:
    recorder = Recorder(*tenants)
    Parts.of(platform.host).notifications.follow(recorder)
    return recorder


def put(client: httpx.Client, number: int, tenant: str = "t1") -> None:
    answer = client.put(f"/configs/{tenant}/retail/config", content=f"n: {number}\n", headers=YAML)
    assert answer.status_code == 200, answer.text


@contextmanager
def running(url: str, folder: Path) -> Iterator[RunningPlatform]:
    platform = RunningPlatform({"DATABASE_URL": url, "SPRINTIA_DATA_DIR": str(folder)})
    try:
        yield platform
    finally:
        platform.stop()


def test_a_follower_hears_of_writes_and_of_what_the_database_says(
    run_platform: Callable[..., RunningPlatform],
) -> None:
    here, there = run_platform(), run_platform()
    put(here.client, 1, "t2")
    follower = following(there, "t2", "unknown")
    wait_until(lambda: follower.rounds, what="a comparison")
    assert follower.rounds[-1][1] == {"t2": 1}, "a tenant without a row is absent"
    put(here.client, 1, "t1")  # not held: by notification alone
    wait_until(lambda: ("t1", 1) in follower.moves, what="the notification")
    # Nobody was notified of this one: the comparison finds it.
    TestDatabases.run(here.database_url, "UPDATE config.tenant SET revision = 7 WHERE tenant_id = 't2'")
    wait_until(lambda: ("t2", 7) in follower.moves, what="the comparison")
    assert follower.rounds[-1][1] == {"t2": 7}
    assert follower.failures == 0


def test_a_notification_that_is_none_of_ours_is_passed_over(platform: RunningPlatform) -> None:
    follower = following(platform)
    for payload in ("", "t1", "t1 x", "t1 -1", "t1 ²", " "):
        TestDatabases.run(platform.database_url, "SELECT pg_notify($1, $2)", NOTIFICATIONS, payload)
    put(platform.client, 1)
    wait_until(lambda: follower.moves, what="the notification")
    assert follower.moves[0] == ("t1", 1)


def test_an_outage_is_told_and_so_is_its_end(databases: TestDatabases, tmp_path: Path) -> None:
    database = DetachableDatabase(databases, tmp_path)
    try:
        with running(database.url, tmp_path) as platform:
            follower = following(platform)  # with nothing held, too
            wait_until(lambda: follower.rounds, what="a comparison")
            database.detach()
            wait_until(lambda: follower.failures >= 2, what="the outage, again and again")
            rounds = len(follower.rounds)
            database.attach()
            wait_until(lambda: len(follower.rounds) > rounds, 5, "the first comparison afterwards")
    finally:
        database.drop()


def test_a_database_that_says_nothing_is_noticed_in_time(database_url: str, tmp_path: Path) -> None:
    with PostgresProxy(database_url) as proxy, running(proxy.url, tmp_path) as platform:
        follower = following(platform)
        wait_until(lambda: follower.rounds, what="a comparison")
        proxy.go_silent()
        wait_until(lambda: follower.failures, 1 + ROUND_SECONDS + 1, "the outage")
        proxy.speak_again()
        rounds = len(follower.rounds)
        wait_until(lambda: len(follower.rounds) > rounds, 2 * ROUND_SECONDS + 2, "the first comparison afterwards")
        put(platform.client, 1)
        wait_until(lambda: ("t1", 1) in follower.moves, what="the notification on the new connection")
