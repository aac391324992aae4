"""Indexes that the statements of the overviews can use under row-level security"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # PostgreSQL takes coalesce() for something that could leak, and then keeps it out of every index condition of a
    # table with row-level security; CASE it knows. The outcome is a step of its own, so that the last delivery that was
    # applied is found at once, whatever number of refused ones came since.
    op.execute("DROP INDEX config.ix_delivery_source")
    op.execute("""
        CREATE INDEX ix_delivery_source ON config.delivery
            (tenant_id, sender, route, (CASE WHEN event IS NULL THEN '' ELSE event END), outcome, id)""")
    op.execute("CREATE INDEX ix_delivery_not_applied ON config.delivery (outcome, id) WHERE outcome <> 'applied'")
    # With the origin in the index, the days of a year are counted without reading the versions.
    for table in ("document_version", "mapping_version"):
        op.execute(f"DROP INDEX config.ix_{table}_day")
        op.execute(f"CREATE INDEX ix_{table}_day ON config.{table} (tenant_id, created_at, origin)")


def downgrade() -> None:
    op.execute("DROP INDEX config.ix_delivery_not_applied, config.ix_delivery_source")
    op.execute("""
        CREATE INDEX ix_delivery_source ON config.delivery (tenant_id, sender, route, (coalesce(event, '')), id)""")
    for table in ("document_version", "mapping_version"):
        op.execute(f"DROP INDEX config.ix_{table}_day")
        op.execute(f"CREATE INDEX ix_{table}_day ON config.{table} (tenant_id, created_at)")
