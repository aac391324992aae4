"""Documents that wait for the vectorizer service."""

from odoo.tests import new_test_user

from .common import RulesCase


class TestSupportDocuments(RulesCase):
    def make(self, **values):
        return self.env["business.support.document"].create(
            {"name": "Guia", "company_id": self.company.id, "content": "texto", **values}
        )

    def test_states_promise_nothing_that_does_not_happen(self):
        self.assertEqual(self.make().state, "waiting")
        self.assertEqual(self.make(content=False).state, "empty")
        self.assertEqual(self.make(visible_in_ai=False).state, "excluded")
        self.assertEqual(self.make(active=False).state, "excluded")

    def test_nothing_is_queued(self):
        before = self.env["config.service.event"].search_count([])
        self.make()
        self.commit()
        self.assertEqual(self.env["config.service.event"].search_count([]), before)

    def test_files_belong_to_their_document(self):
        groups = "base.group_user,business_rules.group_"
        company = {"company_id": self.company.id, "company_ids": [(6, 0, self.company.ids)]}
        manager = new_test_user(self.env, "files_manager", groups=f"{groups}manager", **company)
        reader = new_test_user(self.env, "files_reader", groups=f"{groups}user", **company)
        file = self.env["ir.attachment"].with_user(manager).create({"name": "guia.txt", "raw": b"guia"})
        document = self.make(content=False).with_user(manager)
        document.attachment_ids = file
        self.assertEqual(document.state, "waiting")
        self.env.invalidate_all()
        self.assertEqual(file.with_user(reader).read(["raw"])[0]["raw"], b"guia")

    def test_files_of_others_are_not_taken(self):
        partner_file = self.env["ir.attachment"].create(
            {"name": "x", "raw": b"x", "res_model": "res.partner", "res_id": self.company.partner_id.id}
        )
        document = self.make(attachment_ids=[(6, 0, partner_file.ids)])
        self.assertEqual((partner_file.res_model, document.state), ("res.partner", "waiting"))
