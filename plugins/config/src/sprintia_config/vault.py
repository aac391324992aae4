"""Tenants' data keys: made at first use, kept wrapped by the master key ring, gone when a tenant is erased."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sprintia_config import problems
from sprintia_config.secrecy.envelope import DataKey, Place
from sprintia_config.secrecy.errors import MissingMasterKeyError
from sprintia_config.secrecy.master_keys import MasterKeyRing, WrappedKey
from sprintia_platform import Problem
from sprintia_platform.database.connections import Connection


@dataclass(frozen=True, slots=True)
class TenantKeys:
    """The data keys of one tenant, by generation. The newest seals, each opens what it sealed."""

    keys: Mapping[int, DataKey]

    @property
    def current(self) -> int | None:
        return max(self.keys, default=None)

    def open(self, sealed: bytes, generation: int, place: Place) -> bytes:
        """Give back what was sealed for this place.

        Raises:
            Problem: 410, the key was destroyed.
            DecryptionError: the value was moved or altered.
        """
        key = self.keys.get(generation)
        if key is None:
            raise Problem(problems.SECRETS_ERASED)
        return key.open(sealed, place)


class Vault:
    """Wraps and unwraps data keys.

    The ring may change while this process serves: its file is read anew when a key is missing, and before a new data
    key is wrapped, so that it is not wrapped with a key that is being retired.
    """

    def __init__(self, ring: MasterKeyRing, path: Path | None = None) -> None:
        self.ring = ring
        self._path = path

    async def tenant_keys(self, connection: Connection, tenant_id: str) -> TenantKeys:
        """Read a tenant's keys, within a transaction that may see the tenant."""
        rows = await connection.fetch(
            "SELECT generation, master_key_id, wrapped FROM config.tenant_key WHERE tenant_id = $1", tenant_id
        )
        return self.unwrapped(tenant_id, (tuple(row) for row in rows))

    def unwrapped(self, tenant_id: str, rows: Iterable[tuple[int, str, bytes]]) -> TenantKeys:
        """Unwrap a tenant's keys: generation, master key and wrapped key of each."""
        return TenantKeys(
            {generation: self._unwrap(tenant_id, WrappedKey(name, wrapped)) for generation, name, wrapped in rows}
        )

    async def new_tenant_key(self, connection: Connection, tenant_id: str) -> tuple[int, DataKey]:
        """Make a key for a tenant whose row this transaction has locked."""
        # From here to the commit no master key can be retired, and a ring that changed before is seen.
        await connection.execute("LOCK TABLE config.tenant_key IN ROW EXCLUSIVE MODE")
        self._follow_file()
        key = DataKey.generate()
        wrapped = self.ring.wrap(tenant_id, key)
        generation: int = await connection.fetchval(
            "WITH counted AS (UPDATE config.tenant SET key_generation = key_generation + 1 WHERE tenant_id = $1 "
            "RETURNING key_generation) "
            "INSERT INTO config.tenant_key (tenant_id, generation, master_key_id, wrapped) "
            "SELECT $1, key_generation, $2, $3 FROM counted RETURNING generation",
            tenant_id, wrapped.key_id, wrapped.ciphertext,
        )  # fmt: skip
        return generation, key

    async def rewrap(self, connection: Connection) -> int:
        """Wrap every data key with the current master key, within a transaction over all tenants; returns how many.

        Each row is changed by itself and can be opened before and after: it may be interrupted and run again.
        """
        rows = await connection.fetch(
            "SELECT tenant_id, generation, master_key_id, wrapped FROM config.tenant_key "
            "WHERE master_key_id <> $1 LIMIT 500 FOR UPDATE SKIP LOCKED",
            self.ring.current_id,
        )
        for row in rows:
            key = self._unwrap(row["tenant_id"], WrappedKey(row["master_key_id"], row["wrapped"]))
            wrapped = self.ring.wrap(row["tenant_id"], key)
            await connection.execute(
                "UPDATE config.tenant_key SET master_key_id = $3, wrapped = $4 "
                "WHERE tenant_id = $1 AND generation = $2",
                row["tenant_id"], row["generation"], wrapped.key_id, wrapped.ciphertext,
            )  # fmt: skip
        return len(rows)

    def _follow_file(self) -> None:
        # Where the file has vanished, none must be made: the ring in memory is the last one there is.
        if self._path is not None and self._path.exists():
            self.ring = MasterKeyRing.load_or_create(self._path)

    def _unwrap(self, tenant_id: str, wrapped: WrappedKey) -> DataKey:
        try:
            return self.ring.unwrap(tenant_id, wrapped)
        except MissingMasterKeyError:
            # A rotation by command put a new key into the file while we were serving.
            self._follow_file()
            return self.ring.unwrap(tenant_id, wrapped)


async def data_keys_by_master_key(connection: Connection) -> dict[str, int]:
    """Count the data keys that each master key wraps, within a transaction over all tenants."""
    rows = await connection.fetch("SELECT master_key_id, count(*) AS number FROM config.tenant_key GROUP BY 1")
    return {row["master_key_id"]: row["number"] for row in rows}


async def tenants_of_master_key(connection: Connection, master_key_id: str) -> list[str]:
    """Name the tenants with a data key that this master key wraps, within a transaction over all tenants."""
    rows = await connection.fetch(
        "SELECT DISTINCT tenant_id FROM config.tenant_key WHERE master_key_id = $1 ORDER BY 1", master_key_id
    )
    return [row["tenant_id"] for row in rows]


async def hold_data_keys(connection: Connection) -> None:
    """Let nobody make or change a data key until this transaction ends; waits for those who do."""
    await connection.execute("LOCK TABLE config.tenant_key IN SHARE MODE")


async def destroy_data_keys(connection: Connection, tenant_id: str) -> int:
    """Destroy a tenant's data keys, and with them all that they sealed; returns how many there were."""
    rows = await connection.fetch("DELETE FROM config.tenant_key WHERE tenant_id = $1 RETURNING generation", tenant_id)
    return len(rows)
