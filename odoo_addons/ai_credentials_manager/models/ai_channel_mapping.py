"""Which Chatwoot account, inbox and numbers an account's agents answer."""

from odoo import api, fields, models
from odoo.addons.config_service_outbox.constraints import add_deferred_constraint
from odoo.addons.config_service_outbox.outbox_core.domains import BUSINESS_AREAS, domain_of
from odoo.exceptions import ValidationError
from odoo.tools import SQL

_NUMBERS = ("special_whatsapp_number1", "special_whatsapp_number2", "special_whatsapp_number3")


class AiChannelMapping(models.Model):
    _name = "ai.channel.mapping"
    _description = "AI channel"
    _inherit = ["config.service.source"]
    _order = "sequence, id"

    name = fields.Char(compute="_compute_name", store=True)
    active = fields.Boolean(default=True)
    chatwoot_account_id = fields.Integer(string="Chatwoot account", required=True)
    chatwoot_inbox_id = fields.Integer(string="Chatwoot inbox", help="Empty: all inboxes of the account.")
    business_area = fields.Selection(list(BUSINESS_AREAS), required=True, default="retail")
    business_area_other = fields.Char(string="Other business area")
    credential_id = fields.Many2one("ai.system.credentials", required=True, ondelete="cascade", index=True)
    internal_account_id = fields.Char(related="credential_id.account_id")
    company_id = fields.Many2one(related="credential_id.company_id")
    is_fallback = fields.Boolean(help="Answers where no other channel does.")
    sequence = fields.Integer(default=10)
    special_whatsapp_number1 = fields.Char(string="Special number 1")
    special_whatsapp_number2 = fields.Char(string="Special number 2")
    special_whatsapp_number3 = fields.Char(string="Special number 3")
    special_crew = fields.Selection(
        [("analytics", "Analytics"), ("admin", "Administration")], default="analytics", string="Crew of special numbers"
    )

    def init(self):
        one = SQL(
            "EXCLUDE USING btree (chatwoot_account_id WITH =, (coalesce(chatwoot_inbox_id, 0)) WITH =) WHERE (active)"
        )
        add_deferred_constraint(self.env.cr, self._table, "ai_channel_mapping_one_per_place", one)

    @api.depends("chatwoot_account_id", "chatwoot_inbox_id", "credential_id.name")
    def _compute_name(self):
        for mapping in self:
            inbox = f" / {mapping.chatwoot_inbox_id}" if mapping.chatwoot_inbox_id else ""
            mapping.name = f"{mapping.credential_id.name or ''} ({mapping.chatwoot_account_id}{inbox})"

    @api.constrains("chatwoot_account_id", "chatwoot_inbox_id", "active")
    def _check_place(self):
        for mapping in self:
            if mapping.chatwoot_account_id <= 0 or mapping.chatwoot_inbox_id < 0:
                raise ValidationError(self.env._("Chatwoot's accounts and inboxes are numbers above 0."))
            inboxes = [mapping.chatwoot_inbox_id] if mapping.chatwoot_inbox_id else [0, False]
            same = [
                ("id", "!=", mapping.id),
                ("chatwoot_account_id", "=", mapping.chatwoot_account_id),
                ("chatwoot_inbox_id", "in", inboxes),
            ]
            if mapping.active and self.sudo().search_count(same, limit=1):
                raise ValidationError(self.env._(
                    "Another channel answers this account and inbox already, maybe one of archived credentials or of "
                    "another company."
                ))  # fmt: skip

    @api.constrains(*_NUMBERS)
    def _check_numbers(self):
        for mapping in self:
            for name in _NUMBERS:
                number = mapping[name] or ""
                digits = [letter for letter in number if letter.isdigit()]
                if number and (len(digits) < 8 or len(digits) > 15 or set(number) - set("+0123456789 ()-.")):
                    raise ValidationError(
                        self.env._("%(number)s is no phone number: write +55 11 99999-9999.", number=number)
                    )

    def write(self, vals):
        result = super().write(vals)
        if "credential_id" in vals:
            self.check_access("write")  # nobody gives channels to another company's credentials
        return result

    def _config_document_keys(self):
        return {(mapping.credential_id.account_id, "default", "mapping") for mapping in self}

    def _wire(self):
        """Return what a body says of this channel."""
        self.ensure_one()
        numbers = [{"number": self[name], "crew": self.special_crew or "analytics"} for name in _NUMBERS if self[name]]
        return {
            "chatwoot_account_id": self.chatwoot_account_id,
            "chatwoot_inbox_id": self.chatwoot_inbox_id or None,
            "domain": domain_of(self.business_area, self.business_area_other),
            "is_fallback": self.is_fallback,
            "sequence": self.sequence,
            "special_whatsapp_numbers": numbers,
        }
