"""What the config service offers, independent of where it runs: records, and the two Protocols.

`ConfigReader` and `ConfigWriter` are implemented over HTTP by `ConfigClient`, and inside the service's own process by
the config plugin. Whoever asks for them does not see which. Every failure is a `ConfigError`.
"""

from sprintia_config_client.contract.administration import AdministrationReader
from sprintia_config_client.contract.comparison import (
    Blame,
    BlamedPath,
    Diff,
    Difference,
    PlacedDifference,
    TextDiff,
    Validation,
)
from sprintia_config_client.contract.deliveries import Delivery, Replay
from sprintia_config_client.contract.documents import (
    ABSENT,
    Bundle,
    Document,
    Expected,
    Head,
    Layer,
    Patch,
    Secret,
    StoredVersion,
)
from sprintia_config_client.contract.history import ActivityDay, Change, Changes, Counts, HistoryItem, RemovedVersions
from sprintia_config_client.contract.mapping import MappingVersion, Resolution
from sprintia_config_client.contract.people import Person
from sprintia_config_client.contract.reader import ConfigReader
from sprintia_config_client.contract.schemas import DocumentSchema
from sprintia_config_client.contract.searching import Hit, Hits, Match, TenantValue, ValuesPage
from sprintia_config_client.contract.tenants import DeliverySource, TenantDetail, TenantOverview, TenantPage
from sprintia_config_client.contract.transfer import ImportCounts, ImportedVersion, ImportProblem, ImportReport
from sprintia_config_client.contract.writer import ConfigWriter

__all__ = [
    "ABSENT", "ActivityDay", "AdministrationReader", "Blame", "BlamedPath", "Bundle", "Change", "Changes",
    "ConfigReader", "ConfigWriter", "Counts", "Delivery", "DeliverySource", "Diff", "Difference", "Document",
    "DocumentSchema", "Expected", "Head", "HistoryItem", "Hit", "Hits", "ImportCounts", "ImportProblem",
    "ImportReport", "ImportedVersion", "Layer", "MappingVersion", "Match", "Patch", "Person",
    "PlacedDifference", "RemovedVersions", "Replay", "Resolution", "Secret", "StoredVersion", "TenantDetail",
    "TenantOverview", "TenantPage", "TenantValue", "TextDiff", "Validation", "ValuesPage",
]  # fmt: skip
