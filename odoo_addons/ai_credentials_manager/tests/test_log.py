"""Who did what."""

from odoo.exceptions import AccessError

from .common import PASSWORD, CredentialsCase


class TestLog(CredentialsCase):
    def lines(self):
        log = self.env["ai.credentials.access.log"]
        return log.search([("credential_id", "=", self.credentials.id)], order="id")

    def test_every_act_has_its_line_and_no_value(self):
        self.credentials.write({"odoo_db": "outra"})
        self.credentials.write({"odoo_api_key": "chave-1"})
        self.credentials.with_context(secret="odoo_api_key").action_remove_secret()
        self.credentials.write({"active": False})
        self.credentials.write({"active": True})
        self.credentials.action_config_send()
        lines = self.lines()
        self.assertEqual(lines.mapped("operation"), [
            "create", "secret_set", "update", "secret_set", "secret_removed", "archive", "restore", "send",
        ])  # fmt: skip
        self.assertEqual(lines[2].fields_changed, "odoo_db")
        self.assertEqual(lines[3].fields_changed, "odoo_api_key")
        self.assertEqual(lines.user_id, self.env.user)
        self.assertNotIn(PASSWORD, str(lines.read()))
        self.assertNotIn("chave-1", str(lines.read()))

    def test_what_is_deleted_keeps_its_lines(self):
        self.credentials.unlink()
        self.assertEqual(self.env["ai.credentials.access.log"].search([], limit=1).operation, "delete")

    def test_people_write_none_of_it(self):
        manager = self.make_user("log_manager", ",ai_credentials_manager.group_ai_credentials_manager")
        line = self.lines()[:1].with_user(manager)
        self.assertTrue(line.read(["operation"]))
        for act in (lambda: line.write({"success": False}), line.unlink, lambda: line.create({"operation": "other"})):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                act()

    def test_old_lines_go(self):
        line = self.lines()[:1]
        self.env.cr.execute(
            "UPDATE ai_credentials_access_log SET access_time = now() - interval '366 days' WHERE id = %s", [line.id]
        )
        line.invalidate_recordset()
        self.env["ai.credentials.access.log"]._gc_old()
        self.assertFalse(line.exists())
