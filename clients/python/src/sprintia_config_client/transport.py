"""Requests to the service: one pool of connections, bounded retries of reads, errors as types."""

import asyncio
import random
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx

from sprintia_config_client.errors import ConfigError, Unavailable
from sprintia_config_client.refusals import RETRIED, error_of
from sprintia_config_client.settings import ClientSettings
from sprintia_config_client.tracing import trace_headers

_FIRST_PAUSE = 0.1
_LONG_WORK = 300.0


class Transport:
    """One service, as one key sees it. Belongs to the event loop that it is first used in."""

    def __init__(
        self, settings: ClientSettings, transport: httpx.AsyncBaseTransport | None = None, *,
        connections: "_Connections | None" = None, headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        parts = urlsplit(settings.url)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise ValueError(f"the config service's address must be http(s)://host[:port], not {settings.url!r}")
        self._settings = settings
        self._connections = connections or _Connections(settings, transport)
        self._headers = headers or {}

    def with_headers(self, headers: Mapping[str, str]) -> "Transport":
        """The same connections, with headers of their own on each request."""
        return Transport(self._settings, connections=self._connections, headers={**self._headers, **headers})

    async def get(
        self, path: str, params: Mapping[str, Any] | None = None, *, headers: Mapping[str, str] | None = None,
        wait: float = 0.0, attempts: int | None = None,
    ) -> httpx.Response:  # fmt: skip
        """Read, and read again when nobody answered or the service asked to come later; 304 is an answer.

        Raises:
            ConfigError: any other answer than 200 and 304.
        """
        last = (attempts or self._settings.attempts) - 1
        for attempt in range(last + 1):
            try:
                return await self._send("GET", path, params=params, headers=headers or {}, wait=wait)
            except Unavailable as error:
                pause = self._pause(attempt, error)
                if attempt == last or pause is None:
                    raise
                await asyncio.sleep(pause)
        raise AssertionError("unreachable")

    async def ask(self, path: str, content: bytes) -> httpx.Response:
        """Ask something that needs a body of JSON and changes nothing; once.

        Raises:
            ConfigError: any other answer than 200.
        """
        return await self._send("POST", path, content=content, headers={"Content-Type": "application/json"})

    async def stream(self, path: str, params: Mapping[str, Any] | None = None) -> AsyncGenerator[bytes, None]:
        """Read an answer as it comes; once.

        Raises:
            ConfigError: any other answer than 200, or what came was cut off.
        """
        with self._reaching():
            async with self._connections.client.stream(
                "GET", path, params=params, timeout=self._timeout(), headers={**self._headers, **trace_headers()}
            ) as response:
                if response.status_code != 200:
                    await response.aread()
                    raise error_of(response)
                async for chunk in response.aiter_bytes():
                    yield chunk

    async def send_file(
        self, path: str, content: bytes, media_type: str, params: Mapping[str, Any] | None = None
    ) -> httpx.Response:
        """Post a file, once, and wait long for what becomes of it.

        Raises:
            ConfigError: any other answer than 200.
        """
        return await self._send(
            "POST", path, params=params, content=content, headers={"Content-Type": media_type}, wait=_LONG_WORK
        )

    async def write(
        self, method: str, path: str, content: bytes | None, headers: Mapping[str, str], idempotency_key: str,
        params: Mapping[str, Any] | None = None,
    ) -> httpx.Response:  # fmt: skip
        """Write, once. Whoever wants to try again does so with the same idempotency key, which errors carry.

        Raises:
            ConfigError: any other answer than 200.
        """
        try:
            return await self._send(
                method, path, params=params, content=content, headers={**headers, "Idempotency-Key": idempotency_key}
            )
        except ConfigError as error:
            error.idempotency_key = idempotency_key
            raise

    async def close(self) -> None:
        await self._connections.close()

    async def _send(
        self, method: str, path: str, *, headers: Mapping[str, str], params: Mapping[str, Any] | None = None,
        content: bytes | None = None, wait: float = 0.0,
    ) -> httpx.Response:  # fmt: skip
        given = None if params is None else {name: value for name, value in params.items() if value is not None}
        with self._reaching():
            response = await self._connections.client.request(
                method, path, params=given, content=content, timeout=self._timeout(wait),
                headers={**self._headers, **trace_headers(), **headers},
            )  # fmt: skip
        if response.status_code in {200, 304}:
            return response
        raise error_of(response)

    def _timeout(self, wait: float = 0.0) -> httpx.Timeout:
        return httpx.Timeout(self._settings.timeout + wait, connect=self._settings.connect_timeout)

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except httpx.TransportError as error:
            raise Unavailable(
                f"{self._settings.url} did not answer ({type(error).__name__}): {error}", unreachable=True
            ) from error
        except httpx.DecodingError as error:
            raise Unavailable(
                f"{self._settings.url} sent what cannot be unpacked: {error}", unreachable=False
            ) from error

    def _pause(self, attempt: int, error: Unavailable) -> float | None:
        """How long to wait before the next attempt; None when there is no point in one."""
        if error.status is not None and error.status not in RETRIED:
            return None
        longest = self._settings.longest_pause
        if error.retry_after is not None:
            # A little more than asked, so that those who were refused together do not come back together.
            pause = error.retry_after * random.uniform(1.0, 1.25)  # noqa: S311 - spreads load, guards nothing
            return pause if error.retry_after <= longest else None
        return random.uniform(0.0, min(longest, _FIRST_PAUSE * 2.0**attempt * 2.0))  # noqa: S311 - the same


class _Connections:
    """The connections to one service, opened when they are first wanted."""

    def __init__(self, settings: ClientSettings, transport: httpx.AsyncBaseTransport | None) -> None:
        self._settings, self._transport = settings, transport
        self._client: httpx.AsyncClient | None = None

    @property
    def client(self) -> httpx.AsyncClient:
        if self._client is None:
            key = self._settings.api_key
            self._client = httpx.AsyncClient(
                base_url=self._settings.url,
                headers={"X-API-Key": key.reveal()} if key else {},
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=50, keepalive_expiry=30.0),
                transport=self._transport,
                follow_redirects=False,  # the key must reach nobody else
            )
        return self._client

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()
