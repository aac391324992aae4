"""Mappings, lists, keys, documents, anchors and merges as `read_yaml` sees them."""

import pytest

from sprintia_platform.content import ContentError, Limits, read_yaml, to_json


@pytest.mark.parametrize(
    "text", ["", "\n\n", "# only a comment", "  # indented\n", "---\n", "---\n...\n", "\ufeff", "~"]
)
def test_a_text_without_content_is_none(text: str) -> None:
    assert read_yaml(text) is None


@pytest.mark.parametrize(
    "text",
    ["a: 1", "---\na: 1\n", "a: 1\n...\n", "%YAML 1.2\n---\na: 1", "\ufeffa: 1", "a: 1\r\n", '{"a": 1}', "# c\na: 1"],
)
def test_one_document_in_its_usual_dresses(text: str) -> None:
    assert read_yaml(text) == {"a": 1}


def test_keys_are_strings_as_written_in_their_order() -> None:
    text = '1: a\ntrue: b\n0x1F: c\n1.10: d\n08:00: e\n"": f\n"~": g\n? Yes\n: h\n"<<": i\n'
    assert list(read_yaml(text)) == ["1", "true", "0x1F", "1.10", "08:00", "", "~", "Yes", "<<"]


@pytest.mark.parametrize("key", ["~", "null", "Null", "NULL", "?\n"])
def test_keys_of_null_have_one_name(key: str) -> None:
    assert read_yaml(f"{{{key}: x}}") == {"null": "x"}


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, 1),
        ("x:\n  - {k: 1, 'k': 2}\n", 2, 12),
        ("1: a\n'1': b\n", 2, 1),
        ("~: a\nnull: b\n", 2, 1),
        ("<<: {a: 1}\n<<: {b: 1}\n", 2, 1),
        ("a: &x k\n*x : 1\nk: 2\n", 3, 1),
    ],
)
def test_duplicate_keys_are_refused(text: str, line: int, column: int) -> None:
    with pytest.raises(ContentError) as caught:
        read_yaml(text)
    assert (caught.value.code, caught.value.line, caught.value.column) == ("duplicate_key", line, column)


@pytest.mark.parametrize("text", ["? [a]\n: 1", "? {a: 1}\n: 1", "{[a]: 1}", "a: &x [1]\n? *x\n: 2", "? - a\n: 1"])
def test_only_scalars_are_keys(text: str) -> None:
    with pytest.raises(ContentError) as caught:
        read_yaml(text)
    assert caught.value.code == "complex_key"


def test_aliases_repeat_the_object_without_copying_it() -> None:
    value = read_yaml("a: &x\n  k: [1, 2]\nb: *x\nc: [*x, *x]\n")
    assert value == {"a": {"k": [1, 2]}, "b": {"k": [1, 2]}, "c": [{"k": [1, 2]}] * 2}
    assert value["a"] is value["b"] is value["c"][0]


def test_scalars_can_be_anchored_and_be_keys() -> None:
    assert read_yaml("a: &n 5\nb: *n\n*n : w\n") == {"a": 5, "b": 5, "5": "w"}
    assert read_yaml("&k 1: a\nb: *k\n") == {"1": "a", "b": 1}


def test_an_alias_means_the_latest_node_with_its_anchor() -> None:
    assert read_yaml("- &a 1\n- *a\n- &a 2\n- *a\n") == [1, 1, 2, 2]
    assert read_yaml("- &a [&a 7, *a]\n- *a\n") == [[7, 7], 7]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: *nothing", "undefined_alias"),
        ("*nothing", "undefined_alias"),
        ("a: *x\nb: &x 1", "undefined_alias"),
        ("&a [*a]", "recursive_alias"),
        ("a: &a\n  b: {c: *a}", "recursive_alias"),
        ("&a {<<: *a}", "recursive_alias"),
        ("&a {k: 1, *a : 2}", "recursive_alias"),
    ],
)
def test_aliases_that_lead_nowhere(text: str, code: str) -> None:
    with pytest.raises(ContentError) as caught:
        read_yaml(text)
    assert caught.value.code == code
    assert caught.value.line is not None


@pytest.mark.parametrize(
    ("text", "merged"),
    [
        ("{<<: {a: 1, b: 2}, b: 3, c: 4}", {"a": 1, "b": 3, "c": 4}),
        ("{b: 3, <<: {a: 1, b: 2}}", {"a": 1, "b": 3}),
        ("{<<: [{a: 1}, {a: 2, b: 2}]}", {"a": 1, "b": 2}),
        ("{<<: []}", {}),
        ("{<<: {}, a: 1}", {"a": 1}),
        ("[&x {a: 1}, &y [*x, {b: 2}], {<<: *y}]", [{"a": 1}, [{"a": 1}, {"b": 2}], {"a": 1, "b": 2}]),
        ("[&x {a: 1}, &y {<<: *x, b: 2}, {<<: *y, c: 3}]", [{"a": 1}, {"a": 1, "b": 2}, {"a": 1, "b": 2, "c": 3}]),
        ('{"<<": {a: 1}}', {"<<": {"a": 1}}),
        ("[<<]", ["<<"]),
        ("a: <<", {"a": "<<"}),
    ],
)
def test_merge_keys(text: str, merged: object) -> None:
    assert read_yaml(text) == merged


def test_a_merge_does_not_change_what_it_merges() -> None:
    assert read_yaml("- &x {a: 1}\n- {<<: *x, a: 2}\n- *x\n") == [{"a": 1}, {"a": 2}, {"a": 1}]


def test_merged_keys_come_first_and_keep_their_order() -> None:
    assert to_json(read_yaml("{z: 1, <<: [{b: 1, a: 2}, {c: 3}], a: 9}")) == '{"b":1,"a":9,"c":3,"z":1}'


@pytest.mark.parametrize("value", ["1", "text", "~", "[1]", "[{a: 1}, [{b: 1}]]", "[~]"])
def test_only_mappings_can_be_merged(value: str) -> None:
    with pytest.raises(ContentError) as caught:
        read_yaml(f"k: 1\n<<: {value}\n")
    assert (caught.value.code, caught.value.line) == ("bad_merge", 2)


def test_merging_generation_after_generation_adds_no_depth() -> None:
    generations = "".join(f"g{i}: &g{i} {{<<: *g{i - 1}}}\n" for i in range(1, 90))
    value = read_yaml("g0: &g0 {a: {b: 1}}\n" + generations)
    assert value["g89"] == {"a": {"b": 1}}


LIMITS = Limits(
    max_bytes=500,
    max_depth=3,
    max_values=10,
    max_characters=100,
    max_aliases=3,
    max_merges=2,
    max_key_length=5,
    max_number_length=4,
)


@pytest.mark.parametrize(
    ("within", "beyond", "code"),
    [
        ("#" * 500, "#" * 501, "too_large"),
        ("#" + "é" * 249, "#" + "é" * 250, "too_large"),
        ("[[[1]]]", "[[[[1]]]]", "too_deep"),
        ("a: {b: {c: 1}}", "a: {b: {c: []}}", "too_deep"),
        ("[&x [1], [*x]]", "[&x [1], [[*x]]]", "too_deep"),
        ("[1,2,3,4,5,6,7,8,9]", "[1,2,3,4,5,6,7,8,9,10]", "too_many_values"),
        ("[&x [1,2,3], *x]", "[&x [1,2,3], *x, *x]", "alias_expansion"),
        ("&x " + "a" * 100, "a" * 101, "too_many_characters"),
        (f"[&x {'a' * 50}, *x]", f"[&x {'a' * 51}, *x]", "alias_expansion"),
        ("[&x 1, *x, *x, *x]", "[&x 1, *x, *x, *x, *x]", "too_many_aliases"),
        ("{<<: [{a: 1}, {b: 1}]}", "{<<: [{a: 1}, {b: 1}, {c: 1}]}", "too_many_merges"),
        ("abcde: 1", "abcdef: 1", "key_too_long"),
        ("1234", "12345", "number_too_long"),
    ],
)
def test_each_limit_is_the_last_size_that_is_read(within: str, beyond: str, code: str) -> None:
    read_yaml(within, LIMITS)
    with pytest.raises(ContentError) as caught:
        read_yaml(beyond, LIMITS)
    assert caught.value.code == code
