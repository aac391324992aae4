"""The config service for whoever reads it: the contract, and its HTTP client for asyncio and for plain threads."""

from sprintia_config_client.client import ConfigClient
from sprintia_config_client.contract import (
    ABSENT,
    ActivityDay,
    Blame,
    BlamedPath,
    Bundle,
    Change,
    Changes,
    ConfigReader,
    ConfigWriter,
    Counts,
    Delivery,
    DeliverySource,
    Diff,
    Difference,
    Document,
    DocumentSchema,
    Head,
    HistoryItem,
    Hit,
    Hits,
    ImportCounts,
    ImportedVersion,
    ImportProblem,
    ImportReport,
    Layer,
    MappingVersion,
    Match,
    Person,
    PlacedDifference,
    RemovedVersions,
    Replay,
    Resolution,
    Secret,
    StoredVersion,
    TenantDetail,
    TenantOverview,
    TenantPage,
    TenantValue,
    TextDiff,
    Validation,
    ValuesPage,
)
from sprintia_config_client.copies import StaleRead
from sprintia_config_client.errors import (
    ConfigError,
    Conflict,
    Fault,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    Unauthorized,
    Unavailable,
)
from sprintia_config_client.pinned import Pin, pin
from sprintia_config_client.settings import ApiKey, ClientSettings, SnapshotSettings
from sprintia_config_client.sync import SyncConfigClient
from sprintia_config_client.tracing import traced

__all__ = [
    "ABSENT", "ActivityDay", "ApiKey", "Blame", "BlamedPath", "Bundle", "Change", "Changes", "ClientSettings",
    "ConfigClient", "ConfigError", "ConfigReader", "ConfigWriter", "Conflict", "Counts", "Delivery",
    "DeliverySource", "Diff", "Difference", "Document", "DocumentSchema", "Fault", "Forbidden", "Gone",
    "Head", "HistoryItem", "Hit", "Hits", "ImportCounts", "ImportProblem", "ImportReport", "ImportedVersion",
    "Invalid", "Layer", "MappingVersion", "Match", "NotFound", "Person", "Pin", "PlacedDifference",
    "RemovedVersions", "Replay", "Resolution", "Secret", "SnapshotSettings", "StaleRead", "StoredVersion",
    "SyncConfigClient", "TenantDetail", "TenantOverview", "TenantPage", "TenantValue", "TextDiff",
    "Unauthorized", "Unavailable", "Validation", "ValuesPage", "pin", "traced",
]  # fmt: skip
