"""The records that a plugin hands to the host, one small type per hook."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from litestar.types import ControllerRouterHandler
from sqlalchemy import MetaData

from sprintia_platform.http.error_pages import ErrorPage
from sprintia_platform.http.ready import ReadyAnswers


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSpec:
    """What a plugin owns in PostgreSQL.

    Attributes:
        metadata: its tables; every one in the schema that bears the plugin's name.
        migrations: the Alembic folder as `package:folder`, for instance `sprintia_notes:migrations`.
        grants: `all` gives the plugin's role SELECT, INSERT, UPDATE and DELETE on each table; `explicit` leaves the
            GRANTs to the migrations, for tables whose rows must never change.
    """

    metadata: MetaData
    migrations: str
    grants: Literal["all", "explicit"] = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """Route handlers, and the path prefixes that they claim; every handler's path lies under one of them.

    Attributes:
        ready: for a plugin that answers GETs from memory: asked before the router, see `http/ready.py`.
        home: the path below a prefix where a person's browser that asks for `/` is led, its query kept. One plugin
            of an installation may have it.
        error_page: for a plugin with pages for people: shows every problem below its prefixes to browsers, see
            `http/error_pages.py`.
    """

    prefixes: tuple[str, ...]
    handlers: Sequence[ControllerRouterHandler]
    ready: ReadyAnswers | None = None
    home: str | None = None
    error_page: ErrorPage | None = None

    def covers(self, path: str) -> bool:
        """Whether a path lies below these prefixes."""
        return any(path == prefix or path.startswith(f"{prefix}/") for prefix in self.prefixes)


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """One question of `/health/ready`.

    Attributes:
        name: unique within the plugin.
        check: raises when the answer is no; its time is bounded by `SPRINTIA_HEALTH_TIMEOUT`.
        critical: whether a no takes the process out of service (503), or is only shown.
    """

    name: str
    check: Callable[[], Awaitable[None]]
    critical: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuEntry:
    """An entry of the viewer's navigation: `label` is an English message id, `order` sorts upwards."""

    id: str
    label: str
    path: str
    order: int = 100


FirstSteps = Callable[[str], Awaitable[Sequence[str]]]
"""Tells, in lines, what a person does first; it gets the URL where the platform answers, without a slash at its end."""

ServiceFactory = Callable[[], Any]
"""Makes the local implementation of a contract; called once per process, at the first request for it."""
