"""The statements of the search.

`config.head_search` holds the text of each head, written in the statement that writes the version. Building trigrams
costs a hundred times as much as the row (2.4 ms against 0.14 for 3 KB, measured), so no writer pays for it: a new text
stands with `indexed = false`, outside of the partial trigram index, and a task moves it in afterwards. A search looks
into both parts, so that it misses nothing at any time.

The role that serves requests cannot use the index itself: LIKE is not leakproof, so PostgreSQL evaluates it only after
row-level security. `config.search_heads` runs as the owner of the tables and filters by the tenants of the transaction
itself; where the owner is bound by row-level security too, both filters hold and heads are read one by one.
"""

from typing import NamedTuple

from sprintia_config.contents.keys import DocumentKey
from sprintia_config.contents.patterns import holding
from sprintia_platform.database.connections import Connection

INDEXED_AT_ONCE = 20
"""Few enough that a writer of one of these documents waits for milliseconds."""


class Wanted(NamedTuple):
    """What is searched: a normalised text, and where."""

    text: str
    tenant: str | None
    domain: str | None
    config_type: str | None


async def find_candidates(
    connection: Connection, wanted: Wanted, after: DocumentKey | None, limit: int
) -> list[DocumentKey]:
    """Heads whose text holds the wanted one, in order of their keys, those after `after` alone."""
    rows = await connection.fetch(
        "SELECT * FROM config.search_heads($1, $2, $3, $4, $5, $6, $7, $8)",
        holding(wanted.text), wanted.tenant, wanted.domain, wanted.config_type,
        *(after or (None, None, None)), limit,
    )  # fmt: skip
    return [DocumentKey(row["tenant_id"], row["domain"], row["config_type"]) for row in rows]


async def index_some(connection: Connection) -> int:
    """Move some new texts into the trigram index, within a transaction over all tenants; returns how many."""
    done: str = await connection.execute(
        "UPDATE config.head_search SET indexed = true WHERE (tenant_id, domain, config_type) IN ("
        "SELECT tenant_id, domain, config_type FROM config.head_search WHERE NOT indexed LIMIT $1 "
        "FOR UPDATE SKIP LOCKED)",
        INDEXED_AT_ONCE,
    )
    return int(done.rpartition(" ")[2])
