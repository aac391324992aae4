"""Constraints of the database that give way to friendlier words: they are checked at the commit.

A model's own check runs after the row is written. A plain unique index would refuse the row before it, in the words of
PostgreSQL, and Odoo would log its values. A deferred constraint leaves the word to the model, and catches two
transactions that did not see each other.
"""

from odoo.tools import sql


def add_deferred_constraint(cr, table, name, definition):
    """Add a constraint unless it is there.

    Args:
        cr: cursor.
        table: its name.
        name: of the constraint.
        definition: `UNIQUE (…)` or `EXCLUDE USING btree (…)`, as an `odoo.tools.sql.SQL`.
    """
    cr.execute("SELECT 1 FROM pg_constraint WHERE conname = %s AND conrelid = %s::regclass", [name, table])
    if not cr.rowcount:
        cr.execute(
            sql.SQL(
                "ALTER TABLE %s ADD CONSTRAINT %s %s DEFERRABLE INITIALLY DEFERRED",
                sql.SQL.identifier(table), sql.SQL.identifier(name), definition,
            )
        )  # fmt: skip
