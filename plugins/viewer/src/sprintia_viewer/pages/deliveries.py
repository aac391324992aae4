"""`/viewer/deliveries`: what came in, and what became of it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, get_args
from typing import Literal as OneOf

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from sprintia_config_client import errors
from sprintia_config_client.contract import Change, Delivery
from sprintia_viewer.parts import ConfigService, Parts
from sprintia_viewer.web import links
from sprintia_viewer.web.failures import refusal_of
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.tables_out import MOST_ROWS, Format, csv_answer
from sprintia_viewer.web.visits import Visit

_PAGE = 50
_LARGEST = 2**63 - 1
_CSV_PAGE = 1_000
_NEWEST = 20

Text = Annotated[str, QueryParameter(max_length=200)]
Before = Annotated[int | None, QueryParameter(ge=0, le=_LARGEST)]
Outcome = OneOf["applied", "identical", "superseded", "quarantined", "refused"]
OUTCOMES = get_args(Outcome)
_COLUMNS = (
    "id", "tenant_id", "received_at", "sender", "person", "delivery_id", "route", "event", "outcome", "status",
    "reason", "revision", "replayable", "replay_of",
)  # fmt: skip


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries are asked for."""

    tenant: str
    outcome: str
    people: bool

    @property
    def query(self) -> dict[str, str]:
        return {"tenant": self.tenant, "outcome": self.outcome, "people": "true" if self.people else ""}


class ShownDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery, and who sent it: a person by name, a key by what people called it, where that is known here."""

    delivery: Delivery
    sender_name: str | None


class DeliveryList(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries, newest first, of the tenants in reach; with what people wrote, when `people` asks for it."""

    tenant: str
    outcome: str
    people: bool
    deliveries: list[ShownDelivery]
    older: str | None
    newest: str | None
    file: str
    refusal: str | None = None


class DeliveryPage(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery.

    Attributes:
        made: what it changed; None where retention has passed that.
        replays: those of the tenant's newest deliveries that are replays of it.
    """

    shown: ShownDelivery
    made: list[Change] | None
    replays: list[Delivery]


@get("/viewer/deliveries", guards=[signed_in()])
async def list_deliveries(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], tenant: Text = "", outcome: Text = "",
    people: FromQuery[bool] = False, before: Before = None,
    file: Format = "",
) -> Response[bytes]:  # fmt: skip
    """List what came in, newest first; `?format=csv` as a file."""
    wanted = Wanted(tenant=tenant.strip(), outcome=outcome if outcome in OUTCOMES else "", people=people)
    if file == "csv":
        rows = [[getattr(each, name) for name in _COLUMNS] async for each in _every(visit.config, wanted)]
        return csv_answer("deliveries", _COLUMNS, rows[:MOST_ROWS], complete=len(rows) <= MOST_ROWS)
    found: list[Delivery] = []
    refusal = None
    try:
        found = list(await _deliveries(visit.config, wanted, before=before, limit=_PAGE + 1))
    except errors.NotFound:  # a tenant out of reach looks like one to which nothing came
        pass
    except errors.Invalid as error:
        refusal = refusal_of(error, visit.told_in)
    names = await parts.key_names()
    page = DeliveryList(
        **msgspec.structs.asdict(wanted), deliveries=[_shown(each, names) for each in found[:_PAGE]], refusal=refusal,
        older=links.deliveries(**wanted.query, before=found[_PAGE - 1].id) if len(found) > _PAGE else None,
        newest=links.deliveries(**wanted.query) if before else None,
        file=links.deliveries(**wanted.query, format="csv"),
    )  # fmt: skip
    return await visit.page("deliveries.html", page, status=422 if refusal else 200)


@get("/viewer/deliveries/{tenant:str}/{number:int}", guards=[signed_in()])
async def show_delivery(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], tenant: FromPath[str], number: FromPath[int]
) -> Response[bytes]:
    """Show a delivery, and what became of it."""
    config = visit.config
    delivery = await config.delivery(tenant, number)
    names, made, newest = await asyncio.gather(
        parts.key_names(), _made(config, delivery), config.deliveries(tenant=tenant, limit=_NEWEST)
    )
    page = DeliveryPage(
        shown=_shown(delivery, names), made=made, replays=[each for each in newest if each.replay_of == number]
    )
    return await visit.page("delivery.html", page)


HANDLERS = (list_deliveries, show_delivery)


async def _deliveries(config: ConfigService, wanted: Wanted, before: int | None, limit: int) -> tuple[Delivery, ...]:
    return await config.deliveries(
        tenant=wanted.tenant or None, outcome=wanted.outcome or None, people=wanted.people, before=before, limit=limit
    )


async def _every(config: ConfigService, wanted: Wanted) -> AsyncIterator[Delivery]:
    """All of them, newest first, up to a few more than a file may have."""
    before = None
    for _ in range(MOST_ROWS // _CSV_PAGE + 1):
        found = await _deliveries(config, wanted, before, _CSV_PAGE)
        for each in found:
            yield each
        if len(found) < _CSV_PAGE:
            return
        before = found[-1].id


def _shown(delivery: Delivery, names: Mapping[str, str]) -> ShownDelivery:
    return ShownDelivery(delivery=delivery, sender_name=delivery.person or names.get(delivery.sender))


async def _made(config: ConfigService, delivery: Delivery) -> list[Change] | None:
    if delivery.revision is None or delivery.outcome != "applied":
        return []
    try:
        found = await config.changes(delivery.tenant_id, max(0, delivery.revision - 1), limit=_NEWEST)
    except errors.Gone:
        return None
    return [change for change in found.changes if change.revision == delivery.revision]
