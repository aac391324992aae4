"""The mapping as tables, and what is odd about it; whatever stands in it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sprintia_viewer.shown.mapping_view import Finding, findings, mapping_view, masked_number

MAPPING: dict[str, Any] = {
    "accounts": {"10": {"account_id": "b", "domain": "retail"}, "2": {"account_id": "a", "domain": "retail"}},
    "inboxes": {"7": {"account_id": "a", "domain": "food"}, "x": {"account_id": "b", "domain": "food"}},
    "fallbacks": [
        {"account_id": "c", "domain": "d", "sequence": None},
        {"account_id": "b", "domain": "d", "sequence": 20},
        {"account_id": "a", "domain": "d", "sequence": 10},
    ],
    "special_numbers": [{"number": "+55 11 98765-4321", "crew": "sales", "domain": "d", "account_id": "a"}],
}
NOTHING = "\N{EN DASH}"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["account_id", "number", "sequence", "1", "²"]) | st.text(max_size=3), inner)
    ),
    max_leaves=15,
)


def test_tables_are_in_the_order_in_which_people_look() -> None:
    view = mapping_view(MAPPING)
    assert [(route.key, route.tenant_id) for route in view.accounts] == [("2", "a"), ("10", "b")]
    assert [(route.key, route.domain) for route in view.inboxes] == [("7", "food"), ("x", "food")]
    assert [(each.sequence, each.tenant_id) for each in view.fallbacks] == [(10, "a"), (20, "b"), (None, "c")]
    assert [(route.key, route.crew) for route in view.numbers] == [("•" * 9 + "4321", "sales")]
    assert "98765" not in repr(view)
    assert view.tenants == {"a", "b", "c"}


def test_what_is_odd_is_found() -> None:
    twice = {
        "fallbacks": [
            {"account_id": "a", "sequence": 1}, {"account_id": "b", "sequence": 1}, {"account_id": "c", "sequence": 2},
            {"account_id": "c", "sequence": None}, {"account_id": "d", "sequence": None},
        ],
        "special_numbers": [
            {"account_id": "b", "number": "+55 11 1234"}, {"account_id": "a", "number": "55111234"},
            {"account_id": "c", "number": "99"}, {"account_id": "c", "number": "99"},
            {"account_id": "a", "number": ""}, {"account_id": "b", "number": None},
        ],
    }  # fmt: skip
    assert findings(twice) == (
        Finding(kind="number_twice", key="••••1234", tenants=("a", "b")),
        Finding(kind="sequence_twice", key="1", tenants=("a", "b")),
    )
    assert findings(MAPPING) == ()
    assert findings(MAPPING, {"a", "b", "z", "y"}) == (
        Finding(kind="no_documents", tenants=("c",)),
        Finding(kind="not_mapped", tenants=("y", "z")),
    )


@pytest.mark.parametrize(
    ("number", "shown"),
    [("+55 11 98765-4321", "•" * 9 + "4321"), ("123", "123"), ("", NOTHING), ("no digits", NOTHING)],
)
def test_of_a_number_the_last_digits_are_shown(number: str, shown: str) -> None:
    assert masked_number(number) == shown


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["accounts", "inboxes", "fallbacks", "special_numbers", "other"]), JSON))
def test_nothing_that_stands_there_breaks_the_tables(mapping: dict[str, Any]) -> None:
    view = mapping_view(mapping)
    assert findings(mapping, view.tenants) == findings(mapping)
