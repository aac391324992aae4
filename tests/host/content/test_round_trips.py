"""What is written reads back as the same value, by our readers and by those of others."""

import json
from collections.abc import Callable

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sprintia_platform.content import ContentError, Number, read_json, read_yaml, to_json, write_yaml

# Words and characters at which YAML readers disagree, beside any text at all.
TRICKY_WORDS = (
    *("yes", "No", "on", "OFF", "y", "n", "true", "null", "~", "", "=", "<<", "-", "?", ":", "---", "...", "%YAML"),
    *("18:00", "1:30:00", "2025-01-02", "2001-12-14t21:59:43.10-05:00", "1_000", "0b1", "0o17", "0x1F", "010", "089"),
    *("1e3", "1.5", ".5", "-.inf", ".nan", "+1", "12e03", "685_230.15", "190:20:30", "a: b", "a #b", "#a", "a:", "- a"),
    *("&a", "*a", "!a", "@a", "`a", "|", ">", "[", "{", "a]", "'", '"', "\\", " a", "a ", "\ta", "a\t", "a\n", "\na"),
    *(
        "a\nb",
        "a\n\nb\n",
        "a\n b\n",
        "a\n \nb",
        " a\nb",
        "a\n\n",
        "\n",
        "a\r\nb",
        "a\x85b",
        "\u2028",
        "\ufeffa",
        "\x7f",
    ),
    *(
        "\ufffe",
        "😀",
        "é",
        "a\n---\nb",
        "a\n...\n",
        "a\n\tb",
        "x" * 1100,
        "\x01" * 400,
        "k: v\n- l\n#c",
        "http://h:80/#x",
    ),
)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
strings = st.sampled_from(TRICKY_WORDS) | texts | st.text("ab: #-\n'\"\\\t,[]{}&*!|>%@0189.eE+_yn~?")
numbers = (
    st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20}([eE][-+]?[0-9]{1,4})?|[eE][-+]?[0-9]{1,4})", fullmatch=True)
    | st.just("-0")
).map(Number)
scalars = st.none() | st.booleans() | st.integers() | numbers | strings
keys = strings.filter(lambda key: len(key) <= 1000)
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=30)


@given(values)
@settings(max_examples=400)
def test_yaml_reads_back_as_the_same_value(value: object) -> None:
    text = write_yaml(value)
    assert exact(read_yaml(text)) == exact(value)
    assert write_yaml(read_yaml(text)) == text


@given(values)
@settings(max_examples=200)
def test_pyyaml_reads_the_same_strings(value: object) -> None:
    assert shape(yaml.safe_load(write_yaml(value))) == shape(value)


@given(values)
@settings(max_examples=200)
def test_json_reads_back_as_the_same_value(value: object) -> None:
    text = to_json(value)
    assert exact(read_json(text.encode())) == exact(value)
    json.loads(text)


@pytest.mark.parametrize("word", TRICKY_WORDS)
@pytest.mark.parametrize(
    "place",
    [
        lambda word: word,
        lambda word: [word],
        lambda word: {"k": word},
        lambda word: {word[:1000]: {word[:1000]: [word]}},
        lambda word: [[{"k": [word, [word]]}], {"l": {"m": word}}],
    ],
    ids=["root", "item", "member", "key", "nested"],
)
def test_tricky_words_stay_strings_everywhere(word: str, place: Callable[[str], object]) -> None:
    value = place(word)
    text = write_yaml(value)
    assert read_yaml(text) == value
    assert yaml.safe_load(text) == value
    assert yaml.load(text, Loader=yaml.CSafeLoader) == value


@given(strings)
@example("\\\x85")
def test_any_string_is_one_in_every_reader(text: str) -> None:
    assert yaml.safe_load(write_yaml([text])) == [text] == read_yaml(write_yaml([text]))


def test_the_text_is_plain_where_it_can_be() -> None:
    value = {
        "name": "Loja São João",
        "hours": ["08:00", "10 horas"],
        "on": "yes",
        "empty": [{}, [], "", None],
        "rules": [{"a": 1, "b": [Number("1.10"), [True]]}, {"c": {"d": "e"}}],
        "prompt": "Olá!\n\n  Como vai?\n",
        "url": "http://localhost:8069",
    }
    assert write_yaml(value) == (
        "name: Loja São João\n"
        "hours:\n- '08:00'\n- '10 horas'\n"
        "'on': 'yes'\n"
        "empty:\n- {}\n- []\n- ''\n- null\n"
        "rules:\n- a: 1\n  b:\n  - 1.10\n  - - true\n- c:\n    d: e\n"
        "prompt: |\n  Olá!\n\n    Como vai?\n"
        "url: http://localhost:8069\n"
    )


def test_booleans_of_other_readers_are_quoted() -> None:
    assert write_yaml({"y": "N"}) == "'y': 'N'\n"


@pytest.mark.parametrize(
    "value", [{"k" * 1000: {"a": [1]}}, {"\x01" * 400: [1, {"b": 2}]}, [{"\x01" * 400: "a\nb\n"}, 2]]
)
def test_keys_too_long_for_one_line_stay_keys(value: object) -> None:
    assert read_yaml(write_yaml(value)) == value == yaml.safe_load(write_yaml(value))


def test_shared_parts_are_written_without_aliases() -> None:
    text = write_yaml(read_yaml("a: &x {k: [1]}\nb: *x\n"))
    assert text == "a:\n  k:\n  - 1\nb:\n  k:\n  - 1\n"


@pytest.mark.parametrize("kind", [list, dict])
def test_the_greatest_depth_reads_back(kind: type) -> None:
    value: object = "leaf"
    for _ in range(64):
        value = [value] if kind is list else {"k": value}
    assert read_yaml(write_yaml(value)) == value
    assert read_json(to_json(value).encode()) == value
    with pytest.raises(ContentError):
        read_yaml(write_yaml([value]))


def exact(value: object) -> object:
    """Types and the order of keys too: True is not 1, and {a, b} is not {b, a}."""
    if isinstance(value, dict):
        return ["mapping", *((key, exact(member)) for key, member in value.items())]
    if isinstance(value, list):
        return ["list", *map(exact, value)]
    return (type(value).__name__, value)


def shape(value: object) -> object:
    """The value with all that is no string made alike: YAML 1.1 has other numbers than YAML 1.2."""
    if isinstance(value, dict):
        return [(key, shape(member)) for key, member in value.items()]
    if isinstance(value, list):
        return list(map(shape, value))
    if isinstance(value, Number):  # 1e3 is a string to PyYAML: YAML 1.1 wants 1.0e+3
        loaded = yaml.safe_load(value.text)
        return loaded if isinstance(loaded, str) else (loaded,)
    return value if isinstance(value, str | bool) else (value,)
