"""JSON pointers: the examples of RFC 6901, section 5, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sprintia_platform.content import format_pointer, parse_pointer

EXAMPLES = [
    ("", ()),
    ("/foo", ("foo",)),
    ("/foo/0", ("foo", "0")),
    ("/", ("",)),
    ("/a~1b", ("a/b",)),
    ("/c%d", ("c%d",)),
    ("/i\\j", ("i\\j",)),
    ('/k"l', ('k"l',)),
    ("/ ", (" ",)),
    ("/m~0n", ("m~n",)),
    ("/~01", ("~1",)),
]


@pytest.mark.parametrize(("pointer", "steps"), EXAMPLES)
def test_examples_of_the_rfc(pointer: str, steps: tuple[str, ...]) -> None:
    assert format_pointer(steps) == pointer
    assert parse_pointer(pointer) == steps


def test_list_positions_are_digits() -> None:
    assert format_pointer(["a", 0, 12]) == "/a/0/12"


@pytest.mark.parametrize("pointer", ["a", "a/b", "/~", "/~2", "/a~/b", "#/a"])
def test_what_is_no_pointer(pointer: str) -> None:
    with pytest.raises(ValueError, match="JSON pointer"):
        parse_pointer(pointer)


@given(st.lists(st.text()).map(tuple))
def test_round_trip(steps: tuple[str, ...]) -> None:
    assert parse_pointer(format_pointer(steps)) == steps
