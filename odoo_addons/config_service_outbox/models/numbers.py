"""Numbers as large as the service takes: another sender may have counted by the clock."""

from odoo import fields


class BigInteger(fields.Integer):
    """A whole number of 64 bits; Odoo's own ends at 2,147,483,647."""

    _column_type = ("int8", "int8")
