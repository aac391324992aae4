"""Searching: what was found, each place once with the reason, and what else to try when nothing was."""

from html import unescape
from typing import Any

import httpx
import pytest
from sprintia_testing.arrangements import Arrangement
from sprintia_testing.mending import put

from sprintia_viewer.web import links

EN = {"language": "en"}
KEY = ("loja-acacias", "retail", "config")


@pytest.fixture(scope="module")
def arrangement(arrangement: Arrangement) -> Arrangement:
    put(arrangement, KEY, "entrega:\n  taxa: '9.50'\n  rua: Rua das Acácias\n  cidade: Moema\n")
    return arrangement


def searched(person: httpx.Client, **query: str) -> tuple[str, Any]:
    page = person.get(links.search(), params={**query, **EN})
    return unescape(page.text), person.get(links.search(), params={**query, "format": "json"}).json()


@pytest.mark.parametrize("text", ["taxa: 9.50", "taxa 9.50"])
def test_a_key_with_its_value_leads_to_the_fields_for_both(arrangement: Arrangement, text: str) -> None:
    person = arrangement.person("viewer")
    page, data = searched(person, q=text)
    assert data["hits"] == []
    assert "What was typed is looked for as a whole, as it is written" in page
    key, value, address = data["split"]
    assert (key, value) == ("taxa", "9.50")
    assert f'href="{address}"' in page
    assert [hit["tenant_id"] for hit in person.get(f"{address}&format=json").json()["hits"]] == [KEY[0]]


def test_words_of_a_text_that_is_nowhere_are_offered_alone(arrangement: Arrangement) -> None:
    person = arrangement.person("viewer")
    page, data = searched(person, q="acacias, moema", tenant=KEY[0])
    assert data["words"] == [[word, links.search(q=word, tenant=KEY[0])] for word in ("acacias", "moema")]
    for word, address in data["words"]:
        assert f"Search for “{word}” alone" in page
        assert person.get(f"{address}&format=json").json()["hits"]
    assert searched(person, q="nowhere")[1]["words"] == []


@pytest.mark.parametrize("text", ["<script>alert(1)</script> x:y", '" onclick="x', ": :", "=" * 200, "a:", ":a"])
def test_hostile_texts_stay_text(arrangement: Arrangement, text: str) -> None:
    page = arrangement.person("viewer").get(links.search(), params={"q": text})
    assert page.status_code in {200, 422}, page.text
    assert "<script>alert" not in page.text
    assert ' onclick="x' not in page.text


def test_a_place_that_key_and_value_name_stands_once(arrangement: Arrangement) -> None:
    page, data = searched(arrangement.person("viewer"), q="rua")
    assert sorted(match["found_in"] for match in data["hits"][0]["matches"]) == ["path", "value"]
    place = f'<a href="{links.key(*KEY, "/entrega/rua")}">'
    assert page.count(place) == 1
    row = page.partition(place)[2].partition("</li>")[0]
    assert ">key</span>" in row
    assert ">value</span>" in row
    assert "Rua das Acácias" in row


def test_a_hit_by_id_says_so(arrangement: Arrangement) -> None:
    page, data = searched(arrangement.person("viewer"), q="loja-aca")
    assert (data["hits"][0]["in_ids"], data["hits"][0]["matches"]) == (True, [])
    assert "in the id" in page
    assert "in the id" not in searched(arrangement.person("viewer"), q="rua")[0]


@pytest.mark.parametrize(("query", "field"), [({"q": "a"}, "Anywhere"), ({"value": "b"}, "In values")])
def test_a_text_that_is_too_short_names_the_field_of_the_page(
    arrangement: Arrangement, query: dict[str, str], field: str
) -> None:
    answer = arrangement.person("viewer").get(links.search(), params={**query, **EN})
    assert answer.status_code == 422
    assert f"Type at least 2 characters, not counting spaces, in: {field}." in answer.text


def test_further_filters_are_folded_until_one_is_set(arrangement: Arrangement) -> None:
    person = arrangement.person("viewer")
    folded, unfolded = '<details class="more">', '<details class="more" open>'
    assert folded in person.get(links.search(q="rua")).text
    assert unfolded in person.get(links.search(q="rua", domain="retail")).text


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("+55 (11) 99999-9999", ["phone"]), ("5511999999999", ["phone"]), ("41", ["account", "inbox"]), ("4a", []),
        ("9.50", ["account", "inbox"]), ("-55119999999", []), ("٥٥١١٩٩٩٩٩", []),
    ],
)  # fmt: skip
def test_a_number_that_no_document_holds_leads_to_the_mapping(
    arrangement: Arrangement, text: str, names: list[str]
) -> None:
    page, data = searched(arrangement.person("viewer"), q=text, tenant="nobody")
    assert [address for _, address in data["routes"]] == [links.mapping(**{name: text}) for name in names]
    assert all(f'href="{address}"' in page for _, address in data["routes"])


@pytest.mark.parametrize("name", ["tenant", "domain", "type"])
def test_a_filter_alone_lists_what_has_it(arrangement: Arrangement, name: str) -> None:
    ids = {"tenant": "filtered", "domain": "of-filters", "type": "kind_of_filters"}
    for key in ("filtered", "of-filters", "kind_of_filters"), ("other", "x-of-filters", "kind_of_filters-x"):
        put(arrangement, key, "a: 1\n")
    found = arrangement.person("viewer").get(links.search(**{name: ids[name], "format": "json"})).json()
    assert [list(ids.values())] == [
        [hit[key] for key in ("tenant_id", "domain", "config_type")] for hit in found["hits"]
    ]


def test_a_tenant_without_documents_is_found_by_its_id(arrangement: Arrangement) -> None:
    put(arrangement, ("emptied-one", "retail", "config"), "a: 1\n")
    person = arrangement.person("viewer")
    leads = links.path("", text="emptied")
    assert leads not in person.get(links.search(q="emptied", **EN)).text
    assert arrangement.config_client.delete("/configs/emptied-one/retail/config").status_code == 200
    assert leads in person.get(links.search(q="emptied", **EN)).text
    assert (
        leads not in arrangement.person(arrangement.user("viewer", tenants=["x"])).get(links.search(q="emptied")).text
    )


@pytest.mark.parametrize(
    "address",
    [
        links.search(q="loja", tenant="minha loja"), links.search(type="regras de negócio"),
        links.deliveries(tenant="minha loja"), links.mapping("history", tenant="minha loja"),
        links.compare(left="minha loja/retail", right="b/retail", type_="config"),
        links.document("minha loja", "retail", "config"),
        links.new_document("ids", domain="retail", config_type="ação"),
    ],
)  # fmt: skip
def test_what_is_no_id_is_told_in_the_readers_language(arrangement: Arrangement, address: str) -> None:
    put(arrangement, ("ids", "retail", "config"), "a: 1\n")
    for language, told in ("pt-BR", "letras sem acento"), ("en", "letters without accents"):
        page = arrangement.person("editor", language=language).get(address)
        assert page.status_code in {404, 422}
        assert told in page.text
        assert "must be" not in page.text
