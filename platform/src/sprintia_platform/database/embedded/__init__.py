"""The embedded PostgreSQL: a real, private server that runs when DATABASE_URL is not set."""

from sprintia_platform.database.embedded.errors import EmbeddedPostgresError
from sprintia_platform.database.embedded.server import EmbeddedPostgres

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError"]
