"""Changes by key: under their parents, readable, and a secret never in them."""

import json
from html import unescape

import pytest

from sprintia_config_client.contract import Difference
from sprintia_viewer.shown.path_changes import LONGEST_STEP, path_changes
from sprintia_viewer.shown.shown_values import LONGEST_VALUE, shown_value


def changed(pointer: str, old: object = "a", new: object = "b", **more: object) -> Difference:
    given = {"operation": "changed", "old_text": json.dumps(old), "new_text": json.dumps(new), **more}
    return Difference(pointer=pointer, **given)  # type: ignore[arg-type]


def test_changes_stand_under_their_parents_in_their_order() -> None:
    found = path_changes(
        [
            changed("/city"),
            changed("/integrations/mcp/url"),
            changed("/integrations/mcp/db"),
            changed("/integrations/qdrant", operation="added", old_text=None),
            changed("/zone"),
        ]
    )
    assert [([str(step.html) for step in group.steps], len(group.changes)) for group in found] == [
        ([], 1), (["integrations", "mcp"], 2), (["integrations"], 1), ([], 1),
    ]  # fmt: skip
    added = found[2].changes[0]
    assert (added.operation, added.old, added.new and str(added.new.html)) == ("added", None, "b")


def test_items_of_lists_are_called_by_place_and_name() -> None:
    old = json.dumps({"agents": [{"id": "x1", "tone": "a"}, {"name": "Ana", "tone": "a"}]})
    new = json.dumps({"agents": [{"name": "Ana", "tone": "b"}], "0": {"1": "b"}})
    moved = Difference(operation="moved", pointer="/agents/0", old_pointer="/agents/1")
    found = path_changes(
        [
            changed("/agents/0/tone", old_pointer="/agents/1/tone"),
            changed("/agents/0", operation="removed", new_text=None),
            moved,
            changed("/0/1"),
        ],
        old, new,
    )  # fmt: skip
    assert [(str(step.html), step.name) for step in found[0].steps] == [("agents", None), ("#1", "Ana")]
    assert [str(step.html) for step in found[0].changes[0].before] == ["agents", "#2", "tone"]
    removed, back = found[1].changes
    assert removed.step is not None
    assert (str(removed.step.html), removed.step.name) == ("#1", "x1")
    assert back.step is not None
    assert (back.step.name, [step.name for step in back.before]) == ("Ana", [None, "Ana"])
    # A mapping may have keys of digits: those are no places.
    assert [str(step.html) for step in found[2].steps] == ["0"]


@pytest.mark.parametrize("document", ["", "{", "[[", '"text"', "{}", "[" * 5_000])
@pytest.mark.parametrize("pointer", ["", "/a/0/b", "/0", "/-", "/" + "9" * 30, "/²", "/a~1b/~0"])
def test_names_are_told_where_they_can_be(document: str, pointer: str) -> None:
    (group,) = path_changes([changed(pointer)], document, document)
    assert [change.pointer for change in group.changes] == [pointer]
    assert (group.changes[0].step is None) is (pointer == "")


def test_the_whole_document_is_a_change_too() -> None:
    (group,) = path_changes([changed("", 1, [1], whole=True)])
    assert (group.steps, group.changes[0].step, group.changes[0].whole) == ((), None, True)


def test_a_secret_is_told_without_its_value() -> None:
    secret = changed("/password", "sentinel-old", "sentinel-new", secret=True)
    masked = changed("/token", {"$secret": "sentinel-name", "set": True}, None)
    (group,) = path_changes([secret, masked])
    assert [change.old and change.old.kind for change in group.changes] == ["secret", "secret"]
    assert group.changes[0].new is not None
    assert group.changes[0].new.kind == "secret"
    assert "sentinel" not in repr(group)


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        ("08:00", "text", '"08:00"'),
        ("true", "text", '"true"'),
        ("", "text", '""'),
        (" x", "text", '" x"'),
        ("x ", "text", '"x "'),
        ("[1]", "text", '"[1]"'),
        ("Olá, mundo", "text", "Olá, mundo"),
        ("two\nlines", "text", "two\nlines"),
        ("x\u202ey", "text", 'x<span class="unseen">U+202E</span>y'),
        (12, "literal", "12"),
        (True, "literal", "true"),
        (None, "literal", "null"),
        ([], "branch", "[]"),
        ({"a": "b" * 60}, "branch", '{\n  "a": "' + "b" * 60 + '"\n}'),
    ],
)
def test_values_read_as_what_they_are(value: object, kind: str, shown: str) -> None:
    found = shown_value(json.dumps(value, ensure_ascii=False))
    assert (found.kind, unescape(found.html), found.cut) == (kind, shown, 0)
    assert found.lines == shown.count("\n") + 1


@pytest.mark.parametrize("text", ['"broken', "{broken", "[" * 10_000, "9" * 10_000, "1e999", '"\\ud800"'])
def test_a_text_that_is_no_value_is_shown_as_it_is(text: str) -> None:
    found = shown_value(text)
    assert len(found.html.encode()) <= LONGEST_VALUE + 100
    assert found.cut == max(0, len(text) - LONGEST_VALUE)


def test_long_values_are_cut_and_say_so() -> None:
    found = shown_value(json.dumps("x" * 1_000_000))
    assert (len(found.html), found.cut) == (LONGEST_VALUE, 1_000_000 - LONGEST_VALUE)
    assert found.whole == "x" * 20_000


def test_what_looks_like_markup_stays_text() -> None:
    evil = "<img src=x onerror=alert(1)>"
    found = path_changes(
        [changed(f"/{evil}/0", evil, [evil])], json.dumps({evil: [{"name": evil}]}), json.dumps({evil: [{"id": evil}]})
    )
    (change,) = found[0].changes
    assert change.old is not None
    assert change.new is not None
    assert "<img" not in repr((found[0].steps, change.step, change.old.html, change.new.html))


def test_long_keys_are_cut() -> None:
    (group,) = path_changes([changed("/" + "k" * 1_000 + "/a")])
    assert len(group.steps[0].html) == LONGEST_STEP
