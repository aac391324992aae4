"""`/config/values`: what stands at one place of every document that has it."""

from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from sprintia_config.contents.identifiers import check_identifiers, is_text
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.documents.representation import moment
from sprintia_config.models import SCHEMA
from sprintia_config.search.at_pointer import Asked, read_values
from sprintia_platform import Caller, Problem, requires
from sprintia_platform.content.pointers import parse_pointer
from sprintia_platform.database.connections import Database
from sprintia_platform.http.paging import read_cursor, write_cursor
from sprintia_platform.http.problems import PARAMETER_INVALID

_LONGEST_POINTER = 500
_MOST_STEPS = 64


class ValueItem(msgspec.Struct, frozen=True, kw_only=True):
    """What stands at the pointer in one document; secrets in it are masks."""

    tenant_id: str
    domain: str
    config_type: str
    version: int
    updated_at: str
    value: msgspec.Raw


class Values(msgspec.Struct, frozen=True, kw_only=True):
    """A page, in order of tenant, domain and type; `next`, when not null, is the `after` of the next page.

    A page that takes too long to read ends early, and may even be empty: the next goes on.
    """

    items: list[ValueItem]
    next: str | None


@get("/config/values", guards=[requires("config:read")], tags=["search"])
async def list_values(
    pointer: Annotated[str, QueryParameter(max_length=_LONGEST_POINTER)], database: NamedDependency[Database],
    caller: NamedDependency[Caller], config_type: Annotated[str | None, QueryParameter(name="type")] = None,
    domain: FromQuery[str | None] = None, tenant: FromQuery[str | None] = None,
    q: Annotated[str, QueryParameter(max_length=128)] = "", after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> Values:  # fmt: skip
    """Read the value at a JSON pointer (RFC 6901) in each document that stands and has it.

    `q` is a part of the tenant's id. Secrets are masks, whatever the caller's rights.
    """
    return await values_of(database, caller, Asked(pointer, config_type, domain, tenant, q), after, limit)


HANDLERS = (list_values,)


async def values_of(database: Database, caller: Caller, asked: Asked, after: str | None, limit: int) -> Values:
    """Read a page of values.

    Raises:
        Problem: 404 for a tenant out of reach; 422 for what is no pointer, no identifier, or no cursor of this list.
    """
    given = {"type": asked.config_type, "domain": asked.domain, "tenant": asked.tenant}
    check_identifiers(**{name: text for name, text in given.items() if text is not None})
    if asked.tenant is not None:
        caller.require_tenant(asked.tenant)
    scope = caller.scope if asked.tenant is None else [asked.tenant]
    steps, position = _steps(asked.pointer), _position(after)
    if not is_text(asked.text):
        raise Problem(PARAMETER_INVALID, names="q")
    async with database.transaction(SCHEMA, scope, read_only=True) as connection:
        found = await read_values(connection, asked, steps, position, limit)
    items = [
        ValueItem(
            tenant_id=row["tenant_id"], domain=row["domain"], config_type=row["config_type"], version=row["version"],
            updated_at=moment(row["created_at"]), value=msgspec.Raw(row["value"].encode()),
        )
        for row in found.rows
    ]  # fmt: skip
    return Values(items=items, next=write_cursor(list(found.reached)) if found.reached else None)


def _steps(pointer: str) -> tuple[str, ...]:
    try:
        steps = parse_pointer(pointer)
    except ValueError:
        steps = None
    if steps is None or len(steps) > _MOST_STEPS or not is_text(pointer):
        raise Problem(PARAMETER_INVALID, names="pointer")
    return steps


def _position(after: str | None) -> DocumentKey | None:
    if after is None:
        return None
    position = read_cursor(after, "after")
    if len(position) != len(DocumentKey._fields) or not all(isinstance(part, str) for part in position):
        raise Problem(PARAMETER_INVALID, names="after")
    key = DocumentKey(*position)
    check_identifiers(**key._asdict())
    return key
