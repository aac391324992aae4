from odoo import fields, models

from .selections import RULE_TYPES


class BusinessRuleItem(models.Model):
    _name = "business.rule.item"
    _description = "Permanent business rule"
    _inherit = ["business.rules.line"]
    _order = "business_rule_id, rule_type, name, id"
    _config_kind = "business_rules"

    description = fields.Text(required=True)
    rule_type = fields.Selection(RULE_TYPES, string="Type", required=True, default="general", tracking=True)

    def _wire(self):
        """Return what agents read of a rule."""
        self.ensure_one()
        return {"id": self.id, "name": self.name, "description": self.description or "", "type": self.rule_type}
