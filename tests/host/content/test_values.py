"""The value model and its JSON text."""

import json

import pytest

from sprintia_platform.content import ContentError, Limits, Number, check_limits, json_view, to_json


@pytest.mark.parametrize("text", ["1.10", "1e3", "-0", "-0.0", "0.5", "1E-7", "12345678901234567890.1", "1e400"])
def test_a_number_is_kept_to_the_letter(text: str) -> None:
    assert to_json(Number(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "-5",
        ".5",
        "1.",
        "01.5",
        "+1.5",
        "NaN",
        "1e",
        "0x1F",
        "1.5 ",
        "1.5\n",
        '1.0,"a":2',
        "\N{ARABIC-INDIC DIGIT ONE}.5",
    ],
)
def test_a_number_is_a_json_literal_and_no_plain_integer(text: str) -> None:
    with pytest.raises(ValueError, match=r"integer|literal"):
        Number(text)


def test_numbers_are_equal_when_written_alike() -> None:
    assert Number("1.10") == Number("1.10")
    assert Number("1.10") != Number("1.1")
    assert len({Number("1.10"), Number("1.10")}) == 1


def test_json_text_is_compact_ordered_and_exact() -> None:
    value = {"z": [1, Number("1.10"), True, False, None], "á": {"": 'é\n"\\\u2028😀'}, "e": {}, "l": [], "n": 2**80}
    assert to_json(value) == (
        '{"z":[1,1.10,true,false,null],"á":{"":"é\\n\\"\\\\\u2028😀"},"e":{},"l":[],"n":1208925819614629174706176}'
    )


def test_shared_parts_are_written_out() -> None:
    part = {"a": [1]}
    assert to_json([part, part]) == '[{"a":[1]},{"a":[1]}]'


def test_no_depth_ends_the_writer() -> None:
    value: list = []
    for _ in range(100_000):
        value = [value]
    text = to_json(value)
    assert text == "[" * 100_001 + "]" * 100_001
    while value:  # taken apart by hand: not every interpreter frees such a value without recursion
        value = value.pop()


@pytest.mark.parametrize(
    ("value", "view"),
    [
        ({"a": 1}, '{"a":1}'),
        ({}, "{}"),
        ({"data": 1}, '{"data":1}'),
        (None, '{"data":null}'),
        ([1], '{"data":[1]}'),
        ("text", '{"data":"text"}'),
        (Number("1.10"), '{"data":1.10}'),
        (False, '{"data":false}'),
    ],
)
def test_the_view_of_a_document_is_a_mapping(value: object, view: str) -> None:
    assert to_json(json_view(value)) == view
    json.loads(view)


LIMITS = Limits(max_depth=3, max_values=10, max_characters=20, max_key_length=5)


@pytest.mark.parametrize("value", [None, [[[1]]], [1] * 9, "a" * 20, {"abcde": 1}, {"a": {"b": {"c": 1}}}])
def test_values_within_limits_pass(value: object) -> None:
    check_limits(value, LIMITS)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ([[[[]]]], "too_deep"),
        ([1] * 10, "too_many_values"),
        ([[1, 2], [3, 4], [5, 6], [7]], "too_many_values"),
        ("a" * 21, "too_many_characters"),
        ({"k": "a" * 20}, "too_many_characters"),
        ([Number("1." + "0" * 19)], "too_many_characters"),
        ({"abcdef": 1}, "key_too_long"),
    ],
)
def test_values_beyond_limits_are_refused(value: object, code: str) -> None:
    with pytest.raises(ContentError) as caught:
        check_limits(value, LIMITS)
    assert caught.value.code == code


def test_shared_parts_that_stand_for_billions_are_refused() -> None:
    value: object = "x"
    for _ in range(30):
        value = [value] * 10
    with pytest.raises(ContentError) as caught:
        check_limits(value)
    assert caught.value.code == "too_many_values"
