r"""A value to YAML text: block style, keys in their order, one line per scalar, the same text for the same value.

The text reads back as the same value with `read_yaml`. Strings are quoted whenever any YAML reader in use could take
them for something else: YAML 1.2 (`read_yaml`) and YAML 1.1 (PyYAML in Odoo and in agents) differ in yes, 18:00, 1e3, …
"""

import re
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Final

import yaml

from sprintia_platform.content.scalars import resolve_plain
from sprintia_platform.content.values import Json, plain_literal

INDENT: Final = "  "
# libyaml and PyYAML find the colon of a key only within 1,024 characters; a longer one is written after "? ".
SIMPLE_KEY_LENGTH: Final = 1_000

# Characters that a YAML reader refuses, or takes for a line break, or that nobody sees: written as escapes.
_INVISIBLE: Final = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
# A first character that is no indicator and begins no number, date or "---".
_PLAIN_START: Final = re.compile(r"[^\W\d]|/")
# Booleans of the YAML 1.1 specification that PyYAML does not know but other 1.1 readers do.
_OTHER_BOOLEANS: Final = frozenset("yYnN")
_STRING_TAG: Final = "tag:yaml.org,2002:str"
_YAML_1_1: Final = yaml.resolver.Resolver()


def write_yaml(value: Json) -> str:
    """Write a value as one YAML document that ends with a line break.

    Aliases are never written: shared parts are written out. Numbers stand to the letter. No recursion is used, so no
    depth of nesting ends it; `read_yaml` accepts the text again within its limits.
    """
    if not _is_branch(value):
        return _leaf(value, INDENT) + "\n"
    lines: list[str] = []
    # What is left to write, last first: a value, what stands before it on its line, and where its children begin.
    pending: list[tuple[Json, str, str]] = [(value, "", "")]
    while pending:
        item, head, indent = pending.pop()
        if isinstance(item, dict) and item:
            pending.extend(reversed(_members(item, head, indent)))
        elif isinstance(item, list) and item:
            pending.extend(reversed(_items(item, head, indent)))
        else:
            lines.append(head + _leaf(item, indent))
    return "\n".join(lines) + "\n"


def _is_branch(value: Json) -> bool:
    return isinstance(value, dict | list) and bool(value)


def _members(mapping: dict[str, Json], head: str, indent: str) -> list[tuple[Json, str, str]]:
    parts: list[tuple[Json, str, str]] = []
    start = head
    for key, member in mapping.items():
        name = _key(key, start, indent)
        if not _is_branch(member):
            parts.append((member, f"{name} ", indent + INDENT))
        elif isinstance(member, list):
            # Not indented, as PyYAML and therefore Odoo write lists: texts stay easy to compare.
            parts.append((member, f"{name}\n{indent}", indent))
        else:
            parts.append((member, f"{name}\n{indent}{INDENT}", indent + INDENT))
        start = indent
    return parts


def _items(items: list[Json], head: str, indent: str) -> list[tuple[Json, str, str]]:
    starts = [head, *[indent] * (len(items) - 1)]
    return [(item, f"{start}- ", indent + INDENT) for item, start in zip(items, starts, strict=True)]


def _key(key: str, start: str, indent: str) -> str:
    text = _one_line_key(key)
    return f"{start}{text}:" if len(text) <= SIMPLE_KEY_LENGTH else f"{start}? {text}\n{indent}:"


def _leaf(value: Json, indent: str) -> str:
    if isinstance(value, str):
        return _literal(value, indent) or _one_line(value)
    if isinstance(value, dict | list):
        return "[]" if isinstance(value, list) else "{}"
    return plain_literal(value)


def _literal(text: str, indent: str) -> str | None:
    """Return a text of several lines in literal style (YAML 1.2.2, section 8.1.2), or None where that is not exact."""
    lines = text.removesuffix("\n").split("\n")
    if len(lines) == 1 or not lines[0] or not lines[-1] or lines[0].startswith(" "):
        return None
    if any(_INVISIBLE.search(line) for line in lines):
        return None
    header = "|" if text.endswith("\n") else "|-"
    return "\n".join([header, *(indent + line if line else "" for line in lines)])


@lru_cache(maxsize=4096)  # documents share their keys; values are not kept, some are secret
def _one_line_key(key: str) -> str:
    return _one_line(key)


def _one_line(text: str) -> str:
    if _INVISIBLE.search(text):
        return _INVISIBLE.sub(_escape, encode_basestring(text))
    return text if _is_plain(text) else "'" + text.replace("'", "''") + "'"


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def _is_plain(text: str) -> bool:
    if not _PLAIN_START.match(text) or text.endswith((" ", ":")) or ": " in text or " #" in text:
        return False
    return text not in _OTHER_BOOLEANS and _is_string_in_1_1(text) and _is_string_in_1_2(text)


def _is_string_in_1_1(text: str) -> bool:
    if text[0] not in _YAML_1_1.yaml_implicit_resolvers:
        return True
    tag: str = _YAML_1_1.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]  # by types-PyYAML
    return tag == _STRING_TAG


def _is_string_in_1_2(text: str) -> bool:
    # The length is without meaning here: a text that begins with a letter is no number.
    return isinstance(resolve_plain(text, max_number_length=len(text)), str)
