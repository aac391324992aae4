"""The plugin's tables, schema `config`: what the migrations make, and `sprintia db check` compares with them."""

from datetime import datetime

from advanced_alchemy.base import CommonTableAttributes
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from sprintia_platform.keys.models import NAMING

SCHEMA = "config"


class ConfigBase(CommonTableAttributes, DeclarativeBase):
    __abstract__ = True
    metadata = MetaData(schema=SCHEMA, naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        str: Text, datetime: DateTime(timezone=True), bytes: LargeBinary, int: BigInteger, bool: Boolean,
    }  # fmt: skip


def _of_tenant() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id"], [f"{SCHEMA}.tenant.tenant_id"])


class Tenant(ConfigBase):
    """A tenant. Its row is locked by each write, so that `revision` follows the order of commits.

    `key_generation` counts the data keys that it ever had: the number of an erased one is never given again.
    """

    __tablename__ = "tenant"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(server_default=text("0"))
    signature: Mapped[str] = mapped_column(server_default="inherit")
    key_generation: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class TenantKey(ConfigBase):
    """A tenant's data key, wrapped by the master key `master_key_id`. Deleting the row erases what it sealed."""

    __tablename__ = "tenant_key"
    __table_args__ = (_of_tenant(),)

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    generation: Mapped[int] = mapped_column(Integer, primary_key=True)
    master_key_id: Mapped[str]
    wrapped: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class DocumentVersion(ConfigBase):
    """One version of a document; never changed.

    `source` is the text exactly as received; a text with secrets stands sealed in `sealed_source` instead, and `view`,
    the JSON view, then holds masks. A tombstone has neither.
    """

    __tablename__ = "document_version"
    __table_args__ = (
        _of_tenant(),
        UniqueConstraint("id"),
        UniqueConstraint("tenant_id", "revision", "domain", "config_type"),
        CheckConstraint("deleted OR (source IS NULL) <> (sealed_source IS NULL)", name="one_source"),
        CheckConstraint("(sealed_source IS NULL) = (key_generation IS NULL)", name="sealed_by_a_key"),
        Index("ix_document_version_day", "tenant_id", "created_at", "origin"),
    )

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    domain: Mapped[str] = mapped_column(primary_key=True)
    config_type: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(always=True))
    revision: Mapped[int]
    media: Mapped[str]
    source: Mapped[str | None]
    sealed_source: Mapped[bytes | None]
    key_generation: Mapped[int | None] = mapped_column(Integer)
    view: Mapped[str | None]
    digest: Mapped[str]
    deleted: Mapped[bool]
    actor: Mapped[str]
    origin: Mapped[str]
    message: Mapped[str]
    created_at: Mapped[datetime]


class Document(ConfigBase):
    """The head of a document: which version stands."""

    __tablename__ = "document"
    __table_args__ = (
        _of_tenant(),
        ForeignKeyConstraint(
            ["tenant_id", "domain", "config_type", "version"],
            [f"{SCHEMA}.document_version.{name}" for name in ("tenant_id", "domain", "config_type", "version")],
            name="fk_document_version",
        ),
    )

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    domain: Mapped[str] = mapped_column(primary_key=True)
    config_type: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]


class HeadSearch(ConfigBase):
    """What of a head is searched: its ids, key paths and values, secrets masked. See sprintia_config.search.store.

    `indexed` says whether the trigram index has the text already; a task sets it, so that no writer pays for it.
    """

    __tablename__ = "head_search"
    __table_args__ = (
        _of_tenant(),
        Index(
            "ix_head_search_searched", "searched", postgresql_using="gin", postgresql_ops={"searched": "gin_trgm_ops"},
            postgresql_where=text("indexed"),
        ),
        Index("ix_head_search_new", "tenant_id", "domain", "config_type", postgresql_where=text("NOT indexed")),
    )  # fmt: skip

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    domain: Mapped[str] = mapped_column(primary_key=True)
    config_type: Mapped[str] = mapped_column(primary_key=True)
    searched: Mapped[str]
    indexed: Mapped[bool] = mapped_column(server_default=text("false"))


class SecretVersion(ConfigBase):
    """A secret value of one version of a document, sealed under the tenant's key and bound to this place."""

    __tablename__ = "secret_version"
    __table_args__ = (_of_tenant(),)

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    domain: Mapped[str] = mapped_column(primary_key=True)
    config_type: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]
    key_generation: Mapped[int] = mapped_column(Integer)
    fingerprint: Mapped[bytes]


class MappingVersion(ConfigBase):
    """A version of what one tenant owns of the Chatwoot mapping; never changed."""

    __tablename__ = "mapping_version"
    __table_args__ = (
        _of_tenant(),
        UniqueConstraint("id"),
        UniqueConstraint("tenant_id", "revision"),
        Index("ix_mapping_version_day", "tenant_id", "created_at", "origin"),
    )

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(always=True))
    revision: Mapped[int]
    slice: Mapped[str]
    digest: Mapped[str]
    actor: Mapped[str]
    origin: Mapped[str]
    message: Mapped[str]
    created_at: Mapped[datetime]


class MappingEntry(ConfigBase):
    """A route of the mapping that stands now: `kind` is account, inbox, fallback or number."""

    __tablename__ = "mapping_entry"
    __table_args__ = (
        _of_tenant(),
        # An account or inbox belongs to one tenant: the index decides between two writers.
        Index(
            "uq_mapping_entry_owner", "kind", "key", unique=True, postgresql_where=text("kind IN ('account', 'inbox')")
        ),
        Index("ix_mapping_entry_number", "key", postgresql_where=text("kind = 'number'")),
    )

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    key: Mapped[str]
    domain: Mapped[str]
    crew: Mapped[str | None]
    sequence: Mapped[int | None]


class Delivery(ConfigBase):
    """A delivery that came in, and what became of it. The answer is sealed: it may hold what the sender may read.

    `request_digest` is keyed like the digests of secrets, and empty where the delivery has no id to come again by.

    `faults` lists what did not meet a schema (JSON). `sealed_body` is the body of a delivery that was set aside, or
    refused for its content, of the newest of these; `media_type` and `sequence` are what its replay needs to know.
    `replay_of` is the delivery that this one is a replay of; one of them is applied at most.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        Index(
            "uq_delivery_accepted", "sender", "delivery_id", unique=True,
            postgresql_where=text("delivery_id IS NOT NULL AND outcome <> 'refused'"),
        ),
        Index(
            "uq_delivery_replayed", "tenant_id", "replay_of", unique=True,
            postgresql_where=text("replay_of IS NOT NULL AND outcome IN ('applied', 'identical')"),
        ),
        Index(
            "ix_delivery_refused_body", "tenant_id", "id",
            postgresql_where=text("outcome = 'refused' AND sealed_body IS NOT NULL"),
        ),
        Index("ix_delivery_newest", "id"),
        Index("ix_delivery_revision", "tenant_id", "revision", postgresql_where=text("revision IS NOT NULL")),
        Index("ix_delivery_outcome", "tenant_id", "outcome", "id", postgresql_where=text("outcome <> 'applied'")),
        Index("ix_delivery_not_applied", "outcome", "id", postgresql_where=text("outcome <> 'applied'")),
        Index(
            "ix_delivery_source", "tenant_id", "sender", "route",
            # In lines, as PostgreSQL writes it: `sprintia db check` compares the texts.
            text("(\nCASE\nWHEN event IS NULL THEN ''\nELSE event\nEND)"), "outcome", "id",
        ),
    )  # fmt: skip

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    sender: Mapped[str]
    delivery_id: Mapped[str | None]
    route: Mapped[str]
    event: Mapped[str | None]
    request_digest: Mapped[bytes]
    outcome: Mapped[str]
    status: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str | None]
    sealed_answer: Mapped[bytes | None]
    key_generation: Mapped[int | None] = mapped_column(Integer)
    revision: Mapped[int | None]
    received_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    faults: Mapped[str | None]
    sealed_body: Mapped[bytes | None]
    media_type: Mapped[str | None]
    sequence: Mapped[int | None]
    replay_of: Mapped[int | None]
    person: Mapped[str | None]


class DeliverySequence(ConfigBase):
    """The highest sequence number that a sender gave for one stream of deliveries."""

    __tablename__ = "delivery_sequence"
    __table_args__ = (_of_tenant(),)

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    sender: Mapped[str] = mapped_column(primary_key=True)
    stream: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int]


class WebhookSecret(ConfigBase):
    """A secret that signs a tenant's webhooks, sealed; several are valid at once while one is being replaced."""

    __tablename__ = "webhook_secret"
    __table_args__ = (_of_tenant(),)

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]
    key_generation: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    not_after: Mapped[datetime | None]


class RetentionHorizon(ConfigBase):
    """Since when a tenant's history is whole: retention has removed versions that stood before.

    Written by the functions that remove, in their transaction: whoever misses a row finds the reason.
    """

    __tablename__ = "retention_horizon"
    __table_args__ = (_of_tenant(),)

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int]
    at: Mapped[datetime]


class RemovedVersions(ConfigBase):
    """Versions in a row that retention removed, and when: the first and the last of them.

    Triggers write it. `domain` and `config_type` are empty where they were of the tenant's part of the mapping.
    """

    __tablename__ = "removed_versions"
    __table_args__ = (_of_tenant(),)

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    domain: Mapped[str] = mapped_column(primary_key=True)
    config_type: Mapped[str] = mapped_column(primary_key=True)
    first: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]
    first_removed_at: Mapped[datetime]
    last_removed_at: Mapped[datetime]


class Pin(ConfigBase):
    """A revision that somebody will come back to: retention keeps all that stood at it.

    `owner` is the tenant whose pin it is: the layers below a tenant are pinned along with it.
    """

    __tablename__ = "pin"
    __table_args__ = (_of_tenant(), Index("ix_pin_revision", "tenant_id", "revision"))

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int]
    note: Mapped[str]
    actor: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class SchemaDelivery(ConfigBase):
    """A write of a schema that named itself, and the version that it was answered with, which never changes."""

    __tablename__ = "schema_delivery"

    sender: Mapped[str] = mapped_column(primary_key=True)
    delivery_id: Mapped[str] = mapped_column(primary_key=True)
    request_digest: Mapped[bytes]
    config_type: Mapped[str]
    version: Mapped[int]
    received_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class DocumentSchema(ConfigBase):
    """A version of the JSON Schema of a type of document; never changed. It belongs to no tenant."""

    __tablename__ = "document_schema"
    __table_args__ = (
        CheckConstraint("mode IN ('warn', 'reject', 'quarantine')", name="known_mode"),
        CheckConstraint("deleted = (schema IS NULL)", name="deleted_or_schema"),
    )

    config_type: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    mode: Mapped[str]
    schema: Mapped[str | None]
    deleted: Mapped[bool]
    actor: Mapped[str]
    message: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
