"""The end of a tenant's feed in memory, encoded once for all who watch it."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

import msgspec

from sprintia_config.timeline.pages import Page
from sprintia_config.timeline.revisions import ChangeItem

MOST_CHANGES = 1_000
MOST_BYTES = 1024 * 1024
_PART_BYTES = 48 * 1024
"""What is sent at once: less than what a connection may owe before its sender has to wait."""

_revision = attrgetter("revision")


class Frames(NamedTuple):
    """Events as they are sent, and the position that their reader has then reached."""

    upto: int
    data: bytes


class _Group(NamedTuple):
    """The changes of one revision: they come together or not at all."""

    revision: int
    changes: list[ChangeItem]
    frames: bytes


def encode_frames(changes: Iterable[ChangeItem], since: int = 0, given: int = 0) -> bytes:
    """Write changes as Server-Sent Events (WHATWG HTML, section 9.2).

    An id promises that all up to it was given, and a connection may break anywhere. So only the last change of a
    revision has that revision as its id. The others have the revision before, and how many more were given: whoever
    comes back with `7.1` lacks what follows the first change of revision 8.

    Args:
        changes: those after revision `since`.
        since: where the reader stands.
        given: how many changes of the next revision it has already.
    """
    frames = []
    for revision, found in groupby(changes, _revision):
        events = _events(revision, list(found))
        frames += events[given:] if revision == since + 1 else events
    return b"".join(frames)


def _events(revision: int, together: list[ChangeItem]) -> list[bytes]:
    ids = [f"{revision - 1}.{number}" for number in range(1, len(together))] + [str(revision)]
    return [
        b"id: %b\nevent: change\ndata: %b\n\n" % (event_id.encode(), msgspec.json.encode(change))
        for event_id, change in zip(ids, together, strict=True)
    ]


def _groups(changes: Iterable[ChangeItem]) -> Iterator[_Group]:
    for revision, found in groupby(changes, _revision):
        together = list(found)
        yield _Group(revision, together, b"".join(_events(revision, together)))


class Tail:
    """All changes of a tenant after `floor`, up to `reached`, bounded in number and bytes.

    What is not within it is in the database; where the floor is decides about speed alone.
    """

    def __init__(self) -> None:
        self.opened = False
        self.floor = self.reached = 0
        self._groups: list[_Group] = []
        self._changes = self._bytes = 0

    def open(self, reached: int) -> None:
        """Begin at a revision, with nothing before it."""
        self.opened = True
        self.floor = self.reached = reached
        self._groups, self._changes, self._bytes = [], 0, 0

    def append(self, page: Page) -> None:
        """Add what came after `reached`."""
        self._add([group for group in _groups(page.changes) if group.revision > self.reached])
        self.reached = max(self.reached, page.upto)

    def prepend(self, page: Page) -> None:
        """Add what lies before the floor, if the page reaches it without a gap."""
        if page.since < self.floor <= page.upto:
            earlier = [change for change in page.changes if change.revision <= self.floor]
            later, self._groups = self._groups, []
            self._changes = self._bytes = 0
            self.floor = page.since
            self._add([*_groups(earlier), *later])

    def forget(self) -> None:
        """Give the memory back."""
        self.open(self.reached)

    def covers(self, position: int) -> bool:
        """Whether everything after a position is known here."""
        return self.opened and position >= self.floor

    def frames_after(self, position: int) -> Frames:
        """What is sent next to a reader whose position is covered."""
        first = self._index(position)
        size, last = 0, first
        while last < len(self._groups) and (last == first or size + len(self._groups[last].frames) <= _PART_BYTES):
            size += len(self._groups[last].frames)
            last += 1
        if last == first + 1:  # the usual case: the same bytes for everybody
            data = self._groups[first].frames
        else:
            data = b"".join(group.frames for group in self._groups[first:last])
        upto = self._groups[last - 1].revision if last < len(self._groups) else max(position, self.reached)
        return Frames(upto, data)

    def page_after(self, position: int, limit: int) -> Page:
        """The same for a reader of pages."""
        changes: list[ChangeItem] = []
        last = self._index(position)
        while last < len(self._groups) and len(changes) < limit:
            changes += self._groups[last].changes
            last += 1
        upto = self._groups[last - 1].revision if last < len(self._groups) else self.reached
        return Page(since=position, upto=upto, current=self.reached, changes=changes)

    def _index(self, position: int) -> int:
        return bisect_right(self._groups, position, key=_revision)

    def _add(self, groups: list[_Group]) -> None:
        self._groups += groups
        self._changes += sum(len(group.changes) for group in groups)
        self._bytes += sum(len(group.frames) for group in groups)
        surplus = 0
        # The last one stays, however large it is: it is what all who watch are about to take.
        while surplus < len(self._groups) - 1 and (self._changes > MOST_CHANGES or self._bytes > MOST_BYTES):
            group = self._groups[surplus]
            self._changes -= len(group.changes)
            self._bytes -= len(group.frames)
            self.floor = group.revision
            surplus += 1
        del self._groups[:surplus]
