"""`/viewer/plugins` and `/viewer/shortcuts`: what runs here, and how to move about."""

from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from sprintia_platform.health import describe_plugins, readiness
from sprintia_viewer.parts import Parts
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.visits import Visit


class ShownPlugin(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin of this process; `cause` and `cure` of a broken one."""

    name: str
    status: str
    version: str = ""
    distribution: str | None = None
    prefixes: list[str] = []
    stage: str | None = None
    cause: str | None = None
    cure: str | None = None


class ShownCheck(msgspec.Struct, frozen=True, kw_only=True):
    """An answer of `/health/ready`: what was asked, and whether it is well."""

    plugin: str
    name: str
    ok: bool
    critical: bool
    seconds: float | None = None
    cause: str | None = None


class PluginsPage(msgspec.Struct, frozen=True, kw_only=True):
    """What runs in this process, and how it is."""

    ready: bool
    plugins: list[ShownPlugin]
    checks: list[ShownCheck]


class ShortcutsPage(msgspec.Struct, frozen=True):
    """The keys, for who has no script."""


@get("/viewer/plugins", guards=[signed_in("admin")])
async def show_plugins(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """Show the plugins of this process and ask each how it is."""
    ready, report = await readiness(parts.host)
    checks: list[dict[str, Any]] = [
        {"plugin": plugin, "name": name, **answer} for plugin, asked in report.items() for name, answer in asked.items()
    ]
    page = PluginsPage(
        ready=ready, plugins=msgspec.convert(describe_plugins(parts.host), list[ShownPlugin]),
        checks=msgspec.convert(checks, list[ShownCheck]),
    )  # fmt: skip
    return await visit.page("plugins.html", page)


@get("/viewer/shortcuts", guards=[signed_in()])
async def show_shortcuts(visit: NamedDependency[Visit]) -> Response[bytes]:
    """Show the keyboard shortcuts."""
    return await visit.page("shortcuts.html", ShortcutsPage())


HANDLERS = (show_plugins, show_shortcuts)
