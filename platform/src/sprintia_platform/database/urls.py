"""One database URL, in the forms that asyncpg and SQLAlchemy want."""

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from sprintia_platform.errors import StartupError

_DRIVERS = {"postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg", "postgresql+psycopg2"}
_SSL_PARAMETERS = {"sslmode": "ssl"}


def parse_database_url(text: str, variable: str = "DATABASE_URL") -> URL:
    """Read a PostgreSQL URL; any of the usual driver suffixes is understood.

    Raises:
        StartupError: it is no PostgreSQL URL. The message never shows the URL: it holds a password.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise StartupError(
            f"{variable} is no database URL: write postgresql://user:password@host:5432/database"
        ) from error
    if url.drivername not in _DRIVERS:
        raise StartupError(
            f"{variable} names {url.drivername!r}, and only PostgreSQL is supported: "
            "write postgresql://user:password@host:5432/database"
        )
    if not url.database:
        raise StartupError(f"{variable} names no database: add /database at the end")
    return url.set(drivername="postgresql")


def asyncpg_dsn(url: URL) -> str:
    """The URL as asyncpg reads it; libpq's parameters (`sslmode`, `host` of a socket) are its own too."""
    return url.render_as_string(hide_password=False)


def sqlalchemy_url(url: URL) -> URL:
    """The URL for SQLAlchemy's asyncpg dialect, whose names differ from libpq's."""
    query = {_SSL_PARAMETERS.get(name, name): value for name, value in url.query.items()}
    return url.set(drivername="postgresql+asyncpg", query=query)


def shown(url: URL) -> str:
    """The URL for people: without its password."""
    return url.render_as_string(hide_password=True)
