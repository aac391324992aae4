"""What is queued for an account."""

from odoo.exceptions import ValidationError

from .common import PASSWORD, CredentialsCase


class TestBodies(CredentialsCase):
    def test_all_there_is(self):
        self.credentials.write({"facebook_app_id": "123", "facebook_app_secret": "fb", "mercadolivre_app_id": "9"})
        body = self.last("credentials")
        opened = self.env["config.service.vault"].open
        self.assertEqual(opened(body.pop("odoo_password")["$sealed"]), PASSWORD)
        self.assertEqual(opened(body.pop("facebook_app_secret")["$sealed"]), "fb")
        self.assertEqual(body, {
            "event_type": "credentials_sync", "complete": True, "account_id": "account_77", "domain": "retail",
            "token": self.credentials.token, "name": "Loja Aurora", "odoo_url": "https://odoo.example.com",
            "odoo_db": "loja", "odoo_username": "agente", "qdrant_collection": "", "redis_prefix": "",
            "facebook_app_id": "123", "facebook_access_token": "", "instagram_client_id": "",
            "instagram_client_secret": "", "instagram_access_token": "", "mercado_livre_app_id": "9",
            "mercado_livre_client_secret": "", "mercado_livre_access_token": "",
        })  # fmt: skip

    def test_an_api_key_stands_in_for_a_password(self):
        self.credentials.with_context(secret="odoo_password").action_remove_secret()
        self.credentials.odoo_api_key = "key-1"
        opened = self.env["config.service.vault"].open
        self.assertEqual(opened(self.last("credentials")["odoo_password"]["$sealed"]), "key-1")

    def test_notes_change_nothing_that_is_sent(self):
        before = len(self.events("credentials"))
        self.credentials.write({"notes": "ligar na segunda", "timeout": 5})
        self.assertEqual(len(self.events("credentials")), before)

    def test_another_area_is_another_domain_and_the_old_one_is_taken_away(self):
        self.events("credentials")
        self.credentials.write({"business_area": "other", "business_area_other": "Móveis e Decoração"})
        self.assertEqual(self.last("credentials", domain="moveis_e_decoracao")["name"], "Loja Aurora")
        gone = {"event_type": "credentials_sync", "deleted": True, "account_id": "account_77", "domain": "retail"}
        self.assertEqual(self.last("credentials"), gone)

    def test_archived_and_deleted_ones_are_taken_away_with_their_channels(self):
        self.make_channel()
        self.events("credentials")
        for act in (
            lambda: self.credentials.write({"active": False}),
            lambda: self.credentials.write({"active": True}),
            self.credentials.unlink,
        ):
            act()
            expected = not self.credentials.exists() or not self.credentials.active
            self.assertEqual(bool(self.last("credentials").get("deleted")), expected)
            self.assertEqual(bool(self.last("mapping").get("deleted")), expected)

    def test_the_token_is_made_of_the_account(self):
        self.assertRegex(self.credentials.token, r"^account_77-[0-9a-f]{8}$")
        self.assertEqual(self.make(account_id="account_78", token="given").token, "given")

    def test_accounts_are_names_and_each_has_one(self):
        for bad in ("", "com espaço", "..", "a/b", "ç"):
            with self.subTest(bad), self.assertRaises(ValidationError), self.env.cr.savepoint():
                self.make(account_id=bad)
        with self.assertRaises(ValidationError) as caught, self.env.cr.savepoint():
            self.make()
        self.assertIn("account_77", str(caught.exception))

    def test_states(self):
        self.events("credentials")
        self.assertEqual(self.credentials.config_sync_state, "queued")
        self.assertTrue(self.credentials.config_pending_since)
        self.events("credentials").write({"state": "dead", "reason": "o token é inválido"})
        self.env.invalidate_all()
        self.assertEqual(self.credentials.config_sync_state, "error")
        self.assertEqual(self.credentials.config_sync_message, "o token é inválido")
