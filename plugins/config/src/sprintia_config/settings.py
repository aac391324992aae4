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
        import_max_bytes: the largest body of `POST /config/import`; it waits on disk until it is known to be whole.
    """

    master_keys: Secret | None = None
    master_key_file: Path | None = None
    webhook_secrets: Secret | None = None
    webhook_signature: Literal["optional", "required"] = "optional"
    writes_at_once: Annotated[int, msgspec.Meta(ge=1, le=100)] = 6
    writes_waiting: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 256
    writes_waiting_per_tenant: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 100
    import_max_bytes: Annotated[int, msgspec.Meta(ge=1024, le=2**50)] = 4 * 1024**3
