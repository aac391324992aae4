"""The headers of a delivery, signed as of Standard Webhooks 1.0.0.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
import uuid

_PREFIX = "whsec_"


class SecretError(ValueError):
    """A webhook secret that signs nothing; the message does not hold it."""


def headers(event_id: str, sequence: int, body: bytes, secret: str, now: float) -> dict[str, str]:
    """Name a delivery, and sign it where there is a secret.

    Args:
        event_id: the same at each attempt: the service does it once.
        sequence: the document's revision: the service takes no older one after it.
        body: exactly what is sent.
        secret: one secret, or several with spaces between them while they are changed; `""` for no signature.
        now: Unix seconds of this attempt, for signatures are refused after five minutes.

    Raises:
        SecretError: a secret is empty or no text.
    """
    named = {"webhook-id": event_id, "webhook-sequence": str(sequence), "webhook-timestamp": str(int(now))}
    keys = keys_of(secret)
    if not keys:
        return named
    signed = f"{event_id}.{int(now)}.".encode() + body
    return {**named, "webhook-signature": " ".join(_signature(key, signed) for key in keys)}


def keys_of(secret: str) -> list[bytes]:
    """Read the HMAC keys within a setting: the bytes behind each `whsec_`, else the text itself, as the service does.

    Raises:
        SecretError: as `headers`.
    """
    return [_key_of(one) for one in secret.split()]


def new_event_id() -> str:
    """Make the id of an event."""
    return str(uuid.uuid4())


def _key_of(secret: str) -> bytes:
    encoded = secret.removeprefix(_PREFIX)
    if not encoded:
        raise SecretError("a webhook secret has nothing behind whsec_")
    try:
        if encoded != secret:
            return base64.b64decode(encoded, validate=True)
        return secret.encode()
    except UnicodeEncodeError:
        raise SecretError("a webhook secret is not valid text") from None
    except (binascii.Error, ValueError):
        return secret.encode()


def _signature(key: bytes, signed: bytes) -> str:
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
