"""One's own account, users and keys; proof is asked for again before anything of weight."""

import re
from collections.abc import Iterator
from html import unescape

import httpx
import pytest
from pyotp.totp import TOTP
from sprintia_testing.arrangements import PASSWORD, Arrangement, arranged
from sprintia_testing.crawling import forms_in
from sprintia_testing.databases import TestDatabases
from sprintia_testing.people import confirm, send

from sprintia_viewer.web import links


@pytest.fixture(scope="module")
def arrangement(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arrangement]:
    with arranged("together", databases, tmp_path_factory.mktemp("people")) as made:
        yield made


@pytest.fixture
def admin(arrangement: Arrangement) -> httpx.Client:
    return arrangement.person(arrangement.user("admin"))


def test_a_user_is_made_by_a_link_that_is_shown_once(arrangement: Arrangement, admin: httpx.Client) -> None:
    led = admin.get(links.users("new"))
    assert led.headers["location"].startswith(links.path("confirm"))
    confirm(admin, links.users("new"))
    wrong = send(admin, links.users("new"), name="Not A Name!", role="viewer")
    assert wrong.status_code == 422
    made = send(admin, links.users("new"), name="bia@loja.com.br", role="editor", tenants="loja_a\nloja_b")
    assert made.status_code == 200, made.text
    found = re.search(r'<code id="link"[^>]*>([^<]+)</code>', made.text)
    assert found
    link = unescape(found[1])
    assert link.startswith(f"{arrangement.viewer_url}{links.welcome('')}")
    users = admin.get(links.users(), params={"text": "bia", "format": "json"}).json()["users"]
    assert [(user["name"], user["role"], sorted(user["tenants"])) for user in users] == [
        ("bia@loja.com.br", "editor", ["loja_a", "loja_b"])
    ]
    assert link not in admin.get(links.users(users[0]["id"])).text
    again = send(admin, links.users("new"), name="bia@loja.com.br", role="viewer")
    assert again.status_code == 422
    newcomer = arrangement.stranger()
    place = link.removeprefix(arrangement.viewer_url)
    chosen = "quatro-gatos-no-telhado"
    entered = send(newcomer, place, name="", password=chosen, again=chosen)
    assert entered.status_code == 303
    assert newcomer.get(links.home()).status_code == 200
    assert newcomer.get(links.users()).status_code == 403


def test_a_user_who_is_kept_out_is_out_at_once(arrangement: Arrangement, admin: httpx.Client) -> None:
    somebody = arrangement.user("editor")
    person = arrangement.person(somebody)
    place = links.users(somebody.id)
    assert send(admin, place, f"{place}/disable").headers["location"].startswith(links.path("confirm"))
    confirm(admin, place)
    assert send(admin, place, f"{place}/disable").status_code == 303
    assert person.get(links.home()).status_code == 303
    assert send(admin, place, f"{place}/enable").status_code == 303
    assert send(admin, place, role="viewer").status_code == 303
    assert send(admin, place, role="nobody").status_code == 422


@pytest.mark.parametrize("place", [links.users(), links.users("new"), links.keys(), links.keys("new"), links.users(1)])
def test_who_is_bound_to_tenants_administers_nobody(arrangement: Arrangement, place: str) -> None:
    bound = arrangement.person(arrangement.user("admin", tenants=["loja_a"]))
    assert bound.get(place).status_code == 403
    for role in ("viewer", "editor"):
        assert arrangement.person(role).get(place).status_code == 403


def test_a_key_is_made_shown_once_rotated_and_revoked(arrangement: Arrangement, admin: httpx.Client) -> None:
    confirm(admin, links.keys("new"))
    for wrong in (
        {"name": "x"}, {"name": "x", "rights": ["users:act"]},
        {"name": "x", "rights": ["config:read"], "tenants": "a/b"},
        {"name": "x", "rights": ["config:read"], "networks": "nowhere"}, {"name": "", "rights": ["config:read"]},
        {"name": "x", "rights": ["config:read"], "expires_in_days": "soon"},
    ):  # fmt: skip
        assert send(admin, links.keys("new"), **wrong).status_code == 422
    given = {"name": "<b>agent</b>", "rights": ["config:read"], "tenants": "loja_a", "expires_in_days": "90"}
    made = send(admin, links.keys("new"), **given)
    assert made.status_code == 200, made.text
    text = shown_key(made)
    assert "<b>agent" not in made.text
    assert made.headers["cache-control"] == "no-store"
    reader = arrangement.config.as_key(text)
    assert reader.get("/configs/loja_a").status_code == 200
    assert reader.get("/configs/loja_b").status_code == 404
    key = admin.get(links.keys(), params={"format": "json"}).json()["keys"][0]["key"]
    place = links.keys(key["id"])
    assert text not in admin.get(place).text
    rotated = send(admin, place, f"{place}/rotate", overlap_hours="0")
    assert rotated.status_code == 200
    assert reader.get("/configs/loja_a").status_code == 401
    renewed = arrangement.config.as_key(shown_key(rotated))
    assert renewed.get("/configs/loja_a").status_code == 200
    assert send(admin, place, f"{place}/revoke").status_code == 303
    assert renewed.get("/configs/loja_a").status_code == 401
    assert admin.get(links.keys("nothing")).status_code == 404


def shown_key(answer: httpx.Response) -> str:
    found = re.search(r'<code id="key-text"[^>]*>([^<]+)</code>', answer.text)
    assert found
    return unescape(found[1])


def test_a_second_factor_is_set_asked_for_and_removed(arrangement: Arrangement) -> None:
    somebody = arrangement.user("admin")
    person = arrangement.person(somebody)
    place = links.account("totp")
    assert send(person, links.account(), place).headers["location"].startswith(links.path("confirm"))
    confirm(person, links.account())
    page = send(person, links.account(), place)
    found = re.search(r'<code id="totp-secret">([^<]+)</code>', page.text)
    assert found
    assert "<svg" in page.text
    code = TOTP(found[1].replace(" ", "")).now()
    form = next(form for form in forms_in(page.text) if form.action == links.account("totp", "confirm"))
    done = person.post(form.action, data={**form.fields, "code": code})
    recovery = re.search(r'<pre id="recovery"><code>([^<]+)</code>', done.text)
    assert recovery
    codes = recovery[1].split("\n")
    assert len(codes) == 10
    stranger = arrangement.stranger()
    without = send(stranger, links.sign_in(), name=somebody.name, password=PASSWORD)
    assert without.status_code == 401
    assert 'name="code"' in without.text
    form = next(form for form in forms_in(without.text) if "code" in form.fields or 'name="code"' in without.text)
    entered = stranger.post(
        links.sign_in(), data={"name": somebody.name, "password": PASSWORD, "code": codes[0], "next": ""}
    )
    assert entered.status_code == 303
    assert send(person, links.account(), links.account("totp", "remove")).status_code == 303
    assert send(arrangement.stranger(), links.sign_in(), name=somebody.name, password=PASSWORD).status_code == 303


def test_a_new_password_ends_the_other_sessions(arrangement: Arrangement) -> None:
    somebody = arrangement.user("viewer")
    person = arrangement.person(somebody)
    other = arrangement.stranger()
    assert send(other, links.sign_in(), name=somebody.name, password=PASSWORD).status_code == 303
    place, chosen = links.account("password"), "cinco-patos-na-lagoa"
    for wrong in (
        {"password": "not the password", "new": chosen, "again": chosen},
        {"password": PASSWORD, "new": chosen, "again": "another one"},
        {"password": PASSWORD, "new": "short", "again": "short"},
    ):
        assert send(person, links.account(), place, **wrong).status_code == 422
    changed = send(person, links.account(), place, password=PASSWORD, new=chosen, again=chosen)
    assert changed.status_code == 303
    assert person.get(links.home()).status_code == 200
    assert other.get(links.home()).status_code == 303


def test_preferences_are_kept(arrangement: Arrangement) -> None:
    person = arrangement.person(arrangement.user("viewer"))
    place = links.account("preferences")
    form = next(form for form in forms_in(person.get(links.account()).text) if form.action == place)
    del form.fields["shortcuts"]  # a box that is not ticked is not sent
    given = {**form.fields, "language": "en", "zone": "Asia/Tokyo", "theme": "dark"}
    kept = person.post(place, data=given)
    assert kept.status_code == 303
    page = person.get(links.home())
    assert '<html lang="en" data-theme="dark">' in page.text
    assert "Asia/Tokyo" in page.text
    assert 'data-shortcuts="off"' in page.text
    assert send(person, links.account(), place, zone="Mars/Olympus").status_code == 422


def test_sessions_are_ended_one_by_one_and_all_at_once(arrangement: Arrangement) -> None:
    somebody = arrangement.user("viewer")
    person, others = arrangement.person(somebody), [arrangement.stranger() for _ in range(3)]
    for other in others:
        send(other, links.sign_in(), name=somebody.name, password=PASSWORD)
    listed = person.get(links.sessions(), params={"format": "json"}).json()
    assert len(listed["sessions"]) == 4
    ended = next(session["id"] for session in listed["sessions"] if session["id"] != listed["own"])
    assert send(person, links.sessions(), links.sessions(ended, "end")).status_code == 303
    assert sum(other.get(links.home()).status_code == 200 for other in others) == 2
    assert send(person, links.sessions(), links.sessions("end-others")).status_code == 303
    assert sum(other.get(links.home()).status_code == 200 for other in others) == 0
    assert person.get(links.home()).status_code == 200
    foreign = arrangement.person(arrangement.user("viewer"))
    theirs = foreign.get(links.sessions(), params={"format": "json"}).json()["own"]
    csrf = next(form for form in forms_in(person.get(links.sessions()).text) if form.method == "post").fields["csrf"]
    assert person.post(links.sessions(theirs, "end"), data={"csrf": csrf}).status_code == 404


def test_all_that_is_wrong_with_a_first_password_is_told_at_once(arrangement: Arrangement) -> None:
    _, link = arrangement.invitation()
    stranger = arrangement.stranger(language="en")
    (form,) = [form for form in forms_in(stranger.get(link).text) if "password" in form.fields]
    page = stranger.post(link, data=form.fields | {"password": "123456789012", "again": "else"})
    assert page.status_code == 422
    for told in ("This password is easy to guess", "The two passwords differ."):
        assert told in page.text
    assert "nothing that others guess, such as your name" in page.text, "the help says what is refused"
    assert stranger.post(link, data=form.fields | {"password": PASSWORD, "again": PASSWORD}).status_code == 303
    used = stranger.get(link).text
    assert "Go to the tenants" in used
    assert f'href="{links.sign_in()}"' not in used
    assert "Sign in" in arrangement.stranger(language="en").get(link).text


def test_who_signed_out_reads_so(arrangement: Arrangement) -> None:
    person = arrangement.person(arrangement.user("viewer"), language="en")
    answer = send(person, links.home(), links.sign_out())
    assert answer.status_code == 303
    assert "You have signed out." in person.get(answer.headers["location"]).text
    assert "You have signed out." not in arrangement.stranger(language="en").get(links.sign_in()).text
