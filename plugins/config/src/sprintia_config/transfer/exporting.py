"""Write a configuration as lines, from one snapshot of the database, a few rows in memory at a time."""

import hashlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

from sprintia_config.documents.representation import source_text
from sprintia_config.documents.versions import COLUMNS, Version
from sprintia_config.mapping.store import COLUMNS as MAPPING_COLUMNS
from sprintia_config.mapping.store import MappingVersion
from sprintia_config.models import SCHEMA
from sprintia_config.transfer.lines import (
    FORMAT,
    FORMAT_VERSION,
    DocumentLine,
    EndLine,
    Header,
    Line,
    MappingLine,
    TenantLine,
    encode,
)
from sprintia_config.vault import TenantKeys, Vault
from sprintia_platform.audit.log import append_audit
from sprintia_platform.database.connections import Connection, Database, Tenants

_ROWS_AT_ONCE = 50
# A reader that takes nothing for so long loses its export: the snapshot keeps PostgreSQL from cleaning up.
_PATIENCE = "60s"


@dataclass(frozen=True, slots=True)
class Export:
    """What is exported, and for whom.

    Attributes:
        scope: the tenants that the exporter reaches.
        tenants: the ones that are wanted; None for all in reach.
        clear: whether secrets stand in clear; the audit log then names each tenant, before its first line leaves.
        actor: who exports, for the audit log.
    """

    scope: Tenants
    tenants: tuple[str, ...] | None
    clear: bool
    actor: str


@dataclass(slots=True)
class _Tally:
    tenants: int = 0
    documents: int = 0
    mappings: int = 0
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def counted(self, line: Line) -> bytes:
        self.tenants += isinstance(line, TenantLine)
        self.documents += isinstance(line, DocumentLine)
        self.mappings += isinstance(line, MappingLine)
        data = encode(line)
        self.digest.update(data)
        return data

    def end(self) -> bytes:
        return encode(EndLine(
            tenants=self.tenants, documents=self.documents, mappings=self.mappings, sha256=self.digest.hexdigest()
        ))  # fmt: skip


async def missing_tenants(database: Database, export: Export) -> list[str]:
    """Name the wanted tenants that do not exist, or are out of reach."""
    if export.tenants is None:
        return []
    async with database.transaction(SCHEMA, export.scope, read_only=True) as connection:
        rows = await connection.fetch(
            "SELECT tenant_id FROM config.tenant WHERE tenant_id = ANY($1::text[])", list(export.tenants)
        )
    return sorted(set(export.tenants) - {row["tenant_id"] for row in rows})


async def export_lines(database: Database, vault: Vault, export: Export) -> AsyncIterator[bytes]:
    """Give the lines of an export, each with its line feed.

    Everything is as it was at one moment, whatever is written meanwhile.
    """
    tally = _Tally()
    async with database.transaction(SCHEMA, export.scope, read_only=True) as connection:
        await connection.execute(
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; "
            f"SET LOCAL idle_in_transaction_session_timeout = '{_PATIENCE}'"
        )
        rows = await connection.fetch(
            "SELECT tenant_id, revision FROM config.tenant "
            "WHERE $1::text[] IS NULL OR tenant_id = ANY($1) ORDER BY tenant_id",
            None if export.tenants is None else list(export.tenants),
        )
        yield tally.counted(Header(
            format=FORMAT, format_version=FORMAT_VERSION, exported_at=await connection.fetchval("SELECT now()"),
            secrets="clear" if export.clear else "masked", tenants=[row["tenant_id"] for row in rows],
        ))  # fmt: skip
        for row in rows:
            tenant_id: str = row["tenant_id"]
            keys = None
            if export.clear:
                await _audit(database, export, tenant_id)
                keys = await vault.tenant_keys(connection, tenant_id)
            yield tally.counted(TenantLine(tenant_id=tenant_id, revision=row["revision"]))
            async for line in _versions_of(connection, tenant_id, keys):
                yield tally.counted(line)
    yield tally.end()


async def _audit(database: Database, export: Export, tenant_id: str) -> None:
    # A transaction of its own: the snapshot's only reads, and what leaves must be on record before.
    async with database.transaction(SCHEMA, [tenant_id]) as connection:
        await append_audit(
            connection, tenant=tenant_id, actor=export.actor, action="config.export", target="tenant",
            detail={"secrets": "clear"},
        )  # fmt: skip


async def _versions_of(
    connection: Connection, tenant_id: str, keys: TenantKeys | None
) -> AsyncIterator[DocumentLine | MappingLine]:
    """Merge documents and mapping by revision; within one, documents come first."""
    documents = _documents(connection, tenant_id, keys)
    document = await anext(documents, None)
    async for mapping in _mappings(connection, tenant_id):
        while document is not None and document.revision <= mapping.revision:
            yield document
            document = await anext(documents, None)
        yield mapping
    while document is not None:
        yield document
        document = await anext(documents, None)


async def _documents(connection: Connection, tenant_id: str, keys: TenantKeys | None) -> AsyncIterator[DocumentLine]:
    query = f"SELECT {COLUMNS} FROM config.document_version WHERE tenant_id = $1 ORDER BY revision, domain, config_type"
    async for row in connection.cursor(query, tenant_id, prefetch=_ROWS_AT_ONCE):
        yield document_line(Version(**dict(row.items())), keys)


async def _mappings(connection: Connection, tenant_id: str) -> AsyncIterator[MappingLine]:
    query = f"SELECT {MAPPING_COLUMNS} FROM config.mapping_version WHERE tenant_id = $1 ORDER BY revision"
    async for row in connection.cursor(query, tenant_id, prefetch=_ROWS_AT_ONCE):
        version = MappingVersion(**dict(row.items()))
        yield MappingLine(
            tenant_id=tenant_id, version=version.version, revision=version.revision, slice=version.slice,
            digest=version.digest, actor=version.actor, origin=version.origin, message=version.message,
            created_at=version.created_at,
        )  # fmt: skip


def document_line(version: Version, keys: TenantKeys | None) -> DocumentLine:
    """Write a version down, secrets in clear with the tenant's keys; masked without, and where a key was destroyed."""
    usable = keys if keys is not None and version.key_generation in keys.keys else None
    masked = version.has_secrets and usable is None
    return DocumentLine(
        tenant_id=version.tenant_id, domain=version.domain, config_type=version.config_type, version=version.version,
        revision=version.revision, media="json" if version.media == "json" else "yaml",
        source=None if version.deleted else source_text(version, usable), digest=version.digest, actor=version.actor,
        origin=version.origin, message=version.message, created_at=version.created_at, deleted=version.deleted,
        masked=masked,
    )  # fmt: skip


def chosen(tenants: Iterable[str] | None) -> tuple[str, ...] | None:
    """The tenants that are asked for, each once; None when none is named."""
    return tuple(dict.fromkeys(tenants)) if tenants else None
