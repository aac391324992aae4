"""`/viewer/keys`: API keys, for admins who reach every tenant."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from sprintia_platform import Caller, Problem
from sprintia_platform.http.problems import NOT_FOUND
from sprintia_platform.keys.controllers import NewKey, check_new_key
from sprintia_platform.keys.store import StoredKey, create_key, list_keys, revoke_key, rotate_key
from sprintia_viewer.pages.confirming import confirmed_or_lead
from sprintia_viewer.pages.users import require_unbound
from sprintia_viewer.parts import Parts
from sprintia_viewer.web import links
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.languages import marked
from sprintia_viewer.web.visits import Notice, Visit

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


class KeyForm(msgspec.Struct, frozen=True):
    """A new key; `tenants` and `networks` one on each line, none for all."""

    name: Annotated[str, msgspec.Meta(max_length=100)]
    rights: tuple[str, ...] = ()
    tenants: str = ""
    networks: str = ""
    expires_in_days: str = ""


class RotateForm(msgspec.Struct, frozen=True):
    """How long the old text goes on."""

    overlap_hours: Annotated[int, msgspec.Meta(ge=0, le=24 * 90)] = 24


class Nothing(msgspec.Struct, frozen=True):
    """A form of one button."""


class ListedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key, and whether it works."""

    key: StoredKey
    works: bool


class KeysPage(msgspec.Struct, frozen=True, kw_only=True):
    """Every key, the newest first."""

    keys: list[ListedKey]


class KeyPage(msgspec.Struct, frozen=True, kw_only=True):
    """A new key; or one that exists, with its text where it was made a moment ago."""

    key: StoredKey | None
    works: bool = True
    given: KeyForm | None = None
    rights: list[tuple[str, str]] = []
    faults: list[tuple[str, str | None]] = []
    text: str | None = None

    def __repr__(self) -> str:
        return "KeyPage(***)"


@get("/viewer/keys", guards=[signed_in("admin")])
async def list_all(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """List every key, without its text."""
    require_unbound(visit)
    return await visit.page("keys.html", KeysPage(keys=[_listed(key) for key in await _keys(parts)]))


@get("/viewer/keys/new", guards=[signed_in("admin")])
async def new_key(visit: NamedDependency[Visit]) -> Response[bytes]:
    """Show the form of a new key."""
    require_unbound(visit)
    if led := await confirmed_or_lead(visit, links.keys("new")):
        return led
    return await visit.page("key.html", _form_page(visit, KeyForm(name="")))


@post("/viewer/keys/new", guards=[signed_in("admin")])
async def make_key(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """Make a key and show its text, once."""
    require_unbound(visit)
    form = await visit.form(KeyForm)
    if led := await confirmed_or_lead(visit, links.keys("new")):
        return led
    try:
        wanted = _new_key(form)
        check_new_key(wanted, _giver(visit))
    except Problem as problem:
        faults: list[tuple[str, str | None]] = [
            (fault.text.plain(visit.told_in), f"#f-{(fault.pointer or '/name').split('/')[1]}")
            for fault in problem.errors
        ]
        return await visit.page("key.html", _form_page(visit, form, faults), status=422)
    except msgspec.ValidationError:
        told = visit.told(marked("A key has a name, at least one right, and ends after 1 to 3650 days, or never."))
        return await visit.page("key.html", _form_page(visit, form, [(told, None)]), status=422)
    expires_at = datetime.now(UTC) + timedelta(days=wanted.expires_in_days) if wanted.expires_in_days else None
    async with parts.host.database.transaction("platform", "*") as connection:
        token = await create_key(
            connection, name=wanted.name, rights=sorted(set(wanted.rights)), tenants=wanted.tenants,
            networks=wanted.networks, expires_at=expires_at, actor=visit.person.actor,
        )  # fmt: skip
    return await _shown(visit, parts, token.key_id, token.text)


@get("/viewer/keys/{key_id:str}", guards=[signed_in("admin")])
async def show_key(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], key_id: FromPath[str]
) -> Response[bytes]:
    """Show a key, without its text."""
    return await _shown(visit, parts, key_id)


@post("/viewer/keys/{key_id:str}/rotate", guards=[signed_in("admin")])
async def rotate(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], key_id: FromPath[str]
) -> Response[bytes]:
    """Give a key a new text, and show it once. Who sees it can use it: every right of the key is needed."""
    form = await visit.form(RotateForm)
    key = await _key(visit, parts, key_id)
    if led := await confirmed_or_lead(visit, links.keys(key.id)):
        return led
    giver = _giver(visit)
    for right in key.rights:
        giver.require(right)
    async with parts.host.database.transaction("platform", "*") as connection:
        overlap = timedelta(hours=form.overlap_hours)
        token = await rotate_key(connection, key.id, overlap, actor=visit.person.actor)
    if token is None:
        raise Problem(NOT_FOUND, path=visit.path)
    parts.host.keys.forget(key.id)
    return await _shown(visit, parts, key.id, token.text)


@post("/viewer/keys/{key_id:str}/revoke", guards=[signed_in("admin")])
async def revoke(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], key_id: FromPath[str]
) -> Response[bytes]:
    """End a key at once."""
    await visit.form(Nothing)
    key = await _key(visit, parts, key_id)
    if led := await confirmed_or_lead(visit, links.keys(key.id)):
        return led
    async with parts.host.database.transaction("platform", "*") as connection:
        await revoke_key(connection, key.id, actor=visit.person.actor)
    parts.host.keys.forget(key.id)
    return await visit.redirect(links.keys(), Notice("done", marked("The key no longer works.")))


HANDLERS = (list_all, new_key, make_key, show_key, rotate, revoke)


def _giver(visit: Visit) -> Caller:
    """The person as the rules for giving keys know callers: nobody gives a right that they do not have."""
    person = visit.person
    return Caller(key_id="viewer", name=person.name, rights=person.rights | GIVEN_BY_ADMINS, tenants=person.tenants)


def _form_page(visit: Visit, form: KeyForm, faults: list[tuple[str, str | None]] | None = None) -> KeyPage:
    held = _giver(visit).rights
    rights = [(right, visit.told(meaning)) for right, meaning in MEANINGS.items() if right in held]
    return KeyPage(key=None, given=form, rights=rights, faults=faults or [])


def _new_key(form: KeyForm) -> NewKey:
    given = {
        "name": form.name.strip(), "rights": list(form.rights),
        "tenants": form.tenants.replace(",", " ").split() or None,
        "networks": form.networks.replace(",", " ").split(), "expires_in_days": form.expires_in_days.strip() or None,
    }  # fmt: skip
    return msgspec.convert(given, NewKey, strict=False)


async def _keys(parts: Parts) -> list[StoredKey]:
    async with parts.host.database.transaction("platform", read_only=True) as connection:
        return await list_keys(connection)


async def _key(visit: Visit, parts: Parts, key_id: str) -> StoredKey:
    require_unbound(visit)
    for key in await _keys(parts):
        if key.id == key_id:
            return key
    raise Problem(NOT_FOUND, path=visit.path)


async def _shown(visit: Visit, parts: Parts, key_id: str, text: str | None = None) -> Response[bytes]:
    key = await _key(visit, parts, key_id)
    page = KeyPage(key=key, works=_listed(key).works, text=text)
    return await visit.page("key.html", page, twin=text is None)


def _listed(key: StoredKey) -> ListedKey:
    over = key.expires_at is not None and key.expires_at <= datetime.now(UTC)
    return ListedKey(key=key, works=key.revoked_at is None and not over)
