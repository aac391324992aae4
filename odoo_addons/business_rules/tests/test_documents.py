"""Which change queues which document, and how often."""

from odoo.tests import new_test_user

from .common import RulesCase


class TestDocuments(RulesCase):
    def setUp(self):
        super().setUp()
        self.profile = self.make_profile()
        self.rule = self.make_rule(self.profile)
        self.commit()

    def test_many_changes_of_a_transaction_are_one_event(self):
        self.assertEqual(self.revisions(), dict.fromkeys(("business_rules", "metadata", "profile", "scheduling"), 1))
        for number in range(20):
            self.make_rule(self.profile, name=f"Regra {number}")
        self.rule.name = "Trocas e devoluções"
        self.assertEqual(len(self.last("business_rules")["content"]["permanent_rules"]), 21)
        self.assertEqual(self.revisions(), {"business_rules": 2, "metadata": 1, "profile": 1, "scheduling": 1})

    def test_a_line_queues_the_document_that_it_stands_in(self):
        appointment = self.env["business.scheduling.rule"].create(
            {"name": "Consulta", "business_rule_id": self.profile.id}
        )
        self.assertEqual(self.revisions(), {"business_rules": 1, "metadata": 1, "profile": 1, "scheduling": 2})
        appointment.duration = 2.0
        self.rule.unlink()
        self.assertEqual(self.revisions(), {"business_rules": 2, "metadata": 1, "profile": 1, "scheduling": 3})
        self.assertEqual(self.last("business_rules")["content"]["permanent_rules"], [])

    def test_lines_written_through_their_profile_count_too(self):
        self.profile.write(
            {
                "rule_ids": [
                    (1, self.rule.id, {"description": "Em até 7 dias"}),
                    (0, 0, {"name": "Nova", "description": "Nova regra"}),
                ]
            }
        )
        told = [rule["description"] for rule in self.last("business_rules")["content"]["permanent_rules"]]
        self.assertEqual(told, ["Em até 7 dias", "Nova regra"])
        self.assertEqual(self.revisions(), {"business_rules": 2, "metadata": 1, "profile": 1, "scheduling": 1})

    def test_a_field_of_the_profile_queues_what_it_stands_in(self):
        self.profile.inform_promotions_at_start = True
        self.assertEqual(self.revisions(), {"business_rules": 1, "metadata": 1, "profile": 2, "scheduling": 1})
        self.profile.name = "Loja Aurora II"
        self.assertEqual(self.revisions(), {"business_rules": 1, "metadata": 2, "profile": 3, "scheduling": 1})

    def test_the_order_on_screens_is_nobodys_business(self):
        appointment = self.env["business.scheduling.rule"].create(
            {"name": "Consulta", "business_rule_id": self.profile.id}
        )
        before = self.revisions()
        appointment.sequence = 99
        self.assertEqual(self.revisions(), before)

    def test_another_area_deletes_what_stood_in_the_old_one(self):
        self.profile.write({"business_area": "other", "business_area_other": "Móveis e Decoração"})
        for kind in ("business_rules", "metadata", "scheduling"):
            self.assertTrue(self.last(kind)["deleted"], kind)
            self.assertTrue(self.last(kind, domain="moveis_e_decoracao")["content"], kind)
        self.assertEqual(self.last("profile")["sections"], {"company_metadata": None, "enabled_collections": None})
        company = self.last("profile", domain="moveis_e_decoracao")["sections"]["company_metadata"]["company_info"]
        self.assertEqual(company["business_area_other"], "Móveis e Decoração")

    def test_another_account_deletes_what_stood_in_the_old_one(self):
        self.company.config_account_id = "account_9"
        self.assertTrue(self.last("business_rules")["deleted"])
        self.assertEqual(self.last("business_rules", account_id="account_9")["content"]["account_id"], "account_9")
        self.assertEqual(self.last("metadata", account_id="account_9")["content"]["account_id"], "account_9")

    def test_archiving_deletes_and_taking_back_sends_again(self):
        self.profile.active = False
        for kind in ("business_rules", "metadata", "scheduling"):
            self.assertTrue(self.last(kind)["deleted"], kind)
        self.assertEqual(self.last("profile")["sections"], {"company_metadata": None, "enabled_collections": None})
        self.profile.active = True
        self.assertEqual(len(self.last("business_rules")["content"]["permanent_rules"]), 1)
        self.assertTrue(self.last("profile")["sections"]["company_metadata"])

    def test_a_profile_that_agents_may_not_see_is_deleted_there(self):
        self.profile.visible_in_ai = False
        self.assertTrue(self.last("metadata")["deleted"])
        self.assertIsNone(self.last("profile")["sections"]["company_metadata"])

    def test_deleting_a_profile_deletes_its_documents(self):
        self.profile.unlink()
        for kind in ("business_rules", "metadata", "scheduling"):
            self.assertTrue(self.last(kind)["deleted"], kind)

    def test_what_was_never_sent_is_not_deleted(self):
        other = self.make_profile(company_id=self.other_company.id, business_area="healthcare", active=False)
        other.name = "Clínica Sol e Mar"
        self.assertFalse(any(self.revisions(account_id="account_3", domain="healthcare").values()))

    def test_a_company_without_an_account_sends_nothing(self):
        self.env["config.service.settings"].store("business_rules.account_id", "")
        company = self.env["res.company"].create({"name": "Sem conta"})
        profile = self.make_profile(company_id=company.id)
        before = self.documents.search_count([])
        self.make_rule(profile)
        self.commit()
        self.assertEqual(self.documents.search_count([]), before)
        self.assertFalse(profile.account_id)
        self.assertEqual(profile.config_sync_state, "not_synced")

    def test_companies_do_not_meet(self):
        other = self.make_profile(company_id=self.other_company.id, name="Clínica Sol")
        self.make_rule(other, name="Convênios")
        names = [rule["name"] for rule in self.last("business_rules")["content"]["permanent_rules"]]
        theirs = self.last("business_rules", account_id="account_3")["content"]["permanent_rules"]
        self.assertEqual((names, [rule["name"] for rule in theirs]), (["Trocas"], ["Convênios"]))

    def test_a_rule_that_moves_queues_both_profiles(self):
        other = self.make_profile(company_id=self.other_company.id)
        self.commit()
        self.rule.business_rule_id = other
        self.assertEqual(self.last("business_rules")["content"]["permanent_rules"], [])
        self.assertEqual(len(self.last("business_rules", account_id="account_3")["content"]["permanent_rules"]), 1)

    def test_companies_that_settings_let_meet_do_not_flap(self):
        older = self.profile
        self.make_profile(company_id=self.other_company.id, name="Clínica Sol")
        self.other_company.config_account_id = "account_1"
        self.assertEqual(self.last("metadata")["content"]["name"], older.name)

    def test_who_saves_does_not_change_what_is_said(self):
        before = self.revisions()
        self.env["res.lang"]._activate_lang("pt_BR")
        manager = new_test_user(
            self.env,
            "rules_pt",
            groups="base.group_user,business_rules.group_manager",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
            lang="pt_BR",
        )
        profile = self.profile.with_user(manager).with_context(lang="pt_BR")
        profile.name = profile.name
        self.assertEqual(self.revisions(), before)

    def test_a_user_who_sees_one_company_sends_all_that_a_document_has(self):
        manager = new_test_user(
            self.env,
            "rules_one",
            groups="base.group_user,business_rules.group_manager",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self.make_rule(self.profile, name="Oculta", visible_in_ai=False)
        self.rule.with_user(manager).name = "Trocas e mais"
        names = [rule["name"] for rule in self.last("business_rules")["content"]["permanent_rules"]]
        self.assertEqual(names, ["Trocas e mais"])
