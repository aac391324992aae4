"""What a record needs so that its changes reach the configuration service."""

from odoo import api, fields, models

# The worst one is what a record shows when it feeds several documents.
_WORST_FIRST = ("conflict", "error", "paused", "queued", "not_synced", "synced")


class ConfigServiceSource(models.AbstractModel):
    _name = "config.service.source"
    _description = "Source of documents of the configuration service"

    # Fields whose writes change no document.
    _config_ignored_fields = frozenset()

    config_sync_state = fields.Selection(
        "_config_states", string="Sending", compute="_compute_config_sync", compute_sudo=True, readonly=True
    )
    config_sync_message = fields.Char(string="Why", compute="_compute_config_sync", compute_sudo=True, readonly=True)
    config_pending_since = fields.Datetime(
        string="Waiting since", compute="_compute_config_sync", compute_sudo=True, readonly=True
    )

    @api.model
    def _config_states(self):
        """Return the documents' own states: labels written here would be translated on this model, on no heir of it."""
        return self.env["config.service.document"]._fields["state"]._description_selection(self.env)

    def _config_document_keys(self):
        """Return the documents that these records feed, as `(account_id, domain, kind)`; to be overridden."""
        return set()

    def _compute_config_sync(self):
        keys = {record: record._config_document_keys() if record._origin else set() for record in self}
        found = self.env["config.service.document"]._of_keys(set().union(*keys.values()))
        by_key = {document._key(): document for document in found}
        for record in self:
            fed = [by_key[key] for key in keys[record] if key in by_key]
            states = {document.state for document in fed} or {"not_synced"}
            worst = next(state for state in _WORST_FIRST if state in states)
            record.config_sync_state = worst
            messages = [document.message for document in fed if document.state == worst and document.message]
            record.config_sync_message = min(messages, default=False)
            waiting = [document.pending_since for document in fed if document.pending_since]
            record.config_pending_since = min(waiting, default=False)

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        self.env["config.service.document"]._mark(records._config_keys())
        return records

    def write(self, vals):
        if self._config_ignored_fields.issuperset(vals):
            return super().write(vals)
        before = self._config_keys()
        result = super().write(vals)
        self.env["config.service.document"]._mark(before | self._config_keys())
        return result

    def unlink(self):
        before = self._config_keys()
        result = super().unlink()
        self.env["config.service.document"]._mark(before)
        return result

    def _config_keys(self):
        """Return the documents' keys; an incomplete record (no account yet) feeds none."""
        return {key for key in self.sudo()._config_document_keys() if all(key)}

    @api.model
    def _config_all_keys(self):
        """Return the keys of all documents that any record of any source feeds today."""
        keys = set()
        mixin = self.env.registry["config.service.source"]
        for name, model in self.env.registry.items():
            if issubclass(model, mixin) and not model._abstract:
                found = self.env[name].sudo().with_context(active_test=False)
                records = found.search([])  # pylint: disable=no-search-all
                keys |= records._config_keys()
        return keys

    def action_config_send(self):
        """Queue these records' documents again and wake the dispatcher."""
        self.check_access("write")
        documents = self.env["config.service.document"].sudo()
        documents._mark(self._config_keys(), force=True)
        return documents._notification(self.env._("Queued: it is sent within seconds while the service answers."))

    def action_config_open_viewer(self):
        """Open the account's page in the viewer, in a new tab."""
        self.check_access("read")
        account_id = next(iter(sorted(key[0] for key in self._config_keys())), "")
        url = self.env["config.service.settings"].viewer_url(account_id)
        return {"type": "ir.actions.act_url", "url": url, "target": "new"}

    def action_config_open_queue(self):
        """Open the events of these records' documents."""
        self.check_access("read")
        documents = self.env["config.service.document"].sudo()._of_keys(self._config_keys())
        action = self.env["ir.actions.act_window"]._for_xml_id("config_service_outbox.action_event")
        return {**action, "domain": [("document_id", "in", documents.ids)], "context": {}}
