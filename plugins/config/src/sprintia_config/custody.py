"""Where the master keys are kept, and whether they are all there."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sprintia_config.models import SCHEMA
from sprintia_config.secrecy.errors import MasterKeyError
from sprintia_config.secrecy.master_keys import SETTING, MasterKeyRing
from sprintia_config.settings import ConfigSettings
from sprintia_config.vault import Vault, data_keys_by_master_key
from sprintia_platform.errors import StartupError

if TYPE_CHECKING:
    from sprintia_platform.host import Host


def key_file_of(host: "Host") -> Path | None:
    """The master key file; None when the ring stands in the setting."""
    settings = host.settings_of(SCHEMA, ConfigSettings)
    if settings.master_keys is not None:
        return None
    return settings.master_key_file or host.settings.data_dir / "master.keys"


def open_vault(host: "Host") -> Vault:
    """Read the master key ring: of the setting, else of the file, which the first start makes.

    Raises:
        StartupError: it cannot be read.
    """
    settings = host.settings_of(SCHEMA, ConfigSettings)
    path = key_file_of(host)
    try:
        if path is None:
            return Vault(MasterKeyRing.parse(settings.master_keys.reveal() if settings.master_keys else ""))
        return Vault(MasterKeyRing.load_or_create(path), path)
    except MasterKeyError as error:
        raise StartupError(str(error)) from None


async def open_vault_at_start(host: "Host") -> Vault:
    """Read the ring, or make the key file of a platform that has no secret yet.

    Where the file is missing and stored data keys need it, none is made: a new one would stand where the old one is to
    be restored, and other processes would take it for the ring.

    Raises:
        StartupError: the file, or a key that is in use, is missing.
    """
    path = key_file_of(host)
    if path is not None and not path.exists():
        await _require(host, (), f"the master key file {path} is missing")
    return await _with_every_key(host)


async def open_standing_vault(host: "Host") -> Vault:
    """Read the ring that the servers use, for a command or a check beside them; never makes the key file.

    Raises:
        StartupError: the file, or a key that is in use, is missing.
    """
    path = key_file_of(host)
    if path is not None and not path.exists():
        raise StartupError(
            f"there is no master key file {path}: set SPRINTIA_DATA_DIR or SPRINTIA_CONFIG_MASTER_KEY_FILE as the "
            "server has it, or start the server once, which makes the file"
        )
    return await _with_every_key(host)


async def _with_every_key(host: "Host") -> Vault:
    vault = open_vault(host)
    await _require(host, vault.ring.key_ids, "the master key ring is not complete")
    return vault


async def _require(host: "Host", key_ids: Iterable[str], fault: str) -> None:
    async with host.database.transaction(SCHEMA, "*", read_only=True) as connection:
        used = await data_keys_by_master_key(connection)
    missing = sorted(set(used) - set(key_ids))
    if missing:
        raise StartupError(
            f"{fault}, and stored secrets need {', '.join(missing)}: restore the key file, or add the key to {SETTING}"
        )
