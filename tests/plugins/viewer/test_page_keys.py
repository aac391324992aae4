"""API keys on pages: who may make which, and what a slip must not do."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import httpx
import pytest
from sprintia_testing.arrangements import Arrangement, Somebody, arranged
from sprintia_testing.databases import TestDatabases
from sprintia_testing.people import actions_on, audited, confirm, csrf_of, form_on, leads_to_confirm, send, sql, told

from sprintia_viewer.web import links

NEW = links.keys("new")


@pytest.fixture(scope="module")
def arrangement(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arrangement]:
    with arranged("together", databases, tmp_path_factory.mktemp("keys")) as made:
        yield made


@pytest.fixture
def somebody(arrangement: Arrangement) -> Somebody:
    return arrangement.user("admin")


@pytest.fixture
def admin(arrangement: Arrangement, somebody: Somebody) -> httpx.Client:
    person = arrangement.person(somebody, language="en")
    confirm(person, NEW)
    return person


def made(person: httpx.Client, **given: Any) -> tuple[str, str]:
    """Make a key; its id and its text."""
    answer = send(person, NEW, **{"name": "agent", "rights": ["config:read"], **given})
    assert answer.status_code == 200, told(answer)
    text = re.search(r'<code id="key-text"[^>]*>([^<]+)</code>', answer.text)
    assert text
    return key_id(answer), unescape(text[1])


def key_id(page: httpx.Response) -> str:
    return next(action.split("/")[3] for action in actions_on(page) if action.endswith("/revoke"))


def ids(person: httpx.Client, path: str, **query: str) -> tuple[list[str], str | None]:
    answer = person.get(path, params={**query, "format": "json"} if query or "?" not in path else None)
    page = answer.json()
    return [each["key"]["id"] for each in page["keys"]], page["next"]


@pytest.mark.parametrize(
    ("given", "place", "said"),
    [
        ({"name": " "}, "#f-name", "name of 1 to 100"),
        ({"name": "x" * 101}, "#f-name", "name of 1 to 100"),
        ({"name": "a\u202eb"}, "#f-name", "name of 1 to 100"),
        ({"rights": []}, "#f-rights", "at least one right"),
        ({"rights": ["users:act"]}, "#f-rights", "You do not have the right users:act"),
        ({"rights": ["config:read", "<b>"]}, "#f-rights", "<b>"),
        ({"tenants": "loja_a\na/b"}, "#f-tenants", "a/b: is no tenant"),
        ({"tenants": ","}, "#f-tenants", "leave the field empty for all"),
        ({"tenants": " \n , "}, "#f-tenants", "leave the field empty for all"),
        ({"networks": "10.0.0.0/8, nowhere"}, "#f-networks", "nowhere: is no network"),
        ({"networks": ","}, "#f-networks", "leave the field empty for all"),
        ({"expires_in_days": "0"}, "#f-expires_in_days", "1 to 3650"),
        ({"expires_in_days": "3651"}, "#f-expires_in_days", "1 to 3650"),
        ({"expires_in_days": "-1"}, "#f-expires_in_days", "1 to 3650"),
        ({"expires_in_days": "9" * 5000}, "#f-expires_in_days", "1 to 3650"),
        ({"expires_in_days": "٣"}, "#f-expires_in_days", "1 to 3650"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(
    admin: httpx.Client, given: dict[str, Any], place: str, said: str
) -> None:
    before = ids(admin, links.keys())
    answer = send(admin, NEW, **{"name": "agent 7", "rights": ["config:read"], "tenants": "loja_a", **given})
    assert answer.status_code == 422
    assert said in told(answer)
    assert f'href="{place}"' in told(answer)
    assert f'id="{place[1:]}' in answer.text
    assert "<b>:" not in answer.text
    fields = form_on(answer, NEW).fields
    assert fields["name"] == given.get("name", "agent 7")
    assert fields["tenants"].strip() == given.get("tenants", "loja_a").strip()
    assert ids(admin, links.keys()) == before


def test_everything_wrong_is_said_at_once(admin: httpx.Client) -> None:
    answer = send(admin, NEW, name="", tenants="a/b", networks="nowhere", expires_in_days="soon")
    assert [place in told(answer) for place in ("#f-name", "#f-rights", "#f-tenants", "#f-networks", "#f-exp")] == [
        True
    ] * 5


def test_nobody_gives_a_right_that_they_lack(arrangement: Arrangement, admin: httpx.Client) -> None:
    key, _ = made(admin, rights=["config:read", "secrets:read"])
    place = links.keys(key)
    other = arrangement.person(arrangement.user("admin", may_reveal=False), language="en")
    confirm(other, NEW)
    offered = other.get(NEW).text
    assert 'value="config:write"' in offered
    assert 'value="secrets:read"' not in offered
    answer = send(other, NEW, name="mine", rights=["config:read", "secrets:read"])
    assert answer.status_code == 422
    assert "You do not have the right secrets:read" in told(answer)
    # A new text of a key is the key.
    page = other.get(place)
    assert "Only somebody who has its right secrets:read can give it a new text" in page.text
    assert actions_on(page) & {f"{place}/rotate", f"{place}/revoke"} == {f"{place}/revoke"}
    assert other.post(f"{place}/rotate", data={"csrf": csrf_of(other)}).status_code == 403
    assert send(other, place, f"{place}/revoke").status_code == 303


def test_a_key_is_bound_as_it_was_asked_for(arrangement: Arrangement, admin: httpx.Client, somebody: Somebody) -> None:
    key, text = made(
        admin, name="<img src=x onerror=alert(1)>", rights=["config:write", "config:read"], tenants="loja_b, loja_a",
        networks="127.0.0.1/32\n10.0.0.0/8", expires_in_days="30",
    )  # fmt: skip
    page = admin.get(links.keys(key))
    assert "<img src=x" not in page.text
    stored = admin.get(links.keys(key), params={"format": "json"}).json()["key"]
    assert stored["rights"] == ["config:read", "config:write"]
    assert (stored["tenants"], stored["networks"]) == (["loja_b", "loja_a"], ["127.0.0.1/32", "10.0.0.0/8"])
    assert stored["created_by"] == f"user:{somebody.name}"
    assert stored["expires_at"] is not None
    reader = arrangement.config.as_key(text)
    assert reader.get("/configs/loja_a").status_code == 200
    assert reader.get("/configs/loja_c").status_code == 404
    assert audited(arrangement, f"key/{key}") == [(f"user:{somebody.name}", "key.create")]
    away, elsewhere = made(admin, networks="10.0.0.0/8")
    assert arrangement.config.as_key(elsewhere).get("/configs/loja_a").status_code in {401, 403}
    assert "10.0.0.0/8" in admin.get(links.keys(away)).text


def test_a_text_is_shown_once_and_never_as_json(admin: httpx.Client) -> None:
    form = form_on(admin.get(NEW), NEW)
    answer = admin.post(f"{NEW}?format=json", data={**form.fields, "name": "x", "rights": "config:read"})
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-store"
    key = key_id(answer)
    text = re.search(r'<code id="key-text"[^>]*>([^<]+)</code>', answer.text)
    assert text
    for path in (links.keys(), links.keys(key), f"{links.keys(key)}?format=json", links.audit()):
        assert text[1] not in admin.get(path).text


def test_an_old_text_goes_on_for_as_long_as_was_asked(arrangement: Arrangement, admin: httpx.Client) -> None:
    key, old = made(admin)
    place = links.keys(key)
    rotated = send(admin, place, f"{place}/rotate", overlap_hours="2")
    assert "The old text goes on until" in rotated.text
    assert arrangement.config.as_key(old).get("/configs/loja_a").status_code == 200
    for wrong in ("-1", "2161", "x", ""):
        assert send(admin, place, f"{place}/rotate", overlap_hours=wrong).status_code == 422
    last = send(admin, place, f"{place}/rotate", overlap_hours="0")
    assert last.status_code == 200
    assert arrangement.config.as_key(old).get("/configs/loja_a").status_code == 401


def test_a_revoked_key_stays_to_be_read_and_cannot_be_changed(admin: httpx.Client) -> None:
    key, _ = made(admin)
    place = links.keys(key)
    rotation = form_on(admin.get(place), f"{place}/rotate")
    assert send(admin, place, f"{place}/revoke").headers["location"] == place
    page = admin.get(place)
    assert "The key agent no longer works." in page.text
    assert not actions_on(page) & {f"{place}/rotate", f"{place}/revoke"}
    again = admin.post(rotation.action, data=rotation.fields)
    assert again.headers["location"] == place
    assert "was revoked" in admin.get(place).text
    assert "revoked" in admin.get(links.keys()).text


@pytest.mark.parametrize("act", ["new", "rotate", "revoke"])
def test_without_a_fresh_proof_nothing_is_changed(
    arrangement: Arrangement, admin: httpx.Client, somebody: Somebody, act: str
) -> None:
    key, text = made(admin)
    place = NEW if act == "new" else f"{links.keys(key)}/{act}"
    page = admin.get(NEW if act == "new" else links.keys(key))
    form = form_on(page, place)
    sql(
        arrangement,
        "UPDATE viewer.session SET confirmed_at = confirmed_at - interval '5 minutes' WHERE user_id = $1", somebody.id,
    )  # fmt: skip
    wanted = {"name": "x", "rights": "config:read"} if act == "new" else {}
    answer = admin.post(place, data={**form.fields, **wanted})
    assert leads_to_confirm(answer)
    assert "Nothing was changed yet" in admin.get(answer.headers["location"]).text
    assert arrangement.config.as_key(text).get("/configs/loja_a").status_code == 200
    assert audited(arrangement, f"key/{key}") == [(f"user:{somebody.name}", "key.create")]


def test_many_keys_are_on_pages(arrangement: Arrangement, admin: httpx.Client) -> None:
    # Made in one moment, so that nothing but the id tells their order.
    sql(
        arrangement,
        "INSERT INTO platform.api_key (id, name, rights, digest, created_by) "
        "SELECT 'many' || n, 'Many ' || n || '%_', '{config:read}', decode(md5(n::text), 'hex'), 'test' "
        "FROM generate_series(100, 219) n",
    )
    found: list[str] = []
    place: str | None = links.keys(text="MANY ")
    while place:
        page = admin.get(f"{place}&format=json").json()
        found += [each["key"]["id"] for each in page["keys"]]
        assert len(page["keys"]) <= 50
        place = page["next"]
    assert found == [f"many{number}" for number in range(100, 220)]
    assert ids(admin, links.keys(), text="many150")[0] == ["many150"]
    key, _ = made(admin)  # an id has capitals
    for text in (key, key.upper(), f" {key.lower()} "):
        assert ids(admin, links.keys(), text=text)[0] == [key]
    assert ids(admin, links.keys(), text="150%_")[0] == ["many150"]
    assert ids(admin, links.keys(), text="1_0")[0] == []
    assert "No key has this" in admin.get(links.keys(text="1_0")).text
    assert ids(admin, links.keys(), after="nothing")[0] == []
    assert admin.get(links.keys(), params={"text": "\0"}).status_code in {400, 422}


@pytest.mark.parametrize("path", ["nothing", "%C3%A9", "x" * 1000, "%3Cscript%3E"])
def test_what_is_no_key_is_not_found(admin: httpx.Client, path: str) -> None:
    assert admin.get(f"{links.keys()}/{path}").status_code == 404


def test_who_does_not_administer_keys_is_refused_on_every_way(arrangement: Arrangement, admin: httpx.Client) -> None:
    key, text = made(admin)
    bound = arrangement.person(arrangement.user("admin", tenants=["loja_a"]), language="en")
    confirm(bound)
    page = bound.get(links.home())
    assert links.keys() not in page.text
    assert links.users() not in page.text
    assert "tenants only" in bound.get(links.keys()).text
    for person in (bound, arrangement.person("editor")):
        csrf = {"csrf": csrf_of(person)}
        for below in ((), ("new",), (key,)):
            assert person.get(links.keys(*below)).status_code == 403
        for below in (("new",), (key, "rotate"), (key, "revoke")):
            assert person.post(links.keys(*below), data=csrf).status_code == 403
    assert arrangement.config.as_key(text).get("/configs/loja_a").status_code == 200
    assert admin.post(f"{links.keys(key)}/revoke", data={}).status_code == 403
    assert arrangement.config.as_key(text).get("/configs/loja_a").status_code == 200
