"""Every hook of the platform, on one page.

A plugin is a module named by an entry point of the group `sprintia`; the entry point's name is the plugin's name, its
PostgreSQL schema, its OpenAPI tag and the infix of its settings. The module says `HOOK_API = 1` and implements any of
these hooks with `@hookimpl`. All are synchronous, return data, and are called once per plugin, in order of name. An
implementation names only the arguments that it wants.
"""

from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import click
import msgspec
import pluggy
from litestar.plugins import PluginProtocol

from sprintia_platform.records import DatabaseSpec, FirstSteps, HealthCheck, MenuEntry, Routes, ServiceFactory

if TYPE_CHECKING:
    from sprintia_platform.host import Host

HOOK_API = 1
"""The version of this page. A plugin states the version that it was written for; another one is refused."""

PROJECT = "sprintia"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_settings() -> type[msgspec.Struct]:
    """Declare the plugin's settings: a msgspec Struct, filled from `SPRINTIA_<NAME>_*` before any other hook runs.

    A field without a default is required. A field of type `Secret` may also come from the file that `<VARIABLE>_FILE`
    names. Every bad value, and every variable with the prefix that is no field, stops the start, all at once.

    Example:
        class NotesSettings(msgspec.Struct, frozen=True, kw_only=True):
            max_length: int = 500

        @hookimpl
        def register_settings():
            return NotesSettings
    """
    raise AssertionError  # pluggy replaces the specification by the plugins' implementations


@hookspec
def register_database(host: "Host") -> DatabaseSpec:
    """Declare the plugin's tables and migrations, in the schema that bears the plugin's name.

    Example:
        @hookimpl
        def register_database(host):
            return DatabaseSpec(metadata=Base.metadata, migrations="sprintia_notes:migrations")
    """
    raise AssertionError


@hookspec
def register_routes(host: "Host") -> Routes:
    """Offer route handlers, with the path prefixes that they claim. Each handler carries `requires(...)` or `public`.

    Example:
        @get("/notes", guards=[requires("config:read")])
        async def list_notes() -> list[str]:
            return []

        @hookimpl
        def register_routes(host):
            return Routes(prefixes=("/notes",), handlers=[list_notes])
    """
    raise AssertionError


@hookspec
def register_services(host: "Host") -> Mapping[type, ServiceFactory]:
    """Offer implementations of contracts, each a Protocol from a client package, to the other plugins.

    Example:
        @hookimpl
        def register_services(host):
            return {NoteReader: lambda: PostgresNoteReader(host.database)}
    """
    raise AssertionError


@hookspec
def register_health_checks(host: "Host") -> Iterable[HealthCheck]:
    """Add questions to `/health/ready`.

    Example:
        @hookimpl
        def register_health_checks(host):
            return [HealthCheck(name="mail", check=mail_server_answers, critical=False)]
    """
    raise AssertionError


@hookspec
def register_commands(cli: click.Group, host: "Host") -> None:
    """Add commands under `sprintia <plugin> ...`; `cli` is that group.

    Example:
        @hookimpl
        def register_commands(cli, host):
            @cli.command()
            def count():
                click.echo("0")
    """
    raise AssertionError


@hookspec
def register_menu(host: "Host") -> Iterable[MenuEntry]:
    """Add entries to the viewer's navigation.

    Example:
        @hookimpl
        def register_menu(host):
            return [MenuEntry(id="notes", label="Notes", path="/notes")]
    """
    raise AssertionError


@hookspec
def register_first_steps(host: "Host") -> FirstSteps:
    """Tell whoever starts the platform for the first time what to do next.

    Called by `sprintia serve --first-run` alone, after the migrations and before serving, with the database open. It
    gets the URL at which the platform will answer; its lines are shown once, below the API key. No line: nothing to do.

    Example:
        @hookimpl
        def register_first_steps(host):
            async def first_steps(url):
                return [f"Write the first note at {url}/notes"]
            return first_steps
    """
    raise AssertionError


@hookspec
def register_litestar_plugins(host: "Host") -> Iterable[PluginProtocol]:
    """Hand Litestar plugins to the application: the way out when no other hook fits.

    Example:
        @hookimpl
        def register_litestar_plugins(host):
            return [MySerializationPlugin()]
    """
    raise AssertionError


@hookspec
def lifespan(host: "Host") -> AbstractAsyncContextManager[None]:
    """Give what lives as long as the process: background tasks, listeners, pools.

    Entered after the database is ready and before the first request; left after the last one.

    Example:
        @hookimpl
        def lifespan(host):
            @asynccontextmanager
            async def run():
                async with asyncio.TaskGroup() as tasks:
                    task = tasks.create_task(sweep_forever())
                    yield
                    task.cancel()
            return run()
    """
    raise AssertionError
