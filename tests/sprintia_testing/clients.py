"""Clients under test: a look at what goes over the wire, and conditions that are waited for."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import httpx

from sprintia_config_client import ConfigClient, ConfigReader, ConfigWriter
from sprintia_testing.platforms import API_KEY, RunningPlatform

Answer = httpx.Response | Exception | None | Awaitable[httpx.Response | Exception | None]


def methods_of(contract: type) -> list[str]:
    """The names of what a contract asks for, its own and what it builds on."""
    return [name for base in contract.__mro__ if base is not object for name in vars(base) if not name.startswith("_")]


class Transport(NamedTuple):
    """One way to the config service: what reads, and what writes."""

    name: str
    reader: ConfigReader
    writer: ConfigWriter


class Wire(httpx.AsyncBaseTransport):
    """Real connections, written down; `spoil` may answer in the service's place.

    Attributes:
        seen: `METHOD /path STATUS` of each answer, in order; of one that is awaited, nothing yet.
        spoil: given a request, the answer or error to give instead; None lets it through.
    """

    def __init__(self) -> None:
        self._inner = httpx.AsyncHTTPTransport()
        self.seen: list[str] = []
        self.requests: list[httpx.Request] = []
        self.spoil: Callable[[httpx.Request], Answer] = lambda _request: None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.spoil(request)
        if isinstance(answer, Awaitable):
            answer = await answer
        if isinstance(answer, Exception):
            self.seen.append(f"{request.method} {request.url.path} {type(answer).__name__}")
            raise answer
        if answer is None:
            answer = await self._inner.handle_async_request(request)
        self.seen.append(f"{request.method} {request.url.path} {answer.status_code}")
        return answer

    async def aclose(self) -> None:
        await self._inner.aclose()

    def count(self, part: str) -> int:
        return sum(part in line for line in self.seen)


class Side(NamedTuple):
    """A client of one test, and its wire."""

    client: ConfigClient
    wire: Wire


MakeSide = Callable[..., Side]


async def eventually(condition: Callable[[], Awaitable[Any]], what: str, seconds: float = 10.0) -> Any:
    """Poll until the condition gives something true, and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = await condition()
        if result:
            return result
        await asyncio.sleep(0.02)  # polling a condition, with a deadline
    raise AssertionError(f"{what} did not come true within {seconds:g} s")


def put(platform: RunningPlatform, place: str, text: str) -> None:
    """Write past the client under test."""
    answer = httpx.put(
        f"{platform.url}/configs/{place}", content=text,
        headers={"X-API-Key": API_KEY, "Content-Type": "application/yaml"},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
