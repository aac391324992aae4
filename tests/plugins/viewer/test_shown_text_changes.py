"""Two texts side by side: the rows say what both texts say, and hostile ones are cut short."""

import difflib
import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sprintia_viewer.shown.text_changes import TextComparison, side_by_side

LINES = st.lists(st.sampled_from(["a: 1", "b: <b>", "  c: é & ü", "", "- x y z", "+ d", "@@ -1 +1 @@"]), max_size=30)


def unified(old: str, new: str) -> str:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), "v1", "v2", lineterm="")
    return "\n".join(lines)


def plain(markup: str) -> str:
    return unescape(re.sub(r"</?(?:ins|del)>", "", markup))


def compared(old: str, new: str, *, whole: bool = True) -> TextComparison:
    return side_by_side(unified(old, new), old, whole=whole)


@given(LINES, LINES)
def test_both_texts_can_be_read_off_the_rows(old: list[str], new: list[str]) -> None:
    olds, news = [f"{line}\n" for line in old], [f"{line}\n" for line in new]
    found = compared("".join(olds), "".join(news))
    rows = [row for hunk in found.hunks for row in hunk.rows]
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


@pytest.mark.parametrize(("length", "in_time"), [(400, False), (5_000, True)])
def test_words_are_marked_while_there_is_time_and_never_in_endless_lines(length: int, in_time: bool) -> None:
    line = "".join(f"{number}, " for number in range(length // 5))
    old = "".join(f"{number}{line}\n" for number in range(5_000))
    found = side_by_side(unified(old, old.replace("1, ", "7, ")), old)
    assert len([row for hunk in found.hunks for row in hunk.rows]) == 5_000
    assert found.words_marked is in_time
