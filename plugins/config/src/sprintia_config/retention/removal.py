"""Remove what retention allows, in small transactions beside the requests.

What may go is said in SQL alone (migration 0004): the functions there keep the rules, and this role has no other way.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from sprintia_config.models import SCHEMA
from sprintia_config.settings import ConfigSettings
from sprintia_platform.audit.log import append_audit
from sprintia_platform.database.connections import Connection, Database

BATCH = 500
"""How many versions a transaction removes: each ends within a fraction of the time that a statement may take."""
_COUNTING_SECONDS = 120
_DOCUMENTS_AT_ONCE = 50
_TENANTS_AT_ONCE = 500

_OLD_DOCUMENTS = """
    SELECT * FROM (
        SELECT domain, config_type,
            (SELECT count(*) FROM config.removable_versions($1, domain, config_type, $2, $3, $4)) AS removable
        FROM config.document WHERE tenant_id = $1 AND version > $2 AND (domain, config_type) > ($5, $6)
        ORDER BY domain, config_type LIMIT $7
    ) documents ORDER BY domain, config_type
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is kept at least: the newest versions of each document, and all that stood within the last days."""

    versions: int
    days: int

    @classmethod
    def of(cls, settings: ConfigSettings) -> "Rule | None":
        """The rule of the settings; None where retention is off."""
        if settings.retention_versions is None or settings.retention_days is None:
            return None
        return cls(settings.retention_versions, settings.retention_days)


class _Document(NamedTuple):
    domain: str
    config_type: str
    removable: int


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """How many versions of a tenant were removed, or would be: of its documents, and of its part of the mapping."""

    tenant_id: str
    versions: int
    mappings: int


@asynccontextmanager
async def alone(database: Database) -> AsyncIterator[bool]:
    """Be the one process that removes; false where another one is. The lock ends with the connection."""
    connection = await database.dedicated_connection()
    try:
        yield await connection.fetchval("SELECT pg_try_advisory_lock(hashtext('sprintia.config.retention'))")
    finally:
        connection.terminate()


async def remove_all(
    database: Database, rule: Rule, actor: str, tenants: Iterable[str] | None = None, *, dry_run: bool = False
) -> AsyncIterator[Removed]:
    """Remove what the rule allows, tenant by tenant (of all, unless some are named); gives those with something."""
    async for tenant_id in _each(tenants) if tenants is not None else _tenants(database):
        work = _Tenant(database, rule, actor, tenant_id)
        removed = await (work.count() if dry_run else work.remove())
        if removed.versions or removed.mappings:
            yield removed


class _Tenant:
    """One tenant's turn."""

    def __init__(self, database: Database, rule: Rule, actor: str, tenant_id: str) -> None:
        self._database = database
        self._rule = rule
        self._actor = actor
        self._tenant_id = tenant_id

    async def count(self) -> Removed:
        versions = sum([document.removable async for page in self._old_documents(None) for document in page])
        async with self._database.transaction(SCHEMA, [self._tenant_id], read_only=True) as connection:
            timeout = await _allow_to_count(connection)
            mappings: int = await connection.fetchval(
                "SELECT count(*) FROM config.removable_mappings($1, $2, $3, NULL)",
                self._tenant_id, self._rule.versions, self._rule.days, timeout=timeout,
            )  # fmt: skip
        return Removed(tenant_id=self._tenant_id, versions=versions, mappings=mappings)

    async def remove(self) -> Removed:
        versions = mappings = 0
        async for page in self._old_documents(1):
            waiting = deque(page)
            while waiting:
                versions += await self._remove_versions(waiting)
        while removed := await self._remove_mappings():
            mappings += removed
        return Removed(tenant_id=self._tenant_id, versions=versions, mappings=mappings)

    async def _old_documents(self, most: int | None) -> AsyncIterator[list[_Document]]:
        """The documents with versions to remove, some at a time; counts up to `most` versions of each."""
        after = ("", "")
        while True:
            async with self._turn(read_only=True) as connection:
                timeout = None if most else await _allow_to_count(connection)
                rows = await connection.fetch(
                    _OLD_DOCUMENTS, self._tenant_id, self._rule.versions, self._rule.days, most, *after,
                    _DOCUMENTS_AT_ONCE, timeout=timeout,
                )  # fmt: skip
            yield [_Document(*row) for row in rows if row["removable"]]
            if len(rows) < _DOCUMENTS_AT_ONCE:
                return
            after = (rows[-1]["domain"], rows[-1]["config_type"])

    async def _remove_versions(self, waiting: deque[_Document]) -> int:
        """Remove up to `BATCH` versions; takes out of `waiting` what is done."""
        total = 0
        async with self._turn() as connection:
            while waiting and total < BATCH:
                limit = BATCH - total
                count: int = await connection.fetchval(
                    "SELECT config.remove_versions($1, $2, $3, $4, $5, $6)",
                    self._tenant_id, waiting[0].domain, waiting[0].config_type, self._rule.versions, self._rule.days,
                    limit,
                )  # fmt: skip
                total += count
                if count < limit:
                    waiting.popleft()
            await self._audit(connection, versions=total)
        return total

    async def _remove_mappings(self) -> int:
        async with self._turn() as connection:
            count: int = await connection.fetchval(
                "SELECT config.remove_mappings($1, $2, $3, $4)",
                self._tenant_id, self._rule.versions, self._rule.days, BATCH,
            )  # fmt: skip
            await self._audit(connection, mappings=count)
        return count

    async def _audit(self, connection: Connection, **counts: int) -> None:
        # Last in the transaction: it locks the tenant's chain, which every writer of the tenant needs too.
        if any(counts.values()):
            await append_audit(
                connection, tenant=self._tenant_id, actor=self._actor, action="retention.removed", target="history",
                detail={**counts, "kept_versions": self._rule.versions, "kept_days": self._rule.days},
            )  # fmt: skip

    @asynccontextmanager
    async def _turn(self, *, read_only: bool = False) -> AsyncIterator[Connection]:
        """A transaction, and a rest as long as it took: retention must not take the database from those who serve."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        async with self._database.transaction(SCHEMA, [self._tenant_id], read_only=read_only) as connection:
            yield connection
        await asyncio.sleep(loop.time() - started)


async def _allow_to_count(connection: Connection) -> float:
    """Give the statements of this transaction more time: whoever counts everything waits for it, and nobody else."""
    await connection.execute(f"SET LOCAL statement_timeout = '{_COUNTING_SECONDS}s'")
    return _COUNTING_SECONDS + 1.0


async def _tenants(database: Database) -> AsyncIterator[str]:
    after = ""
    while True:
        async with database.transaction(SCHEMA, "*", read_only=True) as connection:
            rows = await connection.fetch(
                "SELECT tenant_id FROM config.tenant WHERE tenant_id > $1 ORDER BY tenant_id LIMIT $2",
                after, _TENANTS_AT_ONCE,
            )  # fmt: skip
        for row in rows:
            yield row["tenant_id"]
        if len(rows) < _TENANTS_AT_ONCE:
            return
        after = rows[-1]["tenant_id"]


async def _each(tenants: Iterable[str]) -> AsyncIterator[str]:
    for tenant_id in tenants:
        yield tenant_id
