"""The parameters of the replaced addons."""

from odoo.addons.config_service_outbox.hooks import post_init_hook, uninstall_hook

from .common import OutboxCase


class TestHooks(OutboxCase):
    def setUp(self):
        super().setUp()
        self.parameters = self.env["ir.config_parameter"]
        for name in ("config_service.url", "config_service.api_key"):
            self.settings.store(name, "")

    def test_old_spellings_are_adopted_once(self):
        for old in (
            {"config_service_url": "https://a.example.com", "config_service_api_key": "old-key"},
            {
                "ai_credentials_manager.config_service_url": "https://a.example.com",
                "ai_credentials_manager.config_service_api_key": "old-key",
            },
        ):
            for name in ("config_service.url", "config_service.api_key"):
                self.settings.store(name, "")
            for name, value in old.items():
                self.parameters.set_param(name, value)
            post_init_hook(self.env)
            self.assertEqual(self.settings.value("config_service.url"), "https://a.example.com")
            self.assertEqual(self.settings.value("config_service.api_key"), "old-key")
            self.assertFalse(self.parameters.search([("key", "in", list(old))]))
            self.assertNotIn("old-key", self.settings._stored("config_service.api_key"))

    def test_what_stands_counts(self):
        self.parameters.set_param("config_service.url", "https://new.example.com")
        self.parameters.set_param("config_service_url", "https://old.example.com")
        post_init_hook(self.env)
        self.assertEqual(self.settings.value("config_service.url"), "https://new.example.com")

    def test_known_defaults_and_published_secrets_are_not_adopted(self):
        self.parameters.set_param("config_service_api_key", "development-api-key")
        self.parameters.set_param("webhook_secret_key", "published")
        post_init_hook(self.env)
        self.assertFalse(self.settings.value("config_service.api_key"))
        self.assertFalse(self.parameters.search([("key", "=", "webhook_secret_key")]))

    def test_no_secret_is_left_behind(self):
        self.settings.store("config_service.api_key", "k")
        uninstall_hook(self.env)
        self.assertFalse(self.settings.value("config_service.api_key"))
