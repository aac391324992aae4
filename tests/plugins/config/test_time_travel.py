"""One document as it stood: at a revision of its tenant, or at a time; today's rights, yesterday's bytes."""

from typing import Any, NamedTuple

import httpx
import pytest
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.problems import assert_problem

TEXTS = ("a: 1  # um\n", "a: 2\r\n", "a: 5\n")


class Past(NamedTuple):
    """A document with a past. Revisions of its tenant: 1 first text, 2 another document, 3 second text, 4 deleted,
    5 the first text again, 6 a third one.
    """  # fmt: skip

    platform: RunningPlatform
    path: str

    @property
    def client(self) -> httpx.Client:
        return self.platform.client

    def at(self, revision: int | str, rest: str = "", **headers: str) -> httpx.Response:
        return self.client.get(self.path + rest, params={"revision": revision}, headers=headers)


@pytest.fixture
def past(served: RunningPlatform, tenant: str) -> Past:
    client, path = served.client, f"/configs/{tenant}/retail/config"

    def post(where: str, text: str) -> None:
        assert client.post(where, json={"yaml_content": text}).status_code == 200

    post(path, TEXTS[0])
    post(f"/configs/{tenant}/retail/metadata", "b: 1\n")
    post(path, TEXTS[1])
    assert client.delete(path).status_code == 200
    assert client.post(f"{path}/rollback", json={"version": 1}).status_code == 200
    post(path, TEXTS[2])
    return Past(served, path)


@pytest.mark.parametrize(
    ("revision", "version", "text"),
    [(1, 1, TEXTS[0]), (2, 1, TEXTS[0]), (3, 2, TEXTS[1]), (5, 4, TEXTS[0]), (6, 5, TEXTS[2])],
)
def test_a_document_of_then_is_what_it_was_then(past: Past, revision: int, version: int, text: str) -> None:
    full, yaml = past.at(revision), past.at(revision, "/yaml")
    assert full.status_code == yaml.status_code == 200
    assert full.content == past.client.get(f"{past.path}/version/{version}").content
    assert yaml.content == text.encode()
    for answer in (full, yaml):
        assert answer.headers["x-config-version"] == str(version)
        assert answer.headers["x-config-revision"] == str(revision), "the revision that was asked for"
    assert full.headers["etag"] == past.client.get(f"{past.path}/version/{version}").headers["etag"]
    for rest, answer in (("", full), ("/yaml", yaml)):
        held = past.at(revision, rest, **{"If-None-Match": answer.headers["etag"]})
        assert (held.status_code, held.content) == (304, b"")
        assert held.headers["x-config-revision"] == str(revision)


def test_a_time_is_the_last_revision_before_it(past: Past) -> None:
    history = {item["version"]: item for item in past.client.get(f"{past.path}/history").json()}
    for version, item in history.items():
        if item["deleted"]:
            continue
        at = item["created_at"]
        for given in (at, at.replace("Z", "+00:00"), at.removesuffix("Z")):
            answer = past.client.get(past.path, params={"at": given})
            assert (answer.json()["version"], answer.headers["x-config-revision"]) == (version, str(item["revision"]))
    between = past.client.get(past.path.removesuffix("config") + "metadata/history")
    at = between.json()[0]["created_at"]  # the other document's: the tenant was at revision 2 then
    answer = past.client.get(f"{past.path}/yaml", params={"at": at})
    assert (answer.text, answer.headers["x-config-revision"]) == (TEXTS[0], "2")
    for later in ("2999-01-01T00:00:00Z", "9999-12-31T23:59:59+00:00"):
        assert past.client.get(past.path, params={"at": later}).json()["version"] == 5


def test_where_none_stood_there_is_none(past: Past) -> None:
    for rest in ("", "/yaml"):
        deleted = assert_problem(past.at(4, rest), 404, "document_not_found")
        assert deleted["deleted_by_version"] == 3
        early = assert_problem(past.at(0, rest), 404, "document_not_found")
        assert "deleted_by_version" not in early
        assert_problem(past.client.get(past.path + rest, params={"at": "2020-01-01"}), 404, "document_not_found")
    other = past.path.rpartition("/")[0] + "/metadata"
    assert_problem(past.client.get(other, params={"revision": 1}), 404, "document_not_found")
    assert past.client.get(other, params={"revision": 2}).status_code == 200


def test_the_future_is_refused_as_a_bundle_refuses_it(past: Past) -> None:
    tenant = past.path.split("/")[2]
    bundle = past.client.get(f"/configs/{tenant}/bundle", params={"revision": 7})
    for answer in (past.at(7), past.at(7, "/yaml"), past.at(2**63 - 1)):
        assert_problem(answer, 404, "revision_ahead")
    assert past.at(7).json()["detail"] == bundle.json()["detail"]
    nobody = past.client.get("/configs/never-heard-of/retail/config", params={"revision": 1})
    assert_problem(nobody, 404, "revision_ahead")


@pytest.mark.parametrize(
    "query",
    [
        {"revision": "1", "at": "2026-01-01T00:00:00Z"}, {"revision": "-1"}, {"revision": "one"},
        {"revision": str(2**63)}, {"at": "yesterday"}, {"at": ""}, {"at": "2026-13-01"},
        {"at": "0001-01-01T00:00:00+14:00"}, {"at": "9999-12-31T23:59:59-14:00"}, {"at": "2026-01-01'; --"},
        {"at": "2026-01-01T"}, {"at": "1" * 5000},
    ],
)  # fmt: skip
def test_what_is_no_moment_is_a_422(past: Past, query: dict[str, str]) -> None:
    for rest in ("", "/yaml"):
        assert_problem(past.client.get(past.path + rest, params=query), 422, "parameter_invalid")


def audited(platform: RunningPlatform, tenant: str) -> list[dict[str, Any]]:
    return TestDatabases.run(
        platform.database_url,
        "SELECT actor, target, detail FROM platform.audit_event WHERE tenant_id = $1 AND action = 'secret.read'",
        tenant,
    )


def test_todays_rights_decide_about_yesterdays_secrets(served: RunningPlatform, tenant: str) -> None:
    path, clear = f"/configs/{tenant}/retail/credentials", served.client
    blind = served.with_rights("config:read", tenants=[tenant])
    for text in ("credentials: {tok: planted-old}\n", "credentials: {tok: planted-new}\n"):
        assert clear.put(path, content=text, headers={"Content-Type": "application/yaml"}).status_code == 200
    before = len(audited(served, tenant))
    for rest in ("", "/yaml"):
        seen = clear.get(path + rest, params={"revision": 1})
        assert "planted-old" in seen.text
        assert seen.headers["cache-control"] == "no-store"
        masked = blind.get(path + rest, params={"revision": 1})
        assert masked.status_code == 200
        assert "planted" not in masked.text
        assert masked.headers["etag"] != seen.headers["etag"]
        # Who held the masked form does not hold the clear one.
        held = clear.get(path + rest, params={"revision": 1}, headers={"If-None-Match": masked.headers["etag"]})
        assert held.status_code == 200
    told = audited(served, tenant)[before:]
    assert [event["detail"] for event in told] == ['{"version": 1}'] * 4
    assert {event["target"] for event in told} == {"retail/credentials"}
    assert served.with_rights(tenants=["other"]).get(path, params={"revision": 1}).status_code == 404

    erased = served.with_rights().delete(f"/config/tenants/{tenant}/secrets")
    assert erased.status_code == 200
    for rest in ("", "/yaml"):
        assert clear.get(path + rest, params={"revision": 1}).status_code == 410
        assert blind.get(path + rest, params={"revision": 1}).status_code == 200


@pytest.fixture
def replayed(served: RunningPlatform, tenant: str) -> dict[str, httpx.Response]:
    """What an agent got of three documents at one revision, before fifty changes more."""
    client = served.client
    for number in range(3):
        client.post(f"/configs/{tenant}/retail/type_{number}", json={"yaml_content": f"n: {number}  # {number}\n"})
    got = {
        path: client.get(path)
        for number in range(3)
        for path in (f"/configs/{tenant}/retail/type_{number}", f"/configs/{tenant}/retail/type_{number}/yaml")
    }
    for number in range(50):
        client.post(f"/configs/{tenant}/retail/type_{number % 3}", json={"yaml_content": f"n: {100 + number}\n"})
    return got


def test_a_run_is_replayed_with_what_it_had(served: RunningPlatform, replayed: dict[str, httpx.Response]) -> None:
    for path, before in replayed.items():
        revision = before.headers["x-config-revision"]
        assert revision == "3"
        again = served.client.get(path, params={"revision": revision})
        assert again.content == before.content
        assert again.headers["etag"] == before.headers["etag"]
        assert again.headers["x-config-revision"] == revision
        assert served.client.get(path).content != before.content
