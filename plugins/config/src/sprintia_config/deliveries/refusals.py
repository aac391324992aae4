"""Deliveries that are refused: listed with the reason and, where the content alone is at fault, kept with their body.

Whoever sent it had the right and reaches the tenant, or its body is not looked at. The body is sealed under the
tenant's data key, as one in quarantine: erasing the tenant's secrets destroys it.
"""

from collections.abc import Awaitable, Callable

import structlog

from sprintia_config.deliveries.kept import MOST_REFUSED
from sprintia_config.models import SCHEMA
from sprintia_config.schemas.quarantine import keep
from sprintia_config.secrecy.errors import SecrecyError
from sprintia_config.unit_of_work import Expected, find_opening
from sprintia_config.writing import Author, Change, Delivery, Writer, body_place
from sprintia_platform import Problem
from sprintia_platform.database.connections import Connection, Database

Admission = Callable[[Change], Awaitable[None]]
"""Looks at the signature or token of a delivery; it refuses by a `Problem`, and changes nothing."""

ABOUT_THE_CONTENT = frozenset({400, 409, 412, 422})
"""The statuses of refusals that another state, another schema or another condition could turn into a yes."""

log = structlog.get_logger("sprintia.config")


async def record_refusal(
    database: Database, writer: Writer, tenant_id: str, delivery: Delivery, refusal: Problem, admit: Admission
) -> None:
    """List a delivery that was refused; its id stays free for a corrected one.

    Its body is kept when the refusal is about the content, the tenant is known here, and `admit` lets it through: it
    may have been refused before anybody looked at its signature.
    """
    reason = refusal.kind.detail.show("pt-BR", **refusal.values)[:1000]
    async with database.transaction(SCHEMA, [tenant_id] if tenant_id else "*") as connection:
        digest, generation, sealed = b"", None, None
        if tenant_id and delivery.body and refusal.kind.status in ABOUT_THE_CONTENT:
            digest, generation, sealed = await _sealed(connection, writer, tenant_id, delivery, admit)
        await connection.execute(
            "INSERT INTO config.delivery (tenant_id, sender, delivery_id, route, event, request_digest, outcome, "
            "status, reason, faults, key_generation, sealed_body, media_type, sequence, person) "
            "VALUES ($1, $2, $3, $4, $5, $6, 'refused', $7, $8, $9, $10, $11, $12, $13, $14)",
            tenant_id, delivery.sender, delivery.delivery_id, delivery.route, delivery.event, digest,
            refusal.kind.status, reason, keep(refusal.errors), generation, sealed,
            None if sealed is None else delivery.media_type, None if sealed is None else delivery.sequence,
            delivery.person,
        )  # fmt: skip
        if sealed is not None:
            await connection.execute("SELECT config.drop_refused_bodies($1, $2)", tenant_id, MOST_REFUSED)


async def _sealed(
    connection: Connection, writer: Writer, tenant_id: str, delivery: Delivery, admit: Admission
) -> tuple[bytes, int | None, bytes | None]:
    """Seal the body: digest, generation of the key, and what was sealed; without the last two when it is not kept.

    The tenant's row is not locked, unless it never had a key: a refusal must not keep writers waiting.
    """
    nothing = (b"", None, None)
    opening = await find_opening(connection, tenant_id, Expected(signing=True))
    if opening is not None and not opening.data_keys:
        await connection.execute("SELECT FROM config.tenant WHERE tenant_id = $1 FOR NO KEY UPDATE", tenant_id)
        opening = await find_opening(connection, tenant_id, Expected(signing=True))
    if opening is None:
        return nothing  # a tenant that never was has no key, and a refusal must not make it one
    change = Change(connection, writer.vault, tenant_id, opening, Author("", ""), writer.schemas)
    try:
        await admit(change)
        generation, key = await change.sealing_key()
    except Problem:
        return nothing
    except SecrecyError as error:
        # The refusal itself is what must be heard and listed; the health check says what is wrong with the keys.
        log.warning("refused_body_not_kept", tenant=tenant_id, error_type=type(error).__name__)
        return nothing
    # Keyed: whoever gets hold of the table must not be able to try passwords against it.
    digest = key.fingerprint(delivery.digest, body_place(tenant_id, delivery.sender, b""))
    return digest, generation, key.seal(delivery.body, body_place(tenant_id, delivery.sender, digest))
