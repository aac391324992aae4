"""The profile of a company: what agents say of it, and how. The model's name is the one that its users' data have."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .selections import AREAS, COMMUNICATION_STYLES, DAYS, EMOJI_USAGES, WEEKDAYS, is_span

_HOURS = (
    "business_hours_start", "business_hours_end", "lunch_break_start", "lunch_break_end",
    "saturday_hours_start", "saturday_hours_end", "sunday_hours_start", "sunday_hours_end",
)  # fmt: skip


class BusinessRules(models.Model):
    _name = "business.rules"
    _description = "Company profile for agents"
    _inherit = ["config.service.source", "mail.thread", "mail.activity.mixin"]
    _order = "company_id, active desc, id"
    _check_company_auto = True

    name = fields.Char(string="Company name", required=True, tracking=True)
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    active = fields.Boolean(default=True, tracking=True)
    visible_in_ai = fields.Boolean(
        string="Visible to agents", default=True, tracking=True, help="Off: agents know nothing of this company."
    )
    description = fields.Text(tracking=True)
    company_values = fields.Text(string="Values of the brand", tracking=True)
    business_area = fields.Selection(AREAS, required=True, tracking=True)
    business_area_other = fields.Char(string="Other business area", tracking=True)

    website = fields.Char(tracking=True)
    mention_website_at_end = fields.Boolean(string="Mention the website at the end")
    facebook_url = fields.Char(string="Facebook", tracking=True)
    mention_facebook_at_end = fields.Boolean(string="Mention Facebook at the end")
    instagram_url = fields.Char(string="Instagram", tracking=True)
    mention_instagram_at_end = fields.Boolean(string="Mention Instagram at the end")

    street = fields.Char()
    street2 = fields.Char(string="Street, continued")
    city = fields.Char()
    state = fields.Char(string="State or province")
    zip = fields.Char(string="Postal code")
    country = fields.Char(default=lambda self: self.env.company.country_id.name)
    share_address = fields.Boolean(string="Agents may tell the address", default=True)

    greeting_message = fields.Text(string="Greeting", tracking=True, help="How an agent begins.")
    communication_style = fields.Selection(COMMUNICATION_STYLES, default="friendly", tracking=True)
    emoji_usage = fields.Selection(EMOJI_USAGES, string="Use of emojis", default="moderate", tracking=True)
    inform_promotions_at_start = fields.Boolean(string="Tell promotions at the start")

    monday = fields.Boolean(default=True)
    tuesday = fields.Boolean(default=True)
    wednesday = fields.Boolean(default=True)
    thursday = fields.Boolean(default=True)
    friday = fields.Boolean(default=True)
    saturday = fields.Boolean()
    sunday = fields.Boolean()
    business_hours_start = fields.Float(string="Opens at", default=8.0)
    business_hours_end = fields.Float(string="Closes at", default=18.0)
    has_lunch_break = fields.Boolean(string="Closed for lunch", default=True)
    lunch_break_start = fields.Float(string="Lunch from", default=12.0)
    lunch_break_end = fields.Float(string="Lunch until", default=13.0)
    saturday_hours_start = fields.Float(string="Opens on Saturday at", default=8.0)
    saturday_hours_end = fields.Float(string="Closes on Saturday at", default=12.0)
    sunday_hours_start = fields.Float(string="Opens on Sunday at")
    sunday_hours_end = fields.Float(string="Closes on Sunday at")

    use_business_rules = fields.Boolean(
        string="Sales", default=True, help="Agents answer on products, prices and conditions of sale."
    )
    use_scheduling_rules = fields.Boolean(string="Appointments", help="Agents answer on appointments and free hours.")
    use_delivery_rules = fields.Boolean(string="Delivery", help="Agents answer on delivery, its terms and its cost.")
    use_support_documents = fields.Boolean(string="Support", help="Agents answer from the support documents.")

    rule_ids = fields.One2many("business.rule.item", "business_rule_id", string="Permanent rules")
    temporary_rule_ids = fields.One2many("business.temporary.rule", "business_rule_id", string="Temporary rules")
    scheduling_rule_ids = fields.One2many("business.scheduling.rule", "business_rule_id", string="Appointment rules")
    support_document_ids = fields.Many2many(
        "business.support.document", "business_rule_support_doc_rel", "business_rule_id", "document_id",
        string="Support documents", check_company=True,
    )  # fmt: skip

    def init(self):
        # Two users who make a profile at one moment do not see each other's: only the database can refuse.
        self.env.cr.execute(
            "CREATE UNIQUE INDEX IF NOT EXISTS business_rules_one_active_of_company "
            "ON business_rules (company_id) WHERE active"
        )

    @api.model_create_multi
    def create(self, vals_list):
        wanted = [vals.get("company_id") or self.env.company.id for vals in vals_list if vals.get("active", True)]
        self._refuse_second_active(wanted)
        return super().create(vals_list)

    def write(self, vals):
        if "active" in vals or "company_id" in vals:
            staying = self.filtered(lambda profile: vals.get("active", profile.active))
            staying._refuse_second_active([vals.get("company_id") or profile.company_id.id for profile in staying])
        return super().write(vals)

    def _refuse_second_active(self, company_ids):
        """Say it in words before the index does."""
        others = self.sudo().search(
            [("company_id", "in", company_ids), ("active", "=", True), ("id", "not in", self.ids)]
        )
        twice = [company_id for company_id in company_ids if company_ids.count(company_id) > 1]
        if others or twice:
            company = others.company_id[:1] or self.env["res.company"].sudo().browse(twice[0])
            raise ValidationError(
                self.env._(
                    "%(company)s has a profile already: change it, or archive it first.", company=company.display_name
                )
            )

    def copy_data(self, default=None):
        # A company has one active profile: the copy waits to be put in the original's place.
        return [
            {**vals, "active": False, "name": self.env._("%(name)s (copy)", name=profile.name)}
            for profile, vals in zip(self, super().copy_data(default), strict=True)
        ]

    @api.constrains("business_area", "business_area_other", "company_id", "active")
    def _check_area(self):
        for profile in self:
            if profile.business_area == "other" and not (profile.business_area_other or "").strip():
                raise ValidationError(self.env._("Say which other business area it is."))
            profile._check_address_is_free()

    def _check_address_is_free(self):
        key = self.active and next(iter(self.sudo()._keys_of_kinds(["profile"])), None)
        others = self.sudo().search([("id", "!=", self.id)]) if key and all(key) else self.browse()
        for other in others:
            if key in other._keys_of_kinds(["profile"]):
                raise ValidationError(
                    self.env._(
                        "%(other)s sends to the account %(account)s in the area %(domain)s already. Give each company "
                        "an account of its own in the settings.",
                        other=other.company_id.name, account=key[0], domain=key[1],
                    )
                )  # fmt: skip

    @api.constrains(*DAYS, *_HOURS, "has_lunch_break")
    def _check_hours(self):
        for profile in self:
            if any(not 0.0 <= profile[name] <= 24.0 for name in _HOURS):
                raise ValidationError(self.env._("Hours are from 00:00 to 24:00."))
            for start, end, open_then in profile._opening_spans():
                if open_then and not is_span(start, end):
                    raise ValidationError(self.env._("The company opens before it closes, on each day that it opens."))
            profile._check_lunch()

    def _opening_spans(self):
        yield self.business_hours_start, self.business_hours_end, any(self[day] for day in WEEKDAYS)
        yield self.saturday_hours_start, self.saturday_hours_end, self.saturday
        yield self.sunday_hours_start, self.sunday_hours_end, self.sunday

    def _check_lunch(self):
        if not self.has_lunch_break or not any(self[day] for day in WEEKDAYS):
            return
        within = self.business_hours_start <= self.lunch_break_start and self.lunch_break_end <= self.business_hours_end
        if not within or not is_span(self.lunch_break_start, self.lunch_break_end):
            raise ValidationError(self.env._("The lunch break is within the opening hours, and begins before it ends."))

    @api.onchange("business_area")
    def _onchange_business_area(self):
        if self.business_area != "other":
            self.business_area_other = False
