"""What each answer means, whoever gave it."""

import json
from typing import Any

import pytest
from outbox_core.answers import LONGEST_REASON, Outcome, classify, without_answer
from requests.structures import CaseInsensitiveDict

TAKEN = {"success": True, "message": "ok", "tenant_id": "a", "version": 3, "digest": "d" * 64, "timestamp": "t"}
HTML = b"<html><body>Welcome to the hotel</body></html>"


def classified(status: int, body: Any = b"", language: str = "", secrets: Any = (), **headers: str) -> Any:
    raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    named = CaseInsensitiveDict({name.replace("_", "-"): text for name, text in headers.items()})
    return classify(status, named, raw, language=language, secrets=secrets)


def problem(detail: str = "It is so.", code: str = "some_code", **more: Any) -> dict[str, Any]:
    return {"type": f"urn:sprintia:problem:{code}", "title": "t", "status": 422, "detail": detail, **more}


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, "dead"), (401, "paused"), (403, "paused"), (404, "dead"), (405, "dead"), (406, "dead"),
        (408, "retry_host"), (409, "dead"), (410, "dead"), (412, "dead"), (413, "dead"), (414, "dead"), (415, "dead"),
        (422, "dead"), (425, "retry_host"), (429, "retry_host"), (451, "dead"), (499, "dead"), (500, "retry_event"),
        (501, "retry_event"), (502, "retry_host"), (503, "retry_host"), (504, "retry_host"), (507, "retry_event"),
        (599, "retry_event"), (600, "retry_host"), (999, "retry_host"), (0, "retry_host"), (199, "retry_host"),
    ],
)  # fmt: skip
def test_refusals_of_the_service(status: int, outcome: str) -> None:
    found = classified(status, problem())
    assert (found.outcome, found.status, found.reason, found.code) == (
        Outcome[outcome], status, "It is so.", "some_code",
    )  # fmt: skip


@pytest.mark.parametrize("body", [HTML, b"404 page not found\n", b"", None, b'{"message": "no Route matched"}'])
@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, "dead"), (401, "paused"), (403, "paused"), (413, "dead"), (422, "dead"), (500, "retry_event"),
        (502, "retry_host"), (404, "retry_host"), (405, "retry_host"), (410, "retry_host"), (421, "retry_host"),
    ],
)  # fmt: skip
def test_what_stands_in_the_service_s_place_kills_no_event_for_a_path(
    status: int, outcome: str, body: bytes | None
) -> None:
    found = classified(status, body)
    assert found.outcome is Outcome[outcome]
    assert str(status) in found.reason
    assert "hotel" not in found.reason


def test_what_was_taken() -> None:
    found = classified(200, {**TAKEN, "sequence": 9, "unknown": "x"}, X_Request_ID="r-12345678")
    assert (found.outcome, found.reason, found.sequence, found.request_id) == (Outcome.sent, "", 9, "r-12345678")
    assert found.info == {"tenant_id": "a", "version": 3, "digest": "d" * 64, "timestamp": "t"}


def test_what_came_too_late() -> None:
    found = classified(200, {**TAKEN, "superseded": True, "sequence": 41})
    assert (found.outcome, found.sequence) == (Outcome.superseded, 41)


@pytest.mark.parametrize("sequence", [None, "41", -1, True, 4.5, [1], {}])
def test_a_number_that_is_none_is_none(sequence: Any) -> None:
    assert classified(200, {**TAKEN, "sequence": sequence}).sequence is None


def test_info_holds_only_what_may_be_stored() -> None:
    odd = {"version": [1], "digest": "x" * 201, "domain": "a\0b", "config_type": "\ud800", "timestamp": {"a": 1}}
    assert classified(200, {**TAKEN, **odd}).info == {"tenant_id": "a"}


@pytest.mark.parametrize(
    "body",
    [
        HTML, b"", None, b"null", b"true", b"[]", b"{}", b'{"success": false}', b'{"success": 1}',
        b'{"success": "true"}', b"\xff\xfe", b'{"success": true', b"[" * 100_000, b'{"success": NaN}',
        b'{"success": ' + b"9" * 5000 + b"}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_a_yes_of_somebody_else_is_none(status: int, body: bytes | None) -> None:
    found = classified(status, body)
    assert (found.outcome, found.code) == (Outcome.retry_host, "foreign")
    assert found.reason


@pytest.mark.parametrize(
    ("status", "outcome"), [(301, "paused"), (308, "paused"), (302, "retry_host"), (303, "retry_host"),
                            (307, "retry_host"), (300, "retry_host"), (304, "retry_host")],
)  # fmt: skip
def test_redirects_are_told_and_not_followed(status: int, outcome: str) -> None:
    found = classified(status, HTML, Location="https://Login.example.com/path?token=not-a-real-token")
    assert found.outcome is Outcome[outcome]
    assert "https://login.example.com," in found.reason
    assert "not-a-real-token" not in found.reason


@pytest.mark.parametrize("location", ["", "/login", "https://[", "\0", "https://a\r\nb", "https://u:p@h:x/"])
def test_no_location_confuses_it(location: str) -> None:
    assert classified(302, b"", Location=location).code == "redirect"


def test_faults_are_told_with_their_places() -> None:
    faults = [
        {"code": "x", "message": "is required", "pointer": "/mapping/domain"}, {"message": "is unknown", "pointer": ""},
        {"message": 5}, "junk", None, {"message": "is late", "line": 4},
    ]  # fmt: skip
    assert classified(422, problem("Bad body", errors=faults)).reason == (
        "Bad body; /mapping/domain: is required; is unknown; is late"
    )
    assert classified(422, problem("Bad body", errors={"a": 1})).reason == "Bad body"
    assert classified(422, {"detail": "of a wire row"}).reason == "of a wire row"
    assert classified(422, {"type": "urn:sprintia:problem:x", "detail": ["list"]}).reason.startswith("The service answ")


def test_a_reason_is_bounded_and_fit_for_postgresql() -> None:
    faults = [{"message": "m" * 5_000, "pointer": "/p"}] * 5_000
    reason = classified(422, problem("a\0b\r\n\x1b[31mred\u202e\ud800" + "d" * 1_900, errors=faults)).reason
    assert len(reason) <= LONGEST_REASON
    assert reason.encode().decode().isprintable()
    assert reason.startswith("a b [31mred d")


def test_a_reason_never_shows_what_was_sent() -> None:
    found = classified(
        422, problem('you sent {"odoo_password": "not-a-real-password"}'), secrets=["not-a-real-password"]
    )
    assert found.reason == 'you sent {"odoo_password": "•••"}'


def test_a_request_id_is_bounded() -> None:
    assert len(classified(500, problem(), X_Request_ID="r" * 5000).request_id) == 64


@pytest.mark.parametrize(("status", "outcome"), [(429, "retry_host"), (503, "retry_host"), (500, "retry_event")])
def test_the_wait_that_is_asked_for(status: int, outcome: str) -> None:
    found = classified(status, problem(), Retry_After="7")
    assert (found.outcome, found.retry_after) == (Outcome[outcome], 7.0)
    assert classified(status, problem(), Retry_After="999999").retry_after == 3600.0
    assert classified(status, problem(), Retry_After="junk").retry_after is None


@pytest.mark.parametrize("code", ["network", "refused", "name", "timeout", "tls", "proxy", "unknown_fault"])
def test_no_answer_is_told_in_the_reader_s_language(code: str) -> None:
    english, portuguese = without_answer(code, "en_US", "more"), without_answer(code, "pt_BR", "more")
    assert english.outcome is portuguese.outcome is Outcome.retry_host
    assert (english.status, english.code) == (0, code)
    assert english.reason != portuguese.reason
    assert without_answer(code, "", "more") == english
