"""The commands `sprintia config ...`."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from sprintia_platform.host import Host


def register(cli: click.Group, host: "Host") -> None:
    """Add the commands to the plugin's group."""
