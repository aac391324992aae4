"""The client against servers that do what no good server does, and against none."""

import gzip
import json
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from outbox_core.addresses import AddressError
from outbox_core.answers import Answer, Outcome
from outbox_core.client import Client, ClientSettingError
from outbox_core.signing import SecretError
from sprintia_testing.odd_servers import OddServer, answer
from sprintia_testing.platforms import free_port

KEY, SECRET = "not-a-real-key-0123456789", "whsec_bm90LWEtcmVhbC1zZWNyZXQ="
BODY = b'{"account_id":"a","event_type":"credentials_sync","odoo_password":"not-a-real-password","token":"t"}'
TAKEN = json.dumps(
    {"success": True, "message": "ok", "tenant_id": "a", "domain": "default", "config_version": 1}
).encode()
JSON = {"Content_Type": "application/json"}
Start = Callable[..., OddServer]


@contextmanager
def client_of(url: str, *, total: float = 20.0, wait: float = 10.0) -> Iterator[Client]:
    client = Client(url, KEY, SECRET, timeout=(3.0, wait), total=total)
    try:
        yield client
    finally:
        client.close()


def delivered(url: str, *, total: float = 20.0, wait: float = 10.0, language: str = "en") -> Answer:
    with client_of(url, total=total, wait=wait) as client:
        found = client.deliver("e-1", 1, BODY, language)
    for secret in (KEY, SECRET, "not-a-real-password"):
        assert secret not in repr(found)
    return found


# --- what is sent


def test_what_is_sent(odd_server: Start) -> None:
    server = odd_server(answer("200 OK", TAKEN, **JSON))
    with client_of(f"{server.url}/tools/config/") as client:
        assert client.deliver("e-1", 7, BODY, "pt_BR").outcome is Outcome.sent
        assert client.deliver("e-2", 8, BODY, "").outcome is Outcome.sent
    first, second = server.requests
    assert first.line == "POST /tools/config/odoo-webhook/ HTTP/1.1"
    assert first.body == BODY
    expected = {
        "x-api-key": KEY, "content-type": "application/json", "webhook-id": "e-1", "webhook-sequence": "7",
        "accept-language": "pt-BR, en;q=0.5", "user-agent": "sprintia-odoo/2.0", "accept-encoding": "identity",
    }  # fmt: skip
    assert {name: first.headers[name] for name in expected} == expected
    assert abs(int(first.headers["webhook-timestamp"]) - time.time()) < 10
    assert first.headers["webhook-signature"].startswith("v1,")
    assert second.headers["accept-language"] == "en"
    assert server.connections == 1


@pytest.mark.parametrize("language", ["en\r\nX-Evil: 1", "çã", "*", "a" * 200, "pt;q=1, *"])
def test_no_language_adds_a_header(odd_server: Start, language: str) -> None:
    server = odd_server(answer("200 OK", TAKEN))
    delivered(server.url, language=language)
    assert server.requests[0].headers["accept-language"] == "en"
    assert "x-evil" not in server.requests[0].headers


@pytest.mark.parametrize("key", ["", " ", "a b", "a\nb", "ção", "a\0b", "k" * 513])
def test_a_key_that_is_none_makes_no_client(key: str) -> None:
    with pytest.raises(ClientSettingError) as caught:
        Client("https://example.com", key)
    assert not key.strip() or key not in str(caught.value)


def test_settings_are_checked_before_anything_is_sent() -> None:
    with pytest.raises(AddressError):
        Client("http://config.example.com", KEY)
    with pytest.raises(SecretError):
        Client("https://config.example.com", KEY, "whsec_")


def test_it_shows_neither_key_nor_secret() -> None:
    with client_of("https://config.example.com/x") as client:
        shown = f"{client!r} {client} {client._transport!r}"
    assert KEY not in shown
    assert SECRET not in shown
    assert "https://config.example.com/x" in shown


def test_no_cookie_is_kept_and_no_password_of_the_machine_is_sent(
    odd_server: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login ana password not-a-real-password\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server = odd_server(answer("200 OK", TAKEN, Set_Cookie="session=1; Path=/"))
    with client_of(server.url) as client:
        client.deliver("e-1", 1, BODY)
        client.deliver("e-2", 2, BODY)
    assert len(server.requests) == 2
    assert not [heard for heard in server.requests if {"cookie", "authorization"} & heard.headers.keys()]


def test_proxies_of_the_environment_are_not_for_this_machine(
    odd_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, server = odd_server(answer("200 OK", TAKEN)), odd_server(answer("200 OK", TAKEN))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://user:not-a-real-password@127.0.0.1:{proxy.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert delivered(server.url).outcome is Outcome.sent
    assert not proxy.requests


def test_other_hosts_are_reached_through_the_proxy(odd_server: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = odd_server(answer("407 Proxy Authentication Required"))
    monkeypatch.setenv("https_proxy", f"http://user:not-a-real-password@127.0.0.1:{proxy.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    found = delivered("https://config.example.com")
    assert (found.outcome, found.code) == (Outcome.retry_host, "proxy")
    assert proxy.requests[0].line == "CONNECT config.example.com:443 HTTP/1.0" or proxy.requests[0].line.startswith(
        "CONNECT config.example.com:443 "
    )
    assert KEY not in json.dumps(proxy.requests[0].headers)


# --- nobody there, or nobody who answers in time


def test_nobody_listens() -> None:
    found = delivered(f"http://127.0.0.1:{free_port()}")
    assert (found.outcome, found.status, found.code) == (Outcome.retry_host, 0, "refused")
    assert "down" in found.reason


def test_a_name_that_nobody_knows() -> None:
    found = delivered("https://config.invalid")
    assert (found.outcome, found.code) == (Outcome.retry_host, "name")


def test_a_server_that_never_answers(odd_server: Start) -> None:
    server = odd_server(lambda server, _connection: server.stopping.wait(30))
    found = delivered(server.url, wait=0.3)
    assert (found.outcome, found.code) == (Outcome.retry_host, "timeout")


def drip(head: bytes, piece: bytes) -> Callable[[OddServer, socket.socket], None]:
    """Send something every tenth of a second: no single wait is long, and the whole has no end."""

    def behave(server: OddServer, connection: socket.socket) -> None:
        connection.sendall(head)
        while not server.stopping.wait(0.1):
            connection.sendall(piece)

    return behave


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 O", b"K"), (b"HTTP/1.1 200 OK\r\nX-A: ", b"a"), (b"HTTP/1.1 100 Continue\r\n\r\n", b"H"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", b" "), (b"HTTP/1.1 200 OK\r\n\r\n" + TAKEN, b" "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", b" "), (b"HTTP/1.1 422 X\r\nContent-Length: 900\r\n\r\n", b" "),
    ],
)  # fmt: skip
def test_a_server_that_drips_is_left_in_time(odd_server: Start, head: bytes, piece: bytes) -> None:
    server = odd_server(drip(head, piece))
    began = time.monotonic()
    found = delivered(server.url, total=0.8, wait=5.0)
    assert (found.outcome, found.code) == (Outcome.retry_host, "timeout")
    assert time.monotonic() - began < 4


def test_after_a_timeout_the_next_delivery_goes_through(odd_server: Start) -> None:
    server = odd_server(drip(b"HTTP/1.1 200 OK\r\n", b"X"))
    with client_of(server.url, total=0.5) as client:
        assert client.deliver("e-1", 1, BODY).code == "timeout"
        server.reply = answer("200 OK", TAKEN)
        assert client.deliver("e-1", 1, BODY).outcome is Outcome.sent
    assert [heard.headers["webhook-id"] for heard in server.requests] == ["e-1", "e-1"]


# --- garbage


@pytest.mark.parametrize(
    "reply",
    [
        b"", b"\r\n\r\n", b"\0" * 1000, b"SSH-2.0-OpenSSH_9.9\r\n", b"HTTP/1.1\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n" + TAKEN[:-1],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 2000,
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", b"<html>400</html>",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n" + TAKEN,
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + TAKEN,
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", b"HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n",
    ],
)  # fmt: skip
def test_garbage_is_never_taken_for_an_answer(odd_server: Start, reply: bytes) -> None:
    def once(_server: OddServer, connection: socket.socket) -> None:
        connection.sendall(reply)

    found = delivered(odd_server(once).url, wait=2.0)
    assert found.outcome is Outcome.retry_host
    assert found.reason


@pytest.mark.parametrize("language", ["en", "pt_BR"])
def test_a_portal_that_says_yes_to_everything(odd_server: Start, language: str) -> None:
    server = odd_server(answer("200 OK", b"<html>Welcome</html>", Content_Type="text/html"))
    found = delivered(server.url, language=language)
    assert (found.outcome, found.status, found.code) == (Outcome.retry_host, 200, "foreign")
    assert ("outra coisa" in found.reason) is (language == "pt_BR")


def test_a_server_that_repeats_what_it_was_sent_does_not_make_a_reason_of_it(odd_server: Start) -> None:
    def echo(server: OddServer, connection: socket.socket) -> None:
        heard = server.requests[-1]
        detail = f"unexpected: {heard.body.decode()} with {heard.headers['x-api-key']}"
        body = json.dumps({"detail": detail, "errors": [{"message": heard.body.decode(), "pointer": "/x"}]}).encode()
        connection.sendall(answer("400 Bad Request", body))

    found = delivered(odd_server(echo).url)
    assert (found.outcome, found.status) == (Outcome.dead, 400)
    assert "•••" in found.reason


def test_a_proxy_that_asks_to_wait(odd_server: Start) -> None:
    found = delivered(odd_server(answer("429 Too Many Requests", b"slow down", Retry_After="17")).url)
    assert (found.outcome, found.status, found.retry_after) == (Outcome.retry_host, 429, 17.0)
    assert "slow down" not in found.reason


# --- redirects


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_redirects_are_not_followed(odd_server: Start, status: str) -> None:
    elsewhere = odd_server(answer("200 OK", TAKEN))
    server = odd_server(answer(status, Location=f"{elsewhere.url}/odoo-webhook/"))
    found = delivered(server.url)
    assert found.outcome is (Outcome.paused if status[:3] in ("301", "308") else Outcome.retry_host)
    assert not elsewhere.requests
    assert len(server.requests) == 1


# --- too much


def test_an_answer_without_an_end_is_not_read_to_its_end(odd_server: Start) -> None:
    sent = 0

    def pour(server: OddServer, connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not server.stopping.is_set():
            connection.sendall(b" " * 65_536)
            sent += 65_536

    found = delivered(odd_server(pour).url)
    assert (found.outcome, found.code) == (Outcome.retry_host, "foreign")
    assert sent < 32 * 1024 * 1024


@pytest.mark.parametrize("status", ["200 OK", "422 X", "302 Found"])
def test_a_packed_answer_is_not_unpacked_without_an_end(
    odd_server: Start, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tracemalloc

    bomb = gzip.compress(b" " * 200_000_000, 1)
    assert len(bomb) < 1_000_000
    server = odd_server(answer(status, bomb, Content_Encoding="gzip", Location="/x"))
    tracemalloc.start()
    try:
        found = delivered(server.url)
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.outcome is (Outcome.dead if status[0] == "4" else Outcome.retry_host)
    assert most < 20_000_000


def test_a_packed_answer_of_a_proxy_is_read(odd_server: Start) -> None:
    server = odd_server(answer("200 OK", gzip.compress(TAKEN), Content_Encoding="gzip"))
    assert delivered(server.url).outcome is Outcome.sent


# --- certificates


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate that nobody vouches for, for 127.0.0.1."""
    file = tmp_path_factory.mktemp("certificate") / "server.pem"
    key = file.with_suffix(".key")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(file)],
        check=True, capture_output=True,
    )  # fmt: skip
    return file


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    return context


def test_a_certificate_that_nobody_vouches_for_is_refused(odd_server: Start, tls: ssl.SSLContext) -> None:
    server = odd_server(answer("200 OK", TAKEN), tls=tls)
    found = delivered(server.url)
    assert (found.outcome, found.status, found.code) == (Outcome.retry_host, 0, "tls")
    assert "self-signed certificate" in found.reason
    assert not server.requests


def test_authorities_of_the_company_are_heard(
    odd_server: Start, tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    server = odd_server(answer("200 OK", TAKEN), tls=tls)
    assert delivered(server.url).outcome is Outcome.sent
    # The certificate is of the address, and of no name.
    assert delivered(server.url.replace("127.0.0.1", "localhost")).code == "tls"


def test_a_certificate_file_that_is_missing_sends_nothing(
    odd_server: Start, tls: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    server = odd_server(answer("200 OK", TAKEN), tls=tls)
    assert delivered(server.url).outcome is Outcome.retry_host
    assert not server.requests


def test_a_server_that_drips_over_tls_is_left_in_time(
    odd_server: Start, tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    server = odd_server(drip(b"HTTP/1.1 200 OK\r\nX-A: ", b"a"), tls=tls)
    began = time.monotonic()
    assert delivered(server.url, total=0.8, wait=5.0).code == "timeout"
    assert time.monotonic() - began < 4


def test_tls_where_nobody_speaks_it(odd_server: Start) -> None:
    server = odd_server(answer("200 OK", TAKEN))
    found = delivered(server.url.replace("http:", "https:"), wait=1.0)
    assert found.outcome is Outcome.retry_host


# --- comparison and test of the connection


@pytest.mark.parametrize(
    "told",
    [
        b"{}", b"[]", b'{"stale": [], "missing": [], "unknown": []}', b"<html>",
        b'{"revision": 1, "stale": {}, "missing": [], "unknown": []}',
        b'{"revision": 1, "stale": [1], "missing": [], "unknown": []}',
        b'{"revision": 1, "stale": [{"domain": 1, "config_type": "c", "version": 1}], "missing": [], "unknown": []}',
        b'{"revision": 1, "stale": [], "missing": [], "unknown": [], "streams": [{"stream": "x", "sequence": "1"}]}',
    ],
)  # fmt: skip
def test_a_comparison_that_is_none_is_told(odd_server: Start, told: bytes) -> None:
    with client_of(odd_server(answer("200 OK", told)).url) as client:
        found = client.reconcile("account_1", [])
    assert found.reconciliation is None
    assert found.answer.outcome is Outcome.retry_host
    assert found.reason


def test_a_tenant_s_name_stays_one_step_of_the_path(odd_server: Start) -> None:
    server = odd_server(answer("404 Not Found"))
    with client_of(server.url) as client:
        client.reconcile("../admin?x=1#y", [{"domain": "d", "config_type": "c", "version": None, "more": "x"}])
    assert server.requests[0].line == "POST /configs/..%2Fadmin%3Fx%3D1%23y/reconcile HTTP/1.1"
    assert json.loads(server.requests[0].body) == {"documents": [{"domain": "d", "config_type": "c"}]}


@pytest.mark.parametrize(
    "reply", [answer("200 OK", b"<html>"), answer("404 Not Found", b"404 page not found"), answer("302 Found"),
              answer("502 Bad Gateway"), answer("500 X", b"{}")],
)  # fmt: skip
def test_a_probe_of_something_else(odd_server: Start, reply: bytes) -> None:
    with client_of(odd_server(reply).url) as client:
        found = client.probe("account_1")
    assert (found.reachable, found.key_accepted, found.rights) == (False, False, {})
    assert found.reason


def test_a_probe_of_nobody() -> None:
    with client_of(f"http://127.0.0.1:{free_port()}") as client:
        found = client.probe("account_1", "pt_BR")
    assert (found.reachable, found.clock_skew) == (False, None)
    assert "Nada responde" in found.reason


@pytest.mark.parametrize("header", ["", "junk", "Mon, 99 Nov 2026 02:00:00 GMT", "9" * 400])
def test_a_clock_that_cannot_be_read(odd_server: Start, header: str) -> None:
    with client_of(odd_server(answer("401 Unauthorized", b'{"detail": "no"}', Date=header)).url) as client:
        assert client.probe("account_1").clock_skew is None


def test_a_clock_that_goes_wrong(odd_server: Start) -> None:
    ahead = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 600))
    with client_of(odd_server(answer("401 Unauthorized", b'{"detail": "no"}', Date=ahead)).url) as client:
        found = client.probe("account_1")
    assert found.clock_skew == pytest.approx(600, abs=5)
    assert (found.reachable, found.key_accepted, found.reason) == (True, False, "no")
