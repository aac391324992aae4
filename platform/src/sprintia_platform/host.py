"""The host as plugins see it, and the gathering of what they offer."""

import os
from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from typing import Any, TypeVar

import msgspec
from litestar.plugins import PluginProtocol

from sprintia_platform import core_plugin
from sprintia_platform.database.connections import Database
from sprintia_platform.errors import StartupError
from sprintia_platform.keys.store import KeyStore
from sprintia_platform.observability.metrics import Metrics
from sprintia_platform.plugins import HOST_PLUGIN, PluginError, PluginRegistry
from sprintia_platform.records import DatabaseSpec, HealthCheck, MenuEntry, Routes
from sprintia_platform.services import ContractT, Services
from sprintia_platform.settings import (
    HostSettings,
    host_variable_names,
    load_host_settings,
    load_plugin_settings,
    unknown_variables,
)

SettingsT = TypeVar("SettingsT", bound=msgspec.Struct)


@dataclass(slots=True)
class Contribution:
    """What one plugin gave."""

    settings: msgspec.Struct | None = None
    database: DatabaseSpec | None = None
    routes: Routes | None = None
    health_checks: tuple[HealthCheck, ...] = ()
    menu: tuple[MenuEntry, ...] = ()
    litestar_plugins: tuple[PluginProtocol, ...] = ()
    lifespan: AbstractAsyncContextManager[None] | None = None
    unavailable: str | None = field(default=None)


class Host:
    """One application: its settings, database, services and plugins. Plugins get it as the argument `host`.

    Attributes:
        settings: the host's own settings.
        database: transactions and sessions on PostgreSQL.
        keys: checks API keys.
        services: the directory behind `service()`.
        metrics: the Prometheus registry; plugins add their metrics to `metrics.registry`.
        contributions: what each plugin gave, by name.
        draining: true once the process was asked to end; `/health/ready` answers 503 from then on.
    """

    def __init__(
        self,
        settings: HostSettings | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        entry_points: Iterable[EntryPoint] | None = None,
        remotes: Iterable[EntryPoint] | None = None,
    ) -> None:
        self.environ = dict(os.environ if environ is None else environ)
        self.settings = settings or load_host_settings(self.environ)
        self.database = Database(self.settings)
        self.keys = KeyStore(self.database, self.settings.api_key, self.settings.key_cache_seconds)
        self.services = Services(self.environ, remotes)
        self.metrics = Metrics()
        self.draining = False
        self.startup_error: StartupError | None = None
        self.contributions: dict[str, Contribution] = {}
        self.registry = PluginRegistry(self.settings.plugins)
        self.registry.load(core_plugin, entry_points)
        self._gather()
        self._refuse_clashes()
        self._refuse_unknown_variables()

    def settings_of(self, plugin: str, settings_type: type[SettingsT]) -> SettingsT:
        """Return a plugin's settings, as its `register_settings` declared them."""
        settings = self.contributions[plugin].settings
        if not isinstance(settings, settings_type):
            raise StartupError(f"plugin {plugin!r} has no settings of type {settings_type.__name__}")
        return settings

    def service(self, contract: type[ContractT]) -> ContractT:
        """Return another plugin's service: in this process, or over HTTP.

        Raises:
            StartupError: it is neither installed here nor named by `SPRINTIA_<PLUGIN>_URL`.
        """
        return self.services.get(contract)

    @property
    def databases(self) -> dict[str, DatabaseSpec]:
        """Every plugin's tables, by schema; the host's own first, because the others may call its functions."""
        return {name: given.database for name, given in self.contributions.items() if given.database is not None}

    @property
    def menu(self) -> list[MenuEntry]:
        entries = [entry for given in self.contributions.values() for entry in given.menu]
        return sorted(entries, key=lambda entry: (entry.order, entry.id))

    def _gather(self) -> None:
        for name in list(self.registry.plugins):
            self.contributions[name] = Contribution()
            try:
                self._gather_from(name)
            except PluginError as error:
                del self.contributions[name]
                self.registry.drop(name, error)
        self.registry.stop_if_wanted_failed()

    def _gather_from(self, name: str) -> None:
        given = self.contributions[name]
        settings_type = self.registry.call(name, "register_settings")
        if settings_type is not None:
            try:
                given.settings = load_plugin_settings(name, settings_type, self.environ)
            except StartupError as error:
                cure = "Correct the settings named here."
                raise PluginError("register_settings", "; ".join(error.faults), cure) from error
        given.database = self._record(name, "register_database", DatabaseSpec)
        self._check_schema(name, given.database)
        given.routes = self._record(name, "register_routes", Routes)
        given.health_checks = self._records(name, "register_health_checks", HealthCheck)
        given.menu = self._records(name, "register_menu", MenuEntry)
        given.litestar_plugins = self._records(name, "register_litestar_plugins", object)
        given.lifespan = self._record(name, "lifespan", AbstractAsyncContextManager)
        services = self.registry.call(name, "register_services", host=self)
        self.services.offer(name, services or {})

    def _record(self, name: str, hook: str, kind: type[Any]) -> Any:
        result = self.registry.call(name, hook, host=self)
        if result is not None and not isinstance(result, kind):
            raise PluginError(hook, f"it returned {type(result).__name__}, not {kind.__name__}", "See hooks.py.")
        return result

    def _records(self, name: str, hook: str, kind: type[Any]) -> Any:
        results = tuple(self.registry.call(name, hook, host=self) or ())
        wrong = [type(result).__name__ for result in results if not isinstance(result, kind)]
        if wrong:
            raise PluginError(hook, f"it returned {wrong[0]}, not {kind.__name__}", "See hooks.py.")
        return results

    def _check_schema(self, name: str, spec: DatabaseSpec | None) -> None:
        if spec is None:
            return
        foreign = sorted(table.fullname for table in spec.metadata.tables.values() if table.schema != name)
        if foreign:
            raise PluginError(
                "register_database",
                f"these tables are not in the schema {name!r}: {', '.join(foreign)}",
                f"Give its metadata MetaData(schema={name!r}).",
            )

    def _refuse_clashes(self) -> None:
        prefixes: dict[str, str] = dict.fromkeys(("/health", "/metrics", "/plugins", "/schema", "/"), "the host")
        entries: dict[str, str] = {}
        faults = []
        for name, given in self.contributions.items():
            for prefix in given.routes.prefixes if given.routes else ():
                if prefix in prefixes:
                    faults.append(f"route prefix {prefix!r} is claimed by {prefixes[prefix]} and by plugin {name!r}")
                prefixes.setdefault(prefix, f"plugin {name!r}")
            for entry in given.menu:
                if entry.id in entries:
                    faults.append(f"menu id {entry.id!r} is claimed by {entries[entry.id]} and by plugin {name!r}")
                entries.setdefault(entry.id, f"plugin {name!r}")
        if faults:
            cure = "leave one of them out of SPRINTIA_PLUGINS, or rename it"
            raise StartupError([f"{fault}: {cure}" for fault in faults])

    def _refuse_unknown_variables(self) -> None:
        # A variable of a plugin that runs elsewhere is no fault: one .env may serve a split deployment.
        others = tuple(f"SPRINTIA_{name.upper()}_" for name in (*self.registry.installed, *self.registry.plugins))
        remote = ("_URL", "_API_KEY", "_API_KEY_FILE")
        mine = {
            name: value
            for name, value in self.environ.items()
            if not name.startswith(others) and not name.endswith(remote)
        }
        faults = unknown_variables(mine, "SPRINTIA_", host_variable_names())
        if faults:
            raise StartupError(faults)

    def mark_unavailable(self, name: str, cause: str) -> None:
        """Keep a plugin that broke at run time out of service: its routes answer 503."""
        self.contributions[name].unavailable = cause

    @property
    def own(self) -> Contribution:
        return self.contributions[HOST_PLUGIN]
