"""What logs and screens show."""

import json
from typing import Any

import pytest
from outbox_core.redaction import HIDDEN, redacted, scrubbed_payload, secrets_in


def test_each_secret_is_hidden_wherever_it_stands() -> None:
    text = "key=abcd-1, again abcd-1abcd-1; longer abcd-1-and-more"
    shown = redacted(text, ["abcd-1", "abcd-1-and-more", "", "=", "abcd-1"])
    assert shown == f"key={HIDDEN}, again {HIDDEN}{HIDDEN}; longer {HIDDEN}"


def test_short_words_are_left_for_readers() -> None:
    assert redacted("the name is required", ["a", "is", "the"]) == "the name is required"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"a": {"$sealed": "gAAAA"}}, {"a": HIDDEN}), ({"$sealed": "gAAAA", "also": 1}, HIDDEN),
        ([{"$sealed": "x"}, [{"b": {"$sealed": "y"}}]], [HIDDEN, [{"b": HIDDEN}]]), ({"a": "text"}, {"a": "text"}),
        (None, None), ({"$sealed": {"$sealed": "deep"}}, HIDDEN),
    ],
)  # fmt: skip
def test_nothing_of_what_is_sealed_is_shown(value: Any, shown: Any) -> None:
    before = json.dumps(value)
    assert scrubbed_payload(value) == shown
    assert json.dumps(value) == before


def test_secrets_are_found_by_their_names() -> None:
    body = {
        "odoo_password": 'say "hi"', "name": "Loja", "token": "tok-1",
        "credentials": {"facebook_app_secret": ["a", "b"]}, "api_key": {"inner": "deep"}, "apikey": 5,
        "username": "ana",
    }  # fmt: skip
    assert secrets_in(body) == {'say "hi"', 'say \\"hi\\"', "tok-1", "a", "b", "deep"}
    assert secrets_in([None, 1, "x"]) == set()
