"""Signatures: the specification's example, and the service's own verifier."""

import base64

import pytest
from outbox_core.signing import SecretError, headers, keys_of

from sprintia_config.webhook.signatures import SignatureHeaders, new_secret, verify
from sprintia_platform import Problem

BODY = '{"account_id":"ção"}'.encode()
NOW = 1_795_400_000.9


def _verified(made: dict[str, str], body: bytes, *secrets: str) -> None:
    verify(SignatureHeaders.of(made), body, secrets, NOW)


def test_the_example_of_the_specification() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    made = headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 7, b'{"test": 2432232314}', secret, 1614265330.5)
    assert made == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-sequence": "7", "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }  # fmt: skip


def test_without_a_secret_nothing_is_signed() -> None:
    assert set(headers("id", 1, BODY, "", NOW)) == {"webhook-id", "webhook-sequence", "webhook-timestamp"}
    assert set(headers("id", 1, BODY, "  ", NOW)) == {"webhook-id", "webhook-sequence", "webhook-timestamp"}


def test_while_secrets_are_changed_each_signs() -> None:
    old, new = new_secret(), new_secret()
    made = headers("id", 1, BODY, f" {old}\n{new} ", NOW)
    _verified(made, BODY, old)
    _verified(made, BODY, new)
    with pytest.raises(Problem):
        _verified(made, BODY, new_secret())


@pytest.mark.parametrize("secret", ["plain text secret".replace(" ", "-"), "whsec_not*base64", "çã", "whsec_YQ"])
def test_other_forms_of_secrets_are_read_as_the_service_reads_them(secret: str) -> None:
    _verified(headers("id", 1, BODY, secret, NOW), BODY, secret)


@pytest.mark.parametrize("change", ["webhook-id", "webhook-timestamp", "body"])
def test_each_part_is_signed(change: str) -> None:
    secret = new_secret()
    made, body = headers("id", 1, BODY, secret, NOW), BODY
    if change == "body":
        body += b" "
    else:
        made[change] = made[change].replace("5", "6").replace("id", "di")
    with pytest.raises(Problem):
        _verified(made, body, secret)


@pytest.mark.parametrize("secret", ["whsec_", "a whsec_", "not-a-real-secret\ud800"])
def test_a_secret_that_signs_nothing_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(SecretError) as caught:
        headers("id", 1, BODY, secret, NOW)
    assert "not-a-real" not in repr(caught.value)


def test_keys_are_bytes_behind_the_prefix() -> None:
    assert keys_of("whsec_" + base64.b64encode(b"\0\1").decode() + " text") == [b"\0\1", b"text"]
