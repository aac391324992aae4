"""Once, at installation: the spellings of the replaced addons' parameters become the ones that count."""

import logging

_logger = logging.getLogger(__name__)

_OLD_SPELLINGS = {
    "config_service.url": ("config_service_url", "ai_credentials_manager.config_service_url"),
    "config_service.api_key": ("config_service_api_key", "ai_credentials_manager.config_service_api_key"),
    "config_viewer.url": ("config_viewer_url",),
}
# A secret that was published, a switch, and links to what does not exist any more.
_DROPPED = ("webhook_secret_key", "config_service_enabled", "config_service.enabled")
# Keys that the replaced addons came with: everybody knows them, and the service refuses them.
_KNOWN_DEFAULTS = frozenset({"development-api-key", "production-api-key", "default_token"})


def post_init_hook(env):
    settings = env["config.service.settings"]
    for name, spellings in _OLD_SPELLINGS.items():
        found = [settings._stored(spelling) for spelling in (name, *spellings)]
        value = next((text for text in found if text and text not in _KNOWN_DEFAULTS), "")
        if value and not value.startswith("sealed:"):
            settings.store(name, value)
        _forget(env, spellings)
    _forget(env, _DROPPED)


def _forget(env, names):
    old = env["ir.config_parameter"].search([("key", "in", list(names))])
    if old:
        _logger.info("old system parameters are adopted or dropped: %s", ", ".join(old.mapped("key")))
        old.unlink()


def uninstall_hook(env):
    """Leave no secret behind."""
    env["ir.config_parameter"].search(
        [("key", "in", ["config_service.api_key", "config_service.webhook_secret"])]
    ).unlink()
