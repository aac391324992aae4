"""What is refused in YAML, with its code and its place."""

import pytest

from sprintia_platform.content import ContentError, read_yaml


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        # Tags
        ("a: !!str 1", "tag", 1, 4),
        ("a: ! 1", "tag", 1, 4),
        ("!!map {a: 1}", "tag", 1, 1),
        ("- a\n- !!set [b]", "tag", 2, 3),
        ("a: !!python/object/apply:os.system [ls]", "tag", 1, 4),
        ("a: !<tag:yaml.org,2002:str> b", "tag", 1, 4),
        ("a: !e!x b", "tag", 1, 4),
        ("a: !<x", "tag", 1, 7),
        ("!!str a: 1", "tag", 1, 1),
        ("%TAG !e! tag:e,2000:\n---\na: 1", "tag", 1, 1),
        ("# c\n%TAG !e! tag:e,2000:\n---\na: 1", "tag", 2, 1),
        # Documents and directives
        ("a: 1\n---\nb: 2", "several_documents", 2, 1),
        ("---\n---\n", "several_documents", 2, 1),
        ("%YAML 1.3\n---\na", "directive", 1, 1),
        ("%FOO bar\n---\na", "directive", 1, 1),
        # Characters
        ("a: x\0y", "nul", 1, 5),
        ('a: "x\\0y"', "nul", 1, 4),
        ('a: "\\u0000"', "nul", 1, 4),
        ('"\\x00": 1', "nul", 1, 1),
        ("b: 1\na: \ud800", "lone_surrogate", 2, 4),
        ('a: "\\ud800"', "lone_surrogate", 1, 7),
        ('a: "\\U00110000"', "lone_surrogate", 1, 7),
        ("a: \x07", "control_character", 1, 4),
        ("a: b\ufeffc", "control_character", 1, 5),
        ("a: \x7f", "control_character", 1, 4),
        ("a: 'b\x85'", "control_character", 1, 6),
        ("a: b\u2028c", "control_character", 1, 5),
        ("a: 1\r\nb: \u2029", "control_character", 2, 4),
        # Syntax, with a hint
        ("a:\n\tb: 1", "tab", 2, 1),
        ("a: @x", "reserved_character", 1, 4),
        ("a: `x`", "reserved_character", 1, 4),
        ("é: 😀\nb: %x", "reserved_character", 2, 4),
        ("a: 1\nb: 'x\nc: 2", "unclosed_quote", 2, 4),
        ('a: "x\n---\n', "unclosed_quote", 1, 4),
        ("a: [1, 2", "unclosed_bracket", 1, 4),
        ("a: {b: 1\n\n", "unclosed_bracket", 1, 4),
        ("a: [1 2: 3 4] 5]", "indentation", 1, 15),
        ("a: b: c", "misplaced_colon", 1, 5),
        ("a: 1\n  b: 2", "misplaced_colon", 2, 4),
        ("- a\nb", "missing_colon", 2, 1),
        ("a: 1\n- b", "indentation", 2, 1),
        ('a: "x" y', "indentation", 1, 8),
        ('a: "\\q"', "bad_escape", 1, 5),
        ('a: "\\xZZ"', "bad_escape", 1, 7),
        ("{a: 1}}", "syntax", 1, 7),
        ("a: *", "syntax", 1, 5),
    ],
)
def test_faults_with_their_place(text: str, code: str, line: int, column: int) -> None:
    with pytest.raises(ContentError) as caught:
        read_yaml(text)
    assert (caught.value.code, caught.value.line, caught.value.column) == (code, line, column)


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        ("a: {b/c: [x, !t y]}", "/a/b~1c/1"),
        ("a: {b: {k: 1, k: 2}}", "/a/b"),
        ("!t x", ""),
        ("{" + "k" * 600 + ": !t x}", None),
    ],
)
def test_faults_inside_the_document_have_a_pointer(text: str, pointer: str | None) -> None:
    with pytest.raises(ContentError) as caught:
        read_yaml(text)
    assert caught.value.pointer == pointer


@pytest.mark.parametrize("character", ["\t", "\xa0", "\u200b", "\u3000", "\ue000", "\U0001f600", "\U0010ffff"])
def test_characters_that_yaml_allows_are_kept(character: str) -> None:
    assert read_yaml(f'a: "x{character}y"') == {"a": f"x{character}y"}


@pytest.mark.parametrize("number", [1, 7, 8, 11, 27, 31, 127, 133])
def test_control_characters_written_as_escapes_are_kept(number: int) -> None:
    assert read_yaml(f'"\\x{number:02x}"') == chr(number)
