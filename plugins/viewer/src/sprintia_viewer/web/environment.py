"""Jinja, set up once for the process: everything is escaped, and a name that is not there is an error."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from sprintia_platform.cli.own_name import command_told
from sprintia_viewer.shown.listed_changes import changes_that_fit
from sprintia_viewer.web import links, times
from sprintia_viewer.web.assets import Assets
from sprintia_viewer.web.languages import translate, translate_number

NOTHING = "\N{EN DASH}"


def make_environment(assets: Assets) -> Environment:
    """Make the environment of all templates."""
    environment = Environment(
        loader=PackageLoader("sprintia_viewer"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.install_gettext_callables(translate, translate_number, newstyle=True)  # type: ignore[attr-defined]
    environment.globals.update(links=links, asset=assets.asset, integrity=assets.integrity, command=command_told())
    environment.filters.update(when=_when, moment=_moment, ago=_ago, number=_number, size=_size, day=_day, month=_month)
    environment.filters["fitting"] = changes_that_fit
    return environment


@pass_context
def _when(context: Context, moment: datetime | None) -> Markup | str:
    visit = context["visit"]
    return NOTHING if moment is None else times.time_element(moment, visit.zone, visit.language)


@pass_context
def _moment(context: Context, moment: datetime) -> str:
    """A time where only text may stand."""
    visit = context["visit"]
    return times.shown_time(moment, visit.zone, visit.language)


@pass_context
def _ago(context: Context, moment: datetime | None) -> str:
    return NOTHING if moment is None else times.ago(moment, context["visit"].language)


def _in_language(function: Callable[[Any, str], str]) -> Callable[[Context, Any], str]:
    @pass_context
    def filtered(context: Context, value: Any) -> str:
        return function(value, context["visit"].language)

    return filtered


_number, _size = _in_language(times.number), _in_language(times.size)
_day, _month = _in_language(times.shown_day), _in_language(times.shown_month)
