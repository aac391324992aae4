"""The schemas that stand, compiled, in this process."""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

import structlog

from sprintia_config.schemas import store
from sprintia_config.schemas.compiled import CompiledSchema
from sprintia_config.schemas.outline import SchemaRefusedError
from sprintia_config.schemas.store import Mode
from sprintia_platform.database.connections import Connection

log = structlog.get_logger("sprintia.config")

REFRESH_SECONDS: Final = 2.0
"""How long a schema that another process changed may go unnoticed here."""


@dataclass(frozen=True, slots=True)
class StandingSchema:
    """What a type of document must look like, and what becomes of one that does not."""

    config_type: str
    version: int
    mode: Mode
    compiled: CompiledSchema


class StandingSchemas:
    """Looked up at each write: one dictionary look-up, and one small statement when it was not asked for 2 seconds."""

    def __init__(self) -> None:
        self._schemas: dict[str, StandingSchema] = {}
        self._fresh_until = 0.0
        self._expired = 0

    async def of(self, connection: Connection, config_type: str) -> StandingSchema | None:
        """The schema of a type; `connection` is within a transaction of the schema `config`."""
        if time.monotonic() >= self._fresh_until:
            await self._refresh(connection)
        return self._schemas.get(config_type)

    def expire(self) -> None:
        """Look again at the next write: a schema was changed here."""
        self._fresh_until = 0.0
        self._expired += 1

    async def _refresh(self, connection: Connection) -> None:
        asked_at, expired = time.monotonic(), self._expired
        current = await store.read_versions(connection)
        known = {name: schema for name, schema in self._schemas.items() if current.get(name) == schema.version}
        for config_type in current.keys() - known.keys():
            found = await store.read_standing(connection, config_type)
            if found is not None and not found.deleted:
                schema = await _compiled(found)
                if schema is not None:
                    known[config_type] = schema
        self._schemas = known
        if expired == self._expired:  # else a schema was changed here after we had looked
            self._fresh_until = asked_at + REFRESH_SECONDS


async def _compiled(found: store.SchemaVersion) -> StandingSchema | None:
    try:
        compiled = await asyncio.to_thread(lambda: CompiledSchema(found.value()))
    except SchemaRefusedError as error:
        # It was accepted once: another release refuses it. Documents are worth more than their schema.
        log.warning(
            "schema_unusable", config_type=found.config_type, version=found.version, error_code=error.faults[0].code
        )
        return None
    return StandingSchema(found.config_type, found.version, found.mode, compiled)
