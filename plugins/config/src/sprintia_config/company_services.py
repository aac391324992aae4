"""Company metadata posted by the `company_services` addon, with the security token of its tenant.

The token is recorded at the first post, as a secret, and asked for ever after. It is taken out of the document.
"""

import hmac
import re
from dataclasses import dataclass

from sprintia_config import problems
from sprintia_config.contents.content import Content
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.contents.places import secret_place
from sprintia_config.vault import TenantKeys
from sprintia_config.webhook.fields import identifier, is_empty, reference
from sprintia_config.writing import Change
from sprintia_platform import Problem
from sprintia_platform.content.errors import ContentError
from sprintia_platform.content.values import Json
from sprintia_platform.content.yaml_reader import read_yaml
from sprintia_platform.database.connections import Connection

CONFIG_TYPE = "company_metadata"
DOMAIN = "default"
TOKEN = "security_token"  # noqa: S105 - the name of a field, not a token
_TOKEN_LINE = re.compile(r"^security_token:[^\n]*\n?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class CompanyDocument:
    """What was posted: the document without its token, and the token that stood in it."""

    content: Content
    token: str | None


def read_company_document(text: str, tenant_id: str) -> CompanyDocument:
    """Read the posted YAML.

    Raises:
        ContentError: it is no YAML.
        Problem: 400, it is another tenant's.
    """
    content = Content.from_yaml(text)
    value = content.value
    if not isinstance(value, dict):
        return CompanyDocument(content, None)
    if "account_id" in value and identifier(value["account_id"], "account_id") != tenant_id:
        raise Problem(problems.OTHER_TENANT, tenant=tenant_id)
    if TOKEN not in value:
        return CompanyDocument(content, None)
    rest: Json = {name: item for name, item in value.items() if name != TOKEN}
    token = None if is_empty(value[TOKEN]) else reference(value[TOKEN], TOKEN)
    return CompanyDocument(_without_token(text, rest, token or ""), token)


def _without_token(text: str, rest: Json, token: str) -> Content:
    """Take the token's line out and leave every other byte as it came; write anew only where that does not do."""
    shorter = _TOKEN_LINE.sub("", text, count=1)
    try:
        # The token may stand in a comment too, which a text written anew has not.
        if (not token or token not in shorter) and read_yaml(shorter) == rest:
            return Content(shorter, "yaml", rest)
    except ContentError:
        pass
    return Content.from_value(rest)


async def check_token(change: Change, given: str | None, in_document: str | None) -> None:
    """Compare the token of the header with the one on record; record it when there is none yet.

    Raises:
        Problem: 401 when it is missing or wrong.
    """
    if not given:
        raise Problem(problems.TOKEN_MISSING, headers={"WWW-Authenticate": "SecurityToken"})
    if in_document is not None and not _equal(given, in_document):
        raise _refused()
    recorded, version = await _recorded(change.connection, await change.keys(), change.tenant_id)
    if recorded is not None:
        if not _equal(given, recorded):
            raise _refused()
        return
    generation, key = await change.sealing_key()
    place = secret_place(_token_key(change.tenant_id), TOKEN, version + 1)
    await change.connection.execute(
        "INSERT INTO config.secret_version (tenant_id, domain, config_type, name, version, sealed, key_generation, "
        "fingerprint) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        *_token_key(change.tenant_id), TOKEN, version + 1, key.seal(given.encode(), place), generation,
        key.fingerprint(given.encode(), place),
    )  # fmt: skip
    await change.audit("security_token.record", CONFIG_TYPE)


async def look_at_token(change: Change, given: str | None) -> None:
    """Check the token of a delivery that is refused anyway; records none.

    Raises:
        Problem: 401 when it is missing, or not the one on record.
    """
    if not given:
        raise Problem(problems.TOKEN_MISSING, headers={"WWW-Authenticate": "SecurityToken"})
    recorded, _ = await _recorded(change.connection, await change.keys(), change.tenant_id)
    if recorded is not None and not _equal(given, recorded):
        raise _refused()


async def require_token(connection: Connection, keys: TenantKeys, tenant_id: str, given: str) -> None:
    """Check a token that a reader sent along.

    Raises:
        Problem: 401 when it is not the one on record.
    """
    recorded, _ = await _recorded(connection, keys, tenant_id)
    if recorded is None or not _equal(given, recorded):
        raise _refused()


async def _recorded(connection: Connection, keys: TenantKeys, tenant_id: str) -> tuple[str | None, int]:
    """The token on record and its version; None where there is none, or its key was destroyed."""
    row = await connection.fetchrow(
        "SELECT version, sealed, key_generation FROM config.secret_version "
        "WHERE tenant_id = $1 AND domain = $2 AND config_type = $3 AND name = $4 ORDER BY version DESC LIMIT 1",
        *_token_key(tenant_id), TOKEN,
    )  # fmt: skip
    if row is None:
        return None, 0
    if row["key_generation"] not in keys.keys:
        return None, row["version"]
    place = secret_place(_token_key(tenant_id), TOKEN, row["version"])
    return keys.open(row["sealed"], row["key_generation"], place).decode(), row["version"]


def key_of(tenant_id: str) -> DocumentKey:
    """The document that the addon posts; the addon knows no domain."""
    return DocumentKey(tenant_id, DOMAIN, CONFIG_TYPE)


def _token_key(tenant_id: str) -> DocumentKey:
    return DocumentKey(tenant_id, "", CONFIG_TYPE)


def _equal(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _refused() -> Problem:
    return Problem(problems.TOKEN_REFUSED, headers={"WWW-Authenticate": "SecurityToken"})
