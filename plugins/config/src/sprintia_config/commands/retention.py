"""`sprintia config retention`: remove old versions now, or see what would go."""

import click

from sprintia_config.commands.access import operated_host
from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.models import SCHEMA
from sprintia_config.retention.removal import Removed, Rule, alone, remove_all
from sprintia_config.settings import ConfigSettings
from sprintia_platform.cli.runtime import fail, json_option, operator, run, show


@click.command("retention")
@click.option("--dry-run", is_flag=True, help="Count what would go, and remove nothing.")
@click.option("--tenant", "tenants", multiple=True, metavar="TENANT", help="This tenant; repeatable. All without it.")
@json_option
def remove_old_versions(tenants: tuple[str, ...], *, dry_run: bool, as_json: bool) -> None:
    """Remove the versions that retention does not keep.

    SPRINTIA_CONFIG_RETENTION_VERSIONS and SPRINTIA_CONFIG_RETENTION_DAYS say what is kept. Servers with these settings
    do the same every hour. What stands, what is pinned and the audit log are never touched.
    """
    with operated_host() as host:
        check_identifiers(**{f"tenant[{place}]": tenant for place, tenant in enumerate(tenants)})
        rule = Rule.of(host.settings_of(SCHEMA, ConfigSettings))
        if rule is None:
            fail("retention is off: set SPRINTIA_CONFIG_RETENTION_VERSIONS and SPRINTIA_CONFIG_RETENTION_DAYS")

        async def remove() -> list[Removed] | None:
            async with alone(host.database) as is_alone:
                if not (is_alone or dry_run):
                    return None
                wanted = dict.fromkeys(tenants) or None
                return [
                    removed async for removed in remove_all(host.database, rule, operator(), wanted, dry_run=dry_run)
                ]

        removed = run(host, remove)
        if removed is None:
            fail("another process is removing old versions at this moment: try again when it has ended")
        show(removed, as_json=as_json)


COMMANDS = (remove_old_versions,)
