"""The social channels of `credentials_sync`: how its fields become integrations and secrets."""

from typing import NamedTuple


class Channel(NamedTuple):
    """How the webhook's fields become an integration.

    Attributes:
        plain: field to its name in the integration.
        secret: field to the name of its reference, and the prefix of the secret that this refers to.
    """

    plain: dict[str, str]
    secret: dict[str, tuple[str, str]]


CHANNELS = {
    "facebook": Channel(
        plain={"facebook_app_id": "app_id"},
        secret={
            "facebook_app_secret": ("app_secret_ref", "fb_secret"),
            "facebook_access_token": ("access_token_ref", "fb_token"),
        },
    ),
    "instagram": Channel(
        plain={"instagram_client_id": "client_id"},
        secret={
            "instagram_client_secret": ("client_secret_ref", "ig_secret"),
            "instagram_access_token": ("access_token_ref", "ig_token"),
        },
    ),
    "mercado_livre": Channel(
        plain={"mercado_livre_app_id": "app_id"},
        secret={
            "mercado_livre_client_secret": ("client_secret_ref", "ml_secret"),
            "mercado_livre_access_token": ("access_token_ref", "ml_token"),
        },
    ),
}
"""Integration to its fields."""


def secret_of(prefix: str, tenant_id: str) -> str:
    """Name a channel's secret in `credentials`; the reference in `config` says the same."""
    return f"{prefix}_{tenant_id}"
