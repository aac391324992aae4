"""Users, keys and a document's history as CSV, for who may see the lists."""

import csv
from collections.abc import Iterator
from io import StringIO

import httpx
import pytest
from sprintia_testing.arrangements import Arrangement, arranged
from sprintia_testing.databases import TestDatabases
from sprintia_testing.mending import put, written

from sprintia_viewer.web import links


@pytest.fixture(scope="module")
def arrangement(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arrangement]:
    with arranged("together", databases, tmp_path_factory.mktemp("lists")) as made:
        yield made


def rows(answer: httpx.Response, name: str) -> list[dict[str, str]]:
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}.csv"'
    return list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))


def test_users(arrangement: Arrangement) -> None:
    bound = arrangement.user("viewer", tenants=["b", "a"], display_name="=1+1")
    admin = arrangement.person("admin")
    assert links.users(format="csv") in admin.get(links.users()).text
    (found,) = rows(admin.get(links.users(text=bound.name, format="csv")), "users")
    assert (found["name"], found["role"], found["tenants"], found["may_reveal"]) == (
        bound.name, "viewer", "a, b", "false",
    )  # fmt: skip
    assert found["display_name"] == "'=1+1"
    assert "password" not in "".join(found)
    assert arrangement.person("editor").get(links.users(format="csv")).status_code == 403


def test_keys(arrangement: Arrangement) -> None:
    made = arrangement.config_client.post("/keys", json={"name": "of-a-file", "rights": ["config:read"]}).json()
    admin = arrangement.person("admin")
    answer = admin.get(links.keys(text="of-a-file", format="csv"))
    (found,) = rows(answer, "keys")
    assert (found["id"], found["rights"], found["tenants"]) == (made["id"], "config:read", "")
    assert made["key"] not in answer.text
    assert arrangement.person("editor").get(links.keys(format="csv")).status_code == 403


def test_the_history_of_a_document(arrangement: Arrangement) -> None:
    key = written(arrangement, "a: 1\n")
    for number in range(2, 41):  # more than a page of it
        put(arrangement, key, f"a: {number}\n")
    viewer = arrangement.person("viewer")
    assert links.history(*key, format="csv") in viewer.get(links.history(*key)).text
    found = rows(viewer.get(links.history(*key, format="csv")), "history")
    assert [row["version"] for row in found] == [str(number) for number in range(40, 0, -1)]
    assert found[0]["origin"] == "api"
    bound = arrangement.person(arrangement.user("viewer", tenants=["another"]))
    assert bound.get(links.history(*key, format="csv")).status_code == 404
