"""JSON read strictly (RFC 8259): what is kept, what is refused, and where."""

import pytest

from sprintia_platform.content import ContentError, Limits, Number, read_json, to_json


@pytest.mark.parametrize(
    "text",
    [
        *("null", "true", "false", '""', "[]", "{}", "0", "-5", "1.10", "1e3", "1E+3", "1e400", "-0", "-0.0"),
        *("9007199254740993", "12345678901234567890", "1" * 1000, "0." + "0" * 998),
        '{"b":1,"a":[1.10,{"c":null}],"":""}',
        '{"São Paulo":"é😀\u2028\\n\\t\\"\\\\"}',
    ],
)
def test_what_was_sent_is_what_is_returned(text: str) -> None:
    assert to_json(read_json(text.encode())) == text


def test_numbers_have_their_types() -> None:
    assert read_json(b"[1, 1.0, -0, true]") == [1, Number("1.0"), Number("-0"), True]


def test_escapes_are_resolved() -> None:
    assert read_json(rb'["\u00e9\ud83d\ude00\/\\u0000\\ud800\"[{"]') == ['é😀/\\u0000\\ud800"[{']


def test_a_byte_order_mark_and_space_around_are_ignored() -> None:
    assert read_json(b"\xef\xbb\xbf \r\n\t{} \n") == {}


@pytest.mark.parametrize(
    ("data", "code", "line", "column"),
    [
        (b"", "empty", None, None),
        (b" \n", "empty", None, None),
        (b'{"a": 1,\n "b": 2, "a": 3}', "duplicate_key", 2, 10),
        (b'[{"a": {"k": 1, "\\u006b": 2}}]', "duplicate_key", 1, 17),
        (b'{"a": "a", "b": {"a": 1}, "c": ["a", "a"],\n"c" : 1}', "duplicate_key", 2, 1),
        (b'["NaN", NaN]', "number_not_representable", 1, 9),
        (b"[1,\n-Infinity]", "number_not_representable", 2, 1),
        (b"[Infinity]", "number_not_representable", 1, 2),
        (b'["' + b"1" * 2000 + b'", ' + b"1" * 1001 + b"]", "number_too_long", 1, 2006),
        (b"[0." + b"1" * 999 + b"]", "number_too_long", 1, 2),
        (b'["\\ud800"]', "lone_surrogate", 1, 3),
        (b'["\xc3\xa9",\n"x\\udc00"]', "lone_surrogate", 2, 3),
        (b'["\\ud800\\ud800"]', "lone_surrogate", 1, 3),
        (b'["\\ud83d\\ude00\\ud83dx"]', "lone_surrogate", 1, 15),
        (b'{"\\uDFFF": 1}', "lone_surrogate", 1, 3),
        (b'["a\\u0000"]', "nul", 1, 4),
        (b'{"\\u0000": 1}', "nul", 1, 3),
        (b'["\\\\\\u0000"]', "nul", 1, 5),
        (b'["a\0"]', "nul", 1, 4),
        (b"{}\0", "nul", 1, 3),
        (b'["\xff"]', "not_utf8", 1, 3),
        (b'{"a":\n"\xc3\xa9\xed\xa0\x80"}', "not_utf8", 2, 3),
        (b'["\xc0\x80"]', "not_utf8", 1, 3),
        ('["é"]'.encode("utf-16"), "not_utf8", 1, 1),
        (b"{} {}", "trailing_text", 1, 4),
        (b"[1]\nx", "trailing_text", 2, 1),
        (b'["a', "unclosed_quote", 1, 2),
        (b'["a\tb"]', "control_character", 1, 4),
        (b'["a\nb"]', "control_character", 1, 4),
        (b'["\\q"]', "bad_escape", 1, 3),
        (b'["\\u12"]', "bad_escape", 1, 4),
        (b"{'a': 1}", "syntax", 1, 2),
        (b'{"a" 1}', "syntax", 1, 6),
        (b"[01]", "syntax", 1, 3),
        (b"[1.]", "syntax", 1, 3),
        (b"[+1]", "syntax", 1, 2),
        (b"// c\n1", "syntax", 1, 1),
        (b"nul", "syntax", 1, 1),
        (b"[\xc2\xa01]", "syntax", 1, 2),
    ],
)
def test_faults_with_their_place(data: bytes, code: str, line: int | None, column: int | None) -> None:
    with pytest.raises(ContentError) as caught:
        read_json(data)
    assert (caught.value.code, caught.value.line, caught.value.column) == (code, line, column)


@pytest.mark.parametrize("text", ["[1,]", '{"a":1,}', "[", "{", '{"a"', '{"a":', "[1", ",", ":", "]"])
def test_incomplete_texts_are_refused(text: str) -> None:
    # Interpreters differ by a column in where they stop.
    with pytest.raises(ContentError) as caught:
        read_json(text.encode())
    assert (caught.value.code, caught.value.line) == ("syntax", 1)


def test_a_duplicate_key_is_named() -> None:
    with pytest.raises(ContentError, match=r"'chave' .* column 14"):
        read_json(b'{"chave": 1, "chave": {"k": 1, "k": 2}}')


def test_brackets_in_strings_add_no_depth() -> None:
    text = '["' + "[{" * 500 + '\\"[[[[\\\\", "' + '\\\\\\"[' * 500 + '"]'
    assert to_json(read_json(text.encode())) == text.replace('", "', '","')


@pytest.mark.parametrize("opening", ["[", '{"k":', '[{"a\\"]":'])
def test_depth_is_bounded_at_the_limit(opening: str) -> None:
    closing = "".join({"[": "]", "{": "}"}.get(character, "") for character in reversed(opening.replace('"a\\"]"', "")))
    levels = len(closing)
    at_limit = opening * (64 // levels) + "1" + closing * (64 // levels)
    assert read_json(at_limit.encode())
    with pytest.raises(ContentError) as caught:
        read_json(f"[\n{at_limit}]".encode())
    assert caught.value.code == "too_deep"
    assert caught.value.line == 2


LIMITS = Limits(max_bytes=200, max_depth=3, max_values=10, max_characters=50, max_key_length=5, max_number_length=4)


@pytest.mark.parametrize(
    ("within", "beyond", "code"),
    [
        ("1" + " " * 199, "1" + " " * 200, "too_large"),
        ("[[[1]]]", "[[[[]]]]", "too_deep"),
        ("[1,2,3,4,5,6,7,8,9]", "[1,2,3,4,5,6,7,8,9,10]", "too_many_values"),
        ('"' + "a" * 50 + '"', '"' + "a" * 51 + '"', "too_many_characters"),
        ('{"abcde":1}', '{"abcdef":1}', "key_too_long"),
        ("1234", "12345", "number_too_long"),
        ("1e99", "1e999", "number_too_long"),
    ],
)
def test_each_limit_is_the_last_size_that_is_read(within: str, beyond: str, code: str) -> None:
    read_json(within.encode(), LIMITS)
    with pytest.raises(ContentError) as caught:
        read_json(beyond.encode(), LIMITS)
    assert caught.value.code == code
