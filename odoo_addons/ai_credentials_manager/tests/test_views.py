"""The forms, as people fill them; and the test of the connection."""

from odoo.tests import Form, tagged

from .common import CredentialsCase


@tagged("post_install", "-at_install")
class TestViews(CredentialsCase):
    def test_a_new_one_with_a_channel(self):
        form = Form(self.env["ai.system.credentials"])
        form.name = "Clínica Sol"
        form.account_id = "account_79"
        form.business_area = "other"
        form.business_area_other = "Clínica"
        with form.channel_mapping_ids.new() as channel:
            channel.chatwoot_account_id = 790
        saved = form.save()
        self.assertEqual(self.last("credentials", account_id="account_79", domain="clinica")["name"], "Clínica Sol")
        self.assertEqual(saved.channel_mapping_ids.internal_account_id, "account_79")

    def test_the_viewer_opens_at_the_account(self):
        self.env["config.service.settings"].store("config_viewer.url", "https://viewer.example.com")
        action = self.credentials.action_config_open_viewer()
        self.assertEqual(action["url"], "https://viewer.example.com/?tenant_id=account_77")

    def test_the_connection_is_tested_for_real(self):
        for url, expected in (
            ("http://odoo.example.com", "https"), ("http://127.0.0.1:9", "cannot be asked"), (False, "https"),
        ):  # fmt: skip
            self.credentials.odoo_url = url
            told = self.credentials.action_test_connection()["params"]
            self.assertEqual(told["type"], "danger")
            self.assertIn(expected, told["message"])
        last = self.env["ai.credentials.access.log"].search([], limit=1)
        self.assertEqual((last.operation, last.success), ("test_connection", False))
