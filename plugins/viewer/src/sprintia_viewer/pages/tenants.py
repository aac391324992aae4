"""`/viewer/t/{tenant}`: a tenant's documents, and how fresh they are."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from sprintia_config_client import errors
from sprintia_config_client.contract import Delivery, DeliverySource, DocumentSchema, Head, TenantDetail
from sprintia_viewer.parts import ConfigService, Parts
from sprintia_viewer.shown.activity import ActivityPicture, activity_picture, days_shown
from sprintia_viewer.shown.freshness import silent_days
from sprintia_viewer.web import links
from sprintia_viewer.web.failures import refusal_of
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.visits import Visit

_TROUBLED = ("refused", "quarantined")
_TROUBLES_SHOWN = 5


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Who delivers, by the key's name where it is known here; `silent_days` when nothing came for longer than two."""

    source: DeliverySource
    name: str | None
    silent_days: int | None


class NewDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The place that a new document was to have, and why it cannot stand there."""

    domain: str
    config_type: str
    refusal: str


class TenantPage(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant at a glance: `documents` that stand, and those that are `deleted`, whose history leads back."""

    tenant: TenantDetail
    documents: list[Head]
    deleted: list[Head]
    sources: list[Source]
    troubles: list[Delivery]
    activity: ActivityPicture
    schemas: list[DocumentSchema]
    new: NewDocument | None = None


class NoTenantPage(msgspec.Struct, frozen=True, kw_only=True):
    """There is no such tenant, or it is out of the person's reach: both look alike."""

    tenant_id: str


@get("/viewer/t/{tenant:str}", guards=[signed_in()])
async def show_tenant(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], tenant: FromPath[str]
) -> Response[bytes]:
    """Show a tenant's documents, who delivers to it, what was refused, and when it changed."""
    return await _tenant_page(visit, parts, tenant)


@get("/viewer/new/{tenant:str}", guards=[signed_in("config:write")])
async def new_document(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], tenant: FromPath[str], domain: FromQuery[str] = "",
    config_type: FromQuery[str] = "",
) -> Response[bytes]:  # fmt: skip
    """Lead the form of the tenant's page to where a new document is written, if one may have that name."""
    domain, config_type = domain.strip(), config_type.strip()
    if not (domain and config_type):
        return await visit.redirect(links.tenant(tenant))
    try:
        await visit.config.history(tenant, domain, config_type, limit=1)
    except errors.Invalid as error:
        refused = NewDocument(domain=domain, config_type=config_type, refusal=refusal_of(error, visit.told_in))
        return await _tenant_page(visit, parts, tenant, new=refused)
    return await visit.redirect(links.edit(tenant, domain, config_type))


HANDLERS = (show_tenant, new_document)


async def _tenant_page(visit: Visit, parts: Parts, tenant: str, *, new: NewDocument | None = None) -> Response[bytes]:
    config = visit.config
    try:
        detail = await config.tenant(tenant)
    except (errors.NotFound, errors.Invalid):
        return await visit.page("no_tenant.html", NoTenantPage(tenant_id=tenant), status=404)
    today = datetime.now(ZoneInfo(visit.zone)).date()
    heads, troubles, days, schemas, names = await asyncio.gather(
        config.heads(tenant, details=True), _troubles(config, tenant),
        config.activity(tenant, days=days_shown(today), zone=visit.zone), config.schemas(), parts.key_names(),
    )  # fmt: skip
    documents = [head for head in heads if not head.deleted]
    types = {head.config_type for head in documents}
    page = TenantPage(
        tenant=detail, documents=documents, deleted=[head for head in heads if head.deleted],
        sources=[_source(source, names) for source in detail.sources], troubles=troubles,
        activity=activity_picture(days, today),
        schemas=[schema for schema in schemas if schema.config_type in types], new=new,
    )  # fmt: skip
    return await visit.page("tenant.html", page, status=422 if new else 200)


async def _troubles(config: ConfigService, tenant: str) -> list[Delivery]:
    """The latest deliveries that did not come through."""
    found = await asyncio.gather(
        *(config.deliveries(tenant=tenant, outcome=outcome, limit=_TROUBLES_SHOWN) for outcome in _TROUBLED)
    )
    troubles = sorted((each for outcome in found for each in outcome), key=lambda each: each.id, reverse=True)
    return troubles[:_TROUBLES_SHOWN]


def _source(source: DeliverySource, names: Mapping[str, str]) -> Source:
    return Source(source=source, name=names.get(source.sender), silent_days=silent_days(source.last_at))
