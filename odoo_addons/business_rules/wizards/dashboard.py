"""What matters today about a company's profile, on one page."""

from odoo import api, fields, models
from odoo.addons.config_service_outbox.models.document import STATES

from ..models.business_rules_sending import KINDS


class BusinessRulesDashboard(models.TransientModel):
    _name = "business.rules.dashboard"
    _description = "Overview of business rules"

    company_id = fields.Many2one("res.company", readonly=True, default=lambda self: self.env.company)
    profile_id = fields.Many2one("business.rules", string="Company profile", compute="_compute_profile_id")
    config_sync_state = fields.Selection(related="profile_id.config_sync_state")
    config_sync_message = fields.Char(related="profile_id.config_sync_message")
    config_pending_since = fields.Datetime(related="profile_id.config_pending_since")
    last_sync_date = fields.Datetime(related="profile_id.last_sync_date")
    rule_count = fields.Integer(related="profile_id.rule_count")
    temporary_rule_count = fields.Integer(related="profile_id.temporary_rule_count")
    expiring_count = fields.Integer(related="profile_id.expiring_count")
    scheduling_rule_count = fields.Integer(related="profile_id.scheduling_rule_count")
    support_document_count = fields.Integer(related="profile_id.support_document_count")
    state_business_rules = fields.Selection(STATES, string="Rules", compute="_compute_states")
    state_scheduling = fields.Selection(STATES, string="Appointments", compute="_compute_states")
    state_metadata = fields.Selection(STATES, string="Company metadata", compute="_compute_states")
    state_profile = fields.Selection(STATES, string="Profile", compute="_compute_states")

    @api.depends("company_id")
    def _compute_profile_id(self):
        for overview in self:
            overview.profile_id = self.env["business.rules"].search(
                [("company_id", "=", overview.company_id.id)], limit=1
            )

    @api.depends("profile_id")
    def _compute_states(self):
        documents = self.env["config.service.document"].sudo()
        for overview in self:
            for kind in KINDS:
                keys = overview.profile_id.sudo()._keys_of_kinds([kind]) if overview.profile_id else set()
                found = documents._of_keys({key for key in keys if all(key)})
                overview[f"state_{kind}"] = found[:1].state or "not_synced"

    def _compute_display_name(self):
        for overview in self:
            overview.display_name = self.env._("Overview")

    @api.model
    def _open(self):
        """Open the page for the company that the user works in."""
        overview = self.create({})
        return {
            "type": "ir.actions.act_window", "res_model": self._name, "res_id": overview.id, "view_mode": "form",
            "name": self.env._("Overview"),
        }  # fmt: skip

    def action_config_send(self):
        return self.profile_id.action_config_send()

    def action_open_profile(self):
        """Open the profile, or the form to make one."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("business_rules.action_business_rules")
        return {**action, "view_mode": "form", "views": [(False, "form")], "res_id": self.profile_id.id}

    def action_open_rules(self):
        return self._opened("action_business_rule_item", self.profile_id._rules_for_agents())

    def action_open_running(self):
        return self._opened("action_business_temporary_rule", self.profile_id._running_rules())

    def action_open_expiring(self):
        return self._opened("action_business_temporary_rule", self.profile_id._expiring_rules())

    def action_open_scheduling(self):
        return self._opened("action_business_scheduling_rule", self.profile_id._rules_for_agents())

    def action_open_documents(self):
        return self._opened(
            "action_business_support_document", [("id", "in", self.profile_id.support_document_ids.ids)]
        )

    def _opened(self, action_name, domain):
        action = self.env["ir.actions.act_window"]._for_xml_id(f"business_rules.{action_name}")
        return {**action, "domain": domain, "context": {}}
