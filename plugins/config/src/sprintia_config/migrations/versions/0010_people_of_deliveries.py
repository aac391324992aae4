"""Deliveries say for whom they were made, where a person asked"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE config.delivery ADD COLUMN person text")


def downgrade() -> None:
    op.execute("ALTER TABLE config.delivery DROP COLUMN person")
