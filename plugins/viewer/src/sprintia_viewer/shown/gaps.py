"""Where versions are missing in a history, and what is known of it."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from sprintia_config_client.contract import RemovedVersions


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Versions in a row that are kept no more.

    Attributes:
        since: when retention removed the first of them; None where nobody wrote it down, as for a history that was
            imported without them.
        until: when it removed the last.
    """

    first: int
    last: int
    since: datetime | None = None
    until: datetime | None = None


def gap_below(version: int, previous: int | None, removed: Iterable[RemovedVersions]) -> Gap | None:
    """What is missing between a version and the one that is kept before it; None when nothing is."""
    first, last = (previous or 0) + 1, version - 1
    if first > last:
        return None
    known = [run for run in removed if run.first <= last and run.last >= first]
    return Gap(
        first=first, last=last, since=min((run.first_removed_at for run in known), default=None),
        until=max((run.last_removed_at for run in known), default=None),
    )  # fmt: skip
