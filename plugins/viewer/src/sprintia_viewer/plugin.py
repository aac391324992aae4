"""The plugin `viewer`, hook by hook."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import TYPE_CHECKING

import click
from litestar import Router

from sprintia_config_client.errors import ConfigError
from sprintia_platform import DatabaseSpec, MenuEntry, Routes, hookimpl
from sprintia_platform.records import FirstSteps
from sprintia_viewer import commands, pages
from sprintia_viewer.accounts.errors import Busy
from sprintia_viewer.accounts.first_admin import first_steps
from sprintia_viewer.accounts.sweeping import sweep_for_ever
from sprintia_viewer.models import ViewerBase
from sprintia_viewer.parts import Parts
from sprintia_viewer.settings import ViewerSettings
from sprintia_viewer.web import links
from sprintia_viewer.web.assets import static_handler
from sprintia_viewer.web.error_page import ErrorPage, answer_busy, answer_config_error
from sprintia_viewer.web.guards import FormNotTakenError, SignInNeededError, lead_to_sign_in, show_what_was_written
from sprintia_viewer.web.languages import marked

if TYPE_CHECKING:
    from sprintia_platform.host import Host

HOOK_API = 1
DEFAULT_PORT = 8080


@hookimpl
def register_settings() -> type[ViewerSettings]:
    return ViewerSettings


@hookimpl
def register_database() -> DatabaseSpec:
    return DatabaseSpec(metadata=ViewerBase.metadata, migrations="sprintia_viewer:migrations", grants="explicit")


@hookimpl
def register_routes(host: "Host") -> Routes:
    parts = Parts.of(host)
    router = Router(
        path="/", route_handlers=[*pages.HANDLERS, static_handler(parts.assets)], dependencies=parts.dependencies(),
        exception_handlers={
            SignInNeededError: lead_to_sign_in, FormNotTakenError: show_what_was_written,
            ConfigError: answer_config_error, Busy: answer_busy,
        },
        include_in_schema=False,
    )  # fmt: skip
    return Routes(prefixes=(links.ROOT,), handlers=[router], home=links.home(), error_page=ErrorPage(parts))


@hookimpl
def register_menu() -> Iterable[MenuEntry]:
    return [
        MenuEntry(id="viewer.search", label=marked("Tenants"), path=links.home(), order=10),
        MenuEntry(id="viewer.mapping", label=marked("Chatwoot mapping"), path=links.mapping(), order=20),
        MenuEntry(id="viewer.collections", label=marked("Collections"), path=links.collections(), order=30),
        MenuEntry(id="viewer.deliveries", label=marked("Deliveries"), path=links.deliveries(), order=40),
        MenuEntry(id="viewer.audit", label=marked("Audit"), path=links.audit(), order=50),
        MenuEntry(id="viewer.keys", label=marked("API keys"), path=links.keys(), order=60),
        MenuEntry(id="viewer.users", label=marked("Users"), path=links.users(), order=70),
        MenuEntry(id="viewer.plugins", label=marked("Plugins"), path=links.plugins(), order=80),
    ]


@hookimpl
def register_commands(cli: click.Group, host: "Host") -> None:
    commands.register(cli, host)


@hookimpl
def lifespan(host: "Host") -> AbstractAsyncContextManager[None]:
    """Sweep what is over: sessions, links, counters."""

    @asynccontextmanager
    async def run() -> AsyncIterator[None]:
        task = asyncio.create_task(sweep_for_ever(host.database))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    return run()


@hookimpl
def register_first_steps(host: "Host") -> FirstSteps:
    return first_steps(host)
