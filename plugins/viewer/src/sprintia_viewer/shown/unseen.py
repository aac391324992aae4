"""Characters that change how a text reads without being seen: their names are shown in their place."""

import re
from typing import Final

from markupsafe import Markup, escape

# Control characters but tab and line feed; directions, joiners, spaces of no width, fillers, tags, half pairs
# (Unicode TR 36 and TR 39, CVE-2021-42574). A joiner within an emoji is what makes that emoji.
_UNSEEN: Final = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]"
    "|(?<![\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])\u200d"
)


def visible(text: str) -> Markup:
    """Escape a text, or take markup as it is, and name what cannot be seen in it."""
    return Markup(_UNSEEN.sub(_named, escape(text)))  # noqa: S704 - only names of characters are put in


def _named(match: re.Match[str]) -> str:
    return f'<span class="unseen">U+{ord(match[0]):04X}</span>'
