"""History: page by page, who and why, and what is told where retention removed versions."""

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from sprintia_testing.arrangements import Arrangement
from sprintia_testing.commands import CommandLineHere
from sprintia_testing.databases import TestDatabases

from sprintia_viewer.web import links

EN = {"language": "en"}
YAML = {"Content-Type": "application/yaml"}
LONG = ("long", "retail", "config")
PINNED = ("pinned", "retail", "config")
LOST = ("lost", "retail", "config")
VERSIONS = 65
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)> hx-get=/x"


def put(made: Arrangement, key: tuple[str, str, str], text: str, message: str = "") -> None:
    place = f"/configs/{'/'.join(key)}"
    if message:
        answer = made.config_client.post(place, json={"yaml_content": text, "message": message})
    else:
        answer = made.config_client.put(place, content=text.encode(), headers=YAML)
    assert answer.status_code == 200, answer.text


def forget(made: Arrangement, tenant: str, versions: int) -> None:
    """Let all but the newest versions of a tenant grow old, and retention remove what it may."""
    url = made.config.database_url
    TestDatabases.run(
        url,
        "UPDATE config.document_version SET created_at = created_at - interval '9 days' WHERE tenant_id = $1",
        tenant,
    )
    rule = {"SPRINTIA_CONFIG_RETENTION_VERSIONS": str(versions), "SPRINTIA_CONFIG_RETENTION_DAYS": "1"}
    command = CommandLineHere({**made.config.environ, **rule, "SPRINTIA_PLUGINS": "config"})
    assert command.json("config", "retention", "--tenant", tenant)[0]["versions"] == 2


@pytest.fixture(scope="module")
def arrangement(arrangement: Arrangement) -> Arrangement:
    for number in range(VERSIONS):
        put(arrangement, LONG, f"n: {number}\n", HOSTILE if number == VERSIONS - 1 else "")
    for number in range(1, 6):
        put(arrangement, PINNED, f"a: 1\nb: {number}\n")
    assert arrangement.config_client.put("/config/tenants/pinned/pins/first", json={"revision": 1}).status_code == 200
    forget(arrangement, "pinned", versions=2)  # leaves 5, 4 and 1
    for number in range(1, 3):
        put(arrangement, LOST, f"n: {number}\n")
    assert arrangement.config_client.delete(f"/configs/{'/'.join(LOST)}").status_code == 200
    forget(arrangement, "lost", versions=1)  # leaves the deletion alone
    return arrangement


def test_every_version_is_on_one_page(arrangement: Arrangement) -> None:
    person = arrangement.person("viewer")
    seen: list[int] = []
    place: str | None = links.history(*LONG)
    while place:
        page = person.get(place)
        assert page.status_code == 200, page.text
        data = person.get(f"{place}{'&' if '?' in place else '?'}format=json").json()
        assert 0 < len(data["lines"]) <= 30
        assert not data["gap"]
        seen += [line["item"]["version"] for line in data["lines"]]
        place = data["older"]
    assert seen == list(range(VERSIONS, 0, -1))


def test_every_line_but_the_first_version_leads_to_what_it_changed(arrangement: Arrangement) -> None:
    person = arrangement.person("viewer")
    page = person.get(links.history(*LONG)).text
    for number in range(VERSIONS, VERSIONS - 30, -1):
        assert f'"{links.difference(*LONG, number - 1, number)}"' in page
    last = person.get(links.history(*LONG, before=3)).text
    assert f'"{links.difference(*LONG, 1, 2)}"' in last
    assert f'"{links.difference(*LONG, 0, 1)}"' not in last


def test_a_message_that_looks_like_markup_stays_text(arrangement: Arrangement) -> None:
    person = arrangement.person("viewer")
    for place in (links.history(*LONG), links.document(*LONG)):
        page = person.get(place).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_a_gap_is_a_warning_and_nothing_leads_into_it(arrangement: Arrangement) -> None:
    person = arrangement.person("viewer")
    answer = person.get(links.history(*PINNED), params=EN)
    assert answer.status_code == 200, answer.text
    assert 'class="note warning"' in answer.text
    assert "Removed on <time" in answer.text
    assert "Versions 2 to 3 are kept no more." in answer.text
    assert "It keeps the newest 2 versions of each document, and all that stood within the last day." in answer.text
    data = person.get(links.history(*PINNED), params={"format": "json"}).json()
    assert data["gap"]
    none, gap, nor = [line["removed"] for line in data["lines"]]
    assert (none, gap["first"], gap["last"], nor) == (None, 2, 3, None)
    assert (data["retention"]["kept_versions"], data["retention"]["kept_days"]) == (2, 1)
    removed = datetime.fromisoformat(gap["since"])
    assert gap["since"] == gap["until"]
    assert timedelta() <= datetime.fromisoformat(data["retention"]["at"]) - removed < timedelta(seconds=10)
    assert timedelta() < datetime.now(UTC) - removed < timedelta(minutes=5)
    assert f'datetime="{removed:%Y-%m-%dT%H:%M:%S.%f}Z"' in answer.text
    assert [(line["item"]["version"], line["previous"]) for line in data["lines"]] == [(5, 4), (4, 1), (1, None)]
    assert links.difference(*PINNED, 3, 4) not in answer.text
    compared = person.get(links.difference(*PINNED, 1, 4))
    assert (compared.status_code, links.difference(*PINNED, 1, 4) in answer.text) == (200, True)


def test_what_is_missing_below_the_oldest_is_told_on_the_page_that_ends_there(arrangement: Arrangement) -> None:
    person = arrangement.person("viewer")
    page = person.get(links.history(*LOST), params=EN).text
    assert "Versions 1 to 2 are kept no more." in page
    whole = person.get(links.history(*LONG), params=EN).text
    assert "kept no more" not in whole
    assert "retention" not in whole


def test_versions_that_never_came_are_not_called_removed(arrangement: Arrangement) -> None:
    lines = arrangement.config_client.get("/config/export", params={"tenant": "pinned"}).content
    content = lines.replace(b'"pinned"', b'"moved"')
    *body, last = content.splitlines(keepends=True)
    end = json.loads(last) | {"sha256": hashlib.sha256(b"".join(body)).hexdigest()}
    answer = arrangement.config_client.post(
        "/config/import", content=b"".join(body) + json.dumps(end).encode() + b"\n",
        headers={"Content-Type": "application/x-ndjson"},
    )  # fmt: skip
    assert answer.json()["documents"]["written"] == 3, answer.text
    page = arrangement.person("viewer").get(links.history("moved", *PINNED[1:]), params=EN).text
    assert "Versions 2 to 3 are kept no more." in page
    assert "the history was imported without them" in page
    assert "Removed on" not in page


def test_a_version_leads_to_the_delivery_that_brought_it(arrangement: Arrangement) -> None:
    key = ("delivered", "retail", "config")
    for number in (1, 2):
        sent = YAML | ({"Idempotency-Key": "delivery-of-2"} if number == 2 else {})
        place = f"/configs/{'/'.join(key)}"
        assert arrangement.config_client.put(place, content=f"n: {number}\n", headers=sent).status_code == 200
    listed = arrangement.config_client.get("/config/deliveries", params={"tenant": key[0]}).json()
    person = arrangement.person("viewer")
    lines = person.get(links.history(*key), params={"format": "json"}).json()["lines"]
    assert [line["delivery"] for line in lines] == [listed[0]["id"], None]
    assert f'"{links.deliveries(key[0], listed[0]["id"])}"' in person.get(links.history(*key)).text


@pytest.mark.parametrize(("key", "number"), [(PINNED, 2), (PINNED, 3), (LOST, 1), (LOST, 2)])
def test_what_retention_removed_is_gone(arrangement: Arrangement, key: tuple[str, str, str], number: int) -> None:
    answer = arrangement.person("viewer").get(links.version(*key, number))
    assert answer.status_code == 410, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert f'href="{links.history(*key)}"' in answer.text
    assert not re.search(r">[^<]*\d{4}-\d\d-\d\dT\d\d:", answer.text), "a time as programs write it"


@pytest.mark.parametrize("role", ["viewer", "editor"])
@pytest.mark.parametrize("place", [links.version(*PINNED, 4), links.version(*PINNED, 1), links.document(*PINNED)])
def test_a_version_leads_only_to_versions_that_are_kept(arrangement: Arrangement, place: str, role: str) -> None:
    page = arrangement.person(role).get(place).text
    for gone in (2, 3):
        for onward in (links.version(*PINNED, gone), links.difference(*PINNED, gone, gone + 1)):
            assert f'"{onward}"' not in page


@pytest.mark.parametrize(
    ("sides", "onward"), [((1, 4), {(4, 5)}), ((4, 5), {(1, 4)}), ((1, 1), {(1, 4)}), ((5, 5), {(4, 5)})]
)
def test_a_comparison_leads_only_to_versions_that_are_kept(
    arrangement: Arrangement, sides: tuple[int, int], onward: set[tuple[int, int]]
) -> None:
    person = arrangement.person("viewer")
    page = person.get(links.difference(*PINNED, *sides))
    assert page.status_code == 200
    pager = page.text.partition('<nav class="pager"')[2].partition("</nav>")[0]
    assert set(re.findall(r'href="([^"]+)"', pager)) == {links.difference(*PINNED, *pair) for pair in onward}
    lead = person.get(links.document(*PINNED, "diff", to=4))
    assert lead.headers["location"] == links.difference(*PINNED, 1, 4)


def test_a_deletion_leads_only_to_versions_that_are_kept(arrangement: Arrangement) -> None:
    person = arrangement.person("editor")
    page = person.get(links.document(*LOST), params=EN)
    assert page.status_code == 410
    assert "Version 3 deleted this document." in page.text
    assert links.version(*LOST, 2) not in page.text
    assert links.rollback(*LOST, 2) not in page.text
    assert links.history(*LOST) in page.text


@pytest.mark.parametrize("before", ["0", "-1", "x", str(2**70)])
def test_a_place_that_is_none_is_refused(arrangement: Arrangement, before: str) -> None:
    answer = arrangement.person("viewer").get(links.history(*LONG), params={"before": before})
    assert answer.status_code in {400, 422}, answer.text


def test_below_the_first_version_there_is_nothing_and_a_way_back(arrangement: Arrangement) -> None:
    page = arrangement.person("viewer").get(links.history(*LONG, before=1, language="en"))
    assert page.status_code == 200
    assert "There are no older versions." in page.text
    assert f'"{links.history(*LONG)}"' in page.text
