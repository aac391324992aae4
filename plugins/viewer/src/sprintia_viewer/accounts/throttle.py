"""How often somebody may guess: counted in PostgreSQL, so that it holds over all processes of a platform.

An attempt is counted as a failure before it is checked, and given back when it was none: however many come at once, no
more get through than one after the other. A count leaks away with time, and the wait that it brings ends by itself:
nobody is locked out for ever, and nobody has to unlock anybody.
"""

import ipaddress
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sprintia_platform.database.connections import Connection, Database
from sprintia_viewer.accounts.sealing import ViewerKey
from sprintia_viewer.models import SCHEMA


@dataclass(frozen=True, slots=True)
class Rule:
    """From the `free`th failure on each doubles the wait, up to `longest` seconds; `leak` seconds forget one."""

    free: int
    longest: float
    leak: float

    def wait_after(self, failures: int) -> float:
        """How many seconds nobody may try again after so many failures."""
        return 0.0 if failures < self.free else min(self.longest, 2.0 ** min(failures - self.free, 60))


RULES = {
    "account": Rule(free=5, longest=900, leak=600),
    # An office behind one address; an IPv6 customer has a /64.
    "address": Rule(free=20, longest=900, leak=60),
    # Against guesses from everywhere. The wait is short: it holds up everybody.
    "all": Rule(free=200, longest=30, leak=0.5),
}
_KINDS = tuple(RULES)  # each attempt locks its rows in this order: no two can wait for each other


class Throttled(Exception):
    """Too many failures: `retry_after` seconds to wait."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__("too many failures")


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that was counted; `keys` in the order of the rules."""

    keys: tuple[bytes, ...]


class Throttle:
    """Counts attempts of accounts and addresses, and all together."""

    def __init__(self, database: Database, key: ViewerKey) -> None:
        self._database = database
        self._key = key

    async def begin(self, name: str, address: str) -> Attempt:
        """Count an attempt on the account `name`, whether or not there is one, from `address`.

        Raises:
            Throttled: somebody has to wait; nothing was counted.
        """
        parts = (f"account {name}", f"address {network_of(address)}", "all")
        attempt = Attempt(tuple(self._key.fingerprint(part) for part in parts))
        async with self._database.transaction(SCHEMA) as connection:
            # One statement that makes the rows that are missing, locks all, and reads them as they are then.
            rows = await connection.fetch(
                "INSERT INTO viewer.attempt (kind, key, failures, since, free_at) "
                "SELECT kind, key, 0, 'epoch', 'epoch' FROM unnest($1::text[], $2::bytea[]) AS given (kind, key) "
                "ON CONFLICT (kind, key) DO UPDATE SET failures = attempt.failures "
                "RETURNING failures, since, free_at, clock_timestamp() AS now",
                list(_KINDS), list(attempt.keys),
            )  # fmt: skip
            now = max(row["now"] for row in rows)
            wait = max((row["free_at"] - now).total_seconds() for row in rows)
            if wait > 0:
                raise Throttled(math.ceil(wait))
            counted = [
                _counted(kind, key, row["failures"], row["since"], now)
                for kind, key, row in zip(_KINDS, attempt.keys, rows, strict=True)
            ]
            await connection.executemany(
                "UPDATE viewer.attempt SET failures = $3, since = $4, free_at = $5 WHERE kind = $1 AND key = $2",
                counted,
            )
        return attempt

    async def give_back(self, attempt: Attempt) -> None:
        """Take an attempt out of the count: it was no guess."""
        async with self._database.transaction(SCHEMA) as connection:
            await self.give_back_within(connection, attempt)

    async def give_back_within(self, connection: Connection, attempt: Attempt, *, forget_account: bool = False) -> None:
        """`give_back` in the caller's transaction; `forget_account`: the person proved to be who the account says."""
        for kind, key in zip(_KINDS, attempt.keys, strict=True):
            if kind == "account" and forget_account:
                await connection.execute("DELETE FROM viewer.attempt WHERE kind = $1 AND key = $2", kind, key)
            else:
                await connection.execute(
                    "UPDATE viewer.attempt SET failures = greatest(failures - 1, 0), "
                    "free_at = CASE WHEN failures - 1 < $3 THEN 'epoch' ELSE free_at END WHERE kind = $1 AND key = $2",
                    kind, key, RULES[kind].free,
                )  # fmt: skip


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:100]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            return str(ipaddress.ip_network((int(found), 64), strict=False))
        return str(found.ipv4_mapped)
    return str(found)


def _counted(
    kind: str, key: bytes, failures: int, since: datetime, now: datetime
) -> tuple[str, bytes, int, datetime, datetime]:
    """The row of a counter after one more attempt. Failures are forgotten whole: `since` is when the last one was."""
    rule = RULES[kind]
    forgotten = int((now - since).total_seconds() // rule.leak)
    if forgotten >= failures:
        failures, since = 0, now
    else:
        failures, since = failures - forgotten, since + timedelta(seconds=forgotten * rule.leak)
    return kind, key, failures + 1, since, now + timedelta(seconds=rule.wait_after(failures + 1))
