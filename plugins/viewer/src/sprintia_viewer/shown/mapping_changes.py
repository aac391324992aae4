"""What differs between two versions of a tenant's part of the Chatwoot mapping, entry by entry."""

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from sprintia_viewer.shown.mapping_view import masked_number

Section = Literal["accounts", "inboxes", "fallbacks", "special_numbers"]

_LONGEST = 300
_NUMBER = re.compile(r"\+?\d(?:[\s().-]{0,2}\d){6,}")


class MappingChange(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that differs.

    Attributes:
        section: where it stands.
        operation: added, removed or changed.
        key: of the account or inbox; of a number its last digits; of a fallback its domain.
        old, new: what the entry says beside that; None where there is none.
    """

    section: Section
    operation: Literal["added", "removed", "changed"]
    key: str
    old: str | None
    new: str | None


def mapping_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[MappingChange, ...]:
    """Compare two parts. The order of numbers, and of fallbacks of one sequence, is no difference."""
    before, after = _entries(old), _entries(new)
    changes = []
    for place in sorted({*before, *after}):
        section, key, _ = place
        was, stands = before.get(place), after.get(place)
        if was == stands:
            continue
        operation: Literal["added", "removed", "changed"] = (
            "added" if was is None else "removed" if stands is None else "changed"
        )
        changes.append(
            MappingChange(
                section=section, operation=operation, key=masked_number(key) if section == "special_numbers" else key,
                old=_told(was), new=_told(stands),
            )
        )  # fmt: skip
    return tuple(changes)


def without_numbers(text: str) -> str:
    """A text in which phone numbers, and all that look like one, show their last digits alone."""
    return _NUMBER.sub(lambda found: masked_number(found.group()), text)


def _entries(part: Mapping[str, Any]) -> dict[tuple[Section, str, int], Mapping[str, Any]]:
    """Every entry by where it stands; of those that share a key, by how many of it came before."""
    found: dict[tuple[Section, str, int], Mapping[str, Any]] = {}

    def add(section: Section, key: str, entry: object) -> None:
        number = 0
        while (section, key, number) in found:
            number += 1
        found[section, key, number] = entry if isinstance(entry, Mapping) else {"": entry}

    for section in _KEYED:
        entries = part.get(section)
        for key, entry in entries.items() if isinstance(entries, Mapping) else ():
            add(section, str(key), entry)
    for section, name in _LISTED:
        entries = part.get(section)
        for entry in entries if isinstance(entries, list) else ():
            given = str(entry.get(name, "")) if isinstance(entry, Mapping) else ""
            key = "".join(filter(str.isdigit, given)) if section == "special_numbers" else given
            rest = {field: value for field, value in entry.items() if field != name} if given else entry
            add(section, key, rest)
    return found


_KEYED: tuple[Section, ...] = ("accounts", "inboxes")
_LISTED: tuple[tuple[Section, str], ...] = (("fallbacks", "domain"), ("special_numbers", "number"))


def _told(entry: Mapping[str, Any] | None) -> str | None:
    """The fields of an entry in a line; whose it is says the page."""
    if entry is None:
        return None
    fields = {name: value for name, value in entry.items() if name != "account_id"}
    told = (
        value if isinstance(value, str) else msgspec.json.encode(value, enc_hook=str).decode()
        for value in fields.values()
    )
    line = ", ".join(
        f"{name}: {without_numbers(value)}" if name else value for name, value in zip(fields, told, strict=True)
    )
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
