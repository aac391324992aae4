"""What agents read of a profile, in the layouts that they have always read, and what its users see of the sending."""

from odoo import api, fields, models
from odoo.addons.config_service_outbox.outbox_core.domains import domain_of

from .selections import DAYS, clock

KINDS = ("business_rules", "metadata", "profile", "scheduling")
# What a switch of the form lets agents answer from.
_COLLECTIONS = {
    "use_business_rules": ("business_rules", "products_informations"),
    "use_scheduling_rules": ("scheduling_rules",),
    "use_delivery_rules": ("delivery_rules",),
    "use_support_documents": ("support_documents",),
}


class BusinessRules(models.Model):
    _inherit = "business.rules"

    account_id = fields.Char(compute="_compute_address")
    domain = fields.Char(compute="_compute_address")
    last_sync_date = fields.Datetime(string="Last sent", compute="_compute_last_sync_date")
    rule_count = fields.Integer(string="Permanent rules known to agents", compute="_compute_counts")
    temporary_rule_count = fields.Integer(string="Temporary rules that run", compute="_compute_counts")
    expiring_count = fields.Integer(string="Running rules that end within 7 days", compute="_compute_counts")
    scheduling_rule_count = fields.Integer(string="Appointment rules known to agents", compute="_compute_counts")
    support_document_count = fields.Integer(string="Support documents for agents", compute="_compute_counts")

    def _config_document_keys(self):
        return {key for profile in self for key in profile._keys_of_kinds(KINDS)}

    def _keys_of_kinds(self, kinds):
        """Return where documents of this profile stand; without an account there is no such place."""
        self.ensure_one()
        account_id = self.env["config.service.settings"].account_id(self.company_id)
        domain = domain_of(self.business_area, self.business_area_other)
        return {(account_id, domain, kind) for kind in kinds}

    @api.depends("company_id.config_account_id", "business_area", "business_area_other")
    def _compute_address(self):
        for profile in self:
            key = next(iter(profile.sudo()._keys_of_kinds(["profile"])))
            profile.account_id, profile.domain = key[0] or False, key[1]

    def _compute_last_sync_date(self):
        events = self.env["config.service.event"].sudo()
        for profile in self:
            documents = self.env["config.service.document"].sudo()._of_keys(profile.sudo()._config_keys())
            sent = events.search(
                [("document_id", "in", documents.ids), ("sent_at", "!=", False)], order="sent_at desc", limit=1
            )
            profile.last_sync_date = sent.sent_at

    def _compute_counts(self):
        for profile in self:
            profile.rule_count = self.env["business.rule.item"].search_count(profile._rules_for_agents())
            temporary = self.env["business.temporary.rule"]
            profile.temporary_rule_count = temporary.search_count(profile._running_rules())
            profile.expiring_count = temporary.search_count(profile._expiring_rules())
            profile.scheduling_rule_count = self.env["business.scheduling.rule"].search_count(
                profile._rules_for_agents()
            )
            profile.support_document_count = len(profile.support_document_ids._for_agents())

    def _rules_for_agents(self):
        """Return the domain of these profiles' rules that agents may know, whatever their kind."""
        return [("business_rule_id", "in", self.ids), ("active", "=", True), ("visible_in_ai", "=", True)]

    def _running_rules(self):
        return [*self._rules_for_agents(), ("state", "=", "active")]

    def _expiring_rules(self):
        in_a_week = fields.Datetime.add(fields.Datetime.now(), days=7)
        return [*self._running_rules(), ("is_temporary", "=", True), ("date_end", "<=", in_a_week)]

    # --- what agents read

    def _wire_rules(self, account_id):
        temporary = self.env["business.temporary.rule"].search(self._running_rules(), order="id")
        permanent = self.env["business.rule.item"].search(self._rules_for_agents(), order="id")
        return {
            "account_id": account_id,
            "permanent_rules": [rule._wire() for rule in permanent],
            "temporary_rules": [rule._wire() for rule in temporary],
        }

    def _wire_scheduling(self):
        rules = self.env["business.scheduling.rule"].search(self._rules_for_agents(), order="id")
        return {"scheduling_rules": [rule._wire() for rule in rules]}

    def _wire_collections(self):
        return [name for field, names in _COLLECTIONS.items() if self[field] for name in names]

    def _wire_metadata(self, account_id):
        """Return the document `metadata`: what is empty is left out, switches never are."""
        return {
            "account_id": account_id,
            **self._filled("name", "description", "business_area", "business_area_other", "company_values"),
            "online_presence": {
                **self._filled("website", "facebook_url", "instagram_url"),
                "mention_website_at_end": self.mention_website_at_end,
                "mention_facebook_at_end": self.mention_facebook_at_end,
                "mention_instagram_at_end": self.mention_instagram_at_end,
            },
            "communication": self._filled("greeting_message", "communication_style", "emoji_usage"),
            **({"address": {**self._wire_address(), "share_address": True}} if self.share_address else {}),
            "business_hours": self._wire_hours(),
            "enabled_collections": self._wire_collections(),
        }

    def _filled(self, *names):
        return {name: self[name] for name in names if self[name]}

    def _wire_address(self):
        return {name: self[name] or "" for name in ("street", "street2", "city", "state", "zip", "country")}

    def _wire_hours(self):
        lunch_and_weekend = (
            "lunch_break_start", "lunch_break_end", "saturday_hours_start", "saturday_hours_end",
            "sunday_hours_start", "sunday_hours_end",
        )  # fmt: skip
        names = (*DAYS, "business_hours_start", "business_hours_end", "has_lunch_break", *lunch_and_weekend)
        return {name: self[name] for name in names}

    def _wire_sections(self):
        """Return this profile's part of the document `config`, whose other parts are of others."""
        return {
            "company_metadata": {
                "business_hours": self._wire_clock_hours(),
                "company_info": self._wire_company(),
                "customer_service": {
                    "communication_style": self.communication_style,
                    "emoji_usage": self.emoji_usage,
                    "greeting_message": self.greeting_message or "",
                },
                "online_channels": {
                    "facebook": {"mention_at_end": self.mention_facebook_at_end, "url": self.facebook_url},
                    "instagram": {"mention_at_end": self.mention_instagram_at_end, "url": self.instagram_url},
                    "website": {"mention_at_end": self.mention_website_at_end, "url": self.website},
                },
                "promotions": {"inform_at_start": self.inform_promotions_at_start},
            },
            "enabled_collections": self._wire_collections(),
        }

    def _wire_company(self):
        company = {
            "business_area": self.business_area,
            "business_area_other": self.business_area_other,
            "company_name": self.name,
            "company_values": self.company_values or "",
            "description": self.description or "",
        }
        if self.share_address:
            company["address"] = {**self._wire_address(), "share_with_customers": True}
        return company

    def _wire_clock_hours(self):
        """Return the hours as clocks show them; days count from Monday, 0."""
        hours = {
            "days": [number for number, day in enumerate(DAYS) if self[day]],
            "start_time": clock(self.business_hours_start),
            "end_time": clock(self.business_hours_end),
            "has_lunch_break": self.has_lunch_break,
        }
        if self.has_lunch_break:
            hours["lunch_break_start"] = clock(self.lunch_break_start)
            hours["lunch_break_end"] = clock(self.lunch_break_end)
        for day in ("saturday", "sunday"):
            if self[day]:
                hours[f"{day}_start_time"] = clock(self[f"{day}_hours_start"])
                hours[f"{day}_end_time"] = clock(self[f"{day}_hours_end"])
        return hours
