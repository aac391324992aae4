"""API keys and the audit log"""

from alembic import op

from sprintia_platform.database.row_security import enable_row_security

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    # PostgreSQL lets everybody make temporary tables, and old clusters everybody make tables in `public`. Taken back
    # where the database is ours alone and this user may: others' programs in a shared one may rely on it.
    op.execute("""
        DO $$ BEGIN
            IF NOT EXISTS (
                SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg_%'
                    AND n.nspname NOT IN ('information_schema', 'platform')
            ) AND pg_has_role((SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE') THEN
                EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
                IF to_regnamespace('public') IS NOT NULL
                    AND pg_has_role((SELECT nspowner FROM pg_namespace WHERE nspname = 'public'), 'USAGE') THEN
                    REVOKE ALL ON SCHEMA public FROM PUBLIC;
                END IF;
            END IF;
        END $$""")
    op.execute("""
        CREATE TABLE platform.api_key (
            id text CONSTRAINT pk_api_key PRIMARY KEY,
            name text NOT NULL,
            rights text[] NOT NULL,
            tenants text[],
            networks text[] NOT NULL DEFAULT '{}',
            digest bytea NOT NULL,
            previous_digest bytea,
            previous_until timestamptz,
            expires_at timestamptz,
            revoked_at timestamptz,
            created_at timestamptz NOT NULL DEFAULT now(),
            created_by text NOT NULL,
            last_used_at timestamptz
        )""")
    op.execute("""
        CREATE TABLE platform.audit_chain (
            tenant_id text CONSTRAINT pk_audit_chain PRIMARY KEY,
            seq bigint NOT NULL,
            hash bytea NOT NULL
        )""")
    op.execute("""
        CREATE TABLE platform.audit_event (
            tenant_id text NOT NULL,
            seq bigint NOT NULL,
            at timestamptz NOT NULL,
            actor text NOT NULL,
            action text NOT NULL,
            target text NOT NULL,
            detail text NOT NULL,
            request_id text NOT NULL,
            hash bytea NOT NULL,
            CONSTRAINT pk_audit_event PRIMARY KEY (tenant_id, seq)
        )""")
    op.execute("CREATE INDEX ix_audit_event_newest ON platform.audit_event (at, tenant_id, seq)")  # read backwards
    enable_row_security("platform.audit_event")
    enable_row_security("platform.audit_chain")
    # SECURITY DEFINER: plugins' roles may append an event and can do nothing else with the log. The fields and their
    # order are those of sprintia_platform.audit.log.chained_hash.
    op.execute("""
        CREATE FUNCTION platform.append_audit(
            p_tenant text, p_actor text, p_action text, p_target text, p_detail text, p_request_id text
        ) RETURNS bigint
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        DECLARE
            v_seq bigint;
            v_previous bytea;
            v_at timestamptz;
            v_hash bytea;
        BEGIN
            -- The function runs as its owner, whom row-level security may not bind.
            IF current_setting('sprintia.tenants', true) IS DISTINCT FROM '*'
                AND p_tenant <> ALL (string_to_array(coalesce(current_setting('sprintia.tenants', true), ''), ','))
            THEN
                RAISE insufficient_privilege USING MESSAGE = 'this transaction did not name this tenant';
            END IF;
            INSERT INTO platform.audit_chain (tenant_id, seq, hash) VALUES (p_tenant, 0, '')
                ON CONFLICT (tenant_id) DO NOTHING;
            SELECT seq, hash INTO v_seq, v_previous FROM platform.audit_chain WHERE tenant_id = p_tenant FOR UPDATE;
            v_at := clock_timestamp();
            v_seq := v_seq + 1;
            v_hash := sha256(v_previous || convert_to((
                SELECT string_agg(length(field) || ':' || field, '' ORDER BY place)
                FROM unnest(ARRAY[
                    p_tenant, v_seq::text, to_char(v_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                    p_actor, p_action, p_target, p_detail, p_request_id
                ]) WITH ORDINALITY AS parts(field, place)
            ), 'UTF8'));
            INSERT INTO platform.audit_event VALUES
                (p_tenant, v_seq, v_at, p_actor, p_action, p_target, p_detail, p_request_id, v_hash);
            UPDATE platform.audit_chain SET seq = v_seq, hash = v_hash WHERE tenant_id = p_tenant;
            RETURN v_seq;
        END $$""")
    op.execute("REVOKE ALL ON FUNCTION platform.append_audit FROM PUBLIC")
    op.execute("GRANT USAGE ON SCHEMA platform TO sprintia_plugin")
    op.execute("GRANT EXECUTE ON FUNCTION platform.append_audit TO sprintia_plugin")
    op.execute("GRANT SELECT, INSERT, UPDATE ON platform.api_key TO sprintia_platform")
    op.execute("GRANT SELECT ON platform.audit_event, platform.audit_chain TO sprintia_platform")


def downgrade() -> None:
    op.execute("DROP FUNCTION platform.append_audit")
    op.execute("DROP TABLE platform.audit_event, platform.audit_chain, platform.api_key")
