"""Requests to the service: one pool of connections, bounded retries of reads, errors as types."""

import asyncio
import email.utils
import random
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from sprintia_config_client.errors import ConfigError, Fault, Unavailable, error_for
from sprintia_config_client.settings import ClientSettings
from sprintia_config_client.tracing import trace_headers

_FIRST_PAUSE = 0.1
_RETRIED = frozenset({408, 429, 502, 503, 504})
_PROBLEM = "application/problem+json"
_NO_SUCH_ROUTE = "not_found"
_REQUEST_ID = "x-request-id"


class Transport:
    """One service, as one key sees it. Belongs to the event loop that it is first used in."""

    def __init__(self, settings: ClientSettings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        parts = urlsplit(settings.url)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise ValueError(f"the config service's address must be http(s)://host[:port], not {settings.url!r}")
        self._settings = settings
        self._transport = transport
        self._client: httpx.AsyncClient | None = None

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

    async def write(
        self, method: str, path: str, content: bytes | None, headers: Mapping[str, str], idempotency_key: str
    ) -> httpx.Response:
        """Write, once. Whoever wants to try again does so with the same idempotency key, which errors carry.

        Raises:
            ConfigError: any other answer than 200.
        """
        try:
            return await self._send(
                method, path, content=content, headers={**headers, "Idempotency-Key": idempotency_key}
            )
        except ConfigError as error:
            error.idempotency_key = idempotency_key
            raise

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _send(
        self, method: str, path: str, *, headers: Mapping[str, str], params: Mapping[str, Any] | None = None,
        content: bytes | None = None, wait: float = 0.0,
    ) -> httpx.Response:  # fmt: skip
        client = self._client or self._open()
        timeout = httpx.Timeout(self._settings.timeout + wait, connect=self._settings.connect_timeout)
        given = None if params is None else {name: value for name, value in params.items() if value is not None}
        try:
            response = await client.request(
                method, path, params=given, content=content, headers={**trace_headers(), **headers}, timeout=timeout
            )
        except httpx.TransportError as error:
            raise Unavailable(
                f"{self._settings.url} did not answer ({type(error).__name__}): {error}", unreachable=True
            ) from error
        except httpx.DecodingError as error:
            raise Unavailable(
                f"{self._settings.url} sent what cannot be unpacked: {error}", unreachable=False
            ) from error
        if response.status_code in {200, 304}:
            return response
        raise _error_of(response)

    def _open(self) -> httpx.AsyncClient:
        key = self._settings.api_key
        self._client = httpx.AsyncClient(
            base_url=self._settings.url,
            headers={"X-API-Key": key.reveal()} if key else {},
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=50, keepalive_expiry=30.0),
            transport=self._transport,
            follow_redirects=False,  # the key must reach nobody else
        )
        return self._client

    def _pause(self, attempt: int, error: Unavailable) -> float | None:
        """How long to wait before the next attempt; None when there is no point in one."""
        if error.status is not None and error.status not in _RETRIED:
            return None
        longest = self._settings.longest_pause
        if error.retry_after is not None:
            # A little more than asked, so that those who were refused together do not come back together.
            pause = error.retry_after * random.uniform(1.0, 1.25)  # noqa: S311 - spreads load, guards nothing
            return pause if error.retry_after <= longest else None
        return random.uniform(0.0, min(longest, _FIRST_PAUSE * 2.0**attempt * 2.0))  # noqa: S311 - the same


class _Problem(msgspec.Struct):
    """RFC 9457, with the platform's members."""

    type: str = ""
    detail: str = ""
    request_id: str | None = None
    errors: list[Fault] = []
    current_version: int | None = None


def _error_of(response: httpx.Response) -> ConfigError:
    status = response.status_code
    request_id = response.headers.get(_REQUEST_ID)
    retry_after = _seconds(response.headers.get("retry-after"))
    if response.headers.get("content-type", "").partition(";")[0].strip() == _PROBLEM:
        try:
            problem = msgspec.json.decode(response.content, type=_Problem)
        except msgspec.DecodeError:
            problem = _Problem(detail=f"HTTP {status}, with a body that is no problem report")
        code = problem.type.rpartition(":")[2]
        if code != _NO_SUCH_ROUTE:
            return error_for(
                status, problem.detail, code=code, request_id=problem.request_id or request_id, faults=problem.errors,
                current_version=problem.current_version, retry_after=retry_after,
            )  # fmt: skip
    elif status in _RETRIED | {500}:
        return error_for(status, f"HTTP {status}", request_id=request_id, retry_after=retry_after)
    # A proxy without a route says 404 too, and so does a platform without the config plugin: that must not be taken for
    # "there is no such document".
    return Unavailable(
        f"HTTP {status} did not come from the config service: check its address, {response.request.url.host}, and what "
        "stands in front of it",
        unreachable=False, status=status, request_id=request_id,
    )  # fmt: skip


def unreadable(response: httpx.Response, error: Exception) -> Unavailable:
    """A 200 that holds something else than it should."""
    return Unavailable(
        f"the answer of {response.request.url.path} is not what a config service says ({type(error).__name__}): check "
        "the address, and whether this client is too old",
        unreachable=False, status=response.status_code, request_id=response.headers.get(_REQUEST_ID),
    )  # fmt: skip


def _seconds(retry_after: str | None) -> float | None:
    """Read `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3)."""
    if retry_after is None:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return None
