"""What a text means here against what the replaced system had read in it (YAML 1.1, by PyYAML).

There, `18:00` was 1080, `yes` was true, `010` was 8, and dates were dates; here they are texts, and 010 is 10.
"""

import datetime as dt
import math
from collections.abc import Callable, Iterator
from typing import Any

import yaml

from sprintia_config.secrecy.leaves import Path
from sprintia_platform.content.limits import DEFAULT_LIMITS
from sprintia_platform.content.pointers import format_pointer
from sprintia_platform.content.values import Json, Number, to_json

_SHOWN = 40


def read_as_before(text: str) -> Json:
    """Read a text as PyYAML's safe loader did; for texts that are bounded already, or refused here.

    Raises:
        ValueError: it could not be read then either, or is too large to be kept.
    """
    try:
        # The Python loader: on deep nesting it raises, where libyaml's ends the process.
        return _to_json(yaml.load(text, Loader=yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError, ValueError, TypeError, OverflowError) as error:
        raise ValueError(type(error).__name__) from None


def differences(before: Json, now: Json, is_secret: Callable[[Path], bool]) -> Iterator[tuple[str, str]]:
    """Tell where two readings differ: pointer, and what it was and is; of a secret, the kinds alone."""
    pending: list[tuple[Path, Json, Json]] = [((), before, now)]
    while pending:
        path, old, new = pending.pop()
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _key_differences(path, old, new)
            pending.extend(((*path, key), old[key], new[key]) for key in reversed(new) if key in old)
        elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
            pending.extend(((*path, index), old[index], new[index]) for index in reversed(range(len(new))))
        elif not _is_same(old, new):
            shown = _kind if is_secret(path) else _shown
            yield format_pointer(path), f"was {shown(old)}, is {shown(new)}"


def _key_differences(path: Path, old: dict[str, Json], new: dict[str, Json]) -> Iterator[tuple[str, str]]:
    for key in old.keys() - new.keys():
        yield format_pointer((*path, key)), "was a key, and is none"
    for key in new.keys() - old.keys():
        yield format_pointer((*path, key)), "was no key, and is one"


def _is_same(old: Json, new: Json) -> bool:
    if isinstance(old, bool) or isinstance(new, bool) or not _is_number(old) or not _is_number(new):
        return to_json(old) == to_json(new)
    one, other = float(to_json(old)), float(to_json(new))  # 1.10 was kept as 1.1
    return one == other or math.isclose(one, other, rel_tol=1e-12)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | Number)


def _shown(value: Json) -> str:
    text = to_json(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _kind(value: Json) -> str:
    if isinstance(value, str):
        return "a text"
    if value is None or isinstance(value, bool):
        return "null" if value is None else "true or false"
    return "a number" if isinstance(value, int | Number) else "a list or mapping"


def _to_json(value: Any) -> Json:
    """What the replaced system's JSON made of PyYAML's objects, dates as texts; bounded, because aliases repeat."""
    left = DEFAULT_LIMITS.max_values

    def convert(node: Any, depth: int) -> Json:
        nonlocal left
        left -= 1
        if left < 0 or depth > DEFAULT_LIMITS.max_depth:
            raise ValueError("too large")
        if isinstance(node, dict):
            return {_key(key): convert(member, depth + 1) for key, member in node.items()}
        if isinstance(node, list | tuple | set):
            return [convert(member, depth + 1) for member in node]
        return _scalar(node)

    return convert(value, 1)


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    return to_json(_scalar(key)).strip('"')


def _scalar(node: Any) -> Json:
    if node is None or isinstance(node, str | bool | int):
        return node
    if isinstance(node, float):
        if not math.isfinite(node):
            raise ValueError("no number of JSON")
        return Number(repr(node))
    if isinstance(node, dt.date | dt.datetime):
        return node.isoformat()
    raise ValueError("no value of JSON")
