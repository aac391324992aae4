"""`sprintia plugins`."""

import click

from sprintia_platform.cli.runtime import json_option, one_line_errors, show
from sprintia_platform.health import describe_plugins
from sprintia_platform.host import Host


@click.command()
@json_option
def plugins(as_json: bool) -> None:
    """List the plugins of this installation; exit status 1 when one is broken."""
    with one_line_errors():
        found = describe_plugins(Host())
    show(found, as_json=as_json, table=("name", "status", "version", "distribution", "prefixes"))
    broken = [plugin for plugin in found if plugin["status"] == "broken"]
    if not as_json:
        for plugin in broken:
            click.echo(f"{plugin['name']}: failed at {plugin['stage']}: {plugin['cause']}. {plugin['cure']}", err=True)
    if broken:
        raise SystemExit(1)
