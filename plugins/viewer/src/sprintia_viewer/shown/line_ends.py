"""Line ends that a form does not know: browsers send each as CR LF, whatever stood in the text that was shown."""

import re
from collections import Counter
from collections.abc import Iterable
from itertools import takewhile

_END = re.compile(r"\r\n|\r|\n")


def keep_line_ends(given: str, base: str) -> str:
    """Give a text, whose lines end with LF, the line ends of the one that it was made from.

    Lines before and after the edit keep their own; what lies between gets the most usual one. So a text that was not
    edited comes back to the byte, and an edit changes no line that nobody touched.
    """
    if "\r" not in base:
        return given
    ends, old, new = _END.findall(base), _END.split(base), given.split("\n")
    wanted = len(new) - 1
    before = min(_equal(zip(old, new, strict=False)), len(ends), wanted)
    after = min(_equal(zip(reversed(old), reversed(new), strict=False)), len(ends) - before, wanted - before)
    usual = Counter(ends).most_common(1)[0][0]
    kept = [*ends[:before], *([usual] * (wanted - before - after)), *ends[len(ends) - after :]]
    return "".join(part for pair in zip(new, [*kept, ""], strict=True) for part in pair)


def _equal(pairs: Iterable[tuple[str, str]]) -> int:
    """How many pairs are equal, from the first on."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
