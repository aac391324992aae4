"""The plugin's settings, read from `SPRINTIA_CONFIG_*`."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from sprintia_platform import Secret


class ConfigSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the config plugin.

    Attributes:
        master_keys: the master key ring, `id:base64` entries, the current one first; or a file, by `..._FILE`.
        master_key_file: where the ring is kept, and made at the first start, when `master_keys` is not set; without
            it, `master.keys` in `SPRINTIA_DATA_DIR`.
        webhook_secrets: Standard Webhooks secrets (`whsec_...`) that are valid for every tenant.
        webhook_signature: whether a delivery must be signed; a tenant can be set otherwise.
        writes_at_once: how many write transactions run at the same time.
        writes_waiting: how many writes may wait in this process; the next one is answered 503 at once.
        writes_waiting_per_tenant: the same for one tenant.
        snapshot_bytes: the memory of this process for what it answers without the database, estimated; 0 switches it
            off. A tenant that would take more than a quarter is answered from the database.
        retention_versions: how many of the newest versions of each document retention keeps; it is off without.
        retention_days: how long a version is kept at least after it was replaced; both are set, or neither.
        import_max_bytes: the largest body of `POST /config/import`; it waits on disk until it is known to be whole.
    """

    master_keys: Secret | None = None
    master_key_file: Path | None = None
    webhook_secrets: Secret | None = None
    webhook_signature: Literal["optional", "required"] = "optional"
    writes_at_once: Annotated[int, msgspec.Meta(ge=1, le=100)] = 6
    writes_waiting: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 256
    writes_waiting_per_tenant: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 100
    snapshot_bytes: Annotated[int, msgspec.Meta(ge=0, le=2**40)] = 128 * 1024**2
    retention_versions: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None
    retention_days: Annotated[int, msgspec.Meta(ge=1, le=36_500)] | None = None
    import_max_bytes: Annotated[int, msgspec.Meta(ge=1024, le=2**50)] = 4 * 1024**3

    def __post_init__(self) -> None:
        if (self.retention_versions is None) != (self.retention_days is None):
            msg = (
                "retention needs SPRINTIA_CONFIG_RETENTION_VERSIONS and SPRINTIA_CONFIG_RETENTION_DAYS: set both, or "
                "neither to keep every version"
            )
            raise ValueError(msg)
