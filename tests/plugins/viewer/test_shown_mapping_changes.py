"""What differs between two versions of a tenant's part of the mapping; numbers never whole."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sprintia_viewer.shown.mapping_changes import mapping_changes, without_numbers

OLD: dict[str, Any] = {
    "accounts": {"1": {"account_id": "a", "domain": "retail"}},
    "inboxes": {"7": {"account_id": "a", "domain": "retail"}, "8": {"account_id": "a", "domain": "food"}},
    "fallbacks": [{"account_id": "a", "domain": "retail", "sequence": 10}],
    "special_numbers": [{"account_id": "a", "number": "+55 11 98765-4321", "crew": "sales"}],
}
PARTS = st.fixed_dictionaries({
    "accounts": st.dictionaries(st.sampled_from("123"), st.fixed_dictionaries({"domain": st.sampled_from("de")})),
    "special_numbers": st.lists(
        st.fixed_dictionaries({"number": st.sampled_from(["111", "222"]), "crew": st.sampled_from("cd")}), max_size=3
    ),
})  # fmt: skip


def test_each_entry_that_differs_is_told() -> None:
    new = OLD | {
        "inboxes": {"7": {"account_id": "a", "domain": "food"}},
        "fallbacks": [{"account_id": "a", "domain": "retail", "sequence": 20}],
        "special_numbers": [
            {"account_id": "a", "number": "+5511987654321", "crew": "support"},
            {"account_id": "a", "number": "555-0199"},
        ],
    }  # fmt: skip
    assert [(each.section, each.operation, each.key, each.old, each.new) for each in mapping_changes(OLD, new)] == [
        ("fallbacks", "changed", "retail", "sequence: 10", "sequence: 20"),
        ("inboxes", "changed", "7", "domain: retail", "domain: food"),
        ("inboxes", "removed", "8", "domain: food", None),
        ("special_numbers", "changed", "•••••••••4321", "crew: sales", "crew: support"),
        ("special_numbers", "added", "•••0199", None, ""),
    ]
    assert "98765" not in repr(mapping_changes(OLD, new))


def test_the_order_and_the_way_of_writing_are_no_difference() -> None:
    more = [*OLD["special_numbers"], {"account_id": "a", "number": "99", "crew": None}]
    again = [{"account_id": "a", "number": "99", "crew": None}, OLD["special_numbers"][0] | {"number": "5511987654321"}]
    assert mapping_changes(OLD | {"special_numbers": more}, OLD | {"special_numbers": again}) == ()


@pytest.mark.parametrize(
    "odd", [{}, {"accounts": 3}, {"accounts": []}, {"special_numbers": [None, 3, {"number": None}]}]
)
def test_a_part_that_makes_no_sense_breaks_nothing(odd: dict[str, Any]) -> None:
    assert len(mapping_changes({}, odd)) == len(odd.get("special_numbers", ()))
    assert {each.operation for each in mapping_changes(OLD, {})} == {"removed"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"number":"+5511987654321","crew":"x"}', '{"number":"•••••••••4321","crew":"x"}'),
        ("call +55 (11) 98765-4321 now", "call •••••••••4321 now"), ("order 10, 2026", "order 10, 2026"),
    ],
)  # fmt: skip
def test_numbers_in_a_text_show_their_last_digits(text: str, shown: str) -> None:
    assert without_numbers(text) == shown


@given(PARTS, PARTS)
def test_changes_are_none_between_equals_and_the_same_both_ways(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert mapping_changes(old, old) == ()
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    there, back = mapping_changes(old, new), mapping_changes(new, old)
    assert [(each.key, each.operation, each.old) for each in there] == [
        (each.key, turned[each.operation], each.new) for each in back
    ]
