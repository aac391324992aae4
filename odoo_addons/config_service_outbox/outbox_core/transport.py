"""HTTP that ends in time, whoever answers: no redirects, no cookies, no more bytes and no more seconds than asked for.

`requests` limits each single wait, not their sum: a server that sends one byte every nine seconds holds its caller for
hours. Its session follows `Location` far enough to read the body of a redirect without a limit, keeps cookies, and
takes passwords from `~/.netrc`. So one prepared request goes to the adapter, and a watch cuts its connection.
"""
# pylint: disable=missing-return
# For Odoo's own methods that would matter; these of other libraries return nothing.

import os
import socket
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from requests import Request
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_CHUNK = 65_536


class Received(NamedTuple):
    """An answer.

    Attributes:
        status: of HTTP.
        headers: found in any letters.
        body: decoded; None when it is too long, or in a coding that was not asked for.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes | None


class Transport:
    """Connections to one host. Not for several threads at once.

    Args:
        timeout: seconds to connect, and of each wait for bytes.
        total: seconds that a whole exchange may take.
        through_proxies: whether the proxies of the environment count.
    """

    def __init__(self, timeout: tuple[float, float], total: float, *, through_proxies: bool) -> None:
        self._timeout, self._total, self._through_proxies = timeout, total, through_proxies
        self._watch = _Watch()
        self._adapter = _WatchedAdapter(self._watch)

    def post(self, url: str, headers: Mapping[str, str], body: bytes, longest: int) -> Received:
        """Send one request.

        Args:
            url: whole.
            headers: all but Host and Content-Length.
            body: what is sent.
            longest: bytes of an answer that are read at most, packed as well as unpacked.

        Raises:
            requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError: it could not be done.
            TimeoutError: it took too long as a whole.
        """
        prepared = Request("POST", url, headers={"Accept-Encoding": "identity", **headers}, data=body).prepare()
        proxies = get_environ_proxies(url) if self._through_proxies else {}
        with self._watch.limited(self._total):
            answer = self._adapter.send(
                prepared, stream=True, timeout=self._timeout, verify=_authorities(), proxies=proxies
            )
            try:
                packed = _limited(answer.raw, longest)
                return Received(answer.status_code, answer.headers, _unpacked(packed, answer.headers, longest))
            finally:
                answer.close()

    def close(self) -> None:
        """End the connections."""
        self._adapter.close()


def _authorities() -> str | bool:
    """Name the file of trusted authorities, where a company has its own; certificates are checked in any case."""
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True


def _limited(raw: Any, longest: int) -> bytes | None:
    found = bytearray()
    while chunk := raw.read(_CHUNK, decode_content=False):
        found += chunk
        if len(found) > longest:
            return None
    return bytes(found)


def _unpacked(packed: bytes | None, headers: Mapping[str, str], longest: int) -> bytes | None:
    """Undo gzip, for proxies that pack what was asked for plain; and never more of it than is read."""
    coding = (headers.get("Content-Encoding") or "identity").strip().lower()
    if packed is None or coding == "identity":
        return packed
    if coding not in ("gzip", "x-gzip", "deflate"):
        return None
    try:
        unpacked = zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(packed, longest + 1)
    except zlib.error:
        return None
    return unpacked if len(unpacked) <= longest else None


class _Watch:
    """Cuts the connection in use when the time for an exchange is over, in whatever step it is."""

    def __init__(self) -> None:
        self._connection: Any = None
        self._held: Any = None
        self._done = threading.Event()
        self._cut = False

    def follow(self, connection: Any) -> None:
        self._connection = connection

    def hold(self, connection: Any) -> None:
        """Remember the socket itself: a connection lets go of it when an answer has no length, and reads on."""
        self._held = connection.sock

    @contextmanager
    def limited(self, seconds: float) -> Iterator[None]:
        self._done, self._cut = threading.Event(), False
        thread = threading.Thread(target=self._wait, args=(seconds,), daemon=True, name="config-service-watch")
        thread.start()
        try:
            yield
        except Exception as error:
            if self._cut:
                raise TimeoutError from error
            raise
        finally:
            self._done.set()
            thread.join()
            self._connection = self._held = None
        if self._cut:  # a connection that is cut may look like an answer without a length that ended well
            raise TimeoutError

    def _wait(self, seconds: float) -> None:
        # Again and again, for there may be no socket yet: a name is resolved, or the second of two addresses tried.
        pause = seconds
        while not self._done.wait(pause):
            self._cut, pause = True, 0.2
            self._shut()

    def _shut(self) -> None:
        held = self._held or getattr(self._connection, "sock", None)
        # TLS within the TLS of a proxy is no socket, and has one.
        found = held if isinstance(held, socket.socket) else getattr(held, "socket", None)
        with suppress(OSError, TypeError):
            # The plain socket's own method: the one of TLS changes what the reading thread works with.
            socket.socket.shutdown(found, socket.SHUT_RDWR)  # type: ignore[arg-type]


class _WatchedAdapter(HTTPAdapter):
    """An adapter that tells the watch of each connection that it uses."""

    def __init__(self, watch: _Watch) -> None:
        self._pools = {
            "http": _watched(HTTPConnectionPool, watch),
            "https": _watched(HTTPSConnectionPool, watch),
        }
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        super().init_poolmanager(*arguments, **named)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **named)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = self._pools
        return manager


def _watched(pool: Any, watch: _Watch) -> Any:
    class Connection(pool.ConnectionCls):  # type: ignore[misc]
        def connect(self) -> None:
            watch.follow(self)
            super().connect()

        def request(self, *arguments: Any, **named: Any) -> None:
            watch.follow(self)
            super().request(*arguments, **named)
            watch.hold(self)

    return type(f"Watched{pool.__name__}", (pool,), {"ConnectionCls": Connection})
