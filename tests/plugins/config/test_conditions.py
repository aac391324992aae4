"""ETags, `If-None-Match`, `If-Match`, and the headers that say what an answer is."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.problems import assert_problem

SECRET = "tok: s3cr3t\ncredentials: {tok: s3cr3t}\n"


@pytest.fixture
def path(served: RunningPlatform, tenant: str) -> str:
    """A config document with two versions."""
    made = f"/configs/{tenant}/retail/config"
    for text in ("a: 1\n", "a: 2\n"):
        served.client.post(made, json={"yaml_content": text})
    return made


def read_paths(path: str) -> list[str]:
    tenant = path.split("/")[2]
    return [path, f"{path}/yaml", f"{path}/history", f"{path}/version/1", f"/configs/{tenant}", "/mapping/",
            "/mapping/export", f"/company-services/{tenant}/metadata"]  # fmt: skip


@pytest.fixture
def everything(served: RunningPlatform, path: str) -> str:
    """The document, with a mapping and company metadata beside it."""
    tenant = path.split("/")[2]
    entry = {"account_id": tenant, "domain": "retail"}
    served.client.patch("/mapping/", json={"mapping_data": {"accounts": {tenant: entry}}})
    served.client.post(
        f"/company-services/{tenant}/metadata",
        json={"yaml_content": f"account_id: {tenant}\n"},
        headers={"X-Security-Token": "t0k3n-of-tenant"},
    )
    return path


def test_every_representation_has_a_strong_etag_and_answers_304(served: RunningPlatform, everything: str) -> None:
    for read in read_paths(everything):
        answer = served.client.get(read)
        assert answer.status_code == 200, read
        tag = answer.headers["etag"]
        assert tag.startswith('"'), read
        assert tag.endswith('"'), read
        assert answer.headers["x-config-revision"].isdigit(), read
        for given in (tag, f"W/{tag}", "*", f'"other", {tag}', f'"x",{tag},"y"'):
            unchanged = served.client.get(read, headers={"If-None-Match": given})
            assert (unchanged.status_code, unchanged.content) == (304, b""), (read, given)
            assert unchanged.headers["etag"] == tag
            assert unchanged.headers["x-config-revision"] == answer.headers["x-config-revision"]
        for given in ('"other"', tag.strip('"'), f"{tag}x", "", '""'):
            assert served.client.get(read, headers={"If-None-Match": given}).status_code == 200, (read, given)


def test_each_representation_of_one_version_has_its_own_etag(served: RunningPlatform, tenant: str) -> None:
    path = f"/configs/{tenant}/retail/credentials"
    served.client.post(path, json={"yaml_content": SECRET})
    blind = served.with_rights("config:read")
    tags = [client.get(path + rest).headers["etag"] for client in (served.client, blind) for rest in ("", "/yaml")]
    assert len(set(tags)) == 4
    # Who held the masked view does not hold the clear one.
    assert served.client.get(path, headers={"If-None-Match": tags[2]}).status_code == 200
    assert blind.get(path, headers={"If-None-Match": tags[0]}).status_code == 200
    mapping = {"accounts": {tenant: {"account_id": tenant, "domain": "retail"}}}
    served.client.patch("/mapping/", json={"mapping_data": mapping})
    assert served.client.get("/mapping/").headers["etag"] != served.client.get("/mapping/export").headers["etag"]


def test_an_etag_changes_with_the_content(served: RunningPlatform, everything: str) -> None:
    tenant = everything.split("/")[2]
    reads = [read for read in read_paths(everything) if "/version/" not in read]
    before = {read: served.client.get(read).headers["etag"] for read in reads}
    served.client.post(everything, json={"yaml_content": "a: 3\n"})
    served.client.post(
        f"/company-services/{tenant}/metadata",
        json={"yaml_content": f"account_id: {tenant}\nx: 1\n"},
        headers={"X-Security-Token": "t0k3n-of-tenant"},
    )
    entry = {"account_id": tenant, "domain": "furniture"}
    served.client.patch("/mapping/", json={"mapping_data": {"accounts": {tenant: entry}}})
    for read in reads:
        answer = served.client.get(read, headers={"If-None-Match": before[read]})
        assert answer.status_code == 200, read
        assert answer.headers["etag"] != before[read], read


def test_a_deletion_changes_the_list(served: RunningPlatform, path: str) -> None:
    listing = f"/configs/{path.split('/')[2]}"
    before = served.client.get(listing)
    served.client.delete(path)
    after = served.client.get(listing, headers={"If-None-Match": before.headers["etag"]})
    assert (after.status_code, after.json()) == (200, [])
    assert int(after.headers["x-config-revision"]) > int(before.headers["x-config-revision"])
    assert served.client.get(path, headers={"If-None-Match": "*"}).status_code == 404


def test_version_and_revision_stand_in_the_headers(served: RunningPlatform, path: str) -> None:
    for read in (path, f"{path}/yaml", f"{path}/version/2"):
        headers = served.client.get(read).headers
        assert (headers["x-config-version"], headers["x-config-revision"]) == ("2", "2")
    headers = served.client.get(f"{path}/version/1").headers
    assert (headers["x-config-version"], headers["x-config-revision"]) == ("1", "1")
    assert len(served.client.get(path).headers["x-request-id"]) >= 8
    named = served.client.get(path, headers={"X-Request-ID": "agent-run-0042"})
    assert named.headers["x-request-id"] == "agent-run-0042"


def test_answers_about_what_stands_carry_the_revision_of_the_tenant(served: RunningPlatform, path: str) -> None:
    """A reader compares it with the revision of a write elsewhere in the tenant; on a connection it never goes back."""
    client, tenant = served.client, path.split("/")[2]
    metadata = f"/configs/{tenant}/retail/metadata"
    seen = []

    def told(answer: httpx.Response, status: int = 200) -> None:
        assert answer.status_code == status, answer.text
        seen.append(int(answer.headers["x-config-revision"]))

    told(client.post(metadata, json={"yaml_content": "b: 1\n"}))  # the third change of the tenant
    told(client.get(path))
    told(client.get(f"{path}/yaml"))
    told(client.get(path, headers={"If-None-Match": client.get(path).headers["etag"]}), 304)
    told(client.post(path, json={"yaml_content": "a: 2\n"}))  # identical
    assert seen == [3, 3, 3, 3, 3]
    assert client.get(path).json()["revision"] == 2, "the body tells when this version was made"
    told(client.delete(metadata))
    told(client.get(path))
    assert seen[5:] == [4, 4]

    company = f"/company-services/{tenant}/metadata"
    signed = {"X-Security-Token": "t0k3n-of-tenant"}
    told(client.post(company, json={"yaml_content": f"account_id: {tenant}\n"}, headers=signed))
    told(client.post(path, json={"yaml_content": "a: 3\n"}))
    told(client.get(company))
    told(client.post(company, json={"yaml_content": f"account_id: {tenant}\n"}, headers=signed))
    assert seen[7:] == [5, 6, 6, 6]


def writes(client: httpx.Client, path: str) -> dict[str, Callable[[dict[str, str]], httpx.Response]]:
    def send(method: str, rest: str, body: Any, media_type: str = "application/json") -> Any:
        content = json.dumps(body) if body is not None else None
        return lambda headers: client.request(
            method, path + rest, content=content, headers={"Content-Type": media_type, **headers}
        )

    return {
        "post": send("POST", "", {"yaml_content": "a: 9\n"}),
        "put": send("PUT", "", {"a": 9}),
        "patch": send("PATCH", "", {"a": 9}, "application/merge-patch+json"),
        "delete": send("DELETE", "", None),
        "rollback": send("POST", "/rollback", {"version": 1}),
    }


@pytest.mark.parametrize("write", ["post", "put", "patch", "delete", "rollback"])
def test_a_write_on_an_old_version_is_refused_with_the_current_one(
    served: RunningPlatform, path: str, write: str
) -> None:
    send = writes(served.client, path)[write]
    old = served.client.get(f"{path}/version/1").headers["etag"]
    current = served.client.get(path).headers["etag"]
    for given in (old, '"1"', "2", '"2-0000000000000000"', "garbage", '""', ""):
        answer = send({"If-Match": given})
        problem = assert_problem(answer, 412, "precondition_failed")
        assert problem["current_version"] == 2, given
        assert "2" in problem["detail"]
        assert answer.headers["etag"] == current
    assert served.client.get(path).json()["version"] == 2
    made = send({"If-Match": f'"other", {current}'})
    assert (made.status_code, made.headers["x-config-version"]) == (200, "3")


@pytest.mark.parametrize("write", ["post", "put", "patch", "rollback"])
def test_the_etag_of_an_answered_write_is_the_condition_of_the_next(
    served: RunningPlatform, path: str, write: str
) -> None:
    send = writes(served.client, path)[write]
    first = send({"If-Match": "*"})
    assert first.status_code == 200
    tag = first.headers["etag"]
    assert served.client.get(path).headers["etag"] == tag
    assert served.client.post(path, json={"yaml_content": "b: 1\n"}, headers={"If-Match": tag}).status_code == 200
    assert served.client.post(path, json={"yaml_content": "b: 2\n"}, headers={"If-Match": tag}).status_code == 412


def test_any_representation_of_what_stands_is_a_condition(served: RunningPlatform, tenant: str) -> None:
    path = f"/configs/{tenant}/retail/credentials"
    served.client.post(path, json={"yaml_content": SECRET})
    blind = served.with_rights("config:read", "config:write")
    for client in (served.client, blind):
        for rest in ("", "/yaml"):
            tag = client.get(path + rest).headers["etag"]
            changed = client.patch(path, json={"n": tag}, headers={"If-Match": tag})
            assert changed.status_code == 200, changed.text


def test_what_must_not_be_there_yet(served: RunningPlatform, tenant: str) -> None:
    path = f"/configs/{tenant}/retail/config"
    only_new = {"If-None-Match": "*"}
    assert served.client.put(path, json={"a": 1}, headers=only_new).json()["version"] == 1
    problem = assert_problem(served.client.put(path, json={"a": 2}, headers=only_new), 412, "precondition_failed")
    assert problem["current_version"] == 1
    served.client.delete(path)
    assert served.client.put(path, json={"a": 3}, headers=only_new).json()["version"] == 3


@pytest.mark.parametrize("given", ["*", '"1-abc"'])
@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_what_must_be_there_and_is_not(served: RunningPlatform, tenant: str, given: str, language: str) -> None:
    path = f"/configs/{tenant}/retail/config"
    headers = {"If-Match": given, "Accept-Language": language}
    problem = assert_problem(served.client.put(path, json={"a": 1}, headers=headers), 412, "precondition_failed")
    assert problem["current_version"] is None
    assert ("não vale mais" in problem["detail"]) == (language == "pt-BR")
    assert served.client.get(f"/configs/{tenant}").json() == []


def test_the_mapping_is_written_under_a_condition(served: RunningPlatform, tenant: str) -> None:
    def body(account: str) -> dict[str, Any]:
        return {"mapping_data": {"accounts": {account: {"account_id": tenant, "domain": "retail"}}}}

    client = served.with_rights("config:read", "mapping:write", tenants=[tenant])
    assert client.post("/mapping/", json=body("c1"), headers={"If-Match": "*"}).status_code == 412
    first = client.post("/mapping/", json=body("c1"))
    tag = first.headers["etag"]
    assert client.get("/mapping/").headers["etag"] == tag
    second = client.patch("/mapping/", json=body("c2"), headers={"If-Match": tag})
    assert second.status_code == 200
    for send in (
        lambda: client.post("/mapping/", json=body("c3"), headers={"If-Match": tag}),
        lambda: client.patch("/mapping/", json=body("c3"), headers={"If-Match": tag}),
        lambda: client.post("/mapping/rollback", json={"version": 1}, headers={"If-Match": tag}),
    ):
        answer = send()
        assert assert_problem(answer, 412, "precondition_failed")["current_version"] == 2
        assert answer.headers["etag"] == second.headers["etag"]
    # The whole as YAML is another representation of the same state.
    exported = client.get("/mapping/export").headers["etag"]
    assert client.patch("/mapping/", json=body("c3"), headers={"If-Match": exported}).status_code == 200
    assert client.patch("/mapping/", json=body("c4"), headers={"If-Match": "*"}).status_code == 200


def test_a_condition_is_part_of_what_a_delivery_repeats(served: RunningPlatform, path: str) -> None:
    tag = served.client.get(path).headers["etag"]
    headers = {"If-Match": tag, "Idempotency-Key": f"{path}-1"}
    first = served.client.put(path, json={"a": 3}, headers=headers)
    again = served.client.put(path, json={"a": 3}, headers=headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.content == again.content
