"""When a tenant's configuration changed, as a calendar: a column for each week, a square for each day."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import msgspec

from sprintia_config_client.contract import ActivityDay

WEEKS: Final = 26
STEP: Final = 14
SQUARE: Final = 11
TOP: Final = 18


class Square(msgspec.Struct, frozen=True, kw_only=True):
    """A day: its place in the picture, how much changed, and how strong its colour is (0 to 4)."""

    day: date
    x: int
    y: int
    changes: int
    level: int


class MonthMark(msgspec.Struct, frozen=True, kw_only=True):
    """The first day of a month within the picture, above its column."""

    day: date
    x: int


class ActivityPicture(msgspec.Struct, frozen=True, kw_only=True):
    """Half a year of changes.

    Attributes:
        busiest: the day with the most changes; None when nothing changed.
        by_origin: how many changes came by which way, the most first.
    """

    width: int
    height: int
    squares: tuple[Square, ...]
    months: tuple[MonthMark, ...]
    total: int
    days: tuple[ActivityDay, ...]
    busiest: ActivityDay | None
    by_origin: tuple[tuple[str, int], ...]


def days_shown(today: date) -> int:
    """How many days the picture has: whole weeks, from a Sunday, up to today."""
    return (WEEKS - 1) * 7 + _weekday(today) + 1


def activity_picture(days: Sequence[ActivityDay], today: date) -> ActivityPicture:
    """Draw the days up to today; those that are not given had no changes."""
    first = today - timedelta(days=days_shown(today) - 1)
    counted = {each.day: each for each in days if first <= each.day <= today}
    most = max((each.changes for each in counted.values()), default=0)
    squares, months = [], []
    for number in range(days_shown(today)):
        day = first + timedelta(days=number)
        x, y = number // 7 * STEP, TOP + number % 7 * STEP
        changes = counted[day].changes if day in counted else 0
        squares.append(Square(day=day, x=x, y=y, changes=changes, level=_level(changes, most)))
        if day.day == 1:
            months.append(MonthMark(day=day, x=x))
    origins: dict[str, int] = {}
    for each in counted.values():
        for origin, changes in each.by_origin.items():
            origins[origin] = origins.get(origin, 0) + changes
    return ActivityPicture(
        width=WEEKS * STEP, height=TOP + 7 * STEP, squares=tuple(squares), months=tuple(months),
        total=sum(each.changes for each in counted.values()),
        days=tuple(sorted(counted.values(), key=lambda each: each.day, reverse=True)),
        busiest=max(counted.values(), key=lambda each: (each.changes, each.day), default=None),
        by_origin=tuple(sorted(origins.items(), key=lambda each: (-each[1], each[0]))),
    )  # fmt: skip


def _weekday(day: date) -> int:
    """0 on Sundays, where calendars begin in Brazil."""
    return (day.weekday() + 1) % 7


def _level(changes: int, most: int) -> int:
    return 0 if changes == 0 else 1 + min(3, changes * 4 // (most + 1))
