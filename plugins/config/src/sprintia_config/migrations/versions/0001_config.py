"""Tenants, documents, secrets, mapping, deliveries"""

from alembic import op

from sprintia_platform.database.row_security import enable_row_security

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "tenant", "tenant_key", "document_version", "document", "secret_version", "mapping_version", "mapping_entry",
    "delivery", "delivery_sequence", "webhook_secret",
)  # fmt: skip
OF_TENANT = "FOREIGN KEY (tenant_id) REFERENCES config.tenant (tenant_id)"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE config.tenant (
            tenant_id text CONSTRAINT pk_tenant PRIMARY KEY,
            revision bigint NOT NULL DEFAULT 0,
            signature text NOT NULL DEFAULT 'inherit',
            key_generation integer NOT NULL DEFAULT 0,
            created_at timestamptz NOT NULL DEFAULT now()
        )""")
    op.execute(f"""
        CREATE TABLE config.tenant_key (
            tenant_id text NOT NULL,
            generation integer NOT NULL,
            master_key_id text NOT NULL,
            wrapped bytea NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_tenant_key PRIMARY KEY (tenant_id, generation),
            CONSTRAINT fk_tenant_key_tenant_id_tenant {OF_TENANT}
        )""")
    op.execute(f"""
        CREATE TABLE config.document_version (
            tenant_id text NOT NULL,
            domain text NOT NULL,
            config_type text NOT NULL,
            version bigint NOT NULL,
            id bigint GENERATED ALWAYS AS IDENTITY,
            revision bigint NOT NULL,
            media text NOT NULL,
            source text,
            sealed_source bytea,
            key_generation integer,
            view text,
            digest text NOT NULL,
            deleted boolean NOT NULL,
            actor text NOT NULL,
            origin text NOT NULL,
            message text NOT NULL,
            created_at timestamptz NOT NULL,
            CONSTRAINT pk_document_version PRIMARY KEY (tenant_id, domain, config_type, version),
            CONSTRAINT uq_document_version_id UNIQUE (id),
            CONSTRAINT uq_document_version_tenant_id_revision_domain_config_type
                UNIQUE (tenant_id, revision, domain, config_type),
            CONSTRAINT fk_document_version_tenant_id_tenant {OF_TENANT},
            CONSTRAINT ck_document_version_one_source
                CHECK (deleted OR (source IS NULL) <> (sealed_source IS NULL)),
            CONSTRAINT ck_document_version_sealed_by_a_key
                CHECK ((sealed_source IS NULL) = (key_generation IS NULL))
        )""")
    op.execute(f"""
        CREATE TABLE config.document (
            tenant_id text NOT NULL,
            domain text NOT NULL,
            config_type text NOT NULL,
            version bigint NOT NULL,
            CONSTRAINT pk_document PRIMARY KEY (tenant_id, domain, config_type),
            CONSTRAINT fk_document_tenant_id_tenant {OF_TENANT},
            CONSTRAINT fk_document_version FOREIGN KEY (tenant_id, domain, config_type, version)
                REFERENCES config.document_version (tenant_id, domain, config_type, version)
        )""")
    op.execute(f"""
        CREATE TABLE config.secret_version (
            tenant_id text NOT NULL,
            domain text NOT NULL,
            config_type text NOT NULL,
            name text NOT NULL,
            version bigint NOT NULL,
            sealed bytea NOT NULL,
            key_generation integer NOT NULL,
            fingerprint bytea NOT NULL,
            CONSTRAINT pk_secret_version PRIMARY KEY (tenant_id, domain, config_type, name, version),
            CONSTRAINT fk_secret_version_tenant_id_tenant {OF_TENANT}
        )""")
    op.execute(f"""
        CREATE TABLE config.mapping_version (
            tenant_id text NOT NULL,
            version bigint NOT NULL,
            id bigint GENERATED ALWAYS AS IDENTITY,
            revision bigint NOT NULL,
            slice text NOT NULL,
            digest text NOT NULL,
            actor text NOT NULL,
            origin text NOT NULL,
            message text NOT NULL,
            created_at timestamptz NOT NULL,
            CONSTRAINT pk_mapping_version PRIMARY KEY (tenant_id, version),
            CONSTRAINT uq_mapping_version_id UNIQUE (id),
            CONSTRAINT uq_mapping_version_tenant_id_revision UNIQUE (tenant_id, revision),
            CONSTRAINT fk_mapping_version_tenant_id_tenant {OF_TENANT}
        )""")
    op.execute(f"""
        CREATE TABLE config.mapping_entry (
            tenant_id text NOT NULL,
            kind text NOT NULL,
            position integer NOT NULL,
            key text NOT NULL,
            domain text NOT NULL,
            crew text,
            sequence bigint,
            CONSTRAINT pk_mapping_entry PRIMARY KEY (tenant_id, kind, position),
            CONSTRAINT fk_mapping_entry_tenant_id_tenant {OF_TENANT}
        )""")
    op.execute("""
        CREATE UNIQUE INDEX uq_mapping_entry_owner ON config.mapping_entry (kind, key)
            WHERE kind IN ('account', 'inbox')""")
    op.execute("CREATE INDEX ix_mapping_entry_number ON config.mapping_entry (key) WHERE kind = 'number'")
    op.execute("""
        CREATE TABLE config.delivery (
            tenant_id text NOT NULL,
            id bigint GENERATED ALWAYS AS IDENTITY,
            sender text NOT NULL,
            delivery_id text,
            route text NOT NULL,
            event text,
            request_digest bytea NOT NULL,
            outcome text NOT NULL,
            status integer NOT NULL,
            reason text,
            sealed_answer bytea,
            key_generation integer,
            revision bigint,
            received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            CONSTRAINT pk_delivery PRIMARY KEY (tenant_id, id)
        )""")
    op.execute("""
        CREATE UNIQUE INDEX uq_delivery_accepted ON config.delivery (sender, delivery_id)
            WHERE delivery_id IS NOT NULL AND outcome <> 'refused'""")
    op.execute(f"""
        CREATE TABLE config.delivery_sequence (
            tenant_id text NOT NULL,
            sender text NOT NULL,
            stream text NOT NULL,
            sequence bigint NOT NULL,
            CONSTRAINT pk_delivery_sequence PRIMARY KEY (tenant_id, sender, stream),
            CONSTRAINT fk_delivery_sequence_tenant_id_tenant {OF_TENANT}
        )""")
    op.execute(f"""
        CREATE TABLE config.webhook_secret (
            tenant_id text NOT NULL,
            id text NOT NULL,
            sealed bytea NOT NULL,
            key_generation integer NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            not_after timestamptz,
            CONSTRAINT pk_webhook_secret PRIMARY KEY (tenant_id, id),
            CONSTRAINT fk_webhook_secret_tenant_id_tenant {OF_TENANT}
        )""")
    for table in TABLES:
        enable_row_security(f"config.{table}")
    # History and deliveries: no UPDATE, no DELETE, no TRUNCATE for the role that serves requests.
    for table, rights in {
        "tenant": "SELECT, INSERT, UPDATE (revision, signature, key_generation)",
        "tenant_key": "SELECT, INSERT, DELETE, UPDATE (master_key_id, wrapped)",
        "document_version": "SELECT, INSERT",
        "document": "SELECT, INSERT, UPDATE (version)",
        "secret_version": "SELECT, INSERT",
        "mapping_version": "SELECT, INSERT",
        "mapping_entry": "SELECT, INSERT, DELETE",
        "delivery": "SELECT, INSERT",
        "delivery_sequence": "SELECT, INSERT, UPDATE (sequence)",
        "webhook_secret": "SELECT, INSERT, UPDATE (not_after)",
    }.items():
        op.execute(f"GRANT {rights} ON config.{table} TO sprintia_config")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE config.{table} CASCADE")
