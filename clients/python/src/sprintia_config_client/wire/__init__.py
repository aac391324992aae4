"""The service's JSON answers, read into the contract's records.

What an answer holds beyond the contract is ignored, so that an older client reads a newer service.
"""

from sprintia_config_client.wire.administration import (
    read_activity,
    read_changes,
    read_deliveries,
    read_delivery,
    read_hits,
    read_import,
    read_removed,
    read_schema,
    read_schemas,
    read_tenant,
    read_tenants,
    read_values,
)
from sprintia_config_client.wire.comparison import read_blame, read_diff, read_replay, read_validation
from sprintia_config_client.wire.documents import (
    read_bundle,
    read_document,
    read_heads,
    read_history,
    read_item,
    read_secret,
    read_text,
    read_version,
)
from sprintia_config_client.wire.mapping import read_mapping, read_mapping_history, read_resolution

__all__ = [
    "read_activity", "read_blame", "read_bundle", "read_changes", "read_deliveries", "read_delivery", "read_diff",
    "read_document", "read_heads", "read_history", "read_hits", "read_import", "read_item", "read_mapping",
    "read_mapping_history", "read_removed", "read_replay", "read_resolution", "read_schema", "read_schemas",
    "read_secret", "read_tenant", "read_tenants", "read_text", "read_validation", "read_values", "read_version",
]  # fmt: skip
