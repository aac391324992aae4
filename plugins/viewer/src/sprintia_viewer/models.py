"""The plugin's tables, schema `viewer`: who may sign in, and how. They belong to no tenant: people do not."""

from datetime import datetime
from typing import Any

from advanced_alchemy.base import CommonTableAttributes
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from sprintia_platform.keys.models import NAMING

SCHEMA = "viewer"


class ViewerBase(CommonTableAttributes, DeclarativeBase):
    __abstract__ = True
    metadata = MetaData(schema=SCHEMA, naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        str: Text, datetime: DateTime(timezone=True), bytes: LargeBinary, int: BigInteger, bool: Boolean,
    }  # fmt: skip


def _of_user() -> ForeignKey:
    return ForeignKey(f"{SCHEMA}.user.id")


class User(ViewerBase):
    """A person. `tenants` null means all; `password_hash` null, that no password opens the account.

    `oidc_subject` is the issuer and the subject that it gives the person, with a space between.
    """

    __tablename__ = "user"
    __table_args__ = (
        UniqueConstraint("name"),
        UniqueConstraint("oidc_subject"),
        CheckConstraint("name ~ '^[a-z0-9._@+-]{1,100}$'", name="name"),
        CheckConstraint("role IN ('viewer', 'editor', 'admin')", name="role"),
        CheckConstraint("language IN ('pt-BR', 'en')", name="language"),
        CheckConstraint("theme IN ('auto', 'light', 'dark')", name="theme"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str]
    display_name: Mapped[str]
    role: Mapped[str]
    tenants: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    may_reveal: Mapped[bool]
    password_hash: Mapped[str | None]
    oidc_subject: Mapped[str | None]
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str]
    last_seen_at: Mapped[datetime | None]
    language: Mapped[str | None]
    zone: Mapped[str] = mapped_column(server_default="America/Sao_Paulo")
    theme: Mapped[str] = mapped_column(server_default="auto")
    shortcuts: Mapped[bool] = mapped_column(server_default=text("true"))


class Session(ViewerBase):
    """A signed-in browser. Its token is nowhere: `token_hash` is the SHA-256; `id` names it in lists."""

    __tablename__ = "session"
    __table_args__ = (UniqueConstraint("token_hash"), Index("ix_session_user_id", "user_id"))

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    token_hash: Mapped[bytes]
    user_id: Mapped[int] = mapped_column(_of_user())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ends_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    address: Mapped[str]
    user_agent: Mapped[str]
    notices: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")


class Totp(ViewerBase):
    """A second factor; it counts once it is confirmed. `last_step` is the step of the last code that was used."""

    __tablename__ = "totp"

    user_id: Mapped[int] = mapped_column(_of_user(), primary_key=True, autoincrement=False)
    sealed: Mapped[bytes]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class RecoveryCode(ViewerBase):
    """A code that stands for the second factor, once."""

    __tablename__ = "recovery_code"

    user_id: Mapped[int] = mapped_column(_of_user(), primary_key=True, autoincrement=False)
    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    used_at: Mapped[datetime | None]


class OneTimeLink(ViewerBase):
    """A link that makes the first admin, or lets a person choose a password."""

    __tablename__ = "one_time_link"
    __table_args__ = (
        CheckConstraint("purpose IN ('first_admin', 'invite', 'password_reset')", name="purpose"),
        CheckConstraint("(purpose = 'first_admin') = (user_id IS NULL)", name="for_whom"),
    )

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(_of_user())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Attempt(ViewerBase):
    """Failures of one account, one address or all together; `key` is keyed, for people type passwords as names."""

    __tablename__ = "attempt"
    __table_args__ = (CheckConstraint("kind IN ('account', 'address', 'all')", name="kind"),)

    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[bytes] = mapped_column(primary_key=True)
    failures: Mapped[int]
    since: Mapped[datetime]
    free_at: Mapped[datetime]


class OidcLogin(ViewerBase):
    """A sign-in that waits for the provider's answer; `session_id` when it confirms a session that stands."""

    __tablename__ = "oidc_login"

    state_hash: Mapped[bytes] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]
    next_path: Mapped[str]
    session_id: Mapped[int | None]
    expires_at: Mapped[datetime]
