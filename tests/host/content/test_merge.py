"""JSON Merge Patch (RFC 7396) and the merge of webhooks."""

import copy

import pytest

from sprintia_platform.content import Number, is_empty, merge_filled, merge_patch

# RFC 7396, appendix A: original, patch, result.
APPENDIX = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]
# RFC 7396, section 3.
ARTICLE = (
    {
        "title": "Goodbye!",
        "author": {"givenName": "John", "familyName": "Doe"},
        "tags": ["example", "sample"],
        "content": "This will be unchanged",
    },
    {"title": "Hello!", "phoneNumber": "+01-123-456-7890", "author": {"familyName": None}, "tags": ["example"]},
    {
        "title": "Hello!",
        "author": {"givenName": "John"},
        "tags": ["example"],
        "content": "This will be unchanged",
        "phoneNumber": "+01-123-456-7890",
    },
)


@pytest.mark.parametrize(("target", "patch", "result"), [*APPENDIX, ARTICLE])
def test_examples_of_the_rfc(target: object, patch: object, result: object) -> None:
    before = copy.deepcopy((target, patch))
    assert merge_patch(target, patch) == result
    assert (target, patch) == before


def test_a_patch_leaves_shared_parts_of_the_target_alone() -> None:
    part = {"k": 1, "l": {"m": 2}}
    target = {"a": part, "b": part}
    assert merge_patch(target, {"a": {"k": 9, "l": {"m": 3}}}) == {"a": {"k": 9, "l": {"m": 3}}, "b": part}
    assert part == {"k": 1, "l": {"m": 2}}


def test_keys_keep_their_order_and_new_ones_follow() -> None:
    assert list(merge_patch({"z": 1, "a": 2}, {"n": 1, "a": 3})) == ["z", "a", "n"]


@pytest.mark.parametrize(
    ("target", "update", "result"),
    [
        ({"a": "x"}, {"a": ""}, {"a": "x"}),
        ({"a": "x"}, {"a": None}, {"a": "x"}),
        ({"a": [1]}, {"a": []}, {"a": [1]}),
        ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": 1}}),
        ({"a": {"b": 1}}, {"a": {"b": "", "c": None}}, {"a": {"b": 1, "c": None}}),
        ({"a": "x"}, {"a": {"b": "", "c": {"d": []}}}, {"a": "x"}),
        ({"a": 1}, {"a": False}, {"a": False}),
        ({"a": True}, {"a": 0}, {"a": 0}),
        ({"a": 1}, {"a": Number("0.0")}, {"a": Number("0.0")}),
        ({"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": {"b": 1}}, {"a": "y"}, {"a": "y"}),
        ({"a": "x"}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": 1}, {"b": ""}, {"a": 1, "b": ""}),
        ({"a": ""}, {"a": "x"}, {"a": "x"}),
        ({"a": 1}, None, {"a": 1}),
        ({"a": 1}, "", {"a": 1}),
        ({"a": 1}, [], {"a": 1}),
        ({"a": 1}, {}, {"a": 1}),
        ({"a": 1}, {"b": {}}, {"a": 1, "b": {}}),
        ({"a": 1}, ["b"], ["b"]),
        (None, {"a": 1}, {"a": 1}),
        ("text", {"a": ""}, "text"),
    ],
)
def test_only_filled_values_overwrite(target: object, update: object, result: object) -> None:
    before = copy.deepcopy((target, update))
    merged = merge_filled(target, update)
    assert merged == result
    assert (target, update) == before
    assert merge_filled(merged, update) == merged, "a delivery that is repeated changes nothing"


@pytest.mark.parametrize(
    ("value", "empty"),
    [
        (None, True),
        ("", True),
        ([], True),
        ({"a": {"b": ""}}, True),
        (0, False),
        (False, False),
        ([""], False),
        (" ", False),
        ({"a": 0}, False),
    ],
)
def test_empty(value: object, empty: bool) -> None:
    assert is_empty(value) is empty


@pytest.mark.parametrize("merge", [merge_patch, merge_filled])
def test_no_depth_ends_a_merge(merge: object) -> None:
    target, update = nested("old"), nested("new")
    result = merge(target, update)
    levels = 0
    while isinstance(result, dict):
        result = result["k"]
        levels += 1
    assert (result, levels) == ("new", 50_000)


def nested(leaf: object) -> object:
    for _ in range(50_000):
        leaf = {"k": leaf}
    return leaf
