"""Tell equal values apart from different ones at once: each value gets a token, and equal tokens mean equal values.

Python's own `==` takes `True` for `1`, and comparing the same parts again at each level would cost depth times size.
"""

from collections.abc import Callable, Hashable
from typing import TypeAlias

from sprintia_platform.content.values import Json, Number

Token: TypeAlias = Hashable
Atom: TypeAlias = Callable[[dict[str, Json]], Hashable | None]
"""Says of a mapping whether it is compared as one thing (a mask): by what it returns; None for an ordinary mapping."""

_TRUE, _FALSE = ("true",), ("false",)
_ATOM = "atom"


def no_atoms(_mapping: dict[str, Json]) -> None:
    """Compare every mapping key by key."""


class Tokens:
    """Tokens of values that are compared with one another.

    Call `read` on each whole value before asking for its parts, and keep the value alive meanwhile: parts are known by
    their place in memory, so that what aliases share is read once.
    """

    def __init__(self, atom: Atom = no_atoms) -> None:
        self._atom = atom
        self._known: dict[Hashable, tuple[str, int]] = {}
        self._tokens: dict[int, Token] = {}

    def read(self, value: Json) -> Token:
        """Give tokens to a value and all its parts. Uses no recursion, so no depth ends it."""
        pending = [value] if isinstance(value, dict | list) else []
        tokens = self._tokens
        while pending:
            item = pending[-1]
            if id(item) in tokens:
                pending.pop()
            elif isinstance(item, dict) and (atom := self._atom(item)) is not None:
                tokens[id(item)] = (_ATOM, atom)
            elif inner := [
                child
                for child in (item.values() if isinstance(item, dict) else item)
                if isinstance(child, dict | list) and id(child) not in tokens
            ]:
                pending.extend(inner)
            else:
                tokens[id(item)] = self._token_of_parts(item)
                pending.pop()
        return self.of(value)

    def of(self, value: Json) -> Token:
        """The token of a value, or of a part, that was read."""
        if isinstance(value, str):
            return value
        if isinstance(value, dict | list):
            return self._tokens[id(value)]
        if isinstance(value, bool):
            return _TRUE if value else _FALSE
        if isinstance(value, Number):
            return ("number", value.text)
        # As text: whoever writes documents could choose integers that all hash alike, and make each look-up a search.
        return None if value is None else ("integer", str(value))

    def is_branch(self, value: Json) -> bool:
        """Whether a value that was read has parts to be compared one by one."""
        if isinstance(value, dict):
            token = self._tokens[id(value)]
            return not (isinstance(token, tuple) and token[0] == _ATOM)
        return isinstance(value, list)

    def forget(self) -> None:
        """Let go of the values that were read. Tokens given stay valid: equal values get equal ones for ever."""
        self._tokens = {}

    def _token_of_parts(self, item: Json) -> Token:
        of = self.of
        parts: Hashable
        if isinstance(item, dict):
            # A set of members: the order of keys has no meaning.
            parts = frozenset([(key, of(member)) for key, member in item.items()])
        else:
            parts = tuple([of(member) for member in item]) if isinstance(item, list) else ()
        return self._known.setdefault(parts, ("branch", len(self._known)))
