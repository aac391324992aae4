"""The load: keep-alive HTTP/1.1 over raw sockets, each answer compared byte for byte with the one that is expected.

One process and one epoll. Each connection sends its next request when it has the whole answer to the one before. It
costs half of what the leanest server needs for a request, on a core of its own, so that the server is what is measured;
the table says how busy the server's core was.
"""

import select
import socket
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from typing import NamedTuple

CONNECTIONS = 16
_LONGEST_SILENCE = 15.0
_PIECE = 262_144
_HEAD_END = b"\r\n\r\n"


class WrongAnswer(Exception):
    """A server answered something else than it must: nothing that it does is worth timing."""


class Exchange(NamedTuple):
    """A request as it goes over the wire, and what must come back."""

    request: bytes
    status: int
    body: bytes


class Answer(NamedTuple):
    """What a server answered; header names are in lower case."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        return dict(self.headers).get(name, "")


class Burst(NamedTuple):
    """What was answered within a time."""

    requests: int
    seconds: float


def get_request(path: str, key: str, **headers: str) -> bytes:
    """Write a GET as an agent's client sends it."""
    lines = [f"GET {path} HTTP/1.1", "host: 127.0.0.1", "accept: */*", f"x-api-key: {key}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def fetch(port: int, request: bytes) -> Answer:
    """Send one request on a connection of its own, and read the whole answer."""
    with _connect(port) as connection:
        connection.sendall(request)
        data = b""
        while True:
            piece = connection.recv(_PIECE)
            data += piece
            head, end, body = data.partition(_HEAD_END)
            if not piece:
                raise WrongAnswer(f"the connection was closed after {len(data)} bytes of an answer")
            if end and len(body) >= _content_length(head):
                return _answer(head, body)


def check(port: int, exchanges: Sequence[Exchange], who: str) -> None:
    """Compare each answer with the expected one, byte for byte.

    Raises:
        WrongAnswer: naming the first byte that differs.
    """
    for exchange in exchanges:
        answer = fetch(port, exchange.request)
        target = exchange.request.split(b" ", 2)[1].decode()
        if answer.status != exchange.status:
            raise WrongAnswer(
                f"{who} answers {target} with {answer.status}, not {exchange.status}: {answer.body[:300]!r}"
            )
        if answer.body != exchange.body:
            place = _first_difference(answer.body, exchange.body)
            raise WrongAnswer(
                f"{who} answers {target} otherwise than expected from byte {place} on: "
                f"{answer.body[place : place + 40]!r}, not {exchange.body[place : place + 40]!r}"
            )


def drive(port: int, exchanges: Sequence[Exchange], seconds: float, connections: int = CONNECTIONS) -> Burst:
    """Send as fast as answers come, for so many seconds, and wait for the last answers.

    Raises:
        WrongAnswer: an answer is not the expected one, or none comes.
    """
    senders = [
        _Sender(_connect(port), exchanges, place * len(exchanges) // connections) for place in range(connections)
    ]
    try:
        return _drive(senders, seconds)
    finally:
        for sender in senders:
            sender.socket.close()


def _drive(senders: list["_Sender"], seconds: float) -> Burst:
    by_descriptor = {sender.socket.fileno(): sender for sender in senders}
    waiting = len(senders)
    answered = 0
    with select.epoll() as poller:
        for descriptor in by_descriptor:
            poller.register(descriptor, select.EPOLLIN)
        started = time.perf_counter()
        deadline = started + seconds
        for sender in senders:
            sender.send()
        while waiting:
            events = poller.poll(_LONGEST_SILENCE)
            if not events:
                raise WrongAnswer(f"no whole answer within {_LONGEST_SILENCE:g} s, or one shorter than expected")
            for descriptor, _ in events:
                sender = by_descriptor[descriptor]
                if sender.receive():
                    answered += 1
                    if time.perf_counter() < deadline:
                        sender.send()
                    else:
                        waiting -= 1
        return Burst(answered, time.perf_counter() - started)


class _Sender:
    """One connection, with the answer that it is receiving."""

    __slots__ = ("_exchanges", "_expected", "_received", "_status", "socket")

    def __init__(self, connection: socket.socket, exchanges: Sequence[Exchange], first: int) -> None:
        self.socket = connection
        self._exchanges: Iterator[Exchange] = islice(cycle(exchanges), first, None)
        self._expected, self._received, self._status = b"", b"", b""

    def send(self) -> None:
        request, status, self._expected = next(self._exchanges)
        self._status = b"HTTP/1.1 %d " % status
        self.socket.sendall(request)  # some hundred bytes: they always fit

    def receive(self) -> bool:
        """Take what came; tells whether the answer is whole."""
        data = self.socket.recv(_PIECE)
        if not data:
            raise WrongAnswer("the server closed a connection in the middle of an answer")
        if self._received:
            data = self._received + data
        head = data.find(_HEAD_END)
        missing = head + len(_HEAD_END) + len(self._expected) - len(data)
        if head < 0 or missing > 0:
            self._received = data
            return False
        if missing < 0 or not data.startswith(self._status) or not data.endswith(self._expected):
            raise WrongAnswer(f"an answer under load is not the expected one: {data[:400]!r}")
        self._received = b""
        return True


def _connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=_LONGEST_SILENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _answer(head: bytes, body: bytes) -> Answer:
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    return Answer(int(status.split(" ", 2)[1]), headers, body)


def _first_difference(one: bytes, other: bytes) -> int:
    same = (place for place, (left, right) in enumerate(zip(one, other, strict=False)) if left != right)
    return next(same, min(len(one), len(other)))
