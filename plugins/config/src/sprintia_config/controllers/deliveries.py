"""`/config/deliveries`: what came in and what became of it; and a delivery that was not taken, once more."""

from collections.abc import Sequence
from typing import Literal

import asyncpg
import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from sprintia_config import problems
from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.controllers.intake import delivery_of, language_of, to_response
from sprintia_config.deliveries.listing import DELIVERIES, LARGEST, MOST_REVISIONS, OF_REVISIONS, newest
from sprintia_config.deliveries.replaying import Replayed, replay
from sprintia_config.documents.representation import moment
from sprintia_config.models import SCHEMA
from sprintia_config.schemas.quarantine import read_kept
from sprintia_config.writing import Writer
from sprintia_platform import Caller, Problem, requires
from sprintia_platform.database.connections import Database, Tenants
from sprintia_platform.http.languages import Language
from sprintia_platform.http.paging import Before, Limit
from sprintia_platform.http.problems import PARAMETER_INVALID
from sprintia_platform.http.requests import StrictRequest

REPLAY_ROUTE = "POST /config/deliveries/replay"
Outcome = Literal["applied", "identical", "superseded", "quarantined", "refused"]


class DeliveryItem(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery, and what became of it.

    Attributes:
        outcome: applied, identical, superseded, quarantined (kept and not live) or refused.
        reason: why it was refused.
        faults: what does not meet the schema: of one in quarantine, or of one that was applied with a warning; or what
            else it was refused for.
        replayable: whether its body is kept, and no replay of it was taken yet.
        replay_of: the delivery that it is a replay of.
        replayed_by: the replay of it that was taken.
        person: for whom its sender asked, where a person did it.
    """

    id: int
    tenant_id: str
    sender: str
    delivery_id: str | None
    route: str
    event: str | None
    outcome: str
    status: int
    reason: str | None
    revision: int | None
    received_at: str
    faults: list[dict[str, str]]
    replayable: bool
    replay_of: int | None
    replayed_by: int | None
    person: str | None


@get("/config/deliveries", guards=[requires("config:read")], tags=["deliveries"])
async def list_deliveries(
    request: StrictRequest, database: NamedDependency[Database], caller: NamedDependency[Caller],
    tenant: FromQuery[str | None] = None, outcome: FromQuery[Outcome | None] = None, limit: Limit = 100,
    before: Before = None, people: FromQuery[bool] = True, revision: FromQuery[list[int] | None] = None,
) -> list[DeliveryItem]:  # fmt: skip
    """List what came in, newest first, and what became of it; `before` is the id that the page before ended with.

    `revision`, given up to 200 times with `tenant`, lists those that made these revisions.

    Refused deliveries that named no tenant are listed for keys that reach every tenant. `people=false` leaves out what
    persons wrote, and lists their replays all the same.
    """
    language = language_of(request)
    return await deliveries_of(
        database, caller, tenant, outcome, before, limit, language, people=people, revisions=revision
    )


@get("/config/deliveries/{tenant:str}/{delivery:int}", guards=[requires("config:read")], tags=["deliveries"])
async def read_delivery(
    request: StrictRequest, tenant: FromPath[str], delivery: FromPath[int], database: NamedDependency[Database],
    caller: NamedDependency[Caller],
) -> DeliveryItem:  # fmt: skip
    """Read what became of one delivery."""
    return await delivery_named(database, caller, tenant, delivery, language_of(request))


async def deliveries_of(
    database: Database, caller: Caller, tenant: str | None, outcome: str | None, before: int | None, limit: int,
    language: Language, *, people: bool = True, revisions: Sequence[int] | None = None,
) -> list[DeliveryItem]:  # fmt: skip
    """List deliveries of the tenants that the caller reaches.

    Raises:
        Problem: 404 for a tenant out of reach; 422 for revisions without their tenant, too many, or out of range.
    """
    if revisions is not None and tenant is None:
        raise Problem(PARAMETER_INVALID, names="tenant")
    if revisions and (len(revisions) > MOST_REVISIONS or not 0 <= min(revisions) <= max(revisions) <= LARGEST):
        raise Problem(PARAMETER_INVALID, names="revision")
    if tenant is not None:
        check_identifiers(tenant=tenant)
        caller.require_tenant(tenant)
    scope: Tenants = caller.scope if tenant is None else [tenant]
    statement, values = (
        newest(scope, outcome, before, limit, people=people)
        if revisions is None
        else (OF_REVISIONS, (tenant, revisions, outcome, LARGEST if before is None else before, limit, people))
    )
    async with database.transaction(SCHEMA, scope, read_only=True) as connection:
        rows = await connection.fetch(statement, *values)
    return [_item(row, language) for row in rows]


async def delivery_named(
    database: Database, caller: Caller, tenant: str, number: int, language: Language
) -> DeliveryItem:
    """Read one delivery.

    Raises:
        Problem: 404 when there is none within reach.
    """
    check_identifiers(tenant=tenant)
    caller.require_tenant(tenant)
    row = None
    if 0 <= number <= LARGEST:
        async with database.transaction(SCHEMA, [tenant], read_only=True) as connection:
            row = await connection.fetchrow(f"{DELIVERIES} WHERE d.tenant_id = $1 AND d.id = $2", tenant, number)
    if row is None:
        raise Problem(problems.DELIVERY_NOT_FOUND, tenant=tenant, delivery=number)
    return _item(row, language)


def _item(row: asyncpg.Record, language: Language) -> DeliveryItem:
    return DeliveryItem(**{
        **dict(row.items()), "received_at": moment(row["received_at"]),
        "faults": [fault.show(language) for fault in read_kept(row["faults"])],
    })  # fmt: skip


@post(
    "/config/deliveries/{tenant:str}/{delivery:int}/replay", guards=[requires()], tags=["deliveries"], status_code=200
)
async def replay_delivery(
    request: StrictRequest, tenant: FromPath[str], delivery: FromPath[int], database: NamedDependency[Database],
    writer: NamedDependency[Writer], caller: NamedDependency[Caller], dry_run: FromQuery[bool] = False,
) -> Response[Replayed]:  # fmt: skip
    """Run the body of a delivery once more through the services of its route; needs the right that the route asks for.

    The schema may have been mended since, or the conflict be gone. `?dry_run=true` does it and undoes it, and tells
    what would change. A delivery that is refused again is answered 200 too, with that outcome; `If-Match` of the
    original does not count.
    """
    check_identifiers(tenant=tenant)
    caller.require_tenant(tenant)
    if not caller.has("mapping:write"):
        caller.require("config:write")  # who may write nothing is not told which deliveries there are
    named = delivery_of(request, caller, await request.body(), route=REPLAY_ROUTE)
    return to_response(await replay(database, writer, caller, tenant, delivery, named, dry_run=dry_run))


HANDLERS = (list_deliveries, read_delivery, replay_delivery)
