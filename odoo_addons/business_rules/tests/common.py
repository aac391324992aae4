"""Companies with accounts of their own, so that no profile of the database's is in the way."""

from odoo.tests import TransactionCase

from ..models.business_rules_sending import KINDS


class RulesCase(TransactionCase):
    """Has a company with an account and without a profile, and reads what is queued for it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "lang": "en_US", "tracking_disable": True})
        cls.company = cls.env["res.company"].create({"name": "Loja Aurora", "config_account_id": "account_1"})
        cls.other_company = cls.env["res.company"].create({"name": "Clínica Sol", "config_account_id": "account_3"})
        cls.documents = cls.env["config.service.document"]
        # Those of the demonstration, say.
        cls.env["business.rules"].search([]).active = False
        cls.env.cr.flush()

    @classmethod
    def make_profile(cls, **values):
        """Create the company's profile; what is not named stands as the form proposes it."""
        defaults = {"name": "Loja Aurora", "company_id": cls.company.id, "business_area": "retail"}
        return cls.env["business.rules"].create({**defaults, **values})

    @classmethod
    def make_rule(cls, profile, **values):
        defaults = {"name": "Trocas", "description": "Em até 30 dias", "rule_type": "return"}
        return cls.env["business.rule.item"].create({**defaults, "business_rule_id": profile.id, **values})

    @classmethod
    def make_temporary(cls, profile, **values):
        defaults = {"name": "Frete grátis", "description": "Acima de R$ 200", "rule_type": "delivery"}
        return cls.env["business.temporary.rule"].create({**defaults, "business_rule_id": profile.id, **values})

    def commit(self):
        """Go as far as a test can: what was marked is built and queued."""
        self.env.cr.flush()
        self.env.invalidate_all()

    def events(self, kind, account_id="account_1", domain="retail"):
        """Return the events of a document, the oldest first."""
        self.commit()
        return self.documents._of_keys({(account_id, domain, kind)}).event_ids.sorted("revision")

    def last(self, kind, **place):
        """Return the body that was queued last."""
        return self.events(kind, **place)[-1:].body

    def revisions(self, **place):
        """Tell how often each document was queued."""
        return {kind: len(self.events(kind, **place)) for kind in KINDS}
