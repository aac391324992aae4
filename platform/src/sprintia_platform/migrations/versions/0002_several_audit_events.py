"""Audit: several events of one change in one call"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # SECURITY DEFINER, like append_audit, and the same fields in the same order: those of
    # sprintia_platform.audit.log.chained_hash. A loop, because it promises the order, which a query does not.
    op.execute("""
        CREATE FUNCTION platform.append_audit_events(
            p_tenant text, p_actor text, p_request_id text, p_actions text[], p_targets text[], p_details text[]
        ) RETURNS bigint
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        DECLARE
            v_scope text := coalesce(current_setting('sprintia.tenants', true), '');
            v_seq bigint;
            v_hash bytea;
            v_at timestamptz;
            v_at_text text;
        BEGIN
            -- The function runs as its owner, whom row-level security may not bind.
            IF v_scope <> '*' AND p_tenant <> ALL (string_to_array(v_scope, ',')) THEN
                RAISE insufficient_privilege USING MESSAGE = 'this transaction did not name this tenant';
            END IF;
            SELECT seq, hash INTO v_seq, v_hash FROM platform.audit_chain WHERE tenant_id = p_tenant FOR UPDATE;
            IF NOT FOUND THEN
                INSERT INTO platform.audit_chain (tenant_id, seq, hash) VALUES (p_tenant, 0, '')
                    ON CONFLICT (tenant_id) DO NOTHING;
                SELECT seq, hash INTO v_seq, v_hash FROM platform.audit_chain WHERE tenant_id = p_tenant FOR UPDATE;
            END IF;
            FOR i IN 1 .. cardinality(p_actions) LOOP
                v_at := clock_timestamp();
                v_at_text := to_char(v_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
                v_seq := v_seq + 1;
                v_hash := sha256(v_hash || convert_to(
                    length(p_tenant) || ':' || p_tenant || length(v_seq::text) || ':' || v_seq
                    || length(v_at_text) || ':' || v_at_text || length(p_actor) || ':' || p_actor
                    || length(p_actions[i]) || ':' || p_actions[i] || length(p_targets[i]) || ':' || p_targets[i]
                    || length(p_details[i]) || ':' || p_details[i] || length(p_request_id) || ':' || p_request_id,
                    'UTF8'
                ));
                INSERT INTO platform.audit_event VALUES (
                    p_tenant, v_seq, v_at, p_actor, p_actions[i], p_targets[i], p_details[i], p_request_id, v_hash
                );
            END LOOP;
            UPDATE platform.audit_chain SET seq = v_seq, hash = v_hash WHERE tenant_id = p_tenant;
            RETURN v_seq;
        END $$""")
    op.execute("REVOKE ALL ON FUNCTION platform.append_audit_events FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION platform.append_audit_events TO sprintia_plugin")


def downgrade() -> None:
    op.execute("DROP FUNCTION platform.append_audit_events")
