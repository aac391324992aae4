"""At DEBUG Odoo logs the arguments of each call that comes from outside: passwords in them are hidden."""

import logging

from .outbox_core.redaction import redacted, secrets_in

# Where 18 and 19 log them.
LOGGERS = ("odoo.api", "odoo.service.model")


class CallFilter(logging.Filter):
    """Hides what is secret by its name, in the record itself: for every handler."""

    def filter(self, record):
        if isinstance(record.args, tuple):
            record.args = tuple(map(_without_secrets, record.args))
        return True


def _without_secrets(argument):
    """Return the arguments of a call as text without secrets, and all else as it is."""
    if not (hasattr(argument, "args") and hasattr(argument, "kwargs")):
        return argument
    found = secrets_in([argument.args, argument.kwargs])
    # They are logged by repr, which writes quotes and backslashes in its own way.
    return redacted(str(argument), found | {repr(secret)[1:-1] for secret in found}) if found else argument


def install():
    """Put the filter on Odoo's loggers; an addon that is loaded again puts no second one."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(type(present).__name__ == CallFilter.__name__ for present in logger.filters):
            logger.addFilter(CallFilter())
