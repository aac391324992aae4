"""Giving up an event: only by a manager, and with a reason that stays."""

from odoo import fields, models
from odoo.exceptions import UserError


class ConfigServiceDiscard(models.TransientModel):
    _name = "config.service.discard"
    _description = "Discard events of the queue"

    event_ids = fields.Many2many(
        "config.service.event", default=lambda self: self.env.context.get("active_ids", []), readonly=True
    )
    reason = fields.Char(required=True)

    def action_discard(self):
        self.env["config.service.queue"]._check_manager()
        events = self.event_ids.sudo().filtered(lambda event: event.state in ("pending", "dead", "conflict"))
        if not events:
            raise UserError(self.env._("Only what is pending, refused or in conflict can be discarded."))
        told = self.env._("%(user)s: %(reason)s", user=self.env.user.name, reason=self.reason)
        # What Odoo holds now differs from what the service has: the next change is queued, also an equal one.
        events.document_id.write({"digest": "discarded"})
        events._discard(told)
        return {"type": "ir.actions.act_window_close"}
