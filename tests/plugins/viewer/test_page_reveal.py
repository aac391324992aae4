"""Showing a secret: to who may, and proves to be there; against guesses, old sessions and hostile values."""

import httpx
import pytest
from pyotp.totp import TOTP
from sprintia_testing.arrangements import PASSWORD, TOGETHER, Arrangement, Somebody
from sprintia_testing.databases import TestDatabases
from sprintia_testing.mending import Key, form_at, put, written

from sprintia_viewer.parts import Parts
from sprintia_viewer.web import links

EN = {"language": "en"}
SENTINEL = "sentinel-of-a-revealed-secret"


def credentials(arrangement: Arrangement, value: str = SENTINEL, name: str = "odoo") -> Key:
    return written(arrangement, f"credentials:\n  {name}: {value}\n", config_type="credentials")


def reveal(person: httpx.Client, place: str, **fields: str) -> httpx.Response:
    return person.post(place, data={**form_at(person.get(place), place).fields, **fields}, params=EN)


def shown_in(page: httpx.Response) -> str:
    begin = page.text.index('id="revealed">') + len('id="revealed">')
    return page.text[begin : page.text.index("</output>", begin)]


@pytest.mark.parametrize(
    ("written_as", "shown"),
    [
        ("'<script>alert(1)</script>'", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("'</output><img src=x onerror=alert(1)>'", "&lt;/output&gt;&lt;img src=x onerror=alert(1)&gt;"),
        ("' {{ 7 * 7 }} & '", " {{ 7 * 7 }} &amp; "),
        ("12345678901234567890", "12345678901234567890"),
        ("1.10", "1.10"),
        ("true", "true"),
        ("'007'", "007"),
    ],
)
def test_a_secret_is_shown_as_it_was_written(arrangement: Arrangement, written_as: str, shown: str) -> None:
    key = credentials(arrangement, written_as)
    page = reveal(arrangement.person(arrangement.user("admin")), links.secret(*key, "odoo"), password=PASSWORD)
    assert page.status_code == 200, page.text
    assert shown_in(page) == shown
    assert page.headers["cache-control"] == "no-store"
    assert 'data-hide-after="30"' in page.text


@pytest.mark.parametrize("name", ["with space", "a/b", "ção", "x%2Fy", "a?b#c", "é;&=", '"><b>', ".."])
def test_the_link_of_the_document_leads_to_its_secret(arrangement: Arrangement, name: str) -> None:
    key = credentials(arrangement, SENTINEL, f"'{name}'")
    admin = arrangement.person(arrangement.user("admin"))
    lines = admin.get(links.document(*key), params={"format": "json"}).json()["text"]["lines"]
    names = [each for line in lines for each in line["secrets"]]
    assert len(names) == 1, lines
    place = links.secret(*key, names[0])
    assert place.replace("&", "&amp;") in admin.get(links.document(*key)).text
    page = reveal(admin, place, password=PASSWORD)
    assert page.status_code == 200, page.text
    assert shown_in(page) == SENTINEL
    assert "<b>" not in page.text


def test_a_second_factor_is_asked_for_and_good_once(arrangement: Arrangement) -> None:
    key = credentials(arrangement)
    somebody = arrangement.user("admin")
    admin, place = arrangement.person(somebody), links.secret(*key, "odoo")
    codes = with_totp(arrangement, somebody)
    assert "authenticator" in admin.get(place, params=EN).text
    for wrong in ({"password": PASSWORD}, {"password": PASSWORD, "code": "000000"}, {"code": codes[1]}):
        answer = reveal(admin, place, **wrong)
        assert answer.status_code == 403
        assert SENTINEL not in answer.text
    assert SENTINEL in reveal(admin, place, password=PASSWORD, code=codes[0]).text
    other = arrangement.person(somebody)  # another browser, with the first token, which is over now
    assert other.get(place).headers.get("location", "").startswith(links.sign_in())


def test_who_has_no_password_here_proves_it_at_the_identity_provider(
    arrangement: Arrangement, databases: TestDatabases
) -> None:
    key = credentials(arrangement)
    somebody = arrangement.user("admin")
    admin, place = arrangement.person(somebody), links.secret(*key, "odoo")
    fields = form_at(admin.get(place), place).fields
    databases.run(
        arrangement.viewer.database_url,
        "UPDATE viewer.user SET password_hash = NULL, oidc_subject = 'subject-' || id WHERE id = $1",
        somebody.id,
    )  # fmt: skip
    for answer in (admin.get(place), admin.post(place, data={**fields, "password": PASSWORD})):
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/viewer/confirm?next=")


def test_guesses_are_slowed_down(arrangement: Arrangement) -> None:
    key = credentials(arrangement)
    admin, place = arrangement.person(arrangement.user("admin")), links.secret(*key, "odoo")
    fields = form_at(admin.get(place), place).fields
    guesses = (admin.post(place, data={**fields, "password": f"wrong {number}"}) for number in range(30))
    assert any(answer.status_code == 429 for answer in guesses)
    refused = admin.post(place, data={**fields, "password": PASSWORD})
    assert refused.status_code == 429
    assert SENTINEL not in refused.text


def test_a_proof_is_over_after_a_while(arrangement: Arrangement, databases: TestDatabases) -> None:
    key = credentials(arrangement)
    somebody = arrangement.user("admin")
    admin, place = arrangement.person(somebody), links.secret(*key, "odoo")
    assert SENTINEL in reveal(admin, place, password=PASSWORD).text
    fields = form_at(admin.get(place), place).fields
    assert SENTINEL in admin.post(place, data=fields).text
    databases.run(
        arrangement.viewer.database_url,
        "UPDATE viewer.session SET confirmed_at = confirmed_at - interval '5 minutes 1 second' WHERE user_id = $1",
        somebody.id,
    )  # fmt: skip
    late = admin.post(place, data=fields)
    assert (late.status_code, SENTINEL in late.text) == (403, False)
    assert 'type="password"' in admin.get(place).text


def test_the_form_of_the_old_session_is_over(arrangement: Arrangement) -> None:
    key = credentials(arrangement)
    somebody = arrangement.user("admin")
    admin, stolen = arrangement.person(somebody), arrangement.person(somebody)
    place = links.secret(*key, "odoo")
    before = form_at(admin.get(place), place).fields
    assert SENTINEL in reveal(admin, place, password=PASSWORD).text
    assert admin.post(place, data=before).status_code == 403, "its token was of the session before"
    answer = stolen.post(place, data=before)
    assert (answer.status_code, SENTINEL in answer.text) == (401, False)


@pytest.mark.parametrize("query", [{}, {"format": "json"}, {"language": "en"}])
@TOGETHER
def test_asking_shows_nothing(arrangement: Arrangement, query: dict[str, str]) -> None:
    key = credentials(arrangement)
    admin, place = arrangement.person(arrangement.user("admin")), links.secret(*key, "odoo")
    assert SENTINEL in reveal(admin, place, password=PASSWORD).text
    for answer in (admin.get(place, params=query), admin.head(place)):
        assert SENTINEL not in answer.text
    assert "application/json" not in admin.get(place).text, "there is no twin to lead to"
    posted = admin.post(place, params={"format": "json"}, data=form_at(admin.get(place), place).fields)
    assert "application/json" not in posted.headers["content-type"]


def test_who_has_no_business_here_sees_nothing(arrangement: Arrangement) -> None:
    key = credentials(arrangement)
    place = links.secret(*key, "odoo")
    bound = arrangement.person(arrangement.user("admin", tenants=["another"]))
    barred = arrangement.person(arrangement.user("admin", may_reveal=False))
    allowed = arrangement.person(arrangement.user("viewer", may_reveal=True))
    assert reveal(bound, place, password=PASSWORD).status_code == 404
    assert bound.get(links.home()).status_code == 200, "the session goes on with its new token"
    assert barred.get(place).status_code == 403
    token = form_at(barred.get(links.home()), links.sign_out()).fields["csrf"]
    assert barred.post(place, data={"csrf": token, "password": PASSWORD}).status_code == 403
    assert SENTINEL in reveal(allowed, place, password=PASSWORD).text
    stranger = arrangement.stranger()
    assert stranger.get(place).status_code == 303
    assert stranger.post(place, data={"password": PASSWORD}).status_code == 401
    for wrong in ({}, {"csrf": "x"}):
        answer = allowed.post(place, data=wrong)
        assert (answer.status_code, SENTINEL in answer.text) == (403, False)
    good = form_at(allowed.get(place), place).fields
    answer = allowed.post(place, data=good, headers={"Origin": "https://elsewhere.example"})
    assert (answer.status_code, SENTINEL in answer.text) == (403, False)


def test_each_look_stands_in_the_audit_log(arrangement: Arrangement) -> None:
    key = credentials(arrangement)
    somebody = arrangement.user("admin")
    admin, place = arrangement.person(somebody), links.secret(*key, "odoo")
    admin.get(place)
    reveal(admin, place, password="wrong")
    assert seen(arrangement, key, somebody) == 0
    reveal(admin, place, password=PASSWORD)
    assert seen(arrangement, key, somebody) == 1
    reveal(admin, place)
    assert seen(arrangement, key, somebody) == 2
    put(arrangement, key, "credentials:\n  other: 1\n")
    gone = reveal(admin, place)
    assert gone.status_code == 404
    assert seen(arrangement, key, somebody) == 2


def seen(arrangement: Arrangement, key: Key, somebody: Somebody) -> int:
    events = arrangement.config_client.get("/audit", params={"tenant": key[0]}).json()["events"]
    return sum(
        event["action"] == "secret.read" and event["actor"].startswith(f"user:{somebody.name}") for event in events
    )


def with_totp(arrangement: Arrangement, somebody: Somebody) -> list[str]:
    """Give a user a second factor; return its recovery codes."""
    parts = Parts.of(arrangement.viewer.host)

    async def make() -> list[str]:
        user = await parts.users.find(somebody.id)
        assert user is not None
        setup = await parts.totp.begin(user)
        made = await parts.totp.confirm(user, TOTP(setup.secret).now())
        assert made is not None
        return made

    return arrangement.viewer.run(make)
