"""Check what readers saw of the feed against what was acknowledged to writers.

Nothing here trusts the service: the writers know what they sent and what they were told, the readers what they saw.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from faults import history

_REPORTED = 20
"""One fault tends to repeat itself: so many lines tell it."""


class Item(msgspec.Struct, frozen=True, gc=False):
    """A change as the feed shows it."""

    revision: int
    kind: str
    domain: str | None
    config_type: str | None
    version: int
    digest: str
    deleted: bool
    actor: str
    origin: str
    created_at: str

    @property
    def place(self) -> str:
        return f"{self.domain}/{self.config_type}" if self.kind == "document" else self.kind

    @property
    def position(self) -> tuple[int, str, str, str]:
        """Where the feed has it: by revision, and within one by its place."""
        return self.revision, self.kind, self.domain or "", self.config_type or ""


@dataclass(frozen=True, kw_only=True)
class Made:
    """One change that a write makes.

    Attributes:
        place: `domain/type` of a document, or `mapping`.
        digest: of the content that was sent; None where only the service can know it.
        version: that the answer told; None without an answer.
    """

    place: str
    digest: str | None = None
    version: int | None = None
    deleted: bool = False

    def is_shown_by(self, item: Item) -> bool:
        return (
            item.place == self.place
            and item.deleted == self.deleted
            and self.digest in {None, item.digest}
            and self.version in {None, item.version}
        )


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One write as its sender saw it, over all its attempts; what it makes has one revision.

    Attributes:
        revision: that the answer told; None when it told none.
        acknowledged: whether it was answered; else nobody knows whether it stands.
        started: when the first attempt was sent.
        ended: when the answer came, or when the sender gave up.
    """

    tenant: str
    made: tuple[Made, ...]
    acknowledged: bool
    revision: int | None = None
    started: float
    ended: float


@dataclass(frozen=True, kw_only=True)
class Reading:
    """All that one reader saw of a tenant, in the order in which it saw it."""

    reader: str
    tenant: str
    items: Sequence[Item]


def violations(sent: Sequence[Sent], readings: Sequence[Reading], last: Mapping[str, int]) -> list[str]:
    """Name the promises that the feed broke; none is what a sound service gives.

    Args:
        sent: every write.
        readings: of every reader.
        last: the revision of each tenant up to which everybody read. What came later is left out.
    """
    seen: defaultdict[str, list[Reading]] = defaultdict(list)
    for reading in readings:
        kept = [item for item in reading.items if item.revision <= last[reading.tenant]]
        seen[reading.tenant].append(Reading(reader=reading.reader, tenant=reading.tenant, items=kept))
    found = itertools.chain(
        *(_sequence(reading, last[tenant]) for tenant, mine in seen.items() for reading in mine),
        *(_disagreements(mine) for mine in seen.values()),
        *(_untold(tenant, [write for write in sent if write.tenant == tenant], seen[tenant]) for tenant in last),
    )
    return list(itertools.islice(found, _REPORTED))


def _sequence(reading: Reading, last: int) -> Iterator[str]:
    """Every revision from 1 to the last, each change once, in order."""
    who = f"{reading.reader} of {reading.tenant}"
    seen: set[tuple[int, str, str, str]] = set()
    before = (0, "", "", "")
    for item in reading.items:
        if item.position in seen:
            yield f"{who} saw {item.place} of revision {item.revision} again"
            continue
        seen.add(item.position)
        if item.position < before:
            yield f"{who} saw revision {item.revision} after revision {before[0]}"
        elif item.revision > before[0] + 1:
            yield f"{who} saw revision {item.revision} next after {before[0]}"
        before = max(before, item.position)
    if before[0] != last:
        yield f"{who} saw nothing after revision {before[0]}, of {last}"


def _disagreements(readings: Sequence[Reading]) -> Iterator[str]:
    first = readings[0]
    for other in readings[1:]:
        for mine, theirs in itertools.zip_longest(first.items, other.items):
            if mine != theirs:
                yield f"{first.reader} and {other.reader} of {first.tenant} differ: {mine} and {theirs}"
                break


def _untold(tenant: str, sent: Sequence[Sent], readings: Sequence[Reading]) -> Iterator[str]:
    """What was acknowledged and is not seen as it was sent; what is seen and was not sent."""
    if not readings:
        yield f"nobody read {tenant}"
        return
    revisions: defaultdict[int, list[Item]] = defaultdict(list)
    for item in readings[0].items:
        revisions[item.revision].append(item)
    revision_of = {(item.place, item.version): item.revision for item in readings[0].items}
    told: Counter[int] = Counter()
    ordered = []
    for write in sent:
        if not write.acknowledged:
            continue
        revision = write.revision or revision_of.get((write.made[0].place, write.made[0].version or 0), 0)
        if _shows(revisions.get(revision, ()), write):
            told[revision] += 1
            ordered.append((write, revision))
        else:
            yield f"{tenant}: {write} was acknowledged; revision {revision} is {revisions.get(revision)}"
    yield from (f"{tenant}: {count} writes were told revision {one}" for one, count in told.items() if count > 1)
    yield from _strangers(tenant, [w for w in sent if not w.acknowledged], revisions, told)
    yield from history.disorder([
        history.Write(
            document=tenant, delivery="", digest="", started=write.started, ended=write.ended, version=revision
        )
        for write, revision in ordered
    ])  # fmt: skip


def _shows(items: Sequence[Item], write: Sent) -> bool:
    """Whether a revision is what this write makes, all of it and nothing else."""
    return len(items) == len(write.made) and all(any(made.is_shown_by(item) for item in items) for made in write.made)


def _strangers(
    tenant: str, unknown: Sequence[Sent], revisions: Mapping[int, Sequence[Item]], told: Mapping[int, int]
) -> Iterator[str]:
    """Each revision that no answer told of must be one of the writes of unknown outcome, each of those once at most."""
    # The exact ones first, so that those which know no digest take what is left.
    left = sorted(unknown, key=lambda write: any(made.digest is None for made in write.made))
    for revision, items in revisions.items():
        if revision in told:
            continue
        match = next((index for index, write in enumerate(left) if _shows(items, write)), None)
        if match is None:
            yield f"{tenant}: revision {revision} was never sent: {items}"
        else:
            del left[match]
