"""Credentials of an account that nobody else has."""

from odoo.tests import TransactionCase, new_test_user

PASSWORD = "parola-4471-secreta"
GROUP = "ai_credentials_manager.group_"


class CredentialsCase(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "lang": "en_US"})
        cls.documents = cls.env["config.service.document"]
        cls.credentials = cls.make()

    @classmethod
    def make(cls, **values):
        defaults = {
            "name": "Loja Aurora", "account_id": "account_77", "business_area": "retail",
            "odoo_url": "https://odoo.example.com", "odoo_db": "loja", "odoo_username": "agente",
            "odoo_password": PASSWORD,
        }  # fmt: skip
        return cls.env["ai.system.credentials"].create({**defaults, **values})

    @classmethod
    def make_channel(cls, **values):
        defaults = {"credential_id": cls.credentials.id, "chatwoot_account_id": 771, "business_area": "retail"}
        return cls.env["ai.channel.mapping"].create({**defaults, **values})

    @classmethod
    def make_user(cls, login, groups, **values):
        return new_test_user(cls.env, login, groups=f"base.group_user{groups}", **values)

    def events(self, kind, account_id="account_77", domain=None):
        """Return the events of a document, the oldest first, as the commit would leave them."""
        self.env.cr.flush()
        self.env.invalidate_all()
        key = (account_id, domain or ("default" if kind == "mapping" else "retail"), kind)
        return self.documents._of_keys({key}).event_ids.sorted("revision")

    def last(self, kind, **place):
        return self.events(kind, **place)[-1:].body
