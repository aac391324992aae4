"""The four documents that a profile feeds."""

from odoo import api, fields, models

_KINDS = [
    ("business_rules", "Business rules"),
    ("scheduling", "Appointments"),
    ("metadata", "Company metadata"),
    ("profile", "Company profile"),
]


class ConfigServiceDocument(models.Model):
    _inherit = "config.service.document"

    kind = fields.Selection(selection_add=_KINDS, ondelete={kind: "cascade" for kind, _label in _KINDS})

    def _body_business_rules(self, account_id, domain):
        profile = self._business_profile(account_id, domain)
        content = profile._wire_rules(account_id) if profile else None
        return self._document_body(account_id, domain, "business_rules", content=content)

    def _body_scheduling(self, account_id, domain):
        profile = self._business_profile(account_id, domain)
        content = profile._wire_scheduling() if profile else None
        return self._document_body(account_id, domain, "scheduling", content=content)

    def _body_metadata(self, account_id, domain):
        profile = self._business_profile(account_id, domain)
        content = profile._wire_metadata(account_id) if profile else None
        return self._document_body(account_id, domain, "metadata", content=content)

    def _body_profile(self, account_id, domain):
        profile = self._business_profile(account_id, domain)
        # The document `config` has parts of other producers: it is never deleted from here.
        sections = profile._wire_sections() if profile else {"company_metadata": None, "enabled_collections": None}
        return self._document_body(account_id, domain, "config", sections=sections)

    @api.model
    def _business_profile(self, account_id, domain):
        """Return the profile that feeds this place; where settings let two of them meet, the older one does."""
        profiles = self.env["business.rules"].search([("active", "=", True), ("visible_in_ai", "=", True)], order="id")
        place = (account_id, domain, "profile")
        return profiles.filtered(lambda profile: place in profile._keys_of_kinds(["profile"]))[:1]
