"""Times, numbers and sizes as a person reads them: in their zone and language, with UTC at hand."""

from datetime import UTC, date, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from babel.core import get_global
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal
from markupsafe import Markup

from sprintia_viewer.web.languages import PSEUDO

DEFAULT_ZONE = "America/Sao_Paulo"
_PORTUGUESE_TIME, _ISO_TIME = "dd/MM/yyyy HH:mm:ss", "yyyy-MM-dd HH:mm:ss"
_STEPS = ("B", "kB", "MB", "GB")
_STEP = 1_000


def known_zone(name: str) -> bool:
    return name in available_timezones()


@cache
def zones_offered() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The time zones that a person chooses from, Brazil's first: those of places, each under its present name, and UTC.

    What is left out, `Factory` or `Etc/GMT+3` and the names of former days, is still taken from who has it.
    """
    known = available_timezones()
    brazil = [zone for zone in get_global("territory_zones")["BR"] if zone in known]
    places = {zone for zone in get_global("zone_territories") if zone in known and not zone.startswith("Etc/")}
    return tuple(sorted(brazil)), (*sorted(places - set(brazil)), "UTC")


def _locale(language: str) -> str:
    """Babel's name of a language; what no country speaks counts as English does."""
    return "en" if language == PSEUDO else language.replace("-", "_")


def shown_time(moment: datetime, zone: str, language: str) -> str:
    """`22/11/2026 19:04:05`, and `2026-11-22 19:04:05` in English: which zone it is, each page's foot says."""
    pattern = _PORTUGUESE_TIME if language.startswith("pt") else _ISO_TIME
    return format_datetime(moment.astimezone(ZoneInfo(zone)), pattern, locale=_locale(language))


def time_element(moment: datetime, zone: str, language: str) -> Markup:
    """A `<time>` in the person's zone; machines and the title have UTC."""
    utc = moment.astimezone(UTC)
    return Markup('<time datetime="{}" title="{} UTC">{}</time>').format(
        f"{utc:%Y-%m-%dT%H:%M:%S.%f}Z", f"{utc:%Y-%m-%d %H:%M:%S}", shown_time(moment, zone, language)
    )


def ago(moment: datetime, language: str, now: datetime | None = None) -> str:
    """`há 3 dias`: an addition to the time, never instead of it."""
    delta = moment - (now or datetime.now(UTC))
    return format_timedelta(delta, add_direction=True, locale=_locale(language))


def shown_day(day: date, language: str) -> str:
    return format_date(day, "medium", locale=_locale(language))


def shown_month(day: date, language: str) -> str:
    return format_date(day, "LLL", locale=_locale(language))


def number(value: float, language: str) -> str:
    return format_decimal(value, locale=_locale(language))


def size(count: int, language: str) -> str:
    """A number of bytes, in steps of a thousand."""
    value, step = float(count), 0
    while value >= _STEP and step < len(_STEPS) - 1:
        value, step = value / _STEP, step + 1
    return f"{format_decimal(round(value, 1) if step else count, locale=_locale(language))} {_STEPS[step]}"
