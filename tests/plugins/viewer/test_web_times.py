"""Times as a person reads them: in their own zone, also where its clocks change, with UTC at hand."""

from datetime import UTC, datetime

import pytest

from sprintia_viewer.web.times import shown_time, time_element

# In New York 1:30 came twice on 2026-11-01, and on 2026-03-08 2:30 did not come; Brazil's clocks no longer change.
CHANGES = [
    ("2026-11-01T05:30:00", "America/New_York", "2026-11-01 01:30:00"),
    ("2026-11-01T06:30:00", "America/New_York", "2026-11-01 01:30:00"),
    ("2026-11-01T07:30:00", "America/New_York", "2026-11-01 02:30:00"),
    ("2026-03-08T06:59:59", "America/New_York", "2026-03-08 01:59:59"),
    ("2026-03-08T07:00:00", "America/New_York", "2026-03-08 03:00:00"),
    ("2026-07-01T12:00:00", "America/Sao_Paulo", "2026-07-01 09:00:00"),
    ("2026-12-01T12:00:00", "America/Sao_Paulo", "2026-12-01 09:00:00"),
    ("2018-12-01T12:00:00", "America/Sao_Paulo", "2018-12-01 10:00:00"),
    ("2026-01-01T01:00:00", "America/Sao_Paulo", "2025-12-31 22:00:00"),
]


@pytest.mark.parametrize(("moment", "zone", "shown"), CHANGES)
def test_a_time_is_that_of_the_zone_on_its_day(moment: str, zone: str, shown: str) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert shown_time(at, zone, "en") == shown
    element = time_element(at, zone, "en")
    assert f'datetime="{moment}.000000Z" title="{moment.replace("T", " ")} UTC"' in element


def test_an_hour_that_comes_twice_is_told_apart_by_utc() -> None:
    first, second = (
        time_element(datetime(2026, 11, 1, hour, 30, tzinfo=UTC), "America/New_York", "pt-BR") for hour in (5, 6)
    )
    assert first.striptags() == second.striptags() == "01/11/2026 01:30:00"
    assert first != second
