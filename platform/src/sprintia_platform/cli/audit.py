"""`sprintia audit`."""

import click
import msgspec

from sprintia_platform.audit.log import ChainFault, verify_audit
from sprintia_platform.cli.runtime import fail, json_option, run, running_host, show


@click.group()
def audit() -> None:
    """The audit log: who did what."""


@audit.command()
@click.option("--tenant", help="Only this tenant's chain; without it, every chain.")
@json_option
def verify(tenant: str | None, *, as_json: bool) -> None:
    """Compute the hash chains anew; exit status 1 when one does not hold.

    A fault names tenant, event number and cause: `changed` (the event is not what was written), `gap` (events are
    missing before it), `cut` (the end of the chain is missing).
    """
    with running_host() as host:

        async def walk() -> tuple[int, list[ChainFault]]:
            async with host.database.transaction("platform", "*", read_only=True) as connection:
                return await verify_audit(connection, tenant)

        count, faults = run(host, walk)
        if as_json:
            show({"holds": not faults, "events": count, "faults": msgspec.to_builtins(faults)}, as_json=True)
        if faults:
            fail([f"the audit chain of {fault.tenant_id} is {fault.cause} at event {fault.seq}" for fault in faults])
        if not as_json:
            click.echo(f"{count} events, every chain holds")
