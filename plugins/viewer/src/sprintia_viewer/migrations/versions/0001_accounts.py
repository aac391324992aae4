"""Users, sessions, second factors, one-time links, attempts"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

OF_USER = "FOREIGN KEY (user_id) REFERENCES viewer.user (id)"


def upgrade() -> None:
    # People belong to no tenant, so no row-level security: which tenants somebody reaches is a column.
    op.execute("""
        CREATE TABLE viewer.user (
            id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_user PRIMARY KEY,
            name text NOT NULL,
            display_name text NOT NULL,
            role text NOT NULL,
            tenants text[],
            may_reveal boolean NOT NULL,
            password_hash text,
            oidc_subject text,
            disabled_at timestamptz,
            created_at timestamptz NOT NULL DEFAULT now(),
            created_by text NOT NULL,
            last_seen_at timestamptz,
            language text,
            zone text NOT NULL DEFAULT 'America/Sao_Paulo',
            theme text NOT NULL DEFAULT 'auto',
            shortcuts boolean NOT NULL DEFAULT true,
            CONSTRAINT uq_user_name UNIQUE (name),
            CONSTRAINT uq_user_oidc_subject UNIQUE (oidc_subject),
            CONSTRAINT ck_user_name CHECK (name ~ '^[a-z0-9._@+-]{1,100}$'),
            CONSTRAINT ck_user_role CHECK (role IN ('viewer', 'editor', 'admin')),
            CONSTRAINT ck_user_language CHECK (language IN ('pt-BR', 'en')),
            CONSTRAINT ck_user_theme CHECK (theme IN ('auto', 'light', 'dark'))
        )""")
    op.execute(f"""
        CREATE TABLE viewer.session (
            id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_session PRIMARY KEY,
            token_hash bytea NOT NULL,
            user_id bigint NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            last_seen_at timestamptz NOT NULL DEFAULT now(),
            ends_at timestamptz NOT NULL,
            confirmed_at timestamptz,
            address text NOT NULL,
            user_agent text NOT NULL,
            notices jsonb NOT NULL DEFAULT '[]',
            CONSTRAINT uq_session_token_hash UNIQUE (token_hash),
            CONSTRAINT fk_session_user_id_user {OF_USER}
        )""")
    op.execute("CREATE INDEX ix_session_user_id ON viewer.session (user_id)")
    op.execute(f"""
        CREATE TABLE viewer.totp (
            user_id bigint CONSTRAINT pk_totp PRIMARY KEY,
            sealed bytea NOT NULL,
            confirmed_at timestamptz,
            last_step bigint,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT fk_totp_user_id_user {OF_USER}
        )""")
    op.execute(f"""
        CREATE TABLE viewer.recovery_code (
            user_id bigint NOT NULL,
            code_hash bytea NOT NULL,
            used_at timestamptz,
            CONSTRAINT pk_recovery_code PRIMARY KEY (user_id, code_hash),
            CONSTRAINT fk_recovery_code_user_id_user {OF_USER}
        )""")
    op.execute(f"""
        CREATE TABLE viewer.one_time_link (
            token_hash bytea CONSTRAINT pk_one_time_link PRIMARY KEY,
            purpose text NOT NULL,
            user_id bigint,
            created_at timestamptz NOT NULL DEFAULT now(),
            created_by text NOT NULL,
            expires_at timestamptz NOT NULL,
            used_at timestamptz,
            CONSTRAINT ck_one_time_link_purpose CHECK (purpose IN ('first_admin', 'invite', 'password_reset')),
            CONSTRAINT ck_one_time_link_for_whom CHECK ((purpose = 'first_admin') = (user_id IS NULL)),
            CONSTRAINT fk_one_time_link_user_id_user {OF_USER}
        )""")
    op.execute("""
        CREATE TABLE viewer.attempt (
            kind text NOT NULL,
            key bytea NOT NULL,
            failures bigint NOT NULL,
            since timestamptz NOT NULL,
            free_at timestamptz NOT NULL,
            CONSTRAINT pk_attempt PRIMARY KEY (kind, key),
            CONSTRAINT ck_attempt_kind CHECK (kind IN ('account', 'address', 'all'))
        )""")
    op.execute("""
        CREATE TABLE viewer.oidc_login (
            state_hash bytea CONSTRAINT pk_oidc_login PRIMARY KEY,
            sealed bytea NOT NULL,
            next_path text NOT NULL,
            session_id bigint,
            expires_at timestamptz NOT NULL
        )""")
    # Users are disabled, never deleted: history and audit name them for ever.
    op.execute("GRANT SELECT, INSERT, UPDATE ON viewer.user TO sprintia_viewer")
    op.execute(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON viewer.session, viewer.totp, viewer.recovery_code, "
        "viewer.one_time_link, viewer.attempt, viewer.oidc_login TO sprintia_viewer"
    )


def downgrade() -> None:
    op.execute(
        "DROP TABLE viewer.oidc_login, viewer.attempt, viewer.one_time_link, viewer.recovery_code, viewer.totp, "
        "viewer.session, viewer.user"
    )
