"""One value of many tenants: what a pointer names, page by page, and nothing that is not asked for."""

from collections.abc import Iterator
from typing import Any

import pytest
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.problems import assert_problem
from sprintia_testing.shared import shared_platform

from sprintia_config.controllers.values import values_of
from sprintia_config.search.at_pointer import Asked
from sprintia_platform import Caller, Problem

YAML = {"Content-Type": "application/yaml"}
ODD = """
list: [a, b]
keys: {"01": leading, "-1": minus, "+1": plus, " 1": space, "a/b": slash, "m~n": tilde, "": empty, "é😀": accent}
none: null
quoted: {'say "hi" \\': 1}
"""


@pytest.fixture(scope="module")
def served(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with shared_platform(databases, tmp_path_factory.mktemp("data")) as platform:
        put(platform, "odd/retail/config", ODD)
        for number in range(12):
            put(
                platform,
                f"many_{number:02}/retail/config",
                f"at: {number}\n" + ("rare: 1\n" if number % 5 == 4 else ""),
            )
        put(platform, "gone/retail/config", "at: 99\n")
        assert platform.client.delete("/configs/gone/retail/config").status_code == 200
        yield platform


def put(platform: RunningPlatform, place: str, text: str) -> None:
    answer = platform.client.put(f"/configs/{place}", content=text.encode(), headers=YAML)
    assert answer.status_code == 200, answer.text


def read(platform: RunningPlatform, pointer: str, **query: str | int) -> list[Any]:
    answer = platform.client.get("/config/values", params={"pointer": pointer, **query})
    assert answer.status_code == 200, answer.text
    return [item["value"] for item in answer.json()["items"]]


def pages(platform: RunningPlatform, pointer: str, limit: int) -> list[list[tuple[str, Any]]]:
    """Follow `next` to the end."""
    found: list[list[tuple[str, Any]]] = []
    query: dict[str, Any] = {"pointer": pointer, "limit": limit}
    while len(found) < 40:
        page = platform.client.get("/config/values", params=query).json()
        found.append([(item["tenant_id"], item["value"]) for item in page["items"]])
        if page["next"] is None:
            return found
        query["after"] = page["next"]
    raise AssertionError("the pages have no end")


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("/list/0", ["a"]),
        ("/list/1", ["b"]),
        *((f"/list/{step}", []) for step in ("2", "-1", "-0", "+1", " 1", "01", "1 ", "\uff11", "-", "9" * 30)),
        ("/keys/01", ["leading"]),
        ("/keys/-1", ["minus"]),
        ("/keys/+1", ["plus"]),
        ("/keys/ 1", ["space"]),
        ("/keys/a~1b", ["slash"]),
        ("/keys/m~0n", ["tilde"]),
        ("/keys/", ["empty"]),
        ("/keys/é😀", ["accent"]),
        ('/quoted/say "hi" \\', [1]),
        ("/none", [None]),
        ("/none/0", []),
        ("/list/0/0", []),
        ("/", []),
    ],
)
def test_a_pointer_names_what_rfc_6901_says(served: RunningPlatform, pointer: str, expected: list[Any]) -> None:
    assert read(served, pointer, tenant="odd") == expected


def test_the_empty_pointer_names_the_whole_document(served: RunningPlatform) -> None:
    (whole,) = read(served, "", tenant="odd")
    assert whole == served.client.get("/configs/odd/retail/config").json()["json_data"]


@pytest.mark.parametrize(("limit", "sizes"), [(5, [5, 5, 2]), (6, [6, 6]), (12, [12]), (200, [12])])
def test_pages_follow_one_another_and_leave_deleted_documents_out(
    served: RunningPlatform, limit: int, sizes: list[int]
) -> None:
    found = pages(served, "/at", limit)
    assert [len(page) for page in found] == sizes
    assert [value for page in found for _, value in page] == list(range(12))


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_rare_values_are_found_piece_by_piece(
    served: RunningPlatform, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sprintia_config.search.at_pointer._AT_FIRST", 2)
    monkeypatch.setattr("sprintia_config.search.at_pointer._AT_MOST", 3)
    assert [tenant for page in pages(served, "/rare", limit) for tenant, _ in page] == ["many_04", "many_09"]


def test_a_page_that_takes_too_long_ends_early_and_the_next_goes_on(
    served: RunningPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sprintia_config.search.at_pointer._AT_FIRST", 2)
    monkeypatch.setattr("sprintia_config.search.at_pointer.READING_SECONDS", -1)
    found = pages(served, "/rare", 50)
    assert [] in found
    assert [tenant for page in found for tenant, _ in page] == ["many_04", "many_09"]


def test_a_page_holds_no_more_than_fits_into_memory(served: RunningPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sprintia_config.search.at_pointer.MOST_CHARACTERS", 1)
    found = pages(served, "/at", 50)
    assert max(len(page) for page in found) == 2
    assert [value for page in found for _, value in page] == list(range(12))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "MANY_1"}, [10, 11]),
        ({"q": "_"}, list(range(12))),
        ({"q": "%"}, []),
        ({"q": "many%"}, []),
        ({"type": "config", "domain": "retail", "tenant": "many_03"}, [3]),
        ({"type": "metadata"}, []),
        ({"domain": "default"}, []),
        ({"tenant": "nobody"}, []),
    ],
)
def test_what_is_named_narrows_it(served: RunningPlatform, query: dict[str, str], expected: list[int]) -> None:
    assert read(served, "/at", **query) == expected


@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_a_key_reaches_its_own_tenants_alone(served: RunningPlatform, language: str) -> None:
    bound = served.with_rights("config:read", tenants=["many_01", "many_07"], **{"Accept-Language": language})
    answer = bound.get("/config/values", params={"pointer": "/at"})
    assert [item["tenant_id"] for item in answer.json()["items"]] == ["many_01", "many_07"]
    refused = bound.get("/config/values", params={"pointer": "/at", "tenant": "many_02"})
    assert_problem(refused, 404, "tenant_not_found")
    wrong = assert_problem(bound.get("/config/values", params={"pointer": "/a~2"}), 422, "parameter_invalid")
    assert ("Parâmetro" in wrong["title"]) == (language == "pt-BR")


@pytest.mark.parametrize(
    "asked", [Asked("/a\0"), Asked("/a\ud800"), Asked("/a", text="\0"), Asked("/a", text="\udfff")]
)
def test_text_that_cannot_be_stored_is_refused_in_this_process_too(served: RunningPlatform, asked: Asked) -> None:
    caller = Caller(key_id="test", name="test", rights=frozenset({"config:read"}))
    with pytest.raises(Problem) as caught:
        served.run(lambda: values_of(served.host.database, caller, asked, None, 1))
    assert caught.value.kind.status == 422
