"""`/configs/...`: documents and their versions."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
from litestar import Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from sprintia_config.comparison import counting
from sprintia_config.contents.content import Content
from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.controllers.intake import (
    author_of,
    delivery_of,
    json_answer,
    language_of,
    list_answer,
    reflected_revision,
    superseded_headers,
    to_response,
    unless_held,
    yaml_problem,
)
from sprintia_config.documents import representation, service
from sprintia_config.documents.bodies import Rollback, YamlPost, decode
from sprintia_config.documents.service import Documents, Shown
from sprintia_config.documents.versions import Version, standing
from sprintia_config.layers.reading import wanted_revision
from sprintia_config.timeline.revisions import document_at
from sprintia_config.writing import Answer, Change, Writer
from sprintia_platform import Caller, Problem, requires
from sprintia_platform.content.errors import ContentError
from sprintia_platform.database.connections import Connection, Database
from sprintia_platform.http.documentation import documented_body
from sprintia_platform.http.paging import Before, Limit
from sprintia_platform.http.problems import PARAMETER_INVALID
from sprintia_platform.http.requests import StrictRequest, content_problem, read_body_json

YAML_TYPES = ("application/x-yaml", "application/yaml", "text/yaml", "text/x-yaml")
_READ, _WRITE = [requires("config:read")], [requires("config:write")]
_TAGS = ["documents"]
_WHOLE = documented_body("The document itself, as its Content-Type says.", *YAML_TYPES, "application/json")
_PATCH = documented_body("A JSON Merge Patch (RFC 7396).", "application/merge-patch+json", "application/json")
_WHOLE_NUMBER = re.compile(r"-?[0-9]+")
_MOST_DIGITS = 18

AtRevision = Annotated[int | None, QueryParameter(ge=0, le=2**63 - 1)]
Work = Callable[[Change], Awaitable[Answer]]


@get("/configs/{tenant:str}", guards=_READ, tags=_TAGS)
async def list_heads(
    request: StrictRequest, tenant: FromPath[str], documents: NamedDependency[Documents],
    caller: NamedDependency[Caller], domain: FromQuery[str | None] = None, details: FromQuery[bool] = False,
) -> Response[Any]:  # fmt: skip
    """List a tenant's documents; an unknown tenant has none.

    With `details`, each with its size and who changed it last; the deleted, too.
    """
    check_identifiers(tenant=tenant, **({"domain": domain} if domain else {}))
    caller.require_tenant(tenant)
    found, revision = await documents.heads(tenant, domain or None, with_deleted=details)
    return list_answer(request, representation.heads(found, detailed=details), revision)


@get("/", guards=_READ, tags=_TAGS)
async def read_document(
    request: StrictRequest, key: NamedDependency[DocumentKey], documents: NamedDependency[Documents],
    caller: NamedDependency[Caller], revision: AtRevision = None, at: FromQuery[str | None] = None,
) -> Response[Any]:  # fmt: skip
    """Read the version that stands, or stood at a revision of the tenant, or at a time (ISO-8601)."""
    return _shown(request, await _wanted(documents, caller, key, revision, at))


@get("/yaml", guards=_READ, tags=_TAGS)
async def read_yaml_text(
    request: StrictRequest, key: NamedDependency[DocumentKey], documents: NamedDependency[Documents],
    caller: NamedDependency[Caller], revision: AtRevision = None, at: FromQuery[str | None] = None,
) -> Response[Any]:  # fmt: skip
    """Read the bytes as they were received, of the version that stands or stood then."""
    return _shown_as_text(request, await _wanted(documents, caller, key, revision, at))


@get("/history", guards=_READ, tags=_TAGS)
async def read_history(
    request: StrictRequest, key: NamedDependency[DocumentKey], documents: NamedDependency[Documents],
    database: NamedDependency[Database], caller: NamedDependency[Caller], limit: Limit = 1000,
    before: Before = None, counts: FromQuery[bool] = False,
) -> Response[Any]:  # fmt: skip
    """List versions, newest first; `before` a version number. An unknown document has none.

    `counts=true` tells how much each one changed against the one before.
    """
    found, revision = await documents.history(key, before=before, limit=limit)
    counted = await history_counts(database, caller, key, found) if counts else None
    return list_answer(request, representation.history(found, counted), revision)


async def history_counts(
    database: Database, caller: Caller, key: DocumentKey, found: list[Version]
) -> dict[int, dict[str, int]]:
    """How much each listed version changed against the one before, as far as there is time to count."""
    return await asyncio.to_thread(counting.count, await counting.read_sides(database, caller, key, found))


@get("/version/{number:str}", guards=_READ, tags=_TAGS)
async def read_version(
    request: StrictRequest, key: NamedDependency[DocumentKey], number: FromPath[str],
    documents: NamedDependency[Documents], caller: NamedDependency[Caller],
) -> Response[Any]:  # fmt: skip
    """Read one version."""
    if not _WHOLE_NUMBER.fullmatch(number):
        raise Problem(PARAMETER_INVALID, names="version")
    if len(number) > _MOST_DIGITS:
        raise service.not_found(key, number)
    return _shown(request, await documents.version(caller, key, int(number)))


@post("/", guards=_WRITE, tags=_TAGS, status_code=200)
async def post_document(
    request: StrictRequest, data: JSONBody[YamlPost], key: NamedDependency[DocumentKey],
    writer: NamedDependency[Writer], caller: NamedDependency[Caller],
) -> Response[bytes]:  # fmt: skip
    """Replace a document by the YAML text within the body; identical content answers the version that stands."""
    content = _yaml_content(request, data.yaml_content)

    async def work(change: Change) -> Answer:
        return await _answer(change, caller, await service.replace(change, request.headers, key, content))

    return await _write(request, caller, writer, key, work, data.message)


@put("/", guards=_WRITE, tags=_TAGS, operation_class=_WHOLE)
async def put_document(
    request: StrictRequest, key: NamedDependency[DocumentKey], writer: NamedDependency[Writer],
    caller: NamedDependency[Caller],
) -> Response[bytes]:  # fmt: skip
    """Replace a document by the body: YAML or JSON, as its Content-Type says."""
    media_type = request.expect_content_type("application/json", *YAML_TYPES)
    body = await request.body()
    content = _json_content(request, body) if media_type == "application/json" else _yaml_content(request, body)

    async def work(change: Change) -> Answer:
        return await _answer(change, caller, await service.replace(change, request.headers, key, content))

    return await _write(request, caller, writer, key, work)


@patch("/", guards=_WRITE, tags=_TAGS, operation_class=_PATCH)
async def patch_document(
    request: StrictRequest, key: NamedDependency[DocumentKey], writer: NamedDependency[Writer],
    caller: NamedDependency[Caller],
) -> Response[bytes]:  # fmt: skip
    """Apply a JSON Merge Patch (RFC 7396) to the version that stands."""
    request.expect_content_type("application/merge-patch+json", "application/json")
    update = read_body_json(request, await request.body())

    async def work(change: Change) -> Answer:
        return await _answer(change, caller, await service.patch(change, request.headers, key, update))

    return await _write(request, caller, writer, key, work)


@delete("/", guards=_WRITE, tags=_TAGS, status_code=200)
async def delete_document(
    request: StrictRequest, key: NamedDependency[DocumentKey], writer: NamedDependency[Writer],
    caller: NamedDependency[Caller],
) -> Response[bytes]:  # fmt: skip
    """Delete a document: a tombstone version; its history stays, and a rollback brings it back."""

    async def work(change: Change) -> Answer:
        return _deleted(change, await service.delete(change, request.headers, key))

    return await _write(request, caller, writer, key, work)


@post("/rollback", guards=_WRITE, tags=_TAGS, status_code=200)
async def roll_back(
    request: StrictRequest, data: JSONBody[Rollback], key: NamedDependency[DocumentKey],
    writer: NamedDependency[Writer], caller: NamedDependency[Caller],
) -> Response[bytes]:  # fmt: skip
    """Make an old version's content stand again, as a new version."""

    async def work(change: Change) -> Answer:
        made = await service.roll_back(change, request.headers, key, data.version)
        return await _answer(change, caller, made)

    message = data.message or f"rollback to version {data.version}"
    return await _write(request, caller, writer, key, work, message, origin="rollback")


HANDLERS = (list_heads,)
OF_ONE_DOCUMENT = (
    read_document, read_yaml_text, read_history, read_version, post_document, put_document, patch_document,
    delete_document, roll_back,
)  # fmt: skip


async def _wanted(
    documents: Documents, caller: Caller, key: DocumentKey, revision: int | None, at: str | None
) -> Shown:
    if revision is None and at is None:
        return await documents.head(caller, key)

    async def stood(connection: Connection) -> tuple[Version | None, int]:
        then = await wanted_revision(connection, key.tenant, revision, at)
        return await document_at(connection, key, then), then

    return await documents.then(caller, key, stood)


def _yaml_content(request: StrictRequest, source: str | bytes) -> Content:
    try:
        return Content.from_yaml(source if isinstance(source, str) else decode(source))
    except ContentError as error:
        raise yaml_problem(request, error) from None


def _json_content(request: StrictRequest, body: bytes) -> Content:
    try:
        return Content.from_json(body)
    except ContentError as error:
        raise content_problem(error, language_of(request)) from None


async def _write(
    request: StrictRequest, caller: Caller, writer: Writer, key: DocumentKey, work: Work,
    message: str = "", origin: str = "api",
) -> Response[bytes]:  # fmt: skip
    stream = f"{key.domain}/{key.config_type}"
    route = f"{request.method} /configs/{stream}"
    delivery = delivery_of(request, caller, await request.body(), route=route, stream=stream)
    author = author_of(caller, origin, message)

    async def superseded(change: Change) -> Answer:
        head = await standing(change, key)
        if head is None:
            raise service.not_found(key)
        answer = _deleted(change, head) if head.deleted else await _answer(change, caller, head)
        headers = {**answer.headers, **superseded_headers(change)}
        return Answer(status=200, body=answer.body, headers=headers, outcome="superseded")

    return to_response(await writer.deliver(key.tenant, author, delivery, work, superseded, documents=(key,)))


async def _answer(change: Change, caller: Caller, version: Version) -> Answer:
    """Answer a write with the version that now stands; its sender just sent the secrets, and reads them by right."""
    clear = version.has_secrets and caller.has("secrets:read")
    if clear:
        await change.audit("secret.read", f"{version.domain}/{version.config_type}", version=version.version)
    keys = await change.keys() if clear else None
    outcome = "applied" if version.revision == change.revision else "identical"
    shown = Shown(version, keys, reflected_revision(change))
    return json_answer(representation.full(version, keys), _headers(shown), outcome)


def _deleted(change: Change, tombstone: Version) -> Answer:
    headers = {"X-Config-Version": str(tombstone.version), "X-Config-Revision": str(reflected_revision(change))}
    return json_answer(representation.history_item(tombstone), headers)


def _shown(request: StrictRequest, shown: Shown) -> Response[Any]:
    version, keys, _ = shown
    return unless_held(request, lambda: msgspec.json.encode(representation.full(version, keys)), _headers(shown))


def _shown_as_text(request: StrictRequest, shown: Shown) -> Response[Any]:
    version, keys, _ = shown
    return unless_held(
        request, lambda: representation.source_text(version, keys).encode(), _headers(shown, yaml=True),
        "application/x-yaml",
    )  # fmt: skip


def _headers(shown: Shown, *, yaml: bool = False) -> dict[str, str]:
    version, keys, revision = shown
    headers = representation.version_headers(version, revision, masked=keys is None, yaml=yaml)
    if version.has_secrets and keys is not None:
        headers["Cache-Control"] = "no-store"
    return headers
