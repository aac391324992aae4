"""What a test of the connection finds out."""

from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from .answers import Answer, Outcome

RIGHTS = ("config:write", "mapping:write", "config:read")
"""What a key needs: to deliver both kinds of events, and to compare."""

_UTC = timezone.utc  # noqa: UP017 - Python 3.10 has no datetime.UTC


class Probe(NamedTuple):
    """What a test of the connection found.

    Attributes:
        reachable: whether the service itself answers.
        clock_skew: seconds by which the service's clock is ahead of this one; None when it does not say.
        key_accepted: whether it knows the key.
        rights: each right that is needed, and `tenant <id>` for the reach of that tenant, to whether the key has it.
        reason: of the first thing that is wrong; else `""`.
    """

    reachable: bool
    clock_skew: float | None
    key_accepted: bool
    rights: dict[str, bool]
    reason: str


class Looked:
    """What one question of a probe was answered."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        ours = answer.code not in ("foreign", "redirect")
        self.reachable = ours and answer.outcome not in (Outcome.retry_host, Outcome.retry_event)
        self.usable = self.reachable and answer.status != 401
        self.allowed = self.usable and answer.status != 403
        # 422: the empty body was read, after everything before it was found right.
        self.fine = self.allowed and answer.status in (200, 422)


def clock_skew(header: str | None, before: float, after: float) -> float | None:
    """Tell by how many seconds the clock that wrote a `Date` is ahead of this one; None when it cannot be read.

    Args:
        header: what was sent.
        before: Unix seconds at which the question went out.
        after: Unix seconds at which the answer was there.
    """
    try:
        theirs = parsedate_to_datetime(header or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=_UTC)
    # The header has whole seconds, so it was written half of one later on average.
    ours = datetime.fromtimestamp((before + after) / 2, tz=_UTC)
    return (theirs - ours).total_seconds() + 0.5
