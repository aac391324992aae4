"""`sprintia`: the root of all commands. Each plugin adds its own group under its name."""

import click

from sprintia_platform.cli import audit, database, keys, plugins, scaffold, serve
from sprintia_platform.cli.runtime import one_line_errors
from sprintia_platform.errors import StartupError
from sprintia_platform.host import Host
from sprintia_platform.plugins import PluginError
from sprintia_platform.settings import HostSettings, load_host_settings


class RootGroup(click.Group):
    """The host's commands, and a group for each plugin that registers some."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        try:
            names = list(_plugin_groups(load_host_settings()))
        except StartupError as error:
            click.echo(f"sprintia: plugins' commands are not listed: {error.faults[0]}", err=True)
            names = []
        return sorted({*super().list_commands(ctx), *names})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        with one_line_errors():
            return _plugin_groups(load_host_settings()).get(cmd_name)


def _plugin_groups(settings: HostSettings) -> dict[str, click.Group]:
    host = Host(settings)
    groups = {}
    for name in host.contributions:
        group = click.Group(name, help=f"Commands of the plugin {name}.")
        try:
            host.registry.call(name, "register_commands", cli=group, host=host)
        except PluginError as error:
            click.echo(f"sprintia: plugin {name!r} failed at {error.stage}: {error.cause}. {error.cure}", err=True)
            continue
        if group.commands:
            groups[name] = group
    return groups


@click.group(cls=RootGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sprintia-platform")
def main() -> None:
    """Run and look after the Sprintia Platform.

    Settings come from the environment: SPRINTIA_HOST, SPRINTIA_PORT, SPRINTIA_DATA_DIR, SPRINTIA_PLUGINS,
    DATABASE_URL, API_KEY and those of each plugin; docs/operating.md has them all. Without DATABASE_URL a private
    PostgreSQL runs in SPRINTIA_DATA_DIR.

    Exit status: 0 done, 1 refused with a line that says why, 2 the command was misspelt.
    """


main.add_command(serve.serve)
main.add_command(plugins.plugins)
main.add_command(database.db)
main.add_command(keys.keys)
main.add_command(audit.audit)
main.add_command(scaffold.new_plugin)
