"""Search: the text of each head, with a trigram index"""

from alembic import op
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from sprintia_config.contents.content import read_view
from sprintia_config.contents.keys import DocumentKey
from sprintia_config.search.texts import searched_text
from sprintia_platform.database.row_security import enable_row_security
from sprintia_platform.errors import StartupError

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BATCH = 200

_PLACE_OF_TRIGRAMS = text(
    "SELECT quote_ident(nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
    "WHERE extname = 'pg_trgm'"
)


def upgrade() -> None:
    trigrams = _schema_of_trigrams()
    op.execute("""
        CREATE TABLE config.head_search (
            tenant_id text NOT NULL,
            domain text NOT NULL,
            config_type text NOT NULL,
            searched text NOT NULL,
            indexed boolean NOT NULL DEFAULT false,
            CONSTRAINT pk_head_search PRIMARY KEY (tenant_id, domain, config_type),
            CONSTRAINT fk_head_search_tenant_id_tenant FOREIGN KEY (tenant_id) REFERENCES config.tenant (tenant_id)
        )""")
    op.execute(f"""
        CREATE INDEX ix_head_search_searched ON config.head_search USING gin (searched {trigrams}.gin_trgm_ops)
            WHERE indexed""")
    op.execute("""
        CREATE INDEX ix_head_search_new ON config.head_search (tenant_id, domain, config_type) WHERE NOT indexed""")
    # SECURITY DEFINER: see sprintia_config.search.store. EXECUTE plans each call with its values: a plan for any
    # pattern would not know whether the index helps. The tenants of the transaction are asked for here again, because
    # an owner who is a superuser is not bound by row-level security.
    op.execute("""
        CREATE FUNCTION config.search_heads(
            p_pattern text, p_tenant text, p_domain text, p_config_type text,
            p_after_tenant text, p_after_domain text, p_after_config_type text, p_limit integer
        ) RETURNS TABLE (tenant_id text, domain text, config_type text)
        LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
        DECLARE
            v_scope text := coalesce(current_setting('sprintia.tenants', true), '');
            v_where text := 'searched LIKE $1';
            v_page text := ' ORDER BY tenant_id, domain, config_type LIMIT $8';
        BEGIN
            IF v_scope <> '*' THEN
                v_where := v_where || ' AND tenant_id = ANY ($9)';
            END IF;
            IF p_tenant IS NOT NULL THEN v_where := v_where || ' AND tenant_id = $2'; END IF;
            IF p_domain IS NOT NULL THEN v_where := v_where || ' AND domain = $3'; END IF;
            IF p_config_type IS NOT NULL THEN v_where := v_where || ' AND config_type = $4'; END IF;
            IF p_after_tenant IS NOT NULL THEN
                v_where := v_where || ' AND (tenant_id, domain, config_type) > ($5, $6, $7)';
            END IF;
            RETURN QUERY EXECUTE
                'SELECT * FROM ('
                '(SELECT tenant_id, domain, config_type FROM config.head_search WHERE indexed AND '
                || v_where || v_page || ') UNION ALL '
                '(SELECT tenant_id, domain, config_type FROM config.head_search WHERE NOT indexed AND '
                || v_where || v_page || ')) AS found' || v_page
            USING p_pattern, p_tenant, p_domain, p_config_type, p_after_tenant, p_after_domain, p_after_config_type,
                p_limit, string_to_array(v_scope, ',');
        END $function$""")
    op.execute("REVOKE ALL ON FUNCTION config.search_heads FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION config.search_heads TO sprintia_config")
    enable_row_security("config.head_search")
    op.execute("GRANT SELECT, INSERT, UPDATE (searched, indexed) ON config.head_search TO sprintia_config")
    _fill()


def downgrade() -> None:
    op.execute("DROP FUNCTION config.search_heads")
    op.execute("DROP TABLE config.head_search")


def _schema_of_trigrams() -> str:
    """Make the extension where it is missing, and tell in which schema it is."""
    connection = op.get_bind()
    found = connection.scalar(_PLACE_OF_TRIGRAMS)
    if found is None:
        _create_trigrams(connection)
        found = connection.scalar(_PLACE_OF_TRIGRAMS)
    return str(found)


def _create_trigrams(connection: Connection) -> None:
    if not connection.scalar(text("SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm')")):
        raise StartupError(
            "this PostgreSQL has no extension pg_trgm, which the search needs: install the server's contrib package "
            "(Debian: postgresql-contrib), then run `sprintia db upgrade`"
        )
    try:
        # A trusted extension: the right to create in the database is enough, which the owner has for the schema.
        op.execute("CREATE EXTENSION pg_trgm SCHEMA config")
    except DBAPIError as error:
        # Managed PostgreSQL allows some extensions, to some roles, by rules and with error codes of its own.
        said = str(error.orig).partition("\n")[0].rpartition(">: ")[2]
        raise StartupError(
            f"this user may not create the extension pg_trgm, which the search needs ({said}): let an administrator "
            "run `CREATE EXTENSION pg_trgm` in this database, then run `sprintia db upgrade`"
        ) from error


def _fill() -> None:
    """Write the text of each head that stands already."""
    connection = op.get_bind()
    connection.execute(text("SET LOCAL sprintia.tenants = '*'"))
    after = ("", "", "")
    while True:
        heads = connection.execute(
            text(
                "SELECT tenant_id, domain, config_type, view FROM config.document "
                "JOIN config.document_version USING (tenant_id, domain, config_type, version) "
                "WHERE (tenant_id, domain, config_type) > (:tenant, :domain, :type) "
                "ORDER BY tenant_id, domain, config_type LIMIT :batch"
            ),
            {"tenant": after[0], "domain": after[1], "type": after[2], "batch": BATCH},
        ).all()
        if not heads:
            return
        connection.execute(
            text("INSERT INTO config.head_search (tenant_id, domain, config_type, searched) VALUES (:t, :d, :c, :s)"),
            [{"t": head[0], "d": head[1], "c": head[2], "s": _searched(head)} for head in heads],
        )
        after = (heads[-1][0], heads[-1][1], heads[-1][2])


def _searched(head: tuple[str, str, str, str | None]) -> str:
    # A tombstone has no view, and nothing to be found.
    tenant, domain, config_type, view = head
    return searched_text(DocumentKey(tenant, domain, config_type), read_view(view)) if view else ""
