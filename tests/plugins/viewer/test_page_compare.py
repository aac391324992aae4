"""Comparisons: two versions, and two tenants; old left, new right."""

import re
from html import unescape

import pytest
from sprintia_testing.arrangements import Arrangement

from sprintia_viewer.web import links

SENTINEL = "sentinel-of-a-compared-secret"
TEXTS = (
    "# first\nname: Loja\nhours:\n  open: 08:00\n  close: 18:00\n",
    "# second\nname: <img src=x onerror=alert(1)>\nhours:\n  open: 09:00\n  close: 18:00\ncity: Recife\n",
    "# third\nname: <img src=x onerror=alert(1)>\nhours:\n  open: 09:00\n  close: 18:00\ncity: Recife\n",
)
KEY = ("compared", "retail", "config")


@pytest.fixture(scope="module")
def arrangement(arrangement: Arrangement) -> Arrangement:
    write = arrangement.config_client
    for place, texts in (
        ("compared/retail/config", TEXTS),
        ("other/retail/config", (TEXTS[0],)),
        ("compared/retail/credentials", ("a: 1\n", f"a: 1\npassword: {SENTINEL}\n", f"password: {SENTINEL}2\n")),
    ):
        for text in texts:
            answer = write.put(f"/configs/{place}", content=text.encode(), headers={"Content-Type": "application/yaml"})
            assert answer.status_code == 200, answer.text
    return arrangement


def test_what_stands_is_compared_with_what_stood_before(arrangement: Arrangement) -> None:
    answer = arrangement.person("viewer").get(links.document(*KEY, "diff"))
    assert (answer.status_code, answer.headers["location"]) == (303, links.difference(*KEY, 2, 3))


def test_old_stands_left_and_new_right(arrangement: Arrangement) -> None:
    person = arrangement.person("viewer")
    page = person.get(links.difference(*KEY, 1, 2), params={"language": "en"}).text
    assert page.index("Loja</code></del>" if "Loja</code></del>" in page else "Loja") < page.index("&lt;img")
    assert "<img src=x" not in page
    swapped = person.get(links.difference(*KEY, 2, 1), params={"format": "json"}).json()
    assert {(each["operation"], each["pointer"]) for each in swapped["diff"]["changes"]} == {
        ("changed", "/name"), ("changed", "/hours/open"), ("removed", "/city"),
    }  # fmt: skip


def test_sides_are_named_for_what_they_are(arrangement: Arrangement) -> None:
    person = arrangement.person("viewer")
    in_order = person.get(links.difference(*KEY, 1, 2), params={"language": "en"}).text
    swapped = person.get(links.difference(*KEY, 2, 1), params={"language": "en"}).text
    for page, left, right in ((in_order, "Old: v1 · 20", "New: v2 · 20"), (swapped, "Left: v2 · 20", "Right: v1 · 20")):
        header = page.partition('id="changes"')[2].partition("</thead>")[0]
        assert left in header
        assert right in header
    assert "Old" not in swapped.partition('id="changes"')[2].partition("</thead>")[0]
    for sides in ((1, 2), (2, 1)):
        data = person.get(links.difference(*KEY, *sides), params={"format": "json"}).json()
        assert (data["earlier"], data["later"]) == (None, links.difference(*KEY, 2, 3))


def test_comments_alone_are_told_by_line(arrangement: Arrangement) -> None:
    person = arrangement.person("viewer")
    by_key = person.get(links.difference(*KEY, 2, 3), params={"language": "en"}).text
    assert "No key differs." in by_key
    by_line = person.get(links.difference(*KEY, 2, 3), params={"language": "en", "view": "text"}).text
    assert "<del>second</del>" in by_line
    assert "<ins>third</ins>" in by_line


@pytest.mark.parametrize("view", ["keys", "text"])
@pytest.mark.parametrize(("left", "right"), [(1, 2), (2, 3), (1, 3), (3, 1)])
def test_secrets_are_never_compared_or_shown(arrangement: Arrangement, view: str, left: int, right: int) -> None:
    place = links.difference("compared", "retail", "credentials", left, right)
    for role in ("viewer", "admin"):
        page = arrangement.person(role).get(place, params={"view": view, "whole": "true"})
        assert page.status_code == 200, page.text
        assert SENTINEL not in page.text


def test_a_version_is_the_same_as_itself(arrangement: Arrangement) -> None:
    page = arrangement.person("viewer").get(links.difference(*KEY, 2, 2), params={"language": "en"})
    assert "Both sides are the same version." in page.text


@pytest.mark.parametrize("sides", ["1", "1..", "a..b", "0..1", "1...2", "-1..2", "1..99", "9" * 30 + "..1"])
def test_what_is_no_comparison_is_not_found(arrangement: Arrangement, sides: str) -> None:
    answer = arrangement.person("viewer").get(links.document(*KEY, "diff", sides))
    assert answer.status_code == 404, answer.text
    assert "text/html" in answer.headers["content-type"]


def test_two_tenants(arrangement: Arrangement) -> None:
    person = arrangement.person("viewer")
    query = {"left": "other/retail", "right": "compared/retail", "type": "config"}
    data = person.get(links.compare(), params={**query, "format": "json"}).json()
    assert {each["pointer"] for each in data["diff"]["changes"]} == {"/name", "/hours/open", "/city"}
    by_line = person.get(links.compare(), params={**query, "view": "text", "language": "en"})
    assert "<ins>third</ins>" in by_line.text
    bound = arrangement.person(arrangement.user("viewer", tenants=["compared"]))
    assert "other/retail" not in bound.get(links.compare()).text, "what is out of reach is not offered"
    assert bound.get(links.compare(), params=query).status_code == 404
    for wrong in ({"left": "nobody/retail"}, {"right": "a b/c"}, {"type": "../x"}):
        assert person.get(links.compare(), params={**query, **wrong}).status_code == 404


def test_the_comparison_of_tenants_is_led_to_and_offers_what_there_is(arrangement: Arrangement) -> None:
    person, address = arrangement.person("viewer"), links.compare(left="compared/retail", type_="config")
    for page in (links.tenant(KEY[0]), links.difference(*KEY, 1, 2)):
        assert f'href="{address}"' in unescape(person.get(page).text)
    empty = person.get(links.compare())
    for place in ("compared/retail", "other/retail"):
        assert f'<option value="{place}"></option>' in empty.text
    assert '<option value="config"></option>' in empty.text
    begun = person.get(links.compare(left="compared/retail"))
    assert '<option value="other/retail"></option>' in begun.text
    assert re.search(r'<a href="/viewer/" aria-current="page">', begun.text), "the navigation says where one is"
    for hostile in ("<img src=x onerror=alert(1)>/x", "a b", "/"):
        assert "<img src=x" not in person.get(links.compare(left=hostile)).text
