"""`company_metadata_sync`: merges what a company says of itself into `metadata`."""

from sprintia_config.webhook.fields import (
    Body,
    domain_of,
    filled,
    identifier,
    merged_from_odoo,
    required,
    says_something,
)
from sprintia_platform.content.values import Json

_TEXTS = ("name", "description", "business_area", "business_area_other", "company_values")
_PRESENCE_TEXTS = ("website", "facebook_url", "instagram_url")
_PRESENCE_FLAGS = ("mention_website_at_end", "mention_facebook_at_end", "mention_instagram_at_end")
_COMMUNICATION = ("greeting_message", "communication_style", "emoji_usage")
_WHOLE = ("address", "business_hours", "enabled_collections")
_ENVELOPE = ("event_type", "event", "source", "account_id", "domain", "timestamp", "token")


class CompanyMetadataSync:
    """What one `company_metadata_sync` asks for: `metadata` is merged into the document of that type."""

    def __init__(self, body: Body) -> None:
        """Read a body.

        Raises:
            Problem: 400 when account_id is missing or malformed.
        """
        self.tenant_id = identifier(required(body, "account_id"), "account_id")
        self.domain = domain_of(body)
        known = {*_TEXTS, *_PRESENCE_TEXTS, *_PRESENCE_FLAGS, *_COMMUNICATION, *_WHOLE, *_ENVELOPE}
        self.metadata: dict[str, Json] = {
            "account_id": self.tenant_id,
            **filled(body, *_TEXTS),
            # A flag is a value when it is false; a text field in which Odoo wrote false is empty.
            "online_presence": {
                **filled(body, *_PRESENCE_TEXTS),
                **{name: body[name] for name in _PRESENCE_FLAGS if isinstance(body.get(name), bool)},
            },
            "communication": filled(body, *_COMMUNICATION),
            **filled(body, *_WHOLE),
            **{name: value for name, value in body.items() if name not in known and says_something(value)},
        }

    def merged(self, standing: Json) -> Json:
        """Merge into the document that stands."""
        return merged_from_odoo(standing, self.metadata)
