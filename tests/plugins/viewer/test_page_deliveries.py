"""What came in, what became of it, and a delivery that was not taken, once more."""

import csv
from html import unescape
from io import StringIO
from typing import Any

import httpx
import pytest
from sprintia_testing.arrangements import Arrangement, arranged
from sprintia_testing.databases import TestDatabases
from sprintia_testing.mending import form_at, written
from sprintia_testing.shop import HOSTILE, Shop, open_shop

from sprintia_viewer.web import links

EN = {"language": "en"}
NEEDS_NAME = {"type": "object", "required": ["name"]}


@pytest.fixture(scope="module")
def shop(arrangement: Arrangement) -> Shop:
    return open_shop(arrangement.config_client, "loja-aurora")


def data(person: httpx.Client, path: str, **query: str) -> Any:
    answer = person.get(path, params={**query, "format": "json"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def listed(person: httpx.Client, **query: str) -> list[dict[str, Any]]:
    return [shown["delivery"] for shown in data(person, links.deliveries(), **query)["deliveries"]]


def set_aside(arrangement: Arrangement, tenant: str, *, mended: bool = True, value: str = "planted") -> tuple[str, int]:
    """Put a document into quarantine, whose schema is mended afterwards; gives its type and the delivery."""
    client, config_type = arrangement.config_client, f"type_{tenant.replace('-', '_')}"
    schema = {"schema": NEEDS_NAME, "mode": "quarantine"}
    assert client.put(f"/config/schemas/{config_type}", json=schema).status_code == 200
    aside = client.put(f"/configs/{tenant}/retail/{config_type}", json={"value": value})
    assert aside.status_code == 202, aside.text
    if mended:
        assert client.delete(f"/config/schemas/{config_type}").status_code in {200, 204}
    (delivery,) = client.get("/config/deliveries", params={"tenant": tenant, "outcome": "quarantined"}).json()
    return config_type, delivery["id"]


def stands(arrangement: Arrangement, tenant: str, config_type: str) -> bool:
    return arrangement.config_client.get(f"/configs/{tenant}/retail/{config_type}").status_code == 200


def test_before_anything_came_the_page_says_what_to_do(databases: TestDatabases, tmp_path: Any) -> None:
    with arranged("together", databases, tmp_path) as empty:
        assert "Nothing was delivered yet." in empty.person("viewer").get(links.deliveries(), params=EN).text


def test_the_list_tells_what_came_and_leads_to_each(arrangement: Arrangement, shop: Shop) -> None:
    person = arrangement.person("viewer")
    page = person.get(links.deliveries(), params={**EN, "tenant": shop.tenant})
    found = listed(person, tenant=shop.tenant)
    assert [each["id"] for each in found] == sorted((each["id"] for each in found), reverse=True)
    for each in found:
        assert links.deliveries(shop.tenant, each["id"]) in page.text
    (refused,) = listed(person, tenant=shop.tenant, outcome="refused")
    assert refused["reason"]
    assert refused["reason"] in page.text
    assert ">Replay<" not in page.text, "who may not write is offered no replay"
    for sentinel in shop.sentinels:
        assert sentinel not in page.text
    assert "No delivery fits." in person.get(links.deliveries(), params={**EN, "tenant": "nobody"}).text


def test_the_list_goes_on_page_by_page(arrangement: Arrangement) -> None:
    for number in range(53):
        answer = arrangement.config_client.put(
            "/configs/busy/retail/config", json={"n": number}, headers={"Idempotency-Key": f"busy-{number}"}
        )
        assert answer.status_code == 200, answer.text
    person = arrangement.person("viewer")
    first = data(person, links.deliveries(), tenant="busy")
    assert len(first["deliveries"]) == 50
    rest = data(person, links.deliveries(), **dict(httpx.QueryParams(first["older"].partition("?")[2])))
    assert (len(rest["deliveries"]), rest["older"]) == (3, None)
    assert rest["newest"] == links.deliveries(tenant="busy")


def test_a_delivery_tells_its_facts_and_what_it_made(arrangement: Arrangement, shop: Shop) -> None:
    person = arrangement.person("viewer")
    applied = listed(person, tenant=shop.tenant, outcome="applied")
    for each in applied:
        found = data(person, links.deliveries(shop.tenant, each["id"]))
        assert found["made"], each
        assert {change["revision"] for change in found["made"]} == {each["revision"]}
        page = person.get(links.deliveries(shop.tenant, each["id"]), params=EN).text
        for change in found["made"]:
            of_mapping = links.mapping("history", shop.tenant, change["version"])
            expected = (
                of_mapping if change["kind"] == "mapping"
                else links.version(shop.tenant, change["domain"], change["config_type"], change["version"])
            )  # fmt: skip
            assert expected in page
        for sentinel in shop.sentinels:
            assert sentinel not in page


def test_what_is_wrong_is_told_with_its_place(arrangement: Arrangement) -> None:
    _, number = set_aside(arrangement, "faulty", mended=False)
    person = arrangement.person("viewer")
    (fault,) = data(person, links.deliveries("faulty", number), **EN)["shown"]["delivery"]["faults"]
    page = unescape(person.get(links.deliveries("faulty", number), params=EN).text)
    assert fault["message"]
    assert fault["message"] in page
    assert f"<code>{fault['code']}</code>" in page
    assert "It is kept, and not in effect: it does not meet the schema." in page
    assert "It can be replayed by whoever may edit." in page


def test_a_replay_is_seen_before_it_is_done_and_done_once(arrangement: Arrangement) -> None:
    config_type, number = set_aside(arrangement, "mended")
    editor, place = arrangement.person("editor"), links.deliveries("mended", number, "replay")
    assert place in editor.get(links.deliveries("mended", number)).text
    preview = data(editor, place)
    assert preview["replay"]["outcome"] == "applied"
    (document,) = preview["documents"]
    assert (document["config_type"], document["changes"][0]["new_text"]) in {
        (config_type, '"planted"'), (config_type, '{"value":"planted"}'),
    }  # fmt: skip
    assert not stands(arrangement, "mended", config_type), "looking changes nothing"
    fields = form_at(editor.get(place, params=EN), place).fields
    answers = [editor.post(place, data=fields) for _ in range(2)]
    (replayed,) = [each for each in listed(editor, tenant="mended") if each["replay_of"] == number]
    for answer in answers:
        assert (answer.status_code, answer.headers["location"]) == (303, links.deliveries("mended", replayed["id"]))
    assert stands(arrangement, "mended", config_type)
    result = editor.get(links.deliveries("mended", replayed["id"]), params=EN).text
    assert "The delivery was taken this time: it is in effect now." in result
    assert f'href="{links.deliveries("mended", number)}"' in result
    original = editor.get(links.deliveries("mended", number), params=EN).text
    assert links.deliveries("mended", replayed["id"]) in original
    assert place not in original


def test_what_people_write_is_listed_by_name_when_it_is_asked_for(arrangement: Arrangement) -> None:
    key = written(arrangement, "a: 1\n", "a: 2\n")
    somebody = arrangement.user("editor")
    editor, address = arrangement.person(somebody), links.rollback(*key, 1)
    assert editor.post(address, data=form_at(editor.get(address), address).fields).status_code == 303
    assert listed(editor, tenant=key[0]) == []
    (own,) = listed(editor, tenant=key[0], people="true")
    assert own["person"] == somebody.name
    page = editor.get(links.deliveries(), params={**EN, "tenant": key[0], "people": "true"}).text
    assert f">{somebody.name}</span>" in page
    assert ">local<" not in page
    one = editor.get(links.deliveries(key[0], own["id"]), params=EN).text
    assert f">{somebody.name}</span>" in one
    assert ">local<" not in one
    rows = editor.get(links.deliveries(), params={"tenant": key[0], "format": "csv"})
    assert somebody.name not in rows.text


def test_what_a_person_wrote_in_vain_is_no_delivery_either(arrangement: Arrangement) -> None:
    config_type, number = set_aside(arrangement, "in-vain", mended=False)
    found = listed(arrangement.person("viewer"), tenant="in-vain")
    assert [each["id"] for each in found] == [number], "what a key writes is a delivery, with and without people's"
    assert found[0]["person"] is None
    assert not stands(arrangement, "in-vain", config_type)


def test_a_replay_that_is_refused_again_says_why(arrangement: Arrangement, shop: Shop) -> None:
    editor = arrangement.person("editor")
    refused = next(each for each in listed(editor, tenant=shop.tenant, outcome="refused") if each["replayable"])
    place = links.deliveries(shop.tenant, refused["id"], "replay")
    preview = editor.get(place, params=EN)
    assert "It would be refused once more" in preview.text
    done = editor.post(place, data=form_at(preview, place).fields)
    assert done.status_code == 303, done.text
    told = editor.get(done.headers["location"], params=EN).text
    assert "It was refused once more:" in told
    for text in (preview.text, told):
        assert not any(sentinel in text for sentinel in shop.sentinels)


def test_what_cannot_be_replayed_says_why(arrangement: Arrangement, shop: Shop) -> None:
    editor = arrangement.person("editor")
    applied = listed(editor, tenant=shop.tenant, outcome="applied")[0]
    place = links.deliveries(shop.tenant, applied["id"], "replay")
    page = editor.get(place, params=EN)
    assert (page.status_code, "It cannot be replayed." in page.text, place in page.text.replace(f'="{place}?', "")) == (
        409, True, False,
    ), page.text  # fmt: skip


def test_numbers_of_people_stay_masked_in_the_preview(arrangement: Arrangement) -> None:
    client = arrangement.config_client
    put = client.put("/configs/numbers/retail/config", json={"a": 1})
    assert put.status_code == 200, put.text
    routed = {"chatwoot_account_id": 909_090_901, "internal_account_id": "other", "domain": "retail"}
    body = {"event_type": "mapping_sync", "mapping": routed}
    assert client.post("/odoo-webhook/", json=body).status_code == 200
    mine = routed | {
        "internal_account_id": "numbers",
        "special_whatsapp_numbers": [{"number": "+55 61 98888-7777", "crew": "sales"}],
    }  # fmt: skip
    assert client.post("/odoo-webhook/", json=body | {"mapping": mine}).status_code == 409
    empty = {"mapping_data": {"accounts": {"909090901": None}}}
    assert client.patch("/mapping", json=empty).status_code == 200
    editor = arrangement.person("editor")
    (refused,) = listed(editor, tenant="numbers", outcome="refused")
    place = links.deliveries("numbers", refused["id"], "replay")
    page = editor.get(place, params=EN)
    assert (page.status_code, "7777" in page.text) == (200, True), page.text
    for hidden in ("98888", "8888-7777", "61988887777"):
        assert hidden not in page.text
        assert hidden not in editor.get(place, params={"format": "json"}).text


def test_a_form_without_its_attempt_does_nothing(arrangement: Arrangement) -> None:
    config_type, number = set_aside(arrangement, "attempted")
    editor, place = arrangement.person("editor"), links.deliveries("attempted", number, "replay")
    fields = form_at(editor.get(place), place).fields
    for wrong in ({}, {"csrf": fields["csrf"]}, fields | {"attempt": "../x"}, fields | {"csrf": "0"}):
        assert editor.post(place, data=wrong).status_code in {403, 422}
    assert not stands(arrangement, "attempted", config_type)


def test_rights_and_reach_hold(arrangement: Arrangement, shop: Shop) -> None:
    config_type, number = set_aside(arrangement, "apart")
    place = links.deliveries("apart", number, "replay")
    viewer = arrangement.person("viewer")
    assert (viewer.get(place).status_code, viewer.post(place, data={}).status_code) == (403, 403)
    bound = arrangement.person(arrangement.user("editor", tenants=[shop.tenant]))
    for path in (links.deliveries("apart", number), place):
        assert bound.get(path).status_code == 404
    token = form_at(bound.get(links.deliveries()), links.sign_out()).fields["csrf"]
    assert bound.post(place, data={"csrf": token, "attempt": "0" * 32}).status_code == 404
    assert not stands(arrangement, "apart", config_type)
    assert listed(bound, tenant="apart") == []
    assert {each["tenant_id"] for each in listed(bound)} == {shop.tenant}
    assert bound.get(links.deliveries(), params={"tenant": "apart", "format": "csv"}).status_code == 404


def test_a_file_holds_what_the_list_does(arrangement: Arrangement, shop: Shop) -> None:
    person = arrangement.person("viewer")
    answer = person.get(links.deliveries(), params={"tenant": shop.tenant, "format": "csv"})
    assert answer.status_code == 200, answer.text
    rows = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))
    assert [int(row["id"]) for row in rows] == [each["id"] for each in listed(person, tenant=shop.tenant)]
    assert {row["outcome"] for row in rows} >= {"applied", "refused"}


@pytest.mark.parametrize("hostile", [*HOSTILE, "x" * 129, "\N{SNOWMAN}"])
def test_hostile_questions_are_text(arrangement: Arrangement, hostile: str) -> None:
    person = arrangement.person("viewer")
    for field in ("tenant", "outcome", "before", "format"):
        answer = person.get(links.deliveries(), params={field: hostile})
        assert answer.status_code in {200, 400, 422}, answer.text
        assert not any(text in answer.text for text in HOSTILE[:4])
    for number in ("0", "-1", "9" * 30):
        assert person.get(f"/viewer/deliveries/nobody/{number}").status_code in {400, 404}
