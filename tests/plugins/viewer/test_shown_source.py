"""A text as it is shown: each line knows what begins on it, as the readers have it, and keeps what it holds."""

import json
import re
from html import unescape
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sprintia_platform.content import format_pointer, read_json, read_yaml, write_yaml
from sprintia_viewer.shown import source
from sprintia_viewer.shown.places import places_of
from sprintia_viewer.shown.remembered import Remembered
from sprintia_viewer.shown.source import MOST_HIGHLIGHTED, SourceView, source_view

PAGE = 300_000

KEYS = st.text(st.sampled_from("ab/~# \"'-:{}[]é\u2003💡\\"), max_size=5)
SCALARS = st.none() | st.booleans() | st.integers() | st.text(st.sampled_from("ab:#'\"\n- é💡\\{"), max_size=12)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


def pointers(value: Any, steps: tuple[str | int, ...] = ()) -> list[str]:
    """Of every key and item of a value, in its order."""
    members: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        members = [*value.items()]
    elif isinstance(value, list):
        members = [*enumerate(value)]
    found = []
    for step, member in members:
        found += [format_pointer((*steps, step)), *pointers(member, (*steps, step))]
    return found


def noted(text: str) -> list[str]:
    return [pointer for _, found in sorted(source.places(text).items()) for pointer in found]


def plain(view: SourceView) -> list[str]:
    return [unescape(re.sub(r"<[^>]*>", "", line.html)) for line in view.lines]


def markup_size(view: SourceView) -> int:
    return sum(len(line.html) + sum(len(pointer) + 20 for pointer in line.pointers) for line in view.lines)


@settings(deadline=None)
@given(VALUES)
def test_every_key_and_item_of_written_yaml_has_its_place(value: Any) -> None:
    text = write_yaml(value)
    assert noted(text) == pointers(read_yaml(text))


@settings(deadline=None)
@given(VALUES, st.sampled_from([None, 1]), st.booleans())
def test_every_key_and_item_of_json_has_its_place(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert noted(text) == pointers(read_json(text.encode()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb:\n  - x\n  - y: 2\n", {1: ["/a"], 2: ["/b"], 3: ["/b/0"], 4: ["/b/1", "/b/1/y"]}),
        ('# c\n\n\'a b\': 1 # c\n"q\\"/~": 2\n', {3: ["/a b"], 4: ['/q"~1~0']}),
        ("m: {a: 1,\n  b: [2,\n  3]}\n", {1: ["/m", "/m/a"], 2: ["/m/b", "/m/b/0"], 3: ["/m/b/1"]}),
        ("t: |\n  k: v\n\n  - x\nz: 1\n", {1: ["/t"], 5: ["/z"]}),
        ("a: &x {k: 1}\nb: *x\n", {1: ["/a", "/a/k"], 2: ["/b"]}),
        ("&x a: 1\nb: {*x : 2}\n", {1: ["/a"], 2: ["/b", "/b/a"]}),
        ("a: &x {k: 1}\nb:\n  <<: *x\n  <<\\: 1\n", {1: ["/a", "/a/k"], 2: ["/b"], 4: ["/b/<<\\"]}),
        ("b:\n  <<: {a: 1}\n  '<<': 2\n", {1: ["/b"], 3: ["/b/<<"]}),
        ("~: 1\nNull: 2\n", {1: ["/null"], 2: ["/null"]}),
        ("1.0: x\ntrue: y\n", {1: ["/1.0"], 2: ["/true"]}),
        ("? a\n: 1\n? b\n", {1: ["/a"], 3: ["/b"]}),
        ("---\na: 1\n...\n", {2: ["/a"]}),
        ("\ufeffa: 1\nb: 2\n", {1: ["/a"], 2: ["/b"]}),
        ("a: 1\r\nb: 2\r\n", {1: ["/a"], 2: ["/b"]}),
        ("a: 'x\r y'\nb: 1\n", {1: ["/a"], 2: ["/b"]}),
        ('{"\\u0061":"\\ud83d\\ude00","b":[1,{"c":{}}]}', {1: ["/a", "/b", "/b/0", "/b/1", "/b/1/c"]}),
        ("{a: 1, 'b': 2}\n", {1: ["/a", "/b"]}),
        ("plain\n", {}),
        ("", {}),
        ("a: 1\nb: [\n", {1: ["/a"], 2: ["/b"]}),
    ],
)
def test_places_of_what_people_write(text: str, expected: dict[int, list[str]]) -> None:
    assert source.places(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: |\n  x\n\n  y\nb: 1\n", {2: "/a", 3: "/a", 4: "/a"}),
        ("a:\n  long\n  text\nb: 1\n", {2: "/a", 3: "/a"}),
        ("- 'x\n  y'\n- 1\n", {2: "/0"}),
        ("a: >-\n  x\n# c\nb: 1\n", {2: "/a"}),
        ('{"a":\n1,\n"b": 2}', {2: "/a"}),
    ],
)
def test_lines_on_which_a_text_goes_on_belong_to_it(text: str, expected: dict[int, str]) -> None:
    view = source_view(text, "yaml")
    assert {line.number: line.within for line in view.lines if line.within} == expected


def test_masks_are_told_by_the_names_of_their_secrets() -> None:
    text = 'odoo:\n  $secret: odoo\n  set: true\nall: {a: {$secret: x, set: true}, b: {"$secret": y, set: false}}\n'
    view = source_view(text, "yaml")
    assert [line.secrets for line in view.lines] == [(), ("odoo",), (), ("x", "y")]
    as_json = source_view('{"a":{"$secret":"a/b","set":true}}', "json")
    assert as_json.lines[0].secrets == ("a/b",)


@pytest.mark.parametrize("language", ["yaml", "json"])
@pytest.mark.parametrize("coloured", [True, False])
def test_what_looks_like_markup_stays_text(language: source.Language, coloured: bool) -> None:
    evil = "</span></script><script>alert(1)</script><img src=x onerror=alert(1)>&amp;"
    lines = [f"a: {evil}", f"'{evil}': 1", f"# {evil}", f'{{"b": "{evil}"}}', f"|{evil}", "x " * 50 + evil]
    text = "\n".join([*lines, *(["y"] * (0 if coloured else 2_000))])
    view = source_view(text, language)
    assert view.highlighted is coloured
    assert plain(view)[: len(lines)] == lines
    tags = re.findall(r"<[^>]*>", "".join(line.html for line in view.lines))
    assert all(re.fullmatch(r'</span>|<span( class="[\w -]+")?>', tag) for tag in tags)
    for line in view.lines:
        assert line.html.count("<span") == line.html.count("</span")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a: x\u202egpj\u2066", "a: xU+202EgpjU+2066"),
        ("a: \x1b[31mred", "a: U+001B[31mred"),
        ("a: b\u200bc\u00ad\U000e0041", "a: bU+200BcU+00ADU+E0041"),
        ("a: x\ry", "a: xU+000Dy"),
        ("a: 👩\u200d👧 ok ✌\ufe0f\u200d👧", "a: 👩\u200d👧 ok ✌\ufe0f\u200d👧"),
        ("a: p\u200dq", "a: pU+200Dq"),
        ("a:\tb\r", "a:\tb"),
    ],
)
@pytest.mark.parametrize("coloured", [True, False])
def test_what_cannot_be_seen_is_named(text: str, shown: str, coloured: bool) -> None:
    view = source_view(text + ("\n" + "y\n" * 2_000 if not coloured else ""), "yaml")
    assert plain(view)[0] == shown


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"key_{number}:\n  - {{name: value {number}, on: true}} # why\n" for number in range(1_200)),
        "".join(f"k{number}: {number}\n" for number in range(30_000)),
        json.dumps({f"k{number}": [number] for number in range(60_000)}),
        "[" + ",".join("[]" for _ in range(20_000)) + "]",
        "".join(f"{' ' * depth}{'k' * 400}{depth}:\n" for depth in range(40)) + " " * 40 + "- 1\n" * 1,
        "x: " + "y" * 1_000_000,
        "\n" * 50_000,
        "\u202e" * 300_000,
    ],
    ids=["coloured", "many lines", "one line", "list", "long keys", "long line", "empty lines", "unseen"],
)
def test_a_page_is_bounded_and_the_rest_follows_it(text: str) -> None:
    first, pages, numbers = 1, 0, []
    while first is not None and pages < 3:
        view = source_view(text, "yaml", first)
        assert markup_size(view) + 100 * len(view.lines) < PAGE
        numbers += [line.number for line in view.lines]
        assert view.more_from is None or view.more_from == numbers[-1] + 1
        first, pages = view.more_from, pages + 1
    assert numbers
    assert all(after == before + 1 for before, after in pairwise(numbers))
    assert first is not None or numbers[-1] == view.total


def test_a_long_line_is_cut_and_says_so() -> None:
    view = source_view("a: " + "x" * 6_000, "yaml")
    assert plain(view) == ["a: " + "x" * 4_997 + "… (+1003)"]
    (line,) = source_view(json.dumps({"a": "x" * 6_000, "b": 1}), "json").lines
    assert line.pointers == ("/a",)  # the other key is not shown


def test_what_is_large_has_no_colours() -> None:
    small = source_view("a: " + "b" * (MOST_HIGHLIGHTED - 3), "yaml")
    large = source_view("a: " + "b" * (MOST_HIGHLIGHTED - 2), "yaml")
    assert (small.highlighted, large.highlighted) == (True, False)


def test_colours_that_take_too_long_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "HIGHLIGHTING_SECONDS", -1.0)
    view = source_view("late: 1\n", "yaml")
    assert (view.highlighted, plain(view)) == (False, ["late: 1"])


def test_long_keys_around_many_items_cost_no_memory() -> None:
    # 96 KB that the reader accepts: 20,000 pointers of 54 KB would be a gigabyte.
    text = (
        "".join(f"{' ' * depth}{depth:02d}{'k' * 900}:\n" for depth in range(60)) + " " * 60 + "[" + "1," * 20_000 + "]"
    )
    read_yaml(text)
    found = places_of(text)
    assert sum(len(pointer) for line in found.pointers.values() for pointer, _ in line) < 100_000


def test_what_was_shown_lately_is_remembered_up_to_so_many_bytes() -> None:
    assert source_view("same: 1\n", "yaml") is source_view("same: 1\n", "yaml")
    assert source_view("same: 1\n", "json") is not source_view("same: 1\n", "yaml")
    remembered = Remembered[str](100)
    remembered.put("a", "A", 40)
    remembered.put("b", "B", 40)
    assert remembered.get("a") == "A"
    remembered.put("c", "C", 40)
    remembered.put("d", "D", 101)
    assert [remembered.get(key) for key in "abcd"] == ["A", None, "C", None]
    remembered.put("c", "C2", 60)
    assert [remembered.get(key) for key in "ac"] == ["A", "C2"]


def test_texts_within_brackets_look_as_others_do() -> None:
    lines = source.source_view("a: plain\nb: {k: inner}\nc: [one]\nd: &x 1\ne: *x\nf: [*x]\n", "yaml").lines
    for number, text in ((1, "plain"), (2, "inner"), (3, "one")):
        assert f'<span class="l l-Scalar l-Scalar-Plain">{text}</span>' in lines[number - 1].html
    for number in (5, 6):
        assert '<span class="nv">*x</span>' in lines[number - 1].html, "an alias is no text"
