"""What a request says: the place that it is about, its condition, its name."""

import re
import uuid
from collections.abc import Mapping

from sprintia_config_client.contract import ABSENT, Expected
from sprintia_config_client.errors import Invalid
from sprintia_config_client.exact import write_json

_IDENTIFIER = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9_.@-]{1,128}")
_SECRET_NAME = re.compile(r"(?!\.{1,2}\Z)[^/\x00-\x1f\x7f]{1,200}")
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_DIGEST_SHOWN = 16


def tenant_path(tenant: str) -> str:
    """Raises: `Invalid` for what is no identifier: it must never become another path."""
    return f"/configs/{_identifier(tenant, 'tenant')}"


def document_path(tenant: str, domain: str, config_type: str) -> str:
    """Raises: `Invalid`, the same."""
    return f"{tenant_path(tenant)}/{_identifier(domain, 'domain')}/{_identifier(config_type, 'config_type')}"


def bundle_query(
    revision: int | None, *, layers: bool, base_revision: int | None, origins: bool
) -> dict[str, str | int | None]:
    """Raises: `Invalid` for what a plain bundle does not have."""
    if not layers and (origins or base_revision is not None):
        raise Invalid("base_revision and origins are of bundles with layers: say layers=True", code="resolve_missing")
    return {
        "revision": revision, "resolve": "true" if layers else None, "base_revision": base_revision,
        "origins": "true" if origins else None,
    }  # fmt: skip


def check_domain(domain: str | None) -> str | None:
    return None if domain is None else _identifier(domain, "domain")


def secret_name(name: str) -> str:
    if not _SECRET_NAME.fullmatch(name):
        raise Invalid("a secret's name is 1 to 200 characters without / and control characters")
    return name


def condition(expected: Expected) -> dict[str, str]:
    """The headers that make a write happen only on what is expected to stand (RFC 9110, section 13.1)."""
    if expected is None:
        return {}
    if isinstance(expected, str):
        if expected != ABSENT:
            raise Invalid(f"expected is a document, a version or ABSENT, not {expected!r}")
        return {"If-None-Match": "*"}
    if not expected.digest:  # a deletion: nothing stands after it
        return {"If-None-Match": "*"}
    return {"If-Match": f'"{expected.version}-{expected.digest[:_DIGEST_SHOWN]}"'}


def delivery_name(given: str | None) -> str:
    """The idempotency key: the caller's, or a new one."""
    if given is None:
        return uuid.uuid4().hex
    if not _IDEMPOTENCY_KEY.fullmatch(given):
        raise Invalid("an idempotency key is 1 to 255 visible ASCII characters")
    return given


def json_body(value: Mapping[str, object]) -> bytes:
    """Raises: `Invalid` when it holds what JSON cannot."""
    try:
        return write_json(value)
    except (TypeError, ValueError) as error:
        raise Invalid(f"this cannot be sent as JSON: {error}") from None


def _identifier(text: str, name: str) -> str:
    if not _IDENTIFIER.fullmatch(text):
        raise Invalid(
            f"{name} must be 1 to 128 characters of letters, digits, _ - . and @, and neither . nor ..",
            code="identifier_invalid",
        )
    return text
