"""`credentials_sync`: merges a tenant's integrations into `config` and its secrets into `credentials`.

Both forms on the wire are one here: the flat one, and the nested one that the addon really sends.
"""

from sprintia_config.webhook.channels import CHANNELS, secret_of
from sprintia_config.webhook.clearing import (
    MCP_TYPE,
    channel_secrets,
    cleared_config,
    cleared_secrets,
    says_nothing,
)
from sprintia_config.webhook.events import flattened
from sprintia_config.webhook.fields import (
    Body,
    domain_of,
    filled,
    flag,
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
    "complete", "deleted",
})  # fmt: skip
_KNOWN = frozenset({
    "name", "description", "odoo_url", "odoo_db", "odoo_username", "odoo_password", "qdrant_collection", "redis_prefix",
    "integrations", "enabled_collections",
    *(field for channel in CHANNELS.values() for field in (*channel.plain, *channel.secret)),
})  # fmt: skip


class CredentialsSync:
    """What one `credentials_sync` asks for.

    Attributes:
        tenant_id, domain: where it goes.
        complete: whether what it does not say is to go, as far as it is the event's own.
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
        self.domain = domain_of(given)
        self.complete, self._token = flag(given, "complete"), token
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
            "mcp": {"type": MCP_TYPE, "config": {**connection, "credential_ref": token}},
        }
        if not is_empty(given.get("qdrant_collection")):
            integrations["qdrant"] = {"collection": given["qdrant_collection"]}
        if not is_empty(given.get("redis_prefix")):
            integrations["redis"] = {"prefix": given["redis_prefix"]}
        for name, channel in CHANNELS.items():
            made: dict[str, Json] = {
                key: given[field] for field, key in channel.plain.items() if not is_empty(given.get(field))
            }
            for field, (key, prefix) in channel.secret.items():
                if not is_empty(given.get(field)):
                    made[key] = secret_of(prefix, self.tenant_id)
                    secrets[secret_of(prefix, self.tenant_id)] = given[field]
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

    def config_of(self, standing: Json) -> Json:
        """Merge into the document that stands; defaults fill what nobody ever set."""
        defaults: dict[str, Json] = {
            "integrations": {
                "qdrant": {"collection": f"business_rules_{self.tenant_id}"},
                "redis": {"prefix": self.tenant_id},
            }
        }
        if self.complete:
            # A default takes the place of what was set before, which a default for what nobody ever set would leave.
            wanted = _with_defaults(self.config, defaults)
            return cleared_config(merged_from_odoo(standing, wanted), wanted, self.tenant_id)
        merged = merged_from_odoo(standing, self.config)
        return _with_defaults(merged, defaults) if isinstance(merged, dict) else merged

    def credentials_of(self, standing: Json, former: set[str]) -> Json:
        """Merge into the document that stands; `former` names secrets that `config` referred to and no longer does."""
        merged = merged_from_odoo(standing, self.credentials)
        if not self.complete:
            return merged
        return cleared_secrets(merged, self.credentials, channel_secrets(self.tenant_id) | {self._token} | former)


class CredentialsRemoval:
    """What one `credentials_sync` with `deleted` asks for: nothing of it is to be left.

    Attributes:
        tenant_id, domain: where it was.
        complete: always; what it does not say is to go.
    """

    complete = True

    def __init__(self, body: Body) -> None:
        """Read a body; a token, of which there need be none, names one more secret that is to go.

        Raises:
            Problem: 400 when account_id is missing or malformed.
        """
        given = flattened(body)
        self.tenant_id = identifier(required(given, "account_id"), "account_id")
        self.domain = domain_of(given)
        self._named = set() if is_empty(given.get("token")) else {reference(given["token"], "token")}

    def config_of(self, standing: Json) -> Json:
        """What is left of `config`; null when that is nothing."""
        left = cleared_config(standing, {}, self.tenant_id)
        return None if says_nothing(left) else left

    def credentials_of(self, standing: Json, former: set[str]) -> Json:
        """What is left of `credentials`; null when that is nothing."""
        left = cleared_secrets(standing, {}, channel_secrets(self.tenant_id) | self._named | former)
        return None if says_nothing(left) else left


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
