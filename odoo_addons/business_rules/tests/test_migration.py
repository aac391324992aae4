"""The replaced addon's tables, as it left them."""

import logging
from importlib.util import module_from_spec, spec_from_file_location

from odoo.tools import file_path, mute_logger

from .common import RulesCase


def _script(name):
    spec = spec_from_file_location(
        f"business_rules_{name}", file_path(f"business_rules/migrations/2.0.0/{name}-migrate.py")
    )
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestMigration(RulesCase):
    def setUp(self):
        super().setUp()
        self.profile = self.make_profile()
        self.pre = _script("pre")
        self.parameters = self.env["ir.config_parameter"]

    def run_sql(self, *statements):
        self.env.flush_all()
        for statement in statements:
            self.env.cr.execute(statement)

    def migrate(self):
        self.env.flush_all()
        with mute_logger(self.pre._logger.name):
            self.pre.migrate(self.env.cr, "18.0.1.0.0")
        self.env.invalidate_all()

    def columns(self, table):
        self.env.cr.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table])
        return {row[0] for row in self.env.cr.fetchall()}

    def test_states_that_were_stored_are_dropped_and_cancelling_is_kept(self):
        running = self.make_temporary(self.profile)
        cancelled = self.make_temporary(self.profile)
        self.run_sql(
            "ALTER TABLE business_temporary_rule ADD COLUMN state varchar",
            "ALTER TABLE business_rules ADD COLUMN last_sync_date timestamp",
            "ALTER TABLE business_rule_item ADD COLUMN priority integer NOT NULL DEFAULT 1",
            "UPDATE business_temporary_rule SET is_cancelled = NULL, is_temporary = false, state = 'active'",
            f"UPDATE business_temporary_rule SET state = 'cancelled' WHERE id = {cancelled.id}",
        )
        self.migrate()
        self.assertEqual((running.state, cancelled.state), ("active", "cancelled"))
        self.assertTrue(running.is_temporary)
        self.assertNotIn("state", self.columns("business_temporary_rule"))
        self.assertNotIn("last_sync_date", self.columns("business_rules"))
        self.assertNotIn("priority", self.columns("business_rule_item"))

    def test_areas_of_templates_become_those_of_profiles(self):
        template = self.env["business.template"].create({"name": "T", "business_area": "retail"})
        self.run_sql(
            "ALTER TABLE business_template RENAME COLUMN business_area TO model_type",
            f"UPDATE business_template SET model_type = 'clinic' WHERE id = {template.id}",
        )
        self.migrate()
        self.assertEqual(template.business_area, "healthcare")

    def test_types_that_are_no_more_become_other(self):
        rule = self.make_rule(self.profile)
        self.run_sql(f"UPDATE business_rule_item SET rule_type = 'seasonal' WHERE id = {rule.id}")
        self.migrate()
        self.assertEqual(rule.rule_type, "other")

    def test_one_profile_of_a_company_stays_active(self):
        second = self.make_profile(name="Nova", active=False)
        self.run_sql(
            "DROP INDEX business_rules_one_active_of_company",
            f"UPDATE business_rules SET active = true, write_date = '2026-01-01' WHERE id = {self.profile.id}",
            f"UPDATE business_rules SET active = true, write_date = '2026-02-01' WHERE id = {second.id}",
        )
        self.migrate()
        self.assertEqual((self.profile.active, second.active), (False, True))

    def test_old_parameters_go_and_a_chosen_account_stays(self):
        for name in ("api_url", "api_token", "mcp_url", "mcp_token"):
            self.parameters.set_param(f"business_rules.{name}", "segredo-4711")
        self.parameters.set_param("business_rules.account_id", "account_77")
        self.env.flush_all()
        with self.assertLogs("odoo.addons.config_service_outbox.adoption", logging.INFO) as logged:
            self.pre.migrate(self.env.cr, "18.0.1.0.0")
        self.env.invalidate_all()
        self.assertEqual(
            self.parameters.search([("key", "=like", "business_rules.%")]).mapped("key"), ["business_rules.account_id"]
        )
        self.assertIn("business_rules.api_token", "".join(logged.output))
        self.assertNotIn("segredo-4711", "".join(logged.output))

    def test_the_account_is_kept_also_where_it_is_the_one_that_the_addon_came_with(self):
        self.parameters.set_param("business_rules.account_id", "account_1")
        self.migrate()
        self.assertEqual(self.parameters.get_param("business_rules.account_id"), "account_1")

    def test_old_screens_rights_and_schedules_go(self):
        view = self.env["ir.ui.view"].create(
            {"name": "old", "model": "business.rules", "arch": "<list><field name='name'/></list>"}
        )
        heir = self.env["ir.ui.view"].create(
            {"name": "heir", "model": "business.rules", "inherit_id": view.id, "arch": "<data/>"}
        )
        cron = self.env["ir.cron"].create(
            {
                "name": "old",
                "model_id": self.env["ir.model"]._get("business.scheduling.rule").id,
                "state": "code",
                "code": "model.gone()",
            }
        )
        access = self.env["ir.model.access"].create(
            {
                "name": "everybody",
                "model_id": self.env["ir.model"]._get("business.rules").id,
                "group_id": self.env.ref("base.group_user").id,
                "perm_unlink": True,
            }
        )
        menu = self.env["ir.ui.menu"].create({"name": "old"})
        theirs = self.env["ir.ui.menu"].create({"name": "theirs", "parent_id": menu.id})
        for record in (view, access, menu):
            self.env["ir.model.data"].create(
                {
                    "module": "business_rules",
                    "name": f"old_{record._table}",
                    "model": record._name,
                    "res_id": record.id,
                    "noupdate": True,
                }
            )
        self.migrate()
        self.assertFalse((view | heir).exists())
        self.assertFalse(cron.exists())
        self.assertFalse(access.exists())
        self.assertFalse(menu.exists())
        self.assertTrue(theirs.exists())
        self.assertFalse(
            self.env["ir.model.data"].search([("module", "=", "business_rules"), ("name", "=like", "old_%")])
        )

    def test_models_that_are_no_more_are_forgotten(self):
        model = self.env["ir.model"].create({"name": "Unified", "model": "x_business_unified"})
        self.run_sql(f"UPDATE ir_model SET model = 'business.unified.rule', state = 'base' WHERE id = {model.id}")
        self.env["ir.model.data"].create(
            {"module": "business_rules", "name": "model_unified", "model": "ir.model", "res_id": model.id}
        )
        self.migrate()
        self.env.cr.execute("SELECT FROM ir_model WHERE id = %s", [model.id])
        self.assertFalse(self.env.cr.rowcount)
        self.assertFalse(self.env["ir.model.data"].search([("name", "=", "model_unified")]))
        self.assertTrue(self.env["ir.model"]._get("business.rules"))

    def test_what_is_adopted_is_queued(self):
        document = self.env["business.support.document"].create({"name": "Guia", "company_id": self.company.id})
        self.profile.support_document_ids = document
        self.env.cr.flush()
        self.env["config.service.event"].search([]).unlink()
        self.documents.search([]).unlink()
        self.run_sql(f"UPDATE business_support_document SET company_id = {self.other_company.id}")
        _script("post").migrate(self.env.cr, "18.0.1.0.0")
        self.assertEqual(self.last("metadata")["content"]["name"], "Loja Aurora")
        self.assertEqual(document.company_id, self.company)
