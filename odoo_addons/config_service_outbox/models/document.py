"""A document of the service, as far as this database feeds it: its revision counts what was queued."""

from functools import partial

from odoo import api, fields, models

from ..outbox_core.canonical import digest
from ..outbox_core.wire import is_deletion, stream_of
from .numbers import BigInteger

STATES = [
    ("not_synced", "Not synced"),
    ("queued", "Queued"),
    ("synced", "Synced"),
    ("error", "Error"),
    ("conflict", "Conflict"),
    ("paused", "Paused"),
]
_DIRTY = "config_service_outbox.dirty"


class ConfigServiceDocument(models.Model):
    _name = "config.service.document"
    _description = "Document of the configuration service"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "account_id, domain, kind"
    _rec_name = "address"

    account_id = fields.Char(required=True, readonly=True)
    domain = fields.Char(required=True, readonly=True)
    kind = fields.Selection([], required=True, readonly=True)
    address = fields.Char(compute="_compute_address")
    revision = BigInteger(readonly=True, help="Counts what was queued, in order of commit, without gaps.")
    digest = fields.Char(readonly=True, help="Of the body that was queued last: what is the same is not queued again.")
    remote_note = fields.Char(string="At the service", readonly=True, translate=False)
    event_ids = fields.One2many("config.service.event", "document_id", readonly=True)
    state = fields.Selection(STATES, compute="_compute_state")
    message = fields.Char(string="Why", compute="_compute_state")
    pending_since = fields.Datetime(string="Waiting since", compute="_compute_state")

    def init(self):
        self.env.cr.execute(
            "CREATE UNIQUE INDEX IF NOT EXISTS config_service_document_address "
            "ON config_service_document (account_id, domain, kind)"
        )

    @api.depends("account_id", "domain", "kind")
    def _compute_address(self):
        for document in self:
            document.address = f"{document.account_id} / {document.domain} / {document.kind}"

    def _compute_state(self):
        queue = self.env["config.service.queue"]._main()
        why = queue._why()
        last, oldest = self._last_events(), self._oldest_pending()
        for document in self:
            event, pending = last.get(document.id), oldest.get(document.id)
            document.pending_since = pending.create_date if pending else False
            if pending:
                document.state = "paused" if queue.state == "paused" else "queued"
                document.message = why or pending.reason
            elif not event:
                document.state, document.message = "not_synced", False
            else:
                document.state = event._shown_state()
                document.message = event.reason or document.remote_note

    def _last_events(self):
        """Return the last event of each document, by the document's id."""
        return self._events_by_document(
            "SELECT DISTINCT ON (document_id) id FROM config_service_event WHERE document_id = ANY(%s) "
            "ORDER BY document_id, revision DESC"
        )

    def _oldest_pending(self):
        """Return the oldest pending event of each document that has one, by the document's id."""
        return self._events_by_document(
            "SELECT DISTINCT ON (document_id) id FROM config_service_event WHERE document_id = ANY(%s) "
            "AND state = 'pending' ORDER BY document_id, revision"
        )

    def _events_by_document(self, query):
        events = self.env["config.service.event"].sudo()
        events.flush_model(["document_id", "revision", "state"])
        self.env.cr.execute(query, [self.ids])
        found = events.browse([row[0] for row in self.env.cr.fetchall()])
        return {event.document_id.id: event for event in found}

    # --- queueing, within the transaction of the change

    @api.model
    def _of_keys(self, keys):
        """Return the documents of these keys that were ever queued."""
        wanted = set(keys)
        if not wanted:
            return self.browse()
        accounts = [account_id for account_id, _domain, _kind in wanted]
        found = self.search([("account_id", "in", accounts)])
        return found.filtered(lambda document: document._key() in wanted)

    def _key(self):
        return self.account_id, self.domain, self.kind

    @api.model
    def _mark(self, keys, *, force=False):
        """Queue these documents when this transaction commits: once each, however many changes it has.

        Args:
            keys: `(account_id, domain, kind)` of each.
            force: also when the body is the one that was queued last.
        """
        keys = {key for key in keys if all(key)}
        if not keys:
            return
        precommit = self.env.cr.precommit
        if _DIRTY not in precommit.data:
            precommit.data[_DIRTY] = {}
            precommit.add(partial(self.sudo()._queue_dirty))
        dirty = precommit.data[_DIRTY]
        for key in keys:
            dirty[key] = force or dirty.get(key, False)

    def _queue_dirty(self):
        # Changes that the building of bodies makes are marked anew, for the next run of the hooks.
        dirty = self.env.cr.precommit.data.pop(_DIRTY, {})
        queued = False
        # In one order for all transactions: two that change the same documents wait, and never for each other.
        for key in sorted(dirty):
            queued |= self._queue(*key, force=dirty[key])
        if queued:
            self.env["config.service.queue"]._wake()
        self.env.flush_all()

    def _queue(self, account_id, domain, kind, *, force=False):
        document = self._locked(account_id, domain, kind)
        body = getattr(self, f"_body_{kind}")(account_id, domain)
        if is_deletion(body) and not document.digest:
            document.unlink()  # of what the service never had there is nothing to tell, nor to show
            return False
        made = digest(body)
        if made == document.digest and not force:
            return False
        document.write({"revision": document.revision + 1, "digest": made, "remote_note": False})
        self.env["config.service.event"].create(
            {
                "document_id": document.id,
                "revision": document.revision,
                "body": body,
                "stream": stream_of(body),
                "was_deletion": is_deletion(body),
                "language": self.env.context.get("lang") or self.env.user.lang or "",
            }
        )
        return True

    def _locked(self, account_id, domain, kind):
        """Return the document, made when it is new, locked until this transaction ends.

        The lock orders writers by their commit. It stands in a statement without a body: Odoo logs the values of
        a statement that fails, and this one is the one that fails when two transactions meet.
        """
        self.flush_model()
        self.env.cr.execute(
            """
            INSERT INTO config_service_document (account_id, domain, kind, revision, create_uid, create_date,
                                                 write_uid, write_date)
            VALUES (%(account)s, %(domain)s, %(kind)s, 0, %(user)s, now() AT TIME ZONE 'UTC',
                    %(user)s, now() AT TIME ZONE 'UTC')
            ON CONFLICT (account_id, domain, kind) DO UPDATE SET write_date = now() AT TIME ZONE 'UTC'
            RETURNING id
            """,
            {"account": account_id, "domain": domain, "kind": kind, "user": self.env.uid},
            log_exceptions=False,
        )
        document = self.browse(self.env.cr.fetchone()[0])
        document.invalidate_recordset()
        return document

    @api.model
    def _document_body(self, account_id, domain, config_type, content=None, sections=None):
        """Return the body that replaces a whole document, or some of its top-level keys; neither: that deletes it."""
        body = {
            "event_type": "document_sync",
            "account_id": account_id,
            "domain": domain,
            "config_type": config_type,
        }
        if content is not None:
            return {**body, "content": content}
        if sections is not None:
            return {**body, "sections": sections}
        return {**body, "deleted": True}

    # --- for people

    def action_send(self):
        """Queue what Odoo holds again, also over what the service has later."""
        self._check_manager()
        for document in self.sudo():
            above = max(document.event_ids.mapped("remote_sequence"), default=0)
            document.revision = max(document.revision, above)
            self.sudo()._mark({document._key()}, force=True)
        return self._notification(self.env._("Queued: it is sent within seconds while the service answers."))

    def action_keep_remote(self):
        """Leave what the service has, and go on from its number."""
        self._check_manager()
        for document in self.sudo():
            events = document.event_ids.filtered(lambda event: event.state == "conflict")
            document.revision = max([document.revision, *events.mapped("remote_sequence")])
            events._discard(self.env._("The service's state was kept."))
        return True

    def action_open_viewer(self):
        self.ensure_one()
        url = self.env["config.service.settings"].viewer_url(self.account_id)
        return {"type": "ir.actions.act_url", "url": url, "target": "new"}

    def _check_manager(self):
        self.env["config.service.queue"]._check_manager()

    @api.model
    def _notification(self, text, *, kind="success"):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"message": text, "type": kind, "next": {"type": "ir.actions.act_window_close"}},
        }
