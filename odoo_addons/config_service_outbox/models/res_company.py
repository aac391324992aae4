from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    config_account_id = fields.Char(
        string="Account in the configuration service",
        help="The tenant that this company's configuration belongs to. Empty: the account of the settings.",
    )

    def write(self, vals):
        if "config_account_id" not in vals:
            return super().write(vals)
        source = self.env["config.service.source"]
        before = source._config_all_keys()
        result = super().write(vals)
        self.env["config.service.document"]._mark(before | source._config_all_keys())
        return result
