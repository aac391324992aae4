"""Signatures of webhooks: Standard Webhooks 1.0.0 over the raw body, and the replaced system's form.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. Own code of a few lines,
because the published package raises bare errors on malformed headers and knows no rotation.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sprintia_config import problems
from sprintia_platform import Problem

WINDOW_SECONDS = 300
_PREFIX = "whsec_"
_LONGEST_HEADER = 4_096
_MOST_SIGNATURES = 20


class SignatureHeaders(NamedTuple):
    """The three headers of a signed delivery, as text."""

    delivery_id: str | None
    timestamp: str | None
    signature: str | None

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> "SignatureHeaders":
        return cls(headers.get("webhook-id"), headers.get("webhook-timestamp"), headers.get("webhook-signature"))


def new_secret() -> str:
    """Make a signing secret: 32 random bytes in the form that the specification asks for."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """The HMAC key within a secret: the bytes behind `whsec_`, or the text itself where it has not that form."""
    if secret.startswith(_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            pass
    return secret.encode()


def verify(headers: SignatureHeaders, body: bytes, secrets_known: Iterable[str], now: float | None = None) -> None:
    """Check a Standard Webhooks signature over the raw body; any of the known secrets will do.

    Raises:
        Problem: 401 saying which part was refused, never with a signature or a secret.
    """
    if headers.delivery_id is None or headers.timestamp is None or headers.signature is None:
        raise _refused(
            "faltam cabeçalhos (webhook-id, webhook-timestamp, webhook-signature)",
            "headers are missing (webhook-id, webhook-timestamp, webhook-signature)",
        )
    stamp = headers.timestamp
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise _refused("webhook-timestamp deve ser segundos Unix", "webhook-timestamp must be Unix seconds")
    if abs((time.time() if now is None else now) - int(stamp)) > WINDOW_SECONDS:
        raise _refused(
            "webhook-timestamp está a mais de 5 minutos; acerte o relógio do remetente",
            "webhook-timestamp is more than 5 minutes away; set the sender's clock right",
        )
    keys = [key_of(secret) for secret in secrets_known]
    if not keys:
        raise _refused(
            "nenhum segredo de assinatura está registrado para este tenant; registre-o ou envie sem assinatura",
            "no signing secret is on record for this tenant; register it, or send without a signature",
        )
    signed = f"{headers.delivery_id}.{stamp}.".encode() + body
    expected = [hmac.new(key, signed, hashlib.sha256).digest() for key in keys]
    # Every pair is compared, so that the time tells nothing about which one matched.
    matches = [hmac.compare_digest(given, own) for given in _given_signatures(headers.signature) for own in expected]
    if not any(matches):
        raise _refused("ela não confere com nenhum segredo registrado", "it matches no secret on record")


def verify_legacy(signature: str | None, body: bytes, secrets_known: Iterable[str]) -> None:
    """Check `X-Webhook-Signature`: hex HMAC-SHA256 of the parsed body, dumped with sorted keys.

    Raises:
        Problem: 401.
    """
    if not signature:
        raise _refused("falta o cabeçalho X-Webhook-Signature", "the header X-Webhook-Signature is missing")
    dumped = json.dumps(json.loads(body), sort_keys=True).encode()
    expected = [hmac.new(key_of(secret), dumped, hashlib.sha256).hexdigest() for secret in secrets_known]
    given = signature.strip().lower().encode("utf-8", "replace")
    if not any([hmac.compare_digest(given, own.encode()) for own in expected]):  # noqa: C419 - compare every one
        raise _refused("ela não confere com nenhum segredo registrado", "it matches no secret on record")


def _given_signatures(header: str) -> list[bytes]:
    found = []
    for part in header[:_LONGEST_HEADER].split(" ")[:_MOST_SIGNATURES]:
        version, _, text = part.partition(",")
        if version != "v1":
            continue
        try:
            found.append(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError):
            continue
    return found


def _refused(pt: str, en: str) -> Problem:
    return Problem(problems.SIGNATURE_REFUSED, reason_pt=pt, reason_en=en)
