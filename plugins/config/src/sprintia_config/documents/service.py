"""What can be done with documents: read, replace, merge, delete, roll back."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

from sprintia_config import problems
from sprintia_config.contents.content import Content, Media, read_view
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.documents import versions
from sprintia_config.documents.horizon import version_gone
from sprintia_config.documents.representation import require_match
from sprintia_config.documents.versions import Version
from sprintia_config.models import SCHEMA
from sprintia_config.secrecy.errors import MaskError
from sprintia_config.secrecy.leaves import secret_leaves
from sprintia_config.secrecy.masks import contains_mask, mask_names, restore
from sprintia_config.vault import TenantKeys, Vault
from sprintia_config.writing import Change
from sprintia_platform import Caller, Fault, Problem, Text
from sprintia_platform.audit.log import append_audit
from sprintia_platform.content.errors import ContentError
from sprintia_platform.content.limits import DEFAULT_LIMITS
from sprintia_platform.content.merge import merge_patch
from sprintia_platform.content.values import Json, check_limits, to_json
from sprintia_platform.database.connections import Connection, Database
from sprintia_platform.http.requests import content_fault

Headers = Mapping[str, str]


def not_found(key: DocumentKey, version: int | str | None = None, deleted_by: int | None = None) -> Problem:
    """The wire answer for a document or version that is not there; names the version that deleted it."""
    extra = {} if deleted_by is None else {"deleted_by_version": deleted_by}
    suffix = "" if version is None else f", version={version}"
    return Problem(problems.DOCUMENT_NOT_FOUND, extra=extra, **key._asdict(), version=suffix)


class Shown(NamedTuple):
    """What a reader gets of a document.

    Attributes:
        version: the version itself.
        keys: to its secrets, when there are some and the caller may see them.
        revision: of the tenant, which the answer reflects: the one that stands, or the one of then.
    """

    version: Version
    keys: TenantKeys | None
    revision: int


ReadPast = Callable[[Connection], Awaitable[tuple[Version | None, int]]]
"""Finds what stood of a document at some moment, a tombstone included, and the tenant's revision then."""


class Documents:
    """Reads of documents. What a caller without `secrets:read` gets is never unsealed."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def head(self, caller: Caller, key: DocumentKey) -> Shown:
        """The version that stands, with the tenant's revision that it reflects.

        Raises:
            Problem: 404.
        """
        return await self._standing(caller, key, lambda connection: versions.read_standing(connection, key))

    async def then(self, caller: Caller, key: DocumentKey, read: ReadPast) -> Shown:
        """The version that stood at a moment of the past, which `read` finds.

        Raises:
            Problem: 404 where none stood, and what `read` raises.
        """
        return await self._standing(caller, key, read)

    async def version(self, caller: Caller, key: DocumentKey, number: int) -> Shown:
        """One version, with the revision that made it.

        Raises:
            Problem: 404, also for a tombstone; 410 when retention has removed it.
        """
        async with self._reading(caller, key.tenant) as connection:
            found = await versions.read_version(connection, key, number)
            if found is None and (removed := await version_gone(connection, key, number)):
                raise removed
            if found is None or found.deleted:
                raise not_found(key, number)
            return Shown(found, await self._keys_for(connection, caller, found), found.revision)

    async def heads(self, tenant: str, domain: str | None, *, with_deleted: bool = False) -> tuple[list[Version], int]:
        """What stands, and the tenant's revision, read before: what stands may be newer, never older."""
        async with self._database.transaction(SCHEMA, [tenant], read_only=True) as connection:
            revision = await versions.read_revision(connection, tenant)
            return await versions.read_heads(connection, tenant, domain, with_deleted=with_deleted), revision

    async def history(self, key: DocumentKey, *, before: int | None, limit: int) -> tuple[list[Version], int]:
        """Versions, newest first, and the tenant's revision."""
        async with self._database.transaction(SCHEMA, [key.tenant], read_only=True) as connection:
            revision = await versions.read_revision(connection, key.tenant)
            return await versions.read_history(connection, key, before=before, limit=limit), revision

    async def _standing(self, caller: Caller, key: DocumentKey, read: ReadPast) -> Shown:
        async with self._reading(caller, key.tenant) as connection:
            found, revision = await read(connection)
            if found is None or found.deleted:
                raise not_found(key, deleted_by=found.version if found else None)
            return Shown(found, await self._keys_for(connection, caller, found), revision)

    def _reading(self, caller: Caller, tenant: str) -> AbstractAsyncContextManager[Connection]:
        # A caller who may see secrets leaves an audit event, which is a write.
        return self._database.transaction(SCHEMA, [tenant], read_only=not caller.has("secrets:read"))

    async def _keys_for(self, connection: Connection, caller: Caller, found: Version) -> TenantKeys | None:
        if not found.has_secrets or not caller.has("secrets:read"):
            return None
        await append_audit(
            connection, tenant=found.tenant_id, actor=caller.actor, action="secret.read",
            target=f"{found.domain}/{found.config_type}", detail={"version": found.version},
        )  # fmt: skip
        return await self._vault.tenant_keys(connection, found.tenant_id)


async def replace(change: Change, headers: Headers, key: DocumentKey, content: Content) -> Version:
    """Replace a document; masks in it keep what stands.

    Raises:
        Problem: 412 when a condition fails, 422 for a mask that keeps nothing.
    """
    head = await versions.standing(change, key)
    require_match(headers, head)
    standing: Json = {}
    if content.has_masks and head is not None and head.has_secrets:
        standing = head.open_value(await change.keys())
    restored = _restored(key.config_type, content.value, standing)
    if restored is not content.value:
        if head is not None and same(restored, standing):
            return head
        content = _composed(restored, content.media)
    return await versions.write_version(change, key, head, content)


async def merge(change: Change, headers: Headers, key: DocumentKey, update: Callable[[Json], Json]) -> Version:
    """Change the head by a function of its value, under its lock: nothing that others wrote meanwhile is lost.

    Raises:
        Problem: 412 when a condition fails, 422 when the result cannot be kept.
    """
    head = await versions.standing(change, key)
    require_match(headers, head)
    content = await _merged(change, head, key, update)
    if isinstance(content, Version):
        return content
    return await versions.write_version(change, key, head, content)


async def merge_unseen(change: Change, key: DocumentKey, update: Callable[[Json], Json]) -> int:
    """What `merge` does, for those who answer the version's number alone: its row is written with all others.

    Raises:
        Problem: 422 when the result cannot be kept.
    """
    head = await versions.standing(change, key)
    content = await _merged(change, head, key, update)
    if isinstance(content, Version):
        return content.version
    return await versions.add_version(change, key, head, content)


async def reduce_unseen(change: Change, key: DocumentKey, update: Callable[[Json], Json]) -> int:
    """What `merge_unseen` does, for those who take away: it makes no document, and null deletes the one that stands.

    Raises:
        Problem: 422 when the result cannot be kept.
    """
    head = await versions.standing(change, key)
    if head is None or head.deleted:
        return head.version if head else 0
    left = update(await _readable_value(change, head))
    if left is None:
        return (await versions.write_tombstone(change, head)).version
    return await merge_unseen(change, key, lambda _standing: left)


async def _merged(
    change: Change, head: Version | None, key: DocumentKey, update: Callable[[Json], Json]
) -> Content | Version:
    """The content after an update; the head when that is what stands."""
    standing: Json = {}
    media: Media = "yaml"
    if head is not None and not head.deleted:
        standing = await _readable_value(change, head)
        media = "json" if head.media == "json" else "yaml"
    merged = _checked(update(standing))
    restored = _restored(key.config_type, merged, standing)
    if head is not None and not head.deleted and same(restored, standing):
        return head
    return _written(restored, media) if restored is merged else _composed(restored, media)


async def patch(change: Change, headers: Headers, key: DocumentKey, patch_value: Json) -> Version:
    """Apply a JSON Merge Patch (RFC 7396)."""
    return await merge(change, headers, key, lambda standing: merge_patch(standing, patch_value))


async def delete(change: Change, headers: Headers, key: DocumentKey) -> Version:
    """Delete a document by a tombstone.

    Raises:
        Problem: 404 when none stands, 412 when a condition fails.
    """
    head = await versions.standing(change, key)
    require_match(headers, head)
    if head is None or head.deleted:
        raise not_found(key, deleted_by=head.version if head else None)
    return await versions.write_tombstone(change, head)


async def roll_back(change: Change, headers: Headers, key: DocumentKey, number: int) -> Version:
    """Make the content of an old version a new one.

    Raises:
        Problem: 404 when the document never was, or the version is none that can stand; 410 when retention has removed
            it; 412 when a condition fails.
    """
    head = await versions.standing(change, key)
    if head is None:
        raise not_found(key)
    require_match(headers, head)
    old = await versions.read_version(change.connection, key, number)
    if old is None and (removed := await version_gone(change.connection, key, number)):
        raise removed
    if old is None or old.deleted:
        raise Problem(problems.VERSION_NOT_FOUND, version=number)
    keys = await change.keys() if old.has_secrets else TenantKeys({})
    media: Media = "json" if old.media == "json" else "yaml"
    content = Content(old.open_source(keys), media, old.open_value(keys))
    return await versions.write_version(change, key, head, content)


def same(one: Json, other: Json) -> bool:
    """Compare values as they are written: to Python, true and 1 would be equal, and keys in another order too."""
    return one == other and to_json(one) == to_json(other)


async def _readable_value(change: Change, head: Version) -> Json:
    """What stands; null in the place of secrets whose key was destroyed, so that merges go on after an erasure."""
    if not head.has_secrets:
        return head.open_value(TenantKeys({}))
    keys = await change.keys()
    if head.key_generation in keys.keys:
        return head.open_value(keys)
    view = read_view(head.view)
    return restore(head.config_type, view, dict.fromkeys(mask_names(view)))


def _restored(config_type: str, value: Json, standing: Json) -> Json:
    """Put what stands where the value has masks.

    Raises:
        Problem: 422 for a mask that keeps nothing.
    """
    secrets = {leaf.name: leaf.scalar for leaf in secret_leaves(config_type, standing)} if contains_mask(value) else {}
    try:
        return restore(config_type, value, secrets)
    except MaskError as error:
        raise Problem(
            problems.MASK_REFUSED, errors=[mask_fault(fault.pointer, fault.problem) for fault in error.faults]
        ) from None


def _composed(value: Json, media: Media) -> Content:
    """Write a value that was put together here, within the limits that hold for what is received."""
    return _written(_checked(value), media)


def _written(value: Json, media: Media) -> Content:
    content = Content.from_value(value, media)
    if len(content.source.encode()) > DEFAULT_LIMITS.max_bytes:
        raise _refused(ContentError("too_large", limit=DEFAULT_LIMITS.max_bytes))
    return content


def _checked(value: Json) -> Json:
    try:
        check_limits(value)
    except ContentError as error:
        raise _refused(error) from None
    return value


def _refused(error: ContentError) -> Problem:
    return Problem(
        problems.PATCH_INVALID, errors=[content_fault(error)], reason_pt=error.message("pt-BR"),
        reason_en=error.message("en"),
    )  # fmt: skip


def mask_fault(pointer: str, problem: str) -> Fault:
    portuguese = "esta máscara não pode ser mantida aqui: envie-a como foi lida, no seu lugar, ou envie o valor"
    return Fault(code="mask", pointer=pointer, text=Text(portuguese, problem))
