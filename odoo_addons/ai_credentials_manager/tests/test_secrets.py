"""Secrets go in, and never out."""

import logging

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
