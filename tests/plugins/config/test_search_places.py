"""`path` is searched in key paths, `value` in values, `q` anywhere; a document must hold all that is asked for."""

from collections.abc import Iterator

import httpx
import pytest
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.problems import assert_problem
from sprintia_testing.shared import shared_platform

YAML = {"Content-Type": "application/yaml"}
DOCUMENTS = {
    "loja/retail/config": "collections: {faq: busca}\nname: collections\n",
    "padaria/retail/config": "name: Faq Aurora\nrate: 100%_a\n",
    "padaria/retail/credentials": "credentials: {odoo_key: sentinel-of-a-secret}\n",
}


@pytest.fixture(scope="module")
def served(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with shared_platform(databases, tmp_path_factory.mktemp("data")) as platform:
        for place, text in DOCUMENTS.items():
            answer = platform.client.put(f"/configs/{place}", content=text.encode(), headers=YAML)
            assert answer.status_code == 200
        yield platform


def search(client: httpx.Client, **query: str) -> dict[str, set[tuple[str, str]]]:
    """Of each document that was found, the matches: pointer and where."""
    answer = client.get("/config/search", params=query)
    assert answer.status_code == 200, answer.text
    return {
        f"{hit['tenant_id']}/{hit['domain']}/{hit['config_type']}": {
            (match["pointer"], match["found_in"]) for match in hit["matches"]
        }
        for hit in answer.json()["hits"]
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"path": "collections"}, {"loja/retail/config": {("/collections", "path")}}),
        ({"value": "COLLECTIONS"}, {"loja/retail/config": {("/name", "value")}}),
        ({"q": "collections"}, {"loja/retail/config": {("/collections", "path"), ("/name", "value")}}),
        ({"path": "faq"}, {"loja/retail/config": {("/collections/faq", "path")}}),
        ({"value": "faq"}, {"padaria/retail/config": {("/name", "value")}}),
        ({"path": "name", "value": "aurora"}, {"padaria/retail/config": {("/name", "path"), ("/name", "value")}}),
        ({"path": "rate", "value": "aurora"}, {"padaria/retail/config": {("/rate", "path"), ("/name", "value")}}),
        ({"path": "collections", "value": "aurora"}, {}),
        ({"q": "padaria", "value": "faq"}, {"padaria/retail/config": {("/name", "value")}}),
        ({"q": "loja", "value": "aurora"}, {}),
        # Ids are searched by `q` alone.
        ({"path": "padaria"}, {}),
        ({"value": "retail"}, {}),
        # A text cannot begin in a path and end in its value.
        ({"q": "name\tfaq"}, {}),
        ({"path": "rate\t100"}, {}),
        # Wildcards stand for themselves.
        ({"value": "100%_a"}, {"padaria/retail/config": {("/rate", "value")}}),
        ({"value": "1%a"}, {}),
        ({"value": "10__"}, {}),
        ({"path": "r_te"}, {}),
        ({"path": "%%"}, {}),
        # The name of a secret is part of a path, and no value; its value is nowhere.
        ({"path": "odoo_key"}, {"padaria/retail/credentials": {("/credentials/odoo_key", "path")}}),
        ({"value": "odoo_key"}, {}),
        ({"value": "$secret"}, {}),
        ({"value": "sentinel"}, {}),
        ({"path": "sentinel"}, {}),
        ({"path": "credentials", "value": "sentinel"}, {}),
    ],
)
def test_keys_and_values_are_told_apart(
    served: RunningPlatform, query: dict[str, str], expected: dict[str, set[tuple[str, str]]]
) -> None:
    reader = served.with_rights("config:read", "secrets:read")
    assert search(reader, **query) == expected


@pytest.mark.parametrize("name", ["path", "value"])
def test_a_key_finds_what_its_own_tenants_hold_alone(served: RunningPlatform, name: str) -> None:
    bound = served.with_rights("config:read", tenants=["loja"])
    assert search(bound, **{name: "faq"}).keys() <= {"loja/retail/config"}
    assert search(bound, **{name: "rate"}) == search(bound, **{name: "aurora"}) == {}
    refused = bound.get("/config/search", params={name: "faq", "tenant": "padaria"})
    assert_problem(refused, 404, "tenant_not_found")


@pytest.mark.parametrize("language", ["pt-BR", "en"])
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "search_too_short"),
        ({"tenant": "loja"}, "search_too_short"),
        ({"path": "a"}, "search_too_short"),
        ({"q": "faq", "value": "  a  "}, "search_too_short"),
        ({"path": ""}, "search_too_short"),
        ({"path": "x" * 201}, "parameter_invalid"),
        ({"value": "x" * 5000}, "parameter_invalid"),
        ({"path": "faq", "after": "WzFd"}, "parameter_invalid"),
        ({"value": "faq", "limit": "0"}, "parameter_invalid"),
    ],
)
def test_what_cannot_be_searched_is_refused(
    served: RunningPlatform, query: dict[str, str], code: str, language: str
) -> None:
    answer = served.client.get("/config/search", params=query, headers={"Accept-Language": language})
    wrong = assert_problem(answer, 422, code)
    assert any(letter in wrong["title"] for letter in "âáãç") == (language == "pt-BR") or code == "search_too_short"
