"""Who may see and change what, in which company."""

from odoo.exceptions import AccessError

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

    def test_sealed_secrets_are_no_readers_business(self):
        with self.assertRaises(AccessError):
            self.credentials.with_user(self.reader).read(["odoo_password_sealed"])
        seen = self.credentials.with_user(self.reader).read()[0]
        self.assertNotIn("odoo_password_sealed", seen)
        self.assertTrue(seen["odoo_password_set"])

    def test_buttons_are_the_managers(self):
        mine = self.credentials.with_user(self.reader)
        for act in (mine.action_test_connection, mine.with_context(secret="odoo_password").action_remove_secret):
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
