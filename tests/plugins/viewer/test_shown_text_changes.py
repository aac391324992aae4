"""Two texts side by side: the rows say what both texts say, and hostile ones are cut short."""

import difflib
import re
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sprintia_viewer.shown import word_marks
from sprintia_viewer.shown.text_changes import Row, TextComparison, side_by_side

LINES = st.lists(st.sampled_from(["a: 1", "b: <b>", "  c: é & ü", "", "- x y z", "+ d", "@@ -1 +1 @@"]), max_size=30)


def lines_of(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def unified(old: str, new: str) -> str:
    lines = difflib.unified_diff(lines_of(old), lines_of(new), "v1", "v2", lineterm="")
    return "\n".join(lines)


def plain(markup: str) -> str:
    return unescape(re.sub(r"</?(?:ins|del)>", "", markup))


def rows_of(found: TextComparison) -> list[Row]:
    return [row for hunk in found.hunks for row in hunk.rows]


def all_marked(found: TextComparison) -> bool:
    return all("<del>one</del>" in str(row.old) for row in rows_of(found) if row.kind == "changed")


def compared(old: str, new: str, *, whole: bool = True) -> TextComparison:
    return side_by_side(unified(old, new), old, whole=whole)


@settings(deadline=None)
@given(LINES, LINES)
def test_both_texts_can_be_read_off_the_rows(old: list[str], new: list[str]) -> None:
    olds, news = [f"{line}\n" for line in old], [f"{line}\n" for line in new]
    found = compared("".join(olds), "".join(news))
    assert all(hunk.hidden == 0 for hunk in found.hunks)
    rows = rows_of(found)
    if old == new:
        assert rows == []
        return
    assert [plain(row.old) for row in rows if row.old is not None] == old
    assert [plain(row.new) for row in rows if row.new is not None] == new
    assert [row.old_number for row in rows if row.old_number] == list(range(1, len(old) + 1))
    assert [row.new_number for row in rows if row.new_number] == list(range(1, len(new) + 1))


def test_what_is_equal_is_hidden_and_counted() -> None:
    old = "".join(f"line {number}\n" for number in range(100))
    found = compared(old, old.replace("line 50\n", "line fifty\n"), whole=False)
    assert [(hunk.hidden, len(hunk.rows)) for hunk in found.hunks] == [(47, 7)]
    assert (found.hidden_after, found.removed, found.added) == (46, 1, 1)
    changed = next(row for row in found.hunks[0].rows if row.kind == "changed")
    assert (changed.old, changed.new) == ("line <del>50</del>", "line <ins>fifty</ins>")


def test_what_looks_like_markup_stays_text() -> None:
    found = compared("a: <img src=x onerror=alert(1)>\n", "a: </del><script>alert(1)</script>\n")
    shown = "".join(str(row.old) + str(row.new) for hunk in found.hunks for row in hunk.rows)
    assert "<script" not in shown
    assert "<img" not in shown


def test_a_text_that_is_another_one_hides_what_lies_between() -> None:
    old = "".join(f"line {number}\n" for number in range(20))
    found = side_by_side(unified(old, old.replace("line 10\n", "")), "something else\n", whole=True)
    assert [hunk.hidden for hunk in found.hunks] == [7]
    assert found.hidden_after == 0


def test_words_are_marked_while_there_is_time(monkeypatch: pytest.MonkeyPatch) -> None:
    old = "".join(f"{number}: one two\n" for number in range(200))
    new = old.replace("one", "1")
    assert all_marked(side_by_side(unified(old, new), old))
    monkeypatch.setattr(word_marks, "MARKING_SECONDS", -1.0)
    late = side_by_side(unified(old, new), old)
    assert not late.words_marked
    assert rows_of(late)[0].old == "<del>0: one two</del>"


@pytest.mark.parametrize(
    ("before", "after"),
    [("a-" * 249, "-b" * 249), ("x" * 501, "x" * 500 + "y"), (". " * 250, " ." * 250)],
    ids=["repeats", "long", "nothing but repeats"],
)
def test_lines_that_would_take_long_are_marked_as_a_whole(before: str, after: str) -> None:
    (row,) = rows_of(side_by_side(unified(before, after), before))
    assert (row.old, row.new) == (f"<del>{before}</del>", f"<ins>{after}</ins>")


def test_of_endless_lines_the_part_that_differs_is_shown() -> None:
    old, new = "x" * 9_000 + "old" + "y" * 90_000, "x" * 9_000 + "new" + "y" * 90_000
    (row,) = rows_of(side_by_side(unified(old, new), old))
    assert "old" in str(row.old)
    assert "new" in str(row.new)
    assert str(row.old).startswith('<del><span class="cut">(+8800) … </span>x')
    assert str(row.old).endswith('y<span class="cut"> … (+85203)</span></del>')


@pytest.mark.parametrize("whole", [True, False])
def test_a_page_is_bounded_and_its_pages_are_the_texts(whole: bool) -> None:
    olds = [f"line {number}: {'x' * (number % 50)}" for number in range(6_000)]
    news = [line.replace("line", "row") if number % 5_000 < 3_000 else line for number, line in enumerate(olds)]
    old, new = "\n".join(olds) + "\n", "\n".join(news) + "\n"
    diff = unified(old, new)
    first: int | None = 0
    rows: list[Row] = []
    hidden = 0
    while first is not None:
        page = side_by_side(diff, old, whole=whole, first=first)
        assert (page.removed, page.added) == (4_000, 4_000)
        assert sum(len(row.old or "") + len(row.new or "") + 200 for row in rows_of(page)) < 230_000
        assert page.more_from is None or page.more_from == first + len(rows_of(page))
        rows += rows_of(page)
        hidden += page.hidden_after + sum(hunk.hidden for hunk in page.hunks)
        first = page.more_from
    assert hidden + len(rows) == 6_000
    assert hidden == (0 if whole else 2_000 - 6)
    shown = {row.old_number: plain(str(row.old)) for row in rows}
    assert all(olds[number - 1] == text for number, text in shown.items() if number)
    assert all(news[row.new_number - 1] == plain(str(row.new)) for row in rows if row.new_number)


@pytest.mark.parametrize("first", [10, 10**7])
def test_a_row_that_is_not_there_begins_nothing(first: int) -> None:
    assert side_by_side(unified("a\n", "b\n"), "a\n", first=first).hunks == ()


def test_ends_of_lines_are_told_where_they_differ_alone() -> None:
    found = side_by_side(unified("a\r\nb\r\n", "a\r\nb\n"), "a\r\nb\r\n")
    same, changed = rows_of(found)
    assert (same.kind, same.old) == ("same", "a")
    assert 'b<del><span class="unseen">U+000D</span></del>' in str(changed.old)
    ended = side_by_side("@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n", "a")
    assert [(row.kind, row.old, row.new) for row in rows_of(ended)] == [("changed", "a", "a")]


def test_what_cannot_be_seen_is_named() -> None:
    (row,) = rows_of(side_by_side(unified("a: b", "a: b\u202e"), "a: b"))
    assert "U+202E" in str(row.new)
    assert "\u202e" not in str(row.new)


@pytest.mark.parametrize("text", ["", "no diff", "@@ @@\n-a", "@@ -1 +1 @@", "@@ -9 +9 @@\n-a\n+b", "\\ No newline"])
def test_what_is_no_difference_shows_nothing_that_is_not_there(text: str) -> None:
    found = side_by_side(text, "x\n", whole=True)
    assert [plain(str(row.old)) for row in rows_of(found)] in ([], ["a"], ["x"])
