"""Gives support documents the company of their profile, and queues what the tables hold."""

from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Run after the models are set up."""
    cr.execute(
        """
        UPDATE business_support_document AS document SET company_id = profile.company_id
        FROM business_rule_support_doc_rel AS link JOIN business_rules AS profile ON profile.id = link.business_rule_id
        WHERE link.document_id = document.id
        """
    )
    env = api.Environment(cr, SUPERUSER_ID, {})
    env.invalidate_all()
    env["config.service.document"]._mark(env["config.service.source"]._config_all_keys())
