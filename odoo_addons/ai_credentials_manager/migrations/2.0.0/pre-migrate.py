"""Adopts the tables of the replaced addon: data stays, screens and rights are made anew."""

import logging

from odoo.addons.config_service_outbox.adoption import drop_columns, forget_models, forget_parameters, forget_screens
from odoo.tools import sql

# Of a script Odoo 18 would log as "pre-migrate", which names nothing.
_logger = logging.getLogger("odoo.addons.ai_credentials_manager.migrations")

_MODULE = "ai_credentials_manager"
_MODELS = ("ai.system.credentials", "ai.channel.mapping", "ai.credentials.access.log")
_OPERATIONS = ("create", "update", "delete")
# The outbox has what these told: addresses and keys are the settings', states are those of the queue.
_GONE = {
    "ai_system_credentials": (
        "sync_status", "error_message", "last_sync", "last_accessed", "ai_system_url", "config_service_url",
        "config_service_api_key", "vectorization_service_url", "vectorization_service_api_key", "use_ngrok",
        "ngrok_url",
    ),
    "ai_channel_mapping": ("sync_status", "error_message", "last_sync", "internal_account_id"),
}  # fmt: skip


def migrate(cr, version):
    """Run before the models are set up."""
    _keep_settings_of_records(cr)
    forget_screens(cr, _MODULE, "ai.")
    forget_models(cr, _MODULE, "ai.", _MODELS)
    _adopt_log(cr)
    _keep_domain_without_area(cr)
    _keep_one_channel_per_place(cr)
    _drop_old_constraints(cr)
    for table, columns in _GONE.items():
        drop_columns(cr, table, columns)
    # `ai_credentials.encryption_key` goes when the values that it opens are sealed anew: see post-migrate.
    forget_parameters(cr, ("ai_system.url", "vectorization_service.url", "vectorization_service.api_key"))


def _keep_settings_of_records(cr):
    """Where the settings are empty, the newest record's address of the service becomes theirs."""
    if not sql.column_exists(cr, "ai_system_credentials", "config_service_url"):
        return
    cr.execute(
        """
        INSERT INTO ir_config_parameter (key, value)
        SELECT 'config_service.url', config_service_url FROM ai_system_credentials
        WHERE coalesce(config_service_url, '') <> '' ORDER BY id DESC LIMIT 1
        ON CONFLICT (key) DO NOTHING
        """
    )


def _adopt_log(cr):
    """Give old lines an operation that there is, and the name that stays when the credentials go."""
    if not sql.table_exists(cr, "ai_credentials_access_log"):
        return
    cr.execute(
        "UPDATE ai_credentials_access_log SET operation = 'other' WHERE operation IS NULL OR operation <> ALL(%s)",
        [list(_OPERATIONS)],
    )
    if not sql.column_exists(cr, "ai_credentials_access_log", "credential_name"):
        sql.create_column(cr, "ai_credentials_access_log", "credential_name", "varchar")
        cr.execute(
            """
            UPDATE ai_credentials_access_log AS log SET credential_name = credentials.name
            FROM ai_system_credentials AS credentials WHERE credentials.id = log.credential_id
            """
        )


def _keep_domain_without_area(cr):
    """Credentials without a business area belonged to the domain "default": they stay there."""
    if not sql.table_exists(cr, "ai_system_credentials"):
        return
    cr.execute(
        "UPDATE ai_system_credentials SET business_area = 'other', business_area_other = 'default' "
        "WHERE coalesce(business_area, '') = ''"
    )


def _keep_one_channel_per_place(cr):
    """Archive all channels of a place but one: the old constraint did not see those without an inbox.

    The newest stays, of credentials that are active if there are such.
    """
    if not sql.table_exists(cr, "ai_channel_mapping"):
        return
    cr.execute(
        """
        WITH ranked AS (
            SELECT channel.id, row_number() OVER (
                PARTITION BY channel.chatwoot_account_id, coalesce(channel.chatwoot_inbox_id, 0)
                ORDER BY (credentials.active IS TRUE) DESC, channel.id DESC
            ) AS place
            FROM ai_channel_mapping AS channel
            JOIN ai_system_credentials AS credentials ON credentials.id = channel.credential_id
            WHERE channel.active
        )
        UPDATE ai_channel_mapping SET active = FALSE WHERE id IN (SELECT id FROM ranked WHERE place > 1) RETURNING id
        """
    )
    if archived := sorted(row[0] for row in cr.fetchall()):
        _logger.info("channels %s are archived: others answer the same accounts and inboxes", archived)


def _drop_old_constraints(cr):
    """Drop the old unique constraints: they count what is archived, and speak PostgreSQL's language."""
    cr.execute(
        """
        SELECT conrelid::regclass::text, conname FROM pg_constraint
        WHERE conrelid IN (to_regclass('ai_system_credentials'), to_regclass('ai_channel_mapping'))
        AND contype = 'u' AND NOT condeferrable
        """
    )
    for table, name in cr.fetchall():
        cr.execute(sql.SQL("ALTER TABLE %s DROP CONSTRAINT %s", sql.SQL.identifier(table), sql.SQL.identifier(name)))
