"""From the form to the service and back."""

from odoo.addons.config_service_outbox.tests.common import OutboxCase


class TestSending(OutboxCase):
    def setUp(self):
        super().setUp()
        self.env["business.rules"].search([]).active = False
        self.commit()
        self.events.search([]).unlink()
        company = self.env["res.company"].create({"name": "Loja Aurora", "config_account_id": "account_1"})
        self.profile = self.env["business.rules"].create(
            {"name": "Loja Aurora", "company_id": company.id, "business_area": "retail"}
        )
        self.commit()

    def commit(self):
        self.env.cr.flush()
        self.env.invalidate_all()

    def test_states_follow_what_happens(self):
        self.assertEqual(self.profile.config_sync_state, "queued")
        self.assertTrue(self.profile.config_pending_since)
        self.assertFalse(self.profile.last_sync_date)
        self.dispatch()
        self.assertEqual(self.profile.config_sync_state, "synced")
        self.assertFalse(self.profile.config_pending_since)
        self.assertTrue(self.profile.last_sync_date)
        kinds = {got.body["config_type"]: got.body for got in self.service.received}
        self.assertEqual(set(kinds), {"business_rules", "scheduling", "metadata", "config"})
        self.assertTrue(all(got.path.endswith("/odoo-webhook/") for got in self.service.received))

    def test_a_refusal_is_shown_on_the_rule_that_caused_it(self):
        self.dispatch()
        self.service.refuse(422, "campo inválido")
        rule = self.env["business.rule.item"].create(
            {"name": "Trocas", "description": "x", "business_rule_id": self.profile.id}
        )
        self.commit()
        self.dispatch()
        self.assertEqual(rule.config_sync_state, "error")
        self.assertIn("campo inválido", rule.config_sync_message)
        self.assertEqual(self.profile.config_sync_state, "error")
        rule.description = "y"
        self.commit()
        self.dispatch()
        self.assertEqual((rule.config_sync_state, self.profile.config_sync_state), ("synced", "synced"))

    def test_an_outage_blocks_no_saving_and_loses_nothing(self):
        self.service.refuse(503, times=1)
        self.dispatch()
        self.profile.name = "Loja Aurora II"
        self.commit()
        self.assertEqual(self.profile.config_sync_state, "queued")
        self.queue._retry_now()
        self.dispatch()
        names = [
            got.body["content"]["name"]
            for got in self.service.received
            if got.body["config_type"] == "metadata" and got.headers["webhook-id"]
        ]
        self.assertEqual(names[-2:], ["Loja Aurora", "Loja Aurora II"])
        self.assertEqual(self.profile.config_sync_state, "synced")

    def test_the_button_sends_again(self):
        self.dispatch()
        sent = len(self.service.received)
        self.profile.action_config_send()
        self.commit()
        self.dispatch()
        self.assertEqual(len(self.service.received), sent + 4)

    def test_the_overview(self):
        self.env["business.rule.item"].create(
            {"name": "Trocas", "description": "x", "business_rule_id": self.profile.id}
        )
        self.commit()
        open_overview = self.env["business.rules.dashboard"].with_company(self.profile.company_id)._open
        overview = self.env["business.rules.dashboard"].browse(open_overview()["res_id"])
        self.assertEqual(overview.profile_id, self.profile)
        self.assertEqual((overview.rule_count, overview.state_business_rules), (1, "queued"))
        self.assertTrue(overview.config_pending_since)
        self.dispatch()
        self.assertEqual((overview.state_business_rules, overview.state_profile), ("synced", "synced"))
        self.assertTrue(overview.last_sync_date)
        found = self.env["business.rule.item"].search(overview.action_open_rules()["domain"])
        self.assertEqual(found.name, "Trocas")
        self.assertEqual(overview.action_open_profile()["res_id"], self.profile.id)

    def test_the_overview_of_a_company_without_a_profile(self):
        company = self.env["res.company"].create({"name": "Nova"})
        action = self.env["business.rules.dashboard"].with_company(company)._open()
        overview = self.env["business.rules.dashboard"].browse(action["res_id"])
        self.assertFalse(overview.profile_id)
        self.assertEqual((overview.rule_count, overview.state_profile), (0, "not_synced"))

    def test_states_are_told_in_the_users_language(self):
        self.env["res.lang"]._activate_lang("pt_BR")
        modules = ["config_service_outbox", "business_rules"]
        self.env["ir.module.module"]._load_module_terms(modules, ["pt_BR"])
        for model in ("business.rules", "business.rule.item", "business.rules.dashboard"):
            told = self.env[model].with_context(lang="pt_BR").fields_get(["config_sync_state"])["config_sync_state"]
            self.assertEqual(dict(told["selection"])["queued"], "Na fila", model)
            told = self.env[model].fields_get(["config_sync_state"])["config_sync_state"]
            self.assertEqual(dict(told["selection"])["queued"], "Queued", model)
