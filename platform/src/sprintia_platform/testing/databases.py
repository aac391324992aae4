"""A real PostgreSQL for the whole run, and a fresh migrated database for each test that asks for one."""

import itertools
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg

from sprintia_platform.database.connections import begin_statement
from sprintia_platform.database.embedded import EmbeddedPostgres
from sprintia_platform.database.migrations import upgrade
from sprintia_platform.database.urls import parse_database_url
from sprintia_platform.host import Host
from sprintia_platform.testing.apart import run_apart

TEMPLATE = "migrated"


class TestDatabases:
    """Databases on one server: each is a copy of a template that was migrated once."""

    __test__ = False  # for pytest, which collects classes by their names

    def __init__(self, server: EmbeddedPostgres) -> None:
        self.server = server
        self._numbers = itertools.count(1)
        self._base = parse_database_url(server.url)

    @classmethod
    @contextmanager
    def start(cls) -> Iterator["TestDatabases"]:
        """Start a PostgreSQL in a temporary folder, with the tables of every installed plugin in its template."""
        with tempfile.TemporaryDirectory(prefix="sprintia-test-") as folder:
            data_dir = Path(folder)
            data_dir.chmod(0o755)  # the server's own account must reach its folder when the tests run as root
            with EmbeddedPostgres(data_dir) as server:
                made = cls(server)
                made.prepare(data_dir)
                yield made

    def url(self, database: str) -> str:
        return self._base.set(database=database).render_as_string(hide_password=False)

    def prepare(self, data_dir: Path) -> None:
        """Make and migrate the template."""
        self.run(self.server.url, f"CREATE DATABASE {TEMPLATE}")
        url = self.url(TEMPLATE)
        host = Host(environ={"DATABASE_URL": url, "SPRINTIA_DATA_DIR": str(data_dir)})
        run_apart(upgrade(parse_database_url(url), host.databases))

    def create(self, *, migrated: bool = True) -> str:
        """Make a database and return its URL, with the superuser's rights."""
        name = f"test_{next(self._numbers)}"
        self.run(self.server.url, f"CREATE DATABASE {name}" + (f" TEMPLATE {TEMPLATE}" if migrated else ""))
        return self.url(name)

    def drop(self, url: str) -> None:
        self.run(self.server.url, f"DROP DATABASE {parse_database_url(url).database} WITH (FORCE)")

    @staticmethod
    def run(url: str, statement: str, *arguments: Any) -> list[dict[str, Any]]:
        """Run one statement as the superuser, outside of every policy."""

        async def main() -> list[dict[str, Any]]:
            connection = await asyncpg.connect(url)
            try:
                return [dict(row.items()) for row in await connection.fetch(statement, *arguments)]
            finally:
                await connection.close()

        return run_apart(main())

    @staticmethod
    def run_as(
        url: str, schema: str, tenants: Sequence[str] | str, statement: str, *arguments: Any
    ) -> list[dict[str, Any]]:
        """Run one statement as a plugin's role, seeing the rows of these tenants (`"*"`: of all); it is committed."""

        async def main() -> list[dict[str, Any]]:
            connection = await asyncpg.connect(url)
            try:
                await connection.execute(begin_statement(schema, "*" if tenants == "*" else tenants))
                rows = [dict(row.items()) for row in await connection.fetch(statement, *arguments)]
                await connection.execute("COMMIT")
                return rows
            finally:
                await connection.close()

        return run_apart(main())
