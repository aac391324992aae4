"""Who answers a conversation, told from the mapping as it was last seen: for outages alone.

The service's own answer is the rule (`GET /mapping/resolve`); the contract's tests hold this one to it.
"""

from typing import Any

from sprintia_config_client.contract import Resolution
from sprintia_config_client.errors import Conflict, NotFound
from sprintia_config_client.exact import JsonValue

_Entry = dict[str, Any]


def resolve_in(
    mapping: dict[str, JsonValue], *, account: str | None, inbox: str | None, phone: str | None
) -> Resolution:
    """Special number, then inbox, then account, then fallback by sequence.

    A special number counts for the tenant that owns the inbox or account; where neither is known it decides alone.

    Raises:
        NotFound: no rule answers.
        Conflict: a number alone leads to several tenants.
    """
    rule, owner = _owner(mapping, account, inbox)
    digits = _digits(phone) if phone else None
    numbers = [
        entry
        for entry in _list(mapping, "special_numbers")
        if digits is not None
        and _digits(str(entry.get("number"))) == digits
        and (owner is None or owner["account_id"] == entry["account_id"])
    ]
    if len({entry["account_id"] for entry in numbers}) > 1:
        raise Conflict("this number is special for more than one tenant: give the account or the inbox too")
    if numbers:
        return _resolution(numbers[0], "special_number")
    if owner is not None:
        return _resolution(owner, rule)
    fallbacks = sorted(_list(mapping, "fallbacks"), key=_in_sequence)
    if fallbacks:
        return _resolution(fallbacks[0], "fallback")
    raise NotFound("no rule of the mapping, as it was last seen, answers for this account, inbox or phone")


def _owner(mapping: dict[str, JsonValue], account: str | None, inbox: str | None) -> tuple[str, _Entry | None]:
    for rule, section, key in (("inbox", "inboxes", inbox), ("account", "accounts", account)):
        entries = mapping.get(section)
        entry = entries.get(key) if isinstance(entries, dict) and key else None
        if isinstance(entry, dict):
            return rule, entry
    return "", None


def _list(mapping: dict[str, JsonValue], section: str) -> list[_Entry]:
    entries = mapping.get(section)
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _in_sequence(entry: _Entry) -> tuple[bool, int]:
    sequence = entry.get("sequence")
    return (False, sequence) if isinstance(sequence, int) else (True, 0)


def _digits(number: str) -> str:
    return "".join(character for character in number if character in "0123456789")


def _resolution(entry: _Entry, rule: str) -> Resolution:
    crew = entry.get("crew")
    return Resolution(
        tenant_id=str(entry["account_id"]), domain=str(entry["domain"]), crew=crew if isinstance(crew, str) else None,
        rule=rule,
    )  # fmt: skip
