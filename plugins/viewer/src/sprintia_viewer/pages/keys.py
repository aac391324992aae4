"""`/viewer/keys`: API keys, for admins who reach every tenant."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from sprintia_platform import Problem
from sprintia_platform.http.problems import NOT_FOUND
from sprintia_platform.keys.store import StoredKey, create_key, find_key, page_of_keys, revoke_key, rotate_key
from sprintia_viewer.pages.confirming import confirmed_or_lead
from sprintia_viewer.pages.new_keys import Fault, KeyForm, giver, read_new_key, rights_to_give
from sprintia_viewer.parts import Parts
from sprintia_viewer.problems import NOT_ALLOWED
from sprintia_viewer.web import links
from sprintia_viewer.web.forms import Nothing
from sprintia_viewer.web.guards import administers
from sprintia_viewer.web.languages import marked
from sprintia_viewer.web.tables_out import MOST_ROWS, Format, csv_answer
from sprintia_viewer.web.visits import Notice, Visit

_PAGE = 50

Text = Annotated[str, QueryParameter(max_length=200)]


class RotateForm(msgspec.Struct, frozen=True):
    """How long the old text goes on."""

    overlap_hours: Annotated[int, msgspec.Meta(ge=0, le=24 * 90)] = 24


class ListedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key, and whether it works."""

    key: StoredKey
    works: bool


class KeysPage(msgspec.Struct, frozen=True, kw_only=True):
    """Keys, the newest first."""

    text: str
    keys: list[ListedKey]
    next: str | None
    start: str | None


class KeyPage(msgspec.Struct, frozen=True, kw_only=True):
    """A new key; or one that exists, with its text where it was made a moment ago.

    Attributes:
        key: None of a new one.
        works: whether it opens anything.
        missing: rights of the key that the person lacks, who therefore gets no new text of it.
        given: what was typed for a new one.
        rights: what the person may give, with the meanings.
        text: of the key, shown once.
        old_until: until when the text before goes on.
    """

    key: StoredKey | None
    works: bool = True
    missing: list[str] = []
    given: KeyForm | None = None
    rights: list[tuple[str, str]] = []
    faults: list[Fault] = []
    text: str | None = None
    old_until: datetime | None = None

    def __repr__(self) -> str:
        return "KeyPage(***)"


@get("/viewer/keys", guards=[administers()])
async def list_all(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], text: Text = "", after: Text = "",
    file: Format = "",
) -> Response[bytes]:  # fmt: skip
    """List keys, without their texts; `?format=csv` as a file."""
    as_file = file == "csv"
    first, most = (None, MOST_ROWS) if as_file else (after or None, _PAGE)
    async with parts.host.database.transaction("platform", read_only=True) as connection:
        found, following = await page_of_keys(connection, text=text.strip(), after=first, limit=most)
    if as_file:
        rows = ([getattr(key, name) for name in StoredKey.__struct_fields__] for key in found)
        return csv_answer("keys", StoredKey.__struct_fields__, rows, complete=following is None)
    page = KeysPage(
        text=text, keys=[ListedKey(key=key, works=_works(key)) for key in found],
        next=links.keys(text=text, after=following) if following else None,
        start=links.keys(text=text) if after else None,
    )  # fmt: skip
    return await visit.page("keys.html", page)


@get("/viewer/keys/new", guards=[administers()])
async def new_key(visit: NamedDependency[Visit]) -> Response[bytes]:
    """Show the form of a new key."""
    if led := await confirmed_or_lead(visit, links.keys("new")):
        return led
    page = KeyPage(key=None, given=KeyForm(name=""), rights=rights_to_give(visit))
    return await visit.page("key.html", page)


@post("/viewer/keys/new", guards=[administers()])
async def make_key(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """Make a key and show its text, once."""
    form = await visit.form(KeyForm)
    if led := await confirmed_or_lead(visit, links.keys("new")):
        return led
    wanted = read_new_key(visit, form)
    if isinstance(wanted, list):
        page = KeyPage(key=None, given=form, rights=rights_to_give(visit), faults=wanted)
        return await visit.page("key.html", page, status=422)
    expires_at = datetime.now(UTC) + timedelta(days=wanted.expires_in_days) if wanted.expires_in_days else None
    async with parts.host.database.transaction("platform", "*") as connection:
        token = await create_key(
            connection, name=wanted.name, rights=sorted(wanted.rights), tenants=wanted.tenants,
            networks=wanted.networks, expires_at=expires_at, actor=visit.person.actor,
        )  # fmt: skip
    return await _shown(visit, await _key(visit, parts, token.key_id), token.text)


@get("/viewer/keys/{key_id:str}", guards=[administers()])
async def show_key(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], key_id: FromPath[str]
) -> Response[bytes]:
    """Show a key, without its text."""
    return await _shown(visit, await _key(visit, parts, key_id))


@post("/viewer/keys/{key_id:str}/rotate", guards=[administers()])
async def rotate(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], key_id: FromPath[str]
) -> Response[bytes]:
    """Give a key a new text, and show it once. Who sees it can use it: every right of the key is needed."""
    form = await visit.form(RotateForm)
    key = await _key(visit, parts, key_id)
    if led := await confirmed_or_lead(visit, links.keys(key.id)):
        return led
    if missing := _missing(visit, key):
        raise Problem(NOT_ALLOWED, right=missing[0])
    overlap = timedelta(hours=form.overlap_hours)
    async with parts.host.database.transaction("platform", "*") as connection:
        token = await rotate_key(connection, key.id, overlap, actor=visit.person.actor)
    if token is None:
        return await visit.redirect(links.keys(key.id), Notice("error", marked("The key was revoked: make a new one.")))
    parts.host.keys.forget(key.id)
    return await _shown(visit, key, token.text, old_until=datetime.now(UTC) + overlap)


@post("/viewer/keys/{key_id:str}/revoke", guards=[administers()])
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
    done = Notice("done", marked("The key %(name)s no longer works."), {"name": key.name})
    return await visit.redirect(links.keys(key.id), done)


HANDLERS = (list_all, new_key, make_key, show_key, rotate, revoke)


async def _key(visit: Visit, parts: Parts, key_id: str) -> StoredKey:
    async with parts.host.database.transaction("platform", read_only=True) as connection:
        key = await find_key(connection, key_id)
    if key is None:
        raise Problem(NOT_FOUND, path=visit.path)
    return key


async def _shown(
    visit: Visit, key: StoredKey, text: str | None = None, *, old_until: datetime | None = None
) -> Response[bytes]:
    page = KeyPage(key=key, works=_works(key), missing=_missing(visit, key), text=text, old_until=old_until)
    return await visit.page("key.html", page, twin=text is None)


def _missing(visit: Visit, key: StoredKey) -> list[str]:
    return sorted(set(key.rights) - giver(visit).rights)


def _works(key: StoredKey) -> bool:
    over = key.expires_at is not None and key.expires_at <= datetime.now(UTC)
    return key.revoked_at is None and not over
