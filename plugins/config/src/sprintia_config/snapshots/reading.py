"""Read what stands of a tenant, at one revision: wholly, or what came after a revision that is held."""

from typing import NamedTuple

from sprintia_config.documents.versions import COLUMNS, Version
from sprintia_config.mapping.store import MappingVersion
from sprintia_config.timeline.revisions import mapping_at
from sprintia_platform.database.connections import Connection

# What is sealed stays where it is: whoever may see it is answered from the database. That it is there must be known.
_COLUMNS = ", ".join(
    "CASE WHEN v.sealed_source IS NOT NULL THEN ''::bytea END AS sealed_source"
    if name == "sealed_source"
    else f"v.{name}"
    for name in COLUMNS.split(", ")
)
# Left of this join stands the tenant, so that its revision comes from the same snapshot as its documents.
_CHANGED = (
    f"SELECT t.revision AS tenant_revision, {_COLUMNS} FROM config.tenant t LEFT JOIN (config.document d "
    "JOIN config.document_version v USING (tenant_id, domain, config_type, version)) "
    "ON d.tenant_id = t.tenant_id AND v.revision > $2 WHERE t.tenant_id = $1"
)
_SIZE = (
    "SELECT coalesce(sum(coalesce(octet_length(v.source), 0) + coalesce(octet_length(v.view), 0)), 0) "
    "FROM config.document d JOIN config.document_version v USING (tenant_id, domain, config_type, version) "
    "WHERE d.tenant_id = $1"
)


class Changed(NamedTuple):
    """The heads that are newer than a revision, tombstones included, and the mapping, as of the tenant's revision."""

    revision: int
    heads: list[Version]
    mapping: MappingVersion | None


async def read_changed(connection: Connection, tenant_id: str, since: int) -> Changed:
    """Read what stands and came after revision `since`, 0 for all; nothing at revision 0 of a tenant that never was."""
    rows = await connection.fetch(_CHANGED, tenant_id, since)
    revision: int = rows[0]["tenant_revision"] if rows else 0
    columns = [{name: value for name, value in row.items() if name != "tenant_revision"} for row in rows]
    heads = [Version(**values) for values in columns if values["version"] is not None]
    # Versions of the mapping never change: what stood at a revision is the same whenever it is asked.
    return Changed(revision, heads, await mapping_at(connection, tenant_id, revision))


async def read_size(connection: Connection, tenant_id: str) -> int:
    """The bytes of all that stands of a tenant."""
    size: int = await connection.fetchval(_SIZE, tenant_id)
    return size
