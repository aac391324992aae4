"""A document's pages: as it stands, as it stood, its history, and who set what."""

import re
import subprocess
from html import unescape

import httpx
import pytest
from sprintia_testing.arrangements import Arrangement
from sprintia_testing.crawling import links_in

from sprintia_viewer.web import links

SENTINEL = "sentinel-of-a-shown-secret"
KEY = ("shown", "retail", "config")
EN = {"language": "en"}
HOSTILE = "a: '<script>alert(1)</script>'\nb: '<img src=x onerror=alert(1)>'\nc: '\" hx-get=/x'\nd: \"\\u202Eevil\"\n"
TEXTS = (
    "# first\nname: Loja\nhours: {open: 08:00, close: 18:00}\nlist:\n  - a\n  - b: 1\n",
    "# first\nname: Loja\nhours: {open: 09:00, close: 18:00}\nlist:\n  - a\n  - b: 1\n",
    "# first\nname: Loja\nhours: {open: 08:00, close: 18:00}\nlist:\n  - a\n  - b: 1\n",
)


def put(client: httpx.Client, place: str, text: str) -> None:
    answer = client.put(f"/configs/{place}", content=text.encode(), headers={"Content-Type": "application/yaml"})
    assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
def arrangement(arrangement: Arrangement) -> Arrangement:
    for text in TEXTS:
        put(arrangement.config_client, "shown/retail/config", text)
    put(arrangement.config_client, "shown/retail/hostile", HOSTILE)
    put(arrangement.config_client, "shown/retail/credentials", f"credentials:\n  odoo: {SENTINEL}\nplain: 1\n")
    put(arrangement.config_client, "shown/retail/gone", "a: 1\n")
    assert arrangement.config_client.delete("/configs/shown/retail/gone").status_code == 200
    return arrangement


def text_of(html: str) -> str:
    """What a person reads of the code on a page."""
    code = re.search(r'<pre id="code"><code>(.*?)</code></pre>', html, re.DOTALL)
    assert code, html
    beside = re.sub(r'<span class="aside">.*?</a></span>|<span class="aside">.*?</span></span>', "", code[1])
    return unescape(re.sub(r"<[^>]*>", "", beside))


def test_a_document_is_shown_as_it_was_received(arrangement: Arrangement) -> None:
    person = arrangement.person("viewer")
    page = person.get(links.document(*KEY), params=EN)
    assert page.status_code == 200, page.text
    assert text_of(page.text) == TEXTS[2]
    assert 'id="L3"' in page.text
    for pointer in ("/name", "/hours", "/hours/open", "/hours/close", "/list", "/list/0", "/list/1", "/list/1/b"):
        assert f'id="k:{pointer}"' in page.text
    assert person.get(links.document(*KEY, "raw")).text == TEXTS[2]
    assert person.get(links.document(*KEY, "newer")).json() == {"version": 3}
    json = person.get(links.document(*KEY), params={"view": "json"}).text
    assert '"open": "08:00"' in text_of(json)


def test_who_may_not_edit_is_offered_nothing_to_edit(arrangement: Arrangement) -> None:
    for role, offered in (("viewer", False), ("editor", True)):
        page = arrangement.person(role).get(links.document(*KEY)).text
        assert (links.edit(*KEY) in page) == offered
        assert (links.delete(*KEY) in page) == offered


def test_an_old_version_is_shown_without_making_it_stand(arrangement: Arrangement) -> None:
    person = arrangement.person("editor")
    page = person.get(links.version(*KEY, 2), params=EN)
    assert text_of(page.text) == TEXTS[1]
    assert "You read version 2. Version 3 stands." in page.text
    assert links.difference(*KEY, 2, 3) in page.text
    assert links.rollback(*KEY, 2) in page.text
    assert person.get(links.document(*KEY, "newer")).json() == {"version": 3}
    assert f'"{links.document(*KEY, "v", 2, view="json")}"' in page.text, "its JSON, not that of what stands"
    json = person.get(links.version(*KEY, 2), params={"view": "json"}).text
    assert '"open": "09:00"' in text_of(json)
    assert f'"{links.version(*KEY, 2)}">YAML' in json


def test_a_version_leads_to_the_delivery_that_brought_it(arrangement: Arrangement) -> None:
    key = ("delivered", "retail", "config")
    place, headers = f"/configs/{'/'.join(key)}", {"Content-Type": "application/yaml"}
    for number in (1, 2):
        sent = headers | {"Idempotency-Key": f"delivery-{number}"}
        assert arrangement.config_client.put(place, content=f"n: {number}\n", headers=sent).status_code == 200
    put(arrangement.config_client, "/".join(key), "n: 3\n")
    listed = arrangement.config_client.get("/config/deliveries", params={"tenant": key[0]}).json()
    by_name = {each["delivery_id"]: each["id"] for each in listed}
    person = arrangement.person("viewer")
    for number, delivery in ((1, by_name["delivery-1"]), (2, by_name["delivery-2"]), (3, None)):
        answer = person.get(links.version(*key, number), params={"format": "json"}).json()
        assert answer["delivery"] == delivery
        linked = f'"{links.deliveries(key[0], delivery)}"' in person.get(links.version(*key, number)).text
        assert linked == (delivery is not None)


@pytest.mark.parametrize(
    ("name", "text", "whole"),
    [
        ("plain", "a: 1\n# <b> & \"c\"\n\nb: ' x'", True),
        ("crlf", "a: 1\r\nb: 2\r\n", True),
        ("masked", f"password: {SENTINEL}\nplain: 1\n", True),
        ("unseen", 'a: "x\u202ey"\n', False),
        ("wide", f"a: {'x' * 6_000}\n", False),
        ("tall", "".join(f"key_{number}: {number}\n" for number in range(9_000)), False),
    ],
)  # fmt: skip
def test_only_a_text_that_is_whole_on_the_page_is_offered_to_be_copied(
    arrangement: Arrangement, name: str, text: str, *, whole: bool
) -> None:
    key = ("copied", "retail", name)
    put(arrangement.config_client, "/".join(key), text)
    page = arrangement.person("viewer").get(links.document(*key), params=EN).text
    assert ('data-copy-from="code"' in page) == whole
    assert SENTINEL not in page
    assert ('<span class="aside">' in page) == (name == "masked")
    assert ("Secrets are masked." in page) == (name == "masked")
    if whole:
        raw = arrangement.person("viewer").get(links.document(*key, "raw")).text
        assert text_of(page).splitlines() == raw.splitlines()


def test_history_tells_who_when_how_much_and_what_is_the_same(arrangement: Arrangement) -> None:
    person = arrangement.person("viewer")
    data = person.get(links.history(*KEY), params={"format": "json"}).json()
    assert [line["item"]["version"] for line in data["lines"]] == [3, 2, 1]
    assert [line["same_as"] for line in data["lines"]] == [1, None, None]
    assert [line["item"]["counts"]["changed"] for line in data["lines"]] == [1, 1, 0]
    page = person.get(links.history(*KEY), params=EN).text
    assert "identical to v1" in page
    assert page.count('name="from"') == page.count('name="to"') == 3
    older = person.get(links.history(*KEY), params={"before": 3, "format": "json"}).json()
    assert [line["item"]["version"] for line in older["lines"]] == [2, 1]


def test_blame_tells_who_set_each_line(arrangement: Arrangement) -> None:
    data = arrangement.person("viewer").get(links.blame(*KEY), params={"format": "json"}).json()
    versions = [each["path"]["version"] if each["path"] else None for each in data["lines"]]
    assert versions == [None, 1, 3, None, 1, 1], "of a line with several values, the one set last"
    page = arrangement.person("viewer").get(links.blame(*KEY), params=EN)
    assert page.status_code == 200
    assert "key:" in page.text


def test_a_deleted_document_tells_who_deleted_it(arrangement: Arrangement) -> None:
    person = arrangement.person("editor")
    gone = ("shown", "retail", "gone")
    page = person.get(links.document(*gone), params=EN)
    assert page.status_code == 410
    assert "Version 2 deleted this document." in page.text
    assert links.rollback(*gone, 1) in page.text
    assert person.get(links.version(*gone, 2), params=EN).status_code == 200
    assert "The document is deleted." in person.get(links.version(*gone, 1), params=EN).text


@pytest.mark.parametrize("role", ["viewer", "editor", "admin"])
@pytest.mark.parametrize("below", [(), ("v", 1), ("raw",), ("history",), ("blame",)])
def test_a_secret_is_on_no_page(arrangement: Arrangement, role: str, below: tuple[object, ...]) -> None:
    place = links.document("shown", "retail", "credentials", *below)
    for query in ({}, {"view": "json"}, {"format": "json"}):
        answer = arrangement.person(role).get(place, params=query)
        assert answer.status_code == 200, answer.text
        assert SENTINEL not in answer.text
    page = arrangement.person(role).get(links.document("shown", "retail", "credentials")).text
    assert ("/secrets/odoo" in page) == (role == "admin")


def test_what_looks_like_markup_stays_text(arrangement: Arrangement) -> None:
    for below in ((), ("blame",)):
        page = arrangement.person("viewer").get(links.document("shown", "retail", "hostile", *below)).text
        for planted in ("<script>alert", "<img src=x", "\u202e"):
            assert planted not in page
        assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize(
    "below", [("v", 99), ("v", 0), ("v", 2**70), ("v", "x"), ("nothing",), ("history", "x"), ("v",)]
)
def test_what_is_not_there_is_a_page_that_says_so(arrangement: Arrangement, below: tuple[object, ...]) -> None:
    answer = arrangement.person("viewer").get(links.document(*KEY, *below))
    assert answer.status_code == 404, answer.text
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("below", [(), ("history",), ("blame",), ("raw",), ("newer",), ("v", 1), ("diff", "1..2")])
def test_another_tenants_document_is_not_there(arrangement: Arrangement, below: tuple[object, ...]) -> None:
    bound = arrangement.person(arrangement.user("admin", tenants=["another"]))
    answer = bound.get(links.document(*KEY, *below))
    assert answer.status_code == 404 or answer.json() == {"version": 0}
    assert "Loja" not in answer.text


def test_a_large_text_is_shown_part_by_part(arrangement: Arrangement) -> None:
    put(arrangement.config_client, "shown/retail/large", "".join(f"key_{n}: value {n}\n" for n in range(9_000)))
    person = arrangement.person("viewer")
    place, seen = links.document("shown", "retail", "large"), 0
    while place:
        page = person.get(place)
        assert len(page.content) < 300_000
        data = person.get(f"{place}{'&' if '?' in place else '?'}format=json").json()
        assert data["text"]["lines"][0]["number"] == seen + 1
        seen += len(data["text"]["lines"])
        place = data["rest"]
    assert seen == 9_000


@pytest.mark.parametrize(("language", "placeholder"), [("en", "YOUR_KEY"), ("pt-BR", "SUA_CHAVE")])
def test_the_call_that_is_copied_needs_the_key_alone(arrangement: Arrangement, language: str, placeholder: str) -> None:
    page = arrangement.person("viewer").get(links.document(*KEY), params={"language": language})
    copied = [unescape(text) for text in re.findall(r'data-copy="([^"]*)"', page.text)]
    (call,) = [text for text in copied if text.startswith("curl ")]
    assert placeholder in call
    given = str(arrangement.config_client.headers["X-API-Key"])
    done = subprocess.run(
        ["bash", "-c", call.replace(placeholder, given)], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout == TEXTS[2]


@pytest.mark.parametrize(
    ("language", "said"), [("en", "begin with the search"), ("pt-BR", "Confira o endereço, ou comece pela busca.")]
)
def test_an_address_without_a_page_leads_on_to_the_search(arrangement: Arrangement, language: str, said: str) -> None:
    person = arrangement.person("viewer")
    page = person.get(links.path("naoexiste"), params={"language": language}, headers={"Accept": "text/html"})
    assert page.status_code == 404
    assert said in unescape(page.text)
    main = page.text[page.text.index("<main") :]
    assert f'href="{links.search()}"' in main
    assert "/schema" not in main
    program = person.get(links.path("naoexiste"), headers={"Accept": "application/json"})
    assert "/schema" in program.json()["detail"]


def test_no_tab_of_a_new_document_or_of_a_deleted_one_leads_nowhere(arrangement: Arrangement) -> None:
    new, deleted = ("tabs", "retail", "new"), ("tabs", "retail", "deleted")
    for text in TEXTS[:2]:
        put(arrangement.config_client, "/".join(deleted), text)
    assert arrangement.config_client.delete(f"/configs/{'/'.join(deleted)}").status_code == 200
    editor = arrangement.person("editor")
    gone = links.document(*deleted)
    for address in (
        links.edit(*new), links.edit(*deleted), links.history(*deleted), links.version(*deleted, 1),
        links.version(*deleted, 3), links.difference(*deleted, 1, 2), links.difference(*deleted, 2, 3),
    ):  # fmt: skip
        page = editor.get(address)
        assert page.status_code == 200, address
        for link in {link.partition("#")[0] for link in links_in(page.text)}:
            if link.startswith(links.tenant("tabs")):
                answer = editor.get(link)
                assert answer.status_code in {200, 303} or (link.startswith(gone) and answer.status_code == 410), link


def test_a_version_of_long_ago_is_compared_with_who_and_when(arrangement: Arrangement) -> None:
    for number in range(1, 106):
        put(arrangement.config_client, "far/retail/config", f"a: {number}\n")
    page = arrangement.person("viewer").get(links.difference("far", "retail", "config", 2, 105), params=EN)
    data = arrangement.person("viewer").get(f"{links.difference('far', 'retail', 'config', 2, 105)}?format=json").json()
    assert data["left"]["item"]["version"] == 2
    assert data["earlier"] == links.difference("far", "retail", "config", 1, 2)
    assert len(re.findall(r'<option value="2"', page.text)) == 2


def test_many_long_changes_keep_a_page_small(arrangement: Arrangement) -> None:
    key = ("bulky", "retail", "config")
    for word in ("antes", "depois"):
        text = "".join(f"chave_{number}: {' '.join([word] * 60)}\n" for number in range(900))
        put(arrangement.config_client, "/".join(key), text)
    editor = arrangement.person("editor")
    for address in (links.difference(*key, 1, 2), links.rollback(*key, 1)):
        page = editor.get(address, params=EN)
        assert page.status_code == 200
        assert len(page.content) < 300_000, address
        assert "There are more, which are not listed." in page.text
        assert "chave_0" in page.text
