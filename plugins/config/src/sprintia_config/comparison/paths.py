"""Paths into values: where something stands."""

from typing import TypeAlias

from sprintia_platform.content.values import Json

# Keys of mappings as text, positions in lists as numbers.
Path: TypeAlias = tuple[str | int, ...]


def part(value: Json, step: str | int) -> Json:
    """The member of a mapping or list.

    Raises:
        TypeError: the path leads through a scalar.
    """
    if isinstance(value, dict) and isinstance(step, str):
        return value[step]
    if isinstance(value, list) and isinstance(step, int):
        return value[step]
    raise TypeError("a path leads through a scalar")
