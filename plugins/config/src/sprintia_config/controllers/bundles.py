"""`/configs/{tenant}/bundle`: everything of a tenant at once, as it stands or as it stood."""

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from sprintia_config import problems
from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.documents.representation import json_text, moment, not_modified
from sprintia_config.documents.versions import Version
from sprintia_config.mapping.store import MappingVersion
from sprintia_config.models import SCHEMA
from sprintia_config.timeline import revisions
from sprintia_platform import Caller, Problem, requires
from sprintia_platform.database.connections import Connection, Database
from sprintia_platform.http.problems import PARAMETER_INVALID
from sprintia_platform.http.requests import StrictRequest

AtRevision = Annotated[int | None, QueryParameter(ge=0, le=2**63 - 1)]


class BundleDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document in a bundle. Secrets are masked for every caller: read them one by one where they are needed."""

    domain: str
    config_type: str
    version: int
    revision: int
    digest: str
    created_at: str
    json_data: msgspec.Raw


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of a tenant at one revision. `digest` is equal when, and only when, all of it is."""

    tenant_id: str
    revision: int
    digest: str
    documents: list[BundleDocument]
    mapping: msgspec.Raw | None


@get("/configs/{tenant:str}/bundle", guards=[requires("config:read")], tags=["timeline"])
async def read_bundle(
    request: StrictRequest, tenant: FromPath[str], database: NamedDependency[Database],
    caller: NamedDependency[Caller], revision: AtRevision = None, at: FromQuery[str | None] = None,
) -> Response[Any]:  # fmt: skip
    """Read everything of a tenant at once: as it stands, at a revision, or at a time (ISO-8601)."""
    check_identifiers(tenant=tenant)
    caller.require_tenant(tenant)
    bundle = await bundle_of(database, tenant, revision, at)
    headers = {"ETag": f'"b-{bundle.revision}-{bundle.digest[:16]}"', "X-Config-Revision": str(bundle.revision)}
    if not_modified(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(None, status_code=304, headers=headers)
    return Response(msgspec.json.encode(bundle), media_type="application/json", headers=headers)


HANDLERS = (read_bundle,)


async def bundle_of(database: Database, tenant: str, revision: int | None, at: str | None = None) -> Bundle:
    """Put together everything of a tenant: as it stands, at a revision, or at a time.

    Raises:
        Problem: 404 for a revision that is yet to come, 422 for a time that is none.
    """
    async with database.transaction(SCHEMA, [tenant], read_only=True) as connection:
        stood = await wanted_revision(connection, tenant, revision, at)
        documents = await revisions.documents_at(connection, tenant, stood)
        mapping = await revisions.mapping_at(connection, tenant, stood)
    return Bundle(
        tenant_id=tenant, revision=stood, digest=_digest(documents, mapping),
        documents=[_shown(version) for version in documents],
        mapping=msgspec.Raw(mapping.slice.encode()) if mapping else None,
    )  # fmt: skip


async def wanted_revision(connection: Connection, tenant: str, revision: int | None, at: str | None) -> int:
    """The revision that a reader asks for: the one given, the last one at a time, or the one that stands.

    Raises:
        Problem: 422 when both are given or the time is none, 404 for a revision that is yet to come.
    """
    if revision is not None and at is not None:
        raise Problem(PARAMETER_INVALID, names="revision, at")
    current = await revisions.current_revision(connection, tenant) or 0
    if at is not None:
        return await revisions.revision_at(connection, tenant, _time(at))
    if revision is not None and revision > current:
        raise Problem(problems.REVISION_AHEAD, revision=revision, current=current)
    return current if revision is None else revision


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Problem(PARAMETER_INVALID, names="at") from None


def _digest(documents: list[Version], mapping: MappingVersion | None) -> str:
    parts = [f"{version.domain}/{version.config_type}:{version.version}:{version.digest}" for version in documents]
    parts.append(f"mapping:{mapping.version}:{mapping.digest}" if mapping else "mapping:-")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _shown(version: Version) -> BundleDocument:
    return BundleDocument(
        domain=version.domain, config_type=version.config_type, version=version.version, revision=version.revision,
        digest=version.digest, created_at=moment(version.created_at),
        json_data=msgspec.Raw(json_text(version, None).encode()),
    )  # fmt: skip
