"""Texts and files that agents are to answer from, once the vectorizer service takes them."""

from odoo import api, fields, models

DOCUMENT_TYPES = [
    ("support", "Technical support"),
    ("feedback", "Feedback"),
    ("question", "Question"),
    ("suggestion", "Suggestion"),
    ("other", "Other"),
]


class BusinessSupportDocument(models.Model):
    _name = "business.support.document"
    _description = "Support document"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "create_date desc, id desc"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    document_type = fields.Selection(DOCUMENT_TYPES, string="Type", required=True, default="support", tracking=True)
    content = fields.Text()
    attachment_ids = fields.Many2many(
        "ir.attachment", "business_support_doc_attachment_rel", "document_id", "attachment_id", string="Files"
    )
    business_rule_ids = fields.Many2many(
        "business.rules", "business_rule_support_doc_rel", "document_id", "business_rule_id",
        string="Company profiles", check_company=True,
    )  # fmt: skip
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    active = fields.Boolean(default=True, tracking=True)
    visible_in_ai = fields.Boolean(string="Visible to agents", default=True, tracking=True)
    # Nothing takes these documents today, and none of them claims to have been sent.
    state = fields.Selection(
        [
            ("excluded", "Not for agents"),
            ("empty", "Nothing in it yet"),
            ("waiting", "Waits for the vectorizer service"),
        ],
        compute="_compute_state",
    )

    @api.depends("active", "visible_in_ai", "content", "attachment_ids")
    def _compute_state(self):
        for document in self:
            if not document.active or not document.visible_in_ai:
                document.state = "excluded"
            elif not document.content and not document.attachment_ids:
                document.state = "empty"
            else:
                document.state = "waiting"

    @api.model_create_multi
    def create(self, vals_list):
        documents = super().create(vals_list)
        documents._take_files()
        return documents

    def write(self, vals):
        result = super().write(vals)
        if "attachment_ids" in vals:
            self._take_files()
        return result

    def _take_files(self):
        """Tie uploaded files to their document: until then only who uploaded them may open them."""
        for document in self:
            loose = document.attachment_ids.sudo().filtered(
                lambda file: not file.res_id and file.create_uid == self.env.user
            )
            loose.write({"res_model": self._name, "res_id": document.id})

    def _for_agents(self):
        return self.filtered(lambda document: document.active and document.visible_in_ai)
