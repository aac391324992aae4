"""For migrations: what the replaced addons left in the database besides their data."""

import logging

from odoo.tools import sql

_logger = logging.getLogger(__name__)

_SCREENS = (
    ("ir.ui.menu", "ir_ui_menu"),
    ("ir.actions.act_window", "ir_act_window"),
    ("ir.actions.act_url", "ir_act_url"),
    ("ir.actions.client", "ir_act_client"),
    ("ir.actions.server", "ir_act_server"),
    ("ir.model.access", "ir_model_access"),
    ("ir.rule", "ir_rule"),
)
_PARTS_OF_MODELS = (
    ("ir.model", "ir_model"),
    ("ir.model.fields", "ir_model_fields"),
    ("ir.model.fields.selection", "ir_model_fields_selection"),
    ("ir.model.constraint", "ir_model_constraint"),
    ("ir.model.relation", "ir_model_relation"),
)


def forget_screens(cr, module, prefix):
    """Remove an addon's views, menus, actions, rights and schedules: they name fields and methods that are gone.

    Args:
        cr: cursor.
        module: the addon.
        prefix: of its models' names, `business.`.
    """
    cr.execute(
        """
        WITH RECURSIVE gone AS (
            SELECT res_id AS id FROM ir_model_data WHERE module = %s AND model = 'ir.ui.view'
            UNION SELECT view.id FROM ir_ui_view AS view JOIN gone ON view.inherit_id = gone.id
        )
        DELETE FROM ir_ui_view WHERE id IN (SELECT id FROM gone)
        """,
        [module],
    )
    _forget_schedules(cr, prefix)
    cr.execute(
        """
        UPDATE ir_ui_menu SET parent_id = NULL
        WHERE parent_id IN (SELECT res_id FROM ir_model_data WHERE module = %s AND model = 'ir.ui.menu')
        """,
        [module],
    )
    for model, table in _SCREENS:
        cr.execute(
            sql.SQL(
                "DELETE FROM %s WHERE id IN (SELECT res_id FROM ir_model_data WHERE module = %s AND model = %s)",
                sql.SQL.identifier(table), module, model,
            )
        )  # fmt: skip
        cr.execute("DELETE FROM ir_model_data WHERE module = %s AND model = %s", [module, model])
    cr.execute("DELETE FROM ir_model_data WHERE module = %s AND model IN ('ir.ui.view', 'ir.cron')", [module])


def _forget_schedules(cr, prefix):
    cr.execute(
        """
        DELETE FROM ir_cron WHERE ir_actions_server_id IN (
            SELECT action.id FROM ir_act_server AS action JOIN ir_model AS model ON model.id = action.model_id
            WHERE model.model LIKE %s
        ) RETURNING ir_actions_server_id
        """,
        [f"{prefix}%"],
    )
    actions = [row[0] for row in cr.fetchall()]
    cr.execute("DELETE FROM ir_act_server WHERE id = ANY(%s)", [actions])
    if actions:
        _logger.info("%s schedules of the replaced addon are removed", len(actions))


def forget_models(cr, module, prefix, kept):
    """Remove models that are gone from Odoo's list of models; their tables are left as they are.

    Args:
        cr: cursor.
        module: the addon.
        prefix: of its models' names.
        kept: names of those that there are still.
    """
    cr.execute(
        """
        SELECT model.id, model.model FROM ir_model AS model
        JOIN ir_model_data AS name ON name.res_id = model.id AND name.model = 'ir.model' AND name.module = %s
        WHERE model.model LIKE %s AND model.model <> ALL(%s)
        """,
        [module, f"{prefix}%", list(kept)],
    )
    gone = dict(cr.fetchall())
    if not gone:
        return
    _logger.info("models that are no more, their tables are kept: %s", ", ".join(sorted(gone.values())))
    for table in ("ir_model_constraint", "ir_model_relation"):
        cr.execute(sql.SQL("DELETE FROM %s WHERE model = ANY(%s)", sql.SQL.identifier(table), list(gone)))
    cr.execute("DELETE FROM ir_model WHERE id = ANY(%s)", [list(gone)])
    for model, table in _PARTS_OF_MODELS:
        cr.execute(
            sql.SQL(
                "DELETE FROM ir_model_data WHERE module = %s AND model = %s AND res_id NOT IN (SELECT id FROM %s)",
                module, model, sql.SQL.identifier(table),
            )
        )  # fmt: skip


def forget_parameters(cr, names):
    """Remove system parameters that nothing reads any more; their names are logged, never what they held."""
    cr.execute("DELETE FROM ir_config_parameter WHERE key = ANY(%s) RETURNING key", [list(names)])
    if removed := sorted(row[0] for row in cr.fetchall()):
        _logger.info("system parameters are removed: %s", ", ".join(removed))


def drop_columns(cr, table, columns):
    """Drop columns that nobody writes any more, where they are."""
    for column in columns:
        if sql.column_exists(cr, table, column):
            cr.execute(
                sql.SQL("ALTER TABLE %s DROP COLUMN %s CASCADE", sql.SQL.identifier(table), sql.SQL.identifier(column))
            )
