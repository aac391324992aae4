"""Rules to begin with."""

from odoo.tests import Form

from .common import RulesCase

_SEEDS = ("restaurant", "ecommerce", "clinic")


class TestTemplates(RulesCase):
    def test_seeds_have_values_that_exist(self):
        areas = {value for value, _label in self.env["business.rules"]._fields["business_area"].selection}
        for seed in _SEEDS:
            template = self.env.ref(f"business_rules.template_{seed}")
            self.assertIn(template.business_area, areas)
            self.assertGreaterEqual(len(template.rule_ids), 4)

    def test_a_template_adds_what_is_not_there(self):
        profile = self.make_profile(business_area="healthcare")
        template = self.env.ref("business_rules.template_clinic")
        self.make_rule(profile, name=template.rule_ids[0].name, description="nossa regra")
        with Form(self.env["business.template.apply"].with_context(default_business_rule_id=profile.id)) as form:
            self.assertEqual(form.template_id, template)
        form.save().action_apply()
        self.assertEqual(set(profile.rule_ids.mapped("name")), set(template.rule_ids.mapped("name")))
        self.assertIn("nossa regra", profile.rule_ids.mapped("description"))
        self.assertEqual(profile.greeting_message, template.default_greeting)
        count = len(profile.rule_ids)
        self.assertEqual(template._apply(profile), 0)
        self.assertEqual(len(profile.rule_ids), count)
        told = self.last("business_rules", domain="healthcare")["content"]["permanent_rules"]
        self.assertEqual(len(told), count)

    def test_a_greeting_that_stands_stays(self):
        profile = self.make_profile(business_area="restaurant", greeting_message="Oi!")
        self.env.ref("business_rules.template_restaurant")._apply(profile)
        self.assertEqual(profile.greeting_message, "Oi!")

    def test_an_archived_rule_is_not_added_again(self):
        profile = self.make_profile(business_area="restaurant")
        template = self.env.ref("business_rules.template_restaurant")
        template._apply(profile)
        profile.rule_ids[0].active = False
        self.assertEqual(template._apply(profile), 0)
