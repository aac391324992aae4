"""`sprintia db`."""

import asyncio
from collections.abc import Awaitable, Callable

import click
from sqlalchemy.engine import URL

from sprintia_platform.cli.runtime import json_option, running_host, show
from sprintia_platform.database import migrations
from sprintia_platform.database.migrations import SchemaState
from sprintia_platform.database.urls import parse_database_url
from sprintia_platform.errors import StartupError
from sprintia_platform.host import Host
from sprintia_platform.records import DatabaseSpec

plugin_option = click.option("--plugin", help="Only this plugin's schema.")


@click.group()
def db() -> None:
    """Bring the plugins' schemas up to date, or tell where they stand."""


@db.command()
@plugin_option
@json_option
def upgrade(plugin: str | None, as_json: bool) -> None:
    """Run every outstanding migration. Two at once do no harm: the second waits and finds nothing to do."""
    with running_host(create=True) as host:
        owner = host.settings.database_owner_url
        login = host.database.url.username if owner else None
        _show(_run(host, plugin, lambda url, specs: migrations.upgrade(url, specs, login)), as_json=as_json)


@db.command()
@plugin_option
@json_option
def current(plugin: str | None, as_json: bool) -> None:
    """Show each schema's revision and the one that the code needs."""
    with running_host() as host:
        _show(_run(host, plugin, migrations.states), as_json=as_json)


@db.command()
@plugin_option
@json_option
def check(plugin: str | None, as_json: bool) -> None:
    """Compare each schema with its revision and its metadata; exit status 1 when they differ."""
    with running_host() as host:
        found = _run(host, plugin, lambda url, specs: migrations.states(url, specs, compare=True))
        _show(found, as_json=as_json)
        if not all(state.up_to_date for state in found):
            raise SystemExit(1)


def _run(
    host: Host, plugin: str | None, work: Callable[[URL, dict[str, DatabaseSpec]], Awaitable[list[SchemaState]]]
) -> list[SchemaState]:
    specs = host.databases
    if plugin is not None:
        if plugin not in specs:
            raise StartupError(f"no plugin {plugin!r} with tables is installed; there are: {', '.join(sorted(specs))}")
        specs = {plugin: specs[plugin]}
    owner = host.settings.database_owner_url
    url = parse_database_url(owner.reveal(), "SPRINTIA_DATABASE_OWNER_URL") if owner else host.database.url

    async def main() -> list[SchemaState]:
        return await work(url, specs)

    return asyncio.run(main())


def _show(found: list[SchemaState], *, as_json: bool) -> None:
    rows = [
        {
            "schema": state.schema,
            "current": state.current,
            "head": state.head,
            "up_to_date": state.up_to_date,
            "differences": list(state.differences),
        }
        for state in found
    ]
    show(rows, as_json=as_json)
