"""The config service for whoever reads it: the contract, and its HTTP client for asyncio and for plain threads."""

from sprintia_config_client.client import ConfigClient
from sprintia_config_client.contract import (
    ABSENT,
    Bundle,
    Change,
    Changes,
    ConfigReader,
    ConfigWriter,
    Diff,
    Difference,
    Document,
    Head,
    HistoryItem,
    Layer,
    Resolution,
    Secret,
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
    "ABSENT", "ApiKey", "Bundle", "Change", "Changes", "ClientSettings", "ConfigClient", "ConfigError", "ConfigReader",
    "ConfigWriter", "Conflict", "Diff", "Difference", "Document", "Fault", "Forbidden", "Gone", "Head", "HistoryItem",
    "Invalid", "Layer", "NotFound", "Pin", "Resolution", "Secret", "SnapshotSettings", "StaleRead", "SyncConfigClient",
    "Unauthorized", "Unavailable", "pin", "traced",
]  # fmt: skip
