"""`/config/search`: find documents by ids, key paths and values."""

import asyncio
from typing import Annotated

import asyncpg
import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from sprintia_config import problems
from sprintia_config.contents.content import read_view
from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.documents.representation import moment
from sprintia_config.documents.versions import read_head
from sprintia_config.models import SCHEMA
from sprintia_config.search.store import Wanted, find_candidates
from sprintia_config.search.texts import Match, find_matches, normalised
from sprintia_platform import Caller, Problem, requires
from sprintia_platform.database.connections import Connection, Database
from sprintia_platform.http.paging import read_cursor, write_cursor
from sprintia_platform.http.problems import PARAMETER_INVALID

SHORTEST, LONGEST = 2, 200
MATCHES_SHOWN = 10
DATABASE_SECONDS = 2
# Looking for the places within documents takes microseconds each; a page of huge ones ends early, and the next goes on.
READING_SECONDS = 1.0

SearchText = Annotated[str, QueryParameter(min_length=1, max_length=LONGEST)]
SearchLimit = Annotated[int, QueryParameter(ge=1, le=100)]


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A document that holds the text.

    Attributes:
        in_ids: whether tenant, domain or type hold it.
        matches: where it stands in the document, the first places; secrets are masked, and only their names are found.
        more_matches: whether there are more places than are shown.
    """

    tenant_id: str
    domain: str
    config_type: str
    version: int
    updated_at: str
    in_ids: bool
    matches: list[Match]
    more_matches: bool


class Hits(msgspec.Struct, frozen=True, kw_only=True):
    """A page of hits, in order of tenant, domain and type; `next`, when not null, is the `after` of the next page."""

    hits: list[Hit]
    next: str | None


@get("/config/search", guards=[requires("config:read")], tags=["search"])
async def search(
    q: SearchText, database: NamedDependency[Database], caller: NamedDependency[Caller],
    tenant: FromQuery[str | None] = None, domain: FromQuery[str | None] = None,
    config_type: Annotated[str | None, QueryParameter(name="type")] = None, limit: SearchLimit = 20,
    after: FromQuery[str | None] = None,
) -> Hits:  # fmt: skip
    """Find the documents that stand and hold `q` (2 to 200 characters) in ids, key paths or values.

    Case and accents make no difference. Secrets are never searched: where one stands, its name is.
    """
    wanted = _wanted(q, tenant, domain, config_type)
    if tenant is not None:
        caller.require_tenant(tenant)
    scope = caller.scope if tenant is None else [tenant]
    async with database.transaction(SCHEMA, scope, read_only=True) as connection:
        keys = await _candidates(connection, wanted, _position(after), limit)
        hits, reached = await _look_into(connection, keys, wanted.text)
    more = reached is not None and (len(keys) == limit or reached != keys[-1])
    return Hits(hits=hits, next=write_cursor(list(reached)) if reached and more else None)


HANDLERS = (search,)


def _wanted(q: str, tenant: str | None, domain: str | None, config_type: str | None) -> Wanted:
    given = {"tenant": tenant, "domain": domain, "config_type": config_type}
    check_identifiers(**{name: value for name, value in given.items() if value is not None})
    wanted = normalised(q.strip())
    if len(wanted) < SHORTEST:
        raise Problem(problems.SEARCH_TOO_SHORT, shortest=SHORTEST)
    return Wanted(wanted, tenant, domain, config_type)


def _position(after: str | None) -> DocumentKey | None:
    if after is None:
        return None
    position = read_cursor(after, "after")
    if len(position) != len(DocumentKey._fields) or not all(isinstance(part, str) for part in position):
        raise Problem(PARAMETER_INVALID, names="after")
    key = DocumentKey(*position)
    check_identifiers(**key._asdict())
    return key


async def _candidates(
    connection: Connection, wanted: Wanted, after: DocumentKey | None, limit: int
) -> list[DocumentKey]:
    await connection.execute(f"SET LOCAL statement_timeout = '{DATABASE_SECONDS}s'")
    try:
        return await find_candidates(connection, wanted, after, limit)
    except asyncpg.QueryCanceledError:
        raise Problem(problems.SEARCH_TOO_BROAD, seconds=DATABASE_SECONDS) from None


async def _look_into(
    connection: Connection, keys: list[DocumentKey], text: str
) -> tuple[list[Hit], DocumentKey | None]:
    """Find the places in each candidate; returns the hits and the last candidate that was looked into."""
    hits: list[Hit] = []
    reached: DocumentKey | None = None
    deadline = asyncio.get_running_loop().time() + READING_SECONDS
    for key in keys:
        if reached is not None and asyncio.get_running_loop().time() > deadline:
            break
        reached = key
        if (hit := await _hit(connection, key, text)) is not None:
            hits.append(hit)
    return hits, reached


async def _hit(connection: Connection, key: DocumentKey, text: str) -> Hit | None:
    head = await read_head(connection, key)
    if head is None or head.deleted:
        return None
    view = read_view(head.view)
    matches = find_matches(view, text, MATCHES_SHOWN + 1)
    in_ids = text in normalised("/".join(key))
    if not matches and not in_ids:  # the text spans the end of a path and the value after it
        return None
    return Hit(
        tenant_id=key.tenant, domain=key.domain, config_type=key.config_type, version=head.version,
        updated_at=moment(head.created_at), in_ids=in_ids, matches=matches[:MATCHES_SHOWN],
        more_matches=len(matches) > MATCHES_SHOWN,
    )  # fmt: skip
