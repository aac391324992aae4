"""Find plugins, load each by itself, and say plainly what is wrong with the ones that cannot be used.

An own loader, because pluggy's lets one broken plugin end the host and skips a second plugin of the same name without a
word.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

import pluggy

from sprintia_platform import hooks
from sprintia_platform.errors import StartupError
from sprintia_platform.names import fault_of_name

HOST_PLUGIN = "platform"
"""The name of the host's own plugin (keys, audit): always loaded, never an entry point of somebody else."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin that was imported and registered."""

    name: str
    module: Any
    distribution: str
    version: str


@dataclass(frozen=True, slots=True)
class PluginFailure:
    """A plugin that is installed and cannot be used: `stage` is where it broke, `cause` why, `cure` what to do."""

    name: str
    distribution: str
    stage: str
    cause: str
    cure: str

    @property
    def kind(self) -> str:
        """The cause without its text, which may hold values: the type of the exception, or the setting's name."""
        return self.cause.partition(":")[0]

    def __str__(self) -> str:
        return f"plugin {self.name!r} (from {self.distribution}) failed at {self.stage}: {self.cause}. {self.cure}"


class PluginError(Exception):
    """One plugin broke; the host decides whether that stops the start."""

    def __init__(self, stage: str, cause: str, cure: str) -> None:
        self.stage, self.cause, self.cure = stage, cause, cure
        super().__init__(cause)


def describe(error: BaseException) -> str:
    """Name an exception in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class PluginRegistry:
    """The plugins of one application. Never a module global: two applications in one process share nothing."""

    def __init__(self, wanted: Sequence[str] | None) -> None:
        self.wanted = None if wanted is None else tuple(wanted)
        self.plugins: dict[str, Plugin] = {}
        self.failures: list[PluginFailure] = []
        self.installed: frozenset[str] = frozenset()
        self._hooks = pluggy.PluginManager(hooks.PROJECT)
        self._hooks.add_hookspecs(hooks)

    def is_wanted(self, name: str) -> bool:
        """Whether the operator named this plugin, so that its failure must stop the start."""
        return name == HOST_PLUGIN or (self.wanted is not None and name in self.wanted)

    def load(self, own: ModuleType, points: Iterable[EntryPoint] | None = None) -> None:
        """Register the host's own plugin, then every wanted entry point in order of name.

        Raises:
            StartupError: a wanted plugin is missing or broken, or two distributions claim one name.
        """
        found = list(entry_points(group=hooks.PROJECT) if points is None else points)
        self._refuse_duplicates(found)
        self.installed = frozenset(point.name for point in found)
        self._refuse_missing()
        self._register(Plugin(HOST_PLUGIN, own, "sprintia-platform", _version("sprintia-platform")))
        for point in sorted(found, key=lambda point: point.name):
            if self.wanted is None or point.name in self.wanted:
                self._load(point)
        self.stop_if_wanted_failed()

    def call(self, name: str, hook: str, **arguments: Any) -> Any:
        """Call one hook of one plugin; None when the plugin does not implement it.

        Raises:
            PluginError: the implementation raised.
        """
        plugin = self.plugins[name].module
        others = [other for other in self._hooks.get_plugins() if other is not plugin]
        try:
            results = self._hooks.subset_hook_caller(hook, others)(**arguments)
        except StartupError as error:
            raise PluginError(hook, "; ".join(error.faults), "Correct the settings named here.") from error
        except (Exception, SystemExit) as error:
            raise PluginError(hook, describe(error), "Mend the plugin, or leave it out of SPRINTIA_PLUGINS.") from error
        return results[0] if results else None

    def drop(self, name: str, error: PluginError) -> None:
        """Take a broken plugin out and remember why."""
        plugin = self.plugins.pop(name)
        self._hooks.unregister(plugin.module)
        self.failures.append(PluginFailure(name, plugin.distribution, error.stage, error.cause, error.cure))

    def stop_if_wanted_failed(self) -> None:
        """Stop the start for the failures of plugins that the operator asked for by name."""
        fatal = [str(failure) for failure in self.failures if self.is_wanted(failure.name)]
        if fatal:
            raise StartupError(fatal)

    def _refuse_duplicates(self, found: Sequence[EntryPoint]) -> None:
        owners: dict[str, list[str]] = defaultdict(list)
        for point in found:
            if self.wanted is None or point.name in self.wanted or point.name == HOST_PLUGIN:
                owners[point.name].append(_distribution(point))
        owners[HOST_PLUGIN] += ["sprintia-platform"] if HOST_PLUGIN in owners else []
        faults = [
            f"plugin name {name!r} is claimed by {' and by '.join(sorted(names))}: uninstall one of them"
            for name, names in sorted(owners.items())
            if len(names) > 1
        ]
        if faults:
            raise StartupError(faults)

    def _refuse_missing(self) -> None:
        have = ", ".join(sorted(self.installed)) or "none"
        faults = [
            f"SPRINTIA_PLUGINS names {name!r}, which is not installed (installed: {have}): "
            "install its distribution or correct the name"
            for name in self.wanted or ()
            if name not in self.installed and name != HOST_PLUGIN
        ]
        if faults:
            raise StartupError(faults)

    def _load(self, point: EntryPoint) -> None:
        try:
            module = self._import(point)
            self._register(Plugin(point.name, module, _distribution(point), getattr(point.dist, "version", "unknown")))
        except PluginError as error:
            self.failures.append(PluginFailure(point.name, _distribution(point), error.stage, error.cause, error.cure))

    def _import(self, point: EntryPoint) -> Any:
        fault = fault_of_name(point.name)
        if fault is not None:
            raise PluginError("name", f"{point.name!r} cannot be a plugin's name: {fault}", "Rename its entry point.")
        try:
            module = point.load()
        except (Exception, SystemExit) as error:
            raise PluginError(
                "import", describe(error), f"Mend or reinstall it: the module is {point.value}."
            ) from error
        version = getattr(module, "HOOK_API", None)
        if version != hooks.HOOK_API:
            raise PluginError(
                "hook version",
                f"it says HOOK_API = {version!r}, this host speaks {hooks.HOOK_API}",
                "Install versions of the plugin and of sprintia-platform that belong together.",
            )
        return module

    def _register(self, plugin: Plugin) -> None:
        try:
            self._hooks.register(plugin.module, name=plugin.name)
            self._hooks.check_pending()
        except (pluggy.PluginValidationError, ValueError) as error:
            if self._hooks.get_plugin(plugin.name) is not None:
                self._hooks.unregister(name=plugin.name)
            raise PluginError(
                "hooks", describe(error), "Correct the hook's name or arguments: see hooks.py."
            ) from error
        self.plugins[plugin.name] = plugin


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else f"module {point.value}"


def _version(distribution: str) -> str:
    from importlib.metadata import version  # noqa: PLC0415 - once, at start

    return version(distribution)
