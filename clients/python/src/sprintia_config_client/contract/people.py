"""For whom a program acts that people have signed in to."""

from typing import Literal

import msgspec


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who signed in elsewhere, and what that person may do at most.

    Attributes:
        name: 1 to 100 letters, digits and @ . _ + -; history and audit say `user:<name>`.
        rights: what of the program's own rights the person has; it can only be less than those.
        tenants: those in reach; None means all that the program reaches.
        language: of texts for people, in errors and faults; None leaves it to the service.
    """

    name: str
    rights: frozenset[str]
    tenants: frozenset[str] | None = None
    language: Literal["pt-BR", "en"] | None = None

    def within(self, other: "Person | None") -> "Person":
        """The same person, with no more rights and tenants than another one has."""
        if other is None:
            return self
        reach = [tenants for tenants in (self.tenants, other.tenants) if tenants is not None]
        tenants = frozenset.intersection(*reach) if reach else None
        return msgspec.structs.replace(self, rights=self.rights & other.rights, tenants=tenants)

    def without(self, right: str) -> "Person":
        """The same person without a right."""
        return msgspec.structs.replace(self, rights=self.rights - {right})
