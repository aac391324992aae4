"""What a form says of a new API key, and what is wrong with it."""

from collections.abc import Iterator

import msgspec

from sprintia_platform import Caller, Problem
from sprintia_platform.keys.controllers import NewKey, check_new_key
from sprintia_viewer.web.forms import words_of
from sprintia_viewer.web.languages import marked
from sprintia_viewer.web.visits import Visit

Fault = tuple[str, str | None]

GIVEN_BY_ADMINS = frozenset({"schemas:write"})
"""Rights that no page needs, and that whoever administers keys may give nevertheless."""

MEANINGS = {
    "config:read": marked("Read configuration, secrets masked"),
    "config:write": marked("Write configuration, by API and by webhook"),
    "mapping:write": marked("Write the Chatwoot mapping"),
    "secrets:read": marked("Read secrets in clear"),
    "schemas:write": marked("Set the schemas of document types"),
    "admin": marked("Administer keys and read the audit log"),
}

_LONGEST_NAME = 100
_MOST_DAYS = 3650
_MOST_TENANTS = 1000
_MOST_NETWORKS = 100


class KeyForm(msgspec.Struct, frozen=True):
    """A new key; `tenants` and `networks` one on each line, none for all."""

    name: str
    rights: tuple[str, ...] = ()
    tenants: str = ""
    networks: str = ""
    expires_in_days: str = ""


def giver(visit: Visit) -> Caller:
    """The person as the rules for giving keys know callers: nobody gives a right that they do not have."""
    person = visit.person
    return Caller(key_id="viewer", name=person.name, rights=person.rights | GIVEN_BY_ADMINS, tenants=person.tenants)


def rights_to_give(visit: Visit) -> list[tuple[str, str]]:
    """Each right that the person may give, and what it allows."""
    held = giver(visit).rights
    return [(right, visit.told(meaning)) for right, meaning in MEANINGS.items() if right in held]


def read_new_key(visit: Visit, form: KeyForm) -> NewKey | list[Fault]:
    """The key that the form asks for; else everything that is wrong, each with the field's place."""
    days = form.expires_in_days.strip()
    wanted = NewKey(
        name=form.name.strip(), rights=list(dict.fromkeys(form.rights)), tenants=words_of(form.tenants) or None,
        networks=words_of(form.networks), expires_in_days=_days(days),
    )  # fmt: skip
    faults = [*_faults_of_form(visit, form, wanted, days), *_faults_of_rules(visit, wanted)]
    return faults or wanted


def _days(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) <= len(str(_MOST_DAYS)) else None


def _faults_of_form(visit: Visit, form: KeyForm, wanted: NewKey, days: str) -> Iterator[Fault]:
    if not 0 < len(wanted.name) <= _LONGEST_NAME or not wanted.name.isprintable():
        yield visit.told(marked("Give the key a name of 1 to 100 characters.")), "#f-name"
    if not wanted.rights:
        yield visit.told(marked("Choose at least one right.")), "#f-rights"
    # Nothing in the field means all of them: it must not be reached by mistyping.
    if (form.tenants.strip() and not wanted.tenants) or len(wanted.tenants or ()) > _MOST_TENANTS:
        yield visit.told(marked("Name 1 to 1000 tenants, or leave the field empty for all of them.")), "#f-tenants"
    if (form.networks.strip() and not wanted.networks) or len(wanted.networks) > _MOST_NETWORKS:
        yield visit.told(marked("Name 1 to 100 networks, or leave the field empty for all of them.")), "#f-networks"
    if days and not 1 <= (wanted.expires_in_days or 0) <= _MOST_DAYS:
        told = visit.told(marked("A key ends after 1 to 3650 days, or never: then leave the field empty."))
        yield told, "#f-expires_in_days"


def _faults_of_rules(visit: Visit, wanted: NewKey) -> Iterator[Fault]:
    """What the API says of the same key, told to a person."""
    try:
        check_new_key(wanted, giver(visit))
    except Problem as problem:
        for fault in problem.errors:
            _, field, *index = (fault.pointer or "/name").split("/")
            value = getattr(wanted, field)[int(index[0])] if index else ""
            if fault.code == "right_not_held":
                yield (
                    visit.told(marked("You do not have the right %(right)s, and cannot give it."), right=value[:100]),
                    "#f-rights",
                )
            else:
                text = fault.text.plain(visit.told_in)
                yield (f"{value[:200]}: {text}" if value else text), f"#f-{field}"
