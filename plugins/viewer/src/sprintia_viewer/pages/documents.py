"""`/viewer/t/{tenant}/{domain}/{type}`: a document as it stands or stood."""

import asyncio
import re
import shlex
from datetime import datetime
from html import unescape
from typing import Literal
from urllib.parse import quote

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from sprintia_config_client import errors
from sprintia_config_client.contract import HistoryItem, StoredVersion
from sprintia_viewer.pages.brought import deliveries_by_revision
from sprintia_viewer.pages.places import LARGEST, PLACE, Before, First, Place
from sprintia_viewer.shown.source import Language, SourceView, source_view
from sprintia_viewer.web import links
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.languages import marked
from sprintia_viewer.web.visits import Visit

_TAG = re.compile(r"<[^>]*>")

View = Literal["yaml", "json"]


class VersionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is told about a version besides its text; `size` in bytes."""

    version: int
    revision: int
    digest: str
    created_at: datetime
    actor: str
    origin: str
    message: str
    size: int


class DocumentPage(Place, frozen=True, kw_only=True):
    """A version of a document.

    Attributes:
        standing: the version that stands; None when the document is deleted.
        view: as YAML, as it was received (secrets masked), or as JSON.
        before: the newest older version that is kept; None where there is none.
        delivery: the id of the delivery that brought it, where one did.
        whole: whether the text is on the page as it is, to the character but for ends of lines.
        curl: what reads the document at a command line, but for the key.
        rest: where the text goes on, when it does not fit on a page.
    """

    shown: VersionFacts
    standing: int | None
    before: int | None
    delivery: int | None
    whole: bool
    view: View
    text: SourceView
    curl: str
    rest: str | None
    start: str | None


class DeletedPage(Place, frozen=True, kw_only=True):
    """A document that was deleted; `last` is the version that said so, `before` the newest older one that is kept."""

    last: HistoryItem
    before: int | None


@get(PLACE, guards=[signed_in()])
async def show_document(
    visit: NamedDependency[Visit], tenant: FromPath[str], domain: FromPath[str], config_type: FromPath[str],
    view: FromQuery[View] = "yaml", line: First = 1,
) -> Response[bytes]:  # fmt: skip
    """Show a document as it stands."""
    key = (tenant, domain, config_type)
    try:
        found = await visit.config.version(*key)
    except errors.NotFound:
        history = await visit.config.history(*key, limit=1)
        if history and history[0].deleted:
            return await _deleted(visit, history[0], status=410)
        raise
    return await _document(visit, found, found.version, view, line)


@get(f"{PLACE}/v/{{number:int}}", guards=[signed_in()])
async def show_version(
    visit: NamedDependency[Visit], tenant: FromPath[str], domain: FromPath[str], config_type: FromPath[str],
    number: FromPath[int], view: FromQuery[View] = "yaml", line: First = 1,
) -> Response[bytes]:  # fmt: skip
    """Show a version as it stood, without making it stand again."""
    key = (tenant, domain, config_type)
    newest = await visit.config.history(*key, limit=1)
    standing = newest[0].version if newest and not newest[0].deleted else None
    try:
        found = await visit.config.version(*key, number)
    except errors.NotFound:
        lines = await visit.config.history(*key, before=number + 1, limit=1) if 0 < number < LARGEST else ()
        if lines and lines[0].version == number and lines[0].deleted:
            return await _deleted(visit, lines[0])
        raise
    return await _document(visit, found, standing, view, line)


@get(f"{PLACE}/raw", guards=[signed_in()])
async def raw(
    visit: NamedDependency[Visit], tenant: FromPath[str], domain: FromPath[str], config_type: FromPath[str],
    version: Before = None,
) -> Response[bytes]:  # fmt: skip
    """Give the text alone, secrets masked."""
    text = await visit.config.text(tenant, domain, config_type, version)
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
    return Response(text.encode(), media_type="text/plain; charset=utf-8", headers=headers)


@get(f"{PLACE}/newer", guards=[signed_in()])
async def newer(
    visit: NamedDependency[Visit], tenant: FromPath[str], domain: FromPath[str], config_type: FromPath[str]
) -> Response[bytes]:
    """Tell which version is the newest, for the notice on a page that is being read."""
    newest = await visit.config.history(tenant, domain, config_type, limit=1)
    body = msgspec.json.encode({"version": newest[0].version if newest else 0})
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


HANDLERS = (show_document, show_version, raw, newer)


async def _document(visit: Visit, found: StoredVersion, standing: int | None, view: View, line: int) -> Response[bytes]:
    text = found.text if view == "yaml" else msgspec.json.format(found.json_text, indent=2)
    language: Language = view
    shown = await asyncio.to_thread(source_view, text, language, line)
    key = (found.tenant_id, found.domain, found.config_type)
    before, delivery = await asyncio.gather(_before(visit, *key, found.version), _delivery(visit, found))
    below = () if found.version == standing else ("v", found.version)
    facts = VersionFacts(
        version=found.version, revision=found.revision, digest=found.digest, created_at=found.created_at,
        actor=found.actor, origin=found.origin, message=found.message, size=len(found.text.encode()),
    )  # fmt: skip
    view_ = view if view == "json" else None
    page = DocumentPage(
        tenant_id=key[0], domain=key[1], config_type=key[2], shown=facts, standing=standing, before=before,
        delivery=delivery, whole=_plain(shown) == _unended(text), view=view, text=shown,
        curl=_curl(visit, *key),
        rest=links.document(*key, *below, view=view_, line=shown.more_from) if shown.more_from else None,
        start=links.document(*key, *below, view=view_) if line > 1 else None,
    )  # fmt: skip
    return await visit.page("document.html", page)


def _curl(visit: Visit, *key: str) -> str:
    place = "/".join(quote(part, safe="") for part in key)
    header = "X-API-Key: " + visit.told(marked("YOUR_KEY"))
    return shlex.join(["curl", "-s", "-H", header, f"{visit.config_address}/configs/{place}/yaml"])


async def _deleted(visit: Visit, last: HistoryItem, *, status: int = 200) -> Response[bytes]:
    key = (last.tenant_id, last.domain, last.config_type)
    before = await _before(visit, *key, last.version)
    page = DeletedPage(tenant_id=key[0], domain=key[1], config_type=key[2], last=last, before=before)
    return await visit.page("deleted.html", page, status=status)


async def _before(visit: Visit, tenant: str, domain: str, config_type: str, number: int) -> int | None:
    """The newest version below this one: retention may have removed the one right before it."""
    older = await visit.config.history(tenant, domain, config_type, before=number, limit=1) if number > 1 else ()
    return older[0].version if older else None


async def _delivery(visit: Visit, found: StoredVersion) -> int | None:
    """The delivery that made this version."""
    return (await deliveries_by_revision(visit.config, found.tenant_id, [found.revision])).get(found.revision)


def _plain(shown: SourceView) -> str:
    """What is copied from the page: the text of its lines."""
    return "\n".join(unescape(_TAG.sub("", line.html)) for line in shown.lines)


def _unended(text: str) -> str:
    return text.replace("\r\n", "\n").removesuffix("\n")
