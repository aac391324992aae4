"""JSON bodies of every plugin are read strictly: nothing is repaired, nothing is lost, and nothing is a 500."""

from collections.abc import Iterator

import httpx
import pytest
from sprintia_testing import probe_plugin
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform
from sprintia_testing.shared import shared_platform

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def probe(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    arguments = {"entry_points": probe_plugin.points()}
    with shared_platform(databases, tmp_path_factory.mktemp("probe"), host_arguments=arguments) as platform:
        yield platform


@pytest.fixture(scope="module")
def writer(probe: RunningPlatform) -> httpx.Client:
    return probe.with_rights("probe:write")


def order(text: bytes) -> bytes:
    return b'{"customer":"a","lines":[],"note":' + text + b"}"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(b"[" * 100_000, "too_deep", id="nested 100,000 deep"),
        pytest.param(b'{"a":' * 65 + b"1" + b"}" * 65, "too_deep", id="nested one too deep"),
        pytest.param(b'{"customer":"a","customer":"b","lines":[]}', "duplicate_key", id="a key twice"),
        pytest.param(b'{"customer":"a","lines":[{"name":"x","count":1,"count":2}]}', "duplicate_key", id="twice below"),
        pytest.param(order(b"NaN"), "number_not_representable", id="NaN"),
        pytest.param(order(b"Infinity"), "number_not_representable", id="Infinity"),
        pytest.param(order(b"-Infinity"), "number_not_representable", id="-Infinity"),
        pytest.param(order(rb'"\ud800"'), "lone_surrogate", id="high surrogate alone"),
        pytest.param(order(rb'"\udc00\ud800"'), "lone_surrogate", id="surrogates swapped"),
        pytest.param(order(rb'"\u0000"'), "nul", id="NUL escaped"),
        pytest.param(order(b'"\0"'), "nul", id="NUL in clear"),
        pytest.param(order(b'"\xff"'), "not_utf8", id="not UTF-8"),
        pytest.param(order(b'"\xed\xa0\x80"'), "not_utf8", id="a surrogate in UTF-8"),
        pytest.param(order(b'"\xc0\xaf"'), "not_utf8", id="overlong UTF-8"),
        pytest.param('{"customer":"a"}'.encode("utf-16"), "not_utf8", id="UTF-16"),
        pytest.param(order(b'"a\nb"'), "control_character", id="a line end in a string"),
        pytest.param(order(rb'"\x41"'), "bad_escape", id="an escape that is none"),
        pytest.param(b"{} {}", "trailing_text", id="two texts"),
        pytest.param(b'{"customer":"a"', "syntax", id="cut off"),
        pytest.param(b"{'customer':'a'}", "syntax", id="single quotes"),
        pytest.param(b" \n", "empty", id="only space"),
        pytest.param(order(b"1" * 5000), "number_too_long", id="a number of 5,000 digits"),
        pytest.param(b"[" + b"0," * 60_000 + b"0]", "too_many_values", id="60,000 values"),
    ],
)
def test_what_is_not_sound_json_is_refused(writer: httpx.Client, body: bytes, code: str) -> None:
    answer = writer.post("/probe/orders", content=body, headers=JSON)
    assert answer.status_code == 400, answer.text
    problem = answer.json()
    assert problem["type"] == "urn:sprintia:problem:json_invalid"
    (fault,) = problem["errors"]
    assert fault["code"] == code
    assert fault["message"] in problem["detail"]


@pytest.mark.parametrize(
    ("body", "line", "column"),
    [
        (b'{"customer":"a",\n "customer":"b"}', 2, 2),
        (b'{"customer":\n\n  "\xff"}', 3, 4),
        ('{"customer":"çã",\n"note":NaN}'.encode(), 2, 8),
    ],
)
def test_the_place_is_told(writer: httpx.Client, body: bytes, line: int, column: int) -> None:
    (fault,) = writer.post("/probe/orders", content=body, headers=JSON).json()["errors"]
    assert (fault["line"], fault["column"]) == (line, column)


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8"],
)
def test_sound_json_is_taken_as_it_is(writer: httpx.Client, content_type: str) -> None:
    text = '{"customer":"Ação 😀","lines":[{"name":"\\ud83d\\ude00","count":9007199254740993}],"note":null}'
    answer = writer.post("/probe/orders", content=text.encode(), headers={"Content-Type": content_type})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "customer": "Ação 😀",
        "lines": [{"name": "😀", "count": 9007199254740993}],
        "note": None,
    }


def test_a_count_beyond_64_bits_is_no_500(writer: httpx.Client) -> None:
    body = b'{"customer":"a","lines":[{"name":"x","count":' + b"9" * 40 + b"}]}"
    assert writer.post("/probe/orders", content=body, headers=JSON).status_code in {200, 422}


def test_no_body_is_a_fault_of_the_body(writer: httpx.Client) -> None:
    answer = writer.post("/probe/orders", headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:sprintia:problem:body_invalid"


def test_the_body_is_read_only_for_callers_with_the_right(probe: RunningPlatform) -> None:
    for client, status in ((probe.as_key(None), 401), (probe.with_rights("config:read"), 403)):
        assert client.post("/probe/orders", content=b"[" * 100_000, headers=JSON).status_code == status
