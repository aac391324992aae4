"""The layers of one document made one value: rules alone, without documents, SQL or HTTP.

Layers come from the lowest to the highest. Mappings merge key by key, at every depth: the lowest one's keys first, in
their order, then what each higher one adds. Anything else of a higher layer stands as a whole, whatever is below it: a
text, a number, a list, an explicit null, and a mask, which is one value and no mapping.

So a mapping meets what is below it only down to the next layer that says something else in that place: that one hid
all below it. Layers are therefore taken from the lowest up, and cannot be grouped in any other way: of `{x: {p: 1}}`,
`{x: 5}`, `{x: {q: 2}}` the result is `{x: {q: 2}}`, but merging the last two first would bring `p` back.

A result has no more values than its layers together, and is no deeper than the deepest. That bounds the recursion as
well: documents are at most 64 deep (`Limits.max_depth`), and a mask is a level more.
"""

from collections.abc import Iterator, Sequence
from typing import TypeAlias, TypeVar

from sprintia_config.secrecy.masks import is_mask
from sprintia_platform.content.pointers import format_pointer
from sprintia_platform.content.values import Json

SourceT = TypeVar("SourceT")

Layers: TypeAlias = Sequence[tuple[SourceT, Json]]
"""Values with what they came from, lowest first; at least one."""


def merge(layers: Layers[SourceT]) -> Json:
    """Merge layers. The result shares parts with them: like every value, it is never changed in place."""
    mappings = _merging(layers)
    if len(mappings) < 2:
        return layers[-1][1]
    return {key: merge(members) for key, members in _by_key(mappings).items()}


def origins(layers: Layers[SourceT], pointer: str = "") -> Iterator[tuple[str, SourceT]]:
    """Tell for each leaf of the merged value where it stands (RFC 6901), and which layer it came from.

    A leaf is whatever is not merged: scalars, a list as a whole, a mask; and an empty mapping, which the highest layer
    that has it is named for. Pointers share long keys, so that together they may be far larger than the value: stop
    when it is enough.
    """
    members = _by_key(_merging(layers))
    if not members:
        yield pointer, layers[-1][0]
    for key, below in members.items():
        yield from origins(below, pointer + format_pointer((key,)))


def _merging(layers: Layers[SourceT]) -> list[tuple[SourceT, dict[str, Json]]]:
    """The layers that are seen, if they are mappings: those above the last that is none."""
    seen: list[tuple[SourceT, dict[str, Json]]] = []
    for source, value in layers:
        if isinstance(value, dict) and not is_mask(value):
            seen.append((source, value))
        else:
            seen.clear()
    return seen


def _by_key(mappings: Sequence[tuple[SourceT, dict[str, Json]]]) -> dict[str, list[tuple[SourceT, Json]]]:
    members: dict[str, list[tuple[SourceT, Json]]] = {}
    for source, mapping in mappings:
        for key, value in mapping.items():
            members.setdefault(key, []).append((source, value))
    return members
