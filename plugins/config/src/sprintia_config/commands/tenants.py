"""`sprintia config webhook-secret|signature|erase-secrets`: what belongs to a tenant beside its documents."""

from typing import TYPE_CHECKING, get_args

import click

from sprintia_config.commands.access import TENANT, author, open_writer, operated_host
from sprintia_config.contents.identifiers import check_identifiers
from sprintia_config.custody import open_standing_vault, open_vault
from sprintia_config.erasure import erase_secrets_of
from sprintia_config.models import SCHEMA
from sprintia_config.tenants import is_known
from sprintia_config.vault import tenants_of_master_key
from sprintia_config.webhook.secrets import Mode, add_secret, set_mode
from sprintia_config.writing import Writer
from sprintia_platform.cli.runtime import fail, json_option, run, show

if TYPE_CHECKING:
    from sprintia_platform.host import Host


_new_tenant = click.option(
    "--new-tenant", is_flag=True, help="TENANT is not known here yet; without this, it is taken for misspelt."
)


@click.group("webhook-secret")
def webhook_secret() -> None:
    """The secrets that sign a tenant's webhooks."""


@webhook_secret.command("add")
@TENANT
@click.option(
    "--overlap-hours", type=click.IntRange(0, 24 * 90), default=24, show_default=True,
    help="How long the secrets that stand stay valid beside the new one.",
)  # fmt: skip
@_new_tenant
@json_option
def add_webhook_secret(tenant: str, overlap_hours: int, *, new_tenant: bool, as_json: bool) -> None:
    """Make a signing secret for TENANT and show it, once."""
    with operated_host() as host:
        check_identifiers(tenant=tenant)

        async def add() -> tuple[str, str]:
            await _check_known(host, tenant, new_tenant=new_tenant)
            writer = open_writer(host, await open_standing_vault(host))
            async with writer.change(tenant, author()) as change:
                return await add_secret(change, None, overlap_hours)

        secret_id, secret = run(host, add)
        show({"id": secret_id, "secret": secret}, as_json=as_json)


@click.command("signature")
@TENANT
@click.argument("mode", type=click.Choice(get_args(Mode)), metavar="MODE")
@_new_tenant
@json_option
def set_signature(tenant: str, mode: Mode, *, new_tenant: bool, as_json: bool) -> None:
    """Say how the webhooks of TENANT must be signed.

    MODE is `optional`: a signature is checked when there is one; `required`: there must be one; `legacy`: the header
    X-Webhook-Signature of the replaced system; `inherit`: as SPRINTIA_CONFIG_WEBHOOK_SIGNATURE says.
    """
    with operated_host() as host:
        check_identifiers(tenant=tenant)

        async def write() -> None:
            await _check_known(host, tenant, new_tenant=new_tenant)
            writer = open_writer(host, await open_standing_vault(host))
            async with writer.change(tenant, author()) as change:
                await set_mode(change, mode)

        run(host, write)
        show({"tenant_id": tenant, "mode": mode}, as_json=as_json)


@click.command("erase-secrets")
@click.argument("tenant", required=False)
@click.option(
    "--lost-key", metavar="ID", help="Instead of TENANT: every tenant whose secrets need this lost master key."
)
@click.option("--yes", is_flag=True, help="It cannot be undone: say that you mean it.")
@json_option
def erase_secrets(tenant: str | None, lost_key: str | None, *, yes: bool, as_json: bool) -> None:
    """Erase all secrets of TENANT for ever, in every version, by destroying its data keys.

    Documents stay, with masks; history stays. Backups taken before still hold the wrapped keys: erase those too.
    """
    if bool(tenant) == bool(lost_key):
        raise click.UsageError("Name a tenant, or give --lost-key ID.")
    with operated_host() as host:
        if not yes:
            fail("this destroys secrets for ever: add --yes")
        # Not the standing vault: this is asked for, too, when the ring cannot open what stands.
        writer = open_writer(host, open_vault(host))
        if tenant is not None:
            check_identifiers(tenant=tenant)
            gone = [run(host, lambda: _erase(writer, tenant))]
        elif lost_key in writer.vault.ring.key_ids:
            fail(f"master key {lost_key} is not lost: the ring has it")
        else:
            gone = run(host, lambda: _erase_every(host, writer, lost_key or ""))
        show(gone, as_json=as_json)


COMMANDS = (webhook_secret, set_signature, erase_secrets)


async def _check_known(host: "Host", tenant: str, *, new_tenant: bool) -> None:
    async with host.database.transaction(SCHEMA, [tenant], read_only=True) as connection:
        known = await is_known(connection, tenant)
    if not known and not new_tenant:
        fail(f"there is no tenant {tenant}: check how it is spelt, or add --new-tenant before its first webhook")


async def _erase(writer: Writer, tenant: str) -> dict[str, object]:
    async with writer.change(tenant, author()) as change:
        count = await erase_secrets_of(change)
        if not count:  # misspelt, perhaps: the transaction ends here, and leaves no trace of a new tenant
            fail(f"the tenant {tenant} has no secrets")
        return {"tenant_id": tenant, "destroyed_keys": count}


async def _erase_every(host: "Host", writer: Writer, lost_key: str) -> list[dict[str, object]]:
    async with host.database.transaction(SCHEMA, "*", read_only=True) as connection:
        tenants = await tenants_of_master_key(connection, lost_key)
    return [await _erase(writer, tenant) for tenant in tenants]
