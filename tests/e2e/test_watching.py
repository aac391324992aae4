"""The browser tests' own eyes: each kind of fault on a page is seen, and a page without fault passes."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest
from sprintia_testing.accessibility import check_accessible
from sprintia_testing.browser import PHONE, Pages, Watch
from sprintia_testing.crawling import crawl, forms_in
from sprintia_testing.keyboard import press, tab_to, type_into
from sprintia_testing.platforms import RunningPlatform, free_port

POLICY = (
    "default-src 'none'; script-src 'self'; img-src 'self' data: http://127.0.0.1:9; connect-src 'self'; "
    "form-action 'self'"
)
HEAD = (
    '<!doctype html><html lang="en"><head><title>Page</title><link rel="icon" href="data:,">'
    '<meta name="viewport" content="width=device-width"></head><body><main><h1>Page</h1>'
)
PAGES = {
    "/good": f"{HEAD}<p>Nothing is wrong here.</p></main>",
    "/style": f"{HEAD}<p style='color: red'>red</p></main>",
    "/script": f"{HEAD}<script>document.title = 'changed'</script></main>",
    "/handler": f"{HEAD}<button onclick='x()'>b</button></main>",
    "/outside": f"{HEAD}<img alt='' src='http://127.0.0.1:9/pixel.png'></main>",
    "/refused": f"{HEAD}<img alt='' src='https://elsewhere.example/pixel.png'></main>",
    "/throws": f"{HEAD}<script src='throws.js'></script></main>",
    "/throws.js": "undefined_name.call()",
    "/broken": f"{HEAD}<img alt='' src='missing.png'></main>",
    "/inaccessible": f"{HEAD}<img src='good'><input type='text'></main>",
    "/form": f"{HEAD}<a href='good'>One</a> <form action='done'><label>Name <input name='n' value='old'></label>"
    "<select name='s'><option value='a'>A<option value='b' selected>B</select><textarea name='t'>two\nlines</textarea>"
    "<input type='checkbox' name='c'><button>Send</button></form><a href='nowhere'>Two</a>"
    "<a href='http://elsewhere.example/'>Three</a></main>",
    "/done": f"{HEAD}<p>Done.</p></main>",
}


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, *arguments: Any, pages: Mapping[str, str]) -> None:
        self.pages = pages
        super().__init__(*arguments)

    def do_GET(self) -> None:
        page = self.pages.get(self.path.partition("?")[0])
        body = (page or "not here").encode()
        self.send_response(200 if page else 404)
        self.send_header("Content-Type", "text/javascript" if self.path.endswith(".js") else "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        return


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, pages=PAGES)) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_a_good_page_passes(pages: Pages, site: str, javascript: bool) -> None:
    page = pages(address=site, javascript=javascript, language="en", theme="dark", width=PHONE)
    page.goto("/good")
    assert page.get_by_role("heading", name="Page").is_visible()
    assert page.evaluate("[navigator.language, innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]") == [
        "en", PHONE, True,
    ]  # fmt: skip
    assert page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone") == "America/Sao_Paulo"
    if javascript:
        check_accessible(page)
    else:
        with pytest.raises(AssertionError, match="axe needs"):
            check_accessible(page)


@pytest.mark.parametrize(
    ("path", "javascript", "fault"),
    [
        ("/style", True, "Content-Security-Policy: style-src-attr refused inline"),
        ("/script", True, "Content-Security-Policy: script-src-elem refused inline"),
        ("/handler", True, "Content-Security-Policy: script-src-attr refused inline"),
        ("/refused", True, "Content-Security-Policy: img-src refused"),
        ("/outside", True, "left the origin: GET http://127.0.0.1:9/pixel.png"),
        ("/throws", True, "script error: undefined_name is not defined"),
        ("/broken", True, "status of 404"),
        ("/nowhere", True, "status of 404"),
        ("/style", False, "violates the following Content Security Policy"),
        ("/outside", False, "left the origin: GET http://127.0.0.1:9/pixel.png"),
        ("/broken", False, "status of 404"),
    ],
)
def test_a_fault_is_seen(pages: Pages, watch: Watch, site: str, path: str, javascript: bool, fault: str) -> None:
    pages(address=site, javascript=javascript).goto(path)
    pages.close()
    with pytest.raises(AssertionError) as told:
        watch.assert_clean()
    assert fault in str(told.value)
    watch.expect(".")


def test_a_server_that_hangs_up_is_seen(pages: Pages, watch: Watch) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    page = pages(address=address)
    with pytest.raises(Exception, match="ERR_CONNECTION_REFUSED"):
        page.goto("/")
    watch.expect(f"request failed: GET {address}/: net::ERR_CONNECTION_REFUSED")


def test_what_was_expected_must_happen(pages: Pages, watch: Watch, site: str) -> None:
    pages(address=site).goto("/good")
    watch.expect("status of 418")
    with pytest.raises(AssertionError, match="did not happen"):
        watch.assert_clean()
    watch.faults.append("status of 418")


def test_axe_tells_the_rule_the_element_and_the_cure(pages: Pages, watch: Watch, site: str) -> None:
    watch.expect("")  # the picture is a page
    watch.faults.append("")
    page = pages(address=site)
    page.goto("/inaccessible")
    with pytest.raises(AssertionError) as told:
        check_accessible(page)
    for part in ("image-alt (critical)", "label (critical)", '<input type="text">', "mend: "):
        assert part in str(told.value)


def test_a_form_is_filled_by_keyboard_alone(pages: Pages, site: str) -> None:
    page = pages(address=site)
    page.goto("/form")
    type_into(page, "Name", "Ana")
    press(page, "Send")
    page.wait_for_url("**/done?n=Ana&s=b&**")
    page.go_back()
    with pytest.raises(AssertionError, match=r"does not reach 'Four'; it passes \['One', 'Name'"):
        tab_to(page, "Four")


def test_a_crawl_meets_every_page_once(site: str) -> None:
    with httpx.Client(base_url=site) as client:
        met = crawl(client, "/form")
        few = crawl(client, "/form", most=1)
    assert met.statuses == {"/form": 200, "/good": 200, "/nowhere": 404}
    assert met.bad() == ["404 /nowhere, linked from /form"]
    assert list(met.outside) == ["http://elsewhere.example/"]
    assert met.forms == {("get", "done"): "/form"}
    assert (few.statuses, few.left) == ({"/form": 200}, 2)


def test_a_form_is_read_as_it_would_be_sent() -> None:
    (form,) = forms_in(PAGES["/form"])
    assert form.fields == {"n": "old", "s": "b", "t": "two\nlines"}


def test_databases_and_keys_are_made_beside_an_open_browser(
    pages: Pages, site: str, run_platform: Callable[..., RunningPlatform]
) -> None:
    pages(address=site).goto("/good")  # from here on a loop runs in this thread
    platform = run_platform()
    assert platform.as_key(platform.key("config:read")).get("/configs/account_1").json() == []
