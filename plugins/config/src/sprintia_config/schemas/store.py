"""Schemas in PostgreSQL. They belong to a type of document and to no tenant: one contract for all who send it.

So the table has no row-level security: there is no tenant to tell rows apart by, and what a type of document must look
like is no secret. Who may write it is for the route to ask; the role that serves requests may add versions, and change
or delete none.
"""

from datetime import datetime
from typing import Final, Literal

import msgspec

from sprintia_platform.audit.log import PLATFORM_CHAIN, append_audit
from sprintia_platform.content.json_reader import read_json
from sprintia_platform.content.values import Json, to_json
from sprintia_platform.database.connections import Connection

Mode = Literal["warn", "reject", "quarantine"]

_COLUMNS: Final = "config_type, version, mode, schema, deleted, actor, message, created_at"


class SchemaVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a type's schema. A deletion is a version too, without a schema.

    Attributes:
        schema: JSON text.
    """

    config_type: str
    version: int
    mode: Mode
    schema: str | None
    deleted: bool
    actor: str
    message: str
    created_at: datetime

    def value(self) -> Json:
        """The schema itself."""
        return read_json((self.schema or "true").encode())


async def read_standing(connection: Connection, config_type: str) -> SchemaVersion | None:
    """The newest version of a type's schema, a deletion included."""
    found = await read_history(connection, config_type, before=None, limit=1)
    return found[0] if found else None


async def read_history(
    connection: Connection, config_type: str, *, before: int | None, limit: int
) -> list[SchemaVersion]:
    """A type's schemas, newest first."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM config.document_schema WHERE config_type = $1 "
        "AND ($2::bigint IS NULL OR version < $2) ORDER BY version DESC LIMIT $3",
        config_type, before, limit,
    )  # fmt: skip
    return [SchemaVersion(**dict(row.items())) for row in rows]


async def read_answered(connection: Connection, sender: str, delivery_id: str) -> tuple[bytes, SchemaVersion] | None:
    """The digest of the request that came under this id, and the version that answered it."""
    row = await connection.fetchrow(
        "SELECT request_digest, config_type, version FROM config.schema_delivery "
        "WHERE sender = $1 AND delivery_id = $2", sender, delivery_id,
    )  # fmt: skip
    if row is None:
        return None
    found = await read_history(connection, row["config_type"], before=row["version"] + 1, limit=1)
    return row["request_digest"], found[0]


async def keep_answered(
    connection: Connection, sender: str, delivery_id: str, digest: bytes, answer: SchemaVersion
) -> None:
    """Remember what answers a delivery, under `hold`."""
    await connection.execute(
        "INSERT INTO config.schema_delivery (sender, delivery_id, request_digest, config_type, version) "
        "VALUES ($1, $2, $3, $4, $5)", sender, delivery_id, digest, answer.config_type, answer.version,
    )  # fmt: skip


async def read_versions(connection: Connection) -> dict[str, int]:
    """Which version stands, of each type that has a schema."""
    rows = await connection.fetch(
        "SELECT config_type, version FROM (SELECT DISTINCT ON (config_type) config_type, version, deleted "
        "FROM config.document_schema ORDER BY config_type, version DESC) newest WHERE NOT deleted"
    )
    return {row["config_type"]: row["version"] for row in rows}


async def read_all_standing(connection: Connection) -> list[SchemaVersion]:
    """The schema of every type that has one, in order of type."""
    rows = await connection.fetch(
        f"SELECT * FROM (SELECT DISTINCT ON (config_type) {_COLUMNS} FROM config.document_schema "
        "ORDER BY config_type, version DESC) newest WHERE NOT deleted"
    )
    return [SchemaVersion(**dict(row.items())) for row in rows]


async def hold(connection: Connection) -> None:
    """Let nobody else change schemas until this transaction ends: they change rarely, one lock is enough."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext('sprintia.config.schemas'))")


async def write(
    connection: Connection, standing: SchemaVersion | None, *, config_type: str, schema: Json, mode: Mode,
    deleted: bool, actor: str, message: str,
) -> SchemaVersion:  # fmt: skip
    """Add a version, under `hold`, and say so in the audit log."""
    version = standing.version + 1 if standing else 1
    row = await connection.fetchrow(
        "INSERT INTO config.document_schema (config_type, version, mode, schema, deleted, actor, message) "
        f"VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING {_COLUMNS}",
        config_type, version, mode, None if deleted else to_json(schema), deleted, actor, message,
    )  # fmt: skip
    await append_audit(
        connection, tenant=PLATFORM_CHAIN, actor=actor, action="schema.delete" if deleted else "schema.write",
        target=config_type, detail={"version": version, "mode": mode},
    )  # fmt: skip
    if row is None:
        raise RuntimeError("PostgreSQL inserted a schema and returned none")
    return SchemaVersion(**dict(row.items()))
