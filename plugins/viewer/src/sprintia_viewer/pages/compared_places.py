"""What the form for comparing two tenants offers to choose from."""

import asyncio
from typing import Final

from sprintia_config_client import errors
from sprintia_config_client.contract import Head
from sprintia_viewer.parts import ConfigService

_MOST_OFFERED: Final = 200
_MOST_READ: Final = 20


def place_of(text: str) -> tuple[str, str]:
    """Tenant and domain of `tenant/domain`."""
    tenant, _, domain = text.partition("/")
    return tenant.strip(), domain.strip() or "default"


async def offered(config: ConfigService, left: str) -> tuple[list[str], list[str]]:
    """Places as `tenant/domain`, and types of documents.

    Next to a left side, every tenant is offered with its domain: what is compared is mostly the same in both. Else the
    documents of the first tenants are read for what there is.
    """
    found = await config.tenants(limit=_MOST_OFFERED)
    tenants = [tenant.tenant_id for tenant in found.tenants]
    own, domain = place_of(left)
    read = [own] if left else tenants[:_MOST_READ]
    heads = [head for several in await asyncio.gather(*(_heads(config, tenant) for tenant in read)) for head in several]
    places = [f"{head.tenant_id}/{head.domain}" for head in heads]
    if left:
        places += [f"{tenant}/{domain}" for tenant in tenants]
    return list(dict.fromkeys(places)), sorted({head.config_type for head in heads})


async def _heads(config: ConfigService, tenant: str) -> tuple[Head, ...]:
    try:
        return tuple(await config.heads(tenant))
    except (errors.NotFound, errors.Invalid):
        return ()
