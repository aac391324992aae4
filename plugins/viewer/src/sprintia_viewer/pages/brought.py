"""Which delivery brought a version."""

from collections.abc import Collection, Mapping

from sprintia_viewer.parts import ConfigService


async def deliveries_by_revision(config: ConfigService, tenant: str, revisions: Collection[int]) -> Mapping[int, int]:
    """The ids of the deliveries that made these revisions of a tenant, 200 at most; others have none.

    Each change of a tenant has a revision of its own.
    """
    brought = await config.deliveries(tenant=tenant, revisions=revisions, limit=len(revisions)) if revisions else ()
    return {delivery.revision: delivery.id for delivery in brought if delivery.revision is not None}
