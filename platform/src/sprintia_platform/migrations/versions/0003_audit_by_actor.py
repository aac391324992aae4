"""Find what one actor did without reading what all others did."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("CREATE INDEX ix_audit_event_actor ON platform.audit_event (actor, at, tenant_id, seq)")


def downgrade() -> None:
    op.execute("DROP INDEX platform.ix_audit_event_actor")
