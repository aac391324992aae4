"""Seals the replaced addon's secrets anew, with the key that is not in the database."""

import base64
import logging

from odoo.addons.config_service_outbox.adoption import drop_columns, forget_parameters
from odoo.addons.config_service_outbox.outbox_core.sealing import SealError, legacy_open
from odoo.api import SUPERUSER_ID, Environment
from odoo.tools import sql

# Of a script Odoo 18 would log as "post-migrate", which names nothing.
_logger = logging.getLogger("odoo.addons.ai_credentials_manager.migrations")

_MODEL, _TABLE = "ai.system.credentials", "ai_system_credentials"
_KEY = "ai_credentials.encryption_key"
_SECRETS = (
    "odoo_password", "odoo_api_key", "facebook_app_secret", "facebook_access_token", "instagram_client_secret",
    "instagram_access_token", "mercadolivre_client_secret", "mercadolivre_access_token",
)  # fmt: skip


def migrate(cr, version):
    """Run when the models are set up."""
    env = Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
    key = env["config.service.settings"]._stored(_KEY)
    for name in _SECRETS:
        column = f"{name}_encrypted"
        for record, values in _old_values(env, column).items():
            _adopt(record, name, values, key)
        drop_columns(cr, _TABLE, (column,))
        env["ir.attachment"].sudo().search([("res_model", "=", _MODEL), ("res_field", "=", column)]).unlink()
    if not env[_MODEL].with_context(active_test=False).search_count([("secrets_to_enter", "!=", False)]):
        forget_parameters(cr, (_KEY,))
    env.flush_all()


def _old_values(env, column):
    """Return what is stored for each record: in a column, or in an attachment, as Odoo stores binary fields."""
    found = {}
    if sql.column_exists(env.cr, _TABLE, column):
        env.cr.execute(
            sql.SQL(
                "SELECT id, convert_from(%s::text::bytea, 'UTF8') FROM %s WHERE %s IS NOT NULL",
                sql.SQL.identifier(column), sql.SQL.identifier(_TABLE), sql.SQL.identifier(column),
            )
        )  # fmt: skip
        found = {row[0]: [row[1]] for row in env.cr.fetchall()}
    attachments = env["ir.attachment"].sudo().search([("res_model", "=", _MODEL), ("res_field", "=", column)])
    for attachment in attachments:
        raw = attachment.raw or b""
        found.setdefault(attachment.res_id, []).extend([raw.decode("ascii", "replace"), _packed(raw)])
    records = env[_MODEL].with_context(active_test=False)
    return {records.browse(number): values for number, values in found.items()}


def _packed(raw):
    return base64.b64encode(raw).decode()


def _adopt(record, name, values, key):
    if not record.exists() or record[f"{name}_sealed"]:
        return
    for value in values:
        try:
            secret = legacy_open(value, key)
        except SealError:
            continue
        if secret:
            record.write({f"{name}_sealed": record.env["config.service.vault"].seal(secret)})
        return
    told = record.secrets_to_enter
    record.write({"secrets_to_enter": f"{told}, {name}" if told else name})
    _logger.info("%s of credentials %s cannot be opened, and has to be entered again", name, record.id)
