"""Check what is stored against what was acknowledged.

No search for a linearization is needed: every accepted write returns its version, so the versions are the order that
the service claims, and checking it takes a sort (Gibbons and Korach 1997, "Testing shared memories").
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Write:
    """One write as its sender saw it, over all its attempts.

    Attributes:
        document: what it wrote to.
        delivery: the id that it kept over its attempts.
        digest: of the content that it sent; no two writes of a history send the same.
        started: when the first attempt was sent.
        ended: when the answer came, or when the sender gave up.
        version: the version in the answer; None when no attempt was acknowledged, so that nobody knows.
    """

    document: str
    delivery: str
    digest: str
    started: float
    ended: float
    version: int | None


@dataclass(frozen=True, kw_only=True)
class Stored:
    """One version as it stands in the database in the end."""

    document: str
    version: int
    delivery: str
    digest: str


def violations(writes: Sequence[Write], stored: Sequence[Stored]) -> list[str]:
    """Name every promise that the history breaks; none is what a sound service gives."""
    versions: defaultdict[str, list[Stored]] = defaultdict(list)
    for row in stored:
        versions[row.document].append(row)
    return [
        *_numbers(versions),
        *_repetitions(stored),
        *_strangers(writes, stored),
        *_losses(writes, stored),
        *disorder(writes),
    ]


def _numbers(versions: dict[str, list[Stored]]) -> Iterator[str]:
    for document, rows in versions.items():
        numbers = sorted(row.version for row in rows)
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"{document}: versions are not 1 to {len(numbers)}: {numbers}"


def _repetitions(stored: Sequence[Stored]) -> Iterator[str]:
    for delivery, count in Counter(row.delivery for row in stored).items():
        if count > 1:
            yield f"delivery {delivery} is stored {count} times"


def _strangers(writes: Sequence[Write], stored: Sequence[Stored]) -> Iterator[str]:
    sent = {(write.document, write.delivery, write.digest) for write in writes}
    for row in stored:
        if (row.document, row.delivery, row.digest) not in sent:
            yield f"{row.document} version {row.version} is none that was sent"


def _losses(writes: Sequence[Write], stored: Sequence[Stored]) -> Iterator[str]:
    standing = {(row.document, row.version): row for row in stored}
    for write in writes:
        if write.version is None:
            continue
        row = standing.get((write.document, write.version))
        if row is None or (row.delivery, row.digest) != (write.delivery, write.digest):
            yield f"{write.document}: delivery {write.delivery} was acknowledged as version {write.version}, and is not"


def disorder(writes: Sequence[Write]) -> Iterator[str]:
    """Name each write that was asked for after another one was acknowledged, and yet has the lower number."""
    by_document: defaultdict[str, list[Write]] = defaultdict(list)
    for write in writes:
        if write.version is not None:
            by_document[write.document].append(write)
    for document, mine in by_document.items():
        ended = iter(sorted(mine, key=lambda write: write.ended))
        earlier = next(ended, None)
        highest = 0
        for write in sorted(mine, key=lambda write: write.started):
            while earlier is not None and earlier.ended < write.started:
                highest = max(highest, earlier.version or 0)
                earlier = next(ended, None)
            if (write.version or 0) < highest:
                yield f"{document}: version {write.version} was asked for after version {highest} was acknowledged"
