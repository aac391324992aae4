"""Hostile requests to the viewer: sessions that others planted, forms of other sites, odd bytes, and an outage."""

import json
import re
import secrets
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sprintia_testing.arrangements import PASSWORD, Arrangement, Somebody, arranged
from sprintia_testing.databases import TestDatabases
from sprintia_testing.logs import JsonLogs, json_logs
from sprintia_testing.outages import DetachableDatabase
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.shop import DOMAIN, Shop, open_shop

from sprintia_viewer.accounts.sessions import csrf_of
from sprintia_viewer.parts import Parts

__all__ = ["json_logs"]  # a fixture

DOCUMENT = f"/viewer/t/owner/{DOMAIN}/config"
COOKIE = "sprintia"
FORM = "application/x-www-form-urlencoded"


class Browser:
    """A person's session, and the forms that its pages would send."""

    def __init__(self, arrangement: Arrangement, who: Somebody, *, confirmed: bool = False) -> None:
        self.client, self._arrangement = arrangement.stranger(), arrangement
        parts = Parts.of(arrangement.viewer.host)

        async def opened() -> str | None:
            user = await parts.users.find(who.id)
            assert user is not None
            token = await parts.sessions.open(user, address="127.0.0.1", user_agent="", method="test")
            assert token is not None
            async with parts.host.database.transaction("viewer") as connection:
                return await parts.sessions.rotate_within(connection, token, confirmed=confirmed)

        self.token = arrangement.viewer.run(opened) or ""
        self.client.cookies.set(COOKIE, self.token)

    def post(self, path: str, **fields: Any) -> httpx.Response:
        return self.client.post(path, data={"csrf": csrf_of(self.token), **fields})


@pytest.fixture(scope="module")
def arrangement(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arrangement]:
    with arranged("together", databases, tmp_path_factory.mktemp("attacks")) as made:
        yield made


@pytest.fixture(scope="module")
def shop(arrangement: Arrangement) -> Shop:
    return open_shop(arrangement.config_client, "owner")


@pytest.fixture(scope="module")
def admin(arrangement: Arrangement, shop: Shop) -> Somebody:
    return arrangement.user("admin")


def raw(url: str, request: bytes) -> bytes:
    """Send bytes that no client library would."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65_536):
            answer += part
    return answer


@pytest.mark.parametrize("host", ["[", "[::1", "[::1]:x", "127.0.0.1:99999999", "127.0.0.1:-1", "[zz]"])
@pytest.mark.parametrize("path", ["/viewer", "/health/live", "/configs/owner"])
def test_a_host_that_is_none_is_a_bad_request(arrangement: Arrangement, host: str, path: str) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    assert raw(arrangement.viewer_url, head.encode()).split()[1] == b"400"


@pytest.mark.parametrize(
    "origin",
    ["http://[", "http://[::1", "null", "", "http://", "//", "https://evil.example", "evil.example",
     "HERE.evil.example", "http://evil@HERE@evil.example", "HERE, https://evil.example"],
)  # fmt: skip
def test_a_form_of_another_origin_is_refused(arrangement: Arrangement, admin: Somebody, origin: str) -> None:
    browser = Browser(arrangement, admin)
    browser.client.headers["Origin"] = origin.replace("HERE", arrangement.viewer_url)
    for path in ("/viewer/sign-in", "/viewer/sign-out"):
        refused = browser.post(path, name="a", password="b")
        assert refused.status_code == 403, refused.text
        assert "set-cookie" not in refused.headers


@pytest.mark.parametrize("site", [None, "cross-site", "same-site", "none", "same-origin, cross-site"])
def test_a_form_without_an_origin_needs_the_browsers_word(
    arrangement: Arrangement, admin: Somebody, site: str | None
) -> None:
    browser = Browser(arrangement, admin)
    del browser.client.headers["Origin"]
    headers = {"Sec-Fetch-Site": site} if site else {}
    sent = browser.client.post("/viewer/sign-out", data={"csrf": csrf_of(browser.token)}, headers=headers)
    assert sent.status_code == 403
    assert browser.client.get("/viewer/account").status_code == 200


@pytest.mark.parametrize(
    "given", [[], [""], ["0" * 64], ["another session"], ["own", "own"], ["é"], ["\ud800".encode("utf-8", "replace")]]
)
def test_a_form_needs_the_token_of_its_own_session(arrangement: Arrangement, admin: Somebody, given: list[Any]) -> None:
    browser, other = Browser(arrangement, admin), Browser(arrangement, admin)
    known = {"own": csrf_of(browser.token), "another session": csrf_of(other.token)}
    data = {"csrf": [known.get(text, text) for text in given], "theme": "dark"}
    assert browser.client.post("/viewer/preferences", data=data).status_code == 403


def test_a_session_that_was_planted_is_not_adopted(arrangement: Arrangement) -> None:
    victim, planted = arrangement.user("admin"), secrets.token_urlsafe(32)
    client = arrangement.stranger()
    client.cookies.set(COOKIE, planted)
    entered = client.post("/viewer/sign-in", data={"name": victim.name, "password": victim.password})
    assert entered.status_code == 303
    assert entered.cookies[COOKIE] != planted
    attacker = arrangement.stranger()
    attacker.cookies.set(COOKIE, planted)
    assert attacker.get("/viewer/account").status_code == 303


def test_signing_in_and_confirming_end_the_token_from_before(arrangement: Arrangement, admin: Somebody) -> None:
    before = Browser(arrangement, admin)
    for path in ("/viewer/sign-in", "/viewer/confirm"):
        browser = Browser(arrangement, admin)
        fields = {"name": admin.name} if path.endswith("sign-in") else {}
        sent = {"csrf": csrf_of(browser.token)} if path.endswith("confirm") else {}
        entered = browser.client.post(path, data={**sent, **fields, "password": PASSWORD})
        assert entered.status_code == 303, entered.text
        assert "HttpOnly" in entered.headers["set-cookie"]
        assert "SameSite=lax" in entered.headers["set-cookie"]
        old = arrangement.stranger()
        old.cookies.set(COOKIE, browser.token)
        assert old.get("/viewer/account").status_code == 303
    assert before.client.get("/viewer/account").status_code == 200


@pytest.mark.parametrize(
    ("path", "fields", "shown"),
    [
        ("/viewer/keys/new", {"name": "a", "rights": "config:read"}, r"sprk_\w+"),
        (
            "/viewer/users/new",
            {"name": "somebody-new", "role": "viewer", "display_name": "N"},
            r"/viewer/welcome/[\w-]+",
        ),
        ("/viewer/account/totp", {}, r"<svg|[A-Z2-7]{32}"),
        (f"{DOCUMENT.removesuffix('config')}credentials/secrets/SECRET", {}, r"sentinel-[\w-]+"),
    ],
)
def test_what_is_shown_once_is_never_data(
    arrangement: Arrangement, shop: Shop, path: str, fields: dict[str, str], shown: str
) -> None:
    browser = Browser(arrangement, arrangement.user("admin"), confirmed=True)
    answer = browser.post(f"{path.replace('SECRET', next(iter(shop.secrets)))}?format=json", **fields)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-store"
    assert re.search(shown, answer.text)
    assert 'type="application/json"' not in answer.text  # no link to data that would hold it


@pytest.mark.parametrize("name", ["_method", "X-HTTP-Method-Override"])
def test_no_method_stands_for_another(arrangement: Arrangement, admin: Somebody, name: str) -> None:
    browser = Browser(arrangement, admin)
    headers = {name: "POST"} if name.startswith("X-") else {}
    query = {"csrf": csrf_of(browser.token), "_method": "POST"}
    assert browser.client.get("/viewer/sign-out", params=query, headers=headers).status_code == 405
    assert browser.client.get("/viewer/account").status_code == 200


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"&a=1" * 2_001, FORM), (b"&theme=dark&theme=light", FORM), (b"&theme=%00", FORM), (b"&theme=%ff%fe", FORM),
        (b"\xff\xfe", FORM), (b"&%ff=1", FORM), (b"&_method=DELETE", FORM), (b"&theme=%ED%A0%80", FORM),
        (b'{"theme":"dark"}', "application/json"), (b"--x--", "multipart/form-data; boundary=x"), (b"", "text/plain"),
    ],
)  # fmt: skip
def test_a_form_that_cannot_be_read_is_refused(
    arrangement: Arrangement, admin: Somebody, content: bytes, kind: str
) -> None:
    browser = Browser(arrangement, admin)
    body = f"csrf={csrf_of(browser.token)}".encode() + content if kind == FORM else content
    answer = browser.client.post("/viewer/preferences", content=body, headers={"Content-Type": kind})
    assert answer.status_code in {403, 415, 422}, answer.text
    assert answer.headers["cache-control"] == "no-store"


ODD = ["%00", "%FF%FE", "%ED%A0%80", "9223372036854775808", "9" * 400, "-1", "%D9%A1", "%0d%0aX-Planted:1", "{{7*7}}",
       "%25(x)s", "", "%2e%2e%2f", "//evil.example", "WyIyMDI2LTAxLTAxIiwgIm93bmVyIiwgMV0"]  # fmt: skip
PLACES = [
    "/viewer?text={}", "/viewer?tenant_id={}", "/viewer?after={}", "/viewer/search?q={}&tenant={}",
    "/viewer/search?path={}&value={}", "/viewer/search?q=a&after={}", "/viewer/t/{}", "/viewer/t/owner/new?domain={}",
    "/viewer/t/owner/{}/config", f"{DOCUMENT}/v/{{}}", f"{DOCUMENT}/raw?version={{}}",
    f"{DOCUMENT}/history?before={{}}", f"{DOCUMENT}/blame?line={{}}", f"{DOCUMENT}/diff?from={{}}&to={{}}",
    f"{DOCUMENT}/diff/1..{{}}",
    f"{DOCUMENT}/diff/1..2?view=text&row={{}}", f"{DOCUMENT}/rollback/{{}}", f"{DOCUMENT}/secrets/{{}}",
    "/viewer/t/owner/retail/{}/edit", "/viewer/compare?left={}&right={}&type={}", "/viewer/audit?tenant={}&actor={}",
    "/viewer/audit?action={}&before={}", "/viewer/audit/{}/1", "/viewer/audit/owner/{}",
    "/viewer/keys?text={}&after={}", "/viewer/keys/{}", "/viewer/users?text={}&after={}", "/viewer/users/{}",
    "/viewer/mapping?account={}&phone={}",
    "/viewer/mapping?section=accounts&start={}", "/viewer/mapping/history?tenant={}&before={}",
    "/viewer/mapping/history/owner/{}", "/viewer/mapping/history/{}/1", "/viewer/collections?text={}&after={}&done={}",
    "/viewer/deliveries?tenant={}&outcome={}", "/viewer/deliveries?before={}", "/viewer/deliveries/owner/{}/replay",
    "/viewer/confirm?next={}", "/viewer/sign-in?next={}&language={}", "/viewer/welcome/{}", "/viewer/static/{}",
    "/viewer/oidc/callback?state={}&code={}",
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_odd_values_never_break_a_page(arrangement: Arrangement, admin: Somebody, place: str) -> None:
    browser = Browser(arrangement, admin)
    for value in ODD:
        answer = browser.client.get(place.replace("{}", value))
        assert answer.status_code < 500, f"{value}: {answer.text}"
        assert "x-planted" not in answer.headers
        target = answer.headers.get("location", "/viewer/")
        assert re.match(r"/viewer[/?]", target), f"{value} leads to {target}"
        is_page = answer.request.url.path.startswith("/viewer")  # a client resolves `..` before it asks
        assert not is_page or answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "https://evil.example/viewer/", "/viewer/../../evil",
     "/viewer//evil.example/..", "/viewer/%2e%2e/%2e%2e/x", "javascript:alert(1)", "/viewer/\r\nX-Planted: 1",
     "/viewerevil",
     " /viewer/"],
)  # fmt: skip
def test_nobody_is_led_to_another_site(arrangement: Arrangement, admin: Somebody, target: str) -> None:
    browser = Browser(arrangement, admin)
    for answer in (
        browser.client.get("/viewer/sign-in", params={"next": target}),
        browser.post("/viewer/preferences", next=target, theme="auto"),
        browser.post("/viewer/confirm", next=target, password=PASSWORD),
    ):
        assert answer.headers["location"] == "/viewer/"
        assert "x-planted" not in answer.headers


def test_a_link_and_what_was_typed_stand_in_no_log_and_lead_nowhere(
    arrangement: Arrangement, admin: Somebody, json_logs: JsonLogs
) -> None:
    _, link = arrangement.invitation()
    client, token = arrangement.stranger(), link.rpartition("/")[2]
    typed, wrong = f"typed-{secrets.token_hex(8)}", f"wrong-{secrets.token_hex(8)}"
    assert client.get(link).headers["referrer-policy"] in {"same-origin", "no-referrer"}
    client.get(f"{link}/x")
    client.delete(link)
    client.post(link, data={"name": "", "password": wrong, "again": typed})
    client.post("/viewer/sign-in", data={"name": typed, "password": wrong})  # people type passwords there
    browser = Browser(arrangement, admin, confirmed=True)
    made = browser.post("/viewer/keys/new", name="a", rights="config:read")
    (key,) = set(re.findall(r"sprk_\w+", made.text))
    assert json_logs.events("request")
    for secret in (token, typed, wrong, key, browser.token, csrf_of(browser.token)):
        assert secret not in json_logs.text
    metrics = arrangement.viewer.as_key(None).get("/metrics").text
    assert token not in metrics


def test_a_flood_of_passwords_is_turned_away_and_pages_go_on(arrangement: Arrangement, admin: Somebody) -> None:
    browser = Browser(arrangement, admin)

    def attempt(number: int) -> httpx.Response:
        return arrangement.stranger().post("/viewer/sign-in", data={"name": f"nobody-{number}", "password": "x" * 20})

    with ThreadPoolExecutor(40) as threads:
        attempts = [threads.submit(attempt, number) for number in range(40)]
        page = browser.client.get("/viewer/account")
        statuses = {each.result().status_code for each in attempts}
    assert page.status_code == 200
    assert statuses <= {401, 429, 503}
    assert statuses & {429, 503}


@pytest.mark.parametrize("what", ["edit", "rollback"])
def test_of_those_who_change_the_same_version_at_once_one_does(
    arrangement: Arrangement, admin: Somebody, shop: Shop, what: str
) -> None:
    config_type = f"raced_{what}"
    for number in (1, 2):
        assert shop.client.put(shop.path(config_type), json={"a": number}).status_code == 200
    place = f"/viewer/t/owner/{DOMAIN}/{config_type}"

    def change(number: int) -> int:
        browser = Browser(arrangement, admin)
        if what == "rollback":
            return browser.post(f"{place}/rollback/1", base=2, reason=str(number)).status_code
        return browser.post(f"{place}/edit", text=f"a: x{number}", base=2, action="save").status_code

    with ThreadPoolExecutor(6) as threads:
        statuses = list(threads.map(change, range(6)))
    versions = [item["version"] for item in shop.client.get(f"{shop.path(config_type)}/history").json()]
    assert max(versions) == 3
    assert 303 in statuses
    assert set(statuses) <= {303, 409}


@pytest.fixture
def cut_off(
    databases: TestDatabases, tmp_path: Path, run_platform: Callable[..., RunningPlatform]
) -> Iterator[tuple[Arrangement, DetachableDatabase]]:
    database = DetachableDatabase(databases, tmp_path)
    platform = run_platform(DATABASE_URL=database.url)
    try:
        yield Arrangement("together", platform, platform), database
    finally:
        platform.stop()
        database.drop()


def test_an_outage_is_told_and_nobody_is_signed_out(cut_off: tuple[Arrangement, DetachableDatabase]) -> None:
    arrangement, database = cut_off
    browser = Browser(arrangement, arrangement.user("admin"))
    database.detach()
    try:
        answers = [
            browser.client.get("/viewer"), browser.client.get("/viewer/account"), browser.client.get("/viewer/audit"),
            browser.post("/viewer/preferences", theme="dark"), browser.post("/viewer/sign-out"),
            arrangement.stranger().post("/viewer/sign-in", data={"name": "a", "password": "b"}),
            arrangement.stranger().get("/viewer/welcome/none"),
        ]  # fmt: skip
        anonymous = arrangement.stranger().get("/viewer/sign-in")
    finally:
        database.attach()
    for answer in answers:
        assert answer.status_code == 503, f"{answer.request.url}: {answer.text}"
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.headers["cache-control"] == "no-store"
        assert "set-cookie" not in answer.headers
        assert not re.search(r"Traceback|asyncpg|sqlalchemy|socket", answer.text)
    assert anonymous.status_code == 200
    assert browser.client.get("/viewer/account").status_code == 200


def test_the_data_of_every_list_is_of_ones_own_tenants(arrangement: Arrangement, shop: Shop) -> None:
    stranger = Browser(arrangement, arrangement.user("admin", tenants=["other"]))
    asked = [
        "/viewer", "/viewer?text=owner", "/viewer/search?q=owner", f"/viewer/search?value={shop.deep}",
        "/viewer/mapping", f"/viewer/mapping?account={shop.account}", "/viewer/mapping?tenant=owner",
        "/viewer/mapping/history", "/viewer/mapping/history?tenant=owner", "/viewer/collections",
        "/viewer/collections?text=owner", "/viewer/collections?format=csv", "/viewer/deliveries",
        "/viewer/deliveries?tenant=owner", "/viewer/deliveries?format=csv", "/viewer/audit",
        "/viewer/audit?tenant=owner", "/viewer/audit?tenant=-", "/viewer/audit?tenant=*",
        f"/viewer/compare?left=owner/{DOMAIN}&right=other/{DOMAIN}&type=config",
        f"/viewer/compare?left=owner/{DOMAIN}&right=owner/{DOMAIN}&type=config&view=text",
    ]  # fmt: skip
    planted = [shop.deep, shop.phone, "Loja Aurora", "user.create", "key.create", *shop.sentinels]
    for path in asked:
        for form in (path, f"{path}{'&' if '?' in path else '?'}format=json"):
            answer = stranger.client.get(form)
            if answer.headers["content-type"].startswith("application/json"):
                told = {name: value for name, value in answer.json().items() if name not in _ECHOED}
                assert "owner" not in json.dumps(told), form
            # The filter of the audit offers these to everybody; its twin has what was found alone.
            offered = ("user.create", "key.create") if form == path and path.startswith("/viewer/audit") else ()
            assert not any(text in answer.text for text in planted if text not in path and text not in offered), form


_ECHOED = {"text", "tenant", "query", "left", "right", "question", "refusal", "file", "detail", "instance", "answer"}
"""What a page says back of what was asked."""
