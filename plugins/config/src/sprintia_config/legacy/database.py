"""The replaced system's tables: `crew_configurations` and `chatwoot_mapping`.

Read in one snapshot, a few rows at a time. The order is that of time, and within a document that of its versions.
"""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg

from sprintia_config.legacy import ORIGIN
from sprintia_config.legacy.documents import Conversion
from sprintia_config.legacy.findings import Findings
from sprintia_config.legacy.mapping import MappingHistory, fits
from sprintia_config.transfer.lines import DocumentLine
from sprintia_config.transfer.taking import Numbered
from sprintia_platform.content.errors import ContentError
from sprintia_platform.content.json_reader import read_json
from sprintia_platform.content.values import Json
from sprintia_platform.database.connections import Connection

DOCUMENTS, MAPPING = "crew_configurations", "chatwoot_mapping"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ROWS_AT_ONCE = 50

# A document's versions must ascend, and its times may not: each version counts as no earlier than the one before it.
_ROWS = """
    SELECT id, domain, config_type, version, yaml_content, json_data::text AS view,
        coalesce(created_at, updated_at) AS created_at, updated_at > created_at AS changed,
        max(coalesce(created_at, updated_at)) OVER (
            PARTITION BY domain, config_type ORDER BY version NULLS LAST, id) AS place
    FROM crew_configurations WHERE tenant_id = $1
    ORDER BY place NULLS FIRST, domain, config_type, version NULLS LAST, id
"""


class LegacyDatabase:
    """The tables as they are at one moment; a connection within a transaction."""

    def __init__(self, connection: Connection, conversion: Conversion, findings: Findings) -> None:
        self._connection = connection
        self._conversion = conversion
        self._findings = findings
        self._mapping = MappingHistory(findings)
        self._has_documents = False

    async def open(self) -> bool:
        """Read the mapping's history; False when there are none of the tables."""
        found = await self._connection.fetchrow(
            "SELECT to_regclass($1) IS NOT NULL AS documents, to_regclass($2) IS NOT NULL AS mapping",
            DOCUMENTS, MAPPING,
        )  # fmt: skip
        self._has_documents = bool(found and found["documents"])
        if found and found["mapping"]:
            await self._read_mapping()
        if self._has_documents:
            await self._note_split_tenants()
        return bool(found and (found["documents"] or found["mapping"]))

    async def tenants(self) -> list["LegacyTenant"]:
        """Every tenant whose id can be kept."""
        names = set(self._mapping.lines)
        if self._has_documents:
            rows = await self._connection.fetch(
                "SELECT tenant_id, count(*) AS rows FROM crew_configurations GROUP BY 1 ORDER BY 1"
            )
            for row in rows:
                if fits(self._findings, f"{DOCUMENTS}, {row['rows']} row(s)", tenant_id=row["tenant_id"]):
                    names.add(row["tenant_id"])
        return [LegacyTenant(self, name) for name in sorted(names)]

    def has_mapping(self, tenant_id: str) -> bool:
        return tenant_id in self._mapping.lines

    def place_of(self, number: int) -> str:
        """Which row a line came from."""
        return f"{MAPPING if number % 2 else DOCUMENTS} #{number // 2}"

    async def lines_of(self, tenant_id: str) -> AsyncIterator[Numbered]:
        """The tenant's versions, documents and mapping merged by time; each row is a revision of its own."""
        slices = iter(self._mapping.lines.get(tenant_id, ()))
        following = next(slices, None)
        async for number, line in self._documents(tenant_id):
            while following is not None and following[1].created_at < line.created_at:
                yield following
                following = next(slices, None)
            yield number, line
        while following is not None:
            yield following
            following = next(slices, None)

    async def _documents(self, tenant_id: str) -> AsyncIterator[tuple[int, DocumentLine]]:
        if not self._has_documents:
            return
        last: dict[tuple[str, str], int] = {}
        async for row in self._connection.cursor(_ROWS, tenant_id, prefetch=_ROWS_AT_ONCE):
            place = f"{DOCUMENTS} #{row['id']}"
            if not fits(self._findings, place, domain=row["domain"], config_type=row["config_type"]):
                continue
            document = f"{tenant_id}/{row['domain']}/{row['config_type']}"
            if row["changed"]:
                self._findings.note("changed_in_place", document, "a version was changed after it was written")
            before = last.get((row["domain"], row["config_type"]), 0)
            version = row["version"] or 0
            if version <= before:
                version = before + 1
                self._findings.note("renumbered", place, f"{document} version {version}")
            last[row["domain"], row["config_type"]] = version
            source = self._conversion.convert(
                row["yaml_content"], row["config_type"], _view(row["view"]), place, document
            )
            if source is not None:
                yield row["id"] * 2, _line(tenant_id, row, version, source)

    async def _read_mapping(self) -> None:
        # By id: version numbers stand twice where two writers had raced, and times may be missing.
        latest = _EPOCH
        query = (
            "SELECT id, version, mapping_data::text AS data, coalesce(created_at, updated_at) AS at "
            "FROM chatwoot_mapping ORDER BY id"
        )
        async for row in self._connection.cursor(query, prefetch=_ROWS_AT_ONCE):
            latest = max(latest, row["at"] or latest)
            message = f"{MAPPING} #{row['id']}, version {row['version'] or '?'}"
            try:
                value = read_json(row["data"].encode())
            except ContentError as error:
                self._findings.note("mapping_left_out", message, error.message("en"))
                continue
            self._mapping.take(row["id"] * 2 + 1, value, latest, message)
        self._mapping.close()

    async def _note_split_tenants(self) -> None:
        rows = await self._connection.fetch(
            "SELECT tenant_id, config_type, string_agg(DISTINCT domain, ', ' ORDER BY domain) AS domains "
            "FROM crew_configurations GROUP BY 1, 2 HAVING count(DISTINCT domain) > 1 ORDER BY 1, 2"
        )
        for row in rows:
            self._findings.note("split", row["tenant_id"], f"{row['config_type']} in {row['domains']}")


class LegacyTenant:
    """One tenant of the tables, as a source of an import."""

    number = 0

    def __init__(self, database: LegacyDatabase, tenant_id: str) -> None:
        self._database = database
        self.tenant_id = tenant_id

    @property
    def has_mapping(self) -> bool:
        return self._database.has_mapping(self.tenant_id)

    def lines(self) -> AsyncIterator[Numbered]:
        return self._database.lines_of(self.tenant_id)


def _view(text: str) -> Json | None:
    try:
        return read_json(text.encode())
    except ContentError:
        return None  # larger than anything that is kept here: then the text is, too


def _line(tenant_id: str, row: asyncpg.Record, version: int, source: str) -> DocumentLine:
    return DocumentLine(
        tenant_id=tenant_id, domain=row["domain"], config_type=row["config_type"], version=version,
        revision=row["id"] * 2, media="yaml", source=source, digest=hashlib.sha256(source.encode()).hexdigest(),
        actor=ORIGIN, origin=ORIGIN, message=f"{DOCUMENTS} #{row['id']}", created_at=row["created_at"] or _EPOCH,
    )  # fmt: skip
