"""`GET .../diff`: any two versions, by path and as text; secrets as changed or unchanged, for those with the right."""

from typing import Any

import httpx
import pytest
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.problems import assert_problem

BIG = "big: 9007199254740993\n"
OLD = f"# first\nname: Loja\nhours:\n- {{day: mon, open: 08:00}}\n- {{day: tue, open: 09:00}}\ntotal: 1.10\n{BIG}"
NEW = f"# second\ntotal: 1.1\nhours:\n- {{day: tue, open: 09:00}}\n- {{day: mon, open: 08:30}}\n{BIG}site: x\n"


def put(client: httpx.Client, path: str, text: str) -> dict[str, Any]:
    answer = client.put(f"/configs/{path}", content=text, headers={"Content-Type": "application/x-yaml"})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def diff(client: httpx.Client, path: str, **query: Any) -> dict[str, Any]:
    answer = client.get(f"/configs/{path}/diff", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def told(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(change["operation"], change["pointer"]) for change in answer["changes"]]


def test_the_head_against_the_version_before(served: RunningPlatform, tenant: str) -> None:
    path = f"{tenant}/retail/config"
    put(served.client, path, OLD)
    put(served.client, path, NEW)
    response = served.client.get(f"/configs/{path}/diff")
    assert '"old":1.10,"new":1.1' in response.text, "numbers to the letter"
    answer = response.json()
    assert set(answer) == {
        "tenant_id", "domain", "config_type", "from", "to", "text_changed", "secrets_compared", "complete", "counts",
        "more", "changes",
    }  # fmt: skip
    assert (answer["from"]["version"], answer["to"]["version"]) == (1, 2)
    assert answer["to"]["actor"] == "key:bootstrap"
    assert answer["complete"]
    assert answer["text_changed"]
    assert answer["counts"] == {"added": 1, "removed": 1, "changed": 2, "moved": 1}
    assert answer["changes"] == [
        {"operation": "removed", "pointer": "/name", "old": "Loja"},
        {"operation": "changed", "pointer": "/total", "old": 1.1, "new": 1.1},
        {"operation": "moved", "pointer": "/hours/0", "old_pointer": "/hours/1"},
        {
            "operation": "changed", "pointer": "/hours/1/open", "old_pointer": "/hours/0/open", "old": "08:00",
            "new": "08:30",
        },
        {"operation": "added", "pointer": "/site", "new": "x"},
    ]  # fmt: skip
    again = served.client.get(f"/configs/{path}/diff", headers={"If-None-Match": response.headers["etag"]})
    assert again.status_code == 304


def test_any_two_versions_in_either_direction(served: RunningPlatform, tenant: str) -> None:
    path = f"{tenant}/retail/config"
    for number in (1, 2, 3):
        put(served.client, path, f"v: {number}\nfixed: 1\n")
    assert diff(served.client, path, **{"from": 1, "to": 3})["changes"] == [
        {"operation": "changed", "pointer": "/v", "old": 1, "new": 3}
    ]
    assert diff(served.client, path, **{"from": 3, "to": 1})["changes"] == [
        {"operation": "changed", "pointer": "/v", "old": 3, "new": 1}
    ]
    assert diff(served.client, path, to=2)["from"]["version"] == 1
    same = diff(served.client, path, **{"from": 2, "to": 2})
    assert (same["changes"], same["text_changed"]) == ([], False)


def test_a_change_of_comments_alone_is_told_as_one(served: RunningPlatform, tenant: str) -> None:
    path = f"{tenant}/retail/config"
    put(served.client, path, "# one\na: 1\nb: 2\n")
    put(served.client, path, "# two\nb: 2\na: 1\n")
    answer = diff(served.client, path)
    assert (answer["changes"], answer["text_changed"]) == ([], True)


def test_the_first_version_and_a_deletion(served: RunningPlatform, tenant: str) -> None:
    path = f"{tenant}/retail/config"
    put(served.client, path, "a: 1\n")
    first = diff(served.client, path)
    assert (first["from"], first["changes"]) == (None, [{"operation": "added", "pointer": "", "new": {"a": 1}}])
    served.client.delete(f"/configs/{path}")
    last = diff(served.client, path)
    assert (last["to"]["deleted"], last["changes"]) == (
        True, [{"operation": "removed", "pointer": "", "old": {"a": 1}}],
    )  # fmt: skip
    put(served.client, path, "a: 1\n")
    assert told(diff(served.client, path)) == [("added", "")]
    assert diff(served.client, path, **{"from": 1})["changes"] == []


def test_as_a_unified_text(served: RunningPlatform, tenant: str) -> None:
    path = f"{tenant}/retail/config"
    put(served.client, path, "# kept\na: 1\nb: 2\n")
    put(served.client, path, "# kept\na: 1\nb: 3\n")
    answer = served.client.get(f"/configs/{path}/diff", params={"format": "text"})
    assert answer.headers["content-type"] == "text/x-diff; charset=utf-8"
    assert answer.headers["x-config-diff-complete"] == "true"
    assert answer.text == f"--- {path} version 1\n+++ {path} version 2\n@@ -1,3 +1,3 @@\n # kept\n a: 1\n-b: 2\n+b: 3\n"
    same = served.client.get(f"/configs/{path}/diff", params={"format": "text", "from": 1, "to": 1})
    assert same.text == ""


@pytest.mark.parametrize(
    "query",
    [
        {"from": 0}, {"to": -1}, {"from": "x"}, {"to": str(2**63)}, {"format": "html"}, {"limit": 0},
        {"from": 1, "against_domain": "retail"}, {"against_tenant": "../x"},
    ],
)  # fmt: skip
def test_what_cannot_be_asked(served: RunningPlatform, tenant: str, query: dict[str, Any]) -> None:
    path = f"{tenant}/retail/config"
    put(served.client, path, "a: 1\n")
    assert_problem(served.client.get(f"/configs/{path}/diff", params=query), 422)


def test_what_is_not_there(served: RunningPlatform, tenant: str) -> None:
    path = f"{tenant}/retail/config"
    assert_problem(served.client.get(f"/configs/{path}/diff"), 404, "document_not_found")
    put(served.client, path, "a: 1\n")
    for query in ({"from": 9}, {"to": 9}, {"against_tenant": "nobody"}):
        assert_problem(served.client.get(f"/configs/{path}/diff", params=query), 404, "document_not_found")


def test_more_changes_than_were_asked_for(served: RunningPlatform, tenant: str) -> None:
    path = f"{tenant}/retail/config"
    put(served.client, path, "".join(f"k{n}: 1\n" for n in range(10)))
    put(served.client, path, "".join(f"k{n}: 2\n" for n in range(10)))
    answer = diff(served.client, path, limit=3)
    assert (len(answer["changes"]), answer["more"], answer["counts"]["changed"]) == (3, True, 10)


# --- secrets

SECRET_ONE, SECRET_TWO = "planted-secret-one", "planted-secret-two"


@pytest.fixture
def credentials(served: RunningPlatform, tenant: str) -> str:
    """A document whose second version changes one secret of two, and whose third restores it."""
    path = f"{tenant}/retail/credentials"
    for password in (SECRET_ONE, SECRET_TWO, SECRET_ONE):
        put(served.client, path, f"account_id: {tenant}\ncredentials:\n  odoo: {password}\n  other: {SECRET_TWO}\n")
    return path


def test_a_changed_secret_is_told_only_to_those_who_may_read_it(
    served: RunningPlatform, credentials: str, tenant: str
) -> None:
    mask = {"$secret": "odoo", "set": True}
    answer = diff(served.client, credentials, **{"from": 1, "to": 2})
    assert answer["secrets_compared"]
    assert answer["changes"] == [
        {"operation": "changed", "pointer": "/credentials/odoo", "old": mask, "new": mask, "secret": True}
    ]
    assert answer["text_changed"] is None
    assert diff(served.client, credentials, **{"from": 1, "to": 3})["changes"] == [], "the same value again"
    reader = served.with_rights("config:read", tenants=[tenant])
    for versions in ({"from": 1, "to": 2}, {"from": 1, "to": 3}):
        masked = diff(reader, credentials, **versions)
        assert (masked["changes"], masked["secrets_compared"], masked["text_changed"]) == ([], False, None)


def test_a_secret_that_came_is_seen_by_everybody(served: RunningPlatform, credentials: str, tenant: str) -> None:
    text = f"account_id: {tenant}\ncredentials:\n  odoo: {SECRET_ONE}\n  other: {SECRET_TWO}\n  third: z\n"
    put(served.client, credentials, text)
    reader = served.with_rights("config:read", tenants=[tenant])
    for client in (served.client, reader):
        change = diff(client, credentials)["changes"]
        assert [(item["pointer"], item["new"], item["secret"]) for item in change] == [
            ("/credentials/third", {"$secret": "third", "set": True}, True)
        ]


def test_no_diff_shows_a_secret(served: RunningPlatform, credentials: str, tenant: str) -> None:
    put(served.client, f"{tenant}/other/credentials", "credentials:\n  odoo: another-planted-secret\n")
    queries: list[dict[str, Any]] = [
        {}, {"from": 1, "to": 2}, {"format": "text"}, {"from": 1, "to": 2, "format": "text"},
        {"against_domain": "other"}, {"against_domain": "other", "format": "text"},
    ]  # fmt: skip
    for query in queries:
        answer = served.client.get(f"/configs/{credentials}/diff", params=query)
        assert answer.status_code == 200
        assert "planted" not in answer.text
    text = served.client.get(f"/configs/{credentials}/diff", params={"against_domain": "other", "format": "text"}).text
    assert "$secret" in text


# --- two tenants


def test_two_tenants_side_by_side(served: RunningPlatform, tenant: str) -> None:
    other = f"{tenant}_b"
    put(served.client, f"{tenant}/retail/config", "plan: gold\nurl: a\n")
    put(served.client, f"{other}/retail/config", "plan: gold\nurl: b\n")
    answer = diff(served.client, f"{tenant}/retail/config", against_tenant=other)
    assert (answer["from"]["tenant_id"], answer["to"]["tenant_id"]) == (other, tenant)
    assert answer["changes"] == [{"operation": "changed", "pointer": "/url", "old": "b", "new": "a"}]
    only_mine = served.with_rights("config:read", "secrets:read", tenants=[tenant])
    refused = only_mine.get(f"/configs/{tenant}/retail/config/diff", params={"against_tenant": other})
    unknown = only_mine.get(f"/configs/{tenant}/retail/config/diff", params={"against_tenant": "nobody"})
    assert (refused.status_code, unknown.status_code) == (404, 404)
    assert refused.json()["type"] == unknown.json()["type"], "a tenant out of reach looks like one that is not there"


def test_secrets_of_two_tenants_are_never_compared(served: RunningPlatform, tenant: str) -> None:
    other = f"{tenant}_b"
    for name in (tenant, other):
        put(served.client, f"{name}/retail/credentials", f"credentials:\n  odoo: {SECRET_ONE}\n")
    equal = diff(served.client, f"{tenant}/retail/credentials", against_tenant=other)
    put(served.client, f"{other}/retail/credentials", f"credentials:\n  odoo: {SECRET_TWO}\n")
    different = diff(served.client, f"{tenant}/retail/credentials", against_tenant=other)
    assert equal["changes"] == different["changes"] == []
    assert equal["secrets_compared"] is different["secrets_compared"] is False


def test_the_right_to_read_is_asked_for(served: RunningPlatform, tenant: str) -> None:
    put(served.client, f"{tenant}/retail/config", "a: 1\n")
    writer = served.with_rights("config:write")
    assert_problem(writer.get(f"/configs/{tenant}/retail/config/diff"), 403)
    assert_problem(served.as_key(None).get(f"/configs/{tenant}/retail/config/diff"), 401)
    outside = served.with_rights("config:read", tenants=["elsewhere"])
    assert_problem(outside.get(f"/configs/{tenant}/retail/config/diff"), 404)


def test_a_document_at_the_limits_is_compared(served: RunningPlatform, tenant: str) -> None:
    path = f"{tenant}/retail/credentials"
    for leaf in ("x", "y"):
        deep = "".join(f"{'  ' * level}k:\n" for level in range(63)) + f"{'  ' * 63}k: {leaf}\n"
        put(served.client, path, deep)
    put(served.client, path, "".join(f"k{number}: {number}\n" for number in range(45_000)))
    assert diff(served.client, path, **{"from": 1, "to": 2})["counts"]["changed"] == 1
    whole = diff(served.client, path)
    assert (whole["complete"], whole["changes"][0]["whole"]) == (False, True)
    assert served.client.get(f"/configs/{path}/diff", params={"format": "text"}).status_code == 200
    reader = served.with_rights("config:read")
    for version in ("/version/1", "/version/3", "/yaml"):
        assert reader.get(f"/configs/{path}{version}").status_code == 200, "masks are larger than what they stand for"
