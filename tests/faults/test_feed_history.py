"""The checker of the feed itself: it must pass what is sound and see each kind of damage, in one reader or in all."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec
import pytest
from faults.feed_history import Item, Made, Reading, Sent, violations

TENANT = "tenant_0"
UNKNOWN_DIGEST = 5
"""Of the sound run's writes, every one with this remainder of ten makes two changes whose content only the service
knows: a webhook's."""


@dataclass
class Run:
    """What writers and readers have noted."""

    sent: list[Sent]
    readings: list[Reading]
    last: dict[str, int]

    def violations(self) -> list[str]:
        return violations(self.sent, self.readings, self.last)

    def feed(self, reader: int = 0) -> list[Item]:
        return list(self.readings[reader].items)

    def shown(self, items: list[Item], *readers: int) -> None:
        """Let these readers (none: all) have seen this."""
        for index in readers or range(len(self.readings)):
            self.readings[index] = replace(self.readings[index], items=items)


def sound_run(seed: int = 1, *, writes: int = 30, readers: int = 3) -> Run:
    """Writers that wait for their answers, and readers that see each commit."""
    chance = random.Random(seed)  # noqa: S311 - a reproducible run, no secret
    sent: list[Sent] = []
    feed: list[Item] = []
    versions: dict[str, int] = {}
    for number in range(writes):
        revision, now = number + 1, float(number)
        digest = None if number % 10 == UNKNOWN_DIGEST else f"digest of {number}"
        places = ["default/config", "default/credentials"] if digest is None else [f"retail/{number % 3}"]
        made = []
        for place in places:
            versions[place] = version = versions.get(place, 0) + 1
            made.append(Made(place=place, digest=digest, version=version))
            domain, _, config_type = place.partition("/")
            feed.append(
                Item(
                    revision=revision, kind="document", domain=domain, config_type=config_type, version=version,
                    digest=digest or f"keyed digest {number}", deleted=False, actor="key:1", origin="api",
                    created_at=f"2026-01-01T00:00:{number:02}Z",
                )
            )  # fmt: skip
        ended = now + chance.uniform(0.1, 3)
        told = revision if digest else None
        sent.append(
            Sent(tenant=TENANT, made=tuple(made), acknowledged=True, revision=told, started=now - 0.1, ended=ended)
        )
    readings = [Reading(reader=f"reader {number}", tenant=TENANT, items=feed) for number in range(readers)]
    return Run(sent, readings, {TENANT: writes})


@pytest.mark.parametrize("seed", range(10))
def test_a_sound_run_passes(seed: int) -> None:
    assert sound_run(seed).violations() == []


@pytest.mark.parametrize("number", [4, UNKNOWN_DIGEST, 29])
def test_a_write_of_unknown_outcome_may_be_there_or_not(number: int) -> None:
    run = sound_run()
    unknown = tuple(replace(made, version=None) for made in run.sent[number].made)
    run.sent[number] = replace(run.sent[number], made=unknown, acknowledged=False, revision=None)
    never_done = Sent(tenant=TENANT, made=(Made(place="retail/0", digest="x"),), acknowledged=False, started=1, ended=2)
    run.sent += [never_done, run.sent[number]]
    assert run.violations() == []


def test_what_came_after_the_last_common_revision_is_left_out() -> None:
    run = sound_run()
    late = msgspec.structs.replace(run.feed()[-1], revision=31, version=99)
    run.shown([*run.feed(), late], 1)
    assert run.violations() == []


def lose(run: Run, *readers: int) -> None:
    """One change of the middle is not seen."""
    run.shown([item for item in run.feed() if item.revision != 13], *readers)


def lose_the_last(run: Run, *readers: int) -> None:
    run.shown(run.feed()[:-1], *readers)


def lose_half_of_a_revision(run: Run, *readers: int) -> None:
    """Of a webhook's two changes one is not seen: the numbers have no hole."""
    run.shown([item for item in run.feed() if item.config_type != "credentials"], *readers)


def lose_and_close_the_gap(run: Run, *readers: int) -> None:
    """The numbers do not tell, only the writer does."""
    kept = [item for item in run.feed() if item.revision != 13]
    run.shown([msgspec.structs.replace(i, revision=i.revision - (i.revision > 13)) for i in kept], *readers)
    if not readers:
        run.last[TENANT] -= 1


def repeat(run: Run, *readers: int) -> None:
    feed = run.feed()
    run.shown([*feed[:13], feed[12], *feed[13:]], *readers)


def repeat_later(run: Run, *readers: int) -> None:
    run.shown([*run.feed(), run.feed()[12]], *readers)


def swap(run: Run, *readers: int) -> None:
    feed = run.feed()
    feed[12], feed[13] = feed[13], feed[12]
    run.shown(feed, *readers)


def swap_within_a_revision(run: Run, *readers: int) -> None:
    feed = run.feed()
    first = next(index for index, item in enumerate(feed) if item.config_type == "config")
    feed[first], feed[first + 1] = feed[first + 1], feed[first]
    run.shown(feed, *readers)


def swap_contents(run: Run, *readers: int) -> None:
    """Two changes have each other's number: both are there, in an order that never was."""
    feed = run.feed()
    one, other = feed[0], feed[3]
    feed[0] = msgspec.structs.replace(other, revision=one.revision)
    feed[3] = msgspec.structs.replace(one, revision=other.revision)
    run.shown(feed, *readers)


def change_content(run: Run, *readers: int) -> None:
    feed = run.feed()
    feed[12] = msgspec.structs.replace(feed[12], digest="of something else")
    run.shown(feed, *readers)


def change_version(run: Run, *readers: int) -> None:
    feed = run.feed()
    feed[12] = msgspec.structs.replace(feed[12], version=77)
    run.shown(feed, *readers)


def delete_instead(run: Run, *readers: int) -> None:
    feed = run.feed()
    feed[12] = msgspec.structs.replace(feed[12], deleted=True)
    run.shown(feed, *readers)


def invent(run: Run, *readers: int) -> None:
    """A change that nobody sent, at the end."""
    strange = msgspec.structs.replace(run.feed()[-1], revision=31, version=11, digest="nobody's")
    run.shown([*run.feed(), strange], *readers)
    run.last[TENANT] += 1
    if readers:  # where somebody may have sent it, the other readers should have seen it too
        run.sent.append(Sent(tenant=TENANT, made=(Made(place="retail/2"),), acknowledged=False, started=40, ended=41))


def slip_into_a_revision(run: Run, *readers: int) -> None:
    """A change that nobody sent, beside one that somebody did."""
    feed = run.feed()
    strange = msgspec.structs.replace(feed[12], config_type="zz", version=1)
    run.shown([*feed[:13], strange, *feed[13:]], *readers)


DAMAGE = [
    lose, lose_the_last, lose_half_of_a_revision, lose_and_close_the_gap, repeat, repeat_later, swap,
    swap_within_a_revision, swap_contents, change_content, change_version, delete_instead, invent, slip_into_a_revision,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("readers", [(), (0,), (2,)], ids=["in all", "in the first", "in the last"])
def test_each_kind_of_damage_is_seen(damage: Callable[..., None], readers: tuple[int, ...]) -> None:
    run = sound_run()
    damage(run, *readers)
    assert run.violations()


def test_each_lost_change_is_seen_whichever_it_is() -> None:
    for lost in sound_run().feed():
        run = sound_run()
        run.shown([item for item in run.feed() if item is not lost and item != lost])
        assert run.violations(), lost


def test_two_writes_that_were_told_one_revision_are_seen() -> None:
    run = sound_run()
    run.sent.append(run.sent[3])
    assert run.violations()


def test_an_order_against_the_clock_is_seen() -> None:
    run = sound_run()
    first, last = run.sent[0], run.sent[-1]
    run.sent[0] = replace(first, started=last.ended + 1, ended=last.ended + 2)
    assert run.violations()


def test_one_write_of_unknown_outcome_explains_one_change_alone() -> None:
    run = sound_run()
    for number in (0, 3):  # both of one place
        run.sent[number] = replace(run.sent[number], acknowledged=False, revision=None)
    del run.sent[3]
    assert run.violations()


def test_a_tenant_that_nobody_read_is_seen() -> None:
    run = sound_run()
    run.last["tenant_1"] = 1
    assert run.violations()
