"""One's own account: the password, the second factor, and the proof of being there."""

import re
from collections.abc import Iterator

import httpx
import pytest
from pyotp import totp
from sprintia_testing.arrangements import PASSWORD, Arrangement, Somebody, arranged
from sprintia_testing.databases import TestDatabases
from sprintia_testing.people import actions_on, confirm, form_on, leads_to_confirm, send, sql, told

from sprintia_viewer.web import links
from sprintia_viewer.web.browsers import browser_of

TOTP = links.account("totp")
GUESSED = "senha-senha-senha"
CHOSEN = "sete-vacas-na-ponte"


@pytest.fixture(scope="module")
def arrangement(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arrangement]:
    with arranged("together", databases, tmp_path_factory.mktemp("account")) as made:
        yield made


@pytest.fixture
def somebody(arrangement: Arrangement) -> Somebody:
    return arrangement.user("admin")


@pytest.fixture
def person(arrangement: Arrangement, somebody: Somebody) -> httpx.Client:
    return arrangement.person(somebody, language="en")


def codes_on(page: httpx.Response) -> list[str]:
    found = re.search(r'<pre id="recovery"><code>([^<]+)</code>', page.text)
    assert found, told(page) or page.text
    return found[1].split("\n")


def begun(person: httpx.Client) -> tuple[httpx.Response, totp.TOTP]:
    """The page with a new secret, and the app that scanned it."""
    page = send(person, links.account(), TOTP)
    found = re.search(r'<code id="totp-secret">([^<]+)</code>', page.text)
    assert found, page.text
    return page, totp.TOTP(found[1])


def with_second_factor(person: httpx.Client) -> tuple[totp.TOTP, list[str]]:
    confirm(person)
    page, app = begun(person)
    form = form_on(page, f"{TOTP}/confirm")
    return app, codes_on(person.post(form.action, data={**form.fields, "code": app.now()}))


def forget_proof(arrangement: Arrangement, somebody: Somebody, minutes: int = 5) -> None:
    sql(
        arrangement,
        "UPDATE viewer.session SET confirmed_at = confirmed_at - make_interval(mins => $2) WHERE user_id = $1",
        somebody.id, minutes,
    )  # fmt: skip


def test_a_proof_counts_for_five_minutes_and_renews_the_session(
    arrangement: Arrangement, person: httpx.Client, somebody: Somebody
) -> None:
    stale, session = person.cookies["sprintia"], person.get(f"{links.sessions()}?format=json").json()["own"]
    assert leads_to_confirm(person.get(links.keys("new")))
    confirm(person, links.keys("new"))
    assert person.get(links.keys("new")).status_code == 200
    assert person.get(f"{links.sessions()}?format=json").json()["own"] == session
    forget_proof(arrangement, somebody, 4)
    assert person.get(links.keys("new")).status_code == 200
    forget_proof(arrangement, somebody, 1)
    assert leads_to_confirm(person.get(links.keys("new")))
    stranger = arrangement.stranger()
    stranger.cookies.set("sprintia", stale)
    assert stranger.get(links.home()).status_code == 303


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/viewer/../x", "javascript:alert(1)"])
def test_nobody_is_led_elsewhere_after_the_proof(person: httpx.Client, target: str) -> None:
    page = person.get(links.confirm(next=target))
    form = form_on(page, links.confirm())
    assert form.fields["next"] == links.home()
    answer = person.post(form.action, data={**form.fields, "next": target, "password": PASSWORD})
    assert answer.headers["location"] == links.home()


def test_guesses_are_counted(person: httpx.Client) -> None:
    form = form_on(person.get(links.confirm()), links.confirm())
    answers = [person.post(form.action, data={**form.fields, "password": f"guess {number}"}) for number in range(12)]
    assert answers[0].status_code == 403
    assert "The password is not right" in told(answers[0])
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0
    right = person.post(form.action, data={**form.fields, "password": PASSWORD})
    assert right.status_code == 429
    assert leads_to_confirm(person.get(links.keys("new")))


def test_the_proof_takes_the_second_factor_where_one_is_set(
    arrangement: Arrangement, person: httpx.Client, somebody: Somebody
) -> None:
    _, codes = with_second_factor(person)
    forget_proof(arrangement, somebody)
    form = form_on(person.get(links.confirm()), links.confirm())
    assert "code" in form.fields
    for given in ({}, {"code": "000000"}, {"code": "x" * 200}):
        answer = person.post(form.action, data={**form.fields, "password": PASSWORD, **given})
        assert answer.status_code == 403
        assert leads_to_confirm(person.get(links.keys("new")))
    confirm(person, code=codes[0])
    forget_proof(arrangement, somebody)
    # A recovery code is good once.
    form = form_on(person.get(links.confirm()), links.confirm())
    assert person.post(form.action, data={**form.fields, "password": PASSWORD, "code": codes[0]}).status_code == 403
    assert "9 recovery codes are left" in person.get(links.account()).text


def test_a_mistyped_code_shows_the_same_picture_again(person: httpx.Client) -> None:
    confirm(person)
    page, app = begun(person)
    assert page.headers["cache-control"] == "no-store"
    form = form_on(page, f"{TOTP}/confirm")
    wrong = person.post(form.action, data={**form.fields, "code": "12345"})
    assert wrong.status_code == 422
    assert app.secret in wrong.text
    assert "<svg" in wrong.text
    assert "code is not right" in told(wrong)
    as_json = person.post(f"{form.action}?format=json", data={**form.fields, "code": app.now()})
    assert as_json.headers["content-type"].startswith("text/html")
    assert len(codes_on(as_json)) == 10
    # It is over: neither the secret nor the codes are anywhere again.
    late = person.post(form.action, data={**form.fields, "code": app.now()})
    assert late.headers["location"] == links.account()
    assert app.secret not in person.get(links.account()).text
    assert TOTP not in actions_on(person.get(links.account()))


def test_new_recovery_codes_replace_the_ones_before(
    arrangement: Arrangement, person: httpx.Client, somebody: Somebody
) -> None:
    _, old = with_second_factor(person)
    new = codes_on(send(person, links.account(), f"{TOTP}/codes"))
    assert len(set(new) - set(old)) == 10
    stranger = arrangement.stranger()

    def enters(code: str) -> int:
        given = {"name": somebody.name, "password": PASSWORD, "code": code}
        return stranger.post(links.sign_in(), data=given).status_code

    assert (enters(old[0]), enters(new[0])) == (401, 303)
    forget_proof(arrangement, somebody)
    for below in ("codes", "remove"):
        assert leads_to_confirm(send(person, links.account(), f"{TOTP}/{below}"))
    assert "9 recovery codes are left" in person.get(links.account()).text


def test_who_has_no_second_factor_gets_no_codes(person: httpx.Client) -> None:
    confirm(person)
    csrf = form_on(person.get(links.account()), TOTP).fields
    for below in ("codes", "remove"):
        assert person.post(f"{TOTP}/{below}", data=csrf).headers["location"] == links.account()
    code = person.post(f"{TOTP}/confirm", data={**csrf, "code": "000000"})
    assert code.headers["location"] == links.account()


def test_what_is_wrong_with_a_new_password_is_said_and_costs_no_attempt(
    arrangement: Arrangement, person: httpx.Client, somebody: Somebody
) -> None:
    place = links.account("password")
    for _ in range(12):
        answer = send(person, links.account(), place, password="wrong as well", new=GUESSED, again=GUESSED)
        assert answer.status_code == 422
        assert "easy to guess" in told(answer)
    named = somebody.name.partition("@")[0] * 3
    assert send(person, links.account(), place, password=PASSWORD, new=named, again=named).status_code == 422
    answer = send(person, links.account(), place, password="wrong", new=CHOSEN, again=CHOSEN)
    assert "The password is not right" in told(answer)
    assert 'href="#f-password"' in told(answer)
    assert CHOSEN not in answer.text
    changed = send(person, links.account(), place, password=PASSWORD, new=CHOSEN, again=CHOSEN)
    assert changed.status_code == 303
    entered = arrangement.stranger().post(
        links.sign_in(), data={"name": somebody.name, "password": "sete-vacas-na-ponte"}
    )
    assert entered.status_code == 303


LIKE_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"


@pytest.mark.parametrize(
    ("user_agent", "shown"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0", ("Firefox", "Linux")),
        (f"Mozilla/5.0 (Windows NT 10.0) {LIKE_CHROME} Safari/537.36 Edg/140.0.0.0", ("Edge", "Windows")),
        (f"Mozilla/5.0 (Linux; Android 10; K) {LIKE_CHROME} Mobile Safari/537.36", ("Chrome", "Android")),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Safari/604.1", ("Safari", "iPhone")),
        ("curl/8.5.0", ("curl", "")),
        ("<script>alert(1)</script>", ("", "")),
        ("", ("", "")),
    ],
)
def test_browsers_are_named_in_two_words(user_agent: str, shown: tuple[str, str]) -> None:
    assert browser_of(user_agent) == shown


def test_the_list_of_sessions_marks_this_one_and_shows_texts_as_text(
    arrangement: Arrangement, person: httpx.Client, somebody: Somebody
) -> None:
    hostile = arrangement.stranger()
    hostile.headers["User-Agent"] = '<script>alert(1)</script>"><b>'
    assert send(hostile, links.sign_in(), name=somebody.name, password=PASSWORD).status_code == 303
    page = person.get(links.sessions())
    assert page.text.count("this one") == 1
    assert "<script>alert" not in page.text
    sql(
        arrangement,
        "INSERT INTO viewer.session (token_hash, user_id, ends_at, address, user_agent) SELECT "
        "decode(md5('many' || n), 'hex'), $1, now() + interval '1 hour', '', '' FROM generate_series(1, 110) n",
        somebody.id,
    )  # fmt: skip
    page = person.get(links.sessions())
    assert page.text.count("<tr>") == 101
    assert "12 more are not shown" in page.text
    own = person.get(f"{links.sessions()}?format=json").json()["own"]
    ended = send(person, links.sessions(), links.sessions("end-others"))
    assert ended.status_code == 303
    assert [each["id"] for each in person.get(f"{links.sessions()}?format=json").json()["sessions"]] == [own]
    # One's own ends, too: that is signing out.
    gone = send(person, links.sessions(), links.sessions(own, "end"))
    assert gone.headers["location"] == links.sign_in()
    assert person.get(links.home()).status_code == 303


def zones_on(page: httpx.Response) -> tuple[dict[str, list[str]], str]:
    """The time zones that are offered, by their headings, and the chosen one."""
    found = re.search(r'<select id="f-zone".*?</select>', page.text, re.DOTALL)
    assert found
    groups = re.findall(r'<optgroup label="([^"]+)">(.*?)</optgroup>', found[0], re.DOTALL)
    chosen = re.findall(r"<option[^>]* selected>([^<]+)<", found[0])
    assert len(chosen) == 1
    return {title: re.findall(r"<option[^>]*>([^<]+)<", options) for title, options in groups}, chosen[0]


def test_brazil_s_time_zones_come_first_and_nonsense_does_not_come(person: httpx.Client) -> None:
    offered, chosen = zones_on(person.get(links.account()))
    assert list(offered) == ["Brazil", "Other places"]
    assert chosen == "America/Sao_Paulo"
    assert {"America/Sao_Paulo", "America/Manaus", "America/Noronha", "America/Rio_Branco"} <= set(offered["Brazil"])
    assert {"Europe/Lisbon", "Asia/Kolkata", "America/Argentina/Buenos_Aires", "UTC"} <= set(offered["Other places"])
    every = [*offered["Brazil"], *offered["Other places"]]
    assert len(every) == len(set(every))
    for nonsense in ("Factory", "localtime", "EST5EDT", "Etc/GMT+3", "Brazil/East", "US/Eastern", "Etc/Unknown"):
        assert nonsense not in every


def test_a_time_zone_that_is_not_offered_stays_chosen(
    arrangement: Arrangement, person: httpx.Client, somebody: Somebody
) -> None:
    sql(arrangement, "UPDATE viewer.user SET zone = 'Etc/GMT+3' WHERE id = $1", somebody.id)
    page = person.get(links.account())
    assert zones_on(page)[1] == "Etc/GMT+3"
    form = form_on(page, links.account("preferences"))
    kept = person.post(form.action, data={**form.fields, "zone": "Etc/GMT+3", "language": "en", "theme": "auto"})
    assert kept.status_code == 303, told(kept)
