"""Channels: all of an account in one body."""

from odoo.exceptions import ValidationError

from .common import CredentialsCase


class TestMapping(CredentialsCase):
    def test_all_of_an_account_in_their_order(self):
        self.make_channel(chatwoot_inbox_id=5, sequence=20, special_whatsapp_number1="+55 11 99999-9999")
        self.make_channel(sequence=5, is_fallback=True, business_area="healthcare")
        self.make_channel(chatwoot_inbox_id=6, active=False)
        self.assertEqual(self.last("mapping"), {
            "event_type": "mapping_sync", "complete": True, "account_id": "account_77", "domain": "default",
            "mappings": [
                {
                    "chatwoot_account_id": 771, "chatwoot_inbox_id": None, "domain": "healthcare",
                    "is_fallback": True, "sequence": 5, "special_whatsapp_numbers": [],
                },
                {
                    "chatwoot_account_id": 771, "chatwoot_inbox_id": 5, "domain": "retail", "is_fallback": False,
                    "sequence": 20,
                    "special_whatsapp_numbers": [{"number": "+55 11 99999-9999", "crew": "analytics"}],
                },
            ],
        })  # fmt: skip

    def test_an_account_without_channels_says_nothing_of_them(self):
        self.assertFalse(self.events("mapping"))

    def test_the_last_channel_is_taken_away(self):
        channel = self.make_channel()
        self.assertTrue(self.last("mapping")["mappings"])
        channel.unlink()
        self.assertTrue(self.last("mapping")["deleted"])

    def test_a_channel_that_moves_to_another_account_changes_both(self):
        channel = self.make_channel()
        self.events("mapping")
        other = self.make(account_id="account_78")
        channel.credential_id = other
        self.assertTrue(self.last("mapping")["deleted"])
        self.assertEqual(len(self.last("mapping", account_id="account_78")["mappings"]), 1)

    def test_one_channel_answers_one_place(self):
        for inbox in (False, 5):
            self.make_channel(chatwoot_inbox_id=inbox)
            with self.subTest(inbox), self.assertRaises(ValidationError), self.env.cr.savepoint():
                self.make_channel(chatwoot_inbox_id=inbox)
        self.make_channel(chatwoot_inbox_id=5, active=False)

    def test_what_is_no_channel(self):
        for bad in (
            {"chatwoot_account_id": 0}, {"chatwoot_account_id": -1}, {"chatwoot_inbox_id": -1},
            {"special_whatsapp_number2": "amanhã"}, {"special_whatsapp_number3": "123"},
        ):  # fmt: skip
            with self.subTest(bad), self.assertRaises(ValidationError), self.env.cr.savepoint():
                self.make_channel(**bad)
