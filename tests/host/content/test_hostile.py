"""Texts made to crash or to stall: refused, or read, with bounded work, and never by the end of the process."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from sprintia_platform.content import ContentError, read_json, read_yaml, to_json

READ = "read"  # not refused: a value of bounded size


def bomb(levels: int, width: int) -> str:
    first = "a0: &a0 [x, x]\n"
    return first + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * width)}]\n" for i in range(1, levels))


def merge_bomb(levels: int, width: int) -> str:
    """The attack that cost PyYAML 5.5 s of CPU in 474 bytes: each level merges the one above it many times."""
    first = "a0: &a0 {k: v, l: w}\n"
    return first + "".join(f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * width)}]}}\n" for i in range(1, levels))


SMALL_YAML = {
    "alias bomb": (bomb(10, 10), "alias_expansion"),
    "alias bomb, narrow": (bomb(26, 2), "alias_expansion"),
    "alias bomb of text": ("a: &a " + "x" * 500 + "\n" + bomb(9, 9).replace("[x, x]", "[*a, *a]"), "alias_expansion"),
    "merge bomb": (merge_bomb(8, 8), {"too_many_merges", "alias_expansion"}),
    "merge bomb, narrow": (merge_bomb(25, 2), "alias_expansion"),
    "merge bomb, deep": ("{<<: " * 300, "too_deep"),
    "recursive": ("&a [*a, *a]", "recursive_alias"),
    "recursive merge": ("&a {<<: [*a, *a]}", "recursive_alias"),
    "lists": ("[" * 1000, "too_deep"),
    "mappings": ("{" * 1000, "complex_key"),
    "mappings with keys": ("{a: " * 250, "too_deep"),
    "block lists": ("- " * 500, "too_deep"),
    "block keys": ("? " * 500, {"too_deep", "complex_key"}),
    "lists and keys": ("[? " * 330, {"too_deep", "complex_key"}),
    "anchors on anchors": ("&a " * 300, "syntax"),
    "alias to the open": ("&a *a", "syntax"),
    "digits": ("1" * 1024, "number_too_long"),
    "hexadecimal": ("0x" + "f" * 1022, "number_too_long"),
    "zeros": ("0" * 1024, "number_too_long"),
    "zeros and a nine": ("0" * 1023 + "9", READ),
    "exponent": ("1e" + "9" * 900, READ),
    "sexagesimal": ("1" + ":59" * 300, READ),
    "timestamp": ("2025-01-01T" + "1" * 900, READ),
    "tag directives": ("".join(f"%TAG !{i}! x\n" for i in range(60)) + "---\na", "tag"),
    "colons": ("a:" * 500, {"misplaced_colon", READ}),
    "key of 1,000": ("k" * 1000 + ": v", READ),
    "key of 1,024": ("k" * 1024 + ": v", {"key_too_long", "misplaced_colon"}),
    "explicit key of 1,024": ("? " + "k" * 1024 + "\n: v", "key_too_long"),
    "open quotes": ('"' * 999, "unclosed_quote"),
    "escapes": ('"' + "\\" * 999, {"unclosed_quote", "bad_escape"}),
    "tabs": ("\t" * 1000, "tab"),
    "indicators": ("?-:,[]{}#&*!|>'\"%@`" * 50, READ),
    "indicators in a list": ("[" + ", ".join("?-:{&*!|>%@`" * 50), "syntax"),
}

LARGE_YAML = {
    "60 KB of [": ("[" * 60_000, "too_deep"),
    "1 MB of [": ("[" * 1_000_000, "too_deep"),
    "1 MB of {": ("{" * 1_000_000, "complex_key"),
    "1 MB of - ": ("- " * 500_000, "too_deep"),
    "1 MB of ? ": ("? " * 500_000, {"too_deep", "complex_key"}),
    "1 MB of [?": ("[?" * 500_000, {"too_deep", "complex_key"}),
    "1 MB of [a,": ("[a," * 330_000, "too_deep"),
    "1 MB of {a: ": ("{a: " * 250_000, "too_deep"),
    "indented keys": ("".join(" " * i + "k:\n" for i in range(1400)), "too_deep"),
    "one list": ("[" + "a," * 500_000 + "]", "too_many_values"),
    "one block list": ("- a\n" * 250_000, "too_many_values"),
    "keys": ("".join(f"k{i}:\n" for i in range(100_000)), "too_many_values"),
    "empty keys": ("? \n" * 300_000, "duplicate_key"),
    "anchors": ("".join(f"- &a{i}\n" for i in range(90_000)), "too_many_values"),
    "aliases": ("- &a x\n" + "- *a\n" * 200_000, "too_many_aliases"),
    "aliases of 1 KB": ("- &a " + "x" * 1000 + "\n" + "- *a\n" * 999, READ),
    "aliases of 10 KB": ("- &a " + "x" * 10_000 + "\n" + "- *a\n" * 999, "alias_expansion"),
    "merges": ("- &a {k: v}\n" + "- {<<: *a}\n" * 90_000, "too_many_merges"),
    "wide merges": (
        "- &a {" + ", ".join(f"k{i}: v" for i in range(600)) + "}\n" + "- {<<: *a}\n" * 90,
        "alias_expansion",
    ),
    "a plain scalar": ("a" * 1_000_000, READ),
    "a folded scalar": ("a\n" * 500_000, READ),
    "a literal scalar": ("|\n" + " a\n" * 300_000, READ),
    "breaks in a literal": ("|\n" + "\n" * 1_000_000, READ),
    "double quotes": ('"' + "a\\n" * 300_000 + '"', READ),
    "quotes never closed": ('"' + " " * 1_000_000, "unclosed_quote"),
    "spaces": (" " * 1_000_000, READ),
    "line breaks": ("\n" * 1_000_000, READ),
    "comments": ("#\n" * 500_000, READ),
    "an anchor of 1 MB": ("&" + "a" * 1_000_000, READ),
    "digits": ("1" * 1_000_000, "number_too_long"),
    "zeros and a nine": ("0" * 999_999 + "9", READ),
    "hexadecimal": ("0x" + "f" * 999_998, "number_too_long"),
    "a float": ("0" * 500_000 + "." + "0" * 500_000, "number_too_long"),
    "signs": ("+" * 1_000_000, READ),
    "tag directives": ("".join(f"%TAG !{i}! x\n" for i in range(60_000)) + "---\na", "tag"),
    "tag directives at the end": ("a\n...\n" + "".join(f"%TAG !{i}! x\n" for i in range(60_000)), "tag"),
    "tag directives after old line breaks": ("".join(f"%TAG !{i}! x\r" for i in range(60_000)) + "---\ra", "tag"),
    "documents": ("---\n" * 250_000, "several_documents"),
    "tags": ("!a " * 300_000, {"tag", "syntax"}),
    "beyond 1 MiB": ("a" * (1024 * 1024 + 1), "too_large"),
    "beyond 1 MiB in bytes": ("é" * (512 * 1024 + 1), "too_large"),
}

HOSTILE_JSON = {
    "100,000 lists": (b"[" * 100_000, "too_deep"),
    "100,000 lists, closed": (b"[" * 100_000 + b"]" * 100_000, "too_deep"),
    "1 MB of mappings": (b'{"a":' * 200_000, "too_deep"),
    "closing first": (b"]" * 500_000 + b"[" * 500_000, "syntax"),
    "quotes": (b'"' * 1_000_000, "trailing_text"),
    "escaped quotes": (b'"' + b'\\"' * 500_000, "unclosed_quote"),
    "backslashes": (b'"' + b"\\" * 1_000_000, "unclosed_quote"),
    "escapes": (b'"' + b"\\u0041" * 170_000 + b'"', READ),
    "pairs, the last one broken": (b'"' + b"\\ud83d\\ude00" * 80_000 + b'\\ud83d"', "lone_surrogate"),
    "values": (b"[" + b"0," * 500_000 + b"0]", "too_many_values"),
    "empty lists": (b"[" + b"[]," * 300_000 + b"[]]", "too_many_values"),
    "one key": (b"{" + b'"k":0,' * 49_000 + b'"k":0}', "duplicate_key"),
    "keys": (b"{" + b",".join(b'"k%d":0' % i for i in range(90_000)) + b"}", "too_many_values"),
    "digits": (b"1" * 1_000_000, "number_too_long"),
    "decimals": (b"0." + b"1" * 1_000_000, "number_too_long"),
    "exponent": (b"1e" + b"9" * 1_000_000, "number_too_long"),
    "spaces": (b" " * 1_000_000, "empty"),
    "not UTF-8": (b'"' + "é".encode() * 400_000 + b'\xff"', "not_utf8"),
    "beyond 1 MiB": (b" " * (1024 * 1024 + 1), "too_large"),
}


def read_yaml_text(text: str) -> str:
    return to_json(read_yaml(text))


def read_json_bytes(data: bytes) -> str:
    return to_json(read_json(data))


def outcome(read: Callable[[object], str], body: object) -> str:
    try:
        text = read(body)
    except ContentError as error:
        return error.code
    assert len(text) < 10_000_000
    return READ


class Calls:
    count = 0


@contextmanager
def counted_calls() -> Iterator[Calls]:
    """Count the calls of Python and C functions: work that does not depend on how busy the machine is."""
    calls = Calls()

    def count(_frame: object, event: str, _argument: object) -> None:
        calls.count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(before)


@pytest.mark.parametrize(("text", "expected"), SMALL_YAML.values(), ids=SMALL_YAML)
def test_a_hostile_kilobyte_costs_little(text: str, expected: str | set[str]) -> None:
    assert len(text) < 2048
    with counted_calls() as calls:
        result = outcome(read_yaml_text, text)
    assert result in ({expected} if isinstance(expected, str) else expected)
    # 50,000 values is the limit; an honest kilobyte takes about 700 calls.
    assert calls.count < 10_000


@pytest.mark.parametrize(("text", "expected"), LARGE_YAML.values(), ids=LARGE_YAML)
def test_large_hostile_yaml(text: str, expected: str | set[str]) -> None:
    with counted_calls() as calls:
        result = outcome(read_yaml_text, text)
    assert result in ({expected} if isinstance(expected, str) else expected)
    assert calls.count < 1_500_000


@pytest.mark.parametrize(("data", "expected"), HOSTILE_JSON.values(), ids=HOSTILE_JSON)
def test_hostile_json(data: bytes, expected: str) -> None:
    with counted_calls() as calls:
        result = outcome(read_json_bytes, data)
    assert result == expected
    assert calls.count < 1_500_000


def test_no_hostile_text_ends_the_process() -> None:
    """A stack overflow in C cannot be caught: the whole list runs in a process of its own."""
    done = subprocess.run([sys.executable, __file__], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) == len(SMALL_YAML) + len(LARGE_YAML) + len(HOSTILE_JSON)


if __name__ == "__main__":
    outcomes = [outcome(read_yaml_text, text) for text, _ in (*SMALL_YAML.values(), *LARGE_YAML.values())]
    outcomes += [outcome(read_json_bytes, data) for data, _ in HOSTILE_JSON.values()]
    sys.stdout.write(f"{len(outcomes)}\n")
