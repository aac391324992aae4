"""Choices and hours that several models share."""

from odoo.addons.config_service_outbox.outbox_core.domains import BUSINESS_AREAS

AREAS = list(BUSINESS_AREAS)

COMMUNICATION_STYLES = [
    ("formal", "Formal"),
    ("casual", "Casual"),
    ("friendly", "Friendly"),
    ("technical", "Technical"),
]

EMOJI_USAGES = [
    ("none", "None"),
    ("moderate", "Moderate"),
    ("frequent", "Frequent"),
]

RULE_TYPES = [
    ("general", "General"),
    ("product", "Product"),
    ("service", "Service"),
    ("delivery", "Delivery"),
    ("payment", "Payment"),
    ("return", "Return"),
    ("other", "Other"),
]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
DAYS = (*WEEKDAYS, "saturday", "sunday")


def is_span(start, end):
    """Tell whether two hours of a day, as floats, are a span of it."""
    return 0.0 <= start < end <= 24.0


def clock(hour):
    """Write an hour of a day, as a float, the way a clock does: `18.5` is `"18:30"`."""
    minutes = round(hour * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
