"""`credentials_sync`: merges a tenant's integrations into `config` and its secrets into `credentials`.

Both forms on the wire are one here: the flat one, and the nested one that the addon really sends.
"""

from typing import NamedTuple

from sprintia_config.webhook.events import flattened
from sprintia_config.webhook.fields import (
    Body,
    filled,
    identifier,
    is_empty,
    is_secret_name,
    mapping,
    merged_from_odoo,
    reference,
    required,
    says_something,
)
from sprintia_platform.content.merge import merge_filled
from sprintia_platform.content.values import Json

_ENVELOPE = frozenset({
    "event_type", "event", "source", "account_id", "token", "credentials", "mapping", "timestamp", "domain",
})  # fmt: skip


class _Channel(NamedTuple):
    """How the webhook's fields become an integration.

    Attributes:
        plain: field to its name in the integration.
        secret: field to the name of its reference, and the prefix of the secret that this refers to.
    """

    plain: dict[str, str]
    secret: dict[str, tuple[str, str]]


_CHANNELS = {
    "facebook": _Channel(
        plain={"facebook_app_id": "app_id"},
        secret={
            "facebook_app_secret": ("app_secret_ref", "fb_secret"),
            "facebook_access_token": ("access_token_ref", "fb_token"),
        },
    ),
    "instagram": _Channel(
        plain={"instagram_client_id": "client_id"},
        secret={
            "instagram_client_secret": ("client_secret_ref", "ig_secret"),
            "instagram_access_token": ("access_token_ref", "ig_token"),
        },
    ),
    "mercado_livre": _Channel(
        plain={"mercado_livre_app_id": "app_id"},
        secret={
            "mercado_livre_client_secret": ("client_secret_ref", "ml_secret"),
            "mercado_livre_access_token": ("access_token_ref", "ml_token"),
        },
    ),
}
_KNOWN = frozenset({
    "name", "description", "odoo_url", "odoo_db", "odoo_username", "odoo_password", "qdrant_collection", "redis_prefix",
    "integrations", "enabled_collections",
    *(field for channel in _CHANNELS.values() for field in (*channel.plain, *channel.secret)),
})  # fmt: skip


class CredentialsSync:
    """What one `credentials_sync` asks for.

    Attributes:
        tenant_id, domain: where it goes.
        config: what is merged into `config`.
        credentials: what is merged into `credentials`, secrets in clear.
    """

    def __init__(self, body: Body) -> None:
        """Read a body.

        Raises:
            Problem: 400 when account_id or token is missing or malformed.
        """
        given = flattened(body)
        self.tenant_id = identifier(required(given, "account_id"), "account_id")
        token = reference(required(given, "token"), "token")
        self.domain = identifier(given["domain"], "domain") if not is_empty(given.get("domain")) else "default"
        secrets: dict[str, Json] = {}
        if not is_empty(given.get("odoo_password")):
            secrets[token] = given["odoo_password"]
        integrations = self._integrations(given, token, secrets)
        unknown = self._unknown(given, secrets)
        self.config: dict[str, Json] = {
            "account_id": self.tenant_id,
            **filled(given, "name", "description"),
            "integrations": merge_filled(mapping(given.get("integrations"), "integrations"), integrations),
            **filled(given, "enabled_collections"),
            **unknown,
        }
        self.credentials: dict[str, Json] = {"account_id": self.tenant_id, "credentials": secrets}

    def _integrations(self, given: Body, token: str, secrets: dict[str, Json]) -> dict[str, Json]:
        connection = {
            name: given[field]
            for field, name in (("odoo_url", "url"), ("odoo_db", "db"), ("odoo_username", "username"))
            if not is_empty(given.get(field))
        }
        integrations: dict[str, Json] = {
            "mcp": {"type": "odoo-mcp", "config": {**connection, "credential_ref": token}},
        }
        if not is_empty(given.get("qdrant_collection")):
            integrations["qdrant"] = {"collection": given["qdrant_collection"]}
        if not is_empty(given.get("redis_prefix")):
            integrations["redis"] = {"prefix": given["redis_prefix"]}
        for name, channel in _CHANNELS.items():
            made: dict[str, Json] = {
                key: given[field] for field, key in channel.plain.items() if not is_empty(given.get(field))
            }
            for field, (key, prefix) in channel.secret.items():
                if not is_empty(given.get(field)):
                    made[key] = f"{prefix}_{self.tenant_id}"
                    secrets[f"{prefix}_{self.tenant_id}"] = given[field]
            if made:
                integrations[name] = made
        return integrations

    def _unknown(self, given: Body, secrets: dict[str, Json]) -> dict[str, Json]:
        """Keep what is unknown; a field that is a secret by its name goes where secrets are, and a reference stays."""
        kept: dict[str, Json] = {}
        for field in given:
            value = given[field]
            if field in _ENVELOPE or field in _KNOWN or not says_something(value):
                continue
            if not is_secret_name(field) or isinstance(value, dict | list):
                kept[field] = value
            elif not is_empty(value):
                secrets[f"{field}_{self.tenant_id}"] = value
                kept[f"{field}_ref"] = f"{field}_{self.tenant_id}"
        return kept

    def merged_config(self, standing: Json) -> Json:
        """Merge into the document that stands; defaults fill what nobody ever set."""
        merged = merged_from_odoo(standing, self.config)
        defaults: dict[str, Json] = {
            "integrations": {
                "qdrant": {"collection": f"business_rules_{self.tenant_id}"},
                "redis": {"prefix": self.tenant_id},
            }
        }
        return _with_defaults(merged, defaults) if isinstance(merged, dict) else merged

    def merged_credentials(self, standing: Json) -> Json:
        """Merge into the document that stands."""
        return merged_from_odoo(standing, self.credentials)


def _with_defaults(document: dict[str, Json], defaults: dict[str, Json]) -> dict[str, Json]:
    """Fill what nobody ever set; what stands keeps its place and its value."""
    result = dict(document)
    for name, default in defaults.items():
        standing = document.get(name)
        if isinstance(default, dict) and isinstance(standing, dict):
            result[name] = _with_defaults(standing, default)
        elif is_empty(standing):
            result[name] = default
    return result
