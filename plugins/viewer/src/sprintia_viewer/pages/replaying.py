"""`/viewer/deliveries/{tenant}/{number}/replay`: send through once more what was not taken."""

import secrets
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from sprintia_config_client import errors
from sprintia_config_client.contract import Delivery, PlacedDifference, Replay
from sprintia_viewer.shown.mapping_changes import without_numbers
from sprintia_viewer.web import links
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.languages import marked
from sprintia_viewer.web.visits import Notice, Visit

_NEWEST = 20
_LONGEST_REASON = 300


class DocumentChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What would differ in one document; in the mapping, where domain and type are None."""

    domain: str | None
    config_type: str | None
    changes: list[PlacedDifference]


class ReplayPage(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay would do; without `replay`, `refusal` says why there can be none.

    Attributes:
        documents: what would differ, by document; the mapping comes last.
        attempt: names the replay: sent twice, it happens once.
    """

    delivery: Delivery
    replay: Replay | None
    documents: list[DocumentChanges]
    attempt: str
    refusal: str | None = None


class ReplayForm(msgspec.Struct, frozen=True):
    """The replay that was looked at."""

    attempt: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$")]


@get("/viewer/deliveries/{tenant:str}/{number:int}/replay", guards=[signed_in("config:write")])
async def show_replay(visit: NamedDependency[Visit], tenant: FromPath[str], number: FromPath[int]) -> Response[bytes]:
    """Show what sending it through once more would change."""
    delivery = await visit.config.delivery(tenant, number)
    try:
        found = await visit.config.replay(tenant, number, dry_run=True)
    except errors.Conflict as error:
        return await _not_replayable(visit, delivery, error)
    page = ReplayPage(
        delivery=delivery, replay=msgspec.structs.replace(found, changes=()), documents=_by_document(found.changes),
        attempt=secrets.token_hex(16),
    )  # fmt: skip
    return await visit.page("replay.html", page)


@post("/viewer/deliveries/{tenant:str}/{number:int}/replay", guards=[signed_in("config:write")])
async def replay(visit: NamedDependency[Visit], tenant: FromPath[str], number: FromPath[int]) -> Response[bytes]:
    """Send it through once more, in the person's own name."""
    form = await visit.form(ReplayForm)
    config = visit.config
    delivery = await config.delivery(tenant, number)
    try:
        became = await config.replay(tenant, number, idempotency_key=f"viewer-{form.attempt}")
    except errors.Conflict as error:
        return await _not_replayable(visit, delivery, error)
    newest = await config.deliveries(tenant=tenant, limit=_NEWEST)
    recorded = next((each.id for each in newest if each.replay_of == number), number)
    return await visit.redirect(links.deliveries(tenant, recorded), _notice(became))


HANDLERS = (show_replay, replay)


def _by_document(changes: tuple[PlacedDifference, ...]) -> list[DocumentChanges]:
    found: dict[tuple[str | None, str | None], list[PlacedDifference]] = {}
    for change in changes:
        found.setdefault((change.domain, change.config_type), []).append(_masked(change))
    places = sorted(found, key=lambda place: (place[0] is None, place[0] or "", place[1] or ""))
    return [DocumentChanges(domain=place[0], config_type=place[1], changes=found[place]) for place in places]


def _masked(change: PlacedDifference) -> PlacedDifference:
    """In the mapping the special numbers are people's: their last digits alone are shown."""
    if change.domain is not None or (change.pointer and not change.pointer.startswith("/special_numbers")):
        return change
    old, new = (without_numbers(text) if text is not None else None for text in (change.old_text, change.new_text))
    return msgspec.structs.replace(change, old_text=old, new_text=new)


async def _not_replayable(visit: Visit, delivery: Delivery, error: errors.Conflict) -> Response[bytes]:
    page = ReplayPage(delivery=delivery, replay=None, documents=[], attempt="", refusal=error.detail)
    return await visit.page("replay.html", page, status=409)


def _notice(became: Replay) -> Notice:
    reason = {"reason": (became.reason or (became.faults[0].message if became.faults else ""))[:_LONGEST_REASON]}
    if became.outcome == "applied":
        return Notice("done", marked("The delivery was taken this time: it is in effect now."))
    if became.outcome == "identical":
        return Notice("done", marked("The delivery was taken; the same content stood already."))
    if became.outcome == "superseded":
        return Notice("warning", marked("Nothing changed: a newer delivery of the same sender had come before."))
    if became.outcome == "quarantined":
        told = marked("It was put into quarantine once more, and is not in effect: %(reason)s")
        return Notice("warning", told, reason)
    return Notice("error", marked("It was refused once more: %(reason)s"), reason)
