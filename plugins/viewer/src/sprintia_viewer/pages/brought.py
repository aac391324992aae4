"""Which delivery brought a version."""

from collections.abc import Mapping

from sprintia_viewer.parts import ConfigService

_SEARCHED = 100


async def deliveries_by_revision(config: ConfigService, tenant: str) -> Mapping[int, int]:
    """The ids of a tenant's last deliveries that changed something, each by the revision that it made.

    Each change of a tenant has a revision of its own. Older deliveries are not looked for.
    """
    applied = await config.deliveries(tenant=tenant, outcome="applied", limit=_SEARCHED)
    return {delivery.revision: delivery.id for delivery in applied if delivery.revision is not None}
