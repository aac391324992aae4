"""One spelling for each value, and a place for each fault."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from outbox_core.canonical import NotCanonicalError, canonical_json, digest

_TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
_VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
)


@given(_VALUES)
def test_it_reads_back_as_what_it_was(value: Any) -> None:
    assert json.loads(canonical_json(value)) == value


@given(st.dictionaries(_TEXTS, st.integers(), min_size=2))
def test_the_order_of_keys_counts_for_nothing(value: dict[str, int]) -> None:
    turned = dict(reversed(value.items()))
    assert canonical_json(turned) == canonical_json(value)
    assert digest(turned) == digest(value)


def test_its_form() -> None:
    assert canonical_json({"b": [1, 1.5, None, True], "a": "ção/\u2028"}) == (
        '{"a":"ção/\u2028","b":[1,1.5,null,true]}'.encode()
    )
    assert canonical_json((1, 2)) == b"[1,2]"
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_what_differs_has_another_digest() -> None:
    values = [None, False, 0, 0.0, "", [], {}, "0", [0], {"": 0}, 1, True, "1"]
    assert len({digest(value) for value in values}) == len(values)


@pytest.mark.parametrize(
    ("value", "pointer", "code"),
    [
        ({"a": [1, float("nan")]}, "/a/1", "number"), (float("inf"), "", "number"), ([-float("inf")], "/0", "number"),
        ({"a/b": {"c~d": "\ud800"}}, "/a~1b/c~0d", "text"), ({"x": "\0"}, "/x", "text"), ({"\udfff": 1}, "", "text"),
        ({1: 2}, "", "key"), ({"a": {None: 1}}, "/a", "key"), ({"a": b"bytes"}, "/a", "type"), ({1, 2}, "", "type"),
        ([object()], "/0", "type"),
    ],
)  # fmt: skip
def test_what_json_cannot_hold_is_named_by_its_place(value: Any, pointer: str, code: str) -> None:
    with pytest.raises(NotCanonicalError) as caught:
        canonical_json(value)
    assert (caught.value.pointer, caught.value.code) == (pointer, code)
    assert str(caught.value).encode()


def test_depth_ends_before_the_stack_does() -> None:
    deep: Any = 1
    for _level in range(100_000):
        deep = [deep]
    with pytest.raises(NotCanonicalError, match="nested deeper"):
        canonical_json(deep)


def test_the_message_does_not_show_the_value() -> None:
    with pytest.raises(ValueError) as caught:
        canonical_json({"odoo_password": "not-a-real-password\0"})
    assert "not-a-real-password" not in repr(caught.value) + str(caught.value)
