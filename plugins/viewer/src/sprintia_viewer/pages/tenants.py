"""`/viewer/t/{tenant}`: a tenant's documents, and how fresh they are."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from sprintia_config_client import errors
from sprintia_config_client.contract import Change, Delivery, DeliverySource, DocumentSchema, Head, TenantDetail
from sprintia_viewer.parts import ConfigService, Parts
from sprintia_viewer.shown.activity import ActivityPicture, activity_picture, days_shown
from sprintia_viewer.shown.freshness import silent_days
from sprintia_viewer.web import links
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.visits import Visit

_TROUBLED = ("refused", "quarantined")
_TROUBLES_SHOWN = 5
_LAST_CHANGES = 500


class ListedDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document that stands, and who changed it last, where that is among the tenant's last changes."""

    head: Head
    actor: str | None
    origin: str | None


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Who delivers, by the key's name where it is known here; `silent_days` when nothing came for longer than two."""

    source: DeliverySource
    name: str | None
    silent_days: int | None


class TenantPage(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant at a glance."""

    tenant: TenantDetail
    documents: list[ListedDocument]
    sources: list[Source]
    troubles: list[Delivery]
    activity: ActivityPicture
    schemas: list[DocumentSchema]


class NoTenantPage(msgspec.Struct, frozen=True, kw_only=True):
    """There is no such tenant, or it is out of the person's reach: both look alike."""

    tenant_id: str


@get("/viewer/t/{tenant:str}", guards=[signed_in()])
async def show_tenant(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], tenant: FromPath[str]
) -> Response[bytes]:
    """Show a tenant's documents, who delivers to it, what was refused, and when it changed."""
    config = visit.config
    try:
        detail = await config.tenant(tenant)
    except (errors.NotFound, errors.Invalid):
        return await visit.page("no_tenant.html", NoTenantPage(tenant_id=tenant), status=404)
    today = datetime.now(ZoneInfo(visit.zone)).date()
    heads, changes, troubles, days, schemas, names = await asyncio.gather(
        config.heads(tenant, sizes=True),
        config.changes(tenant, max(0, detail.revision - _LAST_CHANGES), limit=_LAST_CHANGES),
        _troubles(config, tenant), config.activity(tenant, days=days_shown(today), zone=visit.zone), config.schemas(),
        parts.key_names(),
    )  # fmt: skip
    types = {head.config_type for head in heads}
    page = TenantPage(
        tenant=detail, documents=_documents(heads, changes.changes),
        sources=[_source(source, names) for source in detail.sources], troubles=troubles,
        activity=activity_picture(days, today),
        schemas=[schema for schema in schemas if schema.config_type in types],
    )  # fmt: skip
    return await visit.page("tenant.html", page)


@get("/viewer/t/{tenant:str}/new", guards=[signed_in("config:write")])
async def new_document(
    visit: NamedDependency[Visit], tenant: FromPath[str], domain: FromQuery[str] = "",
    config_type: FromQuery[str] = "",
) -> Response[bytes]:  # fmt: skip
    """Lead the form of the tenant's page to where a new document is written."""
    if domain.strip() and config_type.strip():
        return await visit.redirect(links.edit(tenant, domain.strip(), config_type.strip()))
    return await visit.redirect(links.tenant(tenant))


HANDLERS = (show_tenant, new_document)


async def _troubles(config: ConfigService, tenant: str) -> list[Delivery]:
    """The latest deliveries that did not come through."""
    found = await asyncio.gather(
        *(config.deliveries(tenant=tenant, outcome=outcome, limit=_TROUBLES_SHOWN) for outcome in _TROUBLED)
    )
    troubles = sorted((each for outcome in found for each in outcome), key=lambda each: each.id, reverse=True)
    return troubles[:_TROUBLES_SHOWN]


def _documents(heads: Sequence[Head], changes: Sequence[Change]) -> list[ListedDocument]:
    last = {(change.domain, change.config_type, change.version): change for change in changes}
    listed = []
    for head in heads:
        change = last.get((head.domain, head.config_type, head.version))
        listed.append(
            ListedDocument(head=head, actor=change.actor if change else None, origin=change.origin if change else None)
        )
    return listed


def _source(source: DeliverySource, names: Mapping[str, str]) -> Source:
    return Source(source=source, name=names.get(source.sender), silent_days=silent_days(source.last_at))
