"""The real service, at one address over all its deaths, and what it says that it received."""

from collections.abc import Callable
from typing import Any

from sprintia_testing.platforms import SpawnedPlatform, free_port


class Service:
    """`sprintia serve` on a fixed port."""

    def __init__(self, spawn: Callable[..., SpawnedPlatform], database_url: str) -> None:
        self._spawn, self.database_url = spawn, database_url
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        self.platform = self._spawn(DATABASE_URL=self.database_url, SPRINTIA_PORT=str(self.port)).wait_ready()

    def kill(self) -> None:
        self.platform.kill()

    def get(self, path: str) -> Any:
        answer = self.platform.request("GET", path)
        answer.raise_for_status()
        return answer.json()

    def put(self, path: str, body: object) -> Any:
        answer = self.platform.request("PUT", path, json=body)
        answer.raise_for_status()
        return answer.json()

    def deliveries(self, tenant: str) -> list[dict[str, Any]]:
        """Return what came for a tenant, oldest first."""
        found: list[dict[str, Any]] = []
        before = ""
        while page := self.get(f"/config/deliveries?tenant={tenant}&limit=100{before}"):
            found += page
            before = f"&before={page[-1]['id']}"
        return found[::-1]

    def states(self, tenant: str, domain: str, config_type: str) -> list[dict[str, Any]]:
        """Return the content of each version, oldest first."""
        address = f"/configs/{tenant}/{domain}/{config_type}"
        numbers = sorted(line["version"] for line in self.get(f"{address}/history?limit=1000"))
        return [self.get(f"{address}/version/{number}")["json_data"] for number in numbers]

    def current(self, tenant: str, domain: str, config_type: str) -> dict[str, Any]:
        return self.get(f"/configs/{tenant}/{domain}/{config_type}")["json_data"]
