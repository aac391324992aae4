"""What a plugin with pages gets from the host: a home behind `/`, its own page for every error, its own guards."""

import socket
from collections.abc import Callable, Iterator

import httpx
import pytest
from sprintia_testing import pages_plugin
from sprintia_testing.databases import TestDatabases
from sprintia_testing.logs import JsonLogs, json_logs
from sprintia_testing.pages_plugin import CSP
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.probe_plugin import MARK
from sprintia_testing.shared import shared_platform

from sprintia_platform.http.acceptance import prefers_html

FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
SIGNED_IN = {"Cookie": "session=open"}
__all__ = ["json_logs"]  # a fixture


@pytest.fixture(scope="module")
def pages(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    arguments = {"entry_points": pages_plugin.points()}
    settings = {"SPRINTIA_MAX_BODY_BYTES": "4096", "SPRINTIA_REQUEST_TIMEOUT": "1"}
    with shared_platform(databases, tmp_path_factory.mktemp("p"), host_arguments=arguments, **settings) as platform:
        yield platform


@pytest.fixture(scope="module")
def browser(pages: RunningPlatform) -> httpx.Client:
    pages.browser.cookies.set("session", "open")
    return pages.browser


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (FIREFOX, True), (CHROMIUM, True), ("text/html", True), ("TEXT/HTML;charset=utf-8", True), ("text/*", True),
        ("text/html;q=0.9, application/json;q=0.8", True), ("*/*;q=0.1, text/html;q=0.2", True),
        (None, False), ("", False), ("*/*", False), ("application/json", False), ("text/html, application/json", False),
        ("text/html;q=0.5, application/json", False), ("text/html;q=0.5, */*", False),
        ("application/problem+json, text/html;q=0.9", False), ("text/html;q=0", False), ("text/html;q=2", False),
        ("text/html;q=nan", False), (",;,;q=,", False), ("*/*," * 1000 + "text/html", False),
        ("text/html;q=\u0661", False),
    ],
)  # fmt: skip
def test_pages_are_for_those_who_ask_for_html_rather_than_json(accept: str | None, wanted: bool) -> None:
    assert prefers_html(accept) is wanted


def test_a_browser_that_asks_for_the_root_is_led_to_the_home(pages: RunningPlatform, browser: httpx.Client) -> None:
    led = browser.get("/")
    assert (led.status_code, led.headers["location"], led.headers["vary"]) == (303, "/pages", "Accept")
    assert browser.get(led.headers["location"]).text == "<h1>home</h1>"
    for accept in ("*/*", "application/json"):
        answer = pages.as_key(None, Accept=accept).get("/")
        assert (answer.status_code, answer.json()["docs"]) == (200, "/schema")


@pytest.mark.parametrize(
    ("target", "location"),
    [
        (b"/?tenant_id=loja_1", b"/pages?tenant_id=loja_1"),
        (b"/?a=1&tenant_id=", b"/pages?a=1&tenant_id="),
        (b"/?tenant_id=%C3%A9+b%26c", b"/pages?tenant_id=%C3%A9+b%26c"),
        (b'/?tenant_id="><script>', b"/pages?tenant_id=%22%3E%3Cscript%3E"),
        (b"/?tenant_id=a%0d%0aSet-Cookie:%20x=y", b"/pages?tenant_id=a%0d%0aSet-Cookie:%20x=y"),
        (b"/?tenant_id=a\\b#//evil.example", b"/pages?tenant_id=a%5Cb"),
        (b"/?tenant_id=@evil.example//", b"/pages?tenant_id=@evil.example//"),
        (b"/?//evil.example&tenant_id=1", b"/pages?//evil.example&tenant_id=1"),
    ],
)
def test_the_replaced_viewer_s_addresses_lead_to_the_home_whoever_asks(
    pages: RunningPlatform, target: bytes, location: bytes
) -> None:
    head = exchange(pages, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 303 ")
    lines = head.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert [line.partition(b": ")[2] for line in lines if line.lower().startswith(b"location:")] == [location]
    assert not any(line.lower().startswith(b"set-cookie") for line in lines)


def exchange(platform: RunningPlatform, request: bytes) -> bytes:
    """Send bytes as they are, and return all that comes back."""
    port = httpx.URL(platform.url).port
    assert port
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
    return received


def test_without_a_home_everybody_gets_the_json(run_with: Callable[..., RunningPlatform]) -> None:
    answer = run_with([]).as_key(None, Accept=FIREFOX).get("/?tenant_id=1")
    assert (answer.status_code, answer.json()["docs"]) == (200, "/schema")


@pytest.mark.parametrize(
    ("method", "path", "status", "says"),
    [
        ("GET", "/pages/nowhere", 404, "Não há nada em /pages/nowhere"),
        ("GET", "/pages/nowhere/<script>", 404, "Não há nada em"),
        ("DELETE", "/pages", 405, "Veja os métodos aceitos no cabeçalho Allow"),
        ("GET", "/pages/fail/value", 500, "Ocorreu um erro inesperado"),
        ("GET", "/pages/fail/57P01", 503, "O banco de dados não respondeu"),
        ("GET", "/pages/%00", 400, "A requisição não pôde ser lida"),
        ("GET", "/pages/" + "a" * 9000, 414, "8192 bytes"),
    ],
)
def test_errors_below_the_prefixes_are_pages_for_browsers(
    pages: RunningPlatform, browser: httpx.Client, method: str, path: str, status: int, says: str
) -> None:
    page = browser.request(method, path)
    assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert page.text.startswith("pt-BR\n")
    assert says in page.text
    assert page.headers["x-request-id"] in page.text
    assert page.headers["content-security-policy"] == CSP, "the page's own"
    assert page.headers["x-frame-options"] == "DENY"
    assert (page.headers["cache-control"], page.headers["content-language"]) == ("no-store", "pt-BR")
    assert "Accept" in page.headers["vary"]
    assert MARK not in page.text
    program = pages.as_key(None, Accept="application/json", **SIGNED_IN).request(method, path)
    assert (program.status_code, program.headers["content-type"]) == (status, "application/problem+json")
    for header in ("allow", "retry-after"):
        assert page.headers.get(header) == program.headers.get(header)


def test_a_page_has_the_faults_and_the_language_of_its_reader(pages: RunningPlatform) -> None:
    page = pages.as_key(None, Accept=CHROMIUM, **{"Accept-Language": "en-GB,en;q=0.9"}).get("/pages")
    assert (page.status_code, page.headers["content-language"]) == (403, "en")
    assert "Sign in to see <this page>." in page.text
    assert "cookie: the cookie is missing" in page.text
    own = pages.as_key(None, Accept=CHROMIUM).get("/pages/page-in-english")
    assert (own.status_code, own.headers["content-language"]) == (404, "en")
    assert "There is nothing at /pages/page-in-english." in own.text


def test_bodies_that_the_request_layer_refuses_are_pages_too(pages: RunningPlatform, browser: httpx.Client) -> None:
    large = browser.post("/pages/form", content=b"a" * 5000)
    assert (large.status_code, large.text.startswith("pt-BR\n")) == (413, True)
    head = b"POST /pages/form HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nCookie: session=open\r\nContent-Length: 9"
    slow = exchange(pages, head + b"\r\n\r\na")
    assert slow.startswith(b"HTTP/1.1 408 ")
    assert b"content-type: text/html; charset=utf-8" in slow
    assert "não chegou em".encode() in slow


@pytest.mark.parametrize("name", ["page-raises", "page-of-text", "page-of-two-headers"])
def test_a_page_that_cannot_be_made_is_problem_json_and_logged(
    pages: RunningPlatform, browser: httpx.Client, json_logs: JsonLogs, name: str
) -> None:
    answer = browser.get(f"/pages/{name}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert "x-two" not in answer.headers
    (logged,) = json_logs.events("error_page_failed")
    assert (logged["plugin"], logged["error_type"]) == ("pages", {"page-of-text": "TypeError"}.get(name, "ValueError"))
    assert MARK not in json_logs.text


def test_elsewhere_and_where_the_plugin_makes_none_it_is_problem_json(browser: httpx.Client) -> None:
    for path in ("/pages/no-page", "/nowhere", "/pagesque", "/keys"):
        answer = browser.get(path)
        assert answer.headers["content-type"] == "application/problem+json", path


def test_a_plugin_out_of_service_still_shows_its_page(pages: RunningPlatform, browser: httpx.Client) -> None:
    pages.host.mark_unavailable("pages", "a test")
    try:
        page = browser.get("/pages")
    finally:
        pages.host.contributions["pages"].unavailable = None
    assert (page.status_code, page.headers["retry-after"]) == (503, "60")
    assert "O plugin pages não iniciou" in page.text


def test_a_plugin_s_own_guard_is_a_policy_and_gives_api_key_no_right(pages: RunningPlatform) -> None:
    assert pages.as_key(None, **SIGNED_IN).get("/pages").text == "<h1>home</h1>"
    assert pages.client.get("/pages").status_code == 403, "a key is no session"
    assert "pages:look" not in pages.host.keys.bootstrap_rights
    assert "admin" in pages.host.keys.bootstrap_rights, "what requires(...) names"
