"""The state of the way to the service: one row for all documents."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..outbox_core.backoff import delay


class ConfigServiceQueue(models.Model):
    _name = "config.service.queue"
    _description = "Queue to the configuration service"
    _inherit = ["mail.thread", "mail.activity.mixin"]

    state = fields.Selection(
        [("running", "Running"), ("waiting", "Waiting for the service"), ("paused", "Paused")],
        default="running",
        required=True,
        readonly=True,
    )
    reason = fields.Char(readonly=True)
    failures = fields.Integer(readonly=True)
    blocked_until = fields.Datetime(readonly=True)
    last_success = fields.Datetime(readonly=True)
    last_reconcile = fields.Datetime(readonly=True)
    database_uuid = fields.Char(readonly=True)
    pending_count = fields.Integer(compute="_compute_counts")
    dead_count = fields.Integer(compute="_compute_counts")
    conflict_count = fields.Integer(compute="_compute_counts")
    oldest_pending = fields.Datetime(compute="_compute_counts")
    scheduler_active = fields.Boolean(compute="_compute_counts")

    def _compute_display_name(self):
        for queue in self:
            queue.display_name = self.env._("State of the queue")

    def _compute_counts(self):
        events = self.env["config.service.event"].sudo()
        cron = self._cron()
        for queue in self:
            queue.pending_count = events.search_count([("state", "=", "pending")])
            queue.dead_count = events.search_count([("state", "=", "dead")])
            queue.conflict_count = events.search_count([("state", "=", "conflict")])
            queue.oldest_pending = events.search([("state", "=", "pending")], order="id", limit=1).create_date
            queue.scheduler_active = cron.active

    @api.model
    def _main(self):
        return self.env.ref("config_service_outbox.queue_main", raise_if_not_found=False) or self.search([], limit=1)

    @api.model
    def _cron(self):
        found = self.env.ref("config_service_outbox.cron_dispatch", raise_if_not_found=False)
        return (found or self.env["ir.cron"]).sudo()

    @api.model
    def _wake(self, at=None):
        """Let the dispatcher run after this transaction's commit, or at a time."""
        if cron := self._cron():
            cron._trigger(at)

    def _why(self):
        """Tell people why nothing is sent now, or `False`."""
        settings = self.env["config.service.settings"].sudo()
        if settings.is_neutralized():
            return self.env._("This database is a neutralized copy: it sends nothing.")
        if fault := settings.seal_fault():
            return self._sealed_elsewhere(fault)
        if not settings.is_complete():
            return self.env._("The address or the key of the service is not set.")
        if not self._cron().active:
            return self.env._("The scheduled action that sends is switched off: save the settings to switch it on.")
        return self.sudo().reason if self.state != "running" else False

    def _sealed_elsewhere(self, fault):
        """A database that came without its encryption key: what people can do about it."""
        return self.env._(
            "The key of the service cannot be opened on this machine (%(fault)s). Put the encryption key of the "
            "machine that this database comes from in its place and press Try again now; or enter the key of the "
            "service again, and then the secrets of the records.",
            fault=fault,
        )

    # --- what the dispatcher learns

    def _succeeded(self):
        now = fields.Datetime.now()
        if self.state == "running" and self.last_success and now - self.last_success < timedelta(minutes=1):
            return  # one more row version for each event would tell nobody more
        self.write(
            {
                "state": "running", "reason": False, "failures": 0, "blocked_until": False,
                "last_success": now,
            }
        )  # fmt: skip

    def _failed(self, reason, retry_after=None):
        """The service is away: one event tries it again after a while that grows to a quarter of an hour."""
        seconds = max(delay(self.failures), retry_after or 0.0)
        until = fields.Datetime.now() + timedelta(seconds=seconds)
        self.write({"state": "waiting", "reason": reason, "failures": self.failures + 1, "blocked_until": until})
        self._wake(until)

    def _pause(self, reason):
        """Only a person can mend it: nothing is tried until the settings are saved or somebody resumes."""
        self.write({"state": "paused", "reason": reason})
        self._tell_managers(self.env._("Sending to the configuration service is paused"), reason)

    def _tell_managers(self, summary, note):
        self._tell_managers_of(self, summary, note)

    @api.model
    def _tell_managers_of(self, record, summary, note):
        """Plan one open activity on a record for each manager."""
        group = self.env.ref("config_service_outbox.group_manager")
        # From 19 on the members of implying groups have a field of their own.
        users = group.sudo()["all_user_ids" if "all_user_ids" in group._fields else "users"]
        told = record.activity_ids.mapped("user_id")
        # Without the mail that Odoo sends along: a mail server that hangs must not hold up what is sent here.
        record = record.with_context(mail_activity_quick_update=True)
        for user in (users.filtered("active") - told)[:10]:
            record.activity_schedule("mail.mail_activity_data_warning", summary=summary, note=note, user_id=user.id)

    # --- for people

    def action_resume(self):
        """Try again at once."""
        self._check_manager()
        self.sudo()._retry_now()
        return self.env["config.service.document"]._notification(self.env._("It is tried again at once."))

    def _retry_now(self):
        uuid = self.env["config.service.settings"]._stored("database.uuid")
        self.write({"state": "running", "reason": False, "failures": 0, "blocked_until": False, "database_uuid": uuid})
        self.activity_ids.unlink()
        cron = self._cron()
        if not cron.active and not self.env["config.service.settings"].is_neutralized():
            cron.active = True
        self.env["config.service.event"].search([("state", "=", "pending")]).write({"next_attempt_at": False})
        self._wake()

    def action_reconcile(self):
        """Compare with the service now."""
        self._check_manager()
        told = self.env["config.service.reconciler"].sudo()._reconcile()
        return self.env["config.service.document"]._notification(told, kind="info")

    @api.model
    def _check_manager(self):
        if not self.env.su and not self.env.user.has_group("config_service_outbox.group_manager"):
            raise AccessError(self.env._("Only managers of the configuration service may do this."))
