"""A tenant's page: what it holds, who delivers, what was not taken, when it changed."""

import asyncio
import csv
from io import StringIO

import pytest
from sprintia_testing.arrangements import Arrangement, Role
from sprintia_testing.clients import eventually
from sprintia_testing.databases import TestDatabases
from sprintia_testing.mending import form_at, put, stands, written
from sprintia_testing.shop import open_shop

from sprintia_platform.keys.store import create_key, revoke_key
from sprintia_platform.keys.tokens import NewToken
from sprintia_viewer.web import links


def test_a_tenants_page_tells_what_it_holds(arrangement: Arrangement) -> None:
    shop = open_shop(arrangement.config_client, "loja-aurora")
    person = arrangement.person("viewer")
    page = person.get(links.tenant("loja-aurora"), params={"language": "en"})
    assert page.status_code == 200, page.text
    data = person.get(links.tenant("loja-aurora"), params={"format": "json"}).json()
    assert data["tenant"]["documents"] == len(data["documents"]) > 1
    assert all(each["actor"] and each["origin"] for each in data["documents"])
    assert data["activity"]["total"] > len(data["documents"])
    assert {each["outcome"] for each in data["troubles"]} == {"refused"}
    assert any(each["source"]["last_applied_at"] for each in data["sources"])
    for sentinel in shop.sentinels:
        assert sentinel not in page.text
    assert "Write a new document" not in page.text


def test_who_fell_silent_is_told_in_the_list_and_on_the_page(arrangement: Arrangement) -> None:
    en, person = {"language": "en"}, arrangement.person("viewer")
    for tenant, days in (("silent", 5), ("speaking", 1)):
        open_shop(arrangement.config_client, tenant)
        TestDatabases.run(
            arrangement.config.database_url,
            f"UPDATE config.delivery SET received_at = received_at - interval '{days} days' WHERE tenant_id = $1",
            tenant,
        )
        for place, query in ((links.home(), {"text": tenant}), (links.tenant(tenant), {})):
            page = person.get(place, params=en | query)
            assert page.status_code == 200
            assert ("silent for 5 days" in page.text) == (tenant == "silent"), page.text


def test_who_edits_is_led_to_a_new_document(arrangement: Arrangement) -> None:
    open_shop(arrangement.config_client, "loja-nova")
    editor = arrangement.person("editor")
    page = editor.get(links.tenant("loja-nova"), params={"language": "en"})
    assert "Write a new document" in page.text
    led = editor.get(links.new_document("loja-nova", domain="retail", config_type="hours"))
    assert (led.status_code, led.headers["location"]) == (303, links.edit("loja-nova", "retail", "hours"))
    refused = editor.get(links.new_document("loja-nova", domain="retail", config_type="regras de <negócio>"))
    assert refused.status_code == 422
    assert 'value="regras de &lt;negócio&gt;"' in refused.text


def test_who_edits_finds_what_was_deleted_and_the_way_back(arrangement: Arrangement) -> None:
    key = written(arrangement, "a: 1\n")
    put(arrangement, (key[0], key[1], "stays"), "a: 1\n")
    editor, en = arrangement.person("editor"), {"language": "en"}
    assert "deleted document" not in editor.get(links.tenant(key[0]), params=en).text
    for config_type, standing in (key[2], {"stays"}), ("stays", set()):
        assert arrangement.config_client.delete(f"/configs/{key[0]}/{key[1]}/{config_type}").status_code == 200
        page = editor.get(links.tenant(key[0]), params=en)
        data = editor.get(links.tenant(key[0]), params={"format": "json"}).json()
        assert {head["config_type"] for head in data["documents"]} == standing
        assert links.history(key[0], key[1], config_type) in page.text
        assert ("Nothing stands." in page.text) == (not standing)
    assert "2 deleted documents" in page.text
    assert links.rollback(*key, 1) in editor.get(links.history(*key)).text


@pytest.mark.parametrize("domain", ["export", "import", "new", "history", "search"])
def test_a_domain_may_be_called_as_a_page_is(arrangement: Arrangement, domain: str) -> None:
    key = ("named", domain, "history")
    put(arrangement, key, "a: 1\n")
    editor = arrangement.person("editor")
    for address in (links.document(*key), links.history(*key), links.edit(*key), links.version(*key, 1)):
        assert editor.get(address).status_code == 200, address


@pytest.mark.parametrize("tenant", ["nobody", "a%20b", "%3Cscript%3E"])
def test_an_unknown_tenant_and_one_out_of_reach_look_alike(arrangement: Arrangement, tenant: str) -> None:
    put = {"content": b"a: 1\n", "headers": {"Content-Type": "application/yaml"}}
    assert arrangement.config_client.put("/configs/somebodys/retail/config", **put).status_code == 200
    bound = arrangement.person(arrangement.user("viewer", tenants=["another"]))
    unknown, out_of_reach = bound.get(f"/viewer/t/{tenant}"), bound.get(links.tenant("somebodys"))
    assert (unknown.status_code, out_of_reach.status_code) == (404, 404)
    assert "<script>" not in unknown.text
    assert "somebodys" not in bound.get(links.home()).text


def test_the_list_of_tenants_is_a_file_too(arrangement: Arrangement) -> None:
    put = {"content": b"a: 1\n", "headers": {"Content-Type": "application/yaml"}}
    for tenant in ("-listed", "@listed", "listed"):
        assert arrangement.config_client.put(f"/configs/{tenant}/retail/config", **put).status_code == 200
    answer = arrangement.person("viewer").get(links.home(), params={"text": "listed", "format": "csv"})
    assert answer.status_code == 200, answer.text
    rows = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))
    assert {row["tenant_id"]: row["documents"] for row in rows} == {"'-listed": "1", "'@listed": "1", "listed": "1"}


def test_what_people_change_on_these_pages_is_no_delivery(arrangement: Arrangement) -> None:
    key = written(arrangement, "a: 1\n", "a: 2\n")
    before = arrangement.person("viewer").get(links.tenant(key[0]), params={"format": "json"}).json()
    editor = arrangement.person("editor")
    address = links.rollback(*key, 1)
    form = form_at(editor.get(address), address)
    assert editor.post(address, data=form.fields).status_code == 303
    assert stands(arrangement, key) == (3, "a: 1\n")
    after = arrangement.person("viewer").get(links.tenant(key[0]), params={"format": "json"}).json()
    assert after["sources"] == before["sources"]
    assert after["tenant"]["delivered_at"] == before["tenant"]["delivered_at"]


def test_a_key_is_told_by_its_name(arrangement: Arrangement) -> None:
    key = written(arrangement, "a: 1\n")
    history = arrangement.person("viewer").get(links.history(*key))
    actor = arrangement.person("viewer").get(links.history(*key), params={"format": "json"}).json()["lines"][0]["item"]
    name = "API_KEY" if actor["actor"] == "key:bootstrap" else "test"
    assert f'title="{actor["actor"]}">{name}</span>' in history.text
    assert f">{actor['actor']}<" not in history.text


def test_the_name_of_a_key_leads_to_it_until_it_is_revoked(arrangement: Arrangement) -> None:
    keys = arrangement.config.host.database
    name, told = "Odoo <b>da loja</b>", "Odoo &lt;b&gt;da loja&lt;/b&gt;"

    async def make() -> NewToken:
        async with keys.transaction("platform", "*") as connection:
            return await create_key(
                connection, name=name, rights=["config:write"], tenants=None, networks=[], expires_at=None, actor="test"
            )

    async def revoke(key_id: str) -> bool:
        async with keys.transaction("platform", "*") as connection:
            return await revoke_key(connection, key_id, actor="test")

    def shows(role: Role, page: str, text: str) -> None:
        """Names are remembered for some seconds."""
        person = arrangement.person(role)

        async def stands_there() -> bool:
            return text in (await asyncio.to_thread(person.get, page)).text

        asyncio.run(eventually(stands_there, f"{page} says {text}"))

    made = arrangement.config.run(make)
    key = (f"named-{arrangement.name}", "retail", "config")
    answer = arrangement.config.as_key(made.text).put(f"/configs/{'/'.join(key)}", json={"a": 1})
    assert answer.status_code == 200, answer.text
    actor, place = f"key:{made.key_id}", links.keys(made.key_id)
    for page in (links.history(*key), links.document(*key), links.tenant(key[0])):
        shows("admin", page, f'<a class="actor" title="{actor}" href="{place}">{told}</a>')
        shows("viewer", page, f'<span class="actor" title="{actor}">{told}</span>')
    assert arrangement.config.run(lambda: revoke(made.key_id))
    shows("admin", links.history(*key), f">{actor}</span>")


def test_the_audit_is_asked_by_the_name_that_it_shows(arrangement: Arrangement) -> None:
    admin = arrangement.person("admin")
    name = admin.get(links.account(), params={"format": "json"}).json()["name"]
    short, whole = (
        admin.get(links.audit(actor=actor), params={"format": "json"}).json()["events"]
        for actor in (name, f"user:{name}")
    )
    assert short
    assert [event["event"]["seq"] for event in short] == [event["event"]["seq"] for event in whole]
