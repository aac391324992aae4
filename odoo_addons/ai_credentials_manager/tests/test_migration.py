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
        self.env.cr.execute("SELECT odoo_password_unopened FROM ai_system_credentials")
        self.assertIn((lost.decode(),), self.env.cr.fetchall())

    def test_entering_them_again_settles_it(self):
        self.credentials.secrets_to_enter = "odoo_password, odoo_api_key"
        self.credentials.odoo_password = "nova"
        self.assertEqual(self.credentials.secrets_to_enter, "odoo_api_key")
        self.credentials.odoo_api_key = "nova"
        self.assertFalse(self.credentials.secrets_to_enter)
        self.credentials.secrets_to_enter = "facebook_app_secret"
        self.credentials.action_forget_secrets_to_enter()
        self.assertFalse(self.credentials.secrets_to_enter)

    def test_old_lines_of_the_log_have_an_operation_that_there_is(self):
        self.env.cr.execute("UPDATE ai_credentials_access_log SET operation = 'get_token'")
        script("pre-migrate")._adopt_log(self.env.cr)
        self.env.cr.execute("SELECT DISTINCT operation FROM ai_credentials_access_log")
        self.assertEqual(self.env.cr.fetchall(), [("other",)])

    def test_of_channels_in_one_place_one_stays_though_the_old_constraint_let_more_pass(self):
        archived = self.make(account_id="account_78", active=False)
        first = self.make_channel(chatwoot_account_id=55)
        second = self.make_channel(chatwoot_account_id=55, active=False)
        third = self.make_channel(chatwoot_account_id=55, active=False, credential_id=archived.id)
        elsewhere = self.make_channel(chatwoot_account_id=55, chatwoot_inbox_id=1)
        self.env.flush_all()
        self.env.cr.execute("ALTER TABLE ai_channel_mapping DROP CONSTRAINT ai_channel_mapping_one_per_place")
        self.env.cr.execute(
            "UPDATE ai_channel_mapping SET active = TRUE, chatwoot_inbox_id = NULLIF(chatwoot_inbox_id, 0) "
            "WHERE chatwoot_account_id = 55"
        )
        script("pre-migrate")._keep_one_channel_per_place(self.env.cr)
        self.env.invalidate_all()
        self.assertEqual((first | second | third | elsewhere).filtered("active"), second | elsewhere)
        self.env["ai.channel.mapping"].init()

    def test_old_constraints_go_and_ours_stay(self):
        self.env.cr.execute("ALTER TABLE ai_channel_mapping ADD CONSTRAINT old_one UNIQUE (chatwoot_account_id, name)")
        script("pre-migrate")._drop_old_constraints(self.env.cr)
        self.env.cr.execute(
            "SELECT conname FROM pg_constraint WHERE contype IN ('u', 'x') AND conrelid::regclass::text IN "
            "('ai_channel_mapping', 'ai_system_credentials') ORDER BY conname"
        )
        self.assertEqual([row[0] for row in self.env.cr.fetchall()], [
            "ai_channel_mapping_one_per_place", "ai_system_credentials_one_per_account_id",
            "ai_system_credentials_one_per_token",
        ])  # fmt: skip

    def test_credentials_without_a_token_or_an_area_can_be_sent(self):
        self.env.cr.execute("ALTER TABLE ai_system_credentials ALTER business_area DROP NOT NULL")
        self.env.cr.execute(
            "UPDATE ai_system_credentials SET token = NULL, business_area = NULL WHERE id = %s", [self.credentials.id]
        )
        script("pre-migrate")._keep_domain_without_area(self.env.cr)
        self.env.invalidate_all()
        self.migrate()
        body = self.last("credentials", domain="default")
        self.assertRegex(body["token"], r"^account_77-[0-9a-f]{8}$")
        self.assertEqual(body["domain"], "default")
