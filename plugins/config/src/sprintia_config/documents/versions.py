"""Versions of documents in PostgreSQL: every statement on them, and the record that they become."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg
import msgspec

from sprintia_config.contents.content import Content, digest_of, read_source
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.contents.places import digest_place, secret_place, source_place
from sprintia_config.schemas.enforcement import enforce
from sprintia_config.search.texts import searched_text
from sprintia_config.secrecy.envelope import DataKey
from sprintia_config.secrecy.leaves import SecretLeaf
from sprintia_config.secrecy.masks import mask
from sprintia_config.vault import TenantKeys
from sprintia_config.writing import Change, Past
from sprintia_platform.content.values import Json, to_json
from sprintia_platform.database.connections import Connection

COLUMNS = (
    "id, tenant_id, domain, config_type, version, revision, media, source, sealed_source, key_generation, view, "
    "digest, deleted, actor, origin, message, created_at"
)
_HEAD = (
    "SELECT " + ", ".join(f"v.{name}" for name in COLUMNS.split(", ")) + " FROM config.document d "
    "JOIN config.document_version v USING (tenant_id, domain, config_type, version) "
)


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `document_version`. `source` is None where it is sealed, or deleted."""

    id: int
    tenant_id: str
    domain: str
    config_type: str
    version: int
    revision: int
    media: str
    source: str | None
    sealed_source: bytes | None
    key_generation: int | None
    view: str | None
    digest: str
    deleted: bool
    actor: str
    origin: str
    message: str
    created_at: datetime

    @property
    def key(self) -> DocumentKey:
        return DocumentKey(self.tenant_id, self.domain, self.config_type)

    @property
    def has_secrets(self) -> bool:
        return self.sealed_source is not None

    def open_source(self, keys: TenantKeys) -> str:
        """The text as it was received, secrets in clear.

        Raises:
            Problem: 410, the tenant's key was destroyed.
        """
        if self.sealed_source is None or self.key_generation is None:
            return self.source or ""
        return keys.open(self.sealed_source, self.key_generation, source_place(self.key, self.version)).decode()

    def open_value(self, keys: TenantKeys) -> Json:
        """What the text says, secrets in clear."""
        return read_source(self.open_source(keys), self.media)


async def read_head(connection: Connection, key: DocumentKey) -> Version | None:
    """The version that stands, a tombstone included; None when the document never was."""
    row = await connection.fetchrow(_HEAD + "WHERE d.tenant_id = $1 AND d.domain = $2 AND d.config_type = $3", *key)
    return _version(row)


async def read_version(connection: Connection, key: DocumentKey, version: int) -> Version | None:
    row = await connection.fetchrow(
        f"SELECT {COLUMNS} FROM config.document_version "
        "WHERE tenant_id = $1 AND domain = $2 AND config_type = $3 AND version = $4",
        *key, version,
    )  # fmt: skip
    return _version(row)


async def read_revision(connection: Connection, tenant_id: str) -> int:
    """A tenant's revision; 0 for one that never was."""
    revision: int | None = await connection.fetchval(
        "SELECT revision FROM config.tenant WHERE tenant_id = $1", tenant_id
    )
    return revision or 0


async def read_heads(connection: Connection, tenant_id: str, domain: str | None) -> list[Version]:
    """Every document of a tenant that stands, in order of domain and type."""
    rows = await connection.fetch(
        _HEAD + "WHERE d.tenant_id = $1 AND ($2::text IS NULL OR d.domain = $2) AND NOT v.deleted "
        "ORDER BY d.domain, d.config_type",
        tenant_id, domain,
    )  # fmt: skip
    return _versions(rows)


async def read_history(connection: Connection, key: DocumentKey, *, before: int | None, limit: int) -> list[Version]:
    """Versions, newest first, without their content; `before` is the version that the page before ended with."""
    light = COLUMNS.replace("source, sealed_source, key_generation, view", "NULL AS source, NULL AS sealed_source, "
                             "NULL AS key_generation, NULL AS view")  # fmt: skip
    rows = await connection.fetch(
        f"SELECT {light} FROM config.document_version WHERE tenant_id = $1 AND domain = $2 AND config_type = $3 "
        "AND ($4::bigint IS NULL OR version < $4) ORDER BY version DESC LIMIT $5",
        *key, before, limit,
    )  # fmt: skip
    return _versions(rows)


async def read_views(connection: Connection, key: DocumentKey, *, before: int | None, limit: int) -> list[Version]:
    """Versions, newest first, with their masked views and without their texts."""
    masked = COLUMNS.replace("source, sealed_source, key_generation,", "NULL AS source, NULL AS sealed_source, "
                             "NULL AS key_generation,")  # fmt: skip
    rows = await connection.fetch(
        f"SELECT {masked} FROM config.document_version WHERE tenant_id = $1 AND domain = $2 AND config_type = $3 "
        "AND ($4::bigint IS NULL OR version < $4) ORDER BY version DESC LIMIT $5",
        *key, before, limit,
    )  # fmt: skip
    return _versions(rows)


async def write_version(change: Change, key: DocumentKey, head: Version | None, content: Content) -> Version:
    """Make a content the version that stands; the standing one is returned when its content is the same.

    `head` is what stands, read within this transaction. Masks must have been replaced before.

    Raises:
        Problem: 422, the content does not meet the schema of its type.
    """
    leaves = content.secrets(key.config_type)
    generation, data_key = await change.sealing_key() if leaves else (None, None)
    digest = digest_of(content.source, data_key, digest_place(key))
    if head is not None and not head.deleted and head.digest == digest:
        return head
    await enforce(change, key, content)
    version = head.version + 1 if head else 1
    return await _write_content(change, key, version, content, leaves, generation, data_key, digest)


async def write_past_version(
    change: Change, key: DocumentKey, version: int, media: str, content: Content | None, past: Past
) -> Version:
    """Make a version of another place or time part of the history, under its own number; without content, a tombstone.

    The caller has checked that it is newer than what stands, and audits the import as a whole.
    """
    if content is None:
        return await _insert(
            change, key, version, media=media, source=None, sealed=None, generation=None, view=None, searched="",
            digest="", deleted=True, secrets=[], past=past,
        )  # fmt: skip
    leaves = content.secrets(key.config_type)
    generation, data_key = await change.sealing_key() if leaves else (None, None)
    digest = digest_of(content.source, data_key, digest_place(key))
    return await _write_content(change, key, version, content, leaves, generation, data_key, digest, past)


async def _write_content(
    change: Change, key: DocumentKey, version: int, content: Content, leaves: Sequence[SecretLeaf],
    generation: int | None, data_key: DataKey | None, digest: str, past: Past | None = None,
) -> Version:  # fmt: skip
    sealed = None
    secrets: list[tuple[str, bytes, bytes]] = []
    if data_key is not None:
        sealed = data_key.seal(content.source.encode(), source_place(key, version))
        for leaf in leaves:
            place = secret_place(key, leaf.name, version)
            secrets.append(
                (leaf.name, data_key.seal(leaf.plaintext, place), data_key.fingerprint(leaf.plaintext, place))
            )
    masked = mask(key.config_type, content.value)
    return await _insert(
        change, key, version, media=content.media, source=content.source if data_key is None else None, sealed=sealed,
        generation=generation, view=to_json(masked), searched=searched_text(key, masked), digest=digest, deleted=False,
        secrets=secrets, past=past,
    )  # fmt: skip


async def write_tombstone(change: Change, head: Version) -> Version:
    """Delete a document: a version without content, so that history stays."""
    return await _insert(
        change, head.key, head.version + 1, media=head.media, source=None, sealed=None,
        generation=None, view=None, searched="", digest="", deleted=True, secrets=[],
    )  # fmt: skip


async def _insert(
    change: Change, key: DocumentKey, version: int, *, media: str, source: str | None,
    sealed: bytes | None, generation: int | None, view: str | None, searched: str, digest: str, deleted: bool,
    secrets: Sequence[tuple[str, bytes, bytes]], past: Past | None = None,
) -> Version:  # fmt: skip
    # One statement for all rows of a version: each round trip would be time under the tenant's lock.
    author = past.author if past else change.author
    row = await change.connection.fetchrow(
        f"""
        WITH made AS (
            INSERT INTO config.document_version (tenant_id, domain, config_type, version, revision, media, source,
                sealed_source, key_generation, view, digest, deleted, actor, origin, message, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, coalesce($20, clock_timestamp()))
            RETURNING {COLUMNS}
        ), head AS (
            INSERT INTO config.document (tenant_id, domain, config_type, version) VALUES ($1, $2, $3, $4)
            ON CONFLICT (tenant_id, domain, config_type) DO UPDATE SET version = excluded.version
        ), secrets AS (
            INSERT INTO config.secret_version
                (tenant_id, domain, config_type, version, key_generation, name, sealed, fingerprint)
            SELECT $1, $2, $3, $4, $9, name, sealed, fingerprint
            FROM unnest($16::text[], $17::bytea[], $18::bytea[]) AS given (name, sealed, fingerprint)
        ), searched AS (
            INSERT INTO config.head_search AS kept (tenant_id, domain, config_type, searched) VALUES ($1, $2, $3, $19)
            ON CONFLICT (tenant_id, domain, config_type) DO UPDATE SET searched = excluded.searched, indexed = false
            WHERE kept.searched <> excluded.searched
        )
        SELECT * FROM made""",
        *key, version, change.revision, media, source, sealed, generation, view,
        digest, deleted, author.actor, author.origin, author.message, [name for name, _, _ in secrets],
        [value for _, value, _ in secrets], [fingerprint for _, _, fingerprint in secrets], searched,
        past.created_at if past else None,
    )  # fmt: skip
    made = _version(row)
    if made is None:
        msg = "PostgreSQL inserted a version and returned none"
        raise RuntimeError(msg)
    change.changed = True
    if past is not None:
        return made
    action = "document.delete" if deleted else "document.write"
    await change.audit(
        action, f"{key.domain}/{key.config_type}", version=version, revision=change.revision, digest=digest[:16],
    )  # fmt: skip
    return made


def _version(row: asyncpg.Record | None) -> Version | None:
    return None if row is None else Version(**dict(row.items()))


def _versions(rows: Sequence[asyncpg.Record]) -> list[Version]:
    return [Version(**dict(row.items())) for row in rows]
