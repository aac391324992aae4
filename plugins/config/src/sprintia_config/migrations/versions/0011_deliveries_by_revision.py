"""A history tells which delivery made each version"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX ix_delivery_revision ON config.delivery (tenant_id, revision) WHERE revision IS NOT NULL")


def downgrade() -> None:
    op.execute("DROP INDEX config.ix_delivery_revision")
