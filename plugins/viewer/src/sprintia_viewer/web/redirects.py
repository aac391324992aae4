"""Where a person may be led after signing in: pages of the viewer alone."""

import re
from urllib.parse import unquote

from sprintia_viewer.web.links import ROOT, home

# Letters that a browser or a proxy may take for something else stay out: backslash, control characters, spaces, and a
# second slash at the beginning, which would name another host.
_LOCAL = re.compile(rf"{ROOT}/(?:[A-Za-z0-9_.~@:%+-]+/?)*(?:\?[A-Za-z0-9_.~@:%+=&/,-]*)?")
_LONGEST = 2_000


def local(target: str | None) -> str:
    """The target when it is the address of a page of the viewer, else its first page."""
    if target is None or len(target) > _LONGEST or not _LOCAL.fullmatch(target):
        return home()
    # A browser takes %2e for a dot, and would go up with it.
    return home() if any(part in {".", ".."} for part in unquote(target.partition("?")[0]).split("/")) else target
