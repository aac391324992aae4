"""What can be done with the mapping: replace, merge, roll back, resolve."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from sprintia_config import problems
from sprintia_config.mapping import store
from sprintia_config.mapping.slices import GivenMapping, Slice, Slices, patched
from sprintia_config.mapping.store import MappingVersion, Route
from sprintia_config.writing import Answer, Author, Change, Delivery, Writer, answer_once, expected_of
from sprintia_platform import Caller, Problem
from sprintia_platform.database.connections import Connection

Heads = Mapping[str, MappingVersion]
Edit = Callable[[Heads], Slices]
"""Makes the slices that are to stand out of those that do."""


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers: `rule` is special_number, inbox, account or fallback."""

    tenant_id: str
    domain: str
    crew: str | None
    rule: str


async def write(
    writer: Writer, caller: Caller, author: Author, delivery: Delivery, if_match: str | None, edit: Edit,
    answer: Callable[[Heads], Answer],
) -> Answer:  # fmt: skip
    """Change slices of any of the caller's tenants in one transaction; all of them change, or none.

    Raises:
        Problem: 404 for a tenant out of reach, 409 when a route belongs to somebody else, 412 when a condition fails.
    """
    async with writer.mapping_transaction(caller.scope) as transaction:
        heads = await store.read_heads(transaction.connection)
        wanted = edit(heads)
        for tenant in wanted:
            caller.require_tenant(tenant)
        # A request that changes nothing still keeps its delivery, or its repetition would undo what came in between.
        locked = sorted(wanted) or sorted(heads)[:1] or sorted(caller.tenants or ())[:1]
        expected = expected_of(delivery, mapping=True)
        changes = {tenant: await transaction.begin(tenant, author, expected) for tenant in locked}
        if not changes:
            require_match(if_match, heads)
            if delivery.delivery_id is not None:
                raise Problem(problems.MAPPING_NOT_FOUND)
            return answer({})

        async def work(_change: Change) -> Answer:
            require_match(if_match, heads)
            standing = {**heads, **await store.write_slices(changes, wanted)}
            return answer(standing)

        # A request over several tenants keeps its delivery with the first of them.
        return await answer_once(next(iter(changes.values())), delivery, work)


def replacing(caller: Caller, given: GivenMapping) -> Edit:
    """Replace all that the caller's tenants own; who is not named owns nothing afterwards."""

    def edit(heads: Heads) -> Slices:
        mine = {tenant: Slice() for tenant in heads if caller.reaches(tenant)}
        return mine | given.slices

    return edit


def merging(given: GivenMapping) -> Edit:
    """Merge what is given into what stands."""

    def edit(heads: Heads) -> Slices:
        standing = {tenant: head.value for tenant, head in heads.items()}
        merged = patched(standing, given)
        # Compared as written: to Python, true and 1 would be equal.
        return {
            tenant: part for tenant, part in merged.items() if part.to_text() != standing.get(tenant, Slice()).to_text()
        }

    return edit


async def deliver_slice(
    writer: Writer, caller: Caller, tenant: str, author: Author, delivery: Delivery,
    work: Callable[[Change], Awaitable[Answer]], superseded: Callable[[Change], Awaitable[Answer]] | None = None,
    admit: Callable[[Change], Awaitable[None]] | None = None,
) -> Answer:  # fmt: skip
    """Do `work` once for a delivery about one tenant's slice, while nobody else changes the mapping."""
    async with writer.mapping_transaction(caller.scope, locking=tenant) as transaction:
        expected = expected_of(delivery, mapping=True, signing=admit is not None)
        change = await transaction.begin_locked(tenant, author, expected)
        if admit is not None:
            await admit(change)
        return await answer_once(change, delivery, work, superseded)


async def write_slice(change: Change, edit: Callable[[Slice], Slice]) -> MappingVersion:
    """Change one tenant's slice, within `Writer.mapping_transaction`; returns the version that stands."""
    head = await store.standing(change)
    part = edit(head.value if head else Slice())
    standing = await store.write_slices({change.tenant_id: change}, {change.tenant_id: part})
    return standing[change.tenant_id]


async def write_slice_unseen(change: Change, edit: Callable[[Slice], Slice]) -> int:
    """What `write_slice` does, for those who answer the number alone: its rows are written with all others."""
    head = await store.standing(change)
    return await store.add_slice(change, edit(head.value if head else Slice()))


async def resolve(connection: Connection, *, account: str | None, inbox: str | None, phone: str | None) -> Resolution:
    """Tell who answers: special number, then inbox, then account, then fallback by sequence.

    A special number counts for the tenant that owns the inbox or account; otherwise one tenant could draw another
    one's conversations to itself. Where neither is known it decides alone.

    Raises:
        Problem: 404 when no rule answers, 409 when a number alone leads to several tenants.
    """
    routes = await store.find_routes(connection, account=account, inbox=inbox, phone=phone)
    by_kind: dict[str, list[Route]] = {}
    for route in routes:
        by_kind.setdefault(route.kind, []).append(route)
    owner = next((found[0] for kind in ("inbox", "account") if (found := by_kind.get(kind))), None)
    numbers = [route for route in by_kind.get("number", []) if owner is None or route.tenant_id == owner.tenant_id]
    if len({route.tenant_id for route in numbers}) > 1:
        raise Problem(problems.MAPPING_AMBIGUOUS)
    if numbers:
        return _resolution(numbers[0], "special_number")
    if owner is not None:
        return _resolution(owner, owner.kind)
    if fallbacks := by_kind.get("fallback"):
        return _resolution(fallbacks[0], "fallback")
    raise Problem(problems.MAPPING_UNRESOLVED)


def _resolution(route: Route, rule: str) -> Resolution:
    return Resolution(tenant_id=route.tenant_id, domain=route.domain, crew=route.crew, rule=rule)


def etag(heads: Heads, *, yaml: bool = False) -> str:
    """A strong ETag of the whole that these slices make, in one of its representations."""
    text = "".join(f"{tenant}:{heads[tenant].version}:{heads[tenant].digest}\n" for tenant in sorted(heads))
    return f'"m-{hashlib.sha256(text.encode()).hexdigest()[:24]}{"-y" if yaml else ""}"'


def headers(heads: Heads, *, yaml: bool = False) -> dict[str, str]:
    """Over several tenants, version and revision are sums: they grow with every change."""
    return {
        "ETag": etag(heads, yaml=yaml),
        "X-Config-Version": str(sum(head.version for head in heads.values())),
        "X-Config-Revision": str(sum(head.revision for head in heads.values())),
    }


def require_match(if_match: str | None, heads: Heads) -> None:
    """Check `If-Match` against the mapping that the caller sees.

    Raises:
        Problem: 412.
    """
    if if_match is None:
        return
    tags = {etag(heads), etag(heads, yaml=True)}
    matches = bool(heads) if if_match.strip() == "*" else tags & {part.strip() for part in if_match.split(",")}
    if not matches:
        current = sum(head.version for head in heads.values())
        raise Problem(
            problems.PRECONDITION_FAILED, headers={"ETag": etag(heads)}, extra={"current_version": current or None},
            current=current,
        )  # fmt: skip
