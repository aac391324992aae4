"""How many changes a page lists: as many as keep it small."""

from collections.abc import Iterator, Sequence
from typing import Final, Protocol, TypeVar

from markupsafe import escape

MOST_CHANGES: Final = 400
MOST_MARKUP: Final = 200_000
"""Characters of markup; the rest of a page, but for a text that is edited, stays below 100 KB."""
_FRAME: Final = 400
"""Of each change, besides its key and texts."""


class Listed(Protocol):
    """What is listed of a change."""

    @property
    def pointer(self) -> str: ...
    @property
    def old_text(self) -> str | None: ...
    @property
    def new_text(self) -> str | None: ...


ListedT = TypeVar("ListedT", bound=Listed)


def changes_that_fit(changes: Sequence[ListedT]) -> list[ListedT]:
    """The first of them: one at least, where there is any."""
    return list(_fitting(changes[:MOST_CHANGES]))


def _fitting(changes: Sequence[ListedT]) -> Iterator[ListedT]:
    room = MOST_MARKUP
    for number, change in enumerate(changes):
        texts = (change.pointer, change.pointer, change.old_text or "", change.new_text or "")
        room -= _FRAME + sum(len(escape(text)) for text in texts)
        if room < 0 and number:
            return
        yield change
