"""What stands of a document when a person begins to change it, and the condition that it still does."""

import msgspec

from sprintia_config_client.contract import ABSENT, Expected, HistoryItem, StoredVersion
from sprintia_viewer.parts import ConfigService


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What stands, if anything: its last history line, and its content."""

    item: HistoryItem | None
    version: StoredVersion | None

    @property
    def base(self) -> int:
        return self.version.version if self.version else 0

    @property
    def rewritten(self) -> bool:
        return self.version is not None and '"$secret"' in self.version.json_text


async def read_standing(config: ConfigService, key: tuple[str, str, str]) -> Standing:
    """Read what stands."""
    newest = await config.history(*key, limit=1)
    if not newest or newest[0].deleted:
        return Standing(item=newest[0] if newest else None, version=None)
    return Standing(item=newest[0], version=await config.version(*key, newest[0].version))


def expected_of(item: HistoryItem | None) -> Expected:
    """The condition that this, or nothing, still stands."""
    return ABSENT if item is None or item.deleted else item
