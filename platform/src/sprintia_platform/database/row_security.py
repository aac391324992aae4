"""Row-level security by tenant: the second wall behind the checks of the routes.

A transaction names its tenants in `sprintia.tenants` (see `Database.transaction`): a list with commas, or `*`. FORCE
makes the policy hold for the table's owner as well. A scalar sub-select is evaluated once per statement, not per row.
"""

from alembic import op


def enable_row_security(table: str, column: str = "tenant_id") -> None:
    """Let a transaction see and write only the rows of its own tenants; for migrations."""
    scope = "(SELECT current_setting('sprintia.tenants', true))"
    listed = "(SELECT string_to_array(current_setting('sprintia.tenants', true), ','))::text[]"
    rule = f"{scope} = '*' OR {column} = ANY ({listed})"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY by_tenant ON {table} USING ({rule}) WITH CHECK ({rule})")
