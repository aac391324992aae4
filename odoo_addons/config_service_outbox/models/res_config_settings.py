"""The settings page: the key and the secret are write-only, and never stored in the form's own table."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..outbox_core.addresses import AddressError, checked_url

_ADDRESSES = {"config_service_url": "config_service.url", "config_viewer_url": "config_viewer.url"}
_SECRETS = {
    "config_service_api_key": "config_service.api_key",
    "config_service_webhook_secret": "config_service.webhook_secret",
}
_ACCOUNT = "business_rules.account_id"


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    config_service_url = fields.Char(string="Address of the service")
    config_viewer_url = fields.Char(string="Address of the viewer")
    config_service_account_id = fields.Char(string="Account")
    config_company_account_id = fields.Char(related="company_id.config_account_id", readonly=False)
    config_service_api_key = fields.Char(string="API key", compute="_compute_blank", inverse="_inverse_nothing")
    config_service_webhook_secret = fields.Char(
        string="Webhook secret", compute="_compute_blank", inverse="_inverse_nothing"
    )
    config_service_api_key_origin = fields.Char(compute="_compute_origins")
    config_service_webhook_secret_origin = fields.Char(compute="_compute_origins")
    config_service_url_origin = fields.Char(compute="_compute_origins")
    config_viewer_url_origin = fields.Char(compute="_compute_origins")
    config_service_account_origin = fields.Char(compute="_compute_origins")
    config_queue_id = fields.Many2one("config.service.queue", compute="_compute_queue")
    config_queue_why = fields.Char(compute="_compute_queue")
    config_queue_state = fields.Selection(related="config_queue_id.state")
    config_queue_pending = fields.Integer(related="config_queue_id.pending_count")
    config_queue_dead = fields.Integer(related="config_queue_id.dead_count")
    config_queue_conflicts = fields.Integer(related="config_queue_id.conflict_count")
    config_queue_oldest = fields.Datetime(related="config_queue_id.oldest_pending")
    config_queue_last_success = fields.Datetime(related="config_queue_id.last_success")
    config_queue_last_reconcile = fields.Datetime(related="config_queue_id.last_reconcile")
    config_scheduler_active = fields.Boolean(related="config_queue_id.scheduler_active")

    def _compute_blank(self):
        for settings in self:
            for name in _SECRETS:
                settings[name] = False

    def _inverse_nothing(self):
        """What was typed is taken by `create`, before any row could hold it."""

    # A form that is new computes only what depends on something: without it, all of this would show as empty.
    @api.depends("company_id")
    def _compute_origins(self):
        origin = self.env["config.service.settings"].sudo().origin
        for settings in self:
            settings.config_service_api_key_origin = origin("config_service.api_key")
            settings.config_service_webhook_secret_origin = origin("config_service.webhook_secret")
            settings.config_service_url_origin = origin("config_service.url")
            settings.config_viewer_url_origin = origin("config_viewer.url")
            settings.config_service_account_origin = origin(_ACCOUNT)

    @api.depends("company_id")
    def _compute_queue(self):
        queue = self.env["config.service.queue"]._main()
        for settings in self:
            settings.config_queue_id = queue
            settings.config_queue_why = queue._why()

    @api.model
    def get_values(self):
        values = super().get_values()
        read = self.env["config.service.settings"].sudo()
        for field, name in {**_ADDRESSES, "config_service_account_id": _ACCOUNT}.items():
            values[field] = read.value(name)
        return values

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._without_secrets(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._without_secrets(vals))

    def _without_secrets(self, vals):
        """Store the secrets that were typed, sealed; return the values that are left."""
        for field, name in _SECRETS.items():
            if typed := vals.get(field):
                self.check_access("create")
                self.env["config.service.settings"].store(name, typed)
        return {field: value for field, value in vals.items() if field not in _SECRETS}

    def set_values(self):
        result = super().set_values()
        settings = self.env["config.service.settings"].sudo()
        for field, name in _ADDRESSES.items():
            self._store_unless_given(settings, name, self._checked(self[field]))
        source = self.env["config.service.source"]
        before = source._config_all_keys()
        self._store_unless_given(settings, _ACCOUNT, (self.config_service_account_id or "").strip())
        after = source._config_all_keys()
        if before != after:
            self.env["config.service.document"]._mark(before | after)
        self.env["config.service.queue"].sudo()._main()._retry_now()
        return result

    def _store_unless_given(self, settings, name, value):
        """What comes from the environment is shown, and never copied into the database."""
        if settings.origin(name) in ("", "parameter") and settings.value(name) != value:
            settings.store(name, value)

    def _checked(self, url):
        if not (url or "").strip():
            return ""
        try:
            return checked_url(url)
        except AddressError as error:
            raise ValidationError(self._address_fault(error.code, url)) from None

    def _address_fault(self, code, url):
        if code == "credentials":
            return self.env._("The address must not hold a user or a password: the key has a field of its own.")
        if code == "scheme":
            return self.env._("%(url)s is not safe: use https, or http on this machine itself.", url=url)
        return self.env._("%(url)s is no address of a service: write https://host or https://host/path.", url=url)

    # --- buttons

    def action_config_test_connection(self):
        """Try the way to the service: reachability, clock, key and right."""
        settings = self.env["config.service.settings"].sudo()
        if not settings.is_complete():
            raise UserError(self.env._("Save the address and the key of the service first."))
        try:
            client = settings.client()
        except ValueError as error:
            told = self.env._("A setting of the service may not be used: %(reason)s", reason=error)
            raise UserError(told) from None
        try:
            probe = client.probe(settings.account_id() or "default", self.env.lang or "")
        finally:
            client.close()
        text, good = self._told_of(probe)
        return self.env["config.service.document"]._notification(text, kind="success" if good else "danger")

    def _told_of(self, probe):
        if not probe.reachable:
            return self.env._("The service cannot be reached: %(reason)s", reason=probe.reason), False
        if not probe.key_accepted:
            told = self.env._("The service answers, and does not accept the key: %(reason)s", reason=probe.reason)
            return told, False
        missing = [right for right, held in probe.rights.items() if not held]
        if missing:
            return self.env._(
                "The key is accepted, and lacks %(rights)s: %(reason)s", rights=", ".join(missing), reason=probe.reason
            ), False
        skew = abs(probe.clock_skew or 0)
        if skew > 120:
            return self.env._(
                "All is well but the clocks: they differ by %(seconds)s s, and signatures are refused beyond 300 s.",
                seconds=round(skew),
            ), False
        return self.env._("The service answers, the key is accepted and has the rights it needs."), True

    def action_config_open_settings_queue(self):
        return self.env["ir.actions.act_window"]._for_xml_id("config_service_outbox.action_event")

    def action_config_send_everything(self):
        """Queue all documents again."""
        self.env["config.service.queue"]._check_manager()
        documents = self.env["config.service.document"].sudo()
        documents._mark(self.env["config.service.source"]._config_all_keys(), force=True)
        return documents._notification(self.env._("Everything is queued again."))

    def action_config_reconcile(self):
        return self.env["config.service.queue"]._main().action_reconcile()

    def action_config_open_viewer(self):
        settings = self.env["config.service.settings"].sudo()
        url = settings.viewer_url(settings.account_id())
        return {"type": "ir.actions.act_url", "url": url, "target": "new"}
