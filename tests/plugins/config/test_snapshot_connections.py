"""Answers from memory are given by the connection itself: whatever a client does with one, HTTP holds."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from typing import NamedTuple

import httpx
import pytest
from sprintia_testing.platforms import RunningPlatform, wait_until
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from sprintia_config.parts import Parts

Run = Callable[..., RunningPlatform]
PATH, SLOW = "/configs/t1/retail/config", "/configs/t1/retail/config/history"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Connection:
    """A socket on which requests are written as they are, and answers read by their length."""

    def __init__(self, platform: RunningPlatform) -> None:
        url = httpx.URL(platform.url)
        self.socket = socket.create_connection((url.host, url.port or 80), timeout=20)
        self.key = platform.environ["API_KEY"]
        self._read = self.socket.makefile("rb")

    def send(self, path: str = PATH, *lines: str, version: str = "1.1", body: bytes = b"") -> None:
        self.socket.sendall(self.request(path, *lines, version=version) + body)

    def request(self, path: str = PATH, *lines: str, version: str = "1.1") -> bytes:
        head = [f"GET {path} HTTP/{version}", "Host: test", f"X-API-Key: {self.key}", *lines, "", ""]
        return "\r\n".join(head).encode()

    def receive(self) -> Answer:
        status = int(self._read.readline().split()[1])
        headers = {}
        while (line := self._read.readline().decode("latin-1").strip()) != "":
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        return Answer(status, headers, self._read.read(int(headers.get("content-length", "0"))))

    def close(self) -> None:
        self._read.close()
        self.socket.close()

    @property
    def is_closed(self) -> bool:
        self.socket.settimeout(3)  # less than what an idle connection is kept for
        return self._read.read(1) == b""


def hold(platform: RunningPlatform, text: str = "x") -> bytes:
    """Have the document in memory; returns its answer."""
    assert platform.client.put(PATH, json={"text": text}).status_code == 200
    snapshots = Parts.of(platform.host).snapshots
    assert snapshots is not None
    wait_until(lambda: platform.client.get(PATH).status_code == 200 and (PATH, b"") in snapshots._ready)
    return platform.client.get(PATH).content


@pytest.fixture
def connection(platform: RunningPlatform) -> Iterator[Connection]:
    made = Connection(platform)
    yield made
    made.close()


def test_a_pipeline_is_answered_in_order(platform: RunningPlatform, connection: Connection) -> None:
    body = hold(platform)
    paths = [(PATH, SLOW, PATH, PATH, "/nowhere")[number % 5] for number in range(1_500)]
    connection.socket.sendall(b"".join(connection.request(path) for path in paths))
    for path in paths:
        answer = connection.receive()
        assert answer.status == (404 if path == "/nowhere" else 200)
        assert (answer.body == body) is (path == PATH)
    assert "sprintia_http_requests_in_flight 1.0" in platform.client.get("/metrics").text  # the one that asks


@pytest.mark.parametrize(("lines", "version"), [(["Connection: close"], "1.1"), ([], "1.0")])
def test_a_connection_ends_when_the_client_says_so(
    platform: RunningPlatform, connection: Connection, lines: list[str], version: str
) -> None:
    body = hold(platform)
    connection.send(PATH, *lines, version=version)
    answer = connection.receive()
    assert (answer.status, answer.body, answer.headers["connection"]) == (200, body, "close")
    assert connection.is_closed


def test_a_body_that_comes_with_a_get_is_read_over(platform: RunningPlatform, connection: Connection) -> None:
    body = hold(platform)
    for lines, sent in (
        (["Content-Length: 5"], b"hello"), (["Transfer-Encoding: chunked"], b"3\r\nabc\r\n0\r\n\r\n"),
        (["Content-Length: 5", "Expect: 100-continue"], b"hello"), ([], b""),
    ):  # fmt: skip
        connection.send(PATH, *lines, body=sent)
        assert connection.receive()[::2] == (200, body)


def test_a_slow_reader_gets_all_in_the_end(platform: RunningPlatform, connection: Connection) -> None:
    body = hold(platform, "y" * 200_000)
    requests = 60
    connection.socket.sendall(b"".join(connection.request() for _ in range(requests)))
    other = Connection(platform)
    other.send()
    assert other.receive().body == body  # it is not held up by the one that does not read
    other.close()
    for _ in range(requests):
        assert connection.receive().body == body


def test_a_process_that_is_to_end_closes(platform: RunningPlatform, connection: Connection) -> None:
    body = hold(platform)
    platform.host.draining = True
    connection.send()
    answer = connection.receive()
    assert (answer.status, answer.body, answer.headers["connection"]) == (200, body, "close")
    assert connection.is_closed


def test_an_idle_connection_is_kept(platform: RunningPlatform, connection: Connection) -> None:
    body = hold(platform)
    for _ in range(3):
        connection.send()
        answer = connection.receive()
        assert answer.body == body
        assert "connection" not in answer.headers
        assert "date" in answer.headers


def test_trusted_proxies_tell_scheme_and_address(run_platform: Run) -> None:
    """As behind Traefik: HSTS over https, and keys that are bound to the networks of the callers."""
    platform = run_platform(SPRINTIA_KEY_CACHE_SECONDS="60")
    body = hold(platform)
    # The server of tests takes no proxy's word; what `sprintia serve` is configured with stands in front here.
    platform._server.config.loaded_app = ProxyHeadersMiddleware(platform.app, trusted_hosts="127.0.0.1")
    key = platform.key("config:read", networks=["203.0.113.0/24"])
    for address, expected in (("203.0.113.9", 200), ("198.51.100.1", 403)):
        headers = {"X-Forwarded-For": address, "X-Forwarded-Proto": "https"}
        client = platform.as_key(key, **headers)
        for _ in range(3):
            answer = client.get(PATH)
            assert answer.status_code == expected
            assert "strict-transport-security" in answer.headers
            assert (answer.content == body) is (expected == 200)
    assert "strict-transport-security" not in platform.client.get(PATH).headers


def test_another_server_gives_the_same_over_asgi(run_platform: Run) -> None:
    platform = run_platform()
    hold(platform)
    plain = platform.client.get(PATH)
    platform.client.get(PATH)

    async def read() -> httpx.Response:
        transport = httpx.ASGITransport(platform.app)
        async with httpx.AsyncClient(transport=transport, base_url=platform.url) as client:
            return await client.get(PATH, headers={"X-API-Key": platform.environ["API_KEY"]})

    # In an event loop that has no connection to the database: it could come from nowhere but memory.
    answer = asyncio.run(read())
    differ = {"date", "x-request-id", "traceparent"}
    assert answer.content == plain.content
    assert {n: v for n, v in answer.headers.items() if n not in differ} == {
        n: v for n, v in plain.headers.items() if n not in differ
    }
