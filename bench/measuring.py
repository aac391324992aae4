"""Measure two servers in turns, and say how one compares with the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from statistics import median
from typing import Literal, NamedTuple, TypedDict

from bench.load import CONNECTIONS, Exchange, drive
from bench.machine import cpu_seconds, family_cpu_seconds
from bench.processes import Cluster, Server

BUSY = 0.95
"""From this share of its core on a server is what limits the requests of a second."""
POOL = 8
"""Connections where requests may ask PostgreSQL: fewer than a server holds to it, so that none waits for one."""


class Row(TypedDict):
    """A benchmark's outcome, as the JSON has it. `met` is null where there is no target."""

    benchmark: str
    target: str
    measured: object
    reference: object
    ratio: float | None
    met: bool | None


@dataclass(frozen=True)
class Plan:
    """How long to measure: so many rounds, in each of them a slice of so many seconds for either side."""

    seconds: float = 1.5
    rounds: int = 7
    quick: bool = False
    only: Sequence[str] = field(default=())

    def wants(self, name: str) -> bool:
        return not self.only or any(wanted in name for wanted in self.only)

    @property
    def growth(self) -> int:
        """How many times more the large database holds."""
        return 10 if self.quick else 1000


class Side(NamedTuple):
    """A server, and what it is asked."""

    server: Server
    exchanges: Sequence[Exchange]


class Slice(NamedTuple):
    """What one server did in one slice; CPU times are microseconds a request."""

    requests_per_second: float
    server_cpu: float
    database_cpu: float
    busy: float

    @property
    def work(self) -> float:
        return self.server_cpu + self.database_cpu


Basis = Literal["requests/s", "server CPU", "server and PostgreSQL CPU"]


class Comparison(NamedTuple):
    """How one server did beside another, slice by slice."""

    own: list[Slice]
    reference: list[Slice]

    def speed(self, *, with_database: bool = False) -> tuple[float, list[float], Basis]:
        """How fast the first is, the second being 1: the median over rounds, each round's own, and what was compared.

        Requests a second say it where both servers fill their core; else the machine had other things to do, or the
        load was too slow, and CPU time a request says it.
        """
        if min(median(each.busy for each in side) for side in self) >= BUSY:
            rounds = [own.requests_per_second / other.requests_per_second for own, other in zip(*self, strict=True)]
            return median(rounds), rounds, "requests/s"
        if with_database:
            rounds = [1 / each for each in self._costs()]
            return median(rounds), rounds, "server and PostgreSQL CPU"
        rounds = [other.server_cpu / own.server_cpu for own, other in zip(*self, strict=True)]
        return median(rounds), rounds, "server CPU"

    def cost(self) -> tuple[float, list[float], Basis]:
        """What a request costs the first, the second being 1: CPU time of the server and of PostgreSQL."""
        rounds = self._costs()
        return median(rounds), rounds, "server and PostgreSQL CPU"

    def _costs(self) -> list[float]:
        return [own.work / other.work for own, other in zip(*self, strict=True)]


def compare(plan: Plan, cluster: Cluster, own: Side, reference: Side, *, database: bool = False) -> Comparison:
    """Measure both in turns, after a slice of each that does not count."""
    sides = (own, reference)
    for side in sides:
        drive(side.server.port, side.exchanges, min(plan.seconds, 0.5))
    postgresql = cluster.pid if database else None
    measured: tuple[list[Slice], list[Slice]] = ([], [])
    for place in chain.from_iterable(repeat((0, 1), plan.rounds)):
        measured[place].append(_slice(plan, sides[place], postgresql))
    return Comparison(*measured)


def _slice(plan: Plan, side: Side, postgresql: int | None) -> Slice:
    side.server.log.open("wb").close()  # a line per request: a run would fill the disk
    used, in_database = cpu_seconds(side.server.pid), family_cpu_seconds(postgresql) if postgresql else 0.0
    burst = drive(side.server.port, side.exchanges, plan.seconds, POOL if postgresql else CONNECTIONS)
    used = cpu_seconds(side.server.pid) - used
    in_database = family_cpu_seconds(postgresql) - in_database if postgresql else 0.0
    # Clock ticks are coarse: in the short slices of a smoke run a request may seem to cost nothing.
    a_request = 1e6 / burst.requests
    return Slice(
        burst.requests / burst.seconds, max(used, 0.001) * a_request, in_database * a_request, used / burst.seconds
    )


def fast_enough(name: str, least: float, comparison: Comparison, *, with_database: bool = False) -> Row:
    """Judge a speed: at least this share of the reference's."""
    ratio, rounds, basis = comparison.speed(with_database=with_database)
    return _row(name, f"≥ {least:g} of its reference's speed", comparison, ratio, rounds, basis, met=ratio >= least)


def flat_enough(name: str, most: float | None, comparison: Comparison) -> Row:
    """Judge a growth: what a request costs at most, at x 1 being 1. None: nothing is asked."""
    ratio, rounds, basis = comparison.cost()
    target = "none" if most is None else f"≤ {most:g} times what it costs at x 1"
    return _row(name, target, comparison, ratio, rounds, basis, met=None if most is None else ratio <= most)


def of_interest(name: str, comparison: Comparison) -> Row:
    """Report a speed of which nothing is asked."""
    ratio, rounds, basis = comparison.speed(with_database=True)
    return _row(name, "none", comparison, ratio, rounds, basis, met=None)


def _row(
    name: str, target: str, comparison: Comparison, ratio: float, rounds: Sequence[float], basis: Basis, *,
    met: bool | None,
) -> Row:  # fmt: skip
    shown = {"ratio_is_of": basis, "ratio_least": round(min(rounds), 3), "ratio_most": round(max(rounds), 3)}
    return {
        "benchmark": name,
        "target": target,
        "measured": _medians(comparison.own) | shown,
        "reference": _medians(comparison.reference),
        "ratio": round(ratio, 3),
        "met": met,
    }


def _medians(slices: Sequence[Slice]) -> dict[str, object]:
    return dict(_median_values(slices))


def _median_values(slices: Sequence[Slice]) -> Iterator[tuple[str, object]]:
    yield "requests_per_second", round(median(each.requests_per_second for each in slices))
    yield "server_cpu_us", round(median(each.server_cpu for each in slices), 1)
    if any(each.database_cpu for each in slices):
        yield "postgresql_cpu_us", round(median(each.database_cpu for each in slices), 1)
    yield "server_core_busy", round(median(each.busy for each in slices), 2)
