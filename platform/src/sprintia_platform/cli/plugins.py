"""`sprintia plugins`."""

import click
from msgspec import structs

from sprintia_platform.app import build
from sprintia_platform.cli.runtime import json_option, one_line_errors, show
from sprintia_platform.health import describe_plugins
from sprintia_platform.host import Host
from sprintia_platform.settings import Secret, load_host_settings


@click.command()
@json_option
def plugins(as_json: bool) -> None:
    """List the plugins of this installation; exit status 1 when one is broken."""
    with one_line_errors():
        found = describe_plugins(_built_host())
    show(found, as_json=as_json, table=("name", "status", "version", "distribution", "prefixes"))
    broken = [plugin for plugin in found if plugin["status"] == "broken"]
    if not as_json:
        for plugin in broken:
            click.echo(f"{plugin['name']}: failed at {plugin['stage']}: {plugin['cause']}. {plugin['cure']}", err=True)
    if broken:
        raise SystemExit(1)


def _built_host() -> Host:
    # Routes are checked when the application is built; that names a database and does not connect to it.
    settings = load_host_settings()
    if settings.database_url is None:
        settings = structs.replace(settings, database_url=Secret("postgresql:///sprintia"))
    host = Host(settings)
    build(host)
    return host
