"""Sends what is pending, after the commit of the change, one event at a time, in order for each document."""

import logging
import time
from contextlib import closing
from datetime import timedelta

from odoo import api, fields, models, tools
from psycopg2 import OperationalError

from ..outbox_core.answers import Outcome
from ..outbox_core.backoff import delay
from ..outbox_core.wire import places_of

_logger = logging.getLogger(__name__)

# Odoo ends a scheduled action's worker after limit_time_real_cron seconds, 120 by default: well below it.
BUDGET_SECONDS = 50.0


class ConfigServiceDispatcher(models.AbstractModel):
    _name = "config.service.dispatcher"
    _description = "Sender of events to the configuration service"

    @api.model
    def _dispatch(self, budget=BUDGET_SECONDS):
        """Send what is due.

        Never raises for what the service does: Odoo switches off a scheduled action that fails for a week.
        """
        queue = self.env["config.service.queue"]._main()
        if not self._may_send(queue):
            return
        try:
            client = self.env["config.service.settings"].client()
        except ValueError as error:
            queue._pause(self.env._("A setting of the service may not be used: %(reason)s", reason=error))
            return
        deadline = time.monotonic() + budget
        with closing(client):
            while self._send_next(client, queue):
                if time.monotonic() > deadline:
                    queue._wake()
                    return
        self._wake_for_later(queue)

    def _may_send(self, queue):
        settings = self.env["config.service.settings"]
        if queue.state == "paused" or settings.is_neutralized():
            return False
        if fault := settings.seal_fault():
            queue._pause(queue._sealed_elsewhere(fault))
            return False
        if not settings.is_complete():
            return False
        if queue.blocked_until and queue.blocked_until > fields.Datetime.now():
            return False
        here = settings._stored("database.uuid")
        if queue.database_uuid and queue.database_uuid != here:
            copied = self.env._(
                "This database is a copy of the one that was set up to send: save the settings to let it."
            )
            queue._pause(copied)
            return False
        if not queue.database_uuid:
            queue.database_uuid = here
        return True

    def _send_next(self, client, queue):
        """Send one event; tell whether to go on."""
        event = self._next_due()
        if not event:
            return False
        try:
            going_on = self._send(client, queue, event)
            self._commit()
        except OperationalError:
            # Somebody changed the same row meanwhile. What was sent is sent again under its id, and done once.
            self._rollback()
            going_on = True
        except Exception as error:  # noqa: BLE001  # pylint: disable=broad-except
            # One event that our own code stumbles over must not stop the others, nor the schedule for good. The
            # text of the fault may hold what was to be sent: its kind is told alone.
            self._rollback()
            _logger.error("event %s could not be sent: %s", event.delivery_id, type(error).__name__)  # noqa: TRY400
            self._put_off(event, self.env._("Odoo could not send it: %(kind)s.", kind=type(error).__name__))
            self._commit()
            going_on = True
        return going_on

    def _next_due(self):
        """Return the oldest due event whose document has no older one pending, locked, or none."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT event.id FROM config_service_event AS event
            WHERE event.state = 'pending'
                AND (event.next_attempt_at IS NULL OR event.next_attempt_at <= now() AT TIME ZONE 'UTC')
                AND NOT EXISTS (
                    SELECT FROM config_service_event AS older
                    WHERE older.document_id = event.document_id AND older.state = 'pending'
                        AND older.revision < event.revision
                )
            ORDER BY event.id LIMIT 1 FOR UPDATE SKIP LOCKED
            """
        )
        return self.env["config.service.event"].browse([row[0] for row in self.env.cr.fetchall()])

    def _send(self, client, queue, event):
        # What is said of an event is said to whoever made it.
        self = self.with_context(lang=event.language or self.env.user.lang)  # noqa: PLW0642
        try:
            body = event._bytes()
        except ValueError:
            reason = self.env._("A secret cannot be opened with this installation's key: enter it again.")
            self._refused(event, reason)
            return True
        answer = client.deliver(event.delivery_id, event.revision, body, event.language.replace("_", "-"))
        _logger.info(
            "event %s of document %s, revision %s: %s (%s)",
            event.delivery_id, event.document_id.id, event.revision, answer.outcome.name, answer.status,
        )  # fmt: skip
        event.write({
            "status": answer.status, "reason": answer.reason or False, "request_ref": answer.request_id or False,
        })  # fmt: skip
        return self._take(queue, event, answer)

    def _take(self, queue, event, answer):
        """Write down what became of an event; tell whether to go on with others."""
        match answer.outcome:
            case Outcome.sent:
                self._sent(event, "sent", answer)
            case Outcome.superseded:
                self._superseded(event, answer)
            case Outcome.dead:
                self._refused(event, answer.reason)
            case Outcome.paused:
                queue._pause(answer.reason)
                return False
            case Outcome.retry_host:
                event.attempts += 1
                queue._failed(answer.reason, answer.retry_after)
                return False
            case Outcome.retry_event:
                self._put_off(event, answer.reason, answer.retry_after)
                return True
        queue._succeeded()
        return True

    def _put_off(self, event, reason, retry_after=None):
        """Try this event again later; others go on."""
        until = fields.Datetime.now() + timedelta(seconds=max(delay(event.attempts), retry_after or 0.0))
        event.write({"attempts": event.attempts + 1, "next_attempt_at": until, "reason": reason})

    def _sent(self, event, state, answer):
        event.write({
            "state": state, "attempts": event.attempts + 1, "sent_at": fields.Datetime.now(),
            "places": places_of(event.body, answer.info), "remote_sequence": answer.sequence or event.revision,
            "body": False, "next_attempt_at": False, "reason": False,
        })  # fmt: skip

    def _superseded(self, event, answer):
        """The service took a later number: of a later event of ours, or of a database that this one is a backup of."""
        if (answer.sequence or 0) <= event.document_id.revision:
            self._sent(event, "superseded", answer)
            return
        reason = self.env._(
            "The service has a later state (number %(theirs)s, here %(ours)s): this database was restored, or another "
            "one sends for the same account. Decide which state shall count.",
            theirs=answer.sequence, ours=event.revision,
        )  # fmt: skip
        event.write({
            "state": "conflict", "remote_sequence": answer.sequence, "reason": reason, "next_attempt_at": False,
        })  # fmt: skip
        self._tell(event, self.env._("The configuration service has a later state"), reason)

    def _refused(self, event, reason):
        event.write({"state": "dead", "reason": reason, "next_attempt_at": False})
        self._tell(event, self.env._("The configuration service refused a change"), reason)

    def _tell(self, event, summary, note):
        self.env["config.service.queue"]._tell_managers_of(event.document_id, summary, note)

    def _wake_for_later(self, queue):
        later = self.env["config.service.event"].search(
            [("state", "=", "pending"), ("next_attempt_at", "!=", False)], order="next_attempt_at", limit=1
        )
        if later and queue.state == "running":
            queue._wake(later.next_attempt_at)

    def _commit(self):
        # Each answer is written down before the next event is sent: what is lost is sent again, at most one.
        if tools.config["test_enable"]:
            self.env.flush_all()
        else:
            self.env.cr.commit()  # pylint: disable=invalid-commit

    def _rollback(self):
        if not tools.config["test_enable"]:
            self.env.cr.rollback()
