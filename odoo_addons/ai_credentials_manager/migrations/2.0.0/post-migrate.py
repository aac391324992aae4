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
    env = Environment(cr, SUPERUSER_ID, {"tracking_disable": True, "active_test": False})
    _make_missing_tokens(env)
    key = env["config.service.settings"]._stored(_KEY)
    opened = [_adopted(env, name, key) for name in _SECRETS]
    # What this key did not open another one may, found later: neither is thrown away.
    if all(opened):
        forget_parameters(cr, (_KEY,))
    channels = env["ai.channel.mapping"].search([])
    env.add_to_compute(channels._fields["name"], channels)
    for records in (env[_MODEL].search([]), channels):
        env["config.service.document"]._mark(records._config_keys())
    env.flush_all()


def _make_missing_tokens(env):
    for record in env[_MODEL].search([("token", "in", (False, ""))]):
        record.token = record._new_token({"account_id": record.account_id})


def _adopted(env, name, key):
    """Seal a secret of all records anew; tell whether the key opened them all."""
    column = f"{name}_encrypted"
    found = _old_values(env, column)
    left = [(record, values[-1]) for record, values in found.items() if not _adopt(record, name, values, key)]
    if left:
        _keep(env.cr, f"{name}_unopened", left)
    drop_columns(env.cr, _TABLE, (column,))
    _attachments(env, column).unlink()
    return not left


def _keep(cr, column, left):
    """Keep what the key did not open in a column of another name: those of fields that are gone Odoo drops."""
    if not sql.column_exists(cr, _TABLE, column):
        sql.create_column(cr, _TABLE, column, "text")
    for record, value in left:
        cr.execute(
            sql.SQL("UPDATE %s SET %s = %s WHERE id = %s", sql.SQL.identifier(_TABLE), sql.SQL.identifier(column),
                    value, record.id)
        )  # fmt: skip


def _attachments(env, column):
    return env["ir.attachment"].sudo().search([("res_model", "=", _MODEL), ("res_field", "=", column)])


def _old_values(env, column):
    """Return what is stored for each record: in a column, or in an attachment, as Odoo stores binary fields."""
    found = {}
    if sql.column_exists(env.cr, _TABLE, column):
        env.cr.execute(
            sql.SQL(
                "SELECT id, encode(%s::text::bytea, 'escape') FROM %s WHERE %s IS NOT NULL",
                sql.SQL.identifier(column), sql.SQL.identifier(_TABLE), sql.SQL.identifier(column),
            )
        )  # fmt: skip
        found = {row[0]: [row[1]] for row in env.cr.fetchall()}
    for attachment in _attachments(env, column):
        raw = attachment.raw or b""
        found.setdefault(attachment.res_id, []).extend([raw.decode("ascii", "replace"), _packed(raw)])
    records = env[_MODEL]
    return {records.browse(number): values for number, values in found.items()}


def _packed(raw):
    return base64.b64encode(raw).decode()


def _adopt(record, name, values, key):
    """Seal one record's secret anew; tell whether that is settled."""
    if not record.exists() or record[f"{name}_sealed"]:
        return True
    for value in values:
        try:
            secret = legacy_open(value, key)
        except SealError:
            continue
        if secret:
            record.write({f"{name}_sealed": record.env["config.service.vault"].seal(secret)})
        return True
    told = record.secrets_to_enter
    record.write({"secrets_to_enter": f"{told}, {name}" if told else name})
    _logger.info("%s of credentials %s cannot be opened, and has to be entered again", name, record.id)
    return False
