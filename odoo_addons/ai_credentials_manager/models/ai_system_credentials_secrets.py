"""Secrets are typed and never shown: they are sealed before the ORM, PostgreSQL or a log could see them."""

from odoo import api, fields, models

MANAGER = "ai_credentials_manager.group_ai_credentials_manager"
SECRETS = (
    "odoo_password", "odoo_api_key", "facebook_app_secret", "facebook_access_token", "instagram_client_secret",
    "instagram_access_token", "mercadolivre_client_secret", "mercadolivre_access_token",
)  # fmt: skip


def _typed(label):
    """Return a field that takes a secret and always reads empty."""
    return fields.Char(
        string=label, compute="_compute_typed", inverse="_inverse_typed", groups=MANAGER, copy=False, exportable=False
    )


def _sealed():
    return fields.Char(groups=MANAGER, copy=False, readonly=True, exportable=False)


def _is_set():
    return fields.Boolean(compute="_compute_is_set", compute_sudo=True)


class AiSystemCredentials(models.Model):
    _inherit = "ai.system.credentials"

    odoo_password = _typed("Odoo password")
    odoo_password_sealed = _sealed()
    odoo_password_set = _is_set()
    odoo_api_key = _typed("Odoo API key")
    odoo_api_key_sealed = _sealed()
    odoo_api_key_set = _is_set()
    facebook_app_secret = _typed("Facebook app secret")
    facebook_app_secret_sealed = _sealed()
    facebook_app_secret_set = _is_set()
    facebook_access_token = _typed("Facebook access token")
    facebook_access_token_sealed = _sealed()
    facebook_access_token_set = _is_set()
    instagram_client_secret = _typed("Instagram client secret")
    instagram_client_secret_sealed = _sealed()
    instagram_client_secret_set = _is_set()
    instagram_access_token = _typed("Instagram access token")
    instagram_access_token_sealed = _sealed()
    instagram_access_token_set = _is_set()
    mercadolivre_client_secret = _typed("Mercado Livre client secret")
    mercadolivre_client_secret_sealed = _sealed()
    mercadolivre_client_secret_set = _is_set()
    mercadolivre_access_token = _typed("Mercado Livre access token")
    mercadolivre_access_token_sealed = _sealed()
    mercadolivre_access_token_set = _is_set()
    secrets_to_enter = fields.Char(
        readonly=True, copy=False, help="Secrets that could not be taken over from the replaced addon."
    )

    def _compute_typed(self):
        for credentials in self:
            for name in SECRETS:
                credentials[name] = False

    def _inverse_typed(self):
        """What was typed is sealed by `create` and `write`, before a field could hold it."""

    @api.depends(*(f"{name}_sealed" for name in SECRETS))
    def _compute_is_set(self):
        for credentials in self:
            for name in SECRETS:
                credentials[f"{name}_set"] = bool(credentials[f"{name}_sealed"])

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create([self._with_secrets_sealed(vals) for vals in vals_list])
        for record, vals in zip(records, vals_list, strict=True):
            self._log_secrets(record, vals)
        return records

    def write(self, vals):
        sealed = self._with_secrets_sealed(vals)
        result = super().write(sealed) if sealed else True
        self._log_secrets(self, vals)
        return result

    def _with_secrets_sealed(self, vals):
        """Return the values with each typed secret sealed; an empty one changes nothing."""
        result = {name: value for name, value in vals.items() if name not in SECRETS}
        for name in SECRETS:
            if typed := vals.get(name):
                result[f"{name}_sealed"] = self.env["config.service.vault"].seal(typed)
        return result

    def _log_secrets(self, records, vals):
        typed = [name for name in SECRETS if vals.get(name)]
        if typed:
            self._log(records, "secret_set", changed=typed)
            for record in records.filtered("secrets_to_enter"):
                left = [name for name in record.secrets_to_enter.split(", ") if name not in typed]
                record.secrets_to_enter = ", ".join(left)

    def action_remove_secret(self):
        """Remove the secret that the button's context names."""
        self.ensure_one()
        self.check_access("write")
        name = self.env.context.get("secret")
        if name in SECRETS and self[f"{name}_sealed"]:
            self.write({f"{name}_sealed": False})
            self._log(self, "secret_removed", changed=[name])
        return True

    def _sealed_or_empty(self, name):
        """Return what a webhook's body holds in place of a secret."""
        sealed = self[f"{name}_sealed"]
        return {"$sealed": sealed} if sealed else ""
