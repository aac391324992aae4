"""Who did what with an account's credentials, and when: written by the addon alone."""

import logging
from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.http import request
from psycopg2 import Error as DatabaseError

_logger = logging.getLogger(__name__)

KEPT_DAYS = 365
_REFUSALS_OF_A_TRY = 20
OPERATIONS = [
    ("create", "Created"),
    ("update", "Changed"),
    ("secret_set", "Secret entered"),
    ("secret_removed", "Secret removed"),
    ("archive", "Archived"),
    ("restore", "Restored"),
    ("delete", "Deleted"),
    ("send", "Sent again"),
    ("test_connection", "Connection tested"),
    ("other", "Other"),
]


class AiCredentialsAccessLog(models.Model):
    _name = "ai.credentials.access.log"
    _description = "Access to AI credentials"
    _order = "id desc"
    _rec_name = "operation"

    credential_id = fields.Many2one("ai.system.credentials", ondelete="set null", readonly=True, index=True)
    credential_name = fields.Char(readonly=True, help="Stays when the credentials are deleted.")
    company_id = fields.Many2one("res.company", readonly=True)
    access_time = fields.Datetime(default=fields.Datetime.now, readonly=True, required=True)
    user_id = fields.Many2one("res.users", default=lambda log: log.env.uid, readonly=True, ondelete="set null")
    ip_address = fields.Char(string="Address", readonly=True)
    operation = fields.Selection(OPERATIONS, readonly=True, required=True)
    fields_changed = fields.Char(string="Fields", readonly=True, help="Names alone: values are never kept here.")
    success = fields.Boolean(default=True, readonly=True)
    error_message = fields.Char(string="Error", readonly=True)

    @api.model
    def _record(self, credentials, operation, *, changed=(), error=""):
        """Write one line for each of these credentials.

        Args:
            credentials: records.
            operation: one of `OPERATIONS`.
            changed: names of fields.
            error: why it failed; empty when it did not.
        """
        self.sudo().create([
            {
                "credential_id": credential.id if operation != "delete" or error else False,
                "credential_name": credential.display_name,
                "company_id": credential.company_id.id,
                "user_id": self.env.uid,
                "ip_address": request.httprequest.remote_addr if request else False,
                "operation": operation,
                "fields_changed": ", ".join(sorted(changed)) or False,
                "success": not error,
                "error_message": error or False,
            }
            for credential in credentials.sudo()
        ])  # fmt: skip

    @api.model
    def _record_refused(self, credentials, operation):
        """Write the lines of a refused try once its transaction is undone, and with it whatever it has locked.

        A try that is refused and yet committed was a question of Odoo's own code, and leaves no line.
        """
        ids = credentials.ids[:_REFUSALS_OF_A_TRY]
        self.env.cr.postrollback.add(partial(self._write_refused, self.env.uid, ids, operation))

    def _write_refused(self, user_id, ids, operation):
        try:
            with self.env.registry.cursor() as cursor:
                # Nobody waits long for the answer that it was refused.
                cursor.execute("SET LOCAL lock_timeout = '2s'")
                log = self.with_env(api.Environment(cursor, user_id, {"lang": self.env.context.get("lang")}))
                found = log.env["ai.system.credentials"].browse(ids).exists()
                log._record(found - log._refused_lately(found, operation), operation, error=log._refusal())
        except DatabaseError:
            _logger.warning("a refused try of user %s at credentials %s cannot be logged", user_id, ids)

    def _refused_lately(self, credentials, operation):
        """Return those that this user was refused within a minute: repeating a try must not fill the log."""
        return self.sudo().search([
            ("credential_id", "in", credentials.ids), ("user_id", "=", self.env.uid), ("operation", "=", operation),
            ("success", "=", False), ("error_message", "=", self._refusal()),
            ("access_time", ">", fields.Datetime.now() - timedelta(minutes=1)),
        ]).credential_id  # fmt: skip

    def _refusal(self):
        return self.env._("Refused: no right.")

    @api.autovacuum
    def _gc_old(self):
        """Remove lines that are older than a year."""
        before = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        self.search([("access_time", "<", before)], limit=10_000).unlink()
