"""Who set which line: the value that was set last on it, also of lines on which a text only goes on."""

from datetime import UTC, datetime, timedelta

import pytest

from sprintia_config_client.contract import BlamedPath
from sprintia_viewer.shown.blame_lines import AGES, BlamedLine, blamed_lines
from sprintia_viewer.shown.source import source_view

START = datetime(2026, 1, 1, tzinfo=UTC)


def path(pointer: str, version: int | None) -> BlamedPath:
    at = START + timedelta(days=version) if version else None
    return BlamedPath(pointer=pointer, secret=False, version=version, created_at=at)


def blamed(text: str, **versions: int | None) -> tuple[BlamedLine, ...]:
    paths = [path(pointer, version) for pointer, version in versions.items()]
    return blamed_lines(source_view(text, "yaml").lines, paths)


def versions_of(lines: tuple[BlamedLine, ...]) -> list[int | None]:
    return [line.path.version if line.path else None for line in lines]


@pytest.mark.parametrize(
    ("text", "paths", "expected"),
    [
        ("# c\na: 1\nb:\n  c: 2\n", {"/a": 1, "/b/c": 2}, [None, 1, None, 2]),
        ("a: {b: 1, c: 2}\n", {"/a/b": 3, "/a/c": 1}, [3]),
        ("a: |\n  x\n  y\nb: 1\n", {"/a": 2, "/b": 1}, [2, 2, 2, 1]),
        ("- x\n- y: 1\n", {"/0": 1, "/1/y": 2}, [1, 2]),
        ("p:\n  $secret: n\n  set: true\n", {"/p": 4}, [4, 4, 4]),
        ("a: &x\n  b: 1\n  c: 2\nd: *x\n", {"/a/b": 1, "/a/c": 2, "/d/b": 1, "/d/c": 3}, [None, 1, 2, 3]),
        ("a: []\nb: {}\n", {"/a": 1, "/b": 2}, [1, 2]),
        ("a: 1\n", {"/a": None}, [None]),
        ('{"a": 1, "b": [2, 3]}', {"/a": 1, "/b/0": 5, "/b/1": 2}, [5]),
        ("a: 1\n", {}, [None]),
    ],
)
def test_each_line_has_the_version_that_set_it(
    text: str, paths: dict[str, int | None], expected: list[int | None]
) -> None:
    assert versions_of(blamed(text, **paths)) == expected


def test_what_the_line_above_says_is_not_said_again() -> None:
    lines = blamed("a: 1\nb: 2\n# c\nc: 3\nd: 4\n", **{"/a": 1, "/b": 1, "/c": 1, "/d": 2})
    assert [line.repeated for line in lines] == [False, True, False, True, False]


def test_shades_go_from_the_newest_to_the_oldest() -> None:
    text = "".join(f"k{number}: 1\n" for number in range(1, 11))
    lines = blamed(text, **{f"/k{number}": number for number in range(1, 11)})
    ages = [line.age for line in lines]
    assert ages == sorted(ages, reverse=True)
    assert (ages[0], ages[-1], set(ages)) == (AGES - 1, 0, set(range(AGES)))
    assert [line.age for line in blamed("a: 1\n# c\n", **{"/a": 7})] == [0, AGES - 1]


def test_a_page_from_the_middle_of_a_text_knows_what_goes_on_there() -> None:
    lines = source_view("a: |\n  x\n  y\nb: 1\n", "yaml", 3).lines
    assert versions_of(blamed_lines(lines, [path("/a", 2), path("/b", 1)])) == [2, 1]
