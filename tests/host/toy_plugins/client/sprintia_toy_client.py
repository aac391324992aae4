"""What other plugins see of the toy plugin: the contract, and how to reach it over HTTP."""

from typing import Protocol

import httpx

from sprintia_platform import Secret


class Greeter(Protocol):
    async def greet(self, name: str) -> str:
        """Return a greeting for this name."""
        ...


class HttpGreeter:
    """The contract over HTTP, for a process in which the toy plugin does not run."""

    closed = False

    def __init__(self, url: str, api_key: Secret | None) -> None:
        self._url = url
        self._headers = {"X-API-Key": api_key.reveal()} if api_key else {}

    async def close(self) -> None:
        self.closed = True

    async def greet(self, name: str) -> str:
        async with httpx.AsyncClient(base_url=self._url, headers=self._headers) as client:
            answer = await client.get(f"/toy/greetings/{name}")
            answer.raise_for_status()
            return str(answer.json()["greeting"])


CONNECTIONS = {Greeter: HttpGreeter}
