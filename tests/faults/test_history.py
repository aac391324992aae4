"""The checker itself: it must pass a sound history and see each kind of damage."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from faults.history import Stored, Write, violations

History = tuple[list[Write], list[Stored]]


def sound_history(seed: int = 1, *, documents: int = 2, writers: int = 4, each: int = 6) -> History:
    """Writers that wait for their answers, and a store that commits each write somewhere between call and reply."""
    chance = random.Random(seed)  # noqa: S311 - a reproducible history, no secret
    calls = []
    for writer in range(writers):
        now = chance.random()
        for number in range(each):
            started, ended = now, now + chance.uniform(0.1, 2)
            committed = chance.uniform(started, ended)
            calls.append((committed, started, ended, f"document-{number % documents}", f"{writer}-{number}"))
            now = ended + chance.uniform(0.01, 0.5)
    writes, stored = [], []
    heads: dict[str, int] = {}
    for _, started, ended, document, delivery in sorted(calls):
        heads[document] = version = heads.get(document, 0) + 1
        digest = f"digest of {delivery}"
        sent = {"document": document, "delivery": delivery, "digest": digest}
        writes.append(Write(**sent, started=started, ended=ended, version=version))
        stored.append(Stored(document=document, version=version, delivery=delivery, digest=digest))
    return writes, stored


@pytest.mark.parametrize("seed", range(20))
def test_a_sound_history_passes(seed: int) -> None:
    assert violations(*sound_history(seed)) == []


@pytest.mark.parametrize("is_stored", [True, False])
def test_a_write_of_unknown_outcome_may_be_stored_or_not(is_stored: bool) -> None:
    writes, stored = sound_history(documents=1)
    writes[-1] = replace(writes[-1], version=None)
    assert violations(writes, stored if is_stored else stored[:-1]) == []


def lose_the_last(writes: list[Write], stored: list[Stored]) -> History:
    return writes, stored[:-1]


def lose_one_and_close_the_gap(writes: list[Write], stored: list[Stored]) -> History:
    mine = [row for row in stored if row.document == "document-0"]
    kept = [row for row in mine if row.version != 3]
    renumbered = [replace(row, version=number) for number, row in enumerate(kept, start=1)]
    return writes, renumbered + [row for row in stored if row.document != "document-0"]


def leave_a_gap(writes: list[Write], stored: list[Stored]) -> History:
    lost = next(row for row in stored if row.version == 3)
    # Not even acknowledged: nothing but the hole in the numbers tells.
    return (
        [replace(write, version=None) if write.delivery == lost.delivery else write for write in writes],
        [row for row in stored if row is not lost],
    )


def store_twice(writes: list[Write], stored: list[Stored]) -> History:
    mine = [row for row in stored if row.document == "document-0"]
    return writes, [*stored, replace(mine[0], version=len(mine) + 1)]


def store_an_unknown_twice(writes: list[Write], stored: list[Stored]) -> History:
    unknown = replace(writes[-1], version=None)
    last = max(row.version for row in stored if row.document == unknown.document)
    return [*writes[:-1], unknown], [*stored, replace(stored[-1], version=last + 1)]


def number_one_version_twice(writes: list[Write], stored: list[Stored]) -> History:
    return writes, [*stored, replace(stored[0], delivery=stored[1].delivery)]


def reorder(writes: list[Write], stored: list[Stored]) -> History:
    """Let answers and rows agree, and both contradict the clock: the first write and the last change places."""
    mine = [write for write in writes if write.document == "document-0"]
    first, last = mine[0], mine[-1]
    versions = {first.delivery: last.version, last.delivery: first.version}

    def moved(item: Write | Stored) -> Write | Stored:
        return replace(item, version=versions[item.delivery]) if item.delivery in versions else item

    return [moved(write) for write in writes], [moved(row) for row in stored]


def swap_rows(writes: list[Write], stored: list[Stored]) -> History:
    first, second = [row for row in stored if row.document == "document-0"][:2]
    rest = [row for row in stored if row not in (first, second)]
    return writes, [*rest, replace(first, version=second.version), replace(second, version=first.version)]


def change_content(writes: list[Write], stored: list[Stored]) -> History:
    return writes, [replace(stored[0], digest="of something else"), *stored[1:]]


def store_in_another_document(writes: list[Write], stored: list[Stored]) -> History:
    moved = replace(stored[-1], document="document-9", version=1)
    return writes, [*stored[:-1], moved]


def invent(writes: list[Write], stored: list[Stored]) -> History:
    last = max(row.version for row in stored if row.document == "document-0")
    invented = Stored(document="document-0", version=last + 1, delivery="nobody's", digest="nobody's")
    return writes, [*stored, invented]


@pytest.mark.parametrize(
    "damage",
    [
        lose_the_last, lose_one_and_close_the_gap, leave_a_gap, store_twice, store_an_unknown_twice,
        number_one_version_twice, reorder, swap_rows, change_content, store_in_another_document, invent,
    ],
)  # fmt: skip
@pytest.mark.parametrize("seed", range(5))
def test_each_kind_of_damage_is_seen(damage: Callable[[list[Write], list[Stored]], History], seed: int) -> None:
    assert violations(*damage(*sound_history(seed)))


def test_each_lost_write_is_seen_whichever_it_is() -> None:
    writes, stored = sound_history()
    for lost in stored:
        assert violations(writes, [row for row in stored if row is not lost])
