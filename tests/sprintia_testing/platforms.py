"""Running platforms: in a thread of the test process, or as the real command in a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from sprintia_platform.testing.platforms import API_KEY, RunningPlatform, free_port, wait_until

__all__ = ["API_KEY", "SPRINTIA", "RunningPlatform", "SpawnedPlatform", "free_port", "wait_until"]

SPRINTIA = str(Path(sys.executable).parent / "sprintia")


class SpawnedPlatform:
    """The real `sprintia serve`, in a process group of its own, with its output kept."""

    def __init__(self, environ: Mapping[str, str], folder: Path, *arguments: str) -> None:
        self.port = int(environ.get("SPRINTIA_PORT") or free_port())
        self.url = f"http://127.0.0.1:{self.port}"
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SPRINTIA_", "API_KEY", "DATABASE_URL"))
        }
        self.environ = clean | {"API_KEY": API_KEY, **environ, "SPRINTIA_PORT": str(self.port)}
        self.out, self.err = folder / f"serve-{self.port}.out", folder / f"serve-{self.port}.err"
        with self.out.open("ab") as out, self.err.open("ab") as err:
            self.process = subprocess.Popen(
                [SPRINTIA, "serve", *arguments], env=self.environ, stdout=out, stderr=err, start_new_session=True
            )

    def wait_ready(self, seconds: float = 40.0) -> "SpawnedPlatform":
        def ready() -> bool:
            if self.process.poll() is not None:
                raise AssertionError(
                    f"sprintia serve ended with {self.process.returncode}: {self.err.read_text()[-2000:]}"
                )
            try:
                return httpx.get(f"{self.url}/health/ready", timeout=2).status_code == 200
            except httpx.TransportError:
                return False

        wait_until(ready, seconds, f"{self.url} ready")
        return self

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Send one request with the bootstrap key, on a connection of its own."""
        headers = {"X-API-Key": self.environ["API_KEY"]} | dict(arguments.pop("headers", {}))
        return httpx.request(method, self.url + path, headers=headers, timeout=30, **arguments)

    def kill(self) -> None:
        """SIGKILL the whole process group, workers included."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def end(self, number: int = signal.SIGTERM, seconds: float = 30.0) -> int:
        """Ask it to end, and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(seconds)
