"""What was sent to the service, and what became of it."""

from datetime import datetime

import msgspec

from sprintia_config_client.contract.comparison import PlacedDifference
from sprintia_config_client.errors import Fault


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery.

    Attributes:
        tenant_id: whose; empty where a refused one named none.
        sender: the id of the key that it came with.
        delivery_id: how the sender named it.
        event: of a webhook; None of another route.
        outcome: applied, identical, superseded, quarantined (kept, and not live) or refused.
        status: what the sender was answered with.
        reason: why it was refused.
        revision: of the tenant, that it made.
        faults: what does not meet the schema, or what else it was refused for.
        replayable: whether its body is kept, and no replay of it was taken yet.
        replay_of: the delivery that it is a replay of.
        replayed_by: the replay of it that was taken.
        person: for whom its sender asked, where a person did it.
    """

    id: int
    tenant_id: str
    sender: str
    delivery_id: str | None
    route: str
    event: str | None
    outcome: str
    status: int
    reason: str | None
    revision: int | None
    received_at: datetime
    faults: tuple[Fault, ...] = ()
    replayable: bool = False
    replay_of: int | None = None
    replayed_by: int | None = None
    person: str | None = None


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a delivery that was sent through once more, or would become.

    Attributes:
        outcome: applied, identical, superseded, quarantined, refused; or unknown: of a dry run, where it would tell
            whether a guess of a secret is right.
        status: what the sender would have been answered with.
        reason: why it was refused or set aside, once more.
        version: that stands then, of the document or of the tenant's mapping.
        revision: of the tenant.
        faults: what does not meet the schema, or is wrong otherwise.
        changes: of a dry run, path by path, secrets masked.
    """

    outcome: str
    status: int
    reason: str | None = None
    version: int | None = None
    revision: int | None = None
    faults: tuple[Fault, ...] = ()
    changes: tuple[PlacedDifference, ...] = ()
