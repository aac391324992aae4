"""What an import from the replaced system found that a person must look at. No finding holds a secret."""

from typing import Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal[
    "left_out", "rotate", "locked", "encrypted_elsewhere", "rewritten", "reading", "routes_lost", "split",
    "mapping_left_out", "template", "renumbered", "changed_in_place",
]  # fmt: skip

HEADINGS: dict[Kind, str] = {
    "left_out": "Not imported",
    "rotate": "Secrets that stood in clear in the replaced system: replace each at its service, then send it again",
    "locked": "Encrypted values that no given key opens; they are kept as they were, still encrypted",
    "encrypted_elsewhere": "Encrypted values outside of secret keys; they are kept as they were, still encrypted",
    "rewritten": "Texts that are no YAML 1.2; what the replaced system had read of them was written anew",
    "reading": "Values that the replaced system (YAML 1.1) read as something else than YAML 1.2 does: quote or correct",
    "routes_lost": "Tenants whose routes the replaced system had lost in the end; their history here still has them",
    "split": "Tenants with one type of document in several domains: choose one, and delete the others",
    "mapping_left_out": "Parts of the mapping that were not imported",
    "template": "Files for a whole domain, which belong to no tenant: copy what you need of them into the tenants",
    "renumbered": "Versions without a usable number, which got the next one",
    "changed_in_place": "Documents whose history was changed in place in the replaced system",
}


class Finding(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One thing for a person: where it is, and what."""

    kind: Kind
    place: str
    what: str


class Findings:
    """Collects each finding once, in the order in which they come."""

    def __init__(self) -> None:
        self._found: dict[Finding, None] = {}

    def note(self, kind: Kind, place: str, what: str) -> None:
        self._found.setdefault(Finding(kind=kind, place=place, what=what))

    def sorted(self) -> list[Finding]:
        """By kind in the order of `HEADINGS`, then as they came."""
        order = list(HEADINGS)
        return sorted(self._found, key=lambda finding: order.index(finding.kind))
