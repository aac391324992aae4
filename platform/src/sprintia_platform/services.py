"""Services of plugins, found here or over HTTP: the caller asks for a contract and does not see which.

A contract is a Protocol in the other plugin's client package. That package also tells how to reach the contract over
HTTP, by an entry point of the group `sprintia.remote`: its name is the plugin's, its object a mapping of contract to
`connect(url, api_key)`. What that returns may have a coroutine `close`, which is awaited when the platform ends.
"""

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar, cast

from sprintia_platform.errors import StartupError
from sprintia_platform.plugins import describe
from sprintia_platform.records import ServiceFactory
from sprintia_platform.settings import Secret, read_secret

ContractT = TypeVar("ContractT")
Connect = Callable[[str, Secret | None], Any]

REMOTE_GROUP = "sprintia.remote"


class Services:
    """The directory of one application's services."""

    def __init__(self, environ: Mapping[str, str], remotes: Iterable[EntryPoint] | None = None) -> None:
        self._environ = environ
        self._remotes = tuple(entry_points(group=REMOTE_GROUP) if remotes is None else remotes)
        self._factories: dict[type, tuple[str, ServiceFactory]] = {}
        self._made: dict[type, Any] = {}
        self._connected: list[Any] = []
        self.clashes: list[str] = []

    def offer(self, plugin: str, services: Mapping[type, ServiceFactory]) -> None:
        """Take a plugin's services into the directory; a contract that two offer is noted in `clashes`."""
        for contract, factory in services.items():
            if contract in self._factories:
                first = self._factories[contract][0]
                self.clashes.append(
                    f"service {contract.__name__} is offered by plugin {first!r} and by plugin {plugin!r}"
                )
            self._factories.setdefault(contract, (plugin, factory))

    def withdraw(self, plugin: str) -> None:
        """Forget the services of a plugin that turned out to be broken."""
        for contract in [contract for contract, (owner, _) in self._factories.items() if owner == plugin]:
            del self._factories[contract]

    def get(self, contract: type[ContractT]) -> ContractT:
        """Return the service: the local plugin's, else the remote one of `SPRINTIA_<PLUGIN>_URL`.

        Raises:
            StartupError: neither is there; the message says what to install or set.
        """
        if contract not in self._made:
            self._made[contract] = self._make(contract)
        return cast("ContractT", self._made[contract])

    async def close(self) -> None:
        """Close the connections to other processes, of those remote services that can be closed."""
        for service in self._connected:
            close = getattr(service, "close", None)
            if close is not None:
                await close()

    def _make(self, contract: type) -> Any:
        if contract in self._factories:
            return self._factories[contract][1]()
        for point in self._remotes:
            connect = _connections_of(point).get(contract)
            if connect is None:
                continue
            prefix = f"SPRINTIA_{point.name.upper()}"
            url = self._environ.get(f"{prefix}_URL")
            if url:
                self._connected.append(connect(url, read_secret(f"{prefix}_API_KEY", self._environ)))
                return self._connected[-1]
            raise StartupError(
                f"{contract.__name__} is needed: install the plugin {point.name!r} here, "
                f"or set {prefix}_URL to where it runs"
            )
        raise StartupError(
            f"{contract.__name__} is needed and no installed distribution knows it: install the plugin that offers it, "
            "or its client package"
        )


def _connections_of(point: EntryPoint) -> Mapping[type, Connect]:
    try:
        return cast("Mapping[type, Connect]", dict(point.load()))
    except (Exception, SystemExit) as error:
        owner = point.dist.name if point.dist is not None else point.value
        raise StartupError(
            f"the client of plugin {point.name!r} (from {owner}) cannot be imported ({describe(error)}): "
            "mend or reinstall it"
        ) from error
