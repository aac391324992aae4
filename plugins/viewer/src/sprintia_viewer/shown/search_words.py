"""What else to search for when a text as a whole is found nowhere, and places that were found in two ways."""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from sprintia_config_client.contract import Match

SHORTEST: Final = 2
_MOST_WORDS: Final = 5
_SHORTEST_PHONE: Final = 8
_NUMBER: Final = re.compile(r"\+?[0-9][0-9 ().-]*", re.ASCII)
_AROUND: Final = ",;\"'(){}[]"


class FoundPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a document; `found_in` names each way in which it was found: path, value, secret_name."""

    pointer: str
    found_in: tuple[str, ...]
    snippet: str


def places_found(matches: Iterable[Match]) -> list[FoundPlace]:
    """Each place once, in the order in which they were found."""
    places: dict[str, FoundPlace] = {}
    for match in matches:
        before = places.get(match.pointer)
        places[match.pointer] = FoundPlace(
            pointer=match.pointer, found_in=(*(before.found_in if before else ()), match.found_in),
            snippet=match.snippet or (before.snippet if before else ""),
        )  # fmt: skip
    return list(places.values())


def is_too_short(text: str) -> bool:
    """Whether something is given, and too little to search for."""
    return 0 < len("".join(text.split())) < SHORTEST


def single_words(text: str) -> list[str]:
    """The words of a text of several, without the signs around them; none of a text that is one word."""
    words = [word.strip(_AROUND) for word in re.split(r"[\s:=]+", text)]
    long_enough = dict.fromkeys(word for word in words if word and not is_too_short(word))
    return [word for word in long_enough if word != text.strip()][:_MOST_WORDS]


def conversation_numbers(text: str) -> list[str]:
    """What a text of digits alone may be in the mapping: a phone number, or else an account or an inbox."""
    if not _NUMBER.fullmatch(text.strip()):
        return []
    return ["phone"] if sum(sign.isdigit() for sign in text) >= _SHORTEST_PHONE else ["account", "inbox"]


def key_and_value(text: str) -> tuple[str, str] | None:
    """`rate: 9.50` and `rate 9.50` as a key and its value; None where it is not of that form."""
    key, sign, value = text.strip().partition(":" if ":" in text else " ")
    key, value = key.strip().strip(_AROUND), value.strip().strip(_AROUND)
    usable = sign and key and value and not is_too_short(key) and not is_too_short(value)
    return (key, value) if usable and " " not in key else None
