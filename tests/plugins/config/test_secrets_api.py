"""Secrets over HTTP: masks where the right is missing, masks that come back unharmed, one by name, audited, erased."""

import json
from typing import Any

import httpx
import pytest
import yaml
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.problems import assert_problem, pointers

TEXT = "account_id: {t}\ncredentials:\n  tok: s3cr3t-mark\n  empty: ''\n  pin: 1234\n"


def mask(name: str, is_set: bool = True) -> dict[str, Any]:
    return {"$secret": name, "set": is_set}


class Holder:
    """A tenant with a credentials document, read by one who may see secrets and one who may not."""

    def __init__(self, served: RunningPlatform, tenant: str) -> None:
        self.tenant, self.path = tenant, f"/configs/{tenant}/retail/credentials"
        self.clear = served.client
        self.blind = served.with_rights("config:read", "config:write", tenants=[tenant])
        self.text = TEXT.format(t=tenant)
        assert self.clear.post(self.path, json={"yaml_content": self.text}).status_code == 200

    def values(self) -> dict[str, Any]:
        found: dict[str, Any] = self.clear.get(self.path).json()["json_data"]["credentials"]
        return found

    @property
    def version(self) -> int:
        return int(self.clear.get(self.path).json()["version"])


@pytest.fixture
def holder(served: RunningPlatform, tenant: str) -> Holder:
    return Holder(served, tenant)


def test_who_may_not_see_secrets_sees_masks_everywhere(holder: Holder) -> None:
    masked = {"tok": mask("tok"), "empty": mask("empty", is_set=False), "pin": mask("pin")}
    for rest in ("", "/version/1"):
        answer = holder.blind.get(holder.path + rest)
        assert answer.json()["json_data"] == {"account_id": holder.tenant, "credentials": masked}
        assert yaml.safe_load(answer.json()["yaml_content"]) == answer.json()["json_data"]
        assert "s3cr3t-mark" not in answer.text
    text = holder.blind.get(f"{holder.path}/yaml")
    assert yaml.safe_load(text.content) == {"account_id": holder.tenant, "credentials": masked}
    assert "s3cr3t-mark" not in text.text
    for rest in ("/history",):
        assert "s3cr3t-mark" not in holder.blind.get(holder.path + rest).text


def test_who_may_see_them_sees_them_and_no_cache_keeps_them(holder: Holder) -> None:
    for rest in ("", "/yaml", "/version/1"):
        answer = holder.clear.get(holder.path + rest)
        assert "s3cr3t-mark" in answer.text
        assert answer.headers["cache-control"] == "no-store"
    assert holder.clear.get(f"{holder.path}/yaml").text == holder.text


def test_an_answer_to_a_writer_without_the_right_is_masked(holder: Holder) -> None:
    for answer in (
        holder.blind.put(holder.path, json={"credentials": {"tok": "n3w-mark"}}),
        holder.blind.patch(holder.path, json={"credentials": {"other": "n3w-mark"}}),
        holder.blind.post(f"{holder.path}/rollback", json={"version": 1}),
        holder.blind.post(holder.path, json={"yaml_content": "credentials: {a: n3w-mark}\n"}),
    ):
        assert answer.status_code == 200
        assert "-mark" not in answer.text
    assert holder.values() == {"a": "n3w-mark"}


@pytest.mark.parametrize("way", ["post", "put yaml", "put json", "patch"])
def test_a_masked_document_sent_back_changes_nothing(holder: Holder, way: str) -> None:
    read = holder.blind.get(holder.path).json()
    if way == "post":
        answer = holder.blind.post(holder.path, json={"yaml_content": read["yaml_content"]})
    elif way == "put yaml":
        text = holder.blind.get(f"{holder.path}/yaml").content
        answer = holder.blind.put(holder.path, content=text, headers={"Content-Type": "application/yaml"})
    elif way == "put json":
        answer = holder.blind.put(holder.path, json=read["json_data"])
    else:
        answer = holder.blind.patch(holder.path, json=read["json_data"])
    assert answer.status_code == 200, answer.text
    assert answer.json() == read
    assert holder.clear.get(f"{holder.path}/yaml").text == holder.text


@pytest.mark.parametrize("way", ["post", "put", "patch"])
def test_a_mask_keeps_its_secret_while_the_rest_changes(holder: Holder, way: str) -> None:
    data = {"account_id": holder.tenant, "credentials": {"tok": mask("tok"), "new": "n3w"}, "note": "x"}
    if way == "post":
        answer = holder.blind.post(holder.path, json={"yaml_content": json.dumps(data)})
    else:
        answer = holder.blind.request(way.upper(), holder.path, json=data)
    assert answer.status_code == 200, answer.text
    kept = {"empty": "", "pin": 1234} if way == "patch" else {}
    assert holder.values() == {"tok": "s3cr3t-mark", "new": "n3w", **kept}
    assert holder.version == 2


def test_masks_in_configuration_too(served: RunningPlatform, tenant: str) -> None:
    path = f"/configs/{tenant}/retail/config"
    served.client.put(path, json={"integrations": {"openai": {"api_key": "sk-mark", "model": "m"}}})
    blind = served.with_rights("config:read", "config:write", tenants=[tenant])
    name = "config:integrations.openai.api_key"
    assert blind.get(path).json()["json_data"]["integrations"]["openai"] == {"api_key": mask(name), "model": "m"}
    sent = {"integrations": {"openai": {"api_key": mask(name), "model": "other"}}}
    assert blind.put(path, json=sent).status_code == 200
    assert served.client.get(path).json()["json_data"]["integrations"]["openai"] == {
        "api_key": "sk-mark",
        "model": "other",
    }
    found = served.client.get(f"/config/secrets/{tenant}/{name}")
    assert found.json()["value"] == "sk-mark"


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        ({"credentials": {"tok": mask("unknown")}}, "/credentials/tok"),
        ({"credentials": {"other": mask("nope"), "tok": mask("tok")}}, "/credentials/other"),
        ({"credentials": {"tok": {"$secret": "tok"}}}, "/credentials/tok"),
        ({"credentials": {"tok": {"$secret": 1, "set": True}}}, "/credentials/tok"),
        ({"credentials": {"tok": {"$secret": "tok", "set": "yes"}}}, "/credentials/tok"),
        ({"credentials": {"tok": {**mask("tok"), "more": 1}}}, "/credentials/tok"),
        ({"credentials": {"tok": '{"$secret": "tok", "set": true}'}}, "/credentials/tok"),
        ({"account_id": mask("tok")}, "/account_id"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_a_mask_that_keeps_nothing_is_refused(
    holder: Holder, value: dict[str, Any], pointer: str, method: str, language: str
) -> None:
    answer = holder.blind.request(method, holder.path, json=value, headers={"Accept-Language": language})
    problem = assert_problem(answer, 422, "mask_refused")
    assert pointers(problem) == {pointer}
    assert ("máscara" in problem["detail"]) == (language == "pt-BR")
    assert "s3cr3t-mark" not in answer.text
    assert holder.version == 1


def test_a_mask_in_a_new_document_is_refused(served: RunningPlatform, tenant: str) -> None:
    path = f"/configs/{tenant}/retail/credentials"
    assert_problem(served.client.put(path, json={"credentials": {"a": mask("a")}}), 422, "mask_refused")
    assert_problem(served.client.patch(path, json={"credentials": {"a": mask("a")}}), 422, "mask_refused")
    served.client.put(path, json={"credentials": {"a": "x"}})
    served.client.delete(path)
    assert_problem(served.client.put(path, json={"credentials": {"a": mask("a")}}), 422, "mask_refused")


def test_a_mask_cannot_move_a_secret_to_where_all_may_read_it(holder: Holder) -> None:
    config = f"/configs/{holder.tenant}/retail/config"
    assert_problem(holder.blind.put(config, json={"note": mask("tok")}), 422, "mask_refused")
    other = f"/configs/{holder.tenant}/default/credentials"
    assert_problem(holder.blind.put(other, json={"credentials": {"tok": mask("tok")}}), 422, "mask_refused")


def test_a_rollback_brings_old_secrets_back_for_who_never_saw_them(holder: Holder) -> None:
    holder.blind.put(holder.path, json={"credentials": {"tok": "second"}})
    back = holder.blind.post(f"{holder.path}/rollback", json={"version": 1})
    assert (back.status_code, back.json()["version"]) == (200, 3)
    assert holder.values() == {"tok": "s3cr3t-mark", "empty": "", "pin": 1234}
    assert holder.clear.get(f"{holder.path}/yaml").text == holder.text
    assert holder.blind.post(f"{holder.path}/rollback", json={"version": 1}).json()["version"] == 3


def test_an_identical_secret_makes_no_version_and_a_changed_one_does(holder: Holder) -> None:
    assert holder.blind.post(holder.path, json={"yaml_content": holder.text}).json()["version"] == 1
    changed = holder.text.replace("s3cr3t-mark", "s3cr3t-other")
    assert holder.blind.post(holder.path, json={"yaml_content": changed}).json()["version"] == 2


# --- one secret by its name


def test_one_secret_by_name(holder: Holder) -> None:
    answer = holder.clear.get(f"/config/secrets/{holder.tenant}/tok")
    assert answer.status_code == 200
    assert answer.json() == {
        "tenant_id": holder.tenant, "domain": "retail", "name": "tok", "version": 1, "value": "s3cr3t-mark",
    }  # fmt: skip
    assert answer.headers["cache-control"] == "no-store"
    assert holder.clear.get(f"/config/secrets/{holder.tenant}/pin").json()["value"] == 1234
    holder.clear.patch(holder.path, json={"credentials": {"tok": None}})
    assert_problem(holder.clear.get(f"/config/secrets/{holder.tenant}/tok"), 404, "secret_not_found")
    holder.clear.delete(holder.path)
    assert_problem(holder.clear.get(f"/config/secrets/{holder.tenant}/pin"), 404, "secret_not_found")


def test_a_name_in_two_domains_asks_for_the_domain(holder: Holder) -> None:
    other = f"/configs/{holder.tenant}/default/credentials"
    holder.clear.put(other, json={"credentials": {"tok": "other"}})
    for language in ("pt-BR", "en"):
        answer = holder.clear.get(f"/config/secrets/{holder.tenant}/tok", headers={"Accept-Language": language})
        assert "default, retail" in assert_problem(answer, 409, "secret_ambiguous")["detail"]
    for domain, value in (("default", "other"), ("retail", "s3cr3t-mark")):
        answer = holder.clear.get(f"/config/secrets/{holder.tenant}/tok", params={"domain": domain})
        assert (answer.json()["value"], answer.json()["domain"]) == (value, domain)
    absent = holder.clear.get(f"/config/secrets/{holder.tenant}/tok", params={"domain": "furniture"})
    assert_problem(absent, 404, "secret_not_found")


def test_who_may_read_one(served: RunningPlatform, holder: Holder) -> None:
    path = f"/config/secrets/{holder.tenant}/tok"
    assert assert_problem(holder.blind.get(path), 403, "forbidden")["right"] == "secrets:read"
    stranger = served.with_rights("secrets:read", tenants=["other"])
    assert_problem(stranger.get(path), 404, "tenant_not_found")
    # The right to secrets alone is enough for one, and not enough for a document.
    narrow = served.with_rights("secrets:read", tenants=[holder.tenant])
    assert narrow.get(path).json()["value"] == "s3cr3t-mark"
    assert assert_problem(narrow.get(holder.path), 403, "forbidden")["right"] == "config:read"


# --- audit


def test_each_read_in_clear_is_audited_and_no_other(administrator: httpx.Client, holder: Holder) -> None:
    def reads() -> list[tuple[str, str, dict[str, Any]]]:
        events = administrator.get("/audit", params={"tenant": holder.tenant, "limit": 1000}).json()["events"]
        assert "s3cr3t-mark" not in json.dumps(events)
        return [
            (event["actor"], event["target"], event["detail"]) for event in events if event["action"] == "secret.read"
        ]

    before = len(reads())
    holder.blind.get(holder.path)
    holder.blind.get(f"{holder.path}/yaml")
    holder.clear.get(f"{holder.path}/history")
    assert len(reads()) == before
    holder.clear.get(holder.path)
    holder.clear.get(f"{holder.path}/yaml")
    holder.clear.get(f"{holder.path}/version/1")
    holder.clear.get(f"/config/secrets/{holder.tenant}/tok")
    made = reads()
    assert len(made) == before + 4
    assert {actor for actor, _, _ in made} == {"key:bootstrap"}
    assert {target for _, target, _ in made} == {"retail/credentials"}
    assert made[0][2] == {"version": 1, "name": "tok"}


def test_writes_are_audited_in_their_own_transaction(administrator: httpx.Client, holder: Holder) -> None:
    holder.clear.delete(holder.path)
    holder.blind.put(holder.path, json={"a": 1}, headers={"If-Match": '"no"'})
    events = administrator.get("/audit", params={"tenant": holder.tenant}).json()["events"]
    actions = [
        (event["action"], event["detail"].get("version")) for event in events if event["action"] != "secret.read"
    ]
    assert actions == [("document.delete", 2), ("document.write", 1)]


# --- erasure (LGPD)


def test_erasing_the_secrets_of_a_misspelt_tenant_is_a_404_and_makes_none(
    served: RunningPlatform, administrator: httpx.Client, tenant: str
) -> None:
    assert_problem(administrator.delete(f"/config/tenants/{tenant}/secrets"), 404, "tenant_not_found")
    assert_problem(administrator.get(f"/config/tenants/{tenant}"), 404, "tenant_not_found")


def test_an_erased_tenant_can_never_be_read_in_clear_again(
    served: RunningPlatform, administrator: httpx.Client, holder: Holder
) -> None:
    holder.clear.put(holder.path, json={"credentials": {"tok": "second-mark"}})
    path = f"/config/tenants/{holder.tenant}/secrets"
    assert assert_problem(served.client.delete(path), 403, "forbidden")["right"] == "admin"
    assert_problem(served.with_rights("admin", tenants=["other"]).delete(path), 404, "tenant_not_found")
    erased = administrator.delete(path)
    assert (erased.status_code, erased.json()) == (200, {"destroyed_keys": 1})
    for rest in ("", "/yaml", "/version/1", "/version/2"):
        for language in ("pt-BR", "en"):
            answer = holder.clear.get(holder.path + rest, headers={"Accept-Language": language})
            assert_problem(answer, 410, "secrets_erased")
        assert holder.blind.get(holder.path + rest).status_code == 200
    assert_problem(holder.clear.get(f"/config/secrets/{holder.tenant}/tok"), 410, "secrets_erased")
    assert_problem(holder.clear.post(f"{holder.path}/rollback", json={"version": 1}), 410, "secrets_erased")
    assert len(holder.clear.get(f"{holder.path}/history").json()) == 2
    # The tenant may go on with new secrets, under a new key.
    assert holder.clear.put(holder.path, json={"credentials": {"tok": "third"}}).json()["version"] == 3
    assert holder.values() == {"tok": "third"}
    assert_problem(holder.clear.get(f"{holder.path}/version/1"), 410, "secrets_erased")
    assert administrator.delete(path).json() == {"destroyed_keys": 1}
    assert administrator.delete(path).json() == {"destroyed_keys": 0}
    events = administrator.get("/audit", params={"tenant": holder.tenant}).json()["events"]
    assert [event["detail"]["keys"] for event in events if event["action"] == "secrets.erase"] == [0, 1, 1]
