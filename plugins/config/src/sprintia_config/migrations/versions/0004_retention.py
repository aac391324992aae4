"""Retention: which old versions may go, the horizon before which nothing can be answered, and pins"""

from alembic import op

from sprintia_platform.database.row_security import enable_row_security

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OF_TENANT = "FOREIGN KEY (tenant_id) REFERENCES config.tenant (tenant_id)"
DOCUMENT = "tenant_id = p_tenant AND domain = p_domain AND config_type = p_config_type"
DEFINER = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp"
# The role that serves requests has no DELETE on history: these functions are its only way, and they keep the rules
# themselves, so that no fault in the code that calls them can erase what is to be kept.
FUNCTIONS = (
    "config.removable_versions(text, text, text, integer, integer, integer)",
    "config.removable_mappings(text, integer, integer, integer)",
    "config.remove_versions(text, text, text, integer, integer, integer)",
    "config.remove_mappings(text, integer, integer, integer)",
)
INTERNAL = ("config.begin_removal(text, integer, integer)", "config.raise_horizon(text, bigint, timestamptz)")


def upgrade() -> None:
    op.execute(f"""
        CREATE TABLE config.retention_horizon (
            tenant_id text CONSTRAINT pk_retention_horizon PRIMARY KEY,
            revision bigint NOT NULL,
            at timestamptz NOT NULL,
            CONSTRAINT fk_retention_horizon_tenant_id_tenant {OF_TENANT}
        )""")
    op.execute(f"""
        CREATE TABLE config.pin (
            tenant_id text NOT NULL,
            owner text NOT NULL,
            name text NOT NULL,
            revision bigint NOT NULL,
            note text NOT NULL,
            actor text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            CONSTRAINT pk_pin PRIMARY KEY (tenant_id, owner, name),
            CONSTRAINT fk_pin_tenant_id_tenant {OF_TENANT}
        )""")
    op.execute("CREATE INDEX ix_pin_revision ON config.pin (tenant_id, revision)")
    for table in ("retention_horizon", "pin"):
        enable_row_security(f"config.{table}")
    op.execute("GRANT SELECT ON config.retention_horizon TO sprintia_config")
    op.execute("GRANT SELECT, INSERT, DELETE, UPDATE (revision, note, actor, created_at) ON config.pin "
               "TO sprintia_config")  # fmt: skip
    _create_rules()
    _create_removal()
    for function in (*FUNCTIONS, *INTERNAL):
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    for function in FUNCTIONS:
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO sprintia_config")


def downgrade() -> None:
    for function in (*FUNCTIONS, *INTERNAL):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP TABLE config.pin, config.retention_horizon")


def _create_rules() -> None:
    """The one place that says what may go.

    A version stands from its revision until the next version's. It may go when it is not among the newest p_keep, when
    the next one has stood in its place for p_days (so every moment of the last p_days can still be asked for), when no
    pin needs it, and when it is not the head. `horizon` is the first revision that does not need it. The oldest p_limit
    come first; NULL is all.
    """
    op.execute(f"""
        CREATE FUNCTION config.removable_versions(
            p_tenant text, p_domain text, p_config_type text, p_keep integer, p_days integer, p_limit integer
        ) RETURNS TABLE (version bigint, horizon bigint, horizon_at timestamptz)
        LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $function$
            SELECT old.version, next.revision, greatest(old.created_at, next.created_at)
            FROM config.document_version old
            CROSS JOIN LATERAL (
                SELECT revision, created_at FROM config.document_version
                WHERE {DOCUMENT} AND version > old.version ORDER BY version LIMIT 1
            ) next
            WHERE {DOCUMENT}
                AND old.version < (
                    SELECT version FROM config.document_version WHERE {DOCUMENT}
                    ORDER BY version DESC OFFSET greatest(p_keep, 1) - 1 LIMIT 1
                )
                AND old.created_at < statement_timestamp() - make_interval(days => greatest(p_days, 1))
                AND next.created_at < statement_timestamp() - make_interval(days => greatest(p_days, 1))
                AND NOT EXISTS (
                    SELECT FROM config.pin
                    WHERE tenant_id = p_tenant AND revision >= old.revision AND revision < next.revision
                )
                AND NOT EXISTS (SELECT FROM config.document head WHERE {DOCUMENT} AND head.version = old.version)
            ORDER BY old.version LIMIT p_limit
        $function$""")
    op.execute("""
        CREATE FUNCTION config.removable_mappings(p_tenant text, p_keep integer, p_days integer, p_limit integer)
        RETURNS TABLE (version bigint, horizon bigint, horizon_at timestamptz)
        LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $function$
            SELECT old.version, next.revision, greatest(old.created_at, next.created_at)
            FROM config.mapping_version old
            CROSS JOIN LATERAL (
                SELECT revision, created_at FROM config.mapping_version
                WHERE tenant_id = p_tenant AND version > old.version ORDER BY version LIMIT 1
            ) next
            WHERE tenant_id = p_tenant
                AND old.version < (
                    SELECT version FROM config.mapping_version WHERE tenant_id = p_tenant
                    ORDER BY version DESC OFFSET greatest(p_keep, 1) - 1 LIMIT 1
                )
                AND old.created_at < statement_timestamp() - make_interval(days => greatest(p_days, 1))
                AND next.created_at < statement_timestamp() - make_interval(days => greatest(p_days, 1))
                AND NOT EXISTS (
                    SELECT FROM config.pin
                    WHERE tenant_id = p_tenant AND revision >= old.revision AND revision < next.revision
                )
            ORDER BY old.version LIMIT p_limit
        $function$""")


def _create_removal() -> None:
    # The lock keeps pins from coming in between (sprintia_config.retention.pins takes it too); it keeps no writer
    # waiting. What is looked up after it must be looked up anew: under REPEATABLE READ an older snapshot would miss
    # the pin that was waited for.
    op.execute(f"""
        CREATE FUNCTION config.begin_removal(p_tenant text, p_keep integer, p_days integer) RETURNS void
        {DEFINER} AS $function$
        BEGIN
            IF current_setting('sprintia.tenants', true) IS DISTINCT FROM '*'
                AND p_tenant <> ALL (string_to_array(coalesce(current_setting('sprintia.tenants', true), ''), ','))
            THEN
                RAISE insufficient_privilege USING MESSAGE = 'this transaction did not name this tenant';
            END IF;
            IF coalesce(p_keep, 0) < 1 OR coalesce(p_days, 0) < 1 THEN
                RAISE invalid_parameter_value USING MESSAGE = 'retention keeps one version and one day at least';
            END IF;
            IF current_setting('transaction_isolation') <> 'read committed' THEN
                RAISE invalid_transaction_state USING MESSAGE = 'retention needs READ COMMITTED';
            END IF;
            PERFORM pg_advisory_xact_lock(hashtext('sprintia.config.retention'), hashtext(p_tenant));
        END $function$""")
    op.execute(f"""
        CREATE FUNCTION config.raise_horizon(p_tenant text, p_revision bigint, p_at timestamptz) RETURNS void
        {DEFINER} AS $function$
        BEGIN
            INSERT INTO config.retention_horizon AS old (tenant_id, revision, at) VALUES (p_tenant, p_revision, p_at)
            ON CONFLICT (tenant_id) DO UPDATE
                SET revision = greatest(old.revision, p_revision), at = greatest(old.at, p_at);
        END $function$""")
    op.execute(f"""
        CREATE FUNCTION config.remove_versions(
            p_tenant text, p_domain text, p_config_type text, p_keep integer, p_days integer, p_limit integer
        ) RETURNS bigint
        {DEFINER} AS $function$
        DECLARE
            v_count bigint;
            v_horizon bigint;
            v_at timestamptz;
        BEGIN
            PERFORM config.begin_removal(p_tenant, p_keep, p_days);
            WITH old AS MATERIALIZED (
                SELECT * FROM config.removable_versions(p_tenant, p_domain, p_config_type, p_keep, p_days, p_limit)
            ), versions AS (
                DELETE FROM config.document_version WHERE {DOCUMENT} AND version IN (SELECT version FROM old)
            ), secrets AS (
                DELETE FROM config.secret_version WHERE {DOCUMENT} AND version IN (SELECT version FROM old)
            )
            SELECT count(*), max(horizon), max(horizon_at) INTO v_count, v_horizon, v_at FROM old;
            IF v_count > 0 THEN
                PERFORM config.raise_horizon(p_tenant, v_horizon, v_at);
            END IF;
            RETURN v_count;
        END $function$""")
    op.execute(f"""
        CREATE FUNCTION config.remove_mappings(p_tenant text, p_keep integer, p_days integer, p_limit integer)
        RETURNS bigint
        {DEFINER} AS $function$
        DECLARE
            v_count bigint;
            v_horizon bigint;
            v_at timestamptz;
        BEGIN
            PERFORM config.begin_removal(p_tenant, p_keep, p_days);
            WITH old AS MATERIALIZED (
                SELECT * FROM config.removable_mappings(p_tenant, p_keep, p_days, p_limit)
            ), versions AS (
                DELETE FROM config.mapping_version
                WHERE tenant_id = p_tenant AND version IN (SELECT version FROM old)
            )
            SELECT count(*), max(horizon), max(horizon_at) INTO v_count, v_horizon, v_at FROM old;
            IF v_count > 0 THEN
                PERFORM config.raise_horizon(p_tenant, v_horizon, v_at);
            END IF;
            RETURN v_count;
        END $function$""")
