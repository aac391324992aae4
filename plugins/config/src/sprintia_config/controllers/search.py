"""`/config/search`: find documents by ids, key paths and values."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, NamedTuple

import asyncpg
import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from sprintia_config import problems
from sprintia_config.contents.content import read_view
from sprintia_config.contents.identifiers import check_identifiers, is_text
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.documents.representation import moment
from sprintia_config.documents.versions import read_head
from sprintia_config.models import SCHEMA
from sprintia_config.search.store import Wanted, find_candidates
from sprintia_config.search.texts import EVERYWHERE, Match, find_matches, normalised
from sprintia_platform import Caller, Problem, requires
from sprintia_platform.database.connections import Connection, Database
from sprintia_platform.http.paging import read_cursor, write_cursor
from sprintia_platform.http.problems import PARAMETER_INVALID

SHORTEST, LONGEST = 2, 200
MATCHES_SHOWN = 10
DATABASE_SECONDS = 2
# Looking for the places within documents takes microseconds each; a page of huge ones ends early, and the next goes on.
READING_SECONDS = 1.0

SearchText = Annotated[str | None, QueryParameter(max_length=LONGEST)]
SearchLimit = Annotated[int, QueryParameter(ge=1, le=100)]

_PLACES = {"q": EVERYWHERE, "path": frozenset({"path"}), "value": frozenset({"value"})}
"""Where each of the texts that may be given is looked for; `q` in the ids, too."""


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


class Query(NamedTuple):
    """What is searched: normalised texts by where they must stand, all of them in the same document."""

    texts: Mapping[str, str]
    tenant: str | None
    domain: str | None
    config_type: str | None

    @property
    def candidates(self) -> Wanted:
        """What PostgreSQL looks for: the longest text, which leaves the fewest."""
        return Wanted(max(self.texts.values(), key=len), self.tenant, self.domain, self.config_type)


@get("/config/search", guards=[requires("config:read")], tags=["search"])
async def search(
    database: NamedDependency[Database], caller: NamedDependency[Caller], q: SearchText = None,
    path: SearchText = None, value: SearchText = None, tenant: FromQuery[str | None] = None,
    domain: FromQuery[str | None] = None, config_type: Annotated[str | None, QueryParameter(name="type")] = None,
    limit: SearchLimit = 20, after: FromQuery[str | None] = None,
) -> Hits:  # fmt: skip
    """Find the documents that stand and hold `q` in ids, key paths or values, `path` in key paths, `value` in values.

    At least one of the three, of 2 to 200 characters each; all that are given must stand in the same document. Case and
    accents make no difference. Secrets are never searched: where one stands, its name is found by `q`.
    """
    query = read_query({"q": q, "path": path, "value": value}, tenant, domain, config_type)
    return await find(database, caller, query, limit, after)


def read_query(
    given: Mapping[str, str | None], tenant: str | None, domain: str | None, config_type: str | None
) -> Query:
    """Read what is searched.

    Raises:
        Problem: 422 for identifiers that are none, and for texts that are too short.
    """
    ids = {"tenant": tenant, "domain": domain, "config_type": config_type}
    check_identifiers(**{name: text for name, text in ids.items() if text is not None})
    texts = {name: normalised(text.strip()) for name, text in given.items() if text is not None}
    short = [name for name, text in texts.items() if len(text) < SHORTEST]
    if short or not texts:
        raise Problem(problems.SEARCH_TOO_SHORT, shortest=SHORTEST, names=", ".join(short) or "q, path, value")
    if not all(is_text(text) for text in texts.values()):
        raise Problem(PARAMETER_INVALID, names=", ".join(texts))
    return Query(texts, tenant, domain, config_type)


async def find(database: Database, caller: Caller, query: Query, limit: int, after: str | None) -> Hits:
    """Search the tenants that the caller reaches.

    Raises:
        Problem: 404 for a tenant out of reach, 422 for a search that takes too long.
    """
    if query.tenant is not None:
        caller.require_tenant(query.tenant)
    scope = caller.scope if query.tenant is None else [query.tenant]
    async with database.transaction(SCHEMA, scope, read_only=True) as connection:
        keys = await _candidates(connection, query.candidates, _position(after), limit)
        hits, reached = await _look_into(connection, keys, query.texts)
    more = reached is not None and (len(keys) == limit or reached != keys[-1])
    return Hits(hits=hits, next=write_cursor(list(reached)) if reached and more else None)


HANDLERS = (search,)


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
    connection: Connection, keys: list[DocumentKey], texts: Mapping[str, str]
) -> tuple[list[Hit], DocumentKey | None]:
    """Find the places in each candidate; returns the hits and the last candidate that was looked into."""
    hits: list[Hit] = []
    reached: DocumentKey | None = None
    deadline = asyncio.get_running_loop().time() + READING_SECONDS
    for key in keys:
        if reached is not None and asyncio.get_running_loop().time() > deadline:
            break
        reached = key
        if (hit := await _hit(connection, key, texts)) is not None:
            hits.append(hit)
    return hits, reached


async def _hit(connection: Connection, key: DocumentKey, texts: Mapping[str, str]) -> Hit | None:
    head = await read_head(connection, key)
    if head is None or head.deleted:
        return None
    view = read_view(head.view)
    in_ids = "q" in texts and texts["q"] in normalised("/".join(key))
    found: list[Match] = []
    for name, text in texts.items():
        matches = find_matches(view, text, MATCHES_SHOWN + 1, _PLACES[name])
        # The candidate's text may span the end of a path and the value after it, or stand where it was not asked for.
        if not matches and not (name == "q" and in_ids):
            return None
        found += [match for match in matches if match not in found]
    return Hit(
        tenant_id=key.tenant, domain=key.domain, config_type=key.config_type, version=head.version,
        updated_at=moment(head.created_at), in_ids=in_ids, matches=found[:MATCHES_SHOWN],
        more_matches=len(found) > MATCHES_SHOWN,
    )  # fmt: skip
