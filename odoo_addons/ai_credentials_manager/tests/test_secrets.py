"""Secrets go in, and never out."""

import logging

from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form

from ..models.ai_system_credentials_secrets import SECRETS
from .common import PASSWORD, CredentialsCase


class TestSecrets(CredentialsCase):
    def test_it_reads_empty_and_is_told_to_be_set(self):
        self.env.flush_all()
        self.env.invalidate_all()
        read = self.credentials.read()[0]
        self.assertFalse(any(read[name] for name in SECRETS))
        self.assertTrue(read["odoo_password_set"])
        self.assertFalse(read["facebook_app_secret_set"])
        self.assertNotIn(PASSWORD, str(read))

    def test_it_reads_empty_within_the_transaction_that_typed_it(self):
        self.credentials.odoo_password = "another-one"
        self.assertFalse(self.credentials.odoo_password)

    def test_every_secret_is_sealed_and_sent(self):
        typed = {name: f"parola-{number}" for number, name in enumerate(SECRETS)}
        self.credentials.write(typed)
        self.env.flush_all()
        self.env.cr.execute("SELECT c::text FROM ai_system_credentials AS c WHERE id = %s", [self.credentials.id])
        row = self.env.cr.fetchone()[0]
        vault = self.env["config.service.vault"]
        for name, secret in typed.items():
            self.assertNotIn(secret, row)
            self.assertEqual(vault.open(self.credentials[f"{name}_sealed"]), secret)

    def test_an_empty_one_changes_nothing_and_a_button_removes(self):
        for empty in ("", False):
            self.credentials.write({"odoo_password": empty})
            self.assertTrue(self.credentials.odoo_password_set)
        self.credentials.with_context(secret="odoo_password").action_remove_secret()
        self.assertFalse(self.credentials.odoo_password_set)
        self.assertEqual(self.last("credentials")["odoo_password"], "")
        self.credentials.with_context(secret="name").action_remove_secret()
        self.assertTrue(self.credentials.name)

    def test_chatter_tracking_export_copy_and_queue_hold_none(self):
        self.credentials.write({"odoo_password": "parola-99"})
        self.env.flush_all()
        self.events("credentials")
        for table in ("mail_message", "mail_tracking_value", "ai_credentials_access_log", "config_service_event"):
            self.env.cr.execute(f"SELECT coalesce(string_agg(t::text, ''), '') FROM {table} AS t")
            stored = self.env.cr.fetchone()[0]
            self.assertNotIn("parola-99", stored, table)
            self.assertNotIn(PASSWORD, stored, table)
        exported = self.credentials.export_data(["name", "odoo_password", "odoo_password_set"])
        self.assertNotIn("parola-99", str(exported))
        twin = self.credentials.copy({"account_id": "account_78"})
        self.assertFalse(twin.odoo_password_set)
        self.assertNotEqual(twin.token, self.credentials.token)

    def test_no_log_holds_one_even_with_every_statement_in_it(self):
        with self.assertLogs(level=logging.DEBUG) as logged:
            logging.getLogger("odoo.sql_db").setLevel(logging.DEBUG)
            self.addCleanup(logging.getLogger("odoo.sql_db").setLevel, logging.NOTSET)
            self.credentials.write({"odoo_password": "parola-55", "name": "Outra"})
            self.events("credentials")
        self.assertTrue(logged.output)
        self.assertNotIn("parola-55", "".join(logged.output))

    def test_in_the_form(self):
        with Form(self.credentials) as form:
            self.assertFalse(form.odoo_password)
            form.odoo_api_key = "typed-in-the-form"
        self.assertTrue(self.credentials.odoo_api_key_set)
        self.assertTrue(self.credentials.odoo_password_set)

    def test_what_nobody_can_type_is_refused_and_numbers_are_text(self):
        for bad in ("a\0b", "a\nb", "a" * 10_001):
            with self.subTest(bad[:5]), self.assertRaises(ValidationError) as caught:
                self.credentials.odoo_password = bad
            self.assertNotIn(bad, str(caught.exception))
        self.credentials.write({"odoo_password": 12345})
        vault = self.env["config.service.vault"]
        self.assertEqual(vault.open(self.credentials.odoo_password_sealed), "12345")
        self.credentials.odoo_password = "senha com espaço e ção 🔑"
        self.assertEqual(vault.open(self.credentials.odoo_password_sealed), "senha com espaço e ção 🔑")

    def test_a_password_is_not_sent_where_somebody_else_listens(self):
        manager = self.make_user("sec_manager", ",ai_credentials_manager.group_ai_credentials_manager")
        mine = self.credentials.with_user(manager)
        for url in ("https://evil.example.com", "http://odoo.example.com", "https://odoo.example.com:8443"):
            with self.subTest(url), self.assertRaises(UserError):
                mine.odoo_url = url
        mine.odoo_url = "https://odoo.example.com/web"
        mine.write({"odoo_url": "https://new.example.com", "odoo_password": "nova"})
        mine.odoo_api_key = "chave"
        with self.assertRaises(UserError):
            mine.write({"odoo_url": "https://evil.example.com", "odoo_password": "nova"})
        mine.odoo_url = False
        with self.assertRaises(UserError):
            mine.odoo_url = "https://evil.example.com"
        for name in ("odoo_password", "odoo_api_key"):
            mine.with_context(secret=name).action_remove_secret()
        mine.odoo_url = "https://elsewhere.example.com"
        self.assertEqual(self.last("credentials")["odoo_url"], "https://elsewhere.example.com")
