"""Rules that begin and end by date, such as promotions: a date changes what agents read, without any write."""

import logging
from datetime import timedelta
from itertools import chain

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .selections import RULE_TYPES

_logger = logging.getLogger(__name__)

STATES = [
    ("draft", "Planned"),
    ("active", "Running"),
    ("expired", "Expired"),
    ("cancelled", "Cancelled"),
]
_DAYS_BY_DEFAULT = 7


class BusinessTemporaryRule(models.Model):
    _name = "business.temporary.rule"
    _description = "Temporary business rule"
    _inherit = ["business.rules.line"]
    _order = "date_start desc, id desc"
    _config_kind = "business_rules"

    description = fields.Text(required=True)
    rule_type = fields.Selection(
        [*RULE_TYPES[:-1], ("schedule", "Opening hours"), RULE_TYPES[-1]],
        string="Type", required=True, default="general", tracking=True,
    )  # fmt: skip
    is_temporary = fields.Boolean(
        string="Only for a time", default=True, tracking=True, help="Off: it runs until it is cancelled."
    )
    # Moments, kept in UTC as all of Odoo's: when they have come does not depend on anybody's time zone.
    date_start = fields.Datetime(string="From", tracking=True, default=lambda _self: fields.Datetime.now())
    date_end = fields.Datetime(
        string="Until", tracking=True,
        default=lambda _self: fields.Datetime.now() + timedelta(days=_DAYS_BY_DEFAULT),
    )  # fmt: skip
    is_cancelled = fields.Boolean(string="Cancelled", readonly=True, copy=False, tracking=True)
    # Not stored: what is stored would still say "running" when the end has passed.
    state = fields.Selection(STATES, compute="_compute_state", search="_search_state")

    @api.depends("is_temporary", "date_start", "date_end", "is_cancelled")
    def _compute_state(self):
        now = fields.Datetime.now()
        for rule in self:
            if rule.is_cancelled:
                rule.state = "cancelled"
            elif rule.is_temporary and rule.date_start and rule.date_start > now:
                rule.state = "draft"
            elif rule.is_temporary and rule.date_end and rule.date_end <= now:
                rule.state = "expired"
            else:
                rule.state = "active"

    @api.model
    def _search_state(self, operator, value):
        named = {value} if isinstance(value, str) else set(value or ())
        wanted = {state for state, _label in STATES if (state in named) == (operator in ("=", "in"))}
        found = [self._domain_of_state(state) for state in sorted(wanted)]
        return [*["|"] * (len(found) - 1), *chain(*found)] if found else [("id", "in", [])]

    @api.model
    def _domain_of_state(self, state):
        """Return the domain of a state, as one term of others."""
        now = fields.Datetime.now()
        standing = ("is_cancelled", "!=", True)
        begun = ["|", ("date_start", "=", False), ("date_start", "<=", now)]
        going_on = ["|", ("date_end", "=", False), ("date_end", ">", now)]
        dated = ("is_temporary", "=", True)
        match state:
            case "cancelled":
                return [("is_cancelled", "=", True)]
            case "draft":
                return ["&", "&", standing, dated, ("date_start", ">", now)]
            case "expired":
                return ["&", "&", "&", standing, dated, ("date_end", "<=", now), *begun]
            case _:
                return ["&", standing, "|", ("is_temporary", "!=", True), "&", *begun, *going_on]

    @api.constrains("is_temporary", "date_start", "date_end")
    def _check_dates(self):
        for rule in self:
            if not rule.is_temporary:
                continue
            if not rule.date_end:
                raise ValidationError(self.env._("Say until when %(name)s runs.", name=rule.name))
            if rule.date_start and rule.date_start >= rule.date_end:
                raise ValidationError(self.env._("%(name)s begins before it ends.", name=rule.name))

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        rules._wake_at_dates()
        return rules

    def write(self, vals):
        result = super().write(vals)
        if not {"date_start", "date_end", "is_temporary", "active", "is_cancelled"}.isdisjoint(vals):
            self._wake_at_dates()
        return result

    def action_cancel(self):
        """End these rules now; what they say is kept."""
        return self.write({"is_cancelled": True})

    def action_activate(self):
        """Let cancelled rules run again, within their dates."""
        return self.write({"is_cancelled": False})

    def _wire(self):
        """Return what agents read of a rule; moments are UTC."""
        self.ensure_one()
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description or "",
            "type": self.rule_type,
            "date_start": self._wire_moment(self.date_start),
            "date_end": self._wire_moment(self.date_end),
        }

    def _wire_moment(self, moment):
        return fields.Datetime.to_string(moment) if self.is_temporary and moment else None

    # --- dates that come

    def _wake_at_dates(self):
        """Let the schedule look when these rules begin and end, besides every hour."""
        now = fields.Datetime.now()
        moments = {moment for rule in self for moment in (rule.date_start, rule.date_end) if moment and moment > now}
        cron = self.env.ref("business_rules.cron_temporary_rules", raise_if_not_found=False)
        if cron and moments:
            cron.sudo()._trigger(at=sorted(moments))

    @api.model
    def _follow_dates(self):
        """Mark the documents of all profiles that have rules with dates; what is the same is not queued.

        Not only those whose date came since the last run: a schedule that was off for a while misses nothing. Never
        raises, as Odoo switches off a scheduled action that fails for a week.
        """
        profiles = self.sudo().search([("is_temporary", "=", True)]).business_rule_id
        for profile in profiles:
            try:
                with self.env.cr.savepoint():
                    self.env["config.service.document"]._mark(profile._keys_of_kinds([self._config_kind]))
                    self.env.cr.flush()
            except Exception as error:  # noqa: BLE001  # pylint: disable=broad-except
                # Most often somebody saves the same profile at this moment, and queues it.
                _logger.info("dates of profile %s are followed later: %s", profile.id, type(error).__name__)
