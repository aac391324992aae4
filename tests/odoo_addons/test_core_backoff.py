"""Waiting: longer each time, never too long, never all at once."""

from datetime import datetime, timedelta, timezone

import pytest
from outbox_core.backoff import delay, retry_after

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=timezone.utc)  # noqa: UP017 - the addons run on Python 3.10, too


@pytest.mark.parametrize("failures", [-5, 0, 1, 2, 3, 7, 8, 60, 1_000, 10**9])
def test_delays_lie_between_half_and_whole_and_end_at_the_cap(failures: int) -> None:
    whole = min(900.0, 5.0 * 2 ** min(max(failures, 0), 30))
    assert delay(failures, random=lambda: 0.0) == whole / 2
    assert delay(failures, random=lambda: 1.0) == whole
    assert whole / 2 <= delay(failures) <= whole


def test_each_delay_is_longer_than_the_one_before_it() -> None:
    found = [delay(failures, random=lambda: 0.5) for failures in range(9)]
    assert found[:7] == sorted(set(found[:7]))
    assert found[8] == 900 * 0.75


def test_senders_that_failed_together_come_back_apart() -> None:
    assert len({delay(8) for _sender in range(100)}) > 90


def test_base_and_cap_are_the_caller_s() -> None:
    assert delay(0, base=1.0, random=lambda: 1.0) == 1.0
    assert delay(9, base=1.0, cap=3.0, random=lambda: 1.0) == 3.0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0), ("7", 7.0), (" 120 ", 120.0), ("3600", 3600.0), ("86400", 3600.0), ("9" * 5000, 3600.0),
        ("Mon, 23 Nov 2026 02:01:30 GMT", 90.0), ("Monday, 23-Nov-26 02:01:30 GMT", 90.0),
        ("Mon, 23 Nov 2026 02:01:30 -0000", 90.0), ("Mon, 23 Nov 2026 05:01:30 +0300", 90.0),
        ("Mon, 23 Nov 2020 02:01:30 GMT", 0.0), ("Mon, 23 Nov 9999 02:01:30 GMT", 3600.0),
    ],
)  # fmt: skip
def test_retry_after(header: str, seconds: float) -> None:
    assert retry_after(header, NOW) == seconds


@pytest.mark.parametrize(
    "header",
    [None, "", " ", "-1", "1.5", "1e3", "soon", "٣", "²", "0x10", "Mon, 99 Nov 2026 02:01:30 GMT", ",", "\0", "1, 2",
     "Mon, 23 Nov 2026 99:99:99 GMT", "Mon, 23 Nov 99999999999999 02:00:00 GMT"],
)  # fmt: skip
def test_junk_is_no_retry_after(header: str | None) -> None:
    assert retry_after(header, NOW) is None


def test_a_date_counts_from_the_given_time() -> None:
    assert retry_after("Mon, 23 Nov 2026 02:01:30 GMT", NOW + timedelta(seconds=60)) == 30.0
