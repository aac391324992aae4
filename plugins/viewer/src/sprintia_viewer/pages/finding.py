"""`/viewer/` and `/viewer/search`: find a tenant, a document, a key or a value."""

from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from sprintia_config_client import errors
from sprintia_config_client.contract import Hit, TenantOverview
from sprintia_viewer.shown.freshness import silent_days
from sprintia_viewer.shown.search_words import (
    FoundPlace,
    conversation_numbers,
    is_too_short,
    key_and_value,
    places_found,
    single_words,
)
from sprintia_viewer.web import links
from sprintia_viewer.web.failures import refusal_of
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.languages import marked
from sprintia_viewer.web.tables_out import MOST_ROWS, Format, csv_answer
from sprintia_viewer.web.visits import Visit

_PAGE = 50
_HITS = 20
_FILE_PAGE = 500

Text = Annotated[str, QueryParameter(max_length=200)]


class HomePage(msgspec.Struct, frozen=True, kw_only=True):
    """Every tenant in reach, by id; `text` filters."""

    text: str
    tenants: list[TenantOverview]
    next: str | None
    start: str | None

    def silent_days(self, tenant: TenantOverview) -> int | None:
        return silent_days(tenant.delivered_at)


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What is searched: `q` anywhere, the others in their place alone. The address of the page holds all of it."""

    q: str = ""
    tenant: str = ""
    domain: str = ""
    type: str = ""
    path: str = ""
    value: str = ""

    @property
    def given(self) -> dict[str, str]:
        return {name: text for name in self.__struct_fields__ if (text := getattr(self, name).strip())}

    def without(self, name: str) -> str:
        """The address of the same search without one of its parts."""
        return links.search(**{given: text for given, text in self.given.items() if given != name})


class SearchPage(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, or why nothing could be.

    Attributes:
        drop: filters, each with the address of the search without it.
        words: of a text that is found nowhere, each with the address of the search for it alone.
        split: the same text as a key and its value, with the address of the search for these.
        routes: what the same number is called in the mapping, with the address that asks who answers it.
        tenants: of a text that no document has, and a tenant's id: where tenants are listed by it.
    """

    query: Query
    hits: list[Hit]
    next: str | None
    start: str | None
    refusal: str | None = None
    drop: list[tuple[str, str]] = []
    words: list[tuple[str, str]] = []
    split: tuple[str, str, str] | None = None
    routes: list[tuple[str, str]] = []
    tenants: str | None = None

    def places(self, hit: Hit) -> list[FoundPlace]:
        return places_found(hit.matches)


@get("/viewer", guards=[signed_in()])
async def show_home(
    visit: NamedDependency[Visit], tenant_id: Text = "", text: Text = "", after: Text = "",
    file: Format = "",
) -> Response[bytes]:  # fmt: skip
    """List the tenants; `?format=csv` as a file.

    `tenant_id` is how the buttons in Odoo name one: they lead to its page.
    """
    if tenant_id.strip():
        return await visit.redirect(links.tenant(tenant_id.strip()))
    if file == "csv":
        return await _tenants_file(visit, text.strip())
    found = await visit.config.tenants(text=text.strip(), after=after or None, limit=_PAGE)
    page = HomePage(
        text=text, tenants=list(found.tenants),
        next=links.path("", text=text, after=found.next) if found.next else None,
        start=links.path("", text=text) if after else None,
    )  # fmt: skip
    return await visit.page("home.html", page)


@get("/viewer/search", guards=[signed_in()])
async def search(
    visit: NamedDependency[Visit], q: Text = "", tenant: Text = "", domain: Text = "",
    config_type: Annotated[str, QueryParameter(name="type", max_length=200)] = "", path: Text = "", value: Text = "",
    after: Annotated[str, QueryParameter(max_length=1_000)] = "",
) -> Response[bytes]:  # fmt: skip
    """Find documents by ids, key paths and values. Secrets are never searched."""
    query = Query(q=q, tenant=tenant, domain=domain, type=config_type, path=path, value=value)
    # A filter alone lists what has it: its own text stands in the ids of all that the filter lets through.
    given = query.given
    if not given:
        return await _search_page(visit, query)
    text = given.get("q", "") if given.keys() & _LABELS.keys() else max(given.values(), key=len)
    try:
        found = await visit.config.search(
            text, tenant=tenant.strip() or None, domain=domain.strip() or None,
            config_type=config_type.strip() or None, path=path.strip() or None, value=value.strip() or None,
            after=after or None, limit=_HITS,
        )  # fmt: skip
    except errors.Invalid as error:
        return await _search_page(visit, query, refusal=_refusal(visit, query, error), status=422)
    except errors.NotFound:  # a tenant out of reach looks like one without documents
        return await _search_page(visit, query)
    following = links.search(**query.given, after=found.next) if found.next else None
    return await _search_page(visit, query, list(found.hits), following, links.search(**query.given) if after else None)


HANDLERS = (show_home, search)


async def _tenants_file(visit: Visit, text: str) -> Response[bytes]:
    rows: list[tuple[object, ...]] = []
    after: str | None = None
    while len(rows) <= MOST_ROWS:
        found = await visit.config.tenants(text=text, after=after, limit=_FILE_PAGE)
        rows += [msgspec.structs.astuple(tenant) for tenant in found.tenants]
        after = found.next
        if after is None:
            break
    return csv_answer("tenants", TenantOverview.__struct_fields__, rows[:MOST_ROWS], complete=len(rows) <= MOST_ROWS)


_FILTERS = {
    "tenant": marked("tenant"), "domain": marked("domain"), "type": marked("type"), "path": marked("key"),
    "value": marked("value"),
}  # fmt: skip


_ROUTES = {
    "phone": marked("Who answers this phone number?"), "account": marked("Who answers this account?"),
    "inbox": marked("Who answers this inbox?"),
}  # fmt: skip


_LABELS = {"q": marked("Anywhere"), "path": marked("In keys"), "value": marked("In values")}


def _refusal(visit: Visit, query: Query, error: errors.Invalid) -> str:
    """Why it cannot be searched; of a text that is too short by the names that the fields have on the page."""
    short = [visit.told(label) for name, label in _LABELS.items() if is_too_short(getattr(query, name))]
    if not short and error.code == "search_too_short":  # a filter alone, of one character
        short = [visit.told(_LABELS["q"])]
    if not short:
        return refusal_of(error, visit.told_in)
    told = marked("Type at least 2 characters, not counting spaces, in: %(fields)s.")
    return visit.told(told, fields=", ".join(short))


def _other_searches(query: Query) -> tuple[list[tuple[str, str]], tuple[str, str, str] | None]:
    others = {name: text for name, text in query.given.items() if name != "q"}
    words = [(word, links.search(q=word, **others)) for word in single_words(query.q)]
    pair = None if query.path or query.value else key_and_value(query.q)
    return words, (*pair, links.search(**others, path=pair[0], value=pair[1])) if pair else None


async def _search_page(
    visit: Visit, query: Query, hits: list[Hit] | None = None, following: str | None = None,
    start: str | None = None, *, refusal: str | None = None, status: int = 200,
) -> Response[bytes]:  # fmt: skip
    # A search without hits says which filter to drop.
    drop = [
        (visit.told(name), query.without(field)) for field, name in _FILTERS.items()
        if field in query.given and len(query.given) > 1
    ]  # fmt: skip
    words, split = _other_searches(query) if not hits and not refusal else ([], None)
    numbers = [] if hits else conversation_numbers(query.q)
    routes = [(visit.told(_ROUTES[name]), links.mapping(**{name: query.q.strip()})) for name in numbers]
    # A tenant whose documents were all deleted is found by its id alone.
    text = "" if hits or refusal else query.q.strip()
    named = await visit.config.tenants(text=text, limit=1) if text else None
    page = SearchPage(
        query=query, hits=hits or [], next=following, start=start, refusal=refusal, drop=drop, words=words, split=split,
        routes=routes, tenants=links.path("", text=text) if named and named.tenants else None,
    )  # fmt: skip
    return await visit.page("search.html", page, status=status)
