"""The Odoo and the channels that an account's agents work with."""

import secrets

from odoo import api, fields, models
from odoo.addons.config_service_outbox.constraints import add_deferred_constraint
from odoo.addons.config_service_outbox.outbox_core.domains import BUSINESS_AREAS, is_identifier
from odoo.exceptions import AccessError, ValidationError
from odoo.tools import SQL

# Told by lines of their own, or by the chatter.
_NOT_LOGGED = frozenset({"active", "secrets_to_enter", "message_follower_ids", "message_ids", "activity_ids"})
_LONGEST_TOKEN = 128  # at the service
_REFUSALS_LOGGED = {"write": "update", "unlink": "delete"}


class AiSystemCredentials(models.Model):
    _name = "ai.system.credentials"
    _description = "AI credentials"
    _inherit = ["config.service.source", "mail.thread"]
    _order = "name, id"
    _config_ignored_fields = frozenset({"notes", "timeout", "verify_ssl", "client_name"})

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one("res.company", help="Empty: people of all companies work with it.")
    account_id = fields.Char(required=True, copy=False, tracking=True, help="The tenant at the configuration service.")
    token = fields.Char(
        readonly=True, copy=False, help="The name under which agents find the password; it is no secret itself."
    )
    client_name = fields.Char()
    business_area = fields.Selection(list(BUSINESS_AREAS), required=True, default="retail", tracking=True)
    business_area_other = fields.Char(string="Other business area", tracking=True)
    odoo_url = fields.Char(string="Odoo address", tracking=True)
    odoo_db = fields.Char(string="Odoo database", tracking=True)
    odoo_username = fields.Char(string="Odoo user", tracking=True)
    timeout = fields.Integer(default=30, help="Seconds that a test of the connection waits.")
    verify_ssl = fields.Boolean(string="Verify certificate", default=True)
    qdrant_collection = fields.Char(help="Empty: business_rules_<account>.")
    redis_prefix = fields.Char(help="Empty: the account.")
    facebook_app_id = fields.Char(string="Facebook app id")
    instagram_client_id = fields.Char(string="Instagram client id")
    mercadolivre_app_id = fields.Char(string="Mercado Livre app id")
    notes = fields.Text()
    channel_mapping_ids = fields.One2many("ai.channel.mapping", "credential_id", string="Channels")
    access_log_ids = fields.One2many(
        "ai.credentials.access.log",
        "credential_id",
        readonly=True,
        groups="ai_credentials_manager.group_ai_credentials_manager",
    )

    def init(self):
        for column in ("account_id", "token"):
            unique = SQL("UNIQUE (%s)", SQL.identifier(column))
            add_deferred_constraint(self.env.cr, self._table, f"ai_system_credentials_one_per_{column}", unique)

    @api.constrains("account_id")
    def _check_account_id(self):
        for credentials in self:
            if not is_identifier(credentials.account_id or ""):
                raise ValidationError(self.env._(
                    "The account %(name)s may have letters, digits and _ - . @ alone, 128 at most.",
                    name=credentials.account_id or "-",
                ))  # fmt: skip
            same = [("account_id", "=", credentials.account_id), ("id", "!=", credentials.id)]
            if self.sudo().with_context(active_test=False).search_count(same, limit=1):
                raise ValidationError(
                    self.env._("There are credentials of account %(name)s already.", name=credentials.account_id)
                )

    @api.constrains("token")
    def _check_token(self):
        for credentials in self:
            token = credentials.token or ""
            if not token or len(token) > _LONGEST_TOKEN or not token.isprintable():
                raise ValidationError(
                    self.env._("A token is a name of %(most)s visible signs at most.", most=_LONGEST_TOKEN)
                )
            same = [("token", "=", token), ("id", "!=", credentials.id)]
            if self.sudo().with_context(active_test=False).search_count(same, limit=1):
                raise ValidationError(self.env._("Another account's credentials have this token already."))

    def check_access(self, operation):
        try:
            return super().check_access(operation)
        except AccessError:
            if operation in _REFUSALS_LOGGED:
                self.env["ai.credentials.access.log"]._record_refused(self, _REFUSALS_LOGGED[operation])
            raise

    @api.model_create_multi
    def create(self, vals_list):
        made = [{**vals, "token": self._new_token(vals)} for vals in vals_list]
        records = super().create(made)
        self._log(records, "create")
        return records

    def write(self, vals):
        before = {record: record.active for record in self}
        result = super().write(vals)
        if "company_id" in vals:
            self.check_access("write")  # nobody gives credentials to a company that is not theirs
            for record in self.sudo():
                record.access_log_ids.company_id = record.company_id
        changed = {name for name in vals if name not in _NOT_LOGGED and not name.endswith("_sealed")}
        if changed:
            self._log(self, "update", changed=changed)
        if "active" in vals:
            switched = self.filtered(lambda record: record.active != before[record])
            self._log(switched, "restore" if vals["active"] else "archive")
        return result

    def unlink(self):
        self._log(self, "delete")
        return super().unlink()

    def action_config_send(self):
        result = super().action_config_send()
        self._log(self, "send")
        return result

    def _new_token(self, vals):
        return vals.get("token") or f"{(vals.get('account_id') or '').strip()[:100]}-{secrets.token_hex(4)}"

    def _log(self, records, operation, **more):
        self.env["ai.credentials.access.log"]._record(records, operation, **more)
