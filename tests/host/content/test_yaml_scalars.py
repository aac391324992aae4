"""Plain scalars: the core schema of YAML 1.2.2, section 10.3.2, and its one exception."""

import pytest
import yaml

from sprintia_platform.content import ContentError, Number, read_yaml, to_json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((text, None) for text in ("", "~", "null", "Null", "NULL")),
        *((text, True) for text in ("true", "True", "TRUE")),
        *((text, False) for text in ("false", "False", "FALSE")),
        ("0", 0),
        ("+5", 5),
        ("-12", -12),
        ("010", 10),
        ("-010", -10),
        ("007", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("9007199254740993", 9007199254740993),
        ("12345678901234567890123", 12345678901234567890123),
        ("-0", Number("-0")),
        ("-00", Number("-0")),
        ("+0", 0),
    ],
)
def test_null_booleans_and_integers(text: str, value: object) -> None:
    result = read_yaml(f"k: {text}")
    assert result == {"k": value}
    assert type(result["k"]) is type(value)


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("1.10", "1.10"),
        ("0.0", "0.0"),
        ("-0.0", "-0.0"),
        ("18.0", "18.0"),
        (".5", "0.5"),
        ("-.5", "-0.5"),
        ("+.5e3", "0.5e3"),
        ("1.", "1.0"),
        ("1.e3", "1.0e3"),
        ("+1.5", "1.5"),
        ("1e3", "1e3"),
        ("1E+03", "1E+03"),
        ("1e400", "1e400"),
        ("001.50", "1.50"),
        ("00.5", "0.5"),
        ("089.5", "89.5"),
    ],
)
def test_floats_keep_their_digits(text: str, literal: str) -> None:
    assert read_yaml(text) == Number(literal)
    assert to_json(read_yaml(text)) == literal


@pytest.mark.parametrize(
    "text",
    [
        *("yes", "Yes", "no", "NO", "on", "Off", "y", "n", "nULL", "tRue"),
        *("18:00", "08:00", "1:30:00", "2025-01-02", "2025-05-07T19:23:33Z", "01234-567"),
        *("1_000", "1,000", "0b11", "0o18", "0xZZ", "-0x1F", "+0o17", "1e", "e3", "1e3.5", "1.2.3"),
        *("+", ".", "..", "+.", "inf", "nan", ".infinity", "-.nan", "=", "١٢٣"),
        *("-a", "a b", "R$ 200", "http://localhost:8069"),
    ],
)
def test_everything_else_is_a_string(text: str) -> None:
    assert read_yaml(f"k: {text}") == {"k": text}


@pytest.mark.parametrize("digits", ["089", "011999998888", "-089", "+0800", "01310-100", "00980"])
def test_decimals_with_a_leading_zero_that_pyyaml_writes_unquoted_are_strings(digits: str) -> None:
    written = yaml.safe_dump({"k": digits})
    assert "'" not in written, "PyYAML writes this string plain: the reason for the exception"
    assert read_yaml(written) == {"k": digits}


@pytest.mark.parametrize("text", ["true", "null", "12", "1.5", "", "~", ".nan", "<<", "yes"])
@pytest.mark.parametrize("quote", ["'", '"'])
def test_quoted_scalars_are_strings(text: str, quote: str) -> None:
    assert read_yaml(f"k: {quote}{text}{quote}") == {"k": text}


def test_block_scalars_are_strings() -> None:
    assert read_yaml("a: |\n  12\nb: >-\n  true\n") == {"a": "12\n", "b": "true"}


@pytest.mark.parametrize("text", [".inf", "-.Inf", "+.INF", ".nan", ".NaN", ".NAN"])
def test_what_json_cannot_hold_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(ContentError) as caught:
        read_yaml(f"a: 1\nb:\n- x\n- {text}\n")
    assert caught.value.code == "number_not_representable"
    assert (caught.value.line, caught.value.column, caught.value.pointer) == (4, 3, "/b/1")


@pytest.mark.parametrize("literal", ["1" * 1000, "0." + "1" * 998, "1e" + "9" * 998])
def test_the_longest_numbers_are_kept(literal: str) -> None:
    assert to_json(read_yaml(literal)) == literal


@pytest.mark.parametrize(
    "literal", ["1" * 1001, "-" + "1" * 1000, "." + "1" * 999, "1e" + "9" * 999, "0x" + "f" * 900, "0o" + "7" * 999]
)
def test_longer_numbers_are_refused(literal: str) -> None:
    with pytest.raises(ContentError) as caught:
        read_yaml(literal)
    assert caught.value.code == "number_too_long"
    assert "1000" in str(caught.value)
