"""Servers that do what no good server does: on real sockets, one answer for all requests."""

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

Behaviour = Callable[["OddServer", socket.socket], None]


class Heard(NamedTuple):
    """A request, as its bytes came."""

    line: str
    headers: dict[str, str]
    body: bytes


def answer(status: str, body: bytes = b"", **headers: str) -> bytes:
    """Write an answer; `Retry_After="7"` becomes a header."""
    given = {"Content-Length": str(len(body)), **{name.replace("_", "-"): text for name, text in headers.items()}}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {text}" for name, text in given.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class OddServer:
    """Answers every request alike.

    Args:
        reply: what is sent, or what is done with the connection after a request was read.
        tls: for a server with a certificate.

    Attributes:
        requests: what came.
        connections: how many were accepted.
        stopping: set when the test ends; behaviours that wait, wait for it.
    """

    def __init__(self, reply: bytes | Behaviour, *, tls: ssl.SSLContext | None = None) -> None:
        self.reply, self._tls = reply, tls
        self.requests: list[Heard] = []
        self.connections = 0
        self.stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, raw: socket.socket) -> None:
        with suppress(OSError), raw:
            connection = self._tls.wrap_socket(raw, server_side=True) if self._tls else raw
            with connection:
                while (heard := self._read(connection)) and not self.stopping.is_set():
                    self.requests.append(heard)
                    if callable(self.reply):
                        self.reply(self, connection)
                        return
                    connection.sendall(self.reply)

    def _read(self, connection: socket.socket) -> Heard | None:
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65_536)
            if not more:
                return None
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        line, *rest = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): text for name, _, text in (one.partition(": ") for one in rest)}
        while len(body) < int(headers.get("content-length", "0")):
            body += connection.recv(65_536)
        return Heard(line, headers, body)

    def stop(self) -> None:
        """End the server and its connections, and wait for the end."""
        self.stopping.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
