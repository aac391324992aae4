"""Which versions retention removed, and when"""

from alembic import op

from sprintia_platform.database.row_security import enable_row_security

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

NOTING = {"document_version": "domain, config_type", "mapping_version": "'', ''"}
"""The key that a table's rows are noted under."""


def upgrade() -> None:
    op.execute("""
        CREATE TABLE config.removed_versions (
            tenant_id text NOT NULL,
            domain text NOT NULL,
            config_type text NOT NULL,
            first bigint NOT NULL,
            last bigint NOT NULL,
            first_removed_at timestamptz NOT NULL,
            last_removed_at timestamptz NOT NULL,
            CONSTRAINT pk_removed_versions PRIMARY KEY (tenant_id, domain, config_type, first),
            CONSTRAINT fk_removed_versions_tenant_id_tenant
                FOREIGN KEY (tenant_id) REFERENCES config.tenant (tenant_id)
        )""")
    enable_row_security("config.removed_versions")
    op.execute("GRANT SELECT ON config.removed_versions TO sprintia_config")
    # What goes next to what has gone makes one row with it: there are as many rows as gaps, however often some go.
    op.execute("""
        CREATE FUNCTION config.note_removed(
            p_tenant text, p_domain text, p_config_type text, p_first bigint, p_last bigint
        ) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
        DECLARE
            v_first bigint;
            v_last bigint;
            v_since timestamptz;
        BEGIN
            WITH beside AS (
                DELETE FROM config.removed_versions
                WHERE tenant_id = p_tenant AND domain = p_domain AND config_type = p_config_type
                    AND first <= p_last + 1 AND last >= p_first - 1
                RETURNING first, last, first_removed_at
            )
            SELECT min(first), max(last), min(first_removed_at) INTO v_first, v_last, v_since FROM beside;
            INSERT INTO config.removed_versions VALUES (
                p_tenant, p_domain, p_config_type, least(v_first, p_first), greatest(v_last, p_last),
                coalesce(v_since, statement_timestamp()), statement_timestamp()
            );
        END $function$""")
    op.execute("REVOKE ALL ON FUNCTION config.note_removed(text, text, text, bigint, bigint) FROM PUBLIC")
    # Triggers, so that nothing that removes versions can leave them out.
    for table, key in NOTING.items():
        op.execute(f"""
            CREATE FUNCTION config.note_removed_{table}s() RETURNS trigger
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
            BEGIN
                PERFORM config.note_removed(run.tenant_id, run.domain, run.config_type, lower(of), upper(of) - 1)
                FROM (
                    SELECT tenant_id, domain, config_type, unnest(range_agg(int8range(version, version, '[]')))
                    FROM (SELECT tenant_id, {key}, version FROM gone) removed (tenant_id, domain, config_type, version)
                    GROUP BY tenant_id, domain, config_type
                ) run (tenant_id, domain, config_type, of);
                RETURN NULL;
            END $function$""")
        op.execute(f"REVOKE ALL ON FUNCTION config.note_removed_{table}s() FROM PUBLIC")
        op.execute(f"""
            CREATE TRIGGER note_removed AFTER DELETE ON config.{table}
            REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION config.note_removed_{table}s()""")


def downgrade() -> None:
    for table in NOTING:
        op.execute(f"DROP TRIGGER note_removed ON config.{table}")
        op.execute(f"DROP FUNCTION config.note_removed_{table}s()")
    op.execute("DROP FUNCTION config.note_removed(text, text, text, bigint, bigint)")
    op.execute("DROP TABLE config.removed_versions")
