"""Writes of schemas are answered once for each delivery id"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Of no tenant, like the schemas themselves. What is kept is which version was the answer: neither it nor the digest
    # of the request is made of a secret.
    op.execute("""
        CREATE TABLE config.schema_delivery (
            sender text NOT NULL,
            delivery_id text NOT NULL,
            request_digest bytea NOT NULL,
            config_type text NOT NULL,
            version bigint NOT NULL,
            received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            CONSTRAINT pk_schema_delivery PRIMARY KEY (sender, delivery_id)
        )""")
    op.execute("GRANT SELECT, INSERT ON config.schema_delivery TO sprintia_config")


def downgrade() -> None:
    op.execute("DROP TABLE config.schema_delivery")
