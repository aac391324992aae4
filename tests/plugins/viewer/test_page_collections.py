"""Which tenant has which collections: as a matrix, in pages, and as a file."""

import csv
from io import StringIO
from typing import Any

import httpx
from sprintia_testing.arrangements import Arrangement, arranged
from sprintia_testing.databases import TestDatabases
from sprintia_testing.shop import HOSTILE

from sprintia_viewer.web import links

EN = {"language": "en"}


def enable(arrangement: Arrangement, tenant: str, collections: Any, config_type: str = "config") -> None:
    answer = arrangement.config_client.put(
        f"/configs/{tenant}/retail/{config_type}", json={"enabled_collections": collections}
    )
    assert answer.status_code == 200, answer.text


def data(person: httpx.Client, **query: str) -> Any:
    answer = person.get(links.collections(), params={**query, "format": "json"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def rows_of(found: Any) -> dict[str, list[str]]:
    return {row["tenant_id"]: list(row["cells"]) for row in found["matrix"]["rows"]}


def table(person: httpx.Client, **query: str) -> list[list[str]]:
    answer = person.get(links.collections(), params={**query, "format": "csv"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="collections.csv"'
    return list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))


def test_before_anything_came_the_page_says_where_collections_come_from(
    databases: TestDatabases, tmp_path: Any
) -> None:
    with arranged("together", databases, tmp_path) as empty:
        page = empty.person("viewer").get(links.collections(), params=EN)
        assert "No tenant has collections." in page.text
        assert "no vectorizer is installed" in page.text


def test_the_matrix_shows_who_has_what_and_who_disagrees(arrangement: Arrangement) -> None:
    enable(arrangement, "agrees", ["faq", "rules"])
    enable(arrangement, "agrees", ["rules", "faq"], "metadata")
    enable(arrangement, "drifts", ["faq"])
    enable(arrangement, "drifts", ["faq", "products"], "metadata")
    enable(arrangement, "muddled", "faq")
    person = arrangement.person("viewer")
    found = data(person)
    rows = {row["tenant_id"]: row for row in found["matrix"]["rows"]}
    assert (rows["agrees"]["drift"], rows["drifts"]["drift"], found["drifting"]) == (False, True, 1)
    assert rows["drifts"]["cells"]["products"]["enabled_in"] == ["retail/metadata"]
    assert rows["muddled"]["unreadable"] == ["retail/config"]
    page = person.get(links.collections(), params=EN).text
    assert page.count("documents disagree<") == 1
    assert links.key("drifts", "retail", "metadata", "/enabled_collections") in page
    assert "Whether a collection is indexed is not known here: no vectorizer is installed" in page


def test_tenants_and_collections_are_found_by_a_part_of_their_names(arrangement: Arrangement) -> None:
    enable(arrangement, "found-by-part", ["Sought-After", "other"])
    person = arrangement.person("viewer")
    assert rows_of(data(person, text="by-part")) == {"found-by-part": ["Sought-After", "other"]}
    assert rows_of(data(person, collection="sought")) == {"found-by-part": ["Sought-After"]}
    assert rows_of(data(person, text="by-part", collection="nowhere")) == {}
    assert "No tenant fits." in person.get(links.collections(), params={**EN, "text": "nowhere"}).text


def test_a_long_list_is_read_page_by_page_and_each_tenant_once(arrangement: Arrangement) -> None:
    for number in range(68):
        for config_type in ("config", "metadata", "services"):
            enable(arrangement, f"paged-{number:03d}", ["faq"], config_type)
    person = arrangement.person("viewer")
    seen: list[tuple[str, int]] = []
    found, pages = data(person, text="paged-"), 1
    seen += [(row["tenant_id"], len(row["documents"])) for row in found["matrix"]["rows"]]
    while found["next"]:
        found, pages = data(person, **dict(httpx.QueryParams(found["next"].partition("?")[2]))), pages + 1
        seen += [(row["tenant_id"], len(row["documents"])) for row in found["matrix"]["rows"]]
    assert seen == [(f"paged-{number:03d}", 3) for number in range(68)]
    assert pages > 1
    assert len(table(person, text="paged-")) == 69


def test_a_file_holds_everything_and_no_formula(arrangement: Arrangement) -> None:
    formulas = ["=1+1", "+2", "-3", "@SUM(A1)", " =4", "\t=5", '"quoted", and more', "ação"]
    enable(arrangement, "in-a-file", formulas)
    enable(arrangement, "in-a-file-wide", [f"c{number:03d}" for number in range(60)])
    person = arrangement.person("viewer")
    header, *rows = table(person, text="in-a-file")
    assert header == ["tenant_id", "collection", "enabled_in", "documents_agree"]
    written = {row[1] for row in rows if row[0] == "in-a-file"}
    assert written == {"'=1+1", "'+2", "'-3", "'@SUM(A1)", "' =4", "'\t=5", '"quoted", and more', "ação"}
    assert len([row for row in rows if row[0] == "in-a-file-wide"]) == 60
    assert data(person, text="in-a-file-wide")["matrix"]["more_columns"] == 20


def test_hostile_names_are_text(arrangement: Arrangement) -> None:
    enable(arrangement, "hostile", list(HOSTILE))
    person = arrangement.person("viewer")
    page = person.get(links.collections(), params={"text": "hostile"}).text
    assert not any(text in page for text in HOSTILE[:4])
    for text in (*HOSTILE, "x" * 129):
        for field in ("text", "collection", "after", "done"):
            answer = person.get(links.collections(), params={field: text})
            assert answer.status_code in {200, 400, 422}, answer.text
            assert not any(hostile in answer.text for hostile in HOSTILE[:4])


def test_only_tenants_in_reach_are_listed(arrangement: Arrangement) -> None:
    for tenant in ("reached", "unreached"):
        enable(arrangement, tenant, ["faq"])
    bound = arrangement.person(arrangement.user("viewer", tenants=["reached"]))
    assert set(rows_of(data(bound))) == {"reached"}
    assert {row[0] for row in table(bound)[1:]} == {"reached"}
