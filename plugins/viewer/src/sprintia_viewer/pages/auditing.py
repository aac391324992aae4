"""`/viewer/audit`: who did what, linked to what became of it."""

from collections.abc import Mapping
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from sprintia_platform import Problem
from sprintia_platform.audit.controllers import read_position
from sprintia_platform.audit.log import PLATFORM_CHAIN, AuditEntry, read_audit, read_audit_event
from sprintia_platform.database.connections import Connection
from sprintia_platform.http.paging import write_cursor
from sprintia_platform.http.problems import NOT_FOUND
from sprintia_viewer.accounts.users import User
from sprintia_viewer.parts import Parts
from sprintia_viewer.web import links
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.languages import marked
from sprintia_viewer.web.tables_out import MOST_ROWS, Format, csv_answer
from sprintia_viewer.web.visits import Visit

_PAGE = 50
_CHAIN = "-"  # how the chain of what belongs to no tenant is written in an address: `*` means other things there
_LARGEST = 2**63 - 1
_COLUMNS = ("at", "tenant_id", "seq", "actor", "action", "target", "request_id", "hash", "detail")
_CHANGING = frozenset({"document.write", "document.delete"})

Text = Annotated[str, QueryParameter(max_length=200)]


class ShownEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event, with the places that it leads to.

    Attributes:
        of_tenant: None for what belongs to the platform as a whole.
        detail: names, numbers and digests, in the order of the log.
        page: of the event itself.
        result: of the version that it made or read, where there is one.
        changes: of what that version changed, if it is of a document, and not its first.
    """

    event: AuditEntry
    of_tenant: str | None
    detail: dict[str, Any]
    page: str
    result: str | None
    changes: str | None


class AuditList(msgspec.Struct, frozen=True, kw_only=True):
    """Events, newest first, of the tenants in reach."""

    tenant: str
    actor: str
    action: str
    since: str
    until: str
    events: list[ShownEvent]
    older: str | None
    newest: str | None
    file: str
    faults: dict[str, str] = {}


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """One event, and its neighbours in the chain."""

    shown: ShownEvent
    previous: str | None
    following: str | None
    previous_hash: str | None


@get("/viewer/audit", guards=[signed_in("admin")])
async def list_audit(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], tenant: Text = "", actor: Text = "",
    action: Text = "", since: Text = "", until: Text = "",
    before: Annotated[str | None, QueryParameter(max_length=1_000)] = None,
    file: Format = "",
) -> Response[bytes]:  # fmt: skip
    """List what was done, newest first; `since` and `until` are days in the person's zone, both included.

    `?format=csv` as a file.
    """
    given = {"tenant": tenant, "actor": actor, "action": action, "since": since, "until": until}
    wanted = {name: text.strip() for name, text in given.items()}
    first, last_day = (_day(wanted[name]) for name in ("since", "until"))
    faults = {
        name: visit.told(marked("This is no day: write it as 2026-11-22."))
        for name, day in (("since", first), ("until", last_day)) if wanted[name] and day is None
    }  # fmt: skip
    tenants = [] if faults else _tenants(visit, wanted["tenant"])
    found: list[AuditEntry] = []
    most = MOST_ROWS if file == "csv" else _PAGE
    if tenants != []:
        async with parts.host.database.transaction("platform", "*", read_only=True) as connection:
            found = await read_audit(
                connection, tenants, before=read_position(before), limit=most + 1,
                actor=_actors(wanted["actor"], await parts.key_names()), action=wanted["action"] or None,
                since=_midnight(first, visit.zone), until=_midnight(last_day, visit.zone, days=1),
            )  # fmt: skip
    if file == "csv" and not faults:
        rows = [(*(getattr(event, name) for name in _COLUMNS[:-1]), bytes(event.detail).decode()) for event in found]
        return csv_answer("audit", _COLUMNS, rows[:MOST_ROWS], complete=len(rows) <= MOST_ROWS)
    events, rest = found[:_PAGE], found[_PAGE:]
    last = events[-1] if rest else None
    cursor = write_cursor([last.at.isoformat(), last.tenant_id, last.seq]) if last else None
    page = AuditList(
        **wanted, events=[_shown(event) for event in events],
        older=links.audit(**wanted, before=cursor) if cursor else None,
        newest=links.audit(**wanted) if before else None, file=links.audit(**wanted, format="csv"), faults=faults,
    )  # fmt: skip
    return await visit.page("audit.html", page, status=422 if faults else 200)


@get("/viewer/audit/{tenant:str}/{seq:int}", guards=[signed_in("admin")])
async def show_audit(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], tenant: FromPath[str], seq: FromPath[int]
) -> Response[bytes]:
    """Show one event, by its number in its chain."""
    chain = PLATFORM_CHAIN if tenant == _CHAIN else tenant
    async with parts.host.database.transaction("platform", "*", read_only=True) as connection:
        event = await _event(connection, visit.person, chain, seq)
        before = await _event(connection, visit.person, chain, seq - 1)
        after = await _event(connection, visit.person, chain, seq + 1)
    if event is None:
        raise Problem(NOT_FOUND, path=visit.path)
    page = AuditPage(
        shown=_shown(event), previous=_address(before) if before else None,
        following=_address(after) if after else None, previous_hash=before.hash if before else None,
    )  # fmt: skip
    return await visit.page("audit_event.html", page)


HANDLERS = (list_audit, show_audit)


def _actors(typed: str, keys: Mapping[str, str]) -> list[str] | None:
    """Who is meant by what the list shows: the actor as a whole, a person by name, or a key by the name it was given.

    A person who came through a key that acts for people is shown by the same name.
    """
    if not typed or ":" in typed:
        return [typed] if typed else None
    named = [f"key:{key}" for key, name in keys.items() if name == typed]
    return [f"user:{typed}", *(f"user:{typed}/key:{key}" for key in keys), *named]


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None


def _midnight(day: date | None, zone: str, days: int = 0) -> datetime | None:
    """When a day begins there; None also for one so far off that no event can be beyond it."""
    if day is None or not 1 < day.year < MAXYEAR:
        return None
    return datetime.combine(day + timedelta(days=days), time(), ZoneInfo(zone)).astimezone(UTC)


def _tenants(visit: Visit, wanted: str) -> list[str] | None:
    """The chains to be read: None for all; no chain at all for a tenant out of reach, which looks like an empty one."""
    reach = visit.person.tenants
    if not wanted:
        return None if reach is None else sorted(reach)
    chain = PLATFORM_CHAIN if wanted == _CHAIN else wanted
    return [chain] if reach is None or chain in reach else []


async def _event(connection: Connection, person: User, chain: str, seq: int) -> AuditEntry | None:
    in_reach = person.tenants is None or chain in person.tenants
    if not in_reach or not 1 <= seq <= _LARGEST or "\0" in chain:
        return None
    return await read_audit_event(connection, chain, seq)


def _shown(event: AuditEntry) -> ShownEvent:
    detail = msgspec.json.decode(event.detail)
    detail = detail if isinstance(detail, dict) else {"": detail}
    of_tenant = None if event.tenant_id == PLATFORM_CHAIN else event.tenant_id
    return ShownEvent(
        event=event, of_tenant=of_tenant, detail=detail, page=_address(event), result=_result(event, detail),
        changes=_changes(event, detail),
    )  # fmt: skip


def _address(event: AuditEntry) -> str:
    return links.audit(_CHAIN if event.tenant_id == PLATFORM_CHAIN else event.tenant_id, event.seq)


def _result(event: AuditEntry, detail: dict[str, Any]) -> str | None:
    number = detail.get("version")
    if event.tenant_id == PLATFORM_CHAIN or not isinstance(number, int):
        return None
    if event.target == "mapping":
        return links.mapping("history", event.tenant_id, number)
    named = _document(event) if event.action.startswith(("document.", "secret.")) else None
    return links.version(event.tenant_id, *named, number) if named else None


def _changes(event: AuditEntry, detail: dict[str, Any]) -> str | None:
    number = detail.get("version")
    named = _document(event) if event.action in _CHANGING else None
    if named is None or not isinstance(number, int) or number == 1:
        return None
    return links.document(event.tenant_id, *named, "diff", to=number)


def _document(event: AuditEntry) -> tuple[str, str] | None:
    domain, _, config_type = event.target.partition("/")
    return (domain, config_type) if domain and config_type and "/" not in config_type else None
