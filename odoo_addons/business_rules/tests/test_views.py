"""The forms, as people use them."""

from odoo.tests import Form, new_test_user

from .common import RulesCase


class TestViews(RulesCase):
    def setUp(self):
        super().setUp()
        self.manager = new_test_user(
            self.env,
            "rules_forms",
            groups="base.group_user,business_rules.group_manager",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )

    def form(self, model, record=None):
        views = self.env[model].with_user(self.manager)
        return Form(record.with_user(self.manager) if record else views)

    def test_a_profile_with_its_rules(self):
        with self.form("business.rules") as form:
            form.name = "Loja Aurora"
            form.business_area = "other"
            form.business_area_other = "Móveis"
            with form.rule_ids.new() as rule:
                rule.name = "Trocas"
                rule.description = "Em até 30 dias"
            with form.temporary_rule_ids.new() as promotion:
                promotion.name = "Frete grátis"
                promotion.description = "Acima de R$ 200"
            with form.scheduling_rule_ids.new() as appointment:
                appointment.name = "Consulta"
        profile = form.save()
        self.assertEqual((profile.domain, profile.account_id), ("moveis", "account_1"))
        self.assertEqual(profile.company_id, self.company)
        content = self.last("business_rules", domain="moveis")["content"]
        self.assertEqual((len(content["permanent_rules"]), len(content["temporary_rules"])), (1, 1))
        with self.form("business.rules", profile) as form:
            form.business_area = "retail"
            self.assertFalse(form.business_area_other)

    def test_rules_belong_to_the_companys_profile(self):
        profile = self.make_profile()
        for model in ("business.rule.item", "business.temporary.rule", "business.scheduling.rule"):
            with self.form(model) as form:
                form.name = "Regra"
                if model != "business.scheduling.rule":
                    form.description = "texto"
                self.assertEqual(form.business_rule_id.id, profile.id)
            self.assertEqual(form.save().company_id, self.company)

    def test_a_rule_that_is_not_for_a_time_needs_no_end(self):
        self.make_profile()
        with self.form("business.temporary.rule") as form:
            form.name, form.description = "Sempre", "texto"
            form.date_end = False
            form.is_temporary = False
        self.assertEqual(form.save().state, "active")

    def test_documents_and_templates(self):
        with self.form("business.support.document") as form:
            form.name = "Guia"
            form.content = "texto"
        self.assertEqual(form.save().state, "waiting")
        with self.form("business.template") as form:
            form.name = "Padaria"
            form.business_area = "restaurant"
            with form.rule_ids.new() as rule:
                rule.name = "Fornadas"
                rule.description = "Às 6h e às 16h"
        self.assertEqual(len(form.save().rule_ids), 1)

    def test_every_action_opens(self):
        menus = self.env["ir.ui.menu"].with_user(self.manager)
        shown = menus.search([("id", "child_of", self.env.ref("business_rules.menu_root").id)])
        shown = shown.filtered(lambda menu: menu.id in menus._visible_menu_ids())
        self.assertGreaterEqual(len(shown), 8)
        for menu in shown.filtered("action"):
            action = menu.action.sudo()
            if action._name == "ir.actions.server":
                self.assertEqual(action.with_user(self.manager).run()["res_model"], "business.rules.dashboard")
                continue
            model = self.env[action.res_model].with_user(self.manager)
            for mode in action.view_mode.split(","):
                self.assertTrue(model.get_view(view_type=mode)["arch"], menu.name)
