"""The mapping as values: the part that each tenant owns, and the whole that callers see.

Every entry belongs to the tenant that its `account_id` names. What an entry holds beyond the known fields is kept.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from sprintia_config.contents.identifiers import is_identifier
from sprintia_config.secrecy.leaves import secret_leaves
from sprintia_platform import Fault, Text
from sprintia_platform.content.json_reader import read_json
from sprintia_platform.content.values import Json, to_json
from sprintia_platform.http.body_faults import escape

Entry = dict[str, Json]

SECTIONS = ("accounts", "inboxes", "fallbacks", "special_numbers")
_KEY = re.compile(r"[A-Za-z0-9_.@:-]{1,64}")
# What Python's str() makes of an empty Odoo field. The replaced system stored such inboxes; they match no message.
EMPTY_KEYS = frozenset({"", "None", "False", "null"})

_SECRET = Text(
    "é um segredo pelo nome: guarde-o no documento credentials e aqui só a referência (*_ref)",
    "is a secret by its name: keep it in the document credentials, and only its reference (*_ref) here",
)
_REQUIRED = Text("é obrigatório", "is required")
_NO_IDENTIFIER = Text(
    "não é um identificador (1 a 128 caracteres entre letras, dígitos, _ - . @)",
    "is no identifier (1 to 128 characters of letters, digits, _ - . @)",
)


@dataclass(frozen=True, slots=True)
class Slice:
    """What one tenant owns of the mapping; the order is the one in which it was sent."""

    accounts: Mapping[str, Entry] = field(default_factory=dict)
    inboxes: Mapping[str, Entry] = field(default_factory=dict)
    fallbacks: tuple[Entry, ...] = ()
    special_numbers: tuple[Entry, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.accounts or self.inboxes or self.fallbacks or self.special_numbers)

    def to_text(self) -> str:
        return to_json({
            "accounts": dict(self.accounts), "inboxes": dict(self.inboxes), "fallbacks": list(self.fallbacks),
            "special_numbers": list(self.special_numbers),
        })  # fmt: skip

    @classmethod
    def from_text(cls, text: str) -> "Slice":
        value = read_json(text.encode())
        if not isinstance(value, dict):
            msg = "a stored slice of the mapping is no object"
            raise TypeError(msg)
        accounts, inboxes, fallbacks, numbers = (value[name] for name in SECTIONS)
        return cls(_mapping(accounts), _mapping(inboxes), _entries(fallbacks), _entries(numbers))


Slices = dict[str, Slice]
"""Slices by tenant."""


@dataclass(slots=True)
class GivenMapping:
    """A mapping as a caller sent it, checked.

    Attributes:
        slices: what was given, by tenant.
        sections: which sections were given at all.
        removed: keys that a PATCH sets to null, by section.
    """

    slices: Slices
    sections: frozenset[str]
    removed: dict[str, set[str]]


class MappingFaultsError(Exception):
    """A mapping that cannot be taken: every fault, with its pointer."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__(f"{len(faults)} faults")


def read_mapping(value: Json, pointer: str = "/mapping_data", *, allow_null: bool = False) -> GivenMapping:
    """Check a mapping and part it by tenant.

    Args:
        value: `{"accounts": {...}, "inboxes": {...}, "fallbacks": [...], "special_numbers": [...]}`, each optional.
        pointer: where it stands in the body.
        allow_null: whether null instead of an account or inbox removes it.

    Raises:
        MappingFaultsError: with every fault.
    """
    reader = _Reader(allow_null=allow_null)
    if not isinstance(value, dict):
        raise MappingFaultsError([_fault("type", pointer, Text("esperado: objeto", "expected: an object"))])
    for name, section in value.items():
        reader.section(name, section, f"{pointer}/{escape(name)}")
    if reader.faults:
        raise MappingFaultsError(reader.faults)
    return GivenMapping(reader.slices(), frozenset(value), reader.removed)


def union(slices: Mapping[str, Slice]) -> dict[str, Json]:
    """Put slices together to the whole that callers see: tenants in order of id, entries as they were sent."""
    ordered = [slices[tenant] for tenant in sorted(slices)]
    return {
        "accounts": {key: entry for part in ordered for key, entry in part.accounts.items()},
        "inboxes": {key: entry for part in ordered for key, entry in part.inboxes.items()},
        "fallbacks": [entry for part in ordered for entry in part.fallbacks],
        "special_numbers": [entry for part in ordered for entry in part.special_numbers],
    }


class _Stored(msgspec.Struct):
    """A slice as `Slice.to_text` wrote it, its entries left as they are."""

    accounts: dict[str, msgspec.Raw]
    inboxes: dict[str, msgspec.Raw]
    fallbacks: list[msgspec.Raw]
    special_numbers: list[msgspec.Raw]


_stored = msgspec.json.Decoder(_Stored)


def union_text(texts: Mapping[str, str]) -> bytes:
    """What `union` makes of these slices, as JSON. No entry is read: ten thousand tenants take milliseconds."""
    whole = _Stored({}, {}, [], [])
    for tenant in sorted(texts):
        part = _stored.decode(texts[tenant])
        whole.accounts.update(part.accounts)
        whole.inboxes.update(part.inboxes)
        whole.fallbacks += part.fallbacks
        whole.special_numbers += part.special_numbers
    return msgspec.json.encode(whole)


def patched(standing: Mapping[str, Slice], given: GivenMapping) -> Slices:
    """Merge accounts and inboxes by key; replace lists for the tenants that are named in them.

    A key that is given moves to the tenant that its entry names.
    """
    taken = {
        section: {key for part in given.slices.values() for key in getattr(part, section)} | given.removed[section]
        for section in ("accounts", "inboxes")
    }
    result: Slices = {}
    for tenant in sorted({*standing, *given.slices}):
        old, new = standing.get(tenant, Slice()), given.slices.get(tenant, Slice())
        result[tenant] = Slice(
            _without(old.accounts, taken["accounts"] - set(new.accounts)) | dict(new.accounts),
            _without(old.inboxes, taken["inboxes"] - set(new.inboxes)) | dict(new.inboxes),
            new.fallbacks or old.fallbacks,
            new.special_numbers or old.special_numbers,
        )
    return result


def is_chatwoot_id(text: str) -> bool:
    """Tell whether a text can be the id of an account or inbox."""
    return _KEY.fullmatch(text) is not None and text not in EMPTY_KEYS


def is_sequence(value: Json) -> bool:
    """Tell whether a value can say in which order fallbacks answer: a whole number of 32 bits."""
    return isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31


def is_phone_number(value: Json) -> bool:
    return isinstance(value, str) and len(value) <= 64 and 3 <= len(digits_of(value)) <= 32


def digits_of(number: str) -> str:
    """A phone number as it is compared: digits alone, so that `+55 11 9...` and `5511 9...` are one."""
    return "".join(character for character in number if character in "0123456789")


def _without(entries: Mapping[str, Entry], keys: Iterable[str]) -> dict[str, Entry]:
    gone = set(keys)
    return {key: entry for key, entry in entries.items() if key not in gone}


class _Reader:
    def __init__(self, *, allow_null: bool) -> None:
        self.faults: list[Fault] = []
        self.removed: dict[str, set[str]] = {"accounts": set(), "inboxes": set()}
        self._allow_null = allow_null
        self._parts: dict[str, dict[str, list[tuple[str, Entry]]]] = {}

    def slices(self) -> Slices:
        return {
            tenant: Slice(
                dict(parts.get("accounts", ())),
                dict(parts.get("inboxes", ())),
                tuple(entry for _, entry in parts.get("fallbacks", ())),
                tuple(entry for _, entry in parts.get("special_numbers", ())),
            )
            for tenant, parts in self._parts.items()
        }

    def section(self, name: str, value: Json, pointer: str) -> None:
        if name not in SECTIONS:
            self._refuse("unknown", pointer, Text("não é uma seção do mapeamento", "is no section of the mapping"))
        elif name in self.removed:
            if isinstance(value, dict):
                self._keyed(name, value, pointer)
            else:
                self._refuse("type", pointer, Text("esperado: objeto", "expected: an object"))
        elif isinstance(value, list):
            self._listed(name, value, pointer)
        else:
            self._refuse("type", pointer, Text("esperado: lista", "expected: a list"))

    def _keyed(self, section: str, entries: dict[str, Json], pointer: str) -> None:
        for key, entry in entries.items():
            place = f"{pointer}/{escape(key)}"
            if key in EMPTY_KEYS and section == "inboxes":
                continue
            if not is_chatwoot_id(key):
                self._refuse("key", place, Text("não é um id do Chatwoot", "is no Chatwoot id"))
            elif entry is None and self._allow_null:
                self.removed[section].add(key)
            else:
                self._take(section, key, entry, place)

    def _listed(self, section: str, entries: list[Json], pointer: str) -> None:
        for index, entry in enumerate(entries):
            place = f"{pointer}/{index}"
            if isinstance(entry, dict):
                if section == "special_numbers":
                    self._check_number(entry, place)
                elif not is_sequence(entry.get("sequence", 0)):
                    self._refuse(
                        "type", f"{place}/sequence", Text("esperado: número inteiro", "expected: a whole number")
                    )
            self._take(section, "", entry, place)

    def _check_number(self, entry: dict[str, Json], place: str) -> None:
        if not is_phone_number(entry.get("number")):
            self._refuse("number", f"{place}/number", Text("não é um número de telefone", "is no phone number"))
        if not isinstance(entry.get("crew", ""), str):
            self._refuse("type", f"{place}/crew", Text("esperado: texto", "expected: text"))

    def _take(self, section: str, key: str, entry: Json, place: str) -> None:
        if not isinstance(entry, dict):
            self._refuse("type", place, Text("esperado: objeto", "expected: an object"))
            return
        kept = dict(entry)
        for name in ("account_id", "domain"):
            value = kept.get(name)
            if value is None or value == "":
                self._refuse("missing", f"{place}/{name}", _REQUIRED)
                return
            text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
            if not isinstance(text, str) or not is_identifier(text):
                self._refuse("identifier", f"{place}/{name}", _NO_IDENTIFIER)
                return
            kept[name] = text
        # The mapping is shown to whoever may read configuration: a secret has no place in it.
        for leaf in secret_leaves("config", kept):
            self._refuse("secret", f"{place}{leaf.pointer}", _SECRET)
        parts = self._parts.setdefault(str(kept["account_id"]), {})
        parts.setdefault(section, []).append((key, kept))

    def _refuse(self, code: str, pointer: str, text: Text) -> None:
        self.faults.append(_fault(code, pointer, text))


def _fault(code: str, pointer: str, text: Text) -> Fault:
    return Fault(code=code, pointer=pointer, text=text)


def _mapping(value: Json) -> dict[str, Entry]:
    return (
        {key: dict(entry) for key, entry in value.items() if isinstance(entry, dict)} if isinstance(value, dict) else {}
    )


def _entries(value: Json) -> tuple[Entry, ...]:
    return tuple(dict(entry) for entry in value if isinstance(entry, dict)) if isinstance(value, list) else ()
