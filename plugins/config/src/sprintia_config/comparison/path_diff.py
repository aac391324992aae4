"""What differs between two values, path by path: `apply(diff(old, new).changes, old)` is `new`, exactly.

The order of a mapping's keys has no meaning. Lists are compared item by item (see `alignment`); an item that only
changed its place is `moved`. Exactly means to the letter: 1, 1.0, "1" and true are four different values.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from sprintia_config.comparison.alignment import align
from sprintia_config.comparison.paths import Path, part
from sprintia_config.comparison.tokens import Atom, Tokens, no_atoms
from sprintia_platform.content.values import Json

Operation: TypeAlias = Literal["added", "removed", "changed", "moved"]

DEFAULT_BUDGET: Final = 30_000
"""Differences told one by one before what is left is told as a whole. Real documents have 100 leaves."""

_EQUAL_MEMBERS_PER_STEP: Final = 4
_CHARACTERS_PER_STEP: Final = 100


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        operation: what happened.
        old_path: where it stood in the old value; None when added.
        new_path: where it stands in the new value; None when removed.
        old, new: the value before and after; None for what was moved, and on the side where there is none.
        whole: the two were too large to be compared further; they are told as a whole.
    """

    operation: Operation
    old_path: Path | None
    new_path: Path | None
    old: Json = None
    new: Json = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Diff:
    """The changes in the order of the document; `complete` is false when some are told as a whole."""

    changes: list[Change]
    complete: bool = True


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two values that differ, still to be compared; `characters` is about the length of the longer path."""

    old: Json
    new: Json
    old_path: Path
    new_path: Path
    characters: int

    def inner(self, old_step: str | int, new_step: str | int, old: Json, new: Json) -> "_Pair":
        longer = self.characters + max(len(step) if isinstance(step, str) else 6 for step in (old_step, new_step))
        return _Pair(old, new, (*self.old_path, old_step), (*self.new_path, new_step), longer)

    @property
    def cost_of_looking(self) -> int:
        """Members that are equal cost little."""
        members = sum(len(side) for side in (self.old, self.new) if isinstance(side, dict | list))
        return members // _EQUAL_MEMBERS_PER_STEP

    @property
    def cost_of_telling(self) -> int:
        """For each member that differs; more where a long path is repeated for it."""
        return 1 + self.characters // _CHARACTERS_PER_STEP

    def told(self, *, whole: bool = False) -> Change:
        return Change("changed", self.old_path, self.new_path, self.old, self.new, whole)


def diff(old: Json, new: Json, *, atom: Atom = no_atoms, budget: int = DEFAULT_BUDGET) -> Diff:
    """Compare two values.

    Args:
        old: the value before.
        new: the value after.
        atom: which mappings are compared as one thing.
        budget: how many differences may be told one by one; then the parts that are left are told as a whole.
    """
    tokens = Tokens(atom)
    if tokens.read(old) == tokens.read(new):
        return Diff([])
    changes: list[Change] = []
    complete = True
    pending: list[Change | _Pair] = [_Pair(old, new, (), (), 0)]
    while pending:
        item = pending.pop()
        if isinstance(item, Change):
            changes.append(item)
        elif not _both_branches(item, tokens):
            changes.append(item.told())
        elif found := _affordable(item, tokens, budget):
            budget -= item.cost_of_looking + len(found) * item.cost_of_telling
            pending.extend(reversed(found))
        else:
            changes.append(item.told(whole=True))
            complete = False
    return Diff(changes, complete)


def _affordable(pair: _Pair, tokens: Tokens, budget: int) -> Sequence[Change | _Pair]:
    """The members that differ; nothing where finding or telling them would cost more than the budget."""
    if pair.cost_of_looking > budget:
        return ()
    found = _members(pair, tokens)
    return found if pair.cost_of_looking + len(found) * pair.cost_of_telling <= budget else ()


def _both_branches(pair: _Pair, tokens: Tokens) -> bool:
    return type(pair.old) is type(pair.new) and tokens.is_branch(pair.old) and tokens.is_branch(pair.new)


def _members(pair: _Pair, tokens: Tokens) -> Sequence[Change | _Pair]:
    if isinstance(pair.old, dict) and isinstance(pair.new, dict):
        return _of_mappings(pair, pair.old, pair.new, tokens)
    if isinstance(pair.old, list) and isinstance(pair.new, list):
        return _of_lists(pair, pair.old, pair.new, tokens)
    raise TypeError("only two mappings or two lists have members to compare")


def _of_mappings(pair: _Pair, old: dict[str, Json], new: dict[str, Json], tokens: Tokens) -> list[Change | _Pair]:
    found: list[Change | _Pair] = [
        Change("removed", (*pair.old_path, key), None, old=member) for key, member in old.items() if key not in new
    ]
    for key, member in new.items():
        if key not in old:
            found.append(Change("added", None, (*pair.new_path, key), new=member))
        elif tokens.of(old[key]) != tokens.of(member):
            found.append(pair.inner(key, key, old[key], member))
    return found


def _of_lists(pair: _Pair, old: list[Json], new: list[Json], tokens: Tokens) -> list[Change | _Pair]:
    aligned = align(old, new, tokens)
    found: list[Change | _Pair] = [
        Change("removed", (*pair.old_path, position), None, old=old[position]) for position in aligned.removed
    ]
    for position, (item, origin) in enumerate(zip(new, aligned.origins, strict=True)):
        if origin is None:
            found.append(Change("added", None, (*pair.new_path, position), new=item))
            continue
        if position in aligned.moved:
            found.append(Change("moved", (*pair.old_path, origin), (*pair.new_path, position)))
        if tokens.of(old[origin]) != tokens.of(item):
            found.append(pair.inner(origin, position, old[origin], item))
    return found


def apply(changes: Iterable[Change], old: Json) -> Json:
    """Put changes onto the value that they were made from; it is not changed itself, what stayed is shared with it."""
    plan = _Plan(changes)
    if () in plan.values:
        return plan.values[()]
    holder: list[Json] = [old]
    pending: list[tuple[dict[str, Json] | list[Json], str | int, Json, Path, Path]] = [(holder, 0, old, (), ())]
    while pending:
        target, step, item, old_path, new_path = pending.pop()
        if new_path in plan.values:
            _put(target, step, plan.values[new_path])
        elif isinstance(item, dict | list) and plan.touches(old_path, new_path):
            made, steps = plan.rebuilt(item, old_path, new_path)
            _put(target, step, made)
            pending.extend(
                (made, after, part(item, before), (*old_path, before), (*new_path, after)) for before, after in steps
            )
    return holder[0]


class _Plan:
    """Changes by the place that they concern."""

    def __init__(self, changes: Iterable[Change]) -> None:
        self.values: dict[Path, Json] = {}
        self._added: defaultdict[Path, dict[str | int, Json]] = defaultdict(dict)
        self._removed: defaultdict[Path, set[str | int]] = defaultdict(set)
        self._origins: defaultdict[Path, dict[str | int, str | int]] = defaultdict(dict)
        self._touched_old: set[Path] = set()
        self._touched_new: set[Path] = set()
        for change in changes:
            self._add(change)

    def _add(self, change: Change) -> None:
        old_path, new_path = change.old_path, change.new_path
        if new_path is None:
            if old_path is not None:
                self._removed[old_path[:-1]].add(old_path[-1])
                _mark(self._touched_old, old_path)
            return
        _mark(self._touched_new, new_path)
        if old_path is None:
            self._added[new_path[:-1]][new_path[-1]] = change.new
        elif change.operation == "moved":
            self._origins[new_path[:-1]][new_path[-1]] = old_path[-1]
        else:
            self.values[new_path] = change.new

    def touches(self, old_path: Path, new_path: Path) -> bool:
        """Whether anything at or below a place differs."""
        return new_path in self._touched_new or old_path in self._touched_old

    def rebuilt(
        self, item: dict[str, Json] | list[Json], old_path: Path, new_path: Path
    ) -> tuple[dict[str, Json] | list[Json], list[tuple[str | int, str | int]]]:
        """Make the new branch with the old members in their new places; returns which old step went to which new."""
        removed, added = self._removed.get(old_path, set()), self._added.get(new_path, {})
        if isinstance(item, dict):
            mapping = {key: member for key, member in item.items() if key not in removed}
            kept: list[tuple[str | int, str | int]] = [(key, key) for key in mapping]
            mapping.update({str(key): member for key, member in added.items()})
            return mapping, kept
        origins = self._origins.get(new_path, {})
        gone = removed | set(origins.values())
        staying = (position for position in range(len(item)) if position not in gone)
        made: list[Json] = []
        steps: list[tuple[str | int, str | int]] = []
        for position in range(len(item) - len(removed) + len(added)):
            if position in added:
                made.append(added[position])
                continue
            origin = origins[position] if position in origins else next(staying)
            steps.append((origin, position))
            made.append(part(item, origin))
        return made, steps


def _mark(touched: set[Path], path: Path) -> None:
    """Remember a path and all above it; one that is known brought those above it already."""
    while path not in touched:
        touched.add(path)
        path = path[:-1]


def _put(target: dict[str, Json] | list[Json], step: str | int, value: Json) -> None:
    if isinstance(target, dict) and isinstance(step, str):
        target[step] = value
    if isinstance(target, list) and isinstance(step, int):
        target[step] = value
