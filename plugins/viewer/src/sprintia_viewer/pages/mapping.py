"""`/viewer/mapping`: who answers which conversation of Chatwoot."""

import asyncio
from typing import Annotated, Any, Literal, get_args

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from sprintia_config_client import errors
from sprintia_config_client.contract import Resolution
from sprintia_viewer.parts import ConfigService
from sprintia_viewer.shown.mapping_view import (
    Fallback,
    Finding,
    MappingView,
    Route,
    findings,
    findings_of,
    mapping_view,
)
from sprintia_viewer.web import links
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.visits import Visit

_ROWS = 100
_TENANTS_AT_ONCE = 500
_MOST_TENANTS = 2_000  # asked for whenever the page is: beyond that it would be slow
_FINDING_TENANTS = 20

Text = Annotated[str, QueryParameter(max_length=200)]
Section = Literal["accounts", "inboxes", "fallbacks", "numbers"]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation: its account and inbox in Chatwoot, and the phone number that writes."""

    account: str = ""
    inbox: str = ""
    phone: str = ""

    @property
    def asked(self) -> bool:
        return bool(self.account or self.inbox or self.phone)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers.

    Attributes:
        outcome: answered; nobody (no rule does); ambiguous (the number alone leads to several tenants); not_asked
            (what was given cannot be looked up).
        resolution: whoever answers, and by which rule.
        detail: what the service says when nobody does.
    """

    outcome: Literal["answered", "nobody", "ambiguous", "not_asked"]
    resolution: Resolution | None = None
    detail: str = ""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one table; `total` counts them all."""

    rows: tuple[Route, ...] | tuple[Fallback, ...]
    total: int
    more: str | None
    start: str | None


class ShownFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding; `more` of its tenants are not listed."""

    finding: Finding
    more: int


class MappingPage(msgspec.Struct, frozen=True, kw_only=True):
    """The mapping: all of it, or one tenant's part.

    Attributes:
        exists: whether anybody has a part.
        tenants_known: whether it could be told which tenants have no documents, or no part.
    """

    tenant: str
    question: Question
    answer: Answer | None
    exists: bool
    accounts: Part
    inboxes: Part
    fallbacks: Part
    numbers: Part
    findings: list[ShownFinding]
    tenants_known: bool

    @property
    def empty(self) -> bool:
        return not (self.accounts.total or self.inboxes.total or self.fallbacks.total or self.numbers.total)


@get("/viewer/mapping", guards=[signed_in()])
async def show_mapping(
    visit: NamedDependency[Visit], tenant: Text = "", account: Text = "", inbox: Text = "", phone: Text = "",
    section: Text = "", start: Annotated[int, QueryParameter(ge=0, le=10_000_000)] = 0,
) -> Response[bytes]:  # fmt: skip
    """Show the tables, what is odd about them, and who answers what was asked about."""
    config, wanted = visit.config, tenant.strip()
    question = Question(account=account.strip(), inbox=inbox.strip(), phone=phone.strip())
    answer, mapping, with_documents = await asyncio.gather(
        _answer(config, question), _mapping(config), _tenants_with_documents(config)
    )
    view, found = await asyncio.to_thread(_looked_at, mapping, wanted, with_documents)
    going_on = {section: start} if section in get_args(Section) else {}
    page = MappingPage(
        tenant=wanted, question=question, answer=answer, exists=bool(mapping),
        accounts=_part("accounts", view.accounts, wanted, going_on),
        inboxes=_part("inboxes", view.inboxes, wanted, going_on),
        fallbacks=_part("fallbacks", view.fallbacks, wanted, going_on),
        numbers=_part("numbers", view.numbers, wanted, going_on),
        findings=[_shown(finding) for finding in found], tenants_known=with_documents is not None,
    )  # fmt: skip
    return await visit.page("mapping.html", page)


HANDLERS = (show_mapping,)


async def _mapping(config: ConfigService) -> dict[str, Any]:
    try:
        return dict(await config.mapping())
    except errors.NotFound:
        return {}


async def _answer(config: ConfigService, question: Question) -> Answer | None:
    if not question.asked:
        return None
    try:
        found = await config.resolve(
            account=question.account or None, inbox=question.inbox or None, phone=question.phone or None
        )
    except errors.NotFound as error:
        return Answer(outcome="nobody", detail=error.detail)
    except errors.Conflict as error:
        return Answer(outcome="ambiguous", detail=error.detail)
    except errors.Invalid as error:
        return Answer(outcome="not_asked", detail=error.detail)
    return Answer(outcome="answered", resolution=found)


async def _tenants_with_documents(config: ConfigService) -> frozenset[str] | None:
    """Who has configuration; None where that are too many to be looked through for a page."""
    found: set[str] = set()
    after = None
    for _ in range(_MOST_TENANTS // _TENANTS_AT_ONCE):
        page = await config.tenants(after=after, limit=_TENANTS_AT_ONCE)
        found |= {tenant.tenant_id for tenant in page.tenants if tenant.documents}
        if page.next is None:
            return frozenset(found)
        after = page.next
    return None


def _looked_at(
    mapping: dict[str, Any], tenant: str, with_documents: frozenset[str] | None
) -> tuple[MappingView, tuple[Finding, ...]]:
    found = findings(mapping, with_documents)
    return mapping_view(mapping, tenant or None), findings_of(found, tenant) if tenant else found


def _part(
    section: Section, rows: tuple[Route, ...] | tuple[Fallback, ...], tenant: str, going_on: dict[str, int]
) -> Part:
    start = going_on.get(section, 0)
    following = start + _ROWS
    more = links.mapping(tenant=tenant, section=section, start=following) if following < len(rows) else None
    return Part(
        rows=rows[start:following], total=len(rows), more=f"{more}#{section}" if more else None,
        start=f"{links.mapping(tenant=tenant)}#{section}" if start else None,
    )  # fmt: skip


def _shown(finding: Finding) -> ShownFinding:
    shown = msgspec.structs.replace(finding, tenants=finding.tenants[:_FINDING_TENANTS])
    return ShownFinding(finding=shown, more=max(0, len(finding.tenants) - _FINDING_TENANTS))
