"""The end of the feed in memory: at any bound, wherever a reader stands, it gives what the database would give."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sprintia_config.timeline import tail as tails
from sprintia_config.timeline.pages import Page
from sprintia_config.timeline.revisions import ChangeItem
from sprintia_config.timeline.tail import Tail, encode_frames


def change(revision: int, name: str) -> ChangeItem:
    return ChangeItem(
        revision=revision, kind="document", domain="retail", config_type=name, version=1, digest="", deleted=False,
        actor="key:a", origin="api", created_at="2026-01-01T00:00:00Z",
    )  # fmt: skip


def history_of(sizes: list[int]) -> list[ChangeItem]:
    """A history whose revision n changed so many documents; none at all, sometimes."""
    return [change(number, f"type_{each}") for number, size in enumerate(sizes, start=1) for each in range(size)]


def database_page(history: list[ChangeItem], current: int, since: int, limit: int) -> Page:
    """What `read_page` gives when the tenant is at a revision."""
    found = [item for item in history if since < item.revision <= current]
    if len(found) < limit:
        return Page(since=since, upto=current, current=current, changes=found)
    last = found[limit - 1].revision
    return Page(since=since, upto=last, current=current, changes=[item for item in found if item.revision <= last])


@given(data=st.data(), sizes=st.lists(st.integers(0, 4), min_size=1, max_size=25), most=st.integers(1, 12))
def test_it_gives_what_the_database_would(data: st.DataObject, sizes: list[int], most: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tails, "MOST_CHANGES", most)
        patched.setattr(tails, "_PART_BYTES", 600)  # two or three of them
        history, tail = history_of(sizes), Tail()
        tail.open(data.draw(st.integers(0, len(sizes)), "opened at"))
        for current in sorted(data.draw(st.lists(st.integers(tail.reached, len(sizes)), max_size=6), "moves")):
            while tail.reached < current:
                tail.append(database_page(history, current, tail.reached, data.draw(st.integers(1, 5), "page")))
            position = data.draw(st.integers(0, tail.floor), "somebody behind")
            tail.prepend(database_page(history, current, position, data.draw(st.integers(1, 9), "their page")))
            assert_complete(tail, history)
        tail.forget()
        assert_complete(tail, history)


def assert_complete(tail: Tail, history: list[ChangeItem]) -> None:
    for position in range(tail.floor, tail.reached + 3):
        assert tail.covers(position)
        expected = [item for item in history if position < item.revision <= tail.reached]
        assert frames_from(tail, position) == encode_frames(expected)
        assert pages_from(tail, position, limit=3) == expected
    assert not tail.covers(tail.floor - 1)


def frames_from(tail: Tail, position: int) -> bytes:
    found = b""
    while position < tail.reached:
        part = tail.frames_after(position)
        assert part.upto > position, "the reader does not move"
        found, position = found + part.data, part.upto
    return found


def pages_from(tail: Tail, position: int, limit: int) -> list[ChangeItem]:
    found: list[ChangeItem] = []
    while True:
        page = tail.page_after(position, limit)
        revisions = [item.revision for item in page.changes]
        assert len(revisions) < limit + revisions.count(revisions[-1]) if revisions else not page.more
        found, position = found + page.changes, page.next
        if not page.more:
            return found


def test_it_stays_within_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tails, "MOST_BYTES", 5_000)
    tail = Tail()
    tail.open(0)
    for revision in range(1, 101):
        tail.append(Page(since=revision - 1, upto=revision, current=revision, changes=[change(revision, "a")]))
    assert 5 < tail.reached - tail.floor < 30
    assert len(tail.frames_after(tail.floor).data) <= 5_000


def test_a_revision_that_is_larger_than_all_bounds_is_kept_for_those_who_wait_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tails, "MOST_CHANGES", 2)
    tail = Tail()
    tail.open(0)
    tail.append(database_page(history_of([1, 5]), 2, 0, 100))
    assert (tail.floor, tail.frames_after(1).data.count(b"event: change")) == (1, 5)


def test_only_the_last_change_of_a_revision_has_its_id() -> None:
    """An id says what was given: all up to the revision, and so many changes of the next."""
    lines = encode_frames(history_of([1, 3, 1])).split(b"\n")
    assert [line for line in lines if line.startswith(b"id")] == [b"id: 1", b"id: 1.1", b"id: 1.2", b"id: 2", b"id: 3"]
