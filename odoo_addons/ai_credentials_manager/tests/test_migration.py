"""The replaced addon's tables, as it left them."""

import base64
import importlib.util
from pathlib import Path

from cryptography.fernet import Fernet

from .common import CredentialsCase

MIGRATIONS = Path(__file__).parents[1] / "migrations" / "2.0.0"


def script(name):
    found = importlib.util.spec_from_file_location(name.replace("-", "_"), MIGRATIONS / f"{name}.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


class TestMigration(CredentialsCase):
    def setUp(self):
        super().setUp()
        self.key = Fernet.generate_key().decode()
        self.env["ir.config_parameter"].set_param("ai_credentials.encryption_key", self.key)
        self.credentials.with_context(secret="odoo_password").action_remove_secret()
        self.env.flush_all()

    def old(self, secret, key=None):
        """Encrypt as the replaced addon did: base64 around a Fernet token."""
        token = Fernet((key or self.key).encode()).encrypt(secret.encode())
        return base64.b64encode(base64.b64encode(token))

    def migrate(self):
        script("post-migrate").migrate(self.env.cr, "14.0.1.0.0")
        self.env.invalidate_all()

    def stored_key(self):
        self.env.cr.execute("SELECT value FROM ir_config_parameter WHERE key = 'ai_credentials.encryption_key'")
        return (self.env.cr.fetchone() or [None])[0]

    def test_secrets_of_a_column_are_sealed_anew(self):
        self.env.cr.execute("ALTER TABLE ai_system_credentials ADD COLUMN odoo_password_encrypted bytea")
        self.env.cr.execute("UPDATE ai_system_credentials SET odoo_password_encrypted = %s", [self.old("antiga")])
        self.migrate()
        self.assertEqual(self.env["config.service.vault"].open(self.credentials.odoo_password_sealed), "antiga")
        self.env.cr.execute(
            "SELECT 1 FROM information_schema.columns WHERE column_name = 'odoo_password_encrypted' "
            "AND table_name = 'ai_system_credentials'"
        )
        self.assertFalse(self.env.cr.fetchone())
        self.assertIsNone(self.stored_key())

    def test_secrets_of_an_attachment_are_sealed_anew(self):
        attachment = self.env["ir.attachment"].create({
            "name": "facebook_app_secret_encrypted", "res_model": "ai.system.credentials",
            "res_field": "facebook_app_secret_encrypted", "res_id": self.credentials.id, "raw": self.old("fb"),
        })  # fmt: skip
        self.migrate()
        self.assertEqual(self.env["config.service.vault"].open(self.credentials.facebook_app_secret_sealed), "fb")
        self.assertFalse(attachment.exists())

    def test_what_cannot_be_opened_is_told_and_the_key_stays(self):
        self.env.cr.execute("ALTER TABLE ai_system_credentials ADD COLUMN odoo_password_encrypted bytea")
        lost = self.old("perdida", Fernet.generate_key().decode())
        self.env.cr.execute("UPDATE ai_system_credentials SET odoo_password_encrypted = %s", [lost])
        self.migrate()
        self.assertFalse(self.credentials.odoo_password_sealed)
        self.assertIn("odoo_password", self.credentials.secrets_to_enter)
        self.assertEqual(self.stored_key(), self.key)

    def test_entering_them_again_settles_it(self):
        self.credentials.secrets_to_enter = "odoo_password, odoo_api_key"
        self.credentials.odoo_password = "nova"
        self.assertEqual(self.credentials.secrets_to_enter, "odoo_api_key")
        self.credentials.odoo_api_key = "nova"
        self.assertFalse(self.credentials.secrets_to_enter)

    def test_old_lines_of_the_log_have_an_operation_that_there_is(self):
        self.env.cr.execute("UPDATE ai_credentials_access_log SET operation = 'get_token'")
        script("pre-migrate")._adopt_log(self.env.cr)
        self.env.cr.execute("SELECT DISTINCT operation FROM ai_credentials_access_log")
        self.assertEqual(self.env.cr.fetchall(), [("other",)])
