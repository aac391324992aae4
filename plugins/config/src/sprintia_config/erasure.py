"""Erase a tenant's secrets for ever (LGPD): the data keys go, and with them all that they sealed."""

from sprintia_config.writing import Change


async def erase_secrets_of(change: Change) -> int:
    """Destroy the data keys of the change's tenant; returns how many there were."""
    count = await change.destroy_keys()
    await change.audit("secrets.erase", "secrets", keys=count)
    change.changed = True
    return count
