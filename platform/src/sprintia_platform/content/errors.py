"""Why a text cannot become a document: one exception, stable codes, messages in Portuguese and English.

No message holds a value of the document (it may be a password). The one thing quoted is the name of a key that stands
twice, because nobody could mend it otherwise.
"""

from typing import Literal

from sprintia_platform.content.messages import AT, CATALOGUE, Code

__all__ = ["Code", "ContentError", "Language"]

Language = Literal["pt-BR", "en"]

SHOWN_KEY_LENGTH = 60


class ContentError(Exception):
    """A text that is refused, or a value that is over a limit.

    Attributes:
        code: stable name of the fault, one of `Code`.
        line: 1-based, or None when the fault has no place (a whole text that is too large, a merged value).
        column: 1-based, in characters; None as `line`.
        pointer: JSON pointer (RFC 6901) of the value at fault where it is known. It holds key names and is therefore
            never part of a message; None when unknown or longer than 500 characters.
    """

    def __init__(
        self,
        code: Code,
        *,
        line: int | None = None,
        column: int | None = None,
        pointer: str | None = None,
        limit: int | None = None,
        key: str | None = None,
    ) -> None:
        """`limit` and `key` are what the texts of some codes name: the bound, and the key that stands twice."""
        self.code: Code = code
        self.line = line
        self.column = column
        self.pointer = pointer
        self._limit = limit
        self._key = key
        super().__init__(self.message("en"))

    def message(self, language: Language) -> str:
        """Say what is wrong, where, and what to do."""
        what, cure = CATALOGUE[self.code][language]
        facts = {"limit": "" if self._limit is None else self._limit, "key": _shown(self._key or "")}
        where = "" if self.line is None else AT[language].format(line=self.line, column=self.column)
        return f"{what.format(**facts)}{where}. {cure.format(**facts)}."

    def at(self, line: int | None, column: int | None, pointer: str | None = None) -> "ContentError":
        """Return the same fault with its place."""
        return ContentError(self.code, line=line, column=column, pointer=pointer, limit=self._limit, key=self._key)


def _shown(key: str) -> str:
    # A key may hold line breaks and control characters; a message goes to logs and terminals.
    text = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in key)
    return text if len(text) <= SHOWN_KEY_LENGTH else text[: SHOWN_KEY_LENGTH - 1] + "…"
