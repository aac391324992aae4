"""Indexes for what people look at: deliveries by source and outcome, changes by day"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX ix_delivery_newest ON config.delivery (id)")
    # Few deliveries are not applied, and those are the ones that somebody looks for.
    op.execute("""
        CREATE INDEX ix_delivery_outcome ON config.delivery (tenant_id, outcome, id) WHERE outcome <> 'applied'""")
    op.execute("""
        CREATE INDEX ix_delivery_source ON config.delivery (tenant_id, sender, route, (coalesce(event, '')), id)""")
    op.execute("CREATE INDEX ix_document_version_day ON config.document_version (tenant_id, created_at)")
    op.execute("CREATE INDEX ix_mapping_version_day ON config.mapping_version (tenant_id, created_at)")


def downgrade() -> None:
    for name in (
        "delivery_newest", "delivery_outcome", "delivery_source", "document_version_day", "mapping_version_day",
    ):  # fmt: skip
        op.execute(f"DROP INDEX config.ix_{name}")
