"""Signing in and confirming at an OpenID Connect provider, on the pages that a browser sees."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sprintia_testing.arrangements import PASSWORD, Arrangement, arranged
from sprintia_testing.crawling import forms_in, links_in
from sprintia_testing.databases import TestDatabases
from sprintia_testing.oidc_provider import CLIENT_ID, CLIENT_SECRET, OidcProvider

from sprintia_viewer.web import links

CALLBACK = "/viewer/oidc/callback"


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcProvider]:
    with OidcProvider.start() as started:
        yield started


@pytest.fixture(scope="module")
def arrangement(
    databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory, provider: OidcProvider
) -> Iterator[Arrangement]:
    # Where people are sent back to matters to the provider alone: the tests bring the query to this process.
    settings = {
        "PUBLIC_URL": "http://127.0.0.1:1", "OIDC_ISSUER": provider.issuer, "OIDC_CLIENT_ID": CLIENT_ID,
        "OIDC_CLIENT_SECRET": CLIENT_SECRET, "OIDC_NAME": "Padaria ID", "OIDC_ADMINS": "admins",
        "OIDC_EDITORS": "editors",
    }  # fmt: skip
    environ = {f"SPRINTIA_VIEWER_{name}": value for name, value in settings.items()}
    with arranged("together", databases, tmp_path_factory.mktemp("oidc"), **environ) as made:
        yield made


@pytest.fixture(autouse=True)
def honest(provider: OidcProvider) -> None:
    provider.lies, provider.answers, provider.sign = {}, {}, "honest"
    provider.person = {"sub": "1", "preferred_username": "ana", "name": "Ana <b>Prado</b>", "groups": ["admins"]}


def start(person: httpx.Client, page: str) -> httpx.Response:
    """Push the provider's button on a page."""
    form = next(form for form in forms_in(person.get(page).text) if form.action == links.oidc_start())
    return person.post(form.action, data=form.fields)


def come_back(person: httpx.Client, provider: OidcProvider, started: httpx.Response) -> httpx.Response:
    assert started.status_code == 303, started.text
    return person.get(CALLBACK, params=provider.visit(started.headers["location"]))


@pytest.fixture
def ana(arrangement: Arrangement, provider: OidcProvider) -> httpx.Client:
    """Signed in at the provider, an admin."""
    person = arrangement.stranger(language="en")
    assert come_back(person, provider, start(person, links.sign_in())).status_code == 303
    return person


def refusal(answer: httpx.Response) -> str:
    return answer.text.partition('role="alert"')[2].partition("</div>")[0]


def test_the_button_leads_there_and_back_to_the_page_that_was_asked_for(
    arrangement: Arrangement, provider: OidcProvider
) -> None:
    person = arrangement.stranger(language="en")
    wanted = links.search(q="olá mundo")
    led = person.get(wanted)
    page = person.get(led.headers["location"])
    assert "Sign in with Padaria ID" in page.text
    # Browsers hold the redirect of a form against form-action, too.
    assert f"form-action 'self' {provider.issuer}" in page.headers["content-security-policy"]
    started = start(person, led.headers["location"])
    assert urlsplit(started.headers["location"]).netloc == urlsplit(provider.issuer).netloc
    cookie = started.headers["set-cookie"].lower()
    assert all(part in cookie for part in ("sprintia-oidc=", "httponly", "samesite=lax", "max-age=600", "path=/"))
    back = come_back(person, provider, started)
    assert (back.status_code, back.headers["location"]) == (303, wanted)
    assert 'sprintia-oidc=""' in back.headers["set-cookie"].replace("sprintia-oidc=;", 'sprintia-oidc="";')
    home = person.get(links.home())
    assert home.status_code == 200
    assert "<b>Prado</b>" not in home.text


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/viewer/../keys", "/other"])
def test_nobody_is_led_elsewhere_afterwards(arrangement: Arrangement, provider: OidcProvider, target: str) -> None:
    person = arrangement.stranger()
    started = person.post(links.oidc_start(), data={"next": target})
    assert come_back(person, provider, started).headers["location"] == links.home()


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"state": "another"}, 403, "begun elsewhere"),
        ({"state": ""}, 403, "begun elsewhere"),
        ({"code": "", "error": "access_denied"}, 403, "did not let you in"),
        ({"code": "made up"}, 503, "did not answer as it should"),
        ({"code": "x" * 5000}, 403, "did not let you in"),
    ],
)
def test_what_comes_back_wrong_is_told_on_a_page(
    arrangement: Arrangement, provider: OidcProvider, change: dict[str, str], status: int, said: str
) -> None:
    person = arrangement.stranger(language="en")
    query = provider.visit(start(person, links.sign_in()).headers["location"]) | change
    answer = person.get(CALLBACK, params=query)
    assert answer.status_code == status
    assert said in refusal(answer)
    assert links.oidc_start() in {form.action for form in forms_in(answer.text)}
    assert person.get(links.home()).status_code == 303
    # It is over: the right answer comes too late.
    assert person.get(CALLBACK, params=query).status_code in {403, 503}


def test_what_another_browser_began_is_not_taken(arrangement: Arrangement, provider: OidcProvider) -> None:
    attacker, victim = arrangement.stranger(), arrangement.stranger()
    query = provider.visit(start(attacker, links.sign_in()).headers["location"])
    start(victim, links.sign_in())
    assert victim.get(CALLBACK, params=query).status_code == 403
    assert victim.get(links.home()).status_code == 303


def test_who_has_no_role_and_a_provider_that_is_down_are_told(arrangement: Arrangement, provider: OidcProvider) -> None:
    person = arrangement.stranger(language="en")
    provider.person |= {"sub": "2", "groups": ["others"]}
    answer = come_back(person, provider, start(person, links.sign_in()))
    assert answer.status_code == 403
    assert "no role here" in refusal(answer)
    provider.answers["/token"] = (500, {}, b"<script>alert(1)</script>")
    answer = come_back(person, provider, start(person, links.sign_in()))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "alert(1)" not in answer.text


def test_a_form_of_another_site_begins_nothing(arrangement: Arrangement) -> None:
    person = arrangement.stranger()
    answer = person.post(links.oidc_start(), data={"next": ""}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert person.get(links.oidc_start()).status_code == 405


def test_who_signed_in_there_confirms_there(ana: httpx.Client, provider: OidcProvider) -> None:
    led = ana.get(links.keys("new"))
    assert led.headers["location"] == links.confirm(next=links.keys("new"))
    page = ana.get(led.headers["location"])
    assert "Confirm with Padaria ID" in page.text
    assert 'type="password"' not in page.text
    assert f"form-action 'self' {provider.issuer}" in page.headers["content-security-policy"]
    session = ana.get(links.sessions(), params={"format": "json"}).json()["own"]
    cookie = ana.cookies["sprintia"]
    started = start(ana, led.headers["location"])
    asked = parse_qs(urlsplit(started.headers["location"]).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])
    back = come_back(ana, provider, started)
    assert back.headers["location"] == links.keys("new")
    assert ana.get(links.keys("new")).status_code == 200
    assert ana.get(links.sessions(), params={"format": "json"}).json()["own"] == session
    assert ana.cookies["sprintia"] != cookie


def test_a_confirmation_by_somebody_else_or_by_an_old_sign_in_counts_for_nothing(
    ana: httpx.Client, provider: OidcProvider
) -> None:
    place = links.confirm(next=links.keys("new"))
    for lies, said in (({"sub": "3"}, "somebody else"), ({"auth_time": 1}, "ask for your password again")):
        provider.lies = lies
        answer = come_back(ana, provider, start(ana, place))
        assert answer.status_code == 403
        assert said in refusal(answer)
        assert "Confirm with Padaria ID" in answer.text
        assert ana.get(links.keys("new")).status_code == 303
        assert ana.get(links.home()).status_code == 200


def test_a_confirmation_needs_the_form_of_the_session(
    arrangement: Arrangement, ana: httpx.Client, provider: OidcProvider
) -> None:
    assert ana.post(links.oidc_start(), data={"next": links.keys("new"), "csrf": "0" * 64}).status_code == 403
    # Without that, it is a sign-in like any other: a new session, which is not confirmed, and the old one ends.
    session, cookie = ana.get(links.sessions(), params={"format": "json"}).json()["own"], ana.cookies["sprintia"]
    back = come_back(ana, provider, ana.post(links.oidc_start(), data={"next": links.keys("new")}))
    assert back.status_code == 303
    listed = ana.get(links.sessions(), params={"format": "json"}).json()
    assert session not in {each["id"] for each in listed["sessions"]}
    assert ana.get(links.keys("new")).status_code == 303
    stranger = arrangement.stranger()
    stranger.cookies.set("sprintia", cookie)
    assert stranger.get(links.home()).status_code == 303


def test_an_account_of_the_provider_has_no_password_and_no_second_factor_here(
    arrangement: Arrangement, ana: httpx.Client
) -> None:
    page = ana.get(links.account())
    assert "Padaria ID" in page.text
    actions = {form.action for form in forms_in(page.text)}
    assert actions.isdisjoint({links.account("password"), links.account("totp")})
    csrf = next(form.fields["csrf"] for form in forms_in(page.text) if "csrf" in form.fields)
    assert ana.post(links.account("totp"), data={"csrf": csrf}).status_code == 404
    # Nor is there another way in by a link, which the provider would not know of.
    admin = arrangement.person(arrangement.user("admin"), language="en")
    listed = admin.get(links.users(), params={"text": "ana", "format": "json"}).json()["users"]
    place = links.users(next(user["id"] for user in listed if user["from_oidc"]))
    shown = admin.get(place)
    assert "signs in at Padaria ID" in shown.text
    assert f"{place}/link" not in {form.action for form in forms_in(shown.text)}


def test_a_secret_is_shown_after_confirming_there(ana: httpx.Client) -> None:
    place = links.secret("loja_a", "retail", "hours", "token")
    assert ana.get(place).headers["location"] == links.confirm(next=place)


def test_a_person_with_a_password_goes_on_with_it(arrangement: Arrangement) -> None:
    person = arrangement.person(arrangement.user("admin"))
    page = person.get(links.confirm(next=links.keys("new")))
    assert 'type="password"' in page.text
    assert links.oidc_start() not in page.text + " ".join(links_in(page.text))
    form = next(form for form in forms_in(page.text) if form.action == links.confirm())
    assert person.post(form.action, data={**form.fields, "password": PASSWORD}).status_code == 303
