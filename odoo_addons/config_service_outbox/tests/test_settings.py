"""Settings: where they come from, and what never leaves them."""

from unittest.mock import patch

from cryptography.fernet import Fernet
from odoo.exceptions import ValidationError
from odoo.tests import Form

from .common import KEY, OutboxCase


class TestSettings(OutboxCase):
    def test_the_key_is_write_only_and_sealed(self):
        form = Form(self.env["res.config.settings"])
        form.config_service_api_key = "typed-key-88"
        saved = form.save()
        saved.execute()
        self.assertEqual(self.settings.value("config_service.api_key"), "typed-key-88")
        self.env.cr.execute("SELECT value FROM ir_config_parameter WHERE key = 'config_service.api_key'")
        self.assertNotIn("typed-key-88", self.env.cr.fetchone()[0])
        self.env.flush_all()
        self.env.cr.execute("SELECT s::text FROM res_config_settings s")
        self.assertNotIn("typed-key-88", str(self.env.cr.fetchall()))
        again = self.env["res.config.settings"].create({})
        self.assertFalse(again.config_service_api_key)
        self.assertEqual(again.config_service_api_key_origin, "parameter")
        self.assertNotIn(KEY, str(again.read()))

    def test_saving_without_a_key_keeps_it(self):
        Form(self.env["res.config.settings"]).save().execute()
        self.assertEqual(self.settings.value("config_service.api_key"), KEY)

    def test_addresses_are_checked(self):
        for bad in ("http://config.example.com", "ftp://x", "https://user:parola@config.example.com", "config"):
            with self.subTest(bad), self.assertRaises(ValidationError) as caught:
                settings = self.env["res.config.settings"].create({"config_service_url": bad})
                settings.set_values()
            self.assertNotIn("parola", str(caught.exception))
        for good in ("https://config.example.com", "http://127.0.0.1:8002", "https://example.com/config/"):
            self.env["res.config.settings"].create({"config_service_url": good}).set_values()
            self.assertEqual(self.settings.value("config_service.url"), good.rstrip("/"))

    def test_a_key_of_another_installation_pauses_and_tells_what_to_do(self):
        sealed = Fernet(Fernet.generate_key()).encrypt(b"k").decode()
        for name in ("config_service.api_key", "config_service.webhook_secret"):
            with self.subTest(name):
                own = self.settings._stored(name)
                self.env["ir.config_parameter"].set_param(name, f"sealed:{sealed}")
                self.dispatch()
                self.assertEqual(self.queue.state, "paused")
                self.assertTrue(self.queue.activity_ids)
                self.assertIn("cannot be opened on this machine", self.queue._why())
                self.env["ir.config_parameter"].set_param(name, own)
                self.queue.action_resume()
                self.assertFalse(self.queue._why())

    def test_a_key_of_another_installation_is_nothing_to_send_with(self):
        sealed = Fernet(Fernet.generate_key()).encrypt(b"k").decode()
        self.env["ir.config_parameter"].set_param("config_service.api_key", f"sealed:{sealed}")
        with self.assertLogs("odoo.addons.config_service_outbox", "WARNING"):
            self.assertFalse(self.settings.is_complete())
        with patch.dict("os.environ", CONFIG_SERVICE_API_KEY="of-the-environment"):
            self.assertFalse(self.settings.seal_fault(), "what is stored does not count then")

    def test_a_test_of_the_connection_tells_what_is_wrong(self):
        settings = self.env["res.config.settings"].create({})
        for status, kind in ((401, "danger"), (403, "danger"), (422, "success")):
            self.service.refuse(status, "told by the service", times=2)
            self.service.reconciliation = {"revision": 1, "stale": [], "missing": [], "unknown": []}
            self.assertEqual(settings.action_config_test_connection()["params"]["type"], kind, status)
            self.service.answers.clear()
        self.settings.store("config_service.url", "http://127.0.0.1:9")
        told = settings.action_config_test_connection()["params"]
        self.assertEqual(told["type"], "danger")
        self.assertIn("cannot be reached", told["message"])

    def test_a_company_has_its_own_account(self):
        company = self.env["res.company"].create({"name": "Filial", "config_account_id": "account_2"})
        self.assertEqual(self.settings.account_id(company), "account_2")
        self.assertEqual(self.settings.account_id(self.env.company), "account_1")

    def test_saving_switches_the_scheduler_on_again(self):
        cron = self.env.ref("config_service_outbox.cron_dispatch")
        cron.active = False
        self.assertIn("switched off", self.queue._why())
        self.env["res.config.settings"].create({}).set_values()
        self.assertTrue(cron.active)

    def test_the_viewer_is_opened_at_the_account(self):
        self.settings.store("config_viewer.url", "https://viewer.example.com/")
        self.assertEqual(self.settings.viewer_url("account_1"), "https://viewer.example.com/?tenant_id=account_1")
