"""The pages of the Chatwoot mapping: tables, who answers, what is odd, its history, and the way back."""

import secrets
from typing import Any

import httpx
import pytest
from sprintia_testing.arrangements import Arrangement, arranged
from sprintia_testing.commands import CommandLineHere
from sprintia_testing.databases import TestDatabases
from sprintia_testing.mending import form_at
from sprintia_testing.shop import HOSTILE, Shop, open_shop

from sprintia_viewer.web import links

EN = {"language": "en"}


@pytest.fixture(scope="module")
def shop(arrangement: Arrangement) -> Shop:
    return open_shop(arrangement.config_client, "loja-aurora")


def data(person: httpx.Client, path: str, **query: str) -> Any:
    answer = person.get(path, params={**query, "format": "json"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def routed(
    arrangement: Arrangement, tenant: str, number: str, *, account: int | None = None, crew: str = "sales"
) -> None:
    """Let Odoo send a tenant's part of the mapping."""
    mapping = {
        "chatwoot_account_id": account or secrets.randbelow(10**8) + 10**9, "internal_account_id": tenant,
        "domain": "retail", "special_whatsapp_numbers": [{"number": number, "crew": crew}],
    }  # fmt: skip
    answer = arrangement.config_client.post("/odoo-webhook/", json={"event_type": "mapping_sync", "mapping": mapping})
    assert answer.status_code == 200, answer.text


def test_before_anything_came_the_page_says_what_to_do(databases: TestDatabases, tmp_path: Any) -> None:
    with arranged("together", databases, tmp_path) as empty:
        person = empty.person("viewer")
        page = person.get(links.mapping(), params={**EN, "phone": "123"})
        assert page.status_code == 200, page.text
        assert "There is no mapping yet." in page.text
        assert "Nobody answers." in page.text
        assert "There is no mapping yet." in person.get(links.mapping("history"), params=EN).text


def test_the_tables_show_who_answers_and_no_whole_number(arrangement: Arrangement, shop: Shop) -> None:
    person = arrangement.person("viewer")
    page, found = person.get(links.mapping(), params=EN), data(person, links.mapping(), tenant=shop.tenant)
    assert [row["key"] for row in found["accounts"]["rows"]] == [shop.account]
    assert [row["key"] for row in found["inboxes"]["rows"]] == [shop.inbox]
    assert [row["sequence"] for row in found["fallbacks"]["rows"]] == [10]
    (number,) = found["numbers"]["rows"]
    assert (number["crew"], number["key"][-4:], set(number["key"][:-4])) == ("analytics", shop.phone[-4:], {"•"})
    for text in (page.text, str(found)):
        assert shop.phone.removeprefix("+") not in text
    assert (
        "Nothing of the mapping leads to this tenant."
        in person.get(links.mapping(), params={**EN, "tenant": "nobody"}).text
    )


@pytest.mark.parametrize(
    ("question", "rule"),
    [("phone", "special_number"), ("inbox", "inbox"), ("account", "account"), ("none", "fallback")],
)
def test_who_answers_is_looked_up(arrangement: Arrangement, shop: Shop, question: str, rule: str) -> None:
    asked = {"inbox": "987654321987"} if question == "none" else {question: getattr(shop, question)}
    person = arrangement.person("viewer")
    answer = data(person, links.mapping(), **asked)["answer"]
    assert (answer["outcome"], answer["resolution"]["rule"], answer["resolution"]["tenant_id"]) == (
        "answered", rule, shop.tenant,
    )  # fmt: skip
    assert (
        f'href="{links.tenant(shop.tenant)}">{shop.tenant}</a></strong>'
        in person.get(links.mapping(), params=asked).text
    )


def test_a_number_of_two_tenants_is_a_conflict(arrangement: Arrangement, shop: Shop) -> None:
    for tenant in ("twin-one", "twin-two"):
        routed(arrangement, tenant, "+55 21 5550 7788")
    person = arrangement.person("viewer")
    page = person.get(links.mapping(), params={**EN, "phone": "552155507788"})
    assert "Several tenants could answer." in page.text
    found = [each["finding"] for each in data(person, links.mapping())["findings"]]
    assert {"kind": "number_twice", "key": "••••••••7788", "tenants": ["twin-one", "twin-two"]} in found
    assert {"kind": "no_documents", "key": "", "tenants": ["twin-one", "twin-two"]} in found
    of_one = [each["finding"] for each in data(person, links.mapping(), tenant="twin-one")["findings"]]
    assert {"kind": "no_documents", "key": "", "tenants": ["twin-one"]} in of_one
    assert not data(person, links.mapping(), tenant=shop.tenant)["findings"]


@pytest.mark.parametrize("hostile", [*HOSTILE, "x" * 129, "\N{SNOWMAN}", "' OR 1=1 --"])
def test_hostile_questions_are_text(arrangement: Arrangement, shop: Shop, hostile: str) -> None:
    person = arrangement.person("viewer")
    for field in ("account", "inbox", "phone", "tenant", "section"):
        page = person.get(links.mapping(), params={field: hostile})
        assert page.status_code in {200, 400, 422}, page.text
        assert not any(text in page.text for text in HOSTILE[:4])
    assert person.get(links.mapping("history"), params={"tenant": hostile}).status_code in {200, 400, 422}


def test_history_leads_to_each_version_and_what_it_changed(arrangement: Arrangement) -> None:
    for crew in ("sales", "support", "night"):
        routed(arrangement, "walked", "+55 31 4444 3333", account=4_040_404, crew=crew)
    person = arrangement.person("viewer")
    found = data(person, links.mapping("history"), tenant="walked")["versions"]
    assert [version["version"] for version in found] == [3, 2, 1]
    assert all(version["actor"] and version["origin"] == "webhook" for version in found)
    page = person.get(links.mapping("history", "walked", 2), params=EN)
    assert "You read version 2; version 3 stands." in page.text
    assert links.mapping("history", "walked", 2, "rollback") not in page.text, (
        "who may not write is offered no way back"
    )
    (change,) = data(person, links.mapping("history", "walked", 2))["changes"]
    assert (change["section"], change["operation"], change["key"]) == ("special_numbers", "changed", "••••••••3333")
    assert ("crew: sales" in change["old"], "crew: support" in change["new"]) == (True, True)
    assert "44443333" not in page.text
    older = data(person, links.mapping("history"), tenant="walked", before=str(found[1]["id"]))["versions"]
    assert [version["version"] for version in older] == [1]
    for missing in (links.mapping("history", "walked", 4), links.mapping("history", "walked", 0)):
        assert person.get(missing).status_code == 404


def test_what_retention_removed_and_what_brought_the_rest_is_told(arrangement: Arrangement) -> None:
    for crew in ("sales", "support", "night", "day"):
        routed(arrangement, "thinned", "+55 31 4444 3335", account=6_464_646, crew=crew)
    statement = "UPDATE config.mapping_version SET created_at = created_at - interval '9 days' WHERE tenant_id = $1"
    TestDatabases.run(arrangement.config.database_url, statement, "thinned")
    rule = {"SPRINTIA_CONFIG_RETENTION_VERSIONS": "2", "SPRINTIA_CONFIG_RETENTION_DAYS": "1"}
    command = CommandLineHere({**arrangement.config.environ, **rule, "SPRINTIA_PLUGINS": "config"})
    assert command.json("config", "retention", "--tenant", "thinned")[0]["mappings"] == 2
    person = arrangement.person("viewer")
    page = data(person, links.mapping("history"), tenant="thinned")
    assert [version["version"] for version in page["versions"]] == [4, 3]
    assert page["versions"][0]["removed"] is None
    gap = page["versions"][1]["removed"]
    assert (gap["first"], gap["last"], gap["since"] == gap["until"]) == (1, 2, True)
    assert page["retention"]["kept_versions"] == 2
    brought = [person.get(links.deliveries("thinned", version["delivery"]), params=EN) for version in page["versions"]]
    assert [answer.status_code for answer in brought] == [200, 200]
    assert [links.mapping("history", "thinned", 4) in answer.text for answer in brought] == [True, False]
    assert "What it changed is not listed any more" in brought[1].text
    shown = person.get(links.mapping("history"), params={**EN, "tenant": "thinned"}).text
    assert "Versions 1 to 2 are kept no more. Removed on <time" in shown
    assert "It keeps the newest 2 versions of each document" in shown
    every = data(person, links.mapping("history"))["versions"]
    assert {version["removed"] for version in every} == {None}, "of several tenants nothing is known to be missing"


def test_an_old_version_is_found_behind_many(arrangement: Arrangement) -> None:
    for number in range(57):
        routed(arrangement, "long-lived", "+55 31 4444 3332", account=5_050_505, crew=f"crew-{number + 1}")
    person = arrangement.person("viewer")
    first = data(person, links.mapping("history"), tenant="long-lived")
    assert (len(first["versions"]), first["versions"][0]["version"]) == (50, 57)
    rest = data(person, first["older"].partition("?")[0], **dict(httpx.QueryParams(first["older"].partition("?")[2])))
    assert [version["version"] for version in rest["versions"]] == [7, 6, 5, 4, 3, 2, 1]
    for number in (1, 4, 7, 8, 57):
        assert (
            data(person, links.mapping("history", "long-lived", number))["view"]["numbers"][0]["crew"]
            == f"crew-{number}"
        )


def test_rolling_back_shows_what_will_change_then_does_it_once(arrangement: Arrangement) -> None:
    for crew in ("before", "after"):
        routed(arrangement, "turned", "+55 41 3333 2222", account=6_060_606, crew=crew)
    editor, place = arrangement.person("editor"), links.mapping("history", "turned", 1, "rollback")
    preview = editor.get(place, params=EN)
    assert "crew: after" in preview.text
    assert [version["version"] for version in data(editor, links.mapping("history"), tenant="turned")["versions"]] == [
        2,
        1,
    ]
    fields = form_at(preview, place).fields | {"reason": "<b>wrong crew</b>"}
    done, again = (editor.post(place, data=fields) for _ in range(2))
    history = data(editor, links.mapping("history"), tenant="turned")["versions"]
    assert [version["version"] for version in history] == [3, 2, 1]
    assert (history[0]["message"], history[0]["origin"]) == ("<b>wrong crew</b>", "rollback")
    assert history[0]["actor"].startswith("user:editor-")
    assert "<b>wrong crew" not in editor.get(links.mapping("history"), params={"tenant": "turned"}).text
    for answer in (done, again):
        assert (answer.status_code, answer.headers["location"]) == (303, links.mapping("history", "turned", 3))
    assert data(editor, links.mapping(), tenant="turned")["numbers"]["rows"][0]["crew"] == "before"
    assert "This content stands already." in editor.get(place, params=EN).text


def test_on_what_somebody_else_changed_meanwhile_nothing_is_rolled_back(arrangement: Arrangement) -> None:
    for crew in ("one", "two"):
        routed(arrangement, "raced", "+55 41 3333 1111", account=7_070_707, crew=crew)
    editor, place = arrangement.person("editor"), links.mapping("history", "raced", 1, "rollback")
    fields = form_at(editor.get(place), place).fields
    routed(arrangement, "raced", "+55 41 3333 1111", account=7_070_707, crew="three")
    refused = editor.post(place, data=fields | {"reason": "kept"}, params=EN)
    assert (refused.status_code, "Somebody saved meanwhile" in refused.text) == (409, True)
    assert 'value="kept"' in refused.text
    assert data(editor, links.mapping(), tenant="raced")["numbers"]["rows"][0]["crew"] == "three"


def test_what_another_tenant_has_now_cannot_come_back(arrangement: Arrangement) -> None:
    routed(arrangement, "gave", "+55 41 3333 0000", account=8_080_808)
    part = {"accounts": {"8080809": {"account_id": "gave", "domain": "retail"}, "8080808": None}}
    merged = arrangement.config_client.patch("/mapping", json={"mapping_data": part})
    assert merged.status_code == 200, merged.text
    routed(arrangement, "took", "+55 41 3333 0001", account=8_080_808)
    editor, place = arrangement.person("editor"), links.mapping("history", "gave", 1, "rollback")
    fields = form_at(editor.get(place), place).fields
    refused = editor.post(place, data=fields, params=EN)
    assert (refused.status_code, "Nothing was rolled back." in refused.text) == (409, True), refused.text
    assert data(editor, links.mapping(), account="8080808")["answer"]["resolution"]["tenant_id"] == "took"


def test_rights_and_reach_hold(arrangement: Arrangement, shop: Shop) -> None:
    routed(arrangement, "kept-apart", "+55 51 2222 1111")
    routed(arrangement, "kept-apart", "+55 51 2222 1112")
    place = links.mapping("history", "kept-apart", 1, "rollback")
    assert arrangement.person("viewer").get(place).status_code == 403
    assert arrangement.person("viewer").post(place, data={}).status_code == 403
    bound = arrangement.person(arrangement.user("editor", tenants=[shop.tenant]))
    for path in (links.mapping("history", "kept-apart", 1), place):
        assert bound.get(path).status_code == 404
    for path in (links.mapping(), links.mapping("history"), links.mapping("history", tenant="kept-apart")):
        page = bound.get(path)
        assert page.status_code == 200, page.text
        assert ">kept-apart<" not in page.text
    assert arrangement.stranger().get(links.mapping()).status_code == 303
