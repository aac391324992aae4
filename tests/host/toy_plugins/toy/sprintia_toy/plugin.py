"""The toy plugin: one of every hook, each as small as it can be."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import click
import msgspec
from litestar.config.app import AppConfig
from litestar.plugins import InitPlugin, PluginProtocol
from sprintia_toy_client import Greeter

from sprintia_platform import DatabaseSpec, HealthCheck, MenuEntry, Routes, hookimpl
from sprintia_platform.host import Host
from sprintia_platform.records import FirstSteps, ServiceFactory
from sprintia_toy import controllers, pages
from sprintia_toy.models import ToyBase
from sprintia_toy.settings import ToySettings

HOOK_API = 1


class LocalGreeter:
    def __init__(self, settings: ToySettings) -> None:
        self._settings = settings

    async def greet(self, name: str) -> str:
        return f"{self._settings.greeting}, {name}!"


class Stamp(InitPlugin):
    """Marks every answer of the application."""

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        app_config.response_headers = {**dict(app_config.response_headers or {}), "X-Toy": "here"}  # type: ignore[dict-item]
        return app_config


@hookimpl
def register_settings() -> type[msgspec.Struct]:
    return ToySettings


@hookimpl
def register_database() -> DatabaseSpec:
    return DatabaseSpec(metadata=ToyBase.metadata, migrations="sprintia_toy:migrations")


@hookimpl
def register_routes() -> Routes:
    handlers = [*controllers.HANDLERS, pages.home]
    return Routes(prefixes=("/toy",), handlers=handlers, error_page=pages.error_page)


@hookimpl
def register_services(host: Host) -> Mapping[type, ServiceFactory]:
    return {Greeter: lambda: LocalGreeter(host.settings_of("toy", ToySettings))}


@hookimpl
def register_health_checks() -> Iterable[HealthCheck]:
    async def fine() -> None:
        await asyncio.sleep(0)

    async def printer() -> None:
        raise ConnectionRefusedError("printer at 10.0.0.9")

    return [HealthCheck(name="fine", check=fine), HealthCheck(name="printer", check=printer, critical=False)]


@hookimpl
def register_commands(cli: click.Group, host: Host) -> None:
    @cli.command()
    @click.argument("name")
    def greet(name: str) -> None:
        """Greet somebody."""
        click.echo(asyncio.run(host.service(Greeter).greet(name)))


@hookimpl
def register_menu() -> Iterable[MenuEntry]:
    return [MenuEntry(id="toy", label="Toy", path="/toy/visits", order=10)]


@hookimpl
def register_first_steps(host: Host) -> FirstSteps:
    async def first_steps(url: str) -> Sequence[str]:
        async with host.database.transaction("toy", read_only=True) as connection:
            visits = await connection.fetchval("SELECT count(*) FROM toy.visit")
        return [] if visits else [f"Be the first visitor: {url}/toy/visits"]

    return first_steps


@hookimpl
def register_litestar_plugins() -> Iterable[PluginProtocol]:
    return [Stamp()]


@hookimpl
def lifespan(host: Host) -> AbstractAsyncContextManager[None]:
    @asynccontextmanager
    async def run() -> AsyncIterator[None]:
        async with host.database.transaction("toy") as connection:
            await connection.execute("INSERT INTO toy.visit VALUES ('opened')")
        yield
        async with host.database.transaction("toy") as connection:
            await connection.execute("INSERT INTO toy.visit VALUES ('closed')")

    return run()
