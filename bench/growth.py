"""What a read costs when a database holds a thousand times more: documents of a tenant, versions, tenants."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from bench import load
from bench.documents import Filling, document_path, expect, fill, grown_text, read_and_check
from bench.load import Exchange, WrongAnswer, fetch, get_request
from bench.measuring import Plan, Row, Side, compare, flat_enough
from bench.processes import Cluster, Server, make_keys, platform

FLAT = 1.5
MOST_READ = 1000
"""How many documents are read in turn, spread over all that there are."""
PAGE = 50


class Grown(NamedTuple):
    """A platform on a database that holds so much."""

    server: Server
    key: str
    filling: Filling


def _documents(grown: Grown) -> list[Exchange]:
    spread = _spread(grown.filling.documents)
    return [_document(grown, "documents", number, "config" if number == 1 else f"config_{number}") for number in spread]


def _versions(grown: Grown) -> list[Exchange]:
    return [_document(grown, "versions", grown.filling.versions)]


def _tenants(grown: Grown) -> list[Exchange]:
    return [_document(grown, f"tenant_{number}", number) for number in _spread(grown.filling.tenants)]


def _document(grown: Grown, tenant: str, number: int, config_type: str = "config") -> Exchange:
    path = document_path(tenant, config_type=config_type)
    return read_and_check(grown.server.port, path, grown.key, grown_text(number))


def _history(grown: Grown, *, deep: bool) -> list[Exchange]:
    """A page of fifty versions: the newest, or the oldest there are."""
    newest = PAGE if deep else grown.filling.versions
    path = f"{document_path('versions')}/history?limit={PAGE}" + (f"&before={newest + 1}" if deep else "")
    request = get_request(path, grown.key)
    body = expect(fetch(grown.server.port, request), 200).body
    if [item["version"] for item in json.loads(body)] != list(range(newest, newest - PAGE, -1)):
        raise WrongAnswer(f"{path} is not the page of version {newest} and the ones before: {body[:300]!r}")
    return [Exchange(request, 200, body)]


def _search(grown: Grown) -> list[Exchange]:
    """A search that finds one document."""
    request = get_request("/config/search?q=tenant_3/retail", grown.key)
    body = expect(fetch(grown.server.port, request), 200).body
    if [hit["tenant_id"] for hit in json.loads(body)["hits"]] != ["tenant_3"]:
        raise WrongAnswer(f"the search does not find tenant_3: {body[:300]!r}")
    return [Exchange(request, 200, body)]


def _spread(count: int) -> range:
    return range(1, count + 1, max(1, count // MOST_READ))


ROWS: dict[str, tuple[Callable[[Grown], list[Exchange]], float | None]] = {
    "growth in documents: cached read": (_documents, FLAT),
    "growth in versions: cached read": (_versions, FLAT),
    "growth in tenants: cached read": (_tenants, FLAT),
    "growth in versions: first page of history": (partial(_history, deep=False), FLAT),
    "growth in versions: deep page of history": (partial(_history, deep=True), FLAT),
    "growth in everything: search": (_search, None),
}
NAMES = tuple(ROWS)


def run(cluster: Cluster, plan: Plan) -> Iterator[Row]:
    """Measure on two databases, one with a thousand times as much, each behind a platform of its own."""
    if not any(plan.wants(name) for name in NAMES):
        return
    fillings = (Filling(plan.growth), Filling(1))
    large_urls, small_urls = (cluster.make_database(f"times_{filling.factor}") for filling in fillings)
    for urls, filling in zip((large_urls, small_urls), fillings, strict=True):
        fill(urls, filling)
    with platform(cluster, large_urls, "large") as large, platform(cluster, small_urls, "small") as small:
        both = (
            Grown(large, make_keys(large_urls)[0], fillings[0]),
            Grown(small, make_keys(small_urls)[0], fillings[1]),
        )
        for name, (exchanges_of, most) in ROWS.items():
            if plan.wants(name):
                yield _row(cluster, plan, name, both, exchanges_of, most)


def _row(
    cluster: Cluster, plan: Plan, name: str, both: tuple[Grown, Grown],
    exchanges_of: Callable[[Grown], list[Exchange]], most: float | None,
) -> Row:  # fmt: skip
    large, small = (Side(grown.server, exchanges_of(grown)) for grown in both)
    for side in (large, small):
        load.check(side.server.port, side.exchanges, side.server.name)  # and all that is read is in memory
    return flat_enough(name, most, compare(plan, cluster, large, small, database=True))
