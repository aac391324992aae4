"""Adopts the tables of the replaced addon: data stays, screens and rights are made anew."""

import logging

from odoo.addons.config_service_outbox.adoption import drop_columns, forget_models, forget_parameters, forget_screens
from odoo.tools import sql

# Of a script Odoo 18 would log as "pre-migrate", which names nothing.
_logger = logging.getLogger("odoo.addons.business_rules.migrations")

_MODULE = "business_rules"
_MODELS = (
    "business.rules", "business.rules.line", "business.rule.item", "business.temporary.rule",
    "business.scheduling.rule", "business.support.document", "business.template", "business.template.rule",
    "business.template.apply", "business.rules.dashboard",
)  # fmt: skip
# Addresses and tokens that nothing reads any more.
_PARAMETERS = (
    "business_rules.api_url", "business_rules.api_token", "business_rules.mcp_url", "business_rules.mcp_token",
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
    forget_screens(cr, _MODULE, "business.")
    forget_models(cr, _MODULE, "business.", _MODELS)
    _adopt_templates(cr)
    _adopt_temporary_rules(cr)
    _adopt_types(cr)
    _adopt_profiles(cr)
    for table in ("business_rules", *_TYPES, "business_support_document", "business_template"):
        drop_columns(cr, table, (*_LEFTOVERS, *_COMPUTED_NOW.get(table, ())))
    forget_parameters(cr, _PARAMETERS)


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
