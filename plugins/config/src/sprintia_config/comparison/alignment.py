"""Which item of one list is which item of another.

Items that bear an identity (`id`, `name`, …) are the same wherever they stand. Other items are the same when they are
equal. What then is left over between the same neighbours is paired where it is alike, so that one changed field shows
as one changed field. All of it takes n log n steps at most.
"""

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sprintia_config.comparison.tokens import Token, Tokens
from sprintia_platform.content.values import Json

IDENTITIES: Final[tuple[tuple[str, ...], ...]] = (
    ("id",), ("rule_id",), ("uuid",), ("key",), ("number",), ("domain", "account_id"), ("account_id",), ("code",),
    ("slug",), ("name",), ("title",), ("day",),
)  # fmt: skip
"""Keys whose values identify the items of a list, the best first. All items must have them, and no two alike."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """How two lists correspond.

    Attributes:
        origins: for each position of the new list, the position of the same item in the old one, or None.
        removed: positions of the old list that correspond to none.
        moved: positions of the new list whose item changed its place among the others.
    """

    origins: list[int | None]
    removed: list[int]
    moved: frozenset[int]


def align(old: Sequence[Json], new: Sequence[Json], tokens: Tokens) -> Alignment:
    """Find which items correspond. Both lists must have been read by `tokens`."""
    origins: list[int | None] = [None] * len(new)
    identified = _by_identity(old, new, tokens)
    if identified is not None:
        for position, origin in identified:
            origins[position] = origin
    else:
        for position, origin in _by_equality(old, new, tokens):
            origins[position] = origin
    stable = _rising(origins)
    moved = frozenset(
        position for position, origin in enumerate(origins) if origin is not None and position not in stable
    )
    if identified is None:
        _pair_what_is_left(old, new, origins, stable, tokens)
    taken = {origin for origin in origins if origin is not None}
    return Alignment(origins, [position for position in range(len(old)) if position not in taken], moved)


def _by_identity(old: Sequence[Json], new: Sequence[Json], tokens: Tokens) -> list[tuple[int, int]] | None:
    for keys in IDENTITIES:
        before = _identities(old, keys, tokens)
        after = None if before is None else _identities(new, keys, tokens)
        if before is not None and after is not None:
            return [(position, before[identity]) for identity, position in after.items() if identity in before]
    return None


def _identities(items: Sequence[Json], keys: tuple[str, ...], tokens: Tokens) -> dict[Token, int] | None:
    """The position of each identity; None where an item has none, or two have the same."""
    found: dict[Token, int] = {}
    for position, item in enumerate(items):
        if not isinstance(item, dict) or not tokens.is_branch(item):
            return None
        identity = []
        for key in keys:
            part = item.get(key)
            if part is None or isinstance(part, dict | list):
                return None
            identity.append(tokens.of(part))
        if found.setdefault(tuple(identity), position) != position:
            return None
    return found


def _by_equality(old: Sequence[Json], new: Sequence[Json], tokens: Tokens) -> Iterator[tuple[int, int]]:
    before, after = [tokens.of(item) for item in old], [tokens.of(item) for item in new]
    start, shorter = 0, min(len(old), len(new))
    while start < shorter and before[start] == after[start]:
        yield start, start
        start += 1
    end = 0
    while end < shorter - start and before[-1 - end] == after[-1 - end]:
        end += 1
        yield len(new) - end, len(old) - end
    places: defaultdict[Token, deque[int]] = defaultdict(deque)
    for origin in range(start, len(old) - end):
        places[before[origin]].append(origin)
    for position in range(start, len(new) - end):
        if waiting := places.get(after[position]):
            yield position, waiting.popleft()


def _rising(origins: Sequence[int | None]) -> frozenset[int]:
    """Positions of a longest subsequence whose origins rise (patience sorting): the items that did not move."""
    lows: list[int] = []
    tops: list[int] = []
    previous: dict[int, int | None] = {}
    for position, origin in enumerate(origins):
        if origin is None:
            continue
        pile = bisect_left(lows, origin)
        previous[position] = tops[pile - 1] if pile else None
        lows[pile : pile + 1] = [origin]
        tops[pile : pile + 1] = [position]
    kept = []
    position_or_none: int | None = tops[-1] if tops else None
    while position_or_none is not None:
        kept.append(position_or_none)
        position_or_none = previous[position_or_none]
    return frozenset(kept)


def _pair_what_is_left(
    old: Sequence[Json], new: Sequence[Json], origins: list[int | None], stable: frozenset[int], tokens: Tokens
) -> None:
    """Pair items without a counterpart, in order, between two neighbours that stayed."""
    taken = {origin for origin in origins if origin is not None}
    loose = [position for position, origin in enumerate(origins) if origin is None]
    fences = sorted(stable)
    fence = cursor = 0
    for position in loose:
        while fence < len(fences) and fences[fence] < position:
            origin = origins[fences[fence]]
            cursor = max(cursor, (origin or 0) + 1)
            fence += 1
        following = origins[fences[fence]] if fence < len(fences) else None
        limit = len(old) if following is None else following
        while cursor < limit and cursor in taken:
            cursor += 1
        if cursor < limit and _is_alike(old[cursor], new[position], tokens):
            origins[position] = cursor
            cursor += 1


def _is_alike(old: Json, new: Json, tokens: Tokens) -> bool:
    """Whether two branches are better shown as one that changed than as one that went and one that came."""
    if not (tokens.is_branch(old) and tokens.is_branch(new)):
        return False
    if isinstance(old, dict) and isinstance(new, dict):
        return 2 * len(old.keys() & new.keys()) >= max(len(old), len(new))
    return isinstance(old, list) and isinstance(new, list)
