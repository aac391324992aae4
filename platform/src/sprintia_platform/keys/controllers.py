"""`/keys`: make, list, rotate and revoke API keys. A key's text is in the answer that makes it, and nowhere else."""

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
from litestar import delete, get, post
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from sprintia_platform.database.connections import Connection, Database
from sprintia_platform.http import problems
from sprintia_platform.http.languages import Text
from sprintia_platform.http.problems import Fault, Problem, ProblemType
from sprintia_platform.http.times import TimedResponse
from sprintia_platform.keys.callers import NO_TENANT, RIGHT_FORM, TENANT_FORM, Caller
from sprintia_platform.keys.guards import requires
from sprintia_platform.keys.store import KeyStore, StoredKey, create_key, list_keys, revoke_key, rotate_key

_NO_STORE = CacheControlHeader(no_store=True)

KEY_NOT_FOUND = ProblemType(
    code="key_not_found",
    status=404,
    title=Text("Chave não encontrada", "Key not found"),
    detail=Text("Não há chave ativa com o id {key_id}.", "There is no active key with the id {key_id}."),
)


class NewKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a new key may do. `tenants` null means all; `expires_in_days` null means never; `networks` are CIDR."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    rights: Annotated[list[str], msgspec.Meta(min_length=1, max_length=50)]
    tenants: Annotated[list[str], msgspec.Meta(min_length=1, max_length=1000)] | None = None
    networks: Annotated[list[str], msgspec.Meta(max_length=100)] = []
    expires_in_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] | None = None


class Rotation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For how long the old secret stays valid beside the new one."""

    overlap_hours: Annotated[int, msgspec.Meta(ge=0, le=24 * 90)] = 24


class ShownKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key's id and its text; the text is never shown again."""

    id: str
    key: str


@post("/keys", guards=[requires("admin")], cache_control=_NO_STORE, tags=["keys"])
async def create(
    data: JSONBody[NewKey], database: NamedDependency[Database], caller: NamedDependency[Caller]
) -> ShownKey:
    """Make a key. A caller bound to tenants can only make keys bound to some of them."""
    check_new_key(data, caller)
    expires_at = datetime.now(UTC) + timedelta(days=data.expires_in_days) if data.expires_in_days else None
    async with database.transaction("platform", "*") as connection:
        token = await create_key(
            connection, name=data.name, rights=sorted(set(data.rights)), tenants=data.tenants, networks=data.networks,
            expires_at=expires_at, actor=caller.actor,
        )  # fmt: skip
    return ShownKey(id=token.key_id, key=token.text)


@get("/keys", guards=[requires("admin")], cache_control=_NO_STORE, response_class=TimedResponse, tags=["keys"])
async def list_all(database: NamedDependency[Database], caller: NamedDependency[Caller]) -> list[StoredKey]:
    """List the keys that lie within the caller's own tenants."""
    async with database.transaction("platform", read_only=True) as connection:
        return [key for key in await list_keys(connection) if _within(caller, key.tenants)]


@post("/keys/{key_id:str}/rotate", guards=[requires("admin")], cache_control=_NO_STORE, tags=["keys"], status_code=200)
async def rotate(
    key_id: FromPath[str], data: JSONBody[Rotation], database: NamedDependency[Database],
    keys: NamedDependency[KeyStore], caller: NamedDependency[Caller],
) -> ShownKey:  # fmt: skip
    """Give a key a new secret; the old one goes on for `overlap_hours`.

    Who sees the new text can use it: the caller must have every right of the key.
    """
    async with database.transaction("platform", "*") as connection:
        standing = await _require_own(connection, key_id, caller)
        for right in standing.rights:
            caller.require(right)
        token = await rotate_key(connection, key_id, timedelta(hours=data.overlap_hours), actor=caller.actor)
        if token is None:
            raise Problem(KEY_NOT_FOUND, key_id=key_id)
    keys.forget(key_id)
    return ShownKey(id=token.key_id, key=token.text)


@delete("/keys/{key_id:str}", guards=[requires("admin")], tags=["keys"])
async def revoke(
    key_id: FromPath[str], database: NamedDependency[Database], keys: NamedDependency[KeyStore],
    caller: NamedDependency[Caller],
) -> None:  # fmt: skip
    """Revoke a key at once; other processes follow within `SPRINTIA_KEY_CACHE_SECONDS`."""
    async with database.transaction("platform", "*") as connection:
        await _require_own(connection, key_id, caller)
        if not await revoke_key(connection, key_id, actor=caller.actor):
            raise Problem(KEY_NOT_FOUND, key_id=key_id)
    keys.forget(key_id)


def check_new_key(data: NewKey, caller: Caller | None = None) -> None:
    """Check what the Struct cannot say; every fault at once.

    Raises:
        Problem: 422 with pointers.
    """
    faults = [
        Fault(code="right", pointer=f"/rights/{index}", text=Text("não é um direito", "is no right"))
        for index, right in enumerate(data.rights)
        if not RIGHT_FORM.fullmatch(right)
    ]
    if caller is not None:
        text = Text("esta chave não tem este direito e não pode dá-lo", "this key lacks this right and cannot give it")
        faults += [
            Fault(code="right_not_held", pointer=f"/rights/{index}", text=text)
            for index, right in enumerate(data.rights)
            if not caller.has(right)
        ]
    if caller is not None and caller.tenants is not None and data.tenants is None:
        faults.append(Fault(code="tenants", pointer="/tenants", text=Text("é obrigatório", "is required")))
    for index, tenant in enumerate(data.tenants or ()):
        if not TENANT_FORM.fullmatch(tenant):
            faults.append(Fault(code="tenant", pointer=f"/tenants/{index}", text=NO_TENANT))
        elif caller is not None and not caller.reaches(tenant):
            text = Text("não é um tenant ao alcance desta chave", "is no tenant within this key's reach")
            faults.append(Fault(code="tenant", pointer=f"/tenants/{index}", text=text))
    for index, network in enumerate(data.networks):
        try:
            ipaddress.ip_network(network)
        except ValueError:
            text = Text("não é uma rede (exemplo: 10.0.0.0/8)", "is no network (example: 10.0.0.0/8)")
            faults.append(Fault(code="network", pointer=f"/networks/{index}", text=text))
    if faults:
        raise Problem(problems.BODY_INVALID, errors=faults, count=len(faults))


def _within(caller: Caller, tenants: list[str] | None) -> bool:
    return caller.tenants is None or (tenants is not None and caller.tenants.issuperset(tenants))


async def _require_own(connection: Connection, key_id: str, caller: Caller) -> StoredKey:
    keys = {key.id: key for key in await list_keys(connection)}
    if key_id not in keys or not _within(caller, keys[key_id].tenants):
        raise Problem(KEY_NOT_FOUND, key_id=key_id)
    return keys[key_id]
