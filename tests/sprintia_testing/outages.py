"""A database that can be taken away: reached by a link to the server's socket folder."""

from pathlib import Path

from sprintia_platform.database.urls import parse_database_url
from sprintia_testing.databases import TestDatabases


class DetachableDatabase:
    """A fresh database whose socket vanishes and comes back, as when PostgreSQL restarts."""

    def __init__(self, databases: TestDatabases, folder: Path) -> None:
        self._databases = databases
        self._real = databases.create()
        url = parse_database_url(self._real)
        self._sockets = str(url.query["host"])
        self._link = folder / "pg"
        self.name = url.database
        self.url = url.set(query={**url.query, "host": str(self._link)}).render_as_string(hide_password=False)
        self.attach()

    def attach(self) -> None:
        self._link.symlink_to(self._sockets)

    def detach(self) -> None:
        """Refuse new connections and end the ones that there are."""
        self._link.unlink()
        self._databases.run(
            self._databases.server.url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", self.name,
        )  # fmt: skip

    def drop(self) -> None:
        self._databases.drop(self._real)
