"""Who asks within this process: a plugin, or a person whom it has signed in."""

from typing import Final

from sprintia_config_client.contract import Person
from sprintia_platform import Caller

HERE: Final = Caller(
    key_id="local", name="in this process",
    rights=frozenset({"config:read", "config:write", "secrets:read", "mapping:write"}),
)  # fmt: skip


class PersonHere(Caller, frozen=True, kw_only=True):
    """A person; no key stands between, so history and audit name the person alone."""

    @property
    def actor(self) -> str:
        return f"user:{self.name}"


def person_here(caller: Caller, person: Person) -> PersonHere:
    """The person, within what the caller may do. The name and the tenants were checked to be such."""
    return PersonHere(
        key_id=caller.key_id, name=person.name, rights=caller.rights & person.rights,
        tenants=_both(caller.tenants, person.tenants), acting_for=person.name,
    )  # fmt: skip


def without_secrets(caller: Caller) -> Caller:
    """The same caller, to whom secrets are masks."""
    return Caller(
        key_id=caller.key_id, name=caller.name, rights=caller.rights - {"secrets:read"}, tenants=caller.tenants
    )


def _both(first: frozenset[str] | None, second: frozenset[str] | None) -> frozenset[str] | None:
    if first is None or second is None:
        return second if first is None else first
    return first & second
