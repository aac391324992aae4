"""The text diff: what `diff -u` says, in bounded time."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sprintia_config.comparison.text_diff import unified

TEXTS = st.lists(st.sampled_from(["a", "b", "c: 1", "", "x\r", "\u2028"]), max_size=12).flatmap(
    lambda lines: st.sampled_from(["\n".join(lines), "".join(f"{line}\n" for line in lines)])
)


def patched(old: str, diff: str, folder: Path) -> str:
    """What `patch` makes of the old text."""
    source, changes = folder / "old", folder / "changes"
    source.write_bytes(old.encode())
    changes.write_bytes(diff.encode())
    subprocess.run(["patch", "--binary", "--quiet", str(source), str(changes)], check=True)
    return source.read_bytes().decode()


def sides(diff: str) -> tuple[str, str]:
    """The old and the new lines that a diff shows, context included."""
    old, new = [], []
    for line in diff.split("\n")[2:-1]:
        if line.startswith(("@@", "\\")):
            continue
        if line[0] in " -":
            old.append(line[1:])
        if line[0] in " +":
            new.append(line[1:])
    return "\n".join(old), "\n".join(new)


@pytest.mark.skipif(shutil.which("patch") is None, reason="needs the program patch")
@settings(max_examples=60, deadline=None)
@given(TEXTS, TEXTS, st.sampled_from([1_000_000, 6, 0]))
def test_patch_makes_the_new_text_of_the_old_one(
    tmp_path_factory: pytest.TempPathFactory, old: str, new: str, budget: int
) -> None:
    found = unified(old, new, "old", "new", budget=budget)
    assert (found.text == "") == (old == new)
    if found.text and old:
        assert patched(old, found.text, tmp_path_factory.mktemp("patch")) == new


def test_a_diff_as_people_know_it() -> None:
    old = "".join(f"line {number}\n" for number in range(20))
    new = old.replace("line 3\n", "line three\n").replace("line 16\n", "")
    assert unified(old, new, "v1", "v2").text == (
        "--- v1\n+++ v2\n"
        "@@ -1,7 +1,7 @@\n line 0\n line 1\n line 2\n-line 3\n+line three\n line 4\n line 5\n line 6\n"
        "@@ -14,7 +14,6 @@\n line 13\n line 14\n line 15\n-line 16\n line 17\n line 18\n line 19\n"
    )


def test_a_missing_line_feed_at_the_end_is_said() -> None:
    assert unified("a\nb", "a\nb\n", "v1", "v2").text == (
        "--- v1\n+++ v2\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n"
    )


HOSTILE = {
    "300 similar lines, where ndiff takes 20 s": (
        "".join(f"{'x' * 60}{number:04}{'y' * 60}\n" for number in range(300)),
        "".join(f"{'x' * 60}{number + 1:04}{'z' * 60}\n" for number in range(300)),
    ),
    "20,000 lines of 150 kinds": (
        "".join(f"{number * 7919 % 150}\n" for number in range(20_000)),
        "".join(f"{number * 104_729 % 150}\n" for number in range(20_000)),
    ),
    "every line moved": (
        "".join(f"{number}\n" for number in range(19_999)),
        "".join(f"{number}\n" for number in reversed(range(19_999))),
    ),
    "a million empty lines": ("\n" * 1_000_000, "\n" * 500_000 + "a" + "\n" * 499_999),
    "a million lines that differ": ("a\n" * 500_000, "b\n" * 500_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_cost_little(name: str) -> None:
    old, new = HOSTILE[name]
    started = time.process_time()
    found = unified(old, new, "v1", "v2")
    spent = time.process_time() - started
    assert spent < 3, f"{spent:.2f} s of processor time"  # 0.3 s on an idle machine
    before, after = sides(found.text)
    assert before in old
    assert after in new


def test_what_is_cut_short_says_so() -> None:
    old, new = "a\nkept\nb\n", "x\nkept\ny\n"
    whole, cut = unified(old, new, "v1", "v2"), unified(old, new, "v1", "v2", budget=1)
    assert (whole.complete, "\n kept\n" in whole.text) == (True, True)
    assert (cut.complete, "\n-kept\n" in cut.text) == (False, True)
    assert not unified(*HOSTILE["a million lines that differ"], "v1", "v2").complete
