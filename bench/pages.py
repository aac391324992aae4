"""The viewer's pages over HTTP, as a signed-in person asks for them, on the database of a large installation."""

import http.client
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import cycle, islice
from statistics import median, quantiles
from typing import NamedTuple

from bench.documents import DOMAIN, TYPE
from bench.load import WrongAnswer
from bench.many_tenants import OLD, Installation, deep_value
from bench.measuring import Plan, Row
from bench.processes import Cluster, DatabaseUrls, Server, platform, signed_in_token
from sprintia_viewer.web import links

MOST_MS = 300
MOST_BYTES = 300_000
_SMALL = Installation(tenants=300, old_versions=309)
_REQUESTS_A_ROUND = 10


class Asked(NamedTuple):
    """A page: where it is, and a text that stands in it when it shows what it should."""

    address: str
    holds: str


class Timed(NamedTuple):
    """How long answers took, in milliseconds, by address; and the largest one."""

    by_address: dict[str, list[float]]
    largest: int

    def shown(self) -> dict[str, object]:
        times = sorted(each for some in self.by_address.values() for each in some)
        middles = {address: median(some) for address, some in self.by_address.items()}
        slowest = max(middles, key=lambda address: middles[address])
        return {
            "p50_ms": round(median(times), 1), "p95_ms": round(quantiles(times, n=20, method="inclusive")[-1], 1),
            "slowest": slowest, "slowest_p50_ms": round(middles[slowest], 1),
            "largest_kb": round(self.largest / 1000, 1),
        }  # fmt: skip


def _tenants(size: Installation) -> list[Asked]:
    middle, last = _spread(size)[1:3]
    return [
        Asked(links.home(), OLD), Asked(links.path("", after=middle), _next(middle)),
        Asked(links.path("", text=last[-4:]), last),
    ]  # fmt: skip


def _search(size: Installation) -> list[Asked]:
    """By a value that one document of each tenant has, in any place and among values; and by one that all have."""
    return [
        *(Asked(links.search(q=deep_value(tenant)), tenant) for tenant in _spread(size)),
        *(Asked(links.search(value=deep_value(tenant), path="contacts"), tenant) for tenant in _spread(size)),
        Asked(links.search(q="moda e acessorios"), "loja_"),
    ]


def _tenant(size: Installation) -> list[Asked]:
    return [Asked(links.tenant(tenant), tenant) for tenant in (OLD, *_spread(size))]


def _document(size: Installation) -> list[Asked]:
    old = (OLD, DOMAIN, TYPE)
    return [
        *(Asked(links.document(tenant, DOMAIN, TYPE), deep_value(tenant)) for tenant in (OLD, *_spread(size))),
        Asked(links.document(*old, view="json"), deep_value(OLD)),
        Asked(links.version(*old, size.old_versions // 2), f"vez {size.old_versions // 2}"),
    ]


def _history(size: Installation) -> list[Asked]:
    old = (OLD, DOMAIN, TYPE)
    return [
        Asked(links.history(*old), f"v{size.old_versions}"), Asked(links.history(*old, before=101), "v100"),
        *(Asked(links.history(tenant, DOMAIN, TYPE), "v7") for tenant in _spread(size)),
    ]  # fmt: skip


def _comparison(size: Installation) -> list[Asked]:
    old, newest = (OLD, DOMAIN, TYPE), size.old_versions
    pairs = ((newest - 1, newest), (1, newest), (newest // 2, newest // 2 + 30))
    return [Asked(links.difference(*old, left, right), "escrito na vez") for left, right in pairs] + [
        Asked(f"{links.difference(*old, left, right)}?view=text", "escrito na vez") for left, right in pairs
    ]


def _blame(size: Installation) -> list[Asked]:
    return [Asked(links.blame(tenant, DOMAIN, TYPE), "escalation") for tenant in (OLD, *_spread(size))]


def _mapping(size: Installation) -> list[Asked]:
    tenant = _spread(size)[1]
    account = str(100_000 + int(tenant[-5:]))
    return [
        Asked(links.mapping(), OLD), Asked(links.mapping(tenant=tenant), account),
        Asked(links.mapping(account=account), tenant),
    ]  # fmt: skip


def _collections(size: Installation) -> list[Asked]:
    middle = _spread(size)[1]
    return [Asked(links.collections(), "business_rules"), Asked(links.collections(text=middle), middle)]


def _deliveries(size: Installation) -> list[Asked]:
    middle = _spread(size)[1]
    return [
        Asked(links.deliveries(), "loja_"), Asked(links.deliveries(outcome="refused"), "loja_"),
        Asked(links.deliveries(tenant=middle), middle),
    ]  # fmt: skip


def _audit(size: Installation) -> list[Asked]:
    middle = _spread(size)[1]
    return [
        Asked(links.audit(), "document.write"), Asked(links.audit(tenant=middle), middle),
        Asked(links.audit(actor="user:ana"), "user:ana"),
    ]  # fmt: skip


_PAGES = {
    "tenants": _tenants,
    "search": _search,
    "tenant": _tenant,
    "document": _document,
    "history": _history,
    "comparison": _comparison,
    "who set what": _blame,
    "mapping": _mapping,
    "collections": _collections,
    "deliveries": _deliveries,
    "audit": _audit,
}
NAMES = tuple(f"pages: {name}" for name in _PAGES)


def run(cluster: Cluster, plan: Plan) -> Iterator[Row]:
    """Time each page beside one that asks for no configuration, in turns, one request after the other."""
    if not any(plan.wants(name) for name in NAMES):
        return
    size = _SMALL if plan.quick else Installation()
    urls = cluster.make_database("pages")
    size.fill(urls)
    with platform(cluster, urls, "viewer") as server:
        person = Person(server, urls)
        for name, pages in zip(NAMES, _PAGES.values(), strict=True):
            if plan.wants(name):
                yield person.timed(name, pages(size), plan.rounds * _REQUESTS_A_ROUND)


class Person:
    """An admin's browser: one connection, one session, one request at a time."""

    def __init__(self, server: Server, urls: DatabaseUrls) -> None:
        self._server = server
        self._cookie = f"sprintia={signed_in_token(urls)}"

    def timed(self, name: str, asked: Sequence[Asked], requests: int) -> Row:
        """Time the pages in turns, after each was asked for once."""
        reference = Asked(links.shortcuts(), "<kbd>")
        own, other = Timed({}, 0), Timed({}, 0)
        with closing(http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=60)) as connection:
            for page in (*asked, reference):
                self._ask(connection, page, Timed({}, 0))
            for page in islice(cycle(asked), max(requests, 2 * len(asked))):
                own = self._ask(connection, page, own)
                other = self._ask(connection, reference, other)
        measured, beside = own.shown(), other.shown()
        worst = max(float(str(measured["p95_ms"])), float(str(measured["slowest_p50_ms"])))
        return {
            "benchmark": name,
            "target": f"p95 < {MOST_MS} ms, < {MOST_BYTES // 1000} KB",
            "measured": measured,
            "reference": {"p50_ms": beside["p50_ms"], "p95_ms": beside["p95_ms"]},
            "ratio": round(float(str(beside["p50_ms"])) / float(str(measured["p50_ms"])), 3),
            "met": worst < MOST_MS and own.largest < MOST_BYTES,
        }

    def _ask(self, connection: http.client.HTTPConnection, page: Asked, so_far: Timed) -> Timed:
        began = time.perf_counter()
        connection.request("GET", page.address, headers={"Cookie": self._cookie, "Accept-Language": "pt-BR"})
        answer = connection.getresponse()
        body = answer.read()
        took = (time.perf_counter() - began) * 1000
        if answer.status != 200 or page.holds.encode() not in body:
            raise WrongAnswer(
                f"{page.address} is answered with {answer.status} and without {page.holds!r}: {body[:500]!r}"
            )
        so_far.by_address.setdefault(page.address, []).append(took)
        return Timed(so_far.by_address, max(so_far.largest, len(body)))


def _spread(size: Installation) -> tuple[str, str, str]:
    """Tenants from the beginning, the middle and the end."""
    return tuple(f"loja_{number:05d}" for number in (7, size.tenants // 2, size.tenants - 3))  # type: ignore[return-value]


def _next(tenant: str) -> str:
    return f"loja_{int(tenant[-5:]) + 1:05d}"
