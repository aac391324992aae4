"""Getting in and out: from a one-time link to a session that has ended, and what must not work."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect
from sprintia_testing import keyboard
from sprintia_testing.accessibility import check_accessible
from sprintia_testing.arrangements import PASSWORD, TOGETHER, Arrangement, arranged
from sprintia_testing.browser import DESKTOP, PHONE, Pages, Watch
from sprintia_testing.crawling import Form, forms_in
from sprintia_testing.databases import TestDatabases

from sprintia_viewer.web import links
from sprintia_viewer.web.languages import catalogue

SIGN_IN, HOME = links.sign_in(), links.home()
COOKIE = "sprintia"
WRONG = "cinco-cavalos-no-quintal"


class Mouse:
    """A person who points and types."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def type(self, field: str, text: str) -> None:
        self.page.get_by_label(field).first.fill(text)

    def push(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).click()

    def unfold(self, name: str) -> None:
        self.page.locator("summary", has_text=name).click()


class Keyboard:
    """A person who has no mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def type(self, field: str, text: str) -> None:
        keyboard.type_into(self.page, field, text)

    def push(self, button: str) -> None:
        keyboard.press(self.page, button)

    def unfold(self, name: str) -> None:
        keyboard.press(self.page, name)


# --- getting in and out


@pytest.mark.parametrize("language", ["pt-BR", "en"])
@pytest.mark.parametrize(
    ("person", "javascript"), [(Mouse, True), (Keyboard, True), (Mouse, False), (Keyboard, False)],
    ids=["mouse", "keyboard", "mouse-no-script", "keyboard-no-script"],
)  # fmt: skip
def test_from_the_link_to_the_end_of_the_session(
    arrangement: Arrangement, pages: Pages, language: str, person: Callable[[Page], Any], javascript: bool
) -> None:
    said = catalogue(language).gettext
    name, link = arrangement.invitation()
    page = pages(language=language, javascript=javascript)
    ana = person(page)

    page.goto(link)
    assert page.locator("html").get_attribute("lang") == language
    ana.type(said("Password"), PASSWORD)
    ana.type(said("The password once more"), PASSWORD)
    ana.push(said("Save and sign in"))
    page.wait_for_url(f"**{HOME}")

    ana.unfold(f"{said('Your menu:')} {name}")
    ana.push(said("Sign out"))
    page.wait_for_url(f"**{SIGN_IN}?signed_out=true")

    ana.type(said("User name"), name)
    ana.type(said("Password"), PASSWORD)
    ana.push(said("Sign in"))
    page.wait_for_url(f"**{HOME}")
    assert page.locator("html").get_attribute("lang") == language


def test_the_first_admin_is_made_by_the_link_of_the_first_start(
    databases: TestDatabases, tmp_path: Path, pages: Pages, watch: Watch
) -> None:
    with arranged("together", databases, tmp_path) as fresh:
        link = re.search(r"http://\S+", " ".join(fresh.viewer.first_steps()))
        assert link is not None
        said = catalogue("en").gettext
        page = pages(address=fresh.viewer_url, language="en")
        page.goto(link.group())
        check_accessible(page)
        person = Mouse(page)
        person.type(said("User name"), "Ana@Exemplo.com.br")
        person.type(said("Your name"), "Ana Lima")
        person.type(said("Password"), "curta")
        person.type(said("The password once more"), "curta")
        page.evaluate("document.querySelectorAll('input').forEach((input) => input.removeAttribute('minlength'))")
        with page.expect_response(lambda answer: answer.request.method == "POST") as refused:
            person.push(said("Save and sign in"))
        assert refused.value.status == 422
        expect(page.get_by_role("alert")).to_be_visible()
        person.type(said("Password"), PASSWORD)
        person.type(said("The password once more"), PASSWORD)
        person.push(said("Save and sign in"))
        page.wait_for_url(f"**{HOME}")
        expect(page.locator("summary", has_text="Ana Lima")).to_be_visible()
        assert fresh.viewer.first_steps() == []
        pages.close()
    watch.expect("status of 422")


def test_a_link_works_once_and_looking_does_not_use_it(arrangement: Arrangement, pages: Pages, watch: Watch) -> None:
    _, link = arrangement.invitation()
    stranger = arrangement.stranger()
    assert [stranger.get(link).status_code for _ in range(2)] == [200, 200]
    (form,) = _forms(stranger, link)
    given = form.fields | {"password": PASSWORD, "again": PASSWORD}
    assert stranger.post(link, data=given).status_code == 303
    assert stranger.post(link, data=given).status_code == 410
    page = pages(language="en")
    page.goto(link)
    expect(page.get_by_role("heading", name=catalogue("en").gettext("This link no longer works"))).to_be_visible()
    check_accessible(page)
    watch.expect("status of 410")


def test_after_signing_out_neither_the_back_button_nor_the_old_cookie_helps(
    arrangement: Arrangement, pages: Pages
) -> None:
    said = catalogue("en").gettext
    page = pages(language="en")
    arrangement.sign_in(page, arrangement.user("viewer"), language="en")
    page.goto(links.search())
    old = page.context.cookies()
    person = Mouse(page)
    person.unfold(said("Your menu:"))
    person.push(said("Sign out"))
    page.wait_for_url(f"**{SIGN_IN}?signed_out=true")
    expect(page.get_by_text(said("You have signed out."))).to_be_visible()
    assert page.context.cookies() == []
    page.go_back()
    page.wait_for_url(f"**{SIGN_IN}?next=**")
    page.context.add_cookies(old)  # type: ignore[arg-type]
    page.goto(links.search())
    page.wait_for_url(f"**{SIGN_IN}?next=**")


def test_signing_in_leads_where_the_person_wanted_to_go(arrangement: Arrangement, pages: Pages) -> None:
    said = catalogue("en").gettext
    wanted = links.search(q="loja & cia", domain="retail")
    page = pages(language="en")
    page.goto(wanted)
    page.wait_for_url(f"**{SIGN_IN}?**")
    somebody = arrangement.role("viewer")
    person = Mouse(page)
    person.type(said("User name"), somebody.name)
    person.type(said("Password"), somebody.password)
    person.push(said("Sign in"))
    page.wait_for_url(f"**{wanted}")


@TOGETHER
@pytest.mark.parametrize(("theme", "width"), [("light", DESKTOP), ("dark", PHONE)])
def test_the_form_is_accessible_refused_too(
    arrangement: Arrangement, pages: Pages, watch: Watch, theme: Any, width: int
) -> None:
    said = catalogue("pt-BR").gettext
    page = pages(theme=theme, width=width)
    page.goto(SIGN_IN)
    check_accessible(page)
    person = Mouse(page)
    person.type(said("User name"), arrangement.user().name)
    person.type(said("Password"), WRONG)
    person.push(said("Sign in"))
    expect(page.get_by_role("alert")).to_contain_text(said("User name or password are not right."))
    check_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    watch.expect("status of 401")


# --- what must not work


def _forms(client: httpx.Client, path: str) -> list[Form]:
    """The forms of a page that post."""
    return [form for form in forms_in(client.get(path).text) if form.method == "post"]


def _attempt(client: httpx.Client, name: str, password: str, **fields: str) -> httpx.Response:
    (form,) = _forms(client, SIGN_IN)
    return client.post(SIGN_IN, data=form.fields | {"name": name, "password": password} | fields)


@TOGETHER
def test_nobody_learns_who_has_an_account(arrangement: Arrangement) -> None:
    somebody = arrangement.user()
    answers = []
    for name, password in ((somebody.name, WRONG), ("ninguem@exemplo.com.br", WRONG), ("", ""), ("';--", "\u0100")):
        answer = _attempt(arrangement.stranger(), name, password)
        assert COOKIE not in answer.cookies
        assert password not in answer.text or not password
        told = re.sub(r'name="name"[^>]* value="[^"]*"', "", answer.text)
        answers.append((answer.status_code, re.sub(r"<code>[0-9a-f]{32}</code>", "", told)))
    assert answers[0][0] == 401
    assert answers == answers[:1] * len(answers)


def test_who_guesses_has_to_wait_and_others_need_not(arrangement: Arrangement, pages: Pages, watch: Watch) -> None:
    said = catalogue("en").gettext
    somebody, stranger = arrangement.user(), arrangement.stranger()
    statuses = [_attempt(stranger, somebody.name, WRONG).status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    # The clock is put on, so that the wait outlasts the slowest machine.
    later = (
        "UPDATE viewer.attempt SET free_at = free_at + interval '10 minutes' WHERE kind = 'account' AND failures >= 5"
    )
    TestDatabases.run(arrangement.viewer.database_url, later)
    refused = _attempt(stranger, somebody.name.upper(), somebody.password)
    assert (refused.status_code, int(refused.headers["Retry-After"]) > 500) == (429, True)
    page = pages(language="en")
    page.goto(SIGN_IN)
    person = Mouse(page)
    person.type(said("User name"), somebody.name)
    person.type(said("Password"), somebody.password)
    person.push(said("Sign in"))
    expect(page.get_by_role("alert")).to_contain_text(said("Too many attempts.").partition(".")[0])
    watch.expect("status of 429")
    arrangement.sign_in(pages(language="en"), arrangement.user(), language="en")


@TOGETHER
@pytest.mark.parametrize(
    "target",
    [
        "//elsewhere.example", "https://elsewhere.example/viewer/", "/\\elsewhere.example", "\\\\elsewhere.example",
        "/viewer/../../elsewhere", "/viewer//elsewhere.example", "/viewer@elsewhere.example", "javascript:alert(1)",
        "/viewer/%0d%0aLocation:%20//elsewhere.example", "/viewer/\r\nSet-Cookie: a=b", "\t//elsewhere.example",
        "/keys", "http:elsewhere.example", "/viewer/%2e%2e/%2e%2e/elsewhere", "/viewerelsewhere",
    ],
)  # fmt: skip
def test_nobody_is_led_elsewhere(arrangement: Arrangement, target: str) -> None:
    stranger, somebody = arrangement.stranger(), arrangement.role("viewer")
    shown = stranger.get(SIGN_IN, params={"next": target})
    (form,) = [form for form in forms_in(shown.text) if form.method == "post"]
    given = {"name": somebody.name, "password": somebody.password}
    for wanted in (form.fields["next"], target):
        answer = arrangement.stranger().post(SIGN_IN, data=given | {"next": wanted})
        whole = httpx.URL(arrangement.viewer_url).join(answer.headers["Location"])
        assert (answer.status_code, whole.host, whole.path.startswith("/viewer/")) == (303, "127.0.0.1", True)
        assert "elsewhere.example" not in whole.path
        assert not {".", ".."} & set(whole.path.split("/"))
    signed_in = arrangement.person(somebody).get(SIGN_IN, params={"next": target})
    assert httpx.URL(arrangement.viewer_url).join(signed_in.headers["Location"]).host == "127.0.0.1"


@TOGETHER
def test_a_session_is_new_each_time_and_hidden_from_scripts(arrangement: Arrangement) -> None:
    somebody, stranger = arrangement.role("viewer"), arrangement.stranger()
    stranger.cookies.set(COOKIE, "chosen-by-somebody-else")
    answer = _attempt(stranger, somebody.name, somebody.password)
    cookie = answer.headers["Set-Cookie"]
    assert "chosen-by-somebody-else" not in cookie
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= {part.strip() for part in cookie.split(";")}
    assert not re.search("expires|max-age|domain", cookie, re.IGNORECASE)


@contextmanager
def _site(page: str) -> Iterator[str]:
    """Another origin of this machine: for a browser it is the same site, so that it sends the cookies along."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_OnePage, body=page.encode())) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class _OnePage(BaseHTTPRequestHandler):
    def __init__(self, *arguments: Any, body: bytes) -> None:
        self.body = body
        super().__init__(*arguments)

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_arguments: Any) -> None:
        return


@TOGETHER
@pytest.mark.parametrize("path", [links.sign_out(), links.path("preferences"), SIGN_IN])
@pytest.mark.parametrize("referrer", ["origin", "no-referrer"])  # with the latter, the browser says Origin: null
def test_a_form_of_another_site_is_refused(
    arrangement: Arrangement, pages: Pages, watch: Watch, path: str, referrer: str
) -> None:
    somebody = arrangement.user("editor")
    page = pages(role=somebody)
    attack = (
        f"<!doctype html><link rel=icon href='data:,'><meta name=referrer content={referrer}>"
        f"<form method=post action='{arrangement.viewer_url}{path}'><input name=language value=en>"
        f"<input name=name value='{somebody.name}'><input name=password value='{PASSWORD}'><button>Win</button></form>"
    )
    with _site(attack) as other:
        watch.origins.add(other)
        page.goto(other)
        with page.expect_response(lambda answer: answer.request.method == "POST") as refused:
            page.get_by_role("button", name="Win").click()
    assert refused.value.status == 403
    sent = refused.value.request.all_headers()
    assert sent.get("cookie", "").startswith(f"{COOKIE}=")  # it is our refusal that holds, not the browser's
    assert sent["origin"] == ("null" if referrer == "no-referrer" else other)
    page.goto(links.search())
    assert page.url.endswith(links.search())  # still signed in
    assert page.locator("html").get_attribute("lang") == "pt-BR"
    watch.expect("status of 403")


@TOGETHER
@pytest.mark.parametrize("csrf", [None, "", "0" * 64, "of another session"])
def test_a_form_without_the_sessions_own_proof_is_refused(arrangement: Arrangement, csrf: str | None) -> None:
    person, other = (arrangement.person(arrangement.user("editor")) for _ in range(2))
    given = {} if csrf is None else {"csrf": csrf}
    if csrf == "of another session":
        given = {"csrf": next(form.fields["csrf"] for form in _forms(other, links.search()) if "csrf" in form.fields)}
    for path in (links.sign_out(), links.path("preferences")):
        assert person.post(path, data=given).status_code == 403
    assert person.get(links.search()).status_code == 200
    own = next(form.fields["csrf"] for form in _forms(person, links.search()) if "csrf" in form.fields)
    assert person.post(links.sign_out(), data={"csrf": own}).status_code == 303
    assert person.get(links.search()).status_code == 303


@TOGETHER
def test_a_link_does_not_sign_out(arrangement: Arrangement) -> None:
    person = arrangement.person("viewer")
    assert person.get(links.sign_out()).status_code in {404, 405}
    assert person.get(links.search()).status_code == 200


def test_who_is_not_signed_in_sees_no_page(arrangement: Arrangement) -> None:
    stranger = arrangement.stranger()
    for path in (HOME, links.search(q="a"), links.tenant("account_1"), links.users()):
        answer = stranger.get(path)
        assert answer.status_code in {303, 404}
        if answer.status_code == 303:
            assert answer.headers["Location"].startswith(SIGN_IN)
    twin = stranger.get(HOME, params={"format": "json"}, headers={"Accept": "*/*"})
    assert (twin.status_code, twin.json()["type"]) == (401, "urn:sprintia:problem:sign_in_needed")
