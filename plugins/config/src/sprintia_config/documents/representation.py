"""How answers show documents, and the conditions that callers put on them."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from sprintia_config import problems
from sprintia_config.contents.content import read_source, read_view
from sprintia_config.documents.versions import Version
from sprintia_config.vault import TenantKeys
from sprintia_platform import Problem
from sprintia_platform.content.values import json_view, to_json
from sprintia_platform.content.yaml_writer import write_yaml

_ETAG = re.compile(r'"(\d+)-([0-9a-f]*)((?:-[a-z])*)"')
_DIGEST_SHOWN = 16


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a tenant's list."""

    tenant_id: str
    domain: str
    config_type: str
    version: int
    created_at: str
    updated_at: str


class DetailedHead(Head, frozen=True, kw_only=True):
    """The same with who made the version, and the bytes of its text; what was deleted is listed, too."""

    deleted: bool
    actor: str
    origin: str
    size: int


class HistoryItem(Head, frozen=True, kw_only=True):
    """A line of a document's history.

    Attributes:
        digest: SHA-256 of the source, in hex; keyed where it holds secrets.
        counts: of paths added, removed, changed and moved against the version before, where it was asked for; null
            when there was no time to count.
    """

    revision: int
    digest: str
    deleted: bool
    actor: str
    origin: str
    message: str
    counts: dict[str, int] | msgspec.UnsetType | None = msgspec.UNSET


class Full(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a document, whole. `json_data` of a document that is no mapping is `{"data": value}`."""

    id: int
    tenant_id: str
    domain: str
    config_type: str
    version: int
    revision: int
    digest: str
    yaml_content: str
    json_data: msgspec.Raw
    created_at: str
    updated_at: str
    actor: str
    origin: str
    message: str


def moment(at: datetime) -> str:
    """ISO-8601, UTC, microseconds, Z."""
    return f"{at:%Y-%m-%dT%H:%M:%S.%fZ}"


def heads(found: Iterable[Version], *, detailed: bool = False) -> list[Head]:
    return [_detailed_head(version) if detailed else _head(version) for version in found]


def _head(version: Version) -> Head:
    at = moment(version.created_at)
    return Head(
        tenant_id=version.tenant_id, domain=version.domain, config_type=version.config_type, version=version.version,
        created_at=at, updated_at=at,
    )  # fmt: skip


def _detailed_head(version: Version) -> DetailedHead:
    at = moment(version.created_at)
    return DetailedHead(
        tenant_id=version.tenant_id, domain=version.domain, config_type=version.config_type, version=version.version,
        created_at=at, updated_at=at, deleted=version.deleted, actor=version.actor, origin=version.origin,
        size=version.size,
    )  # fmt: skip


def history_item(version: Version) -> HistoryItem:
    at = moment(version.created_at)
    return HistoryItem(
        tenant_id=version.tenant_id, domain=version.domain, config_type=version.config_type, version=version.version,
        created_at=at, updated_at=at, revision=version.revision, digest=version.digest, deleted=version.deleted,
        actor=version.actor, origin=version.origin, message=version.message,
    )  # fmt: skip


def history(found: Iterable[Version], counted: Mapping[int, dict[str, int]] | None = None) -> list[HistoryItem]:
    """A page of history, with the counts of those versions that were counted, if any was asked for."""
    items = [history_item(version) for version in found]
    if counted is None:
        return items
    return [msgspec.structs.replace(item, counts=counted.get(item.version)) for item in items]


def full(version: Version, keys: TenantKeys | None) -> Full:
    """Show a version: in clear with the tenant's keys, with masks without."""
    at = moment(version.created_at)
    return Full(
        id=version.id, tenant_id=version.tenant_id, domain=version.domain, config_type=version.config_type,
        version=version.version, revision=version.revision, digest=version.digest,
        yaml_content=source_text(version, keys), json_data=msgspec.Raw(json_text(version, keys).encode()),
        created_at=at, updated_at=at, actor=version.actor, origin=version.origin, message=version.message,
    )  # fmt: skip


def source_text(version: Version, keys: TenantKeys | None) -> str:
    """The text as received; where it holds secrets and no keys are given, the masked view written as YAML."""
    if not version.has_secrets:
        return version.source or ""
    if keys is not None:
        return version.open_source(keys)
    return write_yaml(read_view(version.view))


def json_text(version: Version, keys: TenantKeys | None) -> str:
    """The JSON view, numbers to the letter."""
    if version.has_secrets and keys is not None:
        return to_json(json_view(read_source(version.open_source(keys), version.media)))
    view = version.view or "null"
    return view if view.startswith("{") else f'{{"data":{view}}}'


def etag(version: Version, *, masked: bool = False, yaml: bool = False) -> str:
    """A strong ETag: each representation of a version has its own (RFC 9110, section 8.8.3)."""
    suffix = ("-m" if masked and version.has_secrets else "") + ("-y" if yaml else "")
    return f'"{version.version}-{version.digest[:_DIGEST_SHOWN]}{suffix}"'


def version_headers(version: Version, revision: int, *, masked: bool = False, yaml: bool = False) -> dict[str, str]:
    """Say of an answer which version it shows, and which revision of the tenant it reflects.

    The two differ: a document that stands reflects all that came since it was written. So one who reads several
    documents, or reads after writing, can tell from each answer alone how fresh it is.
    """
    return {
        "ETag": etag(version, masked=masked, yaml=yaml),
        "X-Config-Version": str(version.version),
        "X-Config-Revision": str(revision),
    }


def not_modified(if_none_match: str | None, tag: str) -> bool:
    """Whether the caller holds this representation already (RFC 9110, section 13.1.2: weak comparison)."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or tag in {part.strip().removeprefix("W/") for part in if_none_match.split(",")}


def require_match(headers: Mapping[str, str], head: Version | None) -> None:
    """Check `If-Match` and `If-None-Match: *` of a write against what stands, under its lock.

    Any representation's ETag of the standing version matches: a writer may have read JSON, YAML or the masked form.

    Raises:
        Problem: 412 with the current version.
    """
    standing = None if head is None or head.deleted else head
    wanted, unwanted = headers.get("if-match"), headers.get("if-none-match")
    if unwanted is not None and unwanted.strip() == "*" and standing is not None:
        raise _failed(standing)
    if wanted is None:
        return
    if wanted.strip() == "*":
        if standing is None:
            raise _failed(None)
        return
    given = {(match[1], match[2]) for match in _ETAG.finditer(wanted)}
    if standing is None or (str(standing.version), standing.digest[:_DIGEST_SHOWN]) not in given:
        raise _failed(standing)


def _failed(standing: Version | None) -> Problem:
    current = standing.version if standing else None
    headers = {"ETag": etag(standing)} if standing else {}
    return Problem(
        problems.PRECONDITION_FAILED, headers=headers, extra={"current_version": current}, current=current or 0
    )
