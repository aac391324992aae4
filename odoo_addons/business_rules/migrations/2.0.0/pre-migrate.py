"""Adopts the tables of the replaced addon: data stays, screens and rights are made anew."""

import logging

from odoo.tools import sql

# Of a script Odoo 18 would log as "pre-migrate", which names nothing.
_logger = logging.getLogger("odoo.addons.business_rules.migrations")

_MODULE = "business_rules"
_MODELS = (
    "business.rules", "business.rules.line", "business.rule.item", "business.temporary.rule",
    "business.scheduling.rule", "business.support.document", "business.template", "business.template.rule",
    "business.template.apply", "business.rules.dashboard",
)  # fmt: skip
_RULE_TYPES = ("general", "product", "service", "delivery", "payment", "return", "other")
_SERVICE_TYPES = ("consultation", "maintenance", "delivery", "installation", "event", "other")
_TYPES = {
    "business_rule_item": ("rule_type", _RULE_TYPES),
    "business_temporary_rule": ("rule_type", (*_RULE_TYPES, "schedule")),
    "business_template_rule": ("rule_type", _RULE_TYPES),
    "business_scheduling_rule": ("service_type", _SERVICE_TYPES),
}
_AREAS_OF_TEMPLATES = {"clinic": "healthcare", "service": "services"}
# Written by the replaced addon's code, and never fields of it: where such a column is left, it stops every insert.
_LEFTOVERS = ("priority", "business_days")
# Stored before and computed now: a column that nobody writes would be read by reports for ever.
_COMPUTED_NOW = {"business_rules": ("last_sync_date",), "business_temporary_rule": ("state",)}


def migrate(cr, version):
    """Run before the models are set up."""
    _forget_screens(cr)
    _forget_models(cr)
    _adopt_templates(cr)
    _adopt_temporary_rules(cr)
    _adopt_types(cr)
    _adopt_profiles(cr)
    for table in ("business_rules", *_TYPES, "business_support_document", "business_template"):
        _drop_columns(cr, table, (*_LEFTOVERS, *_COMPUTED_NOW.get(table, ())))
    _forget_parameters(cr)


def _forget_screens(cr):
    """Remove views, menus, actions, rights and schedules: they name fields and methods that are gone."""
    cr.execute(
        """
        WITH RECURSIVE gone AS (
            SELECT res_id AS id FROM ir_model_data WHERE module = %s AND model = 'ir.ui.view'
            UNION SELECT view.id FROM ir_ui_view AS view JOIN gone ON view.inherit_id = gone.id
        )
        DELETE FROM ir_ui_view WHERE id IN (SELECT id FROM gone)
        """,
        [_MODULE],
    )
    _forget_schedules(cr)
    cr.execute(
        """
        UPDATE ir_ui_menu SET parent_id = NULL
        WHERE parent_id IN (SELECT res_id FROM ir_model_data WHERE module = %s AND model = 'ir.ui.menu')
        """,
        [_MODULE],
    )
    for model, table in (
        ("ir.ui.menu", "ir_ui_menu"),
        ("ir.actions.act_window", "ir_act_window"),
        ("ir.actions.act_url", "ir_act_url"),
        ("ir.actions.client", "ir_act_client"),
        ("ir.actions.server", "ir_act_server"),
        ("ir.model.access", "ir_model_access"),
        ("ir.rule", "ir_rule"),
    ):
        cr.execute(
            sql.SQL(
                "DELETE FROM %s WHERE id IN (SELECT res_id FROM ir_model_data WHERE module = %s AND model = %s)",
                sql.SQL.identifier(table), _MODULE, model,
            )
        )  # fmt: skip
        cr.execute("DELETE FROM ir_model_data WHERE module = %s AND model = %s", [_MODULE, model])
    cr.execute("DELETE FROM ir_model_data WHERE module = %s AND model IN ('ir.ui.view', 'ir.cron')", [_MODULE])


def _forget_schedules(cr):
    """Remove the schedules on our models: the replaced addon made one for each change of a rule."""
    cr.execute(
        """
        DELETE FROM ir_cron WHERE ir_actions_server_id IN (
            SELECT action.id FROM ir_act_server AS action JOIN ir_model AS model ON model.id = action.model_id
            WHERE model.model LIKE 'business.%%'
        ) RETURNING ir_actions_server_id
        """
    )
    actions = [row[0] for row in cr.fetchall()]
    cr.execute("DELETE FROM ir_act_server WHERE id = ANY(%s)", [actions])
    if actions:
        _logger.info("%s schedules of the replaced addon are removed", len(actions))


def _forget_models(cr):
    """Remove models that are gone from Odoo's list of models; their tables are left as they are."""
    cr.execute(
        """
        SELECT model.id, model.model FROM ir_model AS model
        JOIN ir_model_data AS name ON name.res_id = model.id AND name.model = 'ir.model' AND name.module = %s
        WHERE model.model LIKE 'business.%%' AND model.model <> ALL(%s)
        """,
        [_MODULE, list(_MODELS)],
    )
    gone = dict(cr.fetchall())
    if not gone:
        return
    _logger.info("models that are no more, their tables are kept: %s", ", ".join(sorted(gone.values())))
    for table in ("ir_model_constraint", "ir_model_relation"):
        cr.execute(sql.SQL("DELETE FROM %s WHERE model = ANY(%s)", sql.SQL.identifier(table), list(gone)))
    cr.execute("DELETE FROM ir_model WHERE id = ANY(%s)", [list(gone)])
    for model, table in (
        ("ir.model", "ir_model"),
        ("ir.model.fields", "ir_model_fields"),
        ("ir.model.fields.selection", "ir_model_fields_selection"),
        ("ir.model.constraint", "ir_model_constraint"),
        ("ir.model.relation", "ir_model_relation"),
    ):
        cr.execute(
            sql.SQL(
                "DELETE FROM ir_model_data WHERE module = %s AND model = %s AND res_id NOT IN (SELECT id FROM %s)",
                _MODULE, model, sql.SQL.identifier(table),
            )
        )  # fmt: skip


def _adopt_templates(cr):
    """Give templates an area that profiles have: `clinic` and `service` never met one."""
    if not sql.column_exists(cr, "business_template", "model_type"):
        return
    if not sql.column_exists(cr, "business_template", "business_area"):
        sql.rename_column(cr, "business_template", "model_type", "business_area")
    for old, new in _AREAS_OF_TEMPLATES.items():
        cr.execute("UPDATE business_template SET business_area = %s WHERE business_area = %s", [new, old])


def _adopt_temporary_rules(cr):
    if not sql.table_exists(cr, "business_temporary_rule"):
        return
    if sql.column_exists(cr, "business_temporary_rule", "state"):
        if not sql.column_exists(cr, "business_temporary_rule", "is_cancelled"):
            sql.create_column(cr, "business_temporary_rule", "is_cancelled", "boolean")
        cr.execute("UPDATE business_temporary_rule SET is_cancelled = (state = 'cancelled')")
    if not sql.column_exists(cr, "business_temporary_rule", "is_temporary"):
        sql.create_column(cr, "business_temporary_rule", "is_temporary", "boolean")
    # What has an end ends: a promotion that is over must not come back.
    cr.execute("UPDATE business_temporary_rule SET is_temporary = (date_end IS NOT NULL)")


def _adopt_types(cr):
    """Name what is no choice any more `other`."""
    for table, (column, values) in _TYPES.items():
        if sql.column_exists(cr, table, column):
            where = sql.SQL.identifier(column)
            cr.execute(
                sql.SQL(
                    "UPDATE %s SET %s = 'other' WHERE %s <> ALL(%s)",
                    sql.SQL.identifier(table),
                    where,
                    where,
                    list(values),
                )
            )


def _adopt_profiles(cr):
    """Give each profile a company, and each company one active profile: the one that was written last."""
    if not sql.column_exists(cr, "business_rules", "company_id"):
        return
    cr.execute("UPDATE business_rules SET company_id = (SELECT min(id) FROM res_company) WHERE company_id IS NULL")
    cr.execute(
        """
        UPDATE business_rules AS profile SET active = false
        WHERE active AND EXISTS (
            SELECT FROM business_rules AS other
            WHERE other.active AND other.company_id = profile.company_id
                AND (coalesce(other.write_date, 'epoch'), other.id)
                    > (coalesce(profile.write_date, 'epoch'), profile.id)
        ) RETURNING profile.id
        """
    )
    if archived := [row[0] for row in cr.fetchall()]:
        _logger.info("a company has one active profile: profiles %s are archived", archived)


def _drop_columns(cr, table, columns):
    for column in columns:
        if sql.column_exists(cr, table, column):
            cr.execute(
                sql.SQL("ALTER TABLE %s DROP COLUMN %s CASCADE", sql.SQL.identifier(table), sql.SQL.identifier(column))
            )


def _forget_parameters(cr):
    """Remove addresses and tokens that nothing reads any more, and an account that nobody chose."""
    cr.execute(
        """
        DELETE FROM ir_config_parameter
        WHERE key IN ('business_rules.api_url', 'business_rules.api_token',
                      'business_rules.mcp_url', 'business_rules.mcp_token')
            OR (key = 'business_rules.account_id' AND value = 'account_1')
        RETURNING key
        """
    )
    if removed := sorted(row[0] for row in cr.fetchall()):
        _logger.info("system parameters are removed: %s", ", ".join(removed))
