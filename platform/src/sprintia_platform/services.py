"""Services of plugins, found here or over HTTP: the caller asks for a contract and does not see which.

A contract is a Protocol in the other plugin's client package. That package also tells how to reach the contract over
HTTP, by an entry point of the group `sprintia.remote`: its name is the plugin's, its object a mapping of contract to
`connect(url, api_key)`.
"""

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar, cast

from sprintia_platform.errors import StartupError
from sprintia_platform.records import ServiceFactory
from sprintia_platform.settings import Secret

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

    def offer(self, plugin: str, services: Mapping[type, ServiceFactory]) -> None:
        """Take a plugin's services into the directory.

        Raises:
            StartupError: two plugins offer one contract.
        """
        for contract, factory in services.items():
            if contract in self._factories:
                first = self._factories[contract][0]
                raise StartupError(
                    f"service {contract.__name__} is offered by plugin {first!r} and by plugin {plugin!r}: "
                    "leave one of them out of SPRINTIA_PLUGINS"
                )
            self._factories[contract] = (plugin, factory)

    def get(self, contract: type[ContractT]) -> ContractT:
        """Return the service: the local plugin's, else the remote one of `SPRINTIA_<PLUGIN>_URL`.

        Raises:
            StartupError: neither is there; the message says what to install or set.
        """
        if contract not in self._made:
            self._made[contract] = self._make(contract)
        return cast("ContractT", self._made[contract])

    def _make(self, contract: type) -> Any:
        if contract in self._factories:
            return self._factories[contract][1]()
        for point in self._remotes:
            connect: Connect | None = point.load().get(contract)
            if connect is None:
                continue
            prefix = f"SPRINTIA_{point.name.upper()}"
            url = self._environ.get(f"{prefix}_URL")
            if url:
                key = self._environ.get(f"{prefix}_API_KEY")
                return connect(url, Secret(key) if key else None)
            raise StartupError(
                f"{contract.__name__} is needed: install the plugin {point.name!r} here, "
                f"or set {prefix}_URL to where it runs"
            )
        raise StartupError(
            f"{contract.__name__} is needed and no installed distribution knows it: install the plugin that offers it, "
            "or its client package"
        )
