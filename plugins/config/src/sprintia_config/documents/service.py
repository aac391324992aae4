"""What can be done with documents: read, replace, merge, delete, roll back."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager

from sprintia_config import problems
from sprintia_config.documents import versions
from sprintia_config.documents.content import Content, Media
from sprintia_config.documents.keys import DocumentKey
from sprintia_config.documents.representation import require_match
from sprintia_config.documents.versions import Version
from sprintia_config.models import SCHEMA
from sprintia_config.secrecy.errors import MaskError
from sprintia_config.secrecy.masks import restore
from sprintia_config.vault import TenantKeys, Vault
from sprintia_config.writing import Change
from sprintia_platform import Caller, Fault, Problem, Text
from sprintia_platform.audit.log import append_audit
from sprintia_platform.content.errors import ContentError
from sprintia_platform.content.merge import merge_patch
from sprintia_platform.content.values import Json, check_limits
from sprintia_platform.database.connections import Connection, Database

Headers = Mapping[str, str]


def not_found(key: DocumentKey, version: int | None = None, deleted_by: int | None = None) -> Problem:
    """The wire answer for a document or version that is not there; names the version that deleted it."""
    extra = {} if deleted_by is None else {"deleted_by_version": deleted_by}
    suffix = "" if version is None else f", version={version}"
    return Problem(problems.DOCUMENT_NOT_FOUND, extra=extra, **key._asdict(), version=suffix)


class Documents:
    """Reads of documents. What a caller without `secrets:read` gets is never unsealed."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def head(self, caller: Caller, key: DocumentKey) -> tuple[Version, TenantKeys | None]:
        """The version that stands, with the keys to its secrets when the caller may see them.

        Raises:
            Problem: 404.
        """
        async with self._reading(caller, key.tenant) as connection:
            found = await versions.read_head(connection, key)
            if found is None or found.deleted:
                raise not_found(key, deleted_by=found.version if found else None)
            return found, await self._keys_for(connection, caller, found)

    async def version(self, caller: Caller, key: DocumentKey, number: int) -> tuple[Version, TenantKeys | None]:
        """One version, with the keys to its secrets when the caller may see them.

        Raises:
            Problem: 404, also for a tombstone.
        """
        async with self._reading(caller, key.tenant) as connection:
            found = await versions.read_version(connection, key, number)
            if found is None or found.deleted:
                raise not_found(key, number)
            return found, await self._keys_for(connection, caller, found)

    async def heads(self, tenant: str, domain: str | None) -> list[Version]:
        async with self._database.transaction(SCHEMA, [tenant], read_only=True) as connection:
            return await versions.read_heads(connection, tenant, domain)

    async def history(self, key: DocumentKey, *, before: int | None, limit: int) -> list[Version]:
        async with self._database.transaction(SCHEMA, [key.tenant], read_only=True) as connection:
            return await versions.read_history(connection, key, before=before, limit=limit)

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
    head = await versions.read_head(change.connection, key)
    require_match(headers, head)
    return await versions.write_version(change, key, head, await _without_masks(change, head, key.config_type, content))


async def merge(change: Change, headers: Headers, key: DocumentKey, update: Callable[[Json], Json]) -> Version:
    """Change the head by a function of its value, under its lock: nothing that others wrote meanwhile is lost.

    Raises:
        Problem: 412 when a condition fails, 422 when the result cannot be kept.
    """
    head = await versions.read_head(change.connection, key)
    require_match(headers, head)
    standing: Json = {}
    media: Media = "yaml"
    if head is not None and not head.deleted:
        standing = head.open_value(await change.keys() if head.has_secrets else TenantKeys({}))
        media = "json" if head.media == "json" else "yaml"
    merged = update(standing)
    if head is not None and not head.deleted and merged == standing:
        return head
    try:
        check_limits(merged)
    except ContentError as error:
        fault = Fault(code=error.code, text=Text(error.message("pt-BR"), error.message("en")), pointer=error.pointer)
        raise Problem(problems.PATCH_INVALID, errors=[fault], reason=error.code) from None
    content = await _without_masks(change, head, key.config_type, Content.from_value(merged, media))
    return await versions.write_version(change, key, head, content)


async def patch(change: Change, headers: Headers, key: DocumentKey, patch_value: Json) -> Version:
    """Apply a JSON Merge Patch (RFC 7396)."""
    return await merge(change, headers, key, lambda standing: merge_patch(standing, patch_value))


async def delete(change: Change, headers: Headers, key: DocumentKey) -> Version:
    """Delete a document by a tombstone.

    Raises:
        Problem: 404 when none stands, 412 when a condition fails.
    """
    head = await versions.read_head(change.connection, key)
    require_match(headers, head)
    if head is None or head.deleted:
        raise not_found(key, deleted_by=head.version if head else None)
    return await versions.write_tombstone(change, head)


async def roll_back(change: Change, headers: Headers, key: DocumentKey, number: int) -> Version:
    """Make the content of an old version a new one.

    Raises:
        Problem: 404 when the document never was, or the version is none that can stand; 412 when a condition fails.
    """
    head = await versions.read_head(change.connection, key)
    if head is None:
        raise not_found(key)
    require_match(headers, head)
    old = await versions.read_version(change.connection, key, number)
    if old is None or old.deleted:
        raise Problem(problems.VERSION_NOT_FOUND, version=number)
    keys = await change.keys() if old.has_secrets else TenantKeys({})
    media: Media = "json" if old.media == "json" else "yaml"
    content = Content(old.open_source(keys), media, old.open_value(keys))
    return await versions.write_version(change, key, head, content)


async def _without_masks(change: Change, head: Version | None, config_type: str, content: Content) -> Content:
    standing_head = None if head is None or head.deleted else head
    standing = await versions.standing_secrets(change, standing_head) if content.has_masks else {}
    try:
        restored = restore(config_type, content.value, standing)
    except MaskError as error:
        raise Problem(
            problems.MASK_REFUSED, errors=[mask_fault(fault.pointer, fault.problem) for fault in error.faults]
        ) from None
    return content if restored is content.value else Content.from_value(restored, content.media)


def mask_fault(pointer: str, problem: str) -> Fault:
    portuguese = "esta máscara não pode ser mantida aqui: envie-a como foi lida, no seu lugar, ou envie o valor"
    return Fault(code="mask", pointer=pointer, text=Text(portuguese, problem))
