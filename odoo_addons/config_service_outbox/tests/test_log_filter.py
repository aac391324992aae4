"""Odoo's own log of calls, at DEBUG."""

import logging

from odoo.addons.config_service_outbox import log_filter
from odoo.tests import TransactionCase

try:
    from odoo.service.model import call_kw
except ImportError:  # 18
    from odoo.api import call_kw


class TestLogFilter(TransactionCase):
    def logged(self, values):
        """Save the settings page as a browser does, and return what Odoo logs of it."""
        with self.assertLogs("odoo", logging.DEBUG) as logs:
            call_kw(self.env["res.config.settings"], "create", [[values]], {})
        return next(line for line in logs.output if "call res.config.settings" in line)

    def test_secrets_are_hidden_and_the_rest_is_logged(self):
        for secret in ("sentinel-key-7f", 'it\'s "quoted" \\ here', "chave-ção"):
            line = self.logged({"config_service_url": "https://a.example.com", "config_service_api_key": secret})
            self.assertIn("https://a.example.com", line)
            for text in (secret, repr(secret)[1:-1]):
                self.assertNotIn(text, line)

    def test_it_is_installed_once(self):
        for name in log_filter.LOGGERS:
            before = list(logging.getLogger(name).filters)
            log_filter.install()
            self.assertEqual(logging.getLogger(name).filters, before)
            self.assertTrue(before)
