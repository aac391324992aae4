from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .selections import DAYS, WEEKDAYS, is_span

SERVICE_TYPES = [
    ("consultation", "Consultation"),
    ("maintenance", "Maintenance"),
    ("delivery", "Delivery"),
    ("installation", "Installation"),
    ("event", "Event"),
    ("other", "Other"),
]
_PERIODS = ("morning_start", "morning_end", "afternoon_start", "afternoon_end")
_PREFIXES = ("", "saturday_", "sunday_")
_HOURS = tuple(f"{prefix}{name}" for prefix in _PREFIXES for name in _PERIODS)
_AVAILABLE = tuple(f"{day}_available" for day in DAYS)


class BusinessSchedulingRule(models.Model):
    _name = "business.scheduling.rule"
    _description = "Appointment rule"
    _inherit = ["business.rules.line"]
    _order = "sequence, id"
    _config_kind = "scheduling"

    sequence = fields.Integer(default=10)
    service_type = fields.Selection(
        SERVICE_TYPES, string="Service", required=True, default="consultation", tracking=True
    )
    service_type_other = fields.Char(string="Other service", tracking=True)
    duration = fields.Float(
        string="Duration (hours)",
        required=True,
        default=1.0,
        tracking=True,
        help="Of one appointment: 0.5 is half an hour.",
    )
    min_interval = fields.Float(
        string="Pause between appointments (hours)", tracking=True, help="0.25 is a quarter of an hour to prepare."
    )
    min_advance_time = fields.Integer(string="Booked at least so many hours before", default=24, tracking=True)
    max_advance_time = fields.Integer(string="Booked at most so many days before", default=30, tracking=True)

    monday_available = fields.Boolean(string="Monday", default=True)
    tuesday_available = fields.Boolean(string="Tuesday", default=True)
    wednesday_available = fields.Boolean(string="Wednesday", default=True)
    thursday_available = fields.Boolean(string="Thursday", default=True)
    friday_available = fields.Boolean(string="Friday", default=True)
    saturday_available = fields.Boolean(string="Saturday")
    sunday_available = fields.Boolean(string="Sunday")

    morning_start = fields.Float(string="Morning from", default=8.0)
    morning_end = fields.Float(string="Morning until", default=12.0)
    afternoon_start = fields.Float(string="Afternoon from", default=14.0)
    afternoon_end = fields.Float(string="Afternoon until", default=18.0)
    has_lunch_break = fields.Boolean(string="Pause at noon", default=True)
    saturday_morning_start = fields.Float(string="Saturday morning from", default=8.0)
    saturday_morning_end = fields.Float(string="Saturday morning until", default=12.0)
    saturday_afternoon_start = fields.Float(string="Saturday afternoon from")
    saturday_afternoon_end = fields.Float(string="Saturday afternoon until")
    sunday_morning_start = fields.Float(string="Sunday morning from")
    sunday_morning_end = fields.Float(string="Sunday morning until")
    sunday_afternoon_start = fields.Float(string="Sunday afternoon from")
    sunday_afternoon_end = fields.Float(string="Sunday afternoon until")

    cancellation_policy = fields.Text(string="Cancellation")
    rescheduling_policy = fields.Text(string="Rescheduling")
    required_information = fields.Text(help="What the customer has to tell.")
    confirmation_instructions = fields.Text(string="Confirmation", help="What the customer is told after booking.")

    @api.onchange("service_type")
    def _onchange_service_type(self):
        if self.service_type != "other":
            self.service_type_other = False

    @api.constrains("duration", "min_interval", "min_advance_time", "max_advance_time")
    def _check_times(self):
        for rule in self:
            if not 0.0 < rule.duration <= 24.0:
                raise ValidationError(self.env._("An appointment takes more than 0 and at most 24 hours."))
            if min(rule.min_interval, rule.min_advance_time, rule.max_advance_time) < 0:
                raise ValidationError(self.env._("Pauses and times of booking are not below 0."))
            if rule.max_advance_time and rule.min_advance_time > rule.max_advance_time * 24:
                raise ValidationError(self.env._("The earliest time of booking is before the latest one."))

    @api.constrains(*_HOURS, *_AVAILABLE)
    def _check_hours(self):
        for rule in self:
            if any(not 0.0 <= rule[name] <= 24.0 for name in _HOURS):
                raise ValidationError(self.env._("Hours are from 00:00 to 24:00."))
            for prefix, days in zip(_PREFIXES, (WEEKDAYS, ("saturday",), ("sunday",)), strict=True):
                if any(rule[f"{day}_available"] for day in days):
                    rule._check_periods([rule[f"{prefix}{name}"] for name in _PERIODS])

    def _check_periods(self, hours):
        """Take a morning and an afternoon; one of them may be 00:00 to 00:00, which is none."""
        morning, afternoon = hours[:2], hours[2:]
        spans = [span for span in (morning, afternoon) if any(span)]
        overlap = len(spans) > 1 and morning[1] > afternoon[0]
        if not spans or overlap or not all(is_span(*span) for span in spans):
            raise ValidationError(
                self.env._(
                    "On each day that %(name)s is available there are hours: each period begins before it ends, and "
                    "the morning ends before the afternoon.",
                    name=self.name,
                )
            )

    def _wire(self):
        """Return what agents read of a rule."""
        self.ensure_one()
        return {
            "rule_id": self.id,
            "name": self.name,
            "description": self.description or "",
            "service_type": self.service_type,
            "service_type_other": self.service_type_other or "",
            "duration": self.duration,
            "min_interval": self.min_interval,
            "min_advance_time": self.min_advance_time,
            "max_advance_time": self.max_advance_time,
            "days_available": {day: self[f"{day}_available"] for day in DAYS},
            "hours": {
                "weekdays": {**self._wire_periods(""), "has_lunch_break": self.has_lunch_break},
                "saturday": self._wire_periods("saturday_"),
                "sunday": self._wire_periods("sunday_"),
            },
            "policies": {
                "cancellation": self.cancellation_policy or "",
                "rescheduling": self.rescheduling_policy or "",
            },
            "additional_info": {
                "required_information": self.required_information or "",
                "confirmation_instructions": self.confirmation_instructions or "",
            },
        }

    def _wire_periods(self, prefix):
        return {name: self[f"{prefix}{name}"] for name in _PERIODS}
