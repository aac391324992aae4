"""The lines of an export: JSON objects, one a line, told apart by `kind`.

A header; then for each tenant a `tenant` line and its versions of documents and of its part of the mapping, in order of
revision; then an `end` line with counts and the SHA-256 of every byte before it, so that a cut or altered file is
noticed before anything of it is used.
"""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

import msgspec

from sprintia_config.contents.keys import DocumentKey
from sprintia_config.writing import Author, Past

FORMAT = "sprintia-config-export"
FORMAT_VERSION = 1
MEDIA_TYPE = "application/x-ndjson"

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes. A document has at most 1 MiB, of which JSON makes six at the worst."""

_Identifier = Annotated[str, msgspec.Meta(pattern=r"\A(?!\.{1,2}\Z)[A-Za-z0-9_.@-]{1,128}\Z")]
# Far below the largest bigint: the next version must have a number too.
_Number = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
# PostgreSQL's text holds no NUL.
_Name = Annotated[str, msgspec.Meta(pattern=r"\A[^\x00]*\Z", max_length=1_000)]
_Time = Annotated[datetime, msgspec.Meta(tz=True)]


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="header"):
    """The first line. `secrets` says whether they stand in clear."""

    format: str
    format_version: int
    exported_at: _Time
    secrets: Literal["masked", "clear"]
    tenants: list[_Identifier]


class TenantLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="tenant"):
    """Begins a tenant. `revision` is the one that it had."""

    tenant_id: _Identifier
    revision: _Count


class DocumentLine(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind",
    tag="document",
):  # fmt: skip
    """A version of a document.

    Attributes:
        source: the text as it was received; null of a tombstone. Where `masked` is true it is the masked view instead,
            because the secrets were not asked for, or their key was destroyed.
        digest: of the source: SHA-256, hex; keyed by the tenant's key where the document holds secrets; "" of a
            tombstone.
    """

    tenant_id: _Identifier
    domain: _Identifier
    config_type: _Identifier
    version: _Number
    revision: _Number
    media: Literal["yaml", "json"]
    source: str | None
    digest: _Name
    actor: _Name
    origin: _Name
    message: _Name
    created_at: _Time
    deleted: bool = False
    masked: bool = False

    @property
    def key(self) -> DocumentKey:
        return DocumentKey(self.tenant_id, self.domain, self.config_type)

    @property
    def past(self) -> Past:
        return Past(Author(self.actor, self.origin, self.message), self.created_at)


class MappingLine(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="mapping"
):
    """A version of the tenant's part of the Chatwoot mapping: `slice` is its JSON text, `digest` its SHA-256."""

    tenant_id: _Identifier
    version: _Number
    revision: _Number
    slice: str
    digest: _Name
    actor: _Name
    origin: _Name
    message: _Name
    created_at: _Time

    @property
    def past(self) -> Past:
        return Past(Author(self.actor, self.origin, self.message), self.created_at)


class EndLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="end"):
    """The last line: what the file must hold. `sha256` is over every byte before this line."""

    tenants: _Count
    documents: _Count
    mappings: _Count
    sha256: str


VersionLine: TypeAlias = DocumentLine | MappingLine
Line: TypeAlias = Header | TenantLine | DocumentLine | MappingLine | EndLine


def encode(line: Line) -> bytes:
    return msgspec.json.encode(line) + b"\n"
