"""Every change is seen exactly once, in order, by everybody who follows a tenant, whatever breaks meanwhile.

`make feed-run CHANGES=100000` runs it at full size.
"""

import asyncio
import itertools
import math
import random
import time
from collections.abc import Iterator

import pytest
from faults.feed_clients import EventReader, Ledger, Poller, Reader, Servers, Writer
from faults.feed_history import Item, Reading, violations
from faults.feed_stage import Stage, schedule, staged

SMALL = 400
"""Changes of the run within the ordinary tests."""
WRITERS_PER_TENANT = 2
CHANGES_PER_FAULT = 1500
"""In a long run. In a short one, one fault of each kind is all there is time for."""
GATHERING_SECONDS = 0.5
HEALED_SECONDS = 30.0
"""After a fault is over, everybody has seen by then what was acknowledged before."""
CATCH_UP_SECONDS = 120.0
"""For the slowest reader, after the last change. Who has not seen it by then never will."""


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged() as made:
        yield made


def test_every_change_is_seen_once_in_order_by_everybody(stage: Stage, request: pytest.FixtureRequest) -> None:
    wanted = request.config.getoption("--feed") or SMALL
    given = request.config.getoption("--feed-seed")
    seed = random.SystemRandom().randrange(2**32) if given is None else given
    print(f"feed seed {seed}: repeat its faults with --feed-seed={seed}")  # noqa: T201 - shown when the test fails
    run = Run(stage, wanted, random.Random(seed))  # noqa: S311 - a schedule of faults, no secret
    asyncio.run(run.play())
    print(run.report())  # noqa: T201 - what a long run is for

    assert violations(run.ledger.sent, run.readings, run.last) == []
    assert run.ledger.changes >= wanted
    assert set(stage.happened) == set(stage.faults(run.chance))
    # Whoever never met a fault has shown nothing.
    met = set(run.servers.outcomes)
    assert {outcome.partition(": ")[0] for outcome in met if not outcome.endswith("200")} >= {"writer", "reader"}
    assert "listener_lost" in stage.logged("warning")
    assert stage.logged("error") == set(), "an outage is no error of ours"
    assert not [outcome for outcome in met if outcome.endswith("TimeoutError")], "a server kept silent"
    assert stage.end() == [0, 0]


class Run:
    """One run: writers, readers and faults at the same time, until everybody has seen everything."""

    def __init__(self, stage: Stage, wanted: int, chance: random.Random) -> None:
        self.stage, self.wanted, self.chance = stage, wanted, chance
        self.servers = Servers(stage.ports)
        self.ledger = Ledger()
        self.readers: list[Reader] = []
        self.late: list[Reader] = []
        tenants = [f"tenant_{number}" for number in range(3 if wanted <= SMALL else 8)]
        keys = {tenant: stage.key_of(tenant) for tenant in tenants}
        self.writers = [
            Writer(self.servers, self.ledger, tenant, index, keys[tenant], chance.randrange(2**32))
            for tenant in tenants
            for index in range(WRITERS_PER_TENANT)
        ]
        canon: dict[Item, Item] = {}
        for tenant, kind, index in itertools.product(tenants, (Poller, EventReader), range(3)):
            # In a long run most pollers let changes gather: 24 that ask anew for each would leave no time for writing.
            pause = GATHERING_SECONDS if wanted > SMALL and tenant != tenants[0] else 0.0
            name = f"{('', 'slow ', 'late ')[index]}{kind.__name__}"
            reader = kind(self.servers, tenant, name, index, keys[tenant], canon, slow=index == 1, pause=pause)
            (self.late if index == 2 else self.readers).append(reader)
        self.last: dict[str, int] = {}
        self.seconds = 0.0
        self._faults_are_over = False

    async def play(self) -> None:
        started = time.monotonic()
        async with asyncio.TaskGroup() as group:
            following = [group.create_task(reader.follow()) for reader in self.readers]
            following += [group.create_task(self._follow_later(reader)) for reader in self.late]
            async with asyncio.TaskGroup() as writing:
                for writer in self.writers:
                    writing.create_task(writer.write_until(self._is_written))
                writing.create_task(self._break_things())
            self.seconds = time.monotonic() - started
            for writer in self.writers[::WRITERS_PER_TENANT]:
                self.last[writer.tenant] = await writer.write_last()
            _, behind = await asyncio.wait(following, timeout=CATCH_UP_SECONDS)
            for task in behind:
                task.cancel()

    def _is_written(self) -> bool:
        return self._faults_are_over and self.ledger.changes >= self.wanted

    async def _follow_later(self, reader: Reader) -> None:
        await self.ledger.reach(self.wanted // 2)
        await reader.follow()

    async def _break_things(self) -> None:
        """One fault after the other, evenly over the run, each as soon as the one before is healed."""
        faults = schedule(list(self.stage.faults(self.chance)), self.wanted // CHANGES_PER_FAULT, self.chance)
        for number, fault in enumerate(faults, start=1):
            await self.ledger.reach(math.ceil(self.wanted * number / (len(faults) + 1)))
            await asyncio.to_thread(self.stage.befall, fault, self.chance)
            await self._everybody_sees(dict(self.ledger.revisions), fault)
        self._faults_are_over = True

    async def _everybody_sees(self, revisions: dict[str, int], fault: str) -> None:
        """Wait until what was acknowledged by now reached everybody: nobody may be left behind until the next fault."""
        deadline = time.monotonic() + HEALED_SECONDS
        while behind := [reader for reader in self.readers if reader.position < revisions.get(reader.tenant, 0)]:
            first = behind[0]
            assert time.monotonic() < deadline, f"after {fault}: {first.name} of {first.tenant} is at {first.position}"
            await asyncio.sleep(0.05)  # polling a condition, with a deadline

    @property
    def readings(self) -> list[Reading]:
        return [reader.reading for reader in (*self.readers, *self.late)]

    def report(self) -> str:
        unknown = sum(not write.acknowledged for write in self.ledger.sent)
        readers = [*self.readers, *self.late]
        seen = sum(len(reader.items) for reader in readers)
        outcomes = ", ".join(f"{name} x {count}" for name, count in sorted(self.servers.outcomes.items()))
        faults = ", ".join(f"{name} x {count}" for name, count in sorted(self.stage.happened.items()))
        return (
            f"{self.ledger.changes} changes acknowledged in {self.seconds:.0f} s "
            f"({self.ledger.changes / self.seconds:.0f}/s), {unknown} writes of unknown outcome\n"
            f"{len(self.last)} tenants, {len(self.writers)} writers, {len(readers)} readers that moved "
            f"{sum(reader.moves for reader in readers)} times and saw {seen} changes\n"
            f"faults: {faults}\noutcomes: {outcomes}"
        )
