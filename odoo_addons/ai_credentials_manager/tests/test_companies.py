"""What a manager of one company cannot do to another's."""

from odoo.exceptions import AccessError

from .common import CredentialsCase


class TestCompanies(CredentialsCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.env["res.company"].create({"name": "Outra"})
        cls.credentials.company_id = cls.env.company
        cls.theirs = cls.make(account_id="account_99", company_id=cls.other.id)
        cls.channel = cls.make_channel()
        cls.their_channel = cls.make_channel(chatwoot_account_id=990, credential_id=cls.theirs.id)
        cls.manager = cls.make_user("co_manager", ",ai_credentials_manager.group_ai_credentials_manager")

    def refused(self, act):
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            act()
        self.env.invalidate_all()

    def test_channels_are_neither_made_nor_moved_at_anothers_credentials(self):
        mine, theirs = self.channel.with_user(self.manager), self.theirs.id
        self.refused(lambda: mine.write({"credential_id": theirs}))
        self.refused(lambda: mine.create({"chatwoot_account_id": 5, "credential_id": theirs}))
        self.refused(lambda: self.credentials.with_user(self.manager).write({
            "channel_mapping_ids": [(4, self.their_channel.id)],
        }))  # fmt: skip
        self.assertEqual(self.channel.credential_id, self.credentials)
        self.assertEqual(len(self.last("mapping", account_id="account_99")["mappings"]), 1)

    def test_channels_move_between_credentials_of_ones_own(self):
        mine = self.make(account_id="account_78", company_id=self.env.company.id)
        self.channel.with_user(self.manager).credential_id = mine
        self.assertTrue(self.last("mapping")["deleted"])
        self.assertEqual(len(self.last("mapping", account_id="account_78")["mappings"]), 1)

    def test_credentials_are_not_given_to_a_company_that_is_not_ones_own(self):
        mine = self.credentials.with_user(self.manager)
        self.refused(lambda: mine.write({"company_id": self.other.id}))
        self.refused(lambda: mine.create({"name": "X", "account_id": "account_98", "company_id": self.other.id}))
        self.assertEqual(self.credentials.company_id, self.env.company)

    def test_a_channels_company_is_that_of_its_credentials_whatever_is_written(self):
        self.channel.with_user(self.manager).write({"company_id": False, "internal_account_id": "account_99"})
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual((self.channel.company_id, self.channel.internal_account_id), (self.env.company, "account_77"))
        stranger = self.make_user(
            "co_stranger", ",ai_credentials_manager.group_user",
            company_id=self.other.id, company_ids=[(6, 0, self.other.ids)],
        )  # fmt: skip
        self.assertEqual(self.env["ai.channel.mapping"].with_user(stranger).search([]), self.their_channel)

    def test_who_works_for_both_sees_what_the_switch_allows(self):
        self.manager.company_ids |= self.other
        for companies, expected in (
            (self.env.company, self.credentials), (self.other, self.theirs),
            (self.env.company | self.other, self.credentials | self.theirs),
        ):  # fmt: skip
            for model, found in (
                ("ai.system.credentials", expected), ("ai.channel.mapping", expected.channel_mapping_ids),
                ("ai.credentials.access.log", expected.access_log_ids),
            ):  # fmt: skip
                mine = self.env[model].with_user(self.manager).with_context(allowed_company_ids=companies.ids)
                with self.subTest(model, companies=companies.mapped("name")):
                    self.assertEqual(set(mine.search([]).ids), set(found.ids))
