"""What the plugin's hooks and handlers share in one application."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from litestar.di import Provide

from sprintia_config.admission import WriteQueue
from sprintia_config.comparison.service import Comparisons
from sprintia_config.controllers.intake import provide_document_key
from sprintia_config.custody import open_vault
from sprintia_config.documents.service import Documents
from sprintia_config.models import SCHEMA
from sprintia_config.settings import ConfigSettings
from sprintia_config.snapshots.snapshots import Snapshots
from sprintia_config.timeline.feed import Feed
from sprintia_config.timeline.notifications import Notifications
from sprintia_config.vault import Vault
from sprintia_config.writing import Writer

if TYPE_CHECKING:
    from sprintia_platform.host import Host


class Parts:
    """Each made when it is first asked for: `sprintia plugins` must not create a key file."""

    def __init__(self, host: "Host") -> None:
        self._host = host
        self.settings = host.settings_of(SCHEMA, ConfigSettings)

    @classmethod
    def of(cls, host: "Host") -> "Parts":
        """The parts of this application: the same for every hook."""
        return host.shared(cls, lambda: cls(host))

    @cached_property
    def vault(self) -> Vault:
        return open_vault(self._host)

    @cached_property
    def writer(self) -> Writer:
        limits, patience = self.settings, self._host.settings.database_timeout
        queue = WriteQueue(limits.writes_at_once, limits.writes_waiting, limits.writes_waiting_per_tenant, patience)
        writer = Writer(self._host.database, self.vault, queue)
        if self.snapshots is not None:
            writer.on_commit.append(self.snapshots.committed)
        writer.on_commit.append(self.feed.moved)
        return writer

    @cached_property
    def documents(self) -> Documents:
        return Documents(self._host.database, self.vault)

    @cached_property
    def comparisons(self) -> Comparisons:
        return Comparisons(self._host.database)

    @cached_property
    def notifications(self) -> Notifications:
        return Notifications(self._host.database)

    @cached_property
    def snapshots(self) -> Snapshots | None:
        """Reads from memory; None when they are switched off."""
        if self.settings.snapshot_bytes == 0:
            return None
        snapshots = Snapshots(self._host.database, self.settings.snapshot_bytes, self.feed.moved)
        self.notifications.follow(snapshots)
        return snapshots

    @cached_property
    def feed(self) -> Feed:
        feed = Feed(self._host.database, self._host.keys, lambda: self._host.draining)
        self.notifications.follow(feed)
        return feed

    def dependencies(self) -> dict[str, Any]:
        """What handlers may ask for by name."""
        provided = {
            "config_settings": lambda: self.settings,
            "vault": lambda: self.vault,
            "writer": lambda: self.writer,
            "documents": lambda: self.documents,
            "comparisons": lambda: self.comparisons,
            "feed": lambda: self.feed,
        }
        return {name: Provide(function, sync_to_thread=False) for name, function in provided.items()} | {
            "key": Provide(provide_document_key)
        }
