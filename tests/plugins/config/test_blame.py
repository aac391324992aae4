"""`GET .../blame`: since which version each value stands."""

from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.problems import assert_problem

from sprintia_config.comparison.blame import Blame
from sprintia_config.comparison.tokens import Tokens
from sprintia_platform.content.values import Json

SCALARS = st.sampled_from([None, True, False, 0, 1, "a", "b"])
FLAT: st.SearchStrategy[Any] = st.dictionaries(
    st.sampled_from("abc"), st.one_of(SCALARS, st.dictionaries(st.sampled_from("xy"), SCALARS, max_size=2)), max_size=3
)


def at(value: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        value = value[step] if isinstance(value, dict) and step in value else ...
    return value


def same(one: Any, other: Any) -> bool:
    tokens = Tokens()
    return one is not ... and other is not ... and tokens.read(one) == tokens.read(other)


@settings(max_examples=300, deadline=None)
@given(st.lists(FLAT, min_size=1, max_size=6))
def test_a_value_is_as_old_as_its_unbroken_run(history: list[Json]) -> None:
    blame = Blame(history[-1], len(history))
    for number in range(len(history) - 1, 0, -1):
        blame.show(history[number - 1], number)
    blame.nothing_older()
    assert blame.settled
    for path, version in blame.leaves():
        expected = len(history)
        while expected > 1 and same(at(history[expected - 2], path), at(history[-1], path)):
            expected -= 1
        assert version == expected, path


def put(client: httpx.Client, path: str, text: str) -> None:
    answer = client.put(f"/configs/{path}", content=text, headers={"Content-Type": "application/x-yaml"})
    assert answer.status_code == 200, answer.text


def blame(client: httpx.Client, path: str, **query: Any) -> dict[str, Any]:
    answer = client.get(f"/configs/{path}/blame", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def ages(answer: dict[str, Any]) -> dict[str, int | None]:
    return {item["pointer"]: item["version"] for item in answer["paths"]}


def test_each_value_with_who_set_it_and_when(served: RunningPlatform, tenant: str) -> None:
    path = f"{tenant}/retail/config"
    writer = served.with_rights("config:read", "config:write", tenants=[tenant])
    put(served.client, path, "name: Loja\nplan: gold\nrows:\n- {id: 1, v: 1}\n- {id: 2, v: 1}\nempty: {}\n")
    put(writer, path, "name: Loja\nplan: silver\nrows:\n- {id: 2, v: 1}\n- {id: 1, v: 9}\nempty: {}\n")
    put(served.client, path, "empty: {}\nplan: silver\nname: Loja # noted\nrows:\n- {id: 2, v: 1}\n- {id: 1, v: 9}\n")
    answer = blame(served.client, path)
    assert ages(answer) == {
        "/empty": 1, "/plan": 2, "/name": 1, "/rows/0/id": 1, "/rows/0/v": 1, "/rows/1/id": 1, "/rows/1/v": 2,
    }  # fmt: skip
    assert (answer["version"], answer["oldest_version_read"], answer["complete"]) == (3, 1, True)
    by_pointer = {item["pointer"]: item for item in answer["paths"]}
    second = next(item for item in served.client.get(f"/configs/{path}/history").json() if item["version"] == 2)
    assert {name: by_pointer["/plan"][name] for name in ("revision", "created_at", "actor", "origin")} == {
        name: second[name] for name in ("revision", "created_at", "actor", "origin")
    }
    assert second["actor"] != by_pointer["/name"]["actor"] == "key:bootstrap"
    assert ages(blame(served.client, path, version=1)) == {
        "/name": 1, "/plan": 1, "/rows/0/id": 1, "/rows/0/v": 1, "/rows/1/id": 1, "/rows/1/v": 1, "/empty": 1,
    }  # fmt: skip


def test_a_value_that_left_and_came_back_is_as_young_as_its_return(served: RunningPlatform, tenant: str) -> None:
    path = f"{tenant}/retail/config"
    for text in ("a: 1\nb: 1\n", "b: 1\n", "a: 1\nb: 1\n"):
        put(served.client, path, text)
    assert ages(blame(served.client, path)) == {"/a": 3, "/b": 1}
    served.client.delete(f"/configs/{path}")
    assert_problem(served.client.get(f"/configs/{path}/blame"), 404, "document_not_found")
    put(served.client, path, "a: 1\nb: 1\n")
    assert ages(blame(served.client, path)) == {"/a": 5, "/b": 5}, "a deletion ends everything"


def test_how_far_back_it_looks_is_bounded_and_told(served: RunningPlatform, tenant: str) -> None:
    path = f"{tenant}/retail/config"
    for number in range(30):
        put(served.client, path, f"old: 1\nnew: {number}\n")
    short = blame(served.client, path, versions=4)
    assert ages(short) == {"/old": None, "/new": 30}
    assert (short["complete"], short["oldest_version_read"]) == (False, 27)
    assert all(short["paths"][0][name] is None for name in ("revision", "created_at", "actor", "origin"))
    whole = blame(served.client, path)
    assert (ages(whole), whole["complete"]) == ({"/old": 1, "/new": 30}, True)


def test_a_secrets_age_is_for_those_who_may_read_it(served: RunningPlatform, tenant: str) -> None:
    path = f"{tenant}/retail/credentials"
    for password in ("planted-1", "planted-1", "planted-2"):
        put(served.client, path, f"account_id: {tenant}\ncredentials: {{odoo: {password}, other: x}}\n# {password}\n")
    put(served.client, path, f"account_id: {tenant}\ncredentials: {{odoo: planted-2, other: x}}\n# a comment\n")
    reader = served.with_rights("config:read", tenants=[tenant])
    clear, masked = blame(served.client, path), blame(reader, path)
    assert ages(clear) == {"/account_id": 1, "/credentials/odoo": 2, "/credentials/other": 1}
    assert ages(masked) == {"/account_id": 1, "/credentials/odoo": 1, "/credentials/other": 1}
    assert (clear["secrets_compared"], masked["secrets_compared"]) == (True, False)
    assert [item["secret"] for item in clear["paths"]] == [False, True, True]
    assert "planted" not in str(clear) + str(masked)


def test_a_list_of_scalars_at_the_root(served: RunningPlatform, tenant: str) -> None:
    path = f"{tenant}/retail/config"
    put(served.client, path, "[a, b]\n")
    put(served.client, path, "[b, c]\n")
    assert ages(blame(served.client, path)) == {"/0": 1, "/1": 2}
    put(served.client, path, "word\n")
    assert ages(blame(served.client, path)) == {"": 3}


@pytest.mark.parametrize("query", [{"version": 0}, {"version": "x"}, {"versions": 0}, {"versions": 1001}])
def test_what_cannot_be_asked(served: RunningPlatform, tenant: str, query: dict[str, Any]) -> None:
    assert_problem(served.client.get(f"/configs/{tenant}/retail/config/blame", params=query), 422)


def test_what_is_not_there(served: RunningPlatform, tenant: str) -> None:
    path = f"{tenant}/retail/config"
    assert_problem(served.client.get(f"/configs/{path}/blame"), 404, "document_not_found")
    put(served.client, path, "a: 1\n")
    assert_problem(served.client.get(f"/configs/{path}/blame?version=7"), 404, "document_not_found")
    assert_problem(served.with_rights("config:write").get(f"/configs/{path}/blame"), 403)
    assert_problem(served.with_rights("config:read", tenants=["x"]).get(f"/configs/{path}/blame"), 404)


def test_an_answer_does_not_grow_by_repeating_long_keys(served: RunningPlatform, tenant: str) -> None:
    path = f"{tenant}/retail/config"
    deep = "".join(f"{'  ' * level}{'k' * 1000}:\n" for level in range(40))
    leaves = "".join(f"{'  ' * 40}x{number}: 1\n" for number in range(8_000))
    put(served.client, path, deep + leaves)
    answer = served.client.get(f"/configs/{path}/blame")
    assert len(answer.content) < 3_000_000
    assert answer.json()["complete"] is False
