"""The two documents that an account's credentials feed."""

from odoo import fields, models


class ConfigServiceDocument(models.Model):
    _inherit = "config.service.document"

    kind = fields.Selection(
        selection_add=[("credentials", "Credentials"), ("mapping", "Channels")],
        ondelete={"credentials": "cascade", "mapping": "cascade"},
    )

    def _body_credentials(self, account_id, domain):
        found = self.env["ai.system.credentials"].search([("account_id", "=", account_id), ("active", "=", True)])
        here = found.filtered(lambda credentials: credentials._service_domain() == domain)[:1]
        if here:
            return here._wire()
        return {"event_type": "credentials_sync", "deleted": True, "account_id": account_id, "domain": domain}

    def _body_mapping(self, account_id, domain):
        body = {"event_type": "mapping_sync", "complete": True, "account_id": account_id, "domain": domain}
        channels = self.env["ai.channel.mapping"].search(
            [("credential_id.account_id", "=", account_id), ("credential_id.active", "=", True)], order="sequence, id"
        )
        if not channels:
            return {**body, "deleted": True}
        return {**body, "mappings": [channel._wire() for channel in channels]}
