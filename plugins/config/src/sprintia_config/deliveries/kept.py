"""A delivery as it stands on record, with what its replay needs."""

from typing import Final

import msgspec

from sprintia_config import problems
from sprintia_config.models import SCHEMA
from sprintia_config.vault import TenantKeys
from sprintia_config.writing import body_place
from sprintia_platform import Problem
from sprintia_platform.database.connections import Connection, Database

MOST_REFUSED: Final = 100
"""Of how many refused deliveries of a tenant the body is kept, the newest ones."""

REPLAYED_BY: Final = (
    "(SELECT r.id FROM config.delivery r WHERE r.tenant_id = d.tenant_id AND r.replay_of = d.id "
    "AND r.outcome IN ('applied', 'identical'))"
)
"""The replay of the delivery `d` that was taken; there is one at most."""

SETTLED: Final = f"({REPLAYED_BY} IS NOT NULL)"
"""Whether a replay of the delivery `d` was taken."""

HAS_BODY: Final = (
    "(d.sealed_body IS NOT NULL AND EXISTS (SELECT FROM config.tenant_key k "
    "WHERE k.tenant_id = d.tenant_id AND k.generation = d.key_generation))"
)
"""Whether the body of the delivery `d` is there and can be opened: erasing a tenant's secrets destroys its key."""

REPLAYABLE: Final = f"({HAS_BODY} AND NOT {SETTLED})"
"""Whether the delivery `d` can be replayed."""

_KEPT: Final = (
    "SELECT d.tenant_id, d.id, d.sender, d.route, d.event, d.outcome, d.request_digest, d.key_generation, "
    f"d.sealed_body, d.media_type, d.sequence, {HAS_BODY} AS has_body, {SETTLED} AS settled "
    "FROM config.delivery d WHERE d.tenant_id = $1 AND d.id = $2"
)
_LARGEST: Final = 2**63 - 1


class KeptDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `delivery`.

    Attributes:
        has_body: whether its body is there and can be opened.
        settled: whether a replay of it was taken.
    """

    tenant_id: str
    id: int
    sender: str
    route: str
    event: str | None
    outcome: str
    request_digest: bytes
    key_generation: int | None
    sealed_body: bytes | None
    media_type: str | None
    sequence: int | None
    has_body: bool
    settled: bool

    @property
    def is_mapping(self) -> bool:
        """Whether it is about the mapping, and not about documents."""
        return self.event == "mapping_sync"

    @property
    def right(self) -> str:
        """The right that its route asked for."""
        return "mapping:write" if self.is_mapping else "config:write"

    def require_replayable(self) -> None:
        """Make sure that there is something to replay.

        Raises:
            Problem: 409, a replay of it was taken before, or its body is not there.
        """
        if self.settled:
            raise Problem(problems.DELIVERY_REPLAYED)
        if not self.has_body:
            raise Problem(problems.DELIVERY_BODY_GONE, delivery=self.id, newest=MOST_REFUSED)

    def open_body(self, keys: TenantKeys) -> bytes:
        """What was sent, secrets in clear."""
        if self.sealed_body is None or self.key_generation is None:
            raise Problem(problems.DELIVERY_BODY_GONE, delivery=self.id, newest=MOST_REFUSED)
        return keys.open(
            self.sealed_body, self.key_generation, body_place(self.tenant_id, self.sender, self.request_digest)
        )


async def find_kept(database: Database, tenant_id: str, number: int) -> KeptDelivery:
    """One delivery of a tenant.

    Raises:
        Problem: 404.
    """
    async with database.transaction(SCHEMA, [tenant_id], read_only=True) as connection:
        return await read_kept(connection, tenant_id, number)


async def read_kept(connection: Connection, tenant_id: str, number: int) -> KeptDelivery:
    """What `find_kept` gives, within a transaction that may see the tenant."""
    row = await connection.fetchrow(_KEPT, tenant_id, number) if 0 < number <= _LARGEST else None
    if row is None:
        raise Problem(problems.DELIVERY_NOT_FOUND, tenant=tenant_id, delivery=number)
    return KeptDelivery(**dict(row.items()))


async def read_sequence(connection: Connection, tenant_id: str, sender: str, stream: str) -> int | None:
    """The highest number that a sender gave in a stream."""
    number: int | None = await connection.fetchval(
        "SELECT sequence FROM config.delivery_sequence WHERE tenant_id = $1 AND sender = $2 AND stream = $3",
        tenant_id, sender, stream,
    )  # fmt: skip
    return number
