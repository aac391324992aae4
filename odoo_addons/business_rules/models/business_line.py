"""What permanent, temporary and scheduling rules have in common: they belong to a profile and feed its documents."""

from odoo import fields, models


class BusinessRulesLine(models.AbstractModel):
    _name = "business.rules.line"
    _description = "Rule of a company profile"
    _inherit = ["config.service.source", "mail.thread", "mail.activity.mixin"]

    # The kind of document that these rules stand in.
    _config_kind = None

    name = fields.Char(required=True, tracking=True)
    description = fields.Text(tracking=True)
    business_rule_id = fields.Many2one(
        "business.rules",
        string="Company profile",
        required=True,
        ondelete="cascade",
        index=True,
        default=lambda self: self.env["business.rules"].search([("company_id", "=", self.env.company.id)], limit=1),
    )
    company_id = fields.Many2one(related="business_rule_id.company_id", store=True, index=True)
    active = fields.Boolean(default=True, tracking=True)
    visible_in_ai = fields.Boolean(
        string="Visible to agents", default=True, tracking=True, help="Agents know it. Off: it stays here alone."
    )

    def _config_document_keys(self):
        return {key for profile in self.business_rule_id for key in profile._keys_of_kinds([self._config_kind])}
