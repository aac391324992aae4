"""How long to wait before the next attempt: longer each time, never without end, and never all at once."""

import random as _random
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

LONGEST_RETRY_AFTER = 3600.0
# Beyond it, doubling changes nothing under any cap in use, and floats end.
_MOST_DOUBLINGS = 60
_UTC = timezone(timedelta())


def delay(
    failures: int, *, base: float = 5.0, cap: float = 900.0, random: Callable[[], float] = _random.random
) -> float:
    """Tell the seconds to wait after so many failures in a row.

    Spread between half of the full delay and all of it: senders that failed together do not come back together, and
    none comes back at once.

    Args:
        failures: how many came before this one; 0 is the first.
        base: the full delay after the first.
        cap: the longest delay.
        random: gives a number from 0 to 1.
    """
    full = min(cap, base * 2.0 ** min(max(failures, 0), _MOST_DOUBLINGS))
    return full * (0.5 + 0.5 * random())


def retry_after(header: str | None, now: datetime) -> float | None:
    """Read `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date.

    Args:
        header: what was sent, if anything.
        now: with its zone; a date is counted from it.

    Returns:
        Seconds from 0 to 3600: a service that errs or lies keeps nobody waiting for a day. None for no header, and
        for what is neither form.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        # By length first: int() refuses thousands of digits.
        return LONGEST_RETRY_AFTER if len(text) > 9 else _bounded(float(text))
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:  # "-0000": UTC, and nothing is known of the sender's zone
            moment = moment.replace(tzinfo=_UTC)
        return _bounded((moment - now).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)
