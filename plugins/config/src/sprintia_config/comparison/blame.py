"""Since when each value of a document stands: blame, path by path, walking versions from the newest to older ones."""

from collections.abc import Iterator
from typing import Generic, TypeAlias, TypeVar

from sprintia_config.comparison.alignment import align
from sprintia_config.comparison.paths import Path, part
from sprintia_config.comparison.tokens import Atom, Tokens, no_atoms
from sprintia_platform.content.values import Json

LabelT = TypeVar("LabelT")

_Tree: TypeAlias = "dict[str | int, _Tree] | Path"
"""Values whose origin is not known yet, by their place in the version at hand; a leaf is its place in the newest."""


class Blame(Generic[LabelT]):
    """Finds for each leaf of the newest version the oldest one from which on it stood without a break.

    A leaf is a scalar, an empty mapping or list, or a mapping that is an atom. An item of a list keeps its age when it
    changes its place. Show the versions in order, the newest first, until `settled`.
    """

    def __init__(self, newest: Json, label: LabelT, atom: Atom = no_atoms) -> None:
        self._tokens = Tokens(atom)
        self._tokens.read(newest)
        self._value = newest
        self._label = label
        self._found: dict[Path, LabelT | None] = {}
        self._tree = self._planted(newest)
        self._open = len(self._found)

    @property
    def settled(self) -> bool:
        """Whether every leaf's version is known."""
        return self._open == 0

    def leaves(self) -> Iterator[tuple[Path, LabelT | None]]:
        """Each leaf in the order of the document, with the version that set it; None where that is not known yet."""
        return iter(self._found.items())

    def show(self, older: Json, label: LabelT) -> None:
        """Go one version back."""
        self._tokens.forget()
        self._tokens.read(self._value)
        self._tokens.read(older)
        root: dict[str | int, _Tree] = {}
        pending: list[tuple[_Tree, Json, Json, dict[str | int, _Tree], str | int]] = [
            (self._tree, self._value, older, root, 0)
        ]
        while pending:
            tree, newer, before, target, step = pending.pop()
            if self._tokens.of(newer) == self._tokens.of(before):
                target[step] = tree
            elif isinstance(tree, tuple) or not self._can_descend(newer, before):
                self._settle(tree)
            else:
                kept: dict[str | int, _Tree] = {}
                target[step] = kept
                origins = self._origins(newer, before)
                for child_step, child in tree.items():
                    if child_step in origins:
                        origin = origins[child_step]
                        pending.append((child, part(newer, child_step), part(before, origin), kept, origin))
                    else:
                        self._settle(child)
        self._tree = root.get(0, {})
        self._value, self._label = older, label

    def nothing_older(self) -> None:
        """There is no older version, or it had no content: what is left was set by the last one shown."""
        self._settle(self._tree)
        self._tree = {}

    def _can_descend(self, newer: Json, before: Json) -> bool:
        same_kind = type(newer) is type(before)
        return same_kind and self._tokens.is_branch(newer) and self._tokens.is_branch(before)

    def _origins(self, newer: Json, before: Json) -> dict[str | int, str | int]:
        """Where each member of the newer branch stood in the one before."""
        if isinstance(newer, dict) and isinstance(before, dict):
            return {key: key for key in newer if key in before}
        if isinstance(newer, list) and isinstance(before, list):
            found = align(before, newer, self._tokens).origins
            return {position: origin for position, origin in enumerate(found) if origin is not None}
        return {}

    def _settle(self, tree: _Tree) -> None:
        pending = [tree]
        while pending:
            item = pending.pop()
            if isinstance(item, dict):
                pending.extend(item.values())
            else:
                self._found[item] = self._label
                self._open -= 1

    def _planted(self, newest: Json) -> _Tree:
        root: dict[str | int, _Tree] = {}
        pending: list[tuple[Json, Path, dict[str | int, _Tree], str | int]] = [(newest, (), root, 0)]
        while pending:
            value, path, target, step = pending.pop()
            if isinstance(value, dict | list) and value and self._tokens.is_branch(value):
                inner: dict[str | int, _Tree] = {}
                target[step] = inner
                pending.extend((member, (*path, key), inner, key) for key, member in reversed(_members(value)))
            else:
                target[step] = path
                self._found[path] = None
        return root[0]


def _members(value: dict[str, Json] | list[Json]) -> list[tuple[str | int, Json]]:
    return [*value.items()] if isinstance(value, dict) else [*enumerate(value)]
