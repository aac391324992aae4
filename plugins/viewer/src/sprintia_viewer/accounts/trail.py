"""What the audit log keeps of accounts: who changed whose, in the transaction of the change."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from sprintia_platform.audit.log import PLATFORM_CHAIN, append_audit
from sprintia_platform.database.connections import Connection, Database
from sprintia_viewer.models import SCHEMA


def changing(database: Database, *, first: str = "") -> AbstractAsyncContextManager[Connection]:
    """A transaction that may append to the chain of the platform; `first` as in `Database.transaction`."""
    return database.transaction(SCHEMA, PLATFORM_CHAIN, first=first)


def reading(database: Database) -> AbstractAsyncContextManager[Connection]:
    """A transaction that only reads."""
    return database.transaction(SCHEMA, read_only=True)


async def note(
    connection: Connection, by: str, action: str, name: str, detail: Mapping[str, Any] | None = None
) -> None:
    """Append an event about the user `name`. `by` is the actor, as `user:ana` or `cli:root`."""
    await append_audit(
        connection, tenant=PLATFORM_CHAIN, actor=by, action=action, target=f"user/{name}", detail=detail or {}
    )
