"""What differs within two lines: words marked by `<del>` and `<ins>`, as long as there is time."""

import difflib
import re
import time
from collections import Counter
from typing import Final

from markupsafe import Markup

from sprintia_viewer.shown.unseen import visible

MARKING_SECONDS: Final = 0.25
"""How long words are compared in a view; after it, lines are marked as a whole."""
LONGEST_MARKED: Final = 500
LONGEST_LINE: Final = 5_000
MOST_PAIRS: Final = 20_000
"""Equal pairs of words of two lines: `a-a-a-…` against itself has 60,000, and takes 0.4 s."""
_BEFORE_CUT: Final = 200
_TOKEN: Final = re.compile(r"\w+|\s+|[^\w\s]")


class WordMarks:
    """Marks pairs of lines until the time is over; `in_time` is false from then on."""

    def __init__(self) -> None:
        self._deadline = time.monotonic() + MARKING_SECONDS
        self.in_time = True

    def pair(self, before: str, after: str) -> tuple[Markup, Markup]:
        """Both lines, with marks around what differs."""
        if max(len(before), len(after)) > LONGEST_MARKED:
            start = max(0, _equal_start(before, after) - _BEFORE_CUT)
            return as_whole("del", before, start), as_whole("ins", after, start)
        if time.monotonic() > self._deadline:
            self.in_time = False
            return as_whole("del", before), as_whole("ins", after)
        olds, news = _TOKEN.findall(before), _TOKEN.findall(after)
        of_new = Counter(news)
        if sum(count * of_new[token] for token, count in Counter(olds).items()) > MOST_PAIRS:
            return as_whole("del", before), as_whole("ins", after)
        return _marked(olds, news) or (as_whole("del", before), as_whole("ins", after))


def plain(text: str) -> Markup:
    """A line without marks."""
    return _excerpt(text, 0)


def as_whole(tag: str, text: str, start: int = 0) -> Markup:
    """A line that is marked as a whole."""
    return Markup(f"<{tag}>{{}}</{tag}>").format(_excerpt(text, start))  # noqa: S704 - a tag of ours


def _excerpt(text: str, start: int) -> Markup:
    """What is shown of a line: all of it, or the part that begins shortly before the first difference."""
    if len(text) <= LONGEST_LINE:
        return visible(text)
    start = min(start, len(text) - LONGEST_LINE)
    left = len(text) - LONGEST_LINE - start
    cut = Markup('<span class="cut">(+{}) … </span>').format(start) if start else Markup()
    rest = Markup('<span class="cut"> … (+{})</span>').format(left) if left else Markup()
    return cut + visible(text[start : start + LONGEST_LINE]) + rest


def _marked(olds: list[str], news: list[str]) -> tuple[Markup, Markup] | None:
    """None when the lines have too little in common for marks to help."""
    matcher = difflib.SequenceMatcher(None, olds, news, autojunk=False)
    if matcher.real_quick_ratio() < 0.3 or matcher.quick_ratio() < 0.3:
        return None
    old, new = Markup(), Markup()
    for operation, a, b, c, d in matcher.get_opcodes():
        gone, come = visible("".join(olds[a:b])), visible("".join(news[c:d]))
        if operation == "equal":
            old, new = old + gone, new + come
        else:
            old += Markup("<del>{}</del>").format(gone) if gone else gone
            new += Markup("<ins>{}</ins>").format(come) if come else come
    return old, new


def _equal_start(before: str, after: str) -> int:
    """How many characters are equal at the start; by halves, which are compared at once."""
    low, high = 0, min(len(before), len(after))
    while low < high:
        middle = (low + high + 1) // 2
        if before[low:middle] == after[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
