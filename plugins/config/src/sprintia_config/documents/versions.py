"""Versions of documents in PostgreSQL: every statement on them, and the record that they become."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg
import msgspec

from sprintia_config.contents.content import Content, digest_of, read_source, read_view
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.contents.places import digest_place, secret_place, source_place
from sprintia_config.schemas.enforcement import enforce
from sprintia_config.search.texts import searched_text
from sprintia_config.secrecy.envelope import OVERHEAD, DataKey
from sprintia_config.secrecy.leaves import SecretLeaf
from sprintia_config.secrecy.masks import mask_leaves
from sprintia_config.unit_of_work import VERSION_COLUMNS, NewVersion
from sprintia_config.vault import TenantKeys
from sprintia_config.writing import Change, Past
from sprintia_platform.content.values import Json, to_json
from sprintia_platform.database.connections import Connection

COLUMNS = VERSION_COLUMNS
_NAMES = tuple(COLUMNS.split(", "))
# As a plain join, the plan that PostgreSQL keeps for a prepared statement may read all versions of a document and throw
# away all but one: it takes tenant, domain and type for enough to find a row. OFFSET 0 keeps the lookup as it is
# written, by the whole key (measured with 50,000 versions: 160 ms against 0.05).
_STANDING_VERSION = (
    f"LATERAL (SELECT {COLUMNS} FROM config.document_version w WHERE w.tenant_id = d.tenant_id "
    "AND w.domain = d.domain AND w.config_type = d.config_type AND w.version = d.version OFFSET 0) v "
)
_HEAD = (
    "SELECT " + ", ".join(f"v.{name}" for name in COLUMNS.split(", ")) + " FROM config.document d "
    f"CROSS JOIN {_STANDING_VERSION}"
)
_STANDING = (
    "SELECT t.revision AS tenant_revision, " + ", ".join(f"v.{name}" for name in COLUMNS.split(", ")) + " "
    f"FROM config.tenant t LEFT JOIN (config.document d CROSS JOIN {_STANDING_VERSION}) "
    "ON d.tenant_id = t.tenant_id AND d.domain = $2 AND d.config_type = $3 WHERE t.tenant_id = $1"
)

_BEYOND_ALL = 2**63 - 1


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

    @property
    def size(self) -> int:
        """Bytes of the text as it was received; 0 of a deletion."""
        if self.sealed_source is not None:
            return len(self.sealed_source) - OVERHEAD
        return len((self.source or "").encode())

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
        if not self.has_secrets and self.view is not None:
            return read_view(self.view)  # the same value, and JSON is read several times as fast as YAML
        return read_source(self.open_source(keys), self.media)


async def read_head(connection: Connection, key: DocumentKey) -> Version | None:
    """The version that stands, a tombstone included; None when the document never was."""
    row = await connection.fetchrow(_HEAD + "WHERE d.tenant_id = $1 AND d.domain = $2 AND d.config_type = $3", *key)
    return _version(row)


async def read_standing(connection: Connection, key: DocumentKey) -> tuple[Version | None, int]:
    """What `read_head` reads, and the tenant's revision as of the same moment; 0 for a tenant that never was.

    One statement has one snapshot: with two, a change could come between and the number promise what is not shown.
    """
    row = await connection.fetchrow(_STANDING, *key)
    if row is None:
        return None, 0
    columns = dict(row.items())
    revision: int = columns.pop("tenant_revision")
    return (None if columns["version"] is None else Version(**columns)), revision


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


async def read_heads(
    connection: Connection, tenant_id: str, domain: str | None, *, with_deleted: bool = False
) -> list[Version]:
    """Every document of a tenant that stands, in order of domain and type; those whose head is a deletion if asked."""
    rows = await connection.fetch(
        _HEAD + "WHERE d.tenant_id = $1 AND ($2::text IS NULL OR d.domain = $2) AND ($3 OR NOT v.deleted) "
        "ORDER BY d.domain, d.config_type",
        tenant_id, domain, with_deleted,
    )  # fmt: skip
    return _versions(rows)


def _newest_first(before: int | None) -> int:
    """Where a page begins. `$4 IS NULL OR version < $4` could not use the index: each page would read all before it."""
    return _BEYOND_ALL if before is None else before


async def read_history(connection: Connection, key: DocumentKey, *, before: int | None, limit: int) -> list[Version]:
    """Versions, newest first, without their content; `before` is the version that the page before ended with."""
    light = COLUMNS.replace("source, sealed_source, key_generation, view", "NULL AS source, NULL AS sealed_source, "
                             "NULL AS key_generation, NULL AS view")  # fmt: skip
    rows = await connection.fetch(
        f"SELECT {light} FROM config.document_version WHERE tenant_id = $1 AND domain = $2 AND config_type = $3 "
        "AND version < $4 ORDER BY version DESC LIMIT $5",
        *key, _newest_first(before), limit,
    )  # fmt: skip
    return _versions(rows)


async def read_views(connection: Connection, key: DocumentKey, *, before: int | None, limit: int) -> list[Version]:
    """Versions, newest first, with their masked views and without their texts."""
    masked = COLUMNS.replace("source, sealed_source, key_generation,", "NULL AS source, NULL AS sealed_source, "
                             "NULL AS key_generation,")  # fmt: skip
    rows = await connection.fetch(
        f"SELECT {masked} FROM config.document_version WHERE tenant_id = $1 AND domain = $2 AND config_type = $3 "
        "AND version < $4 ORDER BY version DESC LIMIT $5",
        *key, _newest_first(before), limit,
    )  # fmt: skip
    return _versions(rows)


async def standing(change: Change, key: DocumentKey) -> Version | None:
    """What `read_head` reads, within a change: what it expected was read when it began."""
    if key not in change.heads:
        opened = change.opening.heads
        if key in opened:
            row = opened[key]
            change.heads[key] = None if row is None else Version(**dict(zip(_NAMES, row, strict=True)))
        else:
            await change.flush()
            change.heads[key] = await read_head(change.connection, key)
    return change.heads[key]


async def write_version(change: Change, key: DocumentKey, head: Version | None, content: Content) -> Version:
    """Make a content the version that stands; the standing one is returned when its content is the same.

    `head` is what stands, read within this transaction. Masks must have been replaced before.

    Raises:
        Problem: 422, the content does not meet the schema of its type.
    """
    number = await add_version(change, key, head, content)
    if head is not None and number == head.version:
        return head
    return await _written(change, key)


async def add_version(change: Change, key: DocumentKey, head: Version | None, content: Content) -> int:
    """What `write_version` does, for those who need no more than the number: its row waits for the others.

    Raises:
        Problem: 422, the content does not meet the schema of its type.
    """
    leaves = content.secrets(key.config_type)
    generation, data_key = await change.sealing_key() if leaves else (None, None)
    digest = digest_of(content.source, data_key, digest_place(key))
    if head is not None and not head.deleted and head.digest == digest:
        return head.version
    await enforce(change, key, content)
    version = head.version + 1 if head else 1
    await _add(change, _with_content(change, key, version, content, leaves, generation, data_key, digest))
    return version


async def write_past_version(
    change: Change, key: DocumentKey, version: int, media: str, content: Content | None, past: Past
) -> None:
    """Make a version of another place or time part of the history, under its own number; without content, a tombstone.

    The caller has checked that it is newer than what stands, and audits the import as a whole.
    """
    if content is None:
        await _add(change, _tombstone(change, key, version, media, past), audited=False)
    else:
        leaves = content.secrets(key.config_type)
        generation, data_key = await change.sealing_key() if leaves else (None, None)
        digest = digest_of(content.source, data_key, digest_place(key))
        new = _with_content(change, key, version, content, leaves, generation, data_key, digest, past)
        await _add(change, new, audited=False)
    await change.flush()


async def write_tombstone(change: Change, head: Version) -> Version:
    """Delete a document: a version without content, so that history stays."""
    await _add(change, _tombstone(change, head.key, head.version + 1, head.media))
    return await _written(change, head.key)


def _with_content(
    change: Change, key: DocumentKey, version: int, content: Content, leaves: Sequence[SecretLeaf],
    generation: int | None, data_key: DataKey | None, digest: str, past: Past | None = None,
) -> NewVersion:  # fmt: skip
    sealed = None
    secrets: list[tuple[str, bytes, bytes]] = []
    if data_key is not None:
        sealed = data_key.seal(content.source.encode(), source_place(key, version))
        for leaf in leaves:
            place = secret_place(key, leaf.name, version)
            secrets.append(
                (leaf.name, data_key.seal(leaf.plaintext, place), data_key.fingerprint(leaf.plaintext, place))
            )
    masked = mask_leaves(content.value, leaves)
    author = past.author if past else change.author
    return NewVersion(
        domain=key.domain, config_type=key.config_type, version=version, revision=change.revision,
        media=content.media, source=content.source if data_key is None else None, sealed_source=sealed,
        key_generation=generation, view=to_json(masked), digest=digest, deleted=False, actor=author.actor,
        origin=author.origin, message=author.message, created_at=past.created_at if past else change.opening.now,
        searched=searched_text(key, masked), secrets=secrets,
    )  # fmt: skip


def _tombstone(change: Change, key: DocumentKey, version: int, media: str, past: Past | None = None) -> NewVersion:
    author = past.author if past else change.author
    return NewVersion(
        domain=key.domain, config_type=key.config_type, version=version, revision=change.revision, media=media,
        source=None, sealed_source=None, key_generation=None, view=None, digest="", deleted=True, actor=author.actor,
        origin=author.origin, message=author.message, created_at=past.created_at if past else change.opening.now,
        searched="",
    )  # fmt: skip


async def _add(change: Change, new: NewVersion, *, audited: bool = True) -> None:
    key = DocumentKey(change.tenant_id, new.domain, new.config_type)
    if any((other.domain, other.config_type) == key[1:] for other in change.pending.versions):
        await change.flush()  # one statement moves a head once
    change.pending.versions.append(new)
    change.changed = True
    change.heads.pop(key, None)
    change.opening.heads.pop(key, None)
    if audited:
        await change.audit(
            "document.delete" if new.deleted else "document.write", f"{key.domain}/{key.config_type}",
            version=new.version, revision=change.revision, digest=new.digest[:16],
        )  # fmt: skip


async def _written(change: Change, key: DocumentKey) -> Version:
    """Write what was just added, and give it back with its id."""
    new = change.pending.versions[-1]
    ids = (await change.flush()).versions
    fields = {name: getattr(new, name) for name in _NAMES if name not in {"id", "tenant_id"}}
    made = Version(id=ids[new.domain, new.config_type, new.version], tenant_id=change.tenant_id, **fields)
    change.heads[key] = made
    return made


def _version(row: asyncpg.Record | None) -> Version | None:
    return None if row is None else Version(**dict(row.items()))


def _versions(rows: Sequence[asyncpg.Record]) -> list[Version]:
    return [Version(**dict(row.items())) for row in rows]
