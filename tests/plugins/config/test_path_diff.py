"""The path diff: exact for every value, readable for the real ones, cheap for hostile ones."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sprintia_config.comparison.path_diff import DEFAULT_BUDGET, Diff, apply, diff
from sprintia_config.comparison.tokens import Tokens
from sprintia_platform.content.pointers import format_pointer
from sprintia_platform.content.values import Json, Number, to_json

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from([Number("1.0"), Number("1.10"), Number("1e400"), Number("-0"), Number("0.0")]),
    st.sampled_from(["", "0", "1", "a", "b", "true", "~/"]),
)
KEYS = st.sampled_from(["id", "name", "a", "b", "~", "/", ""])
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=6), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=25,
)
ROWS = st.lists(
    st.fixed_dictionaries({"id": st.integers(0, 9)}, optional={"a": SCALARS, "tags": st.lists(SCALARS, max_size=4)}),
    max_size=9,
)
DOCUMENTS = st.one_of(VALUES, ROWS, st.lists(st.sampled_from("abcdef"), max_size=12))


def same(left: Json, right: Json) -> bool:
    """Equal to the letter; the order of keys aside."""
    tokens = Tokens()
    return tokens.read(left) == tokens.read(right)


def told(found: Diff) -> list[tuple[Any, ...]]:
    """The changes as (operation, old pointer, new pointer)."""
    return [
        (
            change.operation,
            None if change.old_path is None else format_pointer(change.old_path),
            None if change.new_path is None else format_pointer(change.new_path),
        )
        for change in found.changes
    ]


@settings(max_examples=400, deadline=None)
@given(DOCUMENTS, DOCUMENTS, st.sampled_from([DEFAULT_BUDGET, 40, 12, 5, 0]))
def test_the_changes_make_the_new_value_of_the_old_one(old: Json, new: Json, budget: int) -> None:
    before = to_json(old)
    found = diff(old, new, budget=budget)
    assert same(apply(found.changes, old), new)
    assert to_json(old) == before, "the old value is not changed in place"
    assert (found.changes == []) == same(old, new)
    assert found.complete == (not any(change.whole for change in found.changes))


@settings(max_examples=150, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_items_that_only_changed_places_are_moved(rows: list[Json], random: Any) -> None:
    items = [{**row, "id": number} for number, row in enumerate(rows) if isinstance(row, dict)]
    shuffled = random.sample(items, len(items))
    found = diff(items, shuffled)
    assert {change.operation for change in found.changes} <= {"moved"}
    assert len(found.changes) < max(1, len(items)), "what can stay, stays"
    assert same(apply(found.changes, items), shuffled)


@settings(max_examples=150, deadline=None)
@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_shared_parts_are_compared_where_they_stand(shared: Json, other: Json, extra: Json) -> None:
    old: Json = {"x": shared, "y": [shared, shared, extra]}
    new: Json = {"x": other, "y": [extra, shared, other, shared]}
    assert same(apply(diff(old, new).changes, old), new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (1, True), (0, False), ("1", 1), (Number("1.0"), 1), (Number("1.10"), Number("1.1")), (0, Number("-0")),
        (None, ""), ([], {}), ({"a": None}, {}), ([None], []), ({"a": 1}, {"a": True}), ([1], [True]),
        ({"a": [1]}, {"a": [Number("1.0")]}),
    ],
)  # fmt: skip
def test_what_python_takes_for_equal_is_not(old: Json, new: Json) -> None:
    found = diff(old, new)
    assert found.changes
    assert same(apply(found.changes, old), new)
    assert not same(old, new)


def test_the_order_of_keys_means_nothing() -> None:
    assert diff({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1}).changes == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(
            {"company": {"name": "Loja", "city": "Recife"}},
            {"company": {"name": "Loja 2", "site": "x"}},
            [
                ("removed", "/company/city", None),
                ("changed", "/company/name", "/company/name"),
                ("added", None, "/company/site"),
            ],
            id="mapping",
        ),
        pytest.param(
            [{"id": 1, "v": 1}, {"id": 2, "v": 1}],
            [{"id": 2, "v": 2}, {"id": 1, "v": 1}],
            [("moved", "/1", "/0"), ("changed", "/1/v", "/0/v")],
            id="rows by id, one moved and changed",
        ),
        pytest.param(
            [{"domain": "retail", "account_id": "a"}, {"domain": "retail", "account_id": "b"}],
            [{"domain": "retail", "account_id": "b", "sequence": 1}],
            [("removed", "/0", None), ("added", None, "/0/sequence")],
            id="rows by domain and account",
        ),
        pytest.param(["a", "b", "c"], ["c", "a", "b"], [("moved", "/2", "/0")], id="one scalar moved"),
        pytest.param(["a", "b", "a"], ["b", "a"], [("removed", "/0", None)], id="one of two alike removed"),
        pytest.param(["a", "c"], ["a", "b", "c"], [("added", None, "/1")], id="scalar added between"),
        pytest.param(
            [{"open": "08:00", "close": "18:00"}, {"open": "09:00", "close": "12:00"}],
            [{"open": "08:00", "close": "19:00"}, {"open": "09:00", "close": "12:00"}],
            [("changed", "/0/close", "/0/close")],
            id="rows without identity, one field changed",
        ),
        pytest.param({"a": [1]}, {"a": {"0": 1}}, [("changed", "/a", "/a")], id="another kind"),
        pytest.param({"a/b": {"~": 1}}, {"a/b": {"~": 2}}, [("changed", "/a~1b/~0", "/a~1b/~0")], id="escapes"),
    ],
)
def test_what_a_reader_sees(old: Json, new: Json, expected: list[tuple[Any, ...]]) -> None:
    found = diff(old, new)
    assert told(found) == expected
    assert same(apply(found.changes, old), new)


def test_a_mapping_that_is_an_atom_is_compared_as_one_thing() -> None:
    def atom(mapping: dict[str, Json]) -> Any:
        return mapping.get("set") if "$secret" in mapping else None

    old: Json = {"p": {"$secret": "a", "set": True}, "q": {"$secret": "b", "set": True}}
    new: Json = {"p": {"$secret": "other name", "set": True}, "q": {"$secret": "b", "set": False}}
    assert told(diff(old, new, atom=atom)) == [("changed", "/q", "/q")]


def nested(depth: int, leaf: Json) -> Json:
    value = leaf
    for level in range(depth):
        value = {"k": value} if level % 2 else [value]
    return value


def test_depth_ends_nothing() -> None:
    for depth in (64, 5_000):
        old, new = nested(depth, {"v": 1}), nested(depth, {"v": 2})
        found = diff(old, new)
        assert [change.operation for change in found.changes] == ["changed"]
        assert to_json(apply(found.changes, old)) == to_json(new)


def flat(start: int) -> Json:
    return [f"line {number % 7}-{number}" for number in range(start, start + 49_000)]


HOSTILE: dict[str, Callable[[], tuple[Json, Json]]] = {
    "long lists of a few values": lambda: ([str(n % 3) for n in range(49_000)], [str(n % 2) for n in range(49_000)]),
    "long lists, every item moved": lambda: (flat(0), list(reversed(flat(0)))),  # type: ignore[arg-type]
    "long lists, nothing in common": lambda: (flat(0), flat(60_000)),
    "rows by id, reversed and changed": lambda: (
        [{"id": n, "v": 0} for n in range(16_000)],
        [{"id": n, "v": 1} for n in reversed(range(16_000))],
    ),
    "rows without identity, all changed": lambda: (
        [{"v": 0, "w": n % 9} for n in range(16_000)],
        [{"v": 1, "w": n % 9} for n in range(16_000)],
    ),
    "flat mapping, all changed": lambda: ({f"k{n}": 0 for n in range(49_000)}, {f"k{n}": 1 for n in range(49_000)}),
    "integers that hash alike": lambda: (
        [[n * (2**61 - 1)] for n in range(24_000)],
        [[n * (2**61 - 1)] for n in range(24_000, 0, -1)],
    ),
    "long keys above many leaves": lambda: (
        nested_under("k" * 1_000, 40, {f"k{n}": 0 for n in range(40_000)}),
        nested_under("k" * 1_000, 40, {f"k{n}": 1 for n in range(40_000)}),
    ),
    "deep and wide": lambda: (
        [nested(60, n) for n in range(800)],
        [nested(60, -n) for n in range(800)],
    ),
}  # fmt: skip


def nested_under(key: str, depth: int, leaf: Json) -> Json:
    for _ in range(depth):
        leaf = {key: leaf}
    return leaf


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_values_cost_little(name: str) -> None:
    old, new = HOSTILE[name]()
    started = time.process_time()
    found = diff(old, new)
    spent = time.process_time() - started
    assert spent < 2, f"{spent:.2f} s of processor time"  # about 0.2 s on an idle machine: the bound is for a busy one
    assert same(apply(found.changes, old), new)
    pointers = sum(len(format_pointer(change.new_path or change.old_path or ())) for change in found.changes)
    assert pointers < 5_000_000, "the answer does not grow by repeating long paths"


def test_one_change_in_a_very_large_value_is_told_as_one() -> None:
    mapping: dict[str, Json] = {f"k{number}": number for number in range(45_000)}
    assert told(diff(mapping, {**mapping, "z": 1})) == [("added", None, "/z")]
    items: list[Json] = [f"line {number}" for number in range(45_000)]
    assert told(diff(items, [*items[:20_000], "new", *items[20_000:]])) == [("added", None, "/20000")]


def test_beyond_the_budget_the_rest_is_told_as_a_whole() -> None:
    old: Json = {"small": {"a": 1}, "large": list(range(50))}
    new: Json = {"small": {"a": 2}, "large": list(range(1, 60))}
    found = diff(old, new, budget=20)
    assert not found.complete
    assert [(change.new_path, change.whole) for change in found.changes] == [
        (("small", "a"), False),
        (("large",), True),
    ]
    assert same(apply(found.changes, old), new)
