"""Rules to begin with, by kind of business."""

from odoo import fields, models

from .selections import AREAS, COMMUNICATION_STYLES, EMOJI_USAGES, RULE_TYPES


class BusinessTemplate(models.Model):
    _name = "business.template"
    _description = "Template of business rules"
    _order = "business_area, name, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", help="Empty: for all companies.")
    business_area = fields.Selection(AREAS, required=True)
    description = fields.Text(translate=True)
    default_greeting = fields.Text(string="Greeting", translate=True)
    default_communication_style = fields.Selection(
        COMMUNICATION_STYLES, string="Communication style", default="friendly"
    )
    default_emoji_usage = fields.Selection(EMOJI_USAGES, string="Use of emojis", default="moderate")
    rule_ids = fields.One2many("business.template.rule", "template_id", string="Rules", copy=True)

    def _apply(self, profile):
        """Add this template's rules to a profile, and fill what is empty there; what users wrote stays.

        Returns:
            How many rules were added.
        """
        self.ensure_one()
        if self.default_greeting and not profile.greeting_message:
            profile.greeting_message = self.default_greeting
        known = set(profile.with_context(active_test=False).rule_ids.mapped("name"))
        wanted = self.rule_ids.filtered(lambda rule: rule.name not in known)
        profile.env["business.rule.item"].create(
            [
                {
                    "business_rule_id": profile.id,
                    "name": rule.name,
                    "description": rule.description,
                    "rule_type": rule.rule_type,
                }
                for rule in wanted
            ]
        )
        return len(wanted)


class BusinessTemplateRule(models.Model):
    _name = "business.template.rule"
    _description = "Rule of a template"
    _order = "sequence, id"

    template_id = fields.Many2one("business.template", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="template_id.company_id", store=True)
    sequence = fields.Integer(default=10)
    name = fields.Char(required=True, translate=True)
    description = fields.Text(required=True, translate=True)
    rule_type = fields.Selection(RULE_TYPES, string="Type", required=True, default="general")
