"""Who may see and change what, in which company."""

from odoo.exceptions import AccessError
from odoo.tests import new_test_user

from .common import RulesCase


class TestAccess(RulesCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        profile = cls.make_profile()
        template = cls.env["business.template"].create(
            {"name": "T", "business_area": "retail", "company_id": cls.company.id}
        )
        cls.records = [
            profile,
            cls.make_rule(profile),
            cls.make_temporary(profile),
            cls.env["business.scheduling.rule"].create({"name": "Consulta", "business_rule_id": profile.id}),
            cls.env["business.support.document"].create({"name": "Guia", "company_id": cls.company.id}),
            template,
            cls.env["business.template.rule"].create({"template_id": template.id, "name": "R", "description": "d"}),
        ]
        ours = "base.group_user,business_rules.group_"
        cls.plain = cls.make_user("rules_plain", "base.group_user", cls.company)
        cls.reader = cls.make_user("rules_reader", f"{ours}user", cls.company)
        cls.manager = cls.make_user("rules_manager", f"{ours}manager", cls.company)
        cls.stranger = cls.make_user("rules_stranger", f"{ours}manager", cls.other_company)

    @classmethod
    def make_user(cls, login, groups, company):
        return new_test_user(cls.env, login, groups=groups, company_id=company.id, company_ids=[(6, 0, company.ids)])

    def may(self, act):
        try:
            with self.env.cr.savepoint():
                act()
        except AccessError:
            return False
        return True

    def test_matrix(self):
        allowed = {
            self.plain: (False, False, False),
            self.reader: (True, False, False),
            self.manager: (True, True, True),
            self.stranger: (False, False, False),
        }
        for record in reversed(self.records):
            for user, expected in allowed.items():
                mine = record.with_user(user)
                with self.subTest(model=record._name, user=user.login):
                    got = (
                        self.may(lambda mine=mine: mine.read(["name"])),
                        self.may(lambda mine=mine: mine.write({"name": "Outro"})),
                        self.may(lambda mine=mine: mine.copy()),
                    )
                    self.assertEqual(got, expected)

    def test_only_managers_delete(self):
        for record in reversed(self.records):
            for user in (self.plain, self.reader, self.stranger):
                with self.subTest(model=record._name, user=user.login):
                    self.assertFalse(self.may(record.with_user(user).unlink))
            self.assertTrue(self.may(record.with_user(self.manager).unlink), record._name)

    def test_a_search_finds_nothing_of_other_companies(self):
        for record in self.records:
            self.assertFalse(record.with_user(self.stranger).search([("id", "=", record.id)]), record._name)
            self.assertTrue(record.with_user(self.reader).search([("id", "=", record.id)]), record._name)

    def test_templates_of_nobody_are_for_all(self):
        template = self.env.ref("business_rules.template_clinic")
        self.assertTrue(template.with_user(self.stranger).rule_ids.mapped("description"))

    def test_readers_see_states_and_send_nothing(self):
        profile = self.records[0]
        self.commit()
        self.assertEqual(profile.with_user(self.reader).config_sync_state, "queued")
        self.assertFalse(self.may(profile.with_user(self.reader).action_config_send))
        self.assertTrue(self.may(profile.with_user(self.manager).action_config_send))

    def test_readers_see_the_overview(self):
        overview = self.env["business.rules.dashboard"].with_user(self.reader)
        overview = overview.browse(overview._open()["res_id"])
        shown = overview.read()[0]
        self.assertEqual(
            (shown["rule_count"], shown["state_profile"]),
            (1, "queued" if shown["config_pending_since"] else "not_synced"),
        )
        self.assertFalse(self.may(overview.action_config_send))

    def test_a_rule_is_not_put_into_a_profile_of_another_company(self):
        def put():
            self.env["business.rule.item"].with_user(self.stranger).create(
                {"name": "X", "description": "x", "business_rule_id": self.records[0].id}
            )

        self.assertFalse(self.may(put))

    def test_no_group_of_ours_makes_an_administrator(self):
        seen = self.env["res.groups"]
        implied = self.env.ref("business_rules.group_manager")
        while implied - seen:
            seen |= implied
            implied = implied.implied_ids
        self.assertNotIn(self.env.ref("base.group_system"), seen)
