"""What `credentials_sync` sets, taken out again: where a full state says no more of it, and where it is deleted.

Other producers write to the same two documents. So nothing is removed but what has the event's own name, and of the
references those alone that are the ones it makes.
"""

from collections.abc import Iterator
from typing import TypeAlias

from sprintia_config.webhook.channels import CHANNELS, secret_of
from sprintia_config.webhook.fields import is_empty
from sprintia_platform.content.values import Json

MCP_TYPE = "odoo-mcp"

_Path: TypeAlias = tuple[str, ...]

_OWN_OBJECTS = ("integrations", "credentials")
_MCP = ("integrations", "mcp")
_REFERENCE = (*_MCP, "config", "credential_ref")
_OF_MCP = ((*_MCP, "type"), *((*_MCP, "config", name) for name in ("url", "db", "username")), _REFERENCE)
_PLAIN = (
    ("name",),
    ("description",),
    ("integrations", "qdrant", "collection"),
    ("integrations", "redis", "prefix"),
    *(("integrations", name, field) for name, channel in CHANNELS.items() for field in channel.plain.values()),
)


def cleared_config(config: Json, wanted: Json, tenant_id: str) -> Json:
    """Take out of `config` what the event sets, except what is filled in `wanted`; integrations left empty vanish."""
    for path in _PLAIN if _is_foreign(_at(config, _MCP)) else (*_PLAIN, *_OF_MCP):
        if is_empty(_at(wanted, path)):
            config = _without(config, path)
    for path, secret in _references(tenant_id):
        if is_empty(_at(wanted, path)) and _at(config, path) == secret:
            config = _without(config, path)
    return config


def cleared_secrets(credentials: Json, wanted: Json, names: set[str]) -> Json:
    """Take secrets out of `credentials`, except those that are filled in `wanted`."""
    held = _at(credentials, ("credentials",))
    if not isinstance(credentials, dict) or not isinstance(held, dict):
        return credentials
    gone = {name for name in names if is_empty(_at(wanted, ("credentials", name)))}
    return {**credentials, "credentials": {name: secret for name, secret in held.items() if name not in gone}}


def channel_secrets(tenant_id: str) -> set[str]:
    """Name the secrets of all channels."""
    return {secret for _, secret in _references(tenant_id)}


def former_secrets(before: Json, after: Json) -> set[str]:
    """Name the secrets to which Odoo's connection referred, and nothing in `config` does any more.

    There is none where the connection was somebody else's.
    """
    reference = None if _is_foreign(_at(before, _MCP)) else _at(before, _REFERENCE)
    return {reference}.difference(_texts(after)) if isinstance(reference, str) else set()


def says_nothing(document: Json) -> bool:
    """Tell whether a document says no more than whose it is; what is empty of others says something to them."""
    return isinstance(document, dict) and all(
        name == "account_id" or (name in _OWN_OBJECTS and document[name] == {}) for name in document
    )


def _is_foreign(mcp: Json) -> bool:
    return isinstance(mcp, dict) and mcp.get("type", MCP_TYPE) != MCP_TYPE


def _references(tenant_id: str) -> Iterator[tuple[_Path, str]]:
    for name, channel in CHANNELS.items():
        for field, prefix in channel.secret.values():
            yield ("integrations", name, field), secret_of(prefix, tenant_id)


def _at(value: Json, path: _Path) -> Json:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _without(value: Json, path: _Path) -> Json:
    """Take out what stands at a path, and each object on the way that is empty then."""
    if not isinstance(value, dict) or path[0] not in value:
        return value
    kept = dict(value)
    name, rest = path[0], path[1:]
    if rest and (child := _without(value[name], rest)) != {}:
        kept[name] = child
    else:
        del kept[name]
    return kept


def _texts(value: Json) -> Iterator[str]:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, str):
            yield item
