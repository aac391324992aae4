"""Users on pages: nobody shuts everybody out, and nobody gains by somebody else's account."""

import re
from collections.abc import Iterator
from html import unescape

import httpx
import pytest
from sprintia_testing.arrangements import PASSWORD, Arrangement, Somebody, arranged
from sprintia_testing.databases import TestDatabases
from sprintia_testing.people import actions_on, audited, confirm, csrf_of, form_on, leads_to_confirm, send, sql, told

from sprintia_viewer.web import links

NEW = links.users("new")


@pytest.fixture(scope="module")
def arrangement(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arrangement]:
    with arranged("together", databases, tmp_path_factory.mktemp("users")) as made:
        yield made


@pytest.fixture
def somebody(arrangement: Arrangement) -> Somebody:
    return arrangement.user("admin")


@pytest.fixture
def admin(arrangement: Arrangement, somebody: Somebody) -> httpx.Client:
    person = arrangement.person(somebody, language="en")
    confirm(person, NEW)
    return person


def link_on(page: httpx.Response) -> str:
    found = re.search(r'<code id="link"[^>]*>([^<]+)</code>', page.text)
    assert found, page.text
    return unescape(found[1])


def user(person: httpx.Client, number: int) -> dict[str, object]:
    """The user as the page's JSON has it."""
    found: dict[str, object] = person.get(links.users(number), params={"format": "json"}).json()["user"]
    return found


@pytest.mark.parametrize("act", ["role", "tenants", "disable"])
def test_the_last_admin_cannot_be_removed(
    arrangement: Arrangement, admin: httpx.Client, somebody: Somebody, act: str
) -> None:
    sql(arrangement, "UPDATE viewer.user SET disabled_at = now() WHERE id <> $1", somebody.id)
    place = links.users(somebody.id)
    before = user(admin, somebody.id)
    wanted = {"role": {"role": "editor"}, "tenants": {"tenants": "loja_a"}, "disable": {}}[act]
    answer = send(admin, place, f"{place}/disable" if act == "disable" else place, **wanted)
    assert answer.status_code == 422
    assert "the last admin who reaches every tenant" in told(answer)
    assert user(admin, somebody.id) == {**before, "last_seen_at": user(admin, somebody.id)["last_seen_at"]}
    # With another one it works, at once.
    arrangement.user("admin")
    assert send(admin, place, f"{place}/disable" if act == "disable" else place, **wanted).status_code == 303
    assert admin.get(links.users()).status_code in {303, 403}


def test_an_admin_who_may_not_reveal_gains_it_nowhere(arrangement: Arrangement, admin: httpx.Client) -> None:
    somebody, victim = arrangement.user("admin", may_reveal=False), arrangement.user("admin", may_reveal=True)
    person = arrangement.person(somebody, language="en")
    confirm(person, NEW)
    for place in (NEW, links.users(somebody.id)):
        answer = send(person, place, name="accomplice", role="admin", display_name="x", may_reveal="true")
        assert answer.status_code == 422
        assert "Only who may see secrets can let others" in told(answer)
    assert user(person, somebody.id)["may_reveal"] is False
    # Whoever makes a way into an account can take it.
    place = links.users(victim.id)
    page = person.get(place)
    assert "you do not have the right secrets:read" in page.text
    assert not actions_on(page) & {f"{place}/link", f"{place}/second-factor"}
    for below in ("link", "second-factor"):
        assert person.post(f"{place}/{below}", data={"csrf": csrf_of(person)}).status_code == 403
    assert audited(arrangement, f"user/{victim.name}")[-1][1] != "link.make"
    # What stands already may stay, and be taken.
    assert send(person, place, display_name="Other", may_reveal="true").status_code == 303
    assert user(admin, victim.id)["may_reveal"] is True
    form = form_on(person.get(place), place)
    del form.fields["may_reveal"]
    assert person.post(place, data=form.fields).status_code == 303
    assert user(admin, victim.id)["may_reveal"] is False


@pytest.mark.parametrize(
    ("given", "place", "said"),
    [
        ({"name": "Ána"}, "#f-name", "letters without accents"),
        ({"name": ""}, "#f-name", "1 to 100 letters"),
        ({"display_name": "x" * 300}, "#f-display_name", "1 to 200"),
        ({"tenants": "a/b"}, "#f-tenants", "A tenant has"),
        ({"tenants": ", ,"}, "#f-tenants", "leave the field empty for all"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(admin: httpx.Client, given: dict[str, str], place: str, said: str) -> None:
    answer = send(admin, NEW, **{"name": "carla", "display_name": "Carla", "role": "editor", **given})
    assert answer.status_code == 422
    assert said in told(answer)
    assert f'href="{place}"' in told(answer)
    assert f'id="{place[1:]}"' in answer.text
    assert form_on(answer, NEW).fields["role"] == "editor"
    assert admin.get(links.users(text="carla", format="json")).json()["users"] == []


def test_what_a_user_is_called_stays_text(admin: httpx.Client) -> None:
    hostile = '"><script>alert(1)</script><img src=x onerror=alert(2) hx-get=/x>'
    assert send(admin, NEW, name="hostile", display_name=hostile, role="viewer").status_code == 200
    found = admin.get(links.users(text="<script>", format="json")).json()["users"]
    assert [each["display_name"] for each in found] == [hostile]
    for page in (admin.get(links.users(text='"><script>')), admin.get(links.users(found[0]["id"]))):
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text


def test_a_link_is_shown_once_and_only_the_newest_is_good(arrangement: Arrangement, admin: httpx.Client) -> None:
    made = send(admin, NEW, name="davi", display_name="", role="viewer")
    assert made.headers["cache-control"] == "no-store"
    first = link_on(made)
    number = admin.get(links.users(text="davi", format="json")).json()["users"][0]["id"]
    place = links.users(number)
    assert first not in admin.get(place).text
    assert "invited" in admin.get(links.users(text="davi")).text
    form = form_on(admin.get(place), f"{place}/link")
    again = admin.post(f"{form.action}?format=json", data=form.fields)
    assert again.headers["content-type"].startswith("text/html")
    second = link_on(again)
    stranger = arrangement.stranger()
    assert stranger.get(first.removeprefix(arrangement.viewer_url)).status_code == 410
    assert stranger.get(second.removeprefix(arrangement.viewer_url)).status_code == 200
    assert send(admin, place, f"{place}/disable").status_code == 303
    assert stranger.get(second.removeprefix(arrangement.viewer_url)).status_code == 410
    assert f"{place}/link" not in actions_on(admin.get(place))
    assert admin.post(f"{place}/link", data={"csrf": csrf_of(admin)}).status_code == 422


def test_who_lost_the_second_factor_gets_in_again(
    arrangement: Arrangement, admin: httpx.Client, somebody: Somebody
) -> None:
    lost = arrangement.user("editor")
    sql(arrangement, "INSERT INTO viewer.totp (user_id, sealed, confirmed_at) VALUES ($1, '\\x00', now())", lost.id)
    place = links.users(lost.id)
    assert send(admin, place, f"{place}/second-factor").status_code == 303
    assert user(admin, lost.id)["has_totp"] is False
    assert f"{place}/second-factor" not in actions_on(admin.get(place))
    assert audited(arrangement, f"user/{lost.name}")[-1] == (f"user:{somebody.name}", "user.totp_removed")
    assert arrangement.person(lost).get(links.home()).status_code == 200


def test_signing_a_user_out_everywhere_leaves_the_way_in(arrangement: Arrangement, admin: httpx.Client) -> None:
    somebody = arrangement.user("viewer")
    person, place = arrangement.person(somebody), links.users(somebody.id)
    assert send(admin, place, f"{place}/sign-out").status_code == 303
    assert person.get(links.home()).status_code == 303
    again = send(arrangement.stranger(), links.sign_in(), name=somebody.name, password=PASSWORD)
    assert again.status_code == 303


def test_a_change_takes_effect_at_the_next_page(arrangement: Arrangement, admin: httpx.Client) -> None:
    somebody = arrangement.user("editor")
    person, place = arrangement.person(somebody), links.users(somebody.id)
    arrangement.config_client.put("/configs/loja_b/retail/hours", json={"open": 1})
    assert person.get(links.tenant("loja_b")).status_code == 200
    assert send(admin, place, role="viewer", tenants="loja_a").status_code == 303
    assert person.get(links.tenant("loja_b")).status_code == 404
    found = user(admin, somebody.id)
    assert (found["role"], found["tenants"]) == ("viewer", ["loja_a"])
    assert send(admin, place, tenants="").status_code == 303
    assert user(admin, somebody.id)["tenants"] is None


@pytest.mark.parametrize("act", ["change", "disable", "link", "second-factor", "sign-out", "new"])
def test_every_change_needs_a_fresh_proof_a_form_and_an_admin_of_all(
    arrangement: Arrangement, admin: httpx.Client, somebody: Somebody, act: str
) -> None:
    target = arrangement.user("editor")
    person = arrangement.person(target)
    place = {"change": links.users(target.id), "new": NEW}.get(act, f"{links.users(target.id)}/{act}")
    fields = {"role": "viewer", "name": "elisa", "display_name": "Elisa"} if act in {"change", "new"} else {}
    before = user(admin, target.id)
    assert admin.post(place, data=fields).status_code == 403
    for refused in (arrangement.user("admin", tenants=["loja_a"]), arrangement.user("editor")):
        other = arrangement.person(refused)
        confirm(other)
        assert other.post(place, data={**fields, "csrf": csrf_of(other)}).status_code == 403
    csrf = csrf_of(admin)
    sql(
        arrangement,
        "UPDATE viewer.session SET confirmed_at = confirmed_at - interval '5 minutes' WHERE user_id = $1", somebody.id,
    )  # fmt: skip
    assert leads_to_confirm(admin.post(place, data={**fields, "csrf": csrf}))
    assert user(admin, target.id) == before
    assert person.get(links.home()).status_code == 200
    assert admin.get(links.users(text="elisa", format="json")).json()["users"] == []


def test_many_users_are_on_pages(arrangement: Arrangement, admin: httpx.Client) -> None:
    sql(
        arrangement,
        "INSERT INTO viewer.user (name, display_name, role, may_reveal, created_by) "
        "SELECT 'many-' || n, 'Many ' || n, 'viewer', false, 'test' FROM generate_series(100, 219) n",
    )
    found: list[str] = []
    place: str | None = links.users(text="Many")
    while place:
        page = admin.get(f"{place}&format=json").json()
        assert len(page["users"]) <= 50
        found += [each["name"] for each in page["users"]]
        place = page["next"]
    assert found == [f"many-{number}" for number in range(100, 220)]
    assert "No user has this" in admin.get(links.users(text="m_ny")).text


@pytest.mark.parametrize("number", [0, 999999, 2**63 - 1, 2**63, 10**30])
def test_who_is_not_there_is_not_found(admin: httpx.Client, number: int) -> None:
    assert admin.get(links.users(number)).status_code == 404
    assert admin.post(links.users(number, "disable"), data={"csrf": csrf_of(admin)}).status_code == 404


@pytest.mark.parametrize("act", ["link", "sign-out"])
def test_the_language_is_changed_from_what_answers_a_form_too(arrangement: Arrangement, act: str) -> None:
    admin, somebody = arrangement.person(arrangement.user("admin")), arrangement.user("viewer")
    confirm(admin)
    answer = send(admin, links.users(somebody.id), links.users(somebody.id, act))
    page = answer if answer.status_code == 200 else admin.get(answer.headers["location"])
    form = form_on(page, links.preferences())
    led = admin.post(form.action, data=form.fields | {"language": "en"})
    assert (led.status_code, led.headers["location"]) == (303, links.users(somebody.id))


def test_the_language_is_changed_where_no_page_is_above(arrangement: Arrangement) -> None:
    page = arrangement.stranger().post("/viewer/sign-in", data={"name": "x", "password": "y"})
    assert f'href="{links.sign_in()}?language=en"' in page.text
