"""`/company-services/{tenant}/metadata`."""

from contextlib import suppress
from typing import Any

import asyncpg
import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from sprintia_config import company_services, problems
from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.controllers.intake import (
    author_of,
    delivery_of,
    json_answer,
    reflected_revision,
    superseded_headers,
    to_response,
    unless_held,
    yaml_problem,
)
from sprintia_config.deliveries.refusals import record_refusal
from sprintia_config.deliveries.works import COMPANY_SERVICES_ROUTE, COMPANY_SERVICES_STREAM
from sprintia_config.documents import service
from sprintia_config.documents.bodies import YamlPost
from sprintia_config.documents.representation import json_text, moment, version_headers
from sprintia_config.documents.versions import Version, read_standing, standing
from sprintia_config.models import SCHEMA
from sprintia_config.vault import Vault
from sprintia_config.writing import Answer, Change, Delivery, Writer
from sprintia_platform import Caller, Problem, requires
from sprintia_platform.content.errors import ContentError
from sprintia_platform.database.connections import Database
from sprintia_platform.http.requests import StrictRequest

_PATH = "/company-services/{tenant:str}/metadata"
_TAGS = ["company-services"]


class CompanyMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """The document that stands, as the addon reads it."""

    id: int
    tenant_id: str
    config_type: str
    version: int
    created_at: str
    updated_at: str
    json_data: msgspec.Raw


@post(_PATH, guards=[requires("config:write")], tags=_TAGS, status_code=200)
async def post_metadata(
    request: StrictRequest, data: JSONBody[YamlPost], tenant: FromPath[str], writer: NamedDependency[Writer],
    database: NamedDependency[Database], caller: NamedDependency[Caller],
) -> Response[bytes]:  # fmt: skip
    """Replace the company's metadata; the first post records the tenant's security token.

    What is refused is listed under `/config/deliveries` with its reason.
    """
    check_identifiers(tenant=tenant)
    caller.require_tenant(tenant)
    delivery = delivery_of(
        request, caller, await request.body(), route=COMPANY_SERVICES_ROUTE, stream=COMPANY_SERVICES_STREAM,
        always_recorded=True,
    )  # fmt: skip
    try:
        return to_response(await _post(request, data, tenant, writer, caller, delivery))
    except Problem as problem:
        if problem.kind.status < 500:
            await _list_refusal(request, database, writer, tenant, delivery, problem)
        raise


async def _post(
    request: StrictRequest, data: YamlPost, tenant: str, writer: Writer, caller: Caller, delivery: Delivery
) -> Answer:
    try:
        document = company_services.read_company_document(data.yaml_content, tenant)
    except ContentError as error:
        raise yaml_problem(request, error) from None

    key = company_services.key_of(tenant)

    async def work(change: Change) -> Answer:
        await company_services.check_token(change, request.headers.get("x-security-token"), document.token)
        made = await service.replace(change, request.headers, key, document.content)
        outcome = "applied" if made.revision == change.revision else "identical"
        return json_answer(_shown(made), version_headers(made, reflected_revision(change), masked=True), outcome)

    async def superseded(change: Change) -> Answer:
        await company_services.check_token(change, request.headers.get("x-security-token"), document.token)
        head = await standing(change, key)
        if head is None:
            raise Problem(problems.METADATA_NOT_FOUND, tenant=tenant)
        headers = {**version_headers(head, reflected_revision(change), masked=True), **superseded_headers(change)}
        return json_answer(_shown(head), headers, "superseded")

    author = author_of(caller, "company-services", data.message)
    return await writer.deliver(tenant, author, delivery, work, superseded, documents=(key,))


async def _list_refusal(
    request: StrictRequest, database: Database, writer: Writer, tenant: str, delivery: Delivery, problem: Problem
) -> None:
    async def admit(change: Change) -> None:
        await company_services.look_at_token(change, request.headers.get("x-security-token"))

    # The refusal itself is what the sender must hear; a list that cannot be written now changes nothing about it.
    with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        await record_refusal(database, writer, tenant, delivery, problem, admit)


@get(_PATH, guards=[requires("config:read")], tags=_TAGS)
async def read_metadata(
    request: StrictRequest, tenant: FromPath[str], database: NamedDependency[Database], vault: NamedDependency[Vault],
    caller: NamedDependency[Caller],
) -> Response[Any]:  # fmt: skip
    """Read the company's metadata; a security token that is sent along must be the one on record."""
    check_identifiers(tenant=tenant)
    caller.require_tenant(tenant)
    token = request.headers.get("x-security-token")
    async with database.transaction(SCHEMA, [tenant], read_only=True) as connection:
        head, revision = await read_standing(connection, company_services.key_of(tenant))
        if token is not None:
            await company_services.require_token(connection, await vault.tenant_keys(connection, tenant), tenant, token)
    if head is None or head.deleted:
        raise Problem(problems.METADATA_NOT_FOUND, tenant=tenant)
    headers = version_headers(head, revision, masked=True)
    return unless_held(request, lambda: msgspec.json.encode(_shown(head)), headers)


HANDLERS = (post_metadata, read_metadata)


def _shown(version: Version) -> CompanyMetadata:
    at = moment(version.created_at)
    return CompanyMetadata(
        id=version.id, tenant_id=version.tenant_id, config_type=version.config_type, version=version.version,
        created_at=at, updated_at=at, json_data=msgspec.Raw(json_text(version, None).encode()),
    )  # fmt: skip
