"""The merging of layers: what the tenant wrote is seen as it was written, over what is below it."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sprintia_config.layers.merging import merge, origins
from sprintia_config.secrecy.masks import KEY, SET, is_mask
from sprintia_platform.content.limits import Limits
from sprintia_platform.content.pointers import format_pointer, parse_pointer
from sprintia_platform.content.values import Json, Number, check_limits, to_json

MASK: dict[str, Json] = {KEY: "odoo", SET: True}
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from([Number("1.0"), Number("1.10"), Number("1e400"), Number("-0")]),
    st.sampled_from(["", "0", "a", "~/"]),
)
KEYS = st.sampled_from(["a", "b", "c", "~", "/", ""])
LEAVES = st.one_of(SCALARS, st.lists(SCALARS, max_size=2), st.just(MASK))
VALUES: st.SearchStrategy[Any] = st.recursive(
    LEAVES, lambda inner: st.dictionaries(KEYS, inner, max_size=4), max_leaves=15
)
MAPPINGS = st.dictionaries(KEYS, VALUES, max_size=4)
LAYERS = st.lists(VALUES, min_size=1, max_size=4)
# Keys that are mappings in every layer, and keys that are in none.
ALIKE: st.SearchStrategy[Any] = st.recursive(
    st.dictionaries(st.sampled_from(["x", "y"]), LEAVES, max_size=2),
    lambda inner: st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=8,
)


def merged(*values: Any) -> Json:
    return merge(list(enumerate(values)))


def origins_of(values: Sequence[Json]) -> dict[str, int]:
    found = list(origins(list(enumerate(values))))
    assert len(dict(found)) == len(found), "no leaf has two origins"
    return dict(found)


def leaves(value: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Json]]:
    if isinstance(value, dict) and value and not is_mask(value):
        for key, member in value.items():
            yield from leaves(member, (*path, key))
    else:
        yield path, value


def at(value: Json, path: Sequence[str]) -> Json:
    for key in path:
        assert isinstance(value, dict)
        assert not is_mask(value)
        value = value[key]
    return value


def two_at_a_time(lower: Json, upper: Json) -> Json:
    """The rule as docs/layers.md says it, for two layers."""
    if not isinstance(lower, dict) or not isinstance(upper, dict) or is_mask(lower) or is_mask(upper):
        return upper
    result = dict(lower)
    for key, value in upper.items():
        result[key] = two_at_a_time(lower[key], value) if key in lower else value
    return result


@settings(max_examples=150, deadline=None)
@given(LAYERS)
def test_each_leaf_of_the_highest_layer_is_in_the_result_as_it_was_written(layers: list[Json]) -> None:
    result = merged(*layers)
    for path, leaf in leaves(layers[-1]):
        if leaf == {}:  # an empty mapping says nothing, and hides nothing
            assert isinstance(at(result, path), dict)
        else:
            assert to_json(at(result, path)) == to_json(leaf)


@settings(max_examples=150, deadline=None)
@given(LAYERS)
def test_layers_are_put_one_upon_the_other_from_the_lowest_up(layers: list[Json]) -> None:
    before = [to_json(layer) for layer in layers]
    expected = layers[0]
    for layer in layers[1:]:
        expected = two_at_a_time(expected, layer)
    assert to_json(merged(*layers)) == to_json(expected), "to the letter, and in the order of keys"
    assert merged(*layers[:-1], merged(layers[-1])) == merged(*layers)
    if len(layers) > 2:
        assert to_json(merged(merged(*layers[:2]), *layers[2:])) == to_json(expected)
    assert [to_json(layer) for layer in layers] == before, "layers are not changed in place"


@settings(max_examples=100, deadline=None)
@given(MAPPINGS)
def test_over_nothing_a_layer_is_itself(value: Json) -> None:
    lower: list[list[Json]] = [[], [{}], [{}, {}], [None], ["", []], [MASK]]
    for below in lower:
        assert to_json(merged(*below, value)) == to_json(value)
    assert to_json(merged(value, {})) == to_json(value), "and under nothing"


@settings(max_examples=100, deadline=None)
@given(ALIKE, ALIKE, ALIKE)
def test_layers_of_one_shape_may_be_grouped_in_any_way(base: Json, domain: Json, tenant: Json) -> None:
    assert to_json(merged(base, merged(domain, tenant))) == to_json(merged(merged(base, domain), tenant))


def test_what_a_layer_in_between_hid_stays_hidden() -> None:
    base, domain, tenant = {"x": {"p": 1}}, {"x": 5}, {"x": {"q": 2}}
    assert merged(base, domain, tenant) == {"x": {"q": 2}}
    assert merged(base, merged(domain, tenant)) == {"x": {"p": 1, "q": 2}}, "so layers are never grouped this way"


@settings(max_examples=150, deadline=None)
@given(LAYERS)
def test_each_leaf_comes_from_the_highest_layer_that_has_it(layers: list[Json]) -> None:
    result = merged(*layers)
    found = origins_of(layers)
    assert sorted(found) == sorted(format_pointer(path) for path, _ in leaves(result))
    for pointer, number in found.items():
        path = parse_pointer(pointer)
        assert to_json(at(layers[number], path)) == to_json(at(result, path))
        for higher in layers[number + 1 :]:
            with pytest.raises((AssertionError, KeyError)):
                at(higher, path)


@settings(max_examples=100, deadline=None)
@given(LAYERS)
def test_a_result_is_no_larger_than_its_layers_together(layers: list[Json]) -> None:
    result = merged(*layers)
    assert len(to_json(result)) <= sum(len(to_json(layer)) for layer in layers)
    deepest = max(_depth(layer) for layer in layers)
    assert _depth(result) <= deepest
    check_limits(result, Limits(max_values=sum(_count(layer) for layer in layers), max_depth=max(1, deepest)))


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        pytest.param([{"a": 1, "b": 2}, {"c": 3, "b": 4}], '{"a":1,"b":4,"c":3}', id="order of keys"),
        pytest.param([{"a": {"b": 1}}, {"a": None}], '{"a":null}', id="an explicit null stands"),
        pytest.param([{"a": [1, 2]}, {"a": []}], '{"a":[]}', id="a list stands as a whole"),
        pytest.param([{"a": 1}, {"a": Number("1.0")}], '{"a":1.0}', id="numbers to the letter"),
        pytest.param([{"a": {"b": 1}}, {"a": {}}], '{"a":{"b":1}}', id="an empty mapping hides nothing"),
        pytest.param([{"a": 1}, {"a": {}}], '{"a":{}}', id="an empty mapping over a number"),
        pytest.param([{"a": 1}, [2]], "[2]", id="a document that is no mapping"),
        pytest.param([[1], {"a": 2}], '{"a":2}', id="a mapping over one that is none"),
        pytest.param([{"a": 1}, None], "null", id="an empty document"),
        pytest.param([{"a": MASK}, {"a": {"b": 1}}], '{"a":{"b":1}}', id="a mapping over a mask"),
        pytest.param([{"a": {"b": 1}}, {"a": MASK}], '{"a":{"$secret":"odoo","set":true}}', id="a mask over a mapping"),
        pytest.param(
            [{"a": {**MASK, SET: True}}, {"a": {KEY: "crm", SET: False}}], '{"a":{"$secret":"crm","set":false}}',
            id="a mask over a mask",
        ),
        pytest.param([{KEY: 1, "a": 2}, {"b": 3}], '{"b":3}', id="a malformed mask is one value as well"),
    ],
)  # fmt: skip
def test_the_rules(layers: list[Json], expected: str) -> None:
    assert to_json(merged(*layers)) == expected


def _depth(value: Json) -> int:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if members is None else 1 + max(map(_depth, members), default=0)


def _count(value: Json) -> int:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_count, members))
