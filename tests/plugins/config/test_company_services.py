"""`/company-services/{tenant}/metadata`: a YAML string, and a token that the first post puts on record."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import yaml
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.problems import assert_problem, pointers

TOKEN = "t0k3n-mark-77"
SHAPE = {"id", "tenant_id", "config_type", "version", "created_at", "updated_at", "json_data"}


class Company:
    """The addon of one tenant."""

    def __init__(self, client: httpx.Client, tenant: str) -> None:
        self.client, self.tenant = client, tenant
        self.path = f"/company-services/{tenant}/metadata"

    def post(self, text: str | None = None, token: str | None = TOKEN, **headers: str) -> httpx.Response:
        given = headers if token is None else {"X-Security-Token": token, **headers}
        body = {"yaml_content": f"account_id: {self.tenant}\n" if text is None else text}
        return self.client.post(self.path, json=body, headers=given)

    def get(self, token: str | None = None, **headers: str) -> httpx.Response:
        return self.client.get(self.path, headers=headers if token is None else {"X-Security-Token": token, **headers})


@pytest.fixture
def company(served: RunningPlatform, tenant: str) -> Company:
    return Company(served.client, tenant)


def test_the_real_body_of_the_addon(run_platform: Callable[..., RunningPlatform], sample: Callable[[str], str]) -> None:
    company = Company(run_platform().client, "account_1")
    body = json.loads(sample("company_services_post.json"))
    expected = yaml.safe_load(body["yaml_content"])
    token = expected.pop("security_token", None) or TOKEN
    answer = company.client.post(company.path + "/", json=body, headers={"X-Security-Token": token})
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert set(said) == SHAPE
    assert (said["tenant_id"], said["config_type"], said["version"]) == ("account_1", "company_metadata", 1)
    assert said["json_data"]["enabled_collections"] == expected["enabled_collections"]
    assert said["json_data"]["company_metadata"]["company_info"] == expected["company_metadata"]["company_info"]
    assert set(said["json_data"]) == set(expected)
    assert company.get().json() == said
    assert company.client.get(company.path + "/", follow_redirects=False).status_code == 200


@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_there_is_none_yet(company: Company, language: str) -> None:
    detail = f"Metadados da empresa não encontrados para tenant_id={company.tenant}"
    assert_problem(company.get(**{"Accept-Language": language}), 404, "metadata_not_found", detail)
    company.post()
    company.client.delete(f"/configs/{company.tenant}/default/company_metadata")
    assert_problem(company.get(**{"Accept-Language": language}), 404, "metadata_not_found", detail)


def test_it_is_a_document_like_others(company: Company) -> None:
    company.post(f"account_id: {company.tenant}\na: 1\n")
    again = company.post(f"account_id: {company.tenant}\na: 1\n")
    assert (again.json()["version"], again.headers["x-config-version"]) == (1, "1")
    company.post(f"account_id: {company.tenant}\na: 2\n")
    stored = company.client.get(f"/configs/{company.tenant}/default/company_metadata").json()
    assert (stored["version"], stored["json_data"]["a"], stored["origin"]) == (2, 2, "company-services")
    old = company.client.get(f"/configs/{company.tenant}/default/company_metadata/version/1")
    assert company.post(**{"If-Match": old.headers["etag"]}).status_code == 412


# --- the token


def test_the_first_post_records_the_token(company: Company) -> None:
    assert company.post().status_code == 200
    assert company.post(f"account_id: {company.tenant}\nb: 1\n").json()["version"] == 2
    for wrong in ("other", TOKEN[:-1], TOKEN + "x", TOKEN.upper()):
        refused = company.post(f"account_id: {company.tenant}\nb: 2\n", wrong)
        assert_problem(refused, 401, "token_refused")
        assert refused.headers["www-authenticate"] == "SecurityToken"
        assert_problem(company.get(wrong), 401, "token_refused")
    assert company.get().json()["version"] == company.get(TOKEN).json()["version"] == 2


@pytest.mark.parametrize("token", [None, ""])
@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_a_post_without_a_token(company: Company, token: str | None, language: str) -> None:
    answer = company.post(None, token, **{"Accept-Language": language})
    assert_problem(answer, 401, "token_missing")
    assert answer.headers["www-authenticate"] == "SecurityToken"
    assert_problem(company.get(), 404)


def test_a_reader_with_a_token_where_none_is_on_record(company: Company) -> None:
    assert_problem(company.get("any"), 401, "token_refused")


def test_the_token_in_the_document_must_be_the_one_of_the_header(company: Company) -> None:
    text = f"account_id: {company.tenant}\nsecurity_token: {TOKEN}\n"
    assert_problem(company.post(text, "other"), 401, "token_refused")
    assert company.post(text).status_code == 200
    assert_problem(company.post(text.replace(TOKEN, "other")), 401, "token_refused")


@pytest.mark.parametrize(
    "text",
    [
        "account_id: {t}\nsecurity_token: {token}\nz: 1  # kept\n",
        "security_token: '{token}'\naccount_id: {t}\nz: 1\n",
        '{{"account_id": "{t}", "security_token": "{token}", "z": 1}}',
        'z: 1\naccount_id: {t}\n"security_token": {token}\n',
        "account_id: {t}\nsecurity_token: >-\n  {token}\nz: 1\n",
        "# security_token: {token}\naccount_id: {t}\nz: 1\nsecurity_token: {token}\n",
        "account_id: {t}\nsecurity_token: &x {token}\nz: 1\n",
        "account_id: {t}\r\nsecurity_token: {token}\r\nz: 1\r\n",
        "account_id: {t}\nsecurity_token: {token}\nz: 1\nnota: {token}\n",
    ],
)
def test_the_document_is_stored_without_its_token(served: RunningPlatform, company: Company, text: str) -> None:
    answer = company.post(text.format(t=company.tenant, token=TOKEN))
    assert answer.status_code == 200, answer.text
    assert answer.json()["json_data"]["z"] == 1
    assert "security_token" not in answer.json()["json_data"]
    path = f"/configs/{company.tenant}/default/company_metadata"
    for read in ("", "/yaml", "/history", "/version/1"):
        assert "security_token" not in company.client.get(path + read).text, read
    if "nota" not in text:
        for table in ("document_version", "delivery", "secret_version", "tenant"):
            rows = TestDatabases.run(
                served.database_url, f"SELECT t::text AS row FROM config.{table} t WHERE tenant_id = $1", company.tenant
            )
            assert all(TOKEN not in row["row"] for row in rows), table
    if "# kept" in text:
        assert company.client.get(f"{path}/yaml").text == f"account_id: {company.tenant}\nz: 1  # kept\n"


@pytest.mark.parametrize("empty", ["null", "''", "false", "~"])
def test_an_empty_token_in_the_document_says_nothing(company: Company, empty: str) -> None:
    answer = company.post(f"account_id: {company.tenant}\nsecurity_token: {empty}\n")
    assert answer.json()["json_data"] == {"account_id": company.tenant}


def test_a_token_that_is_a_number(company: Company) -> None:
    text = f"account_id: {company.tenant}\nsecurity_token: 12345678\n"
    assert company.post(text, "12345678").status_code == 200
    assert_problem(company.post(text.replace("12345678", "[1]"), "12345678"), 400, "data_invalid")


def test_a_refused_first_post_records_no_token(company: Company) -> None:
    assert company.post("account_id: another\n", "first").status_code == 400
    assert company.post("account_id: [", "first").status_code == 400
    assert company.post(None, "first", **{"If-Match": '"9-9"'}).status_code == 412
    assert company.post(None, "second").status_code == 200


def test_after_an_erasure_the_next_post_records_a_token_again(administrator: httpx.Client, company: Company) -> None:
    company.post()
    administrator.delete(f"/config/tenants/{company.tenant}/secrets")
    assert company.post(None, "a-new-one").status_code == 200
    assert_problem(company.post(), 401, "token_refused")


# --- the document


@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_a_document_of_another_tenant(company: Company, language: str) -> None:
    problem = assert_problem(company.post("account_id: other\n", **{"Accept-Language": language}), 400, "other_tenant")
    assert company.tenant in problem["detail"]
    assert_problem(company.get(), 404)


def test_an_account_id_that_is_a_number(served: RunningPlatform, tenant: str) -> None:
    company = Company(served.client, "77" + tenant.rpartition("_")[2])
    assert company.post().json()["json_data"] == {"account_id": int(company.tenant)}
    assert company.post("a: 1\n").status_code == 200  # a document may say nothing of whose it is


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {"/yaml_content"}),
        ({"yaml_content": {"a": 1}}, {"/yaml_content"}),
        ({"yaml_content": None}, {"/yaml_content"}),
        ({"yaml_content": "a: 1", "other": 1}, {"/other"}),
    ],
)
def test_faults_of_the_body(company: Company, body: dict[str, Any], expected: set[str]) -> None:
    answer = company.client.post(company.path, json=body, headers={"X-Security-Token": TOKEN})
    assert pointers(assert_problem(answer, 422, "body_invalid")) == expected


def test_bad_yaml_is_told_as_for_documents(company: Company) -> None:
    problem = assert_problem(company.post("account_id: x\na: [1,\n"), 400, "yaml_invalid")
    assert problem["detail"].startswith("YAML inválido: ")


def test_rights_and_reach(served: RunningPlatform, company: Company) -> None:
    company.post()
    reader = Company(served.with_rights("config:read", tenants=[company.tenant]), company.tenant)
    assert reader.get().status_code == 200
    assert assert_problem(reader.post(), 403, "forbidden")["right"] == "config:write"
    stranger = Company(served.with_rights("config:read", "config:write", tenants=["other"]), company.tenant)
    for answer in (stranger.get(), stranger.post()):
        assert_problem(answer, 404, "tenant_not_found")
    assert_problem(Company(served.as_key(None), company.tenant).post(), 401, "unauthorized")


def test_the_token_is_a_secret_that_can_be_audited(administrator: httpx.Client, company: Company) -> None:
    company.post()
    company.post()
    events = administrator.get("/audit", params={"tenant": company.tenant}).json()["events"]
    assert [event["action"] for event in events].count("security_token.record") == 1
    assert TOKEN not in json.dumps(events)
