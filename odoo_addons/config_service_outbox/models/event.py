"""One state of a document on its way to the service: written in the transaction of the change, sent after it."""

import json
import uuid
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..outbox_core.canonical import canonical_json
from ..outbox_core.redaction import scrubbed_payload
from ..outbox_core.wire import opened
from .numbers import BigInteger

KEPT_DAYS = 90


class ConfigServiceEvent(models.Model):
    _name = "config.service.event"
    _description = "Event on its way to the configuration service"
    _order = "id desc"
    _rec_name = "delivery_id"

    document_id = fields.Many2one("config.service.document", required=True, readonly=True, ondelete="cascade")
    account_id = fields.Char(related="document_id.account_id", store=True)
    domain = fields.Char(related="document_id.domain")
    kind = fields.Selection(related="document_id.kind", store=True)
    revision = BigInteger(readonly=True, required=True)
    delivery_id = fields.Char(
        string="Delivery id", readonly=True, required=True, copy=False, default=lambda _self: str(uuid.uuid4())
    )
    body = fields.Json(readonly=True, copy=False, groups="config_service_outbox.group_manager")
    shown_body = fields.Text(string="What is sent", compute="_compute_shown_body", compute_sudo=True)
    stream = fields.Char(readonly=True)
    was_deletion = fields.Boolean(readonly=True)
    language = fields.Char(readonly=True)
    state = fields.Selection(
        [
            ("pending", "Pending"),
            ("sent", "Sent"),
            ("superseded", "Superseded"),
            ("conflict", "Conflict"),
            ("dead", "Refused"),
            ("discarded", "Discarded"),
        ],
        default="pending",
        required=True,
        readonly=True,
        index=True,
    )
    attempts = fields.Integer(readonly=True)
    next_attempt_at = fields.Datetime(readonly=True)
    status = fields.Integer(string="Answer", readonly=True, help="HTTP status of the last answer; 0: there was none.")
    reason = fields.Char(readonly=True)
    request_ref = fields.Char(string="Request id", readonly=True, help="For the service's operator.")
    sent_at = fields.Datetime(readonly=True)
    places = fields.Json(readonly=True, help="Documents and versions that the service told for it.")
    remote_sequence = BigInteger(readonly=True)

    def init(self):
        self.env.cr.execute(
            "CREATE UNIQUE INDEX IF NOT EXISTS config_service_event_order "
            "ON config_service_event (document_id, revision)"
        )
        self.env.cr.execute(
            "CREATE INDEX IF NOT EXISTS config_service_event_due ON config_service_event (document_id, revision) "
            "WHERE state = 'pending'"
        )

    @api.depends("body")
    def _compute_shown_body(self):
        for event in self:
            body = scrubbed_payload(event.body) if event.body else None
            event.shown_body = json.dumps(body, indent=2, ensure_ascii=False) if body else False

    def _shown_state(self):
        return {"sent": "synced", "superseded": "synced", "dead": "error", "conflict": "conflict"}.get(
            self.state, "not_synced"
        )

    def _bytes(self):
        """Return the body as it is sent, secrets in clear: for the connection alone, never stored or logged.

        Raises:
            ValueError: a secret cannot be opened with this installation's key.
        """
        return canonical_json(opened(self.body, self.env["config.service.vault"].open))

    # --- for people

    def action_retry(self):
        """Try refused events again, and waiting ones at once."""
        self.env["config.service.queue"]._check_manager()
        events = self.sudo().filtered(lambda event: event.state in ("pending", "dead"))
        if gone := events.filtered(lambda event: not event.body):
            name = gone[0].delivery_id
            raise UserError(self.env._("What event %(name)s held is gone: send its document again.", name=name))
        later = events.filtered(lambda event: event.state == "dead" and event.document_id.revision > event.revision)
        later._discard(self.env._("A later state of the document took its place."))
        (events - later).write({"state": "pending", "next_attempt_at": False, "attempts": 0})
        self.env["config.service.queue"]._main().sudo()._retry_now()
        return self.env["config.service.document"]._notification(self.env._("It is tried again at once."))

    def _discard(self, reason):
        self.write({"state": "discarded", "reason": reason, "body": False, "next_attempt_at": False})

    @api.autovacuum
    def _gc_old(self):
        """Remove what was sent long ago; the last event of each document stays, its state is the document's."""
        before = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        old = self.search(
            [("state", "in", ("sent", "superseded", "discarded")), ("create_date", "<", before)], limit=10_000
        )
        old.filtered(lambda event: event.revision < event.document_id.revision).unlink()
