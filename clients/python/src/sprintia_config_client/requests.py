"""What a request says: the place that it is about, its condition, its name."""

import re
import uuid
from collections.abc import Mapping
from typing import overload
from urllib.parse import quote

import msgspec

from sprintia_config_client.contract import ABSENT, Expected, Person
from sprintia_config_client.errors import Fault, Invalid
from sprintia_config_client.exact import write_json

_IDENTIFIER = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9_.@-]{1,128}")
_SECRET_NAME = re.compile(r"(?!\.{1,2}\Z)[^/\x00-\x1f\x7f]{1,200}")
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_PERSON = re.compile(r"[A-Za-z0-9@._+-]{1,100}")
_RIGHT = re.compile(r"admin|[a-z][a-z0-9_]*:[a-z]+")
_DIGEST_SHOWN = 16
_LONGEST_MESSAGE = 500
_MOST_TENANTS = 500


def tenant_path(tenant: str) -> str:
    """Raises: `Invalid` for what is no identifier: it must never become another path."""
    return f"/configs/{_identifier(tenant, 'tenant')}"


def document_path(tenant: str, domain: str, config_type: str) -> str:
    """Raises: `Invalid`, the same."""
    return f"{tenant_path(tenant)}/{_identifier(domain, 'domain')}/{_identifier(config_type, 'config_type')}"


def delivery_path(tenant: str, number: int) -> str:
    """Raises: `Invalid`, the same."""
    return f"/config/deliveries/{tenant_named(tenant)}/{number:d}"


def tenant_named(tenant: str) -> str:
    return _identifier(tenant, "tenant")


def optional_tenant(tenant: str | None) -> str | None:
    return None if tenant is None else tenant_named(tenant)


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


@overload
def check_type(config_type: str) -> str: ...
@overload
def check_type(config_type: str | None) -> str | None: ...
def check_type(config_type: str | None) -> str | None:
    return None if config_type is None else _identifier(config_type, "config_type")


def secret_name(name: str) -> str:
    if not _SECRET_NAME.fullmatch(name):
        raise Invalid("a secret's name is 1 to 200 characters without / and control characters")
    return name


def secret_path(tenant: str, name: str) -> str:
    """A name is free text: `?`, `#` and `%` in it must not become a query, a fragment or another name."""
    return f"/config/secrets/{tenant_named(tenant)}/{quote(secret_name(name), safe='')}"


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


def check_message(message: str) -> str:
    if len(message) > _LONGEST_MESSAGE:
        raise Invalid(f"a message has {_LONGEST_MESSAGE} characters at most", code="body_invalid")
    return message


def put_message(content: str | Mapping[str, object], message: str) -> str:
    """The message of a whole document. Raises: `Invalid` for one beside a mapping, which the service does not take."""
    if message and not isinstance(content, str):
        raise Invalid("a message goes with text: write the mapping as YAML", code="body_invalid")
    return check_message(message)


def check_tenants_limit(limit: int) -> int:
    if not 1 <= limit <= _MOST_TENANTS:
        raise Invalid(f"a page has 1 to {_MOST_TENANTS} tenants", code="parameter_invalid")
    return limit


def sides_query(
    from_version: int | None, to_version: int | None, against_tenant: str | None, against_domain: str | None
) -> dict[str, str | int | None]:
    """What a comparison is of. Raises: `Invalid`."""
    if against_tenant is not None:
        _identifier(against_tenant, "against_tenant")
    if against_domain is not None:
        _identifier(against_domain, "against_domain")
    return {
        "from": from_version, "to": to_version, "against_tenant": against_tenant, "against_domain": against_domain,
    }  # fmt: skip


def check_person(person: Person) -> Person:
    """Raises: `Invalid`: a name, a right or a tenant must never become another one on its way."""
    faults = [] if _PERSON.fullmatch(person.name) else [_no("name", "/name")]
    faults += [_no("right", f"/rights/{right}") for right in sorted(person.rights) if not _RIGHT.fullmatch(right)]
    faults += [
        _no("tenant", f"/tenants/{tenant}")
        for tenant in sorted(person.tenants or ())
        if not _IDENTIFIER.fullmatch(tenant)
    ]
    if faults:
        raise Invalid(f"there cannot be such a person: {person!r}", code="acting_for_invalid", faults=faults[:20])
    return person


def acting_headers(person: Person) -> dict[str, str]:
    """The headers that say for whom a key asks."""
    said = {
        "name": person.name,
        "rights": sorted(person.rights),
        "tenants": None if person.tenants is None else sorted(person.tenants),
    }
    language = {} if person.language is None else {"Accept-Language": person.language}
    return {"X-Acting-For": msgspec.json.encode(said).decode("ascii"), **language}


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


def _no(kind: str, pointer: str) -> Fault:
    return Fault(code=kind, message=f"is no {kind}", pointer=pointer)
