"""`/config/values`: what stands at one place of every document that has it."""

from typing import Annotated, NamedTuple

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from sprintia_config.contents.content import read_view
from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.documents.representation import moment
from sprintia_config.models import SCHEMA
from sprintia_config.timeline.overview import ESCAPED
from sprintia_platform import Caller, Problem, requires
from sprintia_platform.content.values import Json, to_json
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
    """A page, in order of tenant, domain and type; `next`, when not null, is the `after` of the next page."""

    items: list[ValueItem]
    next: str | None


class Asked(NamedTuple):
    """Which values are asked for: of all documents in reach, unless something is named."""

    pointer: str
    config_type: str | None = None
    domain: str | None = None
    tenant: str | None = None
    text: str = ""


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
    steps = _steps(asked.pointer)
    values: list[object] = [steps]
    conditions = ["NOT v.deleted", "v.view::json #> $1 IS NOT NULL"]
    position = _position(after)
    for condition, value in (
        ("d.config_type = {}", asked.config_type), ("d.domain = {}", asked.domain), ("d.tenant_id = {}", asked.tenant),
        ("d.tenant_id ILIKE {}", f"%{asked.text.translate(ESCAPED)}%" if asked.text else None),
    ):  # fmt: skip
        if value is not None:
            values.append(value)
            conditions.append(condition.format(f"${len(values)}"))
    if position is not None:
        values += position
        conditions.append(
            f"(d.tenant_id, d.domain, d.config_type) > (${len(values) - 2}, ${len(values) - 1}, ${len(values)})"
        )
    # json and not jsonb, which has no place for numbers such as 1e400000.
    async with database.transaction(SCHEMA, scope, read_only=True) as connection:
        rows = await connection.fetch(
            "SELECT tenant_id, domain, config_type, version, v.view, v.created_at FROM config.document d "
            "JOIN config.document_version v USING (tenant_id, domain, config_type, version) "
            f"WHERE {' AND '.join(conditions)} ORDER BY tenant_id, domain, config_type LIMIT ${len(values) + 1}",
            *values, limit + 1,
        )  # fmt: skip
    items = [
        ValueItem(
            tenant_id=row["tenant_id"], domain=row["domain"], config_type=row["config_type"], version=row["version"],
            updated_at=moment(row["created_at"]), value=msgspec.Raw(_at(row["view"], steps).encode()),
        )
        for row in rows[:limit]
    ]  # fmt: skip
    last = items[-1] if len(rows) > limit else None
    return Values(items=items, next=write_cursor([last.tenant_id, last.domain, last.config_type]) if last else None)


def _steps(pointer: str) -> list[str]:
    steps = pointer.split("/")[1:]
    well_formed = pointer == "" or pointer.startswith("/")
    if not well_formed or "\0" in pointer or len(steps) > _MOST_STEPS or any(_is_odd(step) for step in steps):
        raise Problem(PARAMETER_INVALID, names="pointer")
    return [step.replace("~1", "/").replace("~0", "~") for step in steps]


def _is_odd(step: str) -> bool:
    # PostgreSQL would count from the end of a list for -1, which RFC 6901 does not know.
    return "~" in step.replace("~0", "").replace("~1", "") or (step[:1] == "-" and step[1:].isdigit())


def _position(after: str | None) -> DocumentKey | None:
    if after is None:
        return None
    position = read_cursor(after, "after")
    if len(position) != len(DocumentKey._fields) or not all(isinstance(part, str) for part in position):
        raise Problem(PARAMETER_INVALID, names="after")
    key = DocumentKey(*position)
    check_identifiers(**key._asdict())
    return key


def _at(view: str, steps: list[str]) -> str:
    """The value as it stands in the view, which PostgreSQL found to have it."""
    value: Json = read_view(view)
    for step in steps:
        if isinstance(value, dict):
            value = value[step]
        elif isinstance(value, list):
            value = value[int(step)]
    return to_json(value)
