from odoo import api, fields, models


class BusinessTemplateApply(models.TransientModel):
    _name = "business.template.apply"
    _description = "Add a template's rules to a profile"

    business_rule_id = fields.Many2one("business.rules", string="Company profile", required=True)
    template_id = fields.Many2one(
        "business.template", required=True, compute="_compute_template_id", store=True, readonly=False
    )
    description = fields.Text(related="template_id.description")
    rule_ids = fields.One2many(related="template_id.rule_ids")

    @api.depends("business_rule_id")
    def _compute_template_id(self):
        for wizard in self:
            area = wizard.business_rule_id.business_area
            wizard.template_id = self.env["business.template"].search([("business_area", "=", area)], limit=1)

    def action_apply(self):
        self.ensure_one()
        added = self.template_id._apply(self.business_rule_id)
        text = self.env._("%(count)s rules were added. Rules of the same name are left as they are.", count=added)
        return self.env["config.service.document"]._notification(text)
