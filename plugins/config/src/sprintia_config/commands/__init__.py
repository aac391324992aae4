"""The commands `sprintia config ...`: what an operator does beside the servers, on the same database."""

from typing import TYPE_CHECKING

import click

from sprintia_config.commands import documents, legacy, master_keys, retention, tenants, transfer
from sprintia_platform.cli.audit import audit

if TYPE_CHECKING:
    from sprintia_platform.host import Host


def register(cli: click.Group, host: "Host") -> None:  # noqa: ARG001 - each command opens its own, with a database
    """Add the commands to the plugin's group."""
    cli.help = "Read and mend tenants' configuration, rotate keys, verify the audit log."
    for command in (
        *documents.COMMANDS, *master_keys.COMMANDS, *tenants.COMMANDS, *transfer.COMMANDS, *legacy.COMMANDS,
        *retention.COMMANDS, audit,
    ):  # fmt: skip
        cli.add_command(command)
