"""Refused deliveries keep their body, and a delivery can be replayed"""

from alembic import op

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE config.delivery
            ADD COLUMN media_type text, ADD COLUMN sequence bigint, ADD COLUMN replay_of bigint""")
    # Of two people who replay the same delivery at once, the index lets one win.
    op.execute("""
        CREATE UNIQUE INDEX uq_delivery_replayed ON config.delivery (tenant_id, replay_of)
            WHERE replay_of IS NOT NULL AND outcome IN ('applied', 'identical')""")
    op.execute("""
        CREATE INDEX ix_delivery_refused_body ON config.delivery (tenant_id, id)
            WHERE outcome = 'refused' AND sealed_body IS NOT NULL""")
    # The role that serves requests cannot change a delivery: this is its only way, and it drops no other body. What
    # somebody else is dropping at this moment is left to them.
    op.execute("""
        CREATE FUNCTION config.drop_refused_bodies(p_tenant text, p_keep integer) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
        BEGIN
            IF current_setting('sprintia.tenants', true) IS DISTINCT FROM '*'
                AND p_tenant <> ALL (string_to_array(coalesce(current_setting('sprintia.tenants', true), ''), ','))
            THEN
                RAISE insufficient_privilege USING MESSAGE = 'this transaction did not name this tenant';
            END IF;
            IF coalesce(p_keep, 0) < 1 THEN
                RAISE invalid_parameter_value USING MESSAGE = 'one body is kept at least';
            END IF;
            UPDATE config.delivery SET sealed_body = NULL WHERE tenant_id = p_tenant AND id IN (
                SELECT id FROM config.delivery
                WHERE tenant_id = p_tenant AND outcome = 'refused' AND sealed_body IS NOT NULL AND id <= (
                    SELECT id FROM config.delivery
                    WHERE tenant_id = p_tenant AND outcome = 'refused' AND sealed_body IS NOT NULL
                    ORDER BY id DESC OFFSET p_keep LIMIT 1
                )
                FOR UPDATE SKIP LOCKED
            );
        END $function$""")
    op.execute("REVOKE ALL ON FUNCTION config.drop_refused_bodies(text, integer) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION config.drop_refused_bodies(text, integer) TO sprintia_config")


def downgrade() -> None:
    op.execute("DROP FUNCTION config.drop_refused_bodies(text, integer)")
    op.execute("DROP INDEX config.ix_delivery_refused_body, config.uq_delivery_replayed")
    op.execute("ALTER TABLE config.delivery DROP COLUMN media_type, DROP COLUMN sequence, DROP COLUMN replay_of")
