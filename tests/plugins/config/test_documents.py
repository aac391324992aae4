"""`/configs/...`: each row of the contract, with the texts that existing callers know."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.problems import assert_problem, pointers

FULL = {
    "id", "tenant_id", "domain", "config_type", "version", "revision", "digest", "yaml_content", "json_data",
    "created_at", "updated_at", "actor", "origin", "message",
}  # fmt: skip
HEAD = {"tenant_id", "domain", "config_type", "version", "created_at", "updated_at"}
HISTORY = HEAD | {"revision", "digest", "deleted", "actor", "origin", "message"}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


class Document:
    """One document as a caller sees it."""

    def __init__(self, client: httpx.Client, tenant: str, config_type: str = "config", domain: str = "retail") -> None:
        self.client = client
        self.tenant, self.domain, self.config_type = tenant, domain, config_type
        self.path = f"/configs/{tenant}/{domain}/{config_type}"

    def post(self, text: str, **headers: str) -> httpx.Response:
        return self.client.post(self.path, json={"yaml_content": text}, headers=headers)

    def put(self, body: str | bytes, media_type: str = "application/x-yaml", **headers: str) -> httpx.Response:
        return self.client.put(self.path, content=body, headers={"Content-Type": media_type, **headers})

    def patch(self, body: str, media_type: str = "application/merge-patch+json", **headers: str) -> httpx.Response:
        return self.client.patch(self.path, content=body, headers={"Content-Type": media_type, **headers})

    def get(self, rest: str = "", **headers: str) -> httpx.Response:
        return self.client.get(self.path + rest, headers=headers)

    def rollback(self, version: int, **body: Any) -> httpx.Response:
        return self.client.post(f"{self.path}/rollback", json={"version": version, **body})

    def versions(self) -> list[int]:
        return [item["version"] for item in self.get("/history").json()]

    @property
    def missing(self) -> str:
        return (
            f"Configuração não encontrada para tenant_id={self.tenant}, domain={self.domain}, "
            f"config_type={self.config_type}"
        )


@pytest.fixture
def document(served: RunningPlatform, tenant: str) -> Document:
    return Document(served.client, tenant)


# --- reading and posting: the rows that existing callers rely on


def test_a_post_answers_the_whole_version(document: Document, sample: Callable[[str], str]) -> None:
    text = sample("retail_account_1_config.yaml")
    posted = document.post(text)
    assert posted.status_code == 200
    assert posted.headers["content-type"] == "application/json"
    body = posted.json()
    assert set(body) == FULL
    assert (body["tenant_id"], body["domain"], body["config_type"]) == (document.tenant, "retail", "config")
    assert body["version"] == 1
    assert body["yaml_content"] == text
    assert body["json_data"]["account_id"] == "account_1"
    assert body["created_at"] == body["updated_at"]
    assert MOMENT.fullmatch(body["created_at"])
    assert body["actor"] == "key:bootstrap"
    assert (body["origin"], body["message"]) == ("api", "")
    assert document.get().json() == body
    assert document.get("/version/1").json() == body
    assert posted.headers["x-config-version"] == "1"
    assert posted.headers["x-config-revision"] == str(body["revision"])


def test_an_identical_post_answers_the_version_that_stands(document: Document) -> None:
    first = document.post("a: 1\n")
    again = document.post("a: 1\n", **{"Accept-Language": "en"})
    assert again.status_code == 200
    assert again.json() == first.json()
    assert again.headers["etag"] == first.headers["etag"]
    changed = document.post("a: 1  # noted\n").json()
    assert (changed["version"], changed["json_data"]) == (2, {"a": 1})
    assert changed["revision"] > first.json()["revision"]
    assert document.post("a: 1\n").json()["version"] == 3  # what stood before stands no more
    assert document.versions() == [3, 2, 1]


def test_the_message_of_a_write_is_kept(document: Document) -> None:
    document.client.post(document.path, json={"yaml_content": "a: 1\n", "message": "primeira carga"})
    assert document.get().json()["message"] == "primeira carga"
    assert [item["message"] for item in document.get("/history").json()] == ["primeira carga"]


def test_a_list_of_heads(served: RunningPlatform, tenant: str) -> None:
    client = served.client
    assert client.get(f"/configs/{tenant}").json() == []
    for domain, config_type in (("retail", "config"), ("default", "metadata"), ("default", "config")):
        Document(client, tenant, config_type, domain).post("v: 1\n")
    Document(client, tenant, "config", "retail").post("v: 2\n")
    listed = client.get(f"/configs/{tenant}")
    assert listed.status_code == 200
    assert [set(item) for item in listed.json()] == [HEAD] * 3
    assert {(item["domain"], item["config_type"], item["version"]) for item in listed.json()} == {
        ("default", "config", 1), ("default", "metadata", 1), ("retail", "config", 2),
    }  # fmt: skip
    filtered = client.get(f"/configs/{tenant}", params={"domain": "retail"}).json()
    assert [(item["domain"], item["tenant_id"]) for item in filtered] == [("retail", tenant)]
    assert client.get(f"/configs/{tenant}", params={"domain": "furniture"}).json() == []
    assert len(client.get(f"/configs/{tenant}?domain=").json()) == 3
    client.delete(f"/configs/{tenant}/default/metadata")
    assert len(client.get(f"/configs/{tenant}").json()) == 2


@pytest.mark.parametrize("language", ["pt-BR", "en", "de"])
def test_a_missing_document_is_told_in_portuguese(document: Document, language: str) -> None:
    headers = {"Accept-Language": language}
    assert_problem(document.get(**headers), 404, "document_not_found", document.missing)
    assert_problem(document.get("/yaml", **headers), 404, "document_not_found", document.missing)
    document.post("a: 1\n")
    assert_problem(document.get("/version/99", **headers), 404, "document_not_found", f"{document.missing}, version=99")


@pytest.mark.parametrize("number", ["0", "-1", "9223372036854775807", "9223372036854775808", "9" * 40, "9" * 5000])
def test_a_version_that_cannot_be_is_not_found(document: Document, number: str) -> None:
    document.post("a: 1\n")
    problem = assert_problem(document.get(f"/version/{number}"), 404)
    assert problem["detail"].startswith(f"{document.missing}, version={number[:10]}")


@pytest.mark.parametrize("number", ["abc", "1.0", "1e3", "0x1", "\u0661", "+1", "1_0", "--1"])
def test_a_version_that_is_no_number_is_refused(document: Document, number: str) -> None:
    document.post("a: 1\n")
    assert_problem(document.get(f"/version/{number}"), 422, "parameter_invalid")


def test_the_history_is_newest_first_and_paged(document: Document) -> None:
    assert document.get("/history").json() == []
    for number in range(1, 6):
        document.post(f"v: {number}\n")
    history = document.get("/history").json()
    assert [set(item) for item in history] == [HISTORY] * 5
    assert [item["version"] for item in history] == [5, 4, 3, 2, 1]
    assert sorted((item["revision"] for item in history), reverse=True) == [item["revision"] for item in history]
    assert all(re.fullmatch("[0-9a-f]{64}", item["digest"]) for item in history)
    pages, before = [], ""
    while page := document.get(f"/history?limit=2{before}").json():
        pages.append([item["version"] for item in page])
        before = f"&before={page[-1]['version']}"
    assert pages == [[5, 4], [3, 2], [1]]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=1001", "limit=x", "limit=1.5", "before=x", f"before={'9' * 30}"]
)
def test_a_page_that_cannot_be_is_refused_with_its_parameter(document: Document, query: str) -> None:
    problem = assert_problem(document.get(f"/history?{query}"), 422, "parameter_invalid")
    assert query.partition("=")[0] in problem["detail"]


def test_a_created_time_never_changes(document: Document) -> None:
    created = document.post("a: 1\n").json()["created_at"]
    document.post("a: 2\n")
    document.client.delete(document.path)
    document.rollback(1)
    assert document.get("/version/1").json()["created_at"] == created
    assert document.get("/version/1").json()["updated_at"] == created
    assert document.get("/version/4").json()["created_at"] > created


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("", {"data": None}),
        ("# só um comentário\n", {"data": None}),
        ("null\n", {"data": None}),
        ("texto", {"data": "texto"}),
        ("42", {"data": 42}),
        ("true", {"data": True}),
        ("- 1\n- b\n", {"data": [1, "b"]}),
        ("{}", {}),
        ("[]", {"data": []}),
        ("data: 1\n", {"data": 1}),
        ("18:00", {"data": "18:00"}),
        ("yes", {"data": "yes"}),
        ("d: 2025-01-02\n", {"d": "2025-01-02"}),
        ("a: &x [1]\nb: *x\n", {"a": [1], "b": [1]}),
    ],
)
def test_the_json_view_of_any_document(document: Document, text: str, data: dict[str, Any]) -> None:
    posted = document.post(text)
    assert posted.json()["json_data"] == data
    assert document.get().json()["json_data"] == data
    assert document.get("/yaml").content == text.encode()


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: [1, 2", 1, 4),
        ("a: 1\nb: 2\na: 3\n", 3, 1),
        ("a: !!python/object:os.system x", 1, 4),
        ("a: *b", 1, 4),
        ("a: 1\n---\nb: 2\n", 2, 1),
        ("a:\n\t- b\n", 2, 1),
        ("a: .nan", 1, 4),
        ("a: .inf", 1, 4),
        ('a: "\\0"', 1, 4),
        ("a: &x [*x]", 1, 8),
    ],
)
@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_bad_yaml_is_told_with_line_and_column(
    document: Document, text: str, line: int, column: int, language: str
) -> None:
    document.post("stands: 1\n")
    for answer in (
        document.post(text, **{"Accept-Language": language}), document.put(text, **{"Accept-Language": language})
    ):  # fmt: skip
        problem = assert_problem(answer, 400, "yaml_invalid")
        assert re.match(rf"YAML inválido: .*linha {line}, coluna {column}", problem["detail"]), problem["detail"]
        assert (problem["errors"][0]["line"], problem["errors"][0]["column"]) == (line, column)
    assert document.versions() == [1]


@pytest.mark.parametrize("language", ["pt-BR", "en"])
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{}", {"/yaml_content"}),
        ('{"yaml_content": 1}', {"/yaml_content"}),
        ('{"yaml_content": null}', {"/yaml_content"}),
        ('{"yaml_content": {"a": 1}}', {"/yaml_content"}),
        ('{"yaml_content": "a: 1", "yaml": "x", "a/b~c": 1}', {"/yaml", "/a~1b~0c"}),
        ('{"yaml_content": [], "other": 1, "message": 3}', {"/yaml_content", "/other", "/message"}),
        ("[]", {""}), ("null", {""}), ('"text"', {""}),
    ],
)  # fmt: skip
def test_faults_of_the_body_come_all_at_once_with_pointers(
    document: Document, body: str, expected: set[str], language: str
) -> None:
    headers = {"Content-Type": "application/json", "Accept-Language": language}
    problem = assert_problem(document.client.post(document.path, content=body, headers=headers), 422, "body_invalid")
    assert pointers(problem) == expected
    assert ("falha" in problem["detail"]) == (language == "pt-BR")
    assert document.versions() == []


@pytest.mark.parametrize(
    ("method", "rest", "status"),
    [
        ("GET", "", 200), ("GET", "/yaml", 200), ("GET", "/history", 200), ("GET", "/version/1", 200),
        ("POST", "", 200), ("PUT", "", 200), ("PATCH", "", 200), ("POST", "/rollback", 200), ("DELETE", "", 200),
    ],
)  # fmt: skip
def test_a_trailing_slash_changes_nothing_and_redirects_nowhere(
    document: Document, method: str, rest: str, status: int
) -> None:
    document.post("a: 1\n")
    bodies: dict[str, Any] = {"POST": {"yaml_content": "a: 1\n"}, "PUT": {"a": 1}, "PATCH": {"a": 2}}
    body = {"version": 1} if rest == "/rollback" else bodies.get(method)
    answers = [
        document.client.request(method, path, json=body, follow_redirects=False)
        for path in (document.path + rest + "/", document.path + rest)
    ]
    # A second DELETE finds nothing.
    assert [answer.status_code for answer in answers] == [status, 404 if method == "DELETE" else status]
    assert all("location" not in answer.headers for answer in answers)


def test_a_list_with_a_trailing_slash(document: Document) -> None:
    document.post("a: 1\n")
    plain = document.client.get(f"/configs/{document.tenant}")
    slashed = document.client.get(f"/configs/{document.tenant}/", follow_redirects=False)
    assert (slashed.status_code, slashed.json()) == (200, plain.json())


# --- identifiers


@pytest.mark.parametrize("name", ["account_1", "123456", "a", "A-b_c.d@e", "x" * 128, "...", ".x"])
def test_identifiers_that_are_fine(served: RunningPlatform, tenant: str, name: str) -> None:
    made = Document(served.client, tenant, config_type=name, domain=name)
    assert made.post("a: 1\n").status_code == 200
    assert made.get().json()["config_type"] == name


@pytest.mark.parametrize(
    "bad", ["x" * 129, "a%20b", "a%2Bb", "%C3%A9", "a:b", "a;b", "a%5C", "%7F", "%E2%80%8B", "a'--"]
)
@pytest.mark.parametrize("place", ["tenant", "domain", "config_type"])
def test_identifiers_that_are_none(served: RunningPlatform, tenant: str, bad: str, place: str) -> None:
    parts = {"tenant": tenant, "domain": "retail", "config_type": "config"} | {place: bad}
    path = f"/configs/{parts['tenant']}/{parts['domain']}/{parts['config_type']}"
    calls = [
        served.client.get(path), served.client.post(path, json={"yaml_content": "a: 1"}), served.client.delete(path),
        served.client.get(f"{path}/history"), served.client.put(path, json={}),
    ]  # fmt: skip
    for answer in calls:
        problem = assert_problem(answer, 422, "identifier_invalid")
        assert problem["detail"].startswith(place)


def test_dots_are_no_identifiers(served: RunningPlatform) -> None:
    # Sent encoded, because clients resolve dots away.
    for bad in ("%2e", "%2e%2e"):
        assert_problem(served.client.get(f"/configs/{bad}/retail/config"), 422, "identifier_invalid")


# --- PUT, PATCH, DELETE, rollback


@pytest.mark.parametrize(
    "media_type",
    ["application/x-yaml", "application/yaml", "text/yaml", "text/x-yaml", "Application/YAML; charset=utf-8"],
)
def test_put_takes_yaml(document: Document, media_type: str) -> None:
    text = "# açaí\nb: 1\na: {x: 1.10}\n"
    answer = document.put(text, media_type)
    assert answer.status_code == 200
    assert set(answer.json()) == FULL
    assert (answer.json()["version"], answer.json()["yaml_content"]) == (1, text)
    assert document.get("/yaml").content == text.encode()
    assert document.put(text, media_type).json() == answer.json()


def test_put_takes_json(document: Document) -> None:
    body = '{ "b": 9007199254740993,\r\n "a": [1.10, "açaí"] }'
    answer = document.put(body, "application/json; charset=utf-8")
    assert answer.status_code == 200
    assert answer.json()["yaml_content"] == body
    assert document.get("/yaml").content == body.encode()
    assert answer.json()["json_data"] == {"b": 9007199254740993, "a": [1.1, "açaí"]}
    assert document.put("[1]", "application/json").json()["json_data"] == {"data": [1]}
    assert document.put('"t"', "application/json").json()["json_data"] == {"data": "t"}


@pytest.mark.parametrize("media_type", ["text/plain", "", "application/x-www-form-urlencoded", "application/jsonx"])
def test_put_and_patch_refuse_other_content_types(document: Document, media_type: str) -> None:
    headers = {"Content-Type": media_type} if media_type else {}
    for method in ("PUT", "PATCH", "POST"):
        for language in ("pt-BR", "en"):
            answer = document.client.request(
                method, document.path, content=b"a: 1", headers={**headers, "Accept-Language": language}
            )
            assert_problem(answer, 415, "unsupported_media_type")
    assert document.versions() == []


def test_put_refuses_what_is_no_utf8(document: Document) -> None:
    problem = assert_problem(document.put(b"a: 1\nb: caf\xe9\n"), 400, "yaml_invalid")
    assert (problem["errors"][0]["line"], problem["errors"][0]["column"]) == (2, 7)
    assert_problem(document.put(b'{"a": "\xe9"}', "application/json"), 400, "json_invalid")


@pytest.mark.parametrize("media_type", ["application/merge-patch+json", "application/json"])
def test_patch_merges_as_rfc_7396_says(document: Document, media_type: str) -> None:
    document.post("a: b\nc: {d: e, f: g}\nlista: [1, 2]\n")
    answer = document.patch('{"a": "z", "c": {"f": null}, "lista": [3], "n": {"x": {"y": null}}}', media_type)
    assert answer.status_code == 200
    assert answer.json()["version"] == 2
    assert answer.json()["json_data"] == {"a": "z", "c": {"d": "e"}, "lista": [3], "n": {"x": {}}}
    assert document.get("/version/1").json()["json_data"]["a"] == "b"


@pytest.mark.parametrize(
    ("standing", "patch", "expected"),
    [
        # RFC 7396, appendix A
        ('{"a":"b"}', '{"a":"c"}', {"a": "c"}), ('{"a":"b"}', '{"b":"c"}', {"a": "b", "b": "c"}),
        ('{"a":"b"}', '{"a":null}', {}), ('{"a":"b","b":"c"}', '{"a":null}', {"b": "c"}),
        ('{"a":["b"]}', '{"a":"c"}', {"a": "c"}), ('{"a":"c"}', '{"a":["b"]}', {"a": ["b"]}),
        ('{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', {"a": {"b": "d"}}),
        ('{"a":[{"b":"c"}]}', '{"a":[1]}', {"a": [1]}), ('["a","b"]', '["c","d"]', {"data": ["c", "d"]}),
        ('{"a":"b"}', '["c"]', {"data": ["c"]}), ('{"a":"foo"}', "null", {"data": None}),
        ('{"a":"foo"}', '"bar"', {"data": "bar"}), ('{"e":null}', '{"a":1}', {"e": None, "a": 1}),
        ("[1,2]", '{"a":"b","c":null}', {"a": "b"}), ("{}", '{"a":{"bb":{"ccc":null}}}', {"a": {"bb": {}}}),
    ],
)  # fmt: skip
def test_the_examples_of_rfc_7396(document: Document, standing: str, patch: str, expected: dict[str, Any]) -> None:
    document.put(standing, "application/json")
    assert document.patch(patch).json()["json_data"] == expected


@pytest.mark.parametrize(
    ("standing", "patch", "literal"),
    [
        ('{"a":1}', '{"a":true}', "true"), ('{"a":false}', '{"a":0}', "0"), ('{"a":1}', '{"a":1.0}', "1.0"),
        ('{"a":1.0}', '{"a":1.00}', "1.00"), ('{"a":"1"}', '{"a":1}', "1"), ('{"a":0}', '{"a":-0}', "-0"),
    ],
)  # fmt: skip
def test_patch_tells_values_apart_that_python_holds_equal(
    document: Document, standing: str, patch: str, literal: str
) -> None:
    document.put(standing, "application/json")
    answer = document.patch(patch)
    assert answer.json()["version"] == 2
    assert f'"json_data":{{"a":{literal}}}' in answer.text


def test_a_patch_that_changes_nothing_makes_no_version(document: Document) -> None:
    text = "# comentário\na: 1\nb: {c: [1, 2]}\n"
    document.post(text)
    answer = document.patch('{"b": {"c": [1, 2], "gone": null}}')
    assert (answer.json()["version"], answer.json()["yaml_content"]) == (1, text)


def test_patch_makes_a_document_that_was_not(document: Document) -> None:
    assert document.patch('{"a": {"b": 1, "c": null}}').json()["json_data"] == {"a": {"b": 1}}
    document.client.delete(document.path)
    assert document.patch('{"z": 1}').json()["json_data"] == {"z": 1}
    assert document.versions() == [3, 2, 1]


def test_a_patch_whose_result_is_too_large_is_refused(document: Document) -> None:
    half = "x" * 600_000
    document.put(f'{{"a": "{half}"}}', "application/json")
    document.patch('{"n": 1}')
    deep = '{"d":' * 70 + "1" + "}" * 70
    assert_problem(document.patch(deep), 400, "json_invalid")
    for number in range(7):
        answer = document.patch(f'{{"b{number}": "{half}"}}')
        assert answer.status_code in {200, 422}
    problem = assert_problem(answer, 422, "patch_invalid")
    assert len(problem["errors"]) == 1
    english = document.patch(f'{{"c": "{half}"}}', **{"Accept-Language": "en"})
    assert "merged document" in assert_problem(english, 422, "patch_invalid")["detail"]
    assert document.get("/yaml").status_code == 200


def test_a_deleted_document_is_gone_and_its_history_stays(document: Document, served: RunningPlatform) -> None:
    document.post("a: 1\n")
    document.post("a: 2\n")
    deleted = document.client.delete(document.path)
    assert deleted.status_code == 200
    assert set(deleted.json()) == HISTORY
    assert (deleted.json()["version"], deleted.json()["deleted"]) == (3, True)
    for rest in ("", "/yaml"):
        problem = assert_problem(document.get(rest), 404, "document_not_found", document.missing)
        assert problem["deleted_by_version"] == 3
    assert_problem(document.get("/version/3"), 404, detail=f"{document.missing}, version=3")
    assert document.get("/version/2").json()["json_data"] == {"a": 2}
    assert [item["deleted"] for item in document.get("/history").json()] == [True, False, False]
    assert_problem(document.client.delete(document.path), 404)["deleted_by_version"] = 3
    assert document.versions() == [3, 2, 1]
    back = document.post("a: 2\n").json()
    assert (back["version"], back["json_data"]) == (4, {"a": 2})


def test_deleting_what_never_was(document: Document) -> None:
    problem = assert_problem(document.client.delete(document.path), 404, "document_not_found", document.missing)
    assert "deleted_by_version" not in problem
    assert document.versions() == []


def test_a_rollback_is_a_new_version_with_the_old_bytes(document: Document) -> None:
    first = "# um\r\na: 1\r\n"
    document.post(first)
    document.post("a: 2\n")
    back = document.rollback(1, message="engano")
    assert back.status_code == 200
    assert set(back.json()) == FULL
    assert (back.json()["version"], back.json()["origin"], back.json()["message"]) == (3, "rollback", "engano")
    assert document.get("/yaml").content == first.encode()
    assert document.rollback(1).json()["version"] == 3  # it stands already
    assert document.rollback(2).json()["message"] == "rollback to version 2"


def test_a_rollback_brings_a_deleted_document_back(document: Document) -> None:
    document.put('{"a": 1}', "application/json")
    document.client.delete(document.path)
    assert_problem(document.rollback(2), 404, "version_not_found")
    back = document.rollback(1)
    assert (back.json()["version"], back.json()["json_data"]) == (3, {"a": 1})
    assert document.get("/yaml").content == b'{"a": 1}'
    # The content came as JSON, and still reads so.
    assert document.patch('{"b": 2}').json()["yaml_content"] == '{"a":1,"b":2}'


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"version": 99}, 404, "version_not_found"), ({"version": 0}, 422, "body_invalid"),
        ({"version": -1}, 422, "body_invalid"), ({"version": "um"}, 422, "body_invalid"),
        ({"version": 1.5}, 422, "body_invalid"), ({"version": True}, 422, "body_invalid"), ({}, 422, "body_invalid"),
        ({"version": 10**30}, 422, "body_invalid"), ({"version": 1, "x": 1}, 422, "body_invalid"),
        ({"version": 1, "message": "x" * 501}, 422, "body_invalid"),
    ],
)  # fmt: skip
def test_a_rollback_that_cannot_be(document: Document, body: dict[str, Any], status: int, code: str) -> None:
    document.post("a: 1\n")
    assert_problem(document.client.post(f"{document.path}/rollback", json=body), status, code)
    assert document.versions() == [1]


def test_a_rollback_of_what_never_was(document: Document) -> None:
    assert_problem(document.rollback(1), 404, "document_not_found", document.missing)


# --- rights


def test_each_route_asks_for_its_right(served: RunningPlatform, tenant: str) -> None:
    Document(served.client, tenant).post("a: 1\n")
    reader = Document(served.with_rights("config:read"), tenant)
    writer = Document(served.with_rights("config:write"), tenant)
    assert {reader.get(rest).status_code for rest in ("", "/yaml", "/history", "/version/1")} == {200}
    for answer in (
        reader.post("a: 2\n"), reader.put("a: 2\n"), reader.patch("{}"), reader.client.delete(reader.path),
        reader.rollback(1),
    ):  # fmt: skip
        assert assert_problem(answer, 403, "forbidden")["right"] == "config:write"
    for rest in ("", "/yaml", "/history", "/version/1"):
        assert assert_problem(writer.get(rest), 403, "forbidden")["right"] == "config:read"
    assert writer.post("a: 2\n").status_code == 200


def test_without_a_key_the_answer_is_the_known_one(served: RunningPlatform, tenant: str) -> None:
    for client in (served.as_key(None), served.as_key("wrong")):
        for answer in (client.get(f"/configs/{tenant}"), client.post(f"/configs/{tenant}/d/t", json={})):
            assert_problem(answer, 401, "unauthorized", "Chave de API inválida ou não fornecida")
            assert answer.headers["www-authenticate"] == "ApiKey"


def test_another_tenant_does_not_exist(served: RunningPlatform, tenant: str) -> None:
    Document(served.client, tenant).post("a: 1\n")
    stranger = Document(served.with_rights("config:read", "config:write", tenants=["other"]), tenant)
    for answer in (
        stranger.get(), stranger.get("/yaml"), stranger.get("/history"), stranger.get("/version/1"),
        stranger.client.get(f"/configs/{tenant}"), stranger.post("a: 2\n"), stranger.put("a: 2\n"),
        stranger.patch("{}"), stranger.client.delete(stranger.path), stranger.rollback(1),
    ):  # fmt: skip
        assert_problem(answer, 404, "tenant_not_found")
    assert Document(served.client, tenant).versions() == [1]


@pytest.mark.parametrize("domain", ["bundle", "changes", "events", "reconcile", "version", "yaml", "history"])
def test_a_domain_may_bear_the_name_of_a_route(served: RunningPlatform, tenant: str, domain: str) -> None:
    path = f"/configs/{tenant}/{domain}/config"
    assert served.client.put(path, json={"a": 1}).json()["domain"] == domain
    assert served.client.patch(path, json={"b": 2}).json()["json_data"] == {"a": 1, "b": 2}
    for form in ("", "/", "/yaml", "/history", "/version/1", "/diff", "/blame"):
        assert served.client.get(path + form).status_code == 200, form
    assert served.client.post(f"{path}/rollback", json={"version": 1}).json()["json_data"] == {"a": 1}
    assert served.client.post(f"{path}/validate", json={"yaml_content": "a: 1\n"}).json()["valid"] is True
    assert served.as_key(served.key("config:read", tenants=["another"])).get(path).status_code == 404
    assert served.client.delete(path).status_code == 200
    assert served.client.get(path).status_code == 404
