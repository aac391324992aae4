"""Schemas of documents; what deliveries say of them"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # No tenant, so no row-level security: see sprintia_config.schemas.store.
    op.execute("""
        CREATE TABLE config.document_schema (
            config_type text NOT NULL,
            version bigint NOT NULL,
            mode text NOT NULL,
            schema text,
            deleted boolean NOT NULL,
            actor text NOT NULL,
            message text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            CONSTRAINT pk_document_schema PRIMARY KEY (config_type, version),
            CONSTRAINT ck_document_schema_known_mode CHECK (mode IN ('warn', 'reject', 'quarantine')),
            CONSTRAINT ck_document_schema_deleted_or_schema CHECK (deleted = (schema IS NULL))
        )""")
    op.execute("GRANT SELECT, INSERT ON config.document_schema TO sprintia_config")
    op.execute("ALTER TABLE config.delivery ADD COLUMN faults text, ADD COLUMN sealed_body bytea")


def downgrade() -> None:
    op.execute("ALTER TABLE config.delivery DROP COLUMN faults, DROP COLUMN sealed_body")
    op.execute("DROP TABLE config.document_schema")
