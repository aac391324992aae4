"""The picture of a tenant's changes: each day in its week, and nothing outside the frame."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sprintia_config_client.contract import ActivityDay
from sprintia_viewer.shown.activity import activity_picture, days_shown

TODAYS = st.dates(date(2020, 1, 1), date(2040, 1, 1))


def active(day: date, changes: int, origin: str = "webhook") -> ActivityDay:
    return ActivityDay(day=day, changes=changes, by_origin={origin: changes})


@given(TODAYS)
def test_each_day_stands_once_in_the_column_of_its_week(today: date) -> None:
    picture = activity_picture([], today)
    days = [square.day for square in picture.squares]
    assert days == [today - timedelta(days=number) for number in reversed(range(days_shown(today)))]
    assert len({(square.x, square.y) for square in picture.squares}) == len(days)
    assert all(0 <= square.x < picture.width and 0 <= square.y < picture.height for square in picture.squares)
    sundays = [square for square in picture.squares if square.day.isoweekday() == 7]
    assert len({square.y for square in sundays}) == 1
    assert len({square.x for square in sundays}) == len(sundays) == 26
    assert days[0].isoweekday() == 7
    assert [mark.day.day for mark in picture.months] == [1] * len(picture.months)


@given(TODAYS, st.dictionaries(st.integers(-5, 400), st.integers(1, 10**6), max_size=20))
def test_what_is_counted_is_what_is_shown(today: date, changes: dict[int, int]) -> None:
    days = [active(today - timedelta(days=ago), count) for ago, count in changes.items()]
    picture = activity_picture(days, today)
    shown = {square.day: square for square in picture.squares}
    assert (
        picture.total == sum(square.changes for square in shown.values()) == sum(each.changes for each in picture.days)
    )
    assert picture.total == sum(count for ago, count in changes.items() if 0 <= ago < days_shown(today))
    assert all((square.level > 0) is (square.changes > 0) and square.level <= 4 for square in shown.values())
    assert [each.day for each in picture.days] == sorted((each.day for each in picture.days), reverse=True)
    if picture.busiest:
        assert shown[picture.busiest.day].level == max(square.level for square in shown.values())
    levels = sorted((square.changes, square.level) for square in shown.values())
    assert [level for _, level in levels] == sorted(level for _, level in levels)


def test_ways_are_counted_over_all_days() -> None:
    today = date(2026, 11, 20)
    mixed = ActivityDay(day=today, changes=3, by_origin={"api": 2, "webhook": 1})
    picture = activity_picture([mixed, active(today - timedelta(days=1), 4)], today)
    assert picture.by_origin == (("webhook", 5), ("api", 2))
    assert picture.busiest == active(today - timedelta(days=1), 4)
