"""`sprintia config rotate-master-key|rewrap`: change the key that wraps all others, while servers run."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sprintia_config.commands.access import operated_host
from sprintia_config.custody import key_file_of, open_standing_vault
from sprintia_config.models import SCHEMA
from sprintia_config.secrecy.master_keys import SETTING
from sprintia_config.vault import Vault, data_keys_by_master_key, hold_data_keys
from sprintia_platform.audit.log import PLATFORM_CHAIN, append_audit
from sprintia_platform.cli.runtime import fail, json_option, operator, run, show
from sprintia_platform.database.connections import Connection

if TYPE_CHECKING:
    from sprintia_platform.host import Host


@click.command("rotate-master-key")
@click.option("--retire", metavar="ID", help="Instead: take this old key out, once nothing is wrapped with it.")
@json_option
def rotate_master_key(retire: str | None, *, as_json: bool) -> None:
    """Put a new master key into the key file, and wrap every data key with it.

    Servers go on meanwhile: those that share the file find the new key by themselves. No secret is encrypted anew, and
    the old key stays in the file until --retire ID. When this is interrupted, `sprintia config rewrap` goes on.

    Back the key file up afterwards, apart from the database.
    """
    with operated_host() as host:
        path = _key_file(host)
        if retire is None:
            show(run(host, lambda: _rotate(host, path)), as_json=as_json)
        else:
            show(run(host, lambda: _retire(host, path, retire)), as_json=as_json)


@click.command("rewrap")
@json_option
def rewrap(*, as_json: bool) -> None:
    """Wrap every data key with the current master key: the end of a rotation, or of one that was interrupted.

    It is also the way to rotate a ring that stands in SPRINTIA_CONFIG_MASTER_KEYS: put the new key first, restart every
    server, then run this.
    """
    with operated_host() as host:

        async def work() -> dict[str, Any]:
            return await _rewrap(host, await open_standing_vault(host))

        show(run(host, work), as_json=as_json)


COMMANDS = (rotate_master_key, rewrap)


def _key_file(host: "Host") -> Path:
    path = key_file_of(host)
    if path is None:
        fail(
            f"the master keys stand in {SETTING}, which no command can change: put a new entry first in it, restart "
            "every server, run `sprintia config rewrap`, then take the old entry out"
        )
    return path


async def _rotate(host: "Host", path: Path) -> dict[str, Any]:
    vault = await open_standing_vault(host)
    ring = vault.ring.with_new_key()
    ring.save(path)
    async with host.database.transaction(SCHEMA, "*") as connection:
        await _audit(connection, "master_key.rotate", ring.current_id)
    return await _rewrap(host, Vault(ring, path))


async def _rewrap(host: "Host", vault: Vault) -> dict[str, Any]:
    """Wrap in batches: each commits by itself, so that whatever was done stays done."""
    current, count = vault.ring.current_id, 0
    while True:
        async with host.database.transaction(SCHEMA, "*") as connection:
            done = await vault.rewrap(connection)
        if not done:
            break
        count += done
    async with host.database.transaction(SCHEMA, "*") as connection:
        used = await data_keys_by_master_key(connection)
        if count:
            await _audit(connection, "master_key.rewrap", current, count=count)
    left = sum(number for key_id, number in used.items() if key_id != current)
    if left:
        fail(f"{left} data key(s) were in use just now: run `sprintia config rewrap` once more")
    old = [key_id for key_id in vault.ring.key_ids if key_id != current]
    return {"current": current, "rewrapped": count, "can_be_retired": old}


async def _retire(host: "Host", path: Path, key_id: str) -> dict[str, Any]:
    vault = await open_standing_vault(host)
    ring = vault.ring.without_key(key_id)
    async with host.database.transaction(SCHEMA, "*") as connection:
        await hold_data_keys(connection)
        wrapped = (await data_keys_by_master_key(connection)).get(key_id, 0)
        if wrapped:
            fail(f"master key {key_id} still wraps {wrapped} data key(s): run `sprintia config rewrap` first")
        await _audit(connection, "master_key.retire", key_id)
        ring.save(path)
    return {"current": ring.current_id, "retired": key_id}


async def _audit(connection: Connection, action: str, key_id: str, **detail: object) -> None:
    await append_audit(
        connection, tenant=PLATFORM_CHAIN, actor=operator(), action=action, target=f"master-key/{key_id}",
        detail={"origin": "cli", **detail},
    )  # fmt: skip
