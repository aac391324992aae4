"""Wire one host into one Litestar application."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

import structlog
from advanced_alchemy.extensions.litestar import AsyncSessionConfig, SQLAlchemyAsyncConfig, SQLAlchemyInitPlugin
from litestar import Litestar, Router
from litestar.config.app import AppConfig
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from litestar.plugins import InitPlugin
from litestar.routes import BaseRoute, HTTPRoute
from litestar.types import LifeSpanScope, Receive, Scope, Send

from sprintia_platform import health
from sprintia_platform.database.connections import Database, session_class
from sprintia_platform.errors import StartupError
from sprintia_platform.host import Host
from sprintia_platform.http import documentation, index
from sprintia_platform.http.answers import EXCEPTION_HANDLERS, is_outage
from sprintia_platform.http.parameter_faults import refuse_loose_numbers
from sprintia_platform.http.request_layer import RequestLayer
from sprintia_platform.http.requests import StrictRequest
from sprintia_platform.keys.guards import provide_caller, refuse_undeclared
from sprintia_platform.keys.store import KeyStore
from sprintia_platform.observability.tracing import Tracing
from sprintia_platform.plugins import HOST_PLUGIN, PluginError, describe

log = structlog.get_logger("sprintia.host")
_ASK_DATABASE_EVERY = 0.5


class Platform(Litestar):
    """A Litestar application behind the host's request layer."""

    request_layer: RequestLayer

    async def __call__(self, scope: Scope | LifeSpanScope, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await super().__call__(scope, receive, send)
        else:
            await self.request_layer(scope, receive, send)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Route and answer: what lies within the request layer."""
        await super().__call__(scope, receive, send)


class HostPlugin(InitPlugin):
    """The one Litestar plugin that wires what the host gathered."""

    def __init__(self, host: Host, names: Collection[str]) -> None:
        self._host = host
        self._names = names

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        host = self._host
        app_config.route_handlers += [
            *index.HANDLERS,
            *health.HANDLERS,
            *documentation.HANDLERS,
            *(_router(host, name) for name in self._names),
        ]
        app_config.dependencies |= _dependencies(host)
        app_config.exception_handlers.update(EXCEPTION_HANDLERS)
        app_config.request_class = StrictRequest
        app_config.before_request = refuse_loose_numbers
        app_config.openapi_config = documentation.openapi_config()
        app_config.lifespan = [*(app_config.lifespan or ()), lambda _app: running(host)]
        app_config.plugins.append(_sessions(host))
        for name in self._names:
            app_config.plugins += host.contributions[name].litestar_plugins
        app_config.state.update({"host": host, "key_store": host.keys})
        return app_config


def create_app(host: Host | None = None) -> Platform:
    """Make the application: settings, plugins, Litestar.

    Raises:
        StartupError: with every fault that could be found.
    """
    host = host or Host()
    app = build(host)
    tracing = Tracing.from_environment(host.environ)
    app.request_layer = RequestLayer(app.answer, host, tracing)
    app.on_shutdown.append(tracing.close)
    return app


def build(host: Host) -> Platform:
    """Build the application from what the plugins gave; a plugin whose part cannot be built is taken out.

    Raises:
        StartupError: a plugin that the operator named cannot be built.
    """
    while True:
        try:
            return _build(host, tuple(host.contributions))
        except Exception as error:  # noqa: BLE001 - Litestar and plugins' own parts may raise anything
            _take_out_culprits(host, error)


def rights_of(host: Host) -> frozenset[str]:
    """Every right that a route of this installation asks for."""
    build(host)
    return host.keys.bootstrap_rights


def _build(host: Host, names: Collection[str]) -> Platform:
    app = Platform(
        plugins=[HostPlugin(host, names)],
        request_max_body_size=host.settings.max_body_bytes,
        logging_config=None,
        debug=False,
    )
    host.keys.bootstrap_rights = refuse_undeclared(handler for _, handler in _handlers(app))
    _refuse_stray_paths(host, app)
    return app


def _take_out_culprits(host: Host, error: Exception) -> None:
    # Litestar does not say whose handler it refuses: build each plugin by itself, and see which one breaks.
    culprits: dict[str, PluginError] = {}
    for name in host.contributions:
        try:
            _build(host, (HOST_PLUGIN,) if name == HOST_PLUGIN else (HOST_PLUGIN, name))
        except Exception as fault:  # noqa: BLE001
            cause = "; ".join(fault.faults) if isinstance(fault, StartupError) else describe(fault)
            cure = "Mend the plugin, or leave it out of SPRINTIA_PLUGINS."
            culprits[name] = PluginError("register_routes", cause, cure)
    if not culprits or HOST_PLUGIN in culprits:
        raise error
    for name, culprit in culprits.items():
        host.refuse(name, culprit)
    host.registry.stop_if_wanted_failed()


@asynccontextmanager
async def running(host: Host) -> AsyncIterator[None]:
    """The life of one process: the database open, then each plugin's lifespan, left in the opposite order."""
    async with AsyncExitStack() as stack:
        stack.push_async_callback(host.services.close)
        stack.push_async_callback(host.database.close)
        await host.database.open()
        await _until_the_database_answers(host)
        for failure in host.registry.failures:
            log.error("plugin_broken", plugin=failure.name, stage=failure.stage, cause=failure.cause)
            host.metrics.plugins.labels(failure.name).set(0)
        for name, given in host.contributions.items():
            if given.lifespan is not None:
                try:
                    await _enter(host, name, given.lifespan, stack)
                except StartupError as error:
                    host.startup_error = error
                    raise
            host.metrics.plugins.labels(name).set(given.unavailable is None)
        yield


async def _until_the_database_answers(host: Host) -> None:
    """Wait: a worker that is started anew while PostgreSQL is away must not give up the plugins that need it."""
    while True:
        try:
            return await host.database.ping()
        except Exception as error:
            if not is_outage(error):
                raise
            if host.draining:
                raise StartupError("asked to end while waiting for the database") from error
            log.warning("waiting_for_database", error_type=type(error).__name__)
        await asyncio.sleep(_ASK_DATABASE_EVERY)


async def _enter(host: Host, name: str, lifespan: AbstractAsyncContextManager[None], stack: AsyncExitStack) -> None:
    try:
        await stack.enter_async_context(lifespan)
    except (Exception, SystemExit) as error:
        cause = "; ".join(error.faults) if isinstance(error, StartupError) else describe(error)
        if host.registry.is_wanted(name):
            raise StartupError(
                f"plugin {name!r} failed at lifespan: {cause}. Mend it, or leave it out of SPRINTIA_PLUGINS"
            ) from error
        host.mark_unavailable(name, f"lifespan: {type(error).__name__}")
        log.error("plugin_unavailable", plugin=name, stage="lifespan", exc_info=error)  # noqa: TRY400 - without values


def _router(host: Host, name: str) -> Router:
    routes = host.contributions[name].routes
    handlers = list(routes.handlers) if routes else []
    return Router(path="/", route_handlers=handlers, opt={"plugin": name}, tags=[name])


def _dependencies(host: Host) -> dict[str, Any]:
    # Closures: Litestar deep-copies what stands below the application, and a bound method would drag the engine along.
    def provide_host() -> Host:
        return host

    def provide_database() -> Database:
        return host.database

    def provide_keys() -> KeyStore:
        return host.keys

    provided = {"host": provide_host, "database": provide_database, "keys": provide_keys}
    return {name: Provide(function, sync_to_thread=False) for name, function in provided.items()} | {
        "caller": Provide(provide_caller)
    }


def _sessions(host: Host) -> SQLAlchemyInitPlugin:
    """One advanced-alchemy plugin for all schemas: two of them in one application would share the last one's database.

    Each plugin with tables gets the dependency `<name>_session`, an AsyncSession under its own role.
    """
    configs = [
        SQLAlchemyAsyncConfig(
            engine_instance=host.database.engine,
            bind_key=name,
            metadata=spec.metadata,
            session_dependency_key=f"{name}_session",
            engine_dependency_key=f"{name}_engine",
            set_default_exception_handler=False,
            session_config=AsyncSessionConfig(expire_on_commit=False, class_=session_class(name)),
            create_all=False,
        )
        for name, spec in host.databases.items()
    ]
    return SQLAlchemyInitPlugin(configs)


def _handlers(app: Litestar) -> Iterator[tuple[BaseRoute, BaseRouteHandler]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            yield from ((route, handler) for handler in route.route_handlers)
        else:  # a WebSocket, or another ASGI application that was mounted
            yield route, route.route_handler


def _refuse_stray_paths(host: Host, app: Litestar) -> None:
    faults = []
    for route, handler in _handlers(app):
        name = handler.opt.get("plugin")
        given = host.contributions.get(name) if name else None
        prefixes = given.routes.prefixes if given and given.routes else None
        if prefixes is None or any(route.path == prefix or route.path.startswith(prefix + "/") for prefix in prefixes):
            continue
        faults.append(
            f"plugin {name!r} has a route {route.path} outside of the prefixes that it claims "
            f"({', '.join(prefixes)}): claim its prefix in register_routes, or move it"
        )
    if faults:
        raise StartupError(sorted(set(faults)))
