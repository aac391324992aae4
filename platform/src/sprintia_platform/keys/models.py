"""The host's own tables: API keys, and the audit log with its chain heads."""

from datetime import datetime

from advanced_alchemy.base import CommonTableAttributes
from sqlalchemy import BigInteger, DateTime, Index, LargeBinary, MetaData, Text, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Constraint names that are the same on every machine, so that migrations can name them."""


class PlatformBase(CommonTableAttributes, DeclarativeBase):
    __abstract__ = True
    metadata = MetaData(schema="platform", naming_convention=NAMING)
    type_annotation_map = {str: Text, datetime: DateTime(timezone=True), bytes: LargeBinary, int: BigInteger}  # noqa: RUF012 - SQLAlchemy reads it from the class


class ApiKey(PlatformBase):
    """An API key; `digest` is the SHA-256 of its text, `previous_digest` the one that a rotation is replacing."""

    __tablename__ = "api_key"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    rights: Mapped[list[str]] = mapped_column(ARRAY(Text))
    tenants: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    networks: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    digest: Mapped[bytes]
    previous_digest: Mapped[bytes | None]
    previous_until: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str]
    last_used_at: Mapped[datetime | None]


class AuditChain(PlatformBase):
    """The end of each tenant's chain; its row is locked while an event is appended."""

    __tablename__ = "audit_chain"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int]
    hash: Mapped[bytes]


class AuditEvent(PlatformBase):
    """One thing that somebody did; no grant allows to change or delete it."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_newest", "at", "tenant_id", "seq"),
        Index("ix_audit_event_actor", "actor", "at", "tenant_id", "seq"),
    )

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    target: Mapped[str]
    detail: Mapped[str]
    request_id: Mapped[str]
    hash: Mapped[bytes]
