"""The plugin `config`, hook by hook."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import TYPE_CHECKING

import click
from litestar import Router
from litestar.types import ControllerRouterHandler

from sprintia_config import commands
from sprintia_config.controllers import (
    administration,
    bundles,
    company_services,
    deliveries,
    documents,
    events,
    mapping,
    pins,
    removed,
    schemas,
    search,
    tenants,
    timeline,
    transfer,
    values,
    webhook,
)
from sprintia_config.controllers.document_routes import document_routers
from sprintia_config.custody import open_standing_vault, open_vault_at_start
from sprintia_config.local_services import LocalConfig
from sprintia_config.models import ConfigBase
from sprintia_config.parts import Parts
from sprintia_config.retention.removal import Rule
from sprintia_config.retention.task import remove_for_ever
from sprintia_config.search.indexing import index_for_ever
from sprintia_config.settings import ConfigSettings
from sprintia_config_client.contract import ConfigReader, ConfigWriter
from sprintia_platform import DatabaseSpec, HealthCheck, Routes, hookimpl
from sprintia_platform.records import ServiceFactory

if TYPE_CHECKING:
    from sprintia_platform.host import Host

HOOK_API = 1
DEFAULT_PORT = 8002
PREFIXES = ("/configs", "/config", "/mapping", "/odoo-webhook", "/company-services")


@hookimpl
def register_settings() -> type[ConfigSettings]:
    return ConfigSettings


@hookimpl
def register_database() -> DatabaseSpec:
    return DatabaseSpec(metadata=ConfigBase.metadata, migrations="sprintia_config:migrations", grants="explicit")


@hookimpl
def register_routes(host: "Host") -> Routes:
    handlers: list[ControllerRouterHandler] = [
        *documents.HANDLERS, *mapping.HANDLERS, webhook.receive, *company_services.HANDLERS, *administration.HANDLERS,
        *bundles.HANDLERS, *timeline.HANDLERS, *events.HANDLERS, *tenants.HANDLERS, *pins.HANDLERS,
        *removed.HANDLERS, *search.HANDLERS,
        *values.HANDLERS, *transfer.HANDLERS, *schemas.HANDLERS, *deliveries.HANDLERS, *document_routers(),
    ]  # fmt: skip
    return Routes(
        prefixes=PREFIXES,
        handlers=[Router(path="/", route_handlers=handlers, dependencies=Parts.of(host).dependencies())],
        ready=Parts.of(host).snapshots,
    )


@hookimpl
def register_services(host: "Host") -> Mapping[type, ServiceFactory]:
    return {ConfigReader: lambda: LocalConfig(host), ConfigWriter: lambda: LocalConfig(host)}


@hookimpl
def register_health_checks(host: "Host") -> Iterable[HealthCheck]:
    async def master_keys() -> None:
        await open_standing_vault(host)

    return [HealthCheck(name="master_keys", check=master_keys)]


@hookimpl
def register_commands(cli: click.Group, host: "Host") -> None:
    commands.register(cli, host)


@hookimpl
def lifespan(host: "Host") -> AbstractAsyncContextManager[None]:
    """Refuse to start without the master keys that stored data keys need: the first read of a secret would be late."""

    @asynccontextmanager
    async def run() -> AsyncIterator[None]:
        await open_vault_at_start(host)
        tasks = [
            asyncio.create_task(Parts.of(host).notifications.run()),
            asyncio.create_task(Parts.of(host).feed.run()),
            asyncio.create_task(index_for_ever(host.database)),
        ]
        if rule := Rule.of(Parts.of(host).settings):
            tasks.append(asyncio.create_task(remove_for_ever(host.database, rule)))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            if snapshots := Parts.of(host).snapshots:
                await snapshots.close()

    return run()
