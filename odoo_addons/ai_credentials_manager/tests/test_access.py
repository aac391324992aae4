"""Who may see and change what, in which company."""

from odoo.exceptions import AccessError
from odoo.tests import Form

from .common import CredentialsCase


class TestAccess(CredentialsCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.credentials.company_id = cls.company
        cls.channel = cls.make_channel()
        cls.plain = cls.make_user("cred_plain", "")
        cls.reader = cls.make_user("cred_reader", ",ai_credentials_manager.group_user")
        cls.manager = cls.make_user("cred_manager", ",ai_credentials_manager.group_ai_credentials_manager")
        cls.groups_field = "group_ids" if "group_ids" in cls.manager._fields else "groups_id"
        other = cls.env["res.company"].create({"name": "Outra"})
        cls.stranger = cls.make_user(
            "cred_stranger", ",ai_credentials_manager.group_ai_credentials_manager",
            company_id=other.id, company_ids=[(6, 0, other.ids)],
        )  # fmt: skip

    def may(self, act):
        try:
            with self.env.cr.savepoint():
                act()
        except AccessError:
            return False
        return True

    def test_matrix(self):
        allowed = {
            self.plain: (False, False, False), self.reader: (True, False, False), self.manager: (True, True, True),
            self.stranger: (False, False, False),
        }  # fmt: skip
        for record, change in ((self.channel, {"sequence": 3}), (self.credentials, {"name": "Outro"})):
            for user, expected in allowed.items():
                mine = record.with_user(user)
                with self.subTest(model=record._name, user=user.login):
                    got = (
                        self.may(lambda mine=mine: mine.read(["name"])),
                        self.may(lambda mine=mine, change=change: mine.write(change)),
                        self.may(lambda mine=mine: mine.action_config_send()),
                    )
                    self.assertEqual(got, expected)

    def test_sealed_secrets_are_nobodys_business(self):
        for user in (self.reader, self.manager):
            mine = self.credentials.with_user(user)
            with self.subTest(user=user.login):
                for act in (
                    lambda mine=mine: mine.read(["odoo_password_sealed"]),
                    lambda mine=mine: mine.search([("odoo_password_sealed", "=like", "g%")]),
                    lambda mine=mine: mine.search([], order="odoo_password_sealed"),
                    lambda mine=mine: self.grouped(mine, "odoo_password_sealed"),
                    lambda mine=mine: mine.channel_mapping_ids.search([
                        ("credential_id.odoo_password_sealed", "=like", "g%"),
                    ]),
                    lambda mine=mine: mine.write({"odoo_password_sealed": "of another record"}),
                ):  # fmt: skip
                    with self.assertRaises(AccessError):
                        act()
                seen = mine.read()[0]
                self.assertNotIn("odoo_password_sealed", seen)
                self.assertTrue(seen["odoo_password_set"])

    def grouped(self, records, name):
        if hasattr(records, "formatted_read_group"):
            return records.formatted_read_group([], [name])
        return records.read_group([], [name], [name])

    def test_exports_and_imports(self):
        self.manager.write({self.groups_field: [(4, self.env.ref("base.group_allow_export").id)]})
        mine = self.credentials.with_user(self.manager)
        with self.assertRaises(AccessError):
            mine.export_data(["odoo_password_sealed"])
        (rows,) = mine.export_data(["id", "odoo_password"]).values()
        number, shown = rows[0]
        self.assertFalse(shown)
        told = mine.load(["id", "odoo_password"], [[number, "importada-9"]])
        self.assertFalse(told["messages"])
        self.assertEqual(self.env["config.service.vault"].open(self.credentials.odoo_password_sealed), "importada-9")
        refused = mine.load(["name", "account_id", "odoo_password"], [["X", "not an account", "importada-9"]])
        self.assertFalse(refused["ids"])
        self.assertNotIn("importada-9", str(refused))

    def test_readers_open_the_forms(self):
        for record in (self.credentials, self.channel):
            self.assertEqual(Form(record.with_user(self.reader)).name, record.name)

    def test_buttons_are_the_managers(self):
        mine = self.credentials.with_user(self.reader)
        for act in (mine.action_test_connection, mine.with_context(secret="odoo_password").action_remove_secret):
            with self.assertRaises(AccessError):
                act()

    def test_buttons_tell_nothing_to_who_may_not_read(self):
        for record in (self.credentials, self.channel):
            for user in (self.plain, self.stranger):
                mine = record.with_user(user)
                for act in (mine.action_config_open_viewer, mine.action_config_open_queue):
                    with self.assertRaises(AccessError):
                        act()

    def test_states_are_seen_by_readers_without_rights_on_the_queue(self):
        self.events("credentials")
        self.assertEqual(self.credentials.with_user(self.reader).config_sync_state, "queued")

    def test_no_group_of_ours_makes_an_administrator(self):
        for name in ("group_user", "group_ai_credentials_manager"):
            implied = self.env.ref(f"ai_credentials_manager.{name}")
            seen = self.env["res.groups"]
            while implied - seen:
                seen |= implied
                implied = implied.implied_ids
            self.assertNotIn(self.env.ref("base.group_system"), seen)
