"""Accounts that change after they were sent: the old document goes, the new one comes."""

from odoo.exceptions import ValidationError

from .common import CredentialsCase


class TestAccounts(CredentialsCase):
    def setUp(self):
        super().setUp()
        self.make_channel()
        self.events("credentials")

    def test_the_old_accounts_documents_are_deleted_and_the_new_ones_sent(self):
        self.credentials.account_id = "account_78"
        gone = {"event_type": "credentials_sync", "deleted": True, "account_id": "account_77", "domain": "retail"}
        self.assertEqual(self.last("credentials"), gone)
        self.assertTrue(self.last("mapping")["deleted"])
        self.assertEqual(self.last("credentials", account_id="account_78")["name"], "Loja Aurora")
        self.assertEqual(len(self.last("mapping", account_id="account_78")["mappings"]), 1)

    def test_two_records_swap_their_accounts_by_a_third_name_in_one_transaction(self):
        second = self.make(account_id="account_78", name="Segunda")
        self.events("credentials")
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            self.credentials.account_id = "account_78"
        self.credentials.account_id = "for_a_moment"
        second.account_id = "account_77"
        self.credentials.account_id = "account_78"
        self.assertEqual(self.last("credentials")["name"], "Segunda")
        self.assertEqual(self.last("credentials", account_id="account_78")["name"], "Loja Aurora")
        self.assertTrue(self.last("mapping")["deleted"])
        self.assertEqual(len(self.last("mapping", account_id="account_78")["mappings"]), 1)
        self.assertFalse(self.events("credentials", account_id="for_a_moment"))

    def test_what_is_no_account_is_refused_in_words(self):
        for bad in (False, "", "a\n", "a" * 129, "😀"):
            with self.subTest(bad), self.assertRaises(ValidationError), self.env.cr.savepoint():
                self.credentials.account_id = bad

    def test_tokens_are_names_and_each_has_one(self):
        taken = self.make(account_id="account_78").token
        for bad in (False, "", "a\nb", "a" * 129, taken):
            with self.subTest(bad), self.assertRaises(ValidationError), self.env.cr.savepoint():
                self.credentials.token = bad

    def test_a_channel_that_is_deleted_or_archived_is_no_more_in_the_mapping(self):
        second = self.make_channel(chatwoot_inbox_id=3)
        self.assertEqual(len(self.last("mapping")["mappings"]), 2)
        second.active = False
        self.assertEqual(len(self.last("mapping")["mappings"]), 1)
        self.credentials.channel_mapping_ids.unlink()
        self.assertTrue(self.last("mapping")["deleted"])
        second.active = True
        self.assertEqual(self.last("mapping")["mappings"][0]["chatwoot_inbox_id"], 3)
