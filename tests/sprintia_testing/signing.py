"""Signs webhooks as a sender does; written from the specification, not from our code."""

import base64
import hashlib
import hmac
import json
import secrets
import time


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def signature(secret: str, delivery_id: str, timestamp: int | str, body: bytes) -> str:
    """Standard Webhooks 1.0.0: HMAC-SHA256 over `id.timestamp.body`, in base64, after `v1,`."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = delivery_id.encode() + b"." + str(timestamp).encode() + b"." + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def signed_headers(secret: str, body: bytes, delivery_id: str, at: float | None = None) -> dict[str, str]:
    timestamp = int(time.time() if at is None else at)
    return {
        "Content-Type": "application/json",
        "webhook-id": delivery_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, delivery_id, timestamp, body),
    }


def legacy_signature(secret: str, body: bytes) -> str:
    """What the addon before this platform computed: over the body parsed and dumped again with sorted keys."""
    dumped = json.dumps(json.loads(body), sort_keys=True)
    return hmac.new(secret.encode(), dumped.encode(), hashlib.sha256).hexdigest()
