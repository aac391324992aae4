"""The host as plugins see it, and the gathering of what they offer."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from itertools import combinations
from typing import Any, TypeVar, cast

import msgspec
from litestar.plugins import PluginProtocol

from sprintia_platform import core_plugin
from sprintia_platform.database.connections import Database
from sprintia_platform.errors import StartupError
from sprintia_platform.keys.store import KeyStore
from sprintia_platform.observability.metrics import Metrics
from sprintia_platform.plugins import HOST_PLUGIN, PluginError, PluginRegistry, describe
from sprintia_platform.records import DatabaseSpec, FirstSteps, HealthCheck, MenuEntry, Routes
from sprintia_platform.services import ContractT, Services
from sprintia_platform.settings import (
    HostSettings,
    host_variable_names,
    load_host_settings,
    load_plugin_settings,
    unknown_variables,
)

SettingsT = TypeVar("SettingsT", bound=msgspec.Struct)

_OWN_PREFIXES = ("/health", "/metrics", "/plugins", "/schema")
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_SEE_HOOKS = "Return what sprintia_platform/hooks.py says."
SharedT = TypeVar("SharedT")


@dataclass(slots=True)
class Contribution:
    """What one plugin gave."""

    settings: msgspec.Struct | None = None
    database: DatabaseSpec | None = None
    routes: Routes | None = None
    health_checks: tuple[HealthCheck, ...] = ()
    menu: tuple[MenuEntry, ...] = ()
    first_steps: FirstSteps | None = None
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
        self._shared: dict[type, Any] = {}
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

    def shared(self, kind: type[SharedT], make: Callable[[], SharedT]) -> SharedT:
        """Return this application's one object of a kind, made at the first call: what a plugin's hooks share."""
        if kind not in self._shared:
            self._shared[kind] = make()
        return cast("SharedT", self._shared[kind])

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

    @property
    def home(self) -> str | None:
        """Where a person's browser that asks for `/` is led."""
        homes = (given.routes.home for given in self.contributions.values() if given.routes is not None)
        return next((home for home in homes if home is not None), None)

    def refuse(self, name: str, error: PluginError) -> None:
        """Take a plugin out whose contributions cannot be used, and remember why."""
        del self.contributions[name]
        self.services.withdraw(name)
        self.registry.drop(name, error)

    def _gather(self) -> None:
        # Settings and services of all come first: any other hook may ask for any plugin's service.
        for gather in (self._gather_services, self._gather_rest):
            for name in list(self.registry.plugins):
                try:
                    gather(name)
                except PluginError as error:
                    self.refuse(name, error)
        self.registry.stop_if_wanted_failed()

    def _gather_services(self, name: str) -> None:
        given = self.contributions[name] = Contribution()
        given.settings = self._settings_for(name)
        services = self._record(name, "register_services", Mapping) or {}
        for contract, factory in services.items():
            if not isinstance(contract, type) or not callable(factory):
                raise PluginError("register_services", f"{contract!r} is no contract with a factory", _SEE_HOOKS)
        self.services.offer(name, services)

    def _settings_for(self, name: str) -> msgspec.Struct | None:
        settings_type = self.registry.call(name, "register_settings")
        if settings_type is None:
            return None
        if not (isinstance(settings_type, type) and issubclass(settings_type, msgspec.Struct)):
            raise PluginError("register_settings", f"it returned {settings_type!r}, no msgspec Struct type", _SEE_HOOKS)
        # `SPRINTIA_NOTES_ARCHIVE_URL` belongs to the plugin `notes_archive`, and is no misspelt setting of `notes`.
        longer = tuple(
            f"SPRINTIA_{other.upper()}_" for other in self.registry.installed if other.startswith(f"{name}_")
        )
        mine = {variable: value for variable, value in self.environ.items() if not variable.startswith(longer)}
        try:
            return load_plugin_settings(name, settings_type, mine)
        except StartupError as error:
            cure = "Correct the settings named here."
            raise PluginError("register_settings", "; ".join(error.faults), cure) from error

    def _gather_rest(self, name: str) -> None:
        given = self.contributions[name]
        given.database = self._record(name, "register_database", DatabaseSpec)
        self._check_schema(name, given.database)
        given.routes = self._record(name, "register_routes", Routes)
        self._check_prefixes(name, given.routes)
        given.health_checks = self._records(name, "register_health_checks", HealthCheck)
        self._check_unique("register_health_checks", [check.name for check in given.health_checks])
        given.menu = self._records(name, "register_menu", MenuEntry)
        given.first_steps = self._record(name, "register_first_steps", cast("type[Any]", Callable))
        given.litestar_plugins = self._records(name, "register_litestar_plugins", object)
        given.lifespan = self._record(name, "lifespan", AbstractAsyncContextManager)

    def _record(self, name: str, hook: str, kind: type[Any]) -> Any:
        result = self.registry.call(name, hook, host=self)
        if result is not None and not isinstance(result, kind):
            raise PluginError(hook, f"it returned {type(result).__name__}, not {kind.__name__}", _SEE_HOOKS)
        return result

    def _records(self, name: str, hook: str, kind: type[Any]) -> Any:
        result = self.registry.call(name, hook, host=self)
        try:
            results = tuple(result or ())
        except Exception as error:  # a generator runs only here, and may raise anything
            raise PluginError(hook, describe(error), _SEE_HOOKS) from error
        wrong = [type(result).__name__ for result in results if not isinstance(result, kind)]
        if wrong:
            raise PluginError(hook, f"it returned {wrong[0]}, not {kind.__name__}", _SEE_HOOKS)
        return results

    def _check_prefixes(self, name: str, routes: Routes | None) -> None:
        for prefix in routes.prefixes if routes else ():
            if not _PREFIX.fullmatch(prefix):
                raise PluginError("register_routes", f"{prefix!r} is no path prefix", "Write it as /words-of-a-path.")
            if name != HOST_PLUGIN and any(_overlap(prefix, own) for own in (*_OWN_PREFIXES, *self._own_prefixes)):
                cure = "Choose another prefix: the host answers there."
                raise PluginError("register_routes", f"route prefix {prefix!r} is claimed by the host", cure)
        home = routes.home if routes else None
        if routes and home is not None and not (routes.covers(home) and _PREFIX.fullmatch(home.removesuffix("/"))):
            cure = "Give a path below one of its prefixes."
            raise PluginError("register_routes", f"its home {home!r} is no path of its own", cure)

    @property
    def _own_prefixes(self) -> tuple[str, ...]:
        return self.own.routes.prefixes if self.own.routes else ()

    def _check_unique(self, hook: str, names: list[str]) -> None:
        for each in names:
            if names.count(each) > 1:
                raise PluginError(hook, f"it gives the name {each!r} twice", "Give each a name of its own.")

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
        # Which of two plugins is meant, nobody can say: this stops the start, whether or not they were named.
        prefixes = [
            (prefix, name)
            for name, given in self.contributions.items()
            for prefix in (given.routes.prefixes if given.routes else ())
        ]
        entries = [(entry.id, name) for name, given in self.contributions.items() for entry in given.menu]
        faults = [
            f"route prefix {prefix!r} is claimed by plugin {first!r} and {other!r} by plugin {second!r}"
            if prefix != other
            else f"route prefix {prefix!r} is claimed by plugin {first!r} and by plugin {second!r}"
            for (prefix, first), (other, second) in combinations(prefixes, 2)
            if first != second and _overlap(prefix, other)
        ]
        faults += [
            f"menu id {entry!r} is claimed by plugin {first!r} and by plugin {second!r}"
            for (entry, first), (other, second) in combinations(entries, 2)
            if entry == other
        ]
        homes = [name for name, given in self.contributions.items() if given.routes and given.routes.home is not None]
        faults += [
            f"the home, where browsers are led from /, is claimed by plugin {first!r} and by plugin {second!r}"
            for first, second in combinations(homes, 2)
        ]
        faults += self.services.clashes
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


def _overlap(prefix: str, other: str) -> bool:
    return prefix == other or prefix.startswith(f"{other}/") or other.startswith(f"{prefix}/")
