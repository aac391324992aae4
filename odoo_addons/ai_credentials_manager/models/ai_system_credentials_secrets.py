"""Secrets are typed and never shown: they are sealed before the ORM, PostgreSQL or a log could see them."""

from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

MANAGER = "ai_credentials_manager.group_ai_credentials_manager"
SECRETS = (
    "odoo_password", "odoo_api_key", "facebook_app_secret", "facebook_access_token", "instagram_client_secret",
    "instagram_access_token", "mercadolivre_client_secret", "mercadolivre_access_token",
)  # fmt: skip
_SECRETS_OF_ODOO = ("odoo_password", "odoo_api_key")
_LONGEST_SECRET = 10_000


def _typed(label):
    """Return a field that takes a secret and always reads empty."""
    return fields.Char(
        string=label, compute="_compute_typed", inverse="_inverse_typed", groups=MANAGER, copy=False, exportable=False
    )


def _sealed():
    # Nobody reads, copies or writes what is sealed, not even in another record: the addon does it, as superuser.
    return fields.Char(groups=fields.NO_ACCESS, copy=False, readonly=True)


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
        typed = [self._sealed_of(vals) for vals in vals_list]
        records = super().create([_without_secrets(vals) for vals in vals_list])
        for record, sealed in zip(records, typed, strict=True):
            record._store_sealed(sealed)
        return records

    def write(self, vals):
        self.check_access("write")
        self._check_address(vals)
        sealed, plain = self._sealed_of(vals), _without_secrets(vals)
        result = super().write(plain) if plain else True
        self._store_sealed(sealed)
        return result

    def _sealed_of(self, vals):
        """Return each secret that was typed, sealed; an empty one changes nothing."""
        seal = self.env["config.service.vault"].seal
        return {name: seal(self._checked(name, str(vals[name]))) for name in SECRETS if vals.get(name)}

    def _checked(self, name, secret):
        if len(secret) > _LONGEST_SECRET or not secret.isprintable():
            label = self._fields[name]._description_string(self.env)
            raise ValidationError(
                self.env._("%(field)s is no secret: it is too long, or has signs that nobody can type.", field=label)
            )
        return secret

    def _check_address(self, vals):
        """Refuse that a password which nobody may read is sent to an address where somebody could."""
        if self.env.su or not vals.get("odoo_url"):
            return
        unknown = [name for name in _SECRETS_OF_ODOO if not vals.get(name)]
        for record in self.sudo():
            moved = _origin_of(vals["odoo_url"]) != _origin_of(record.odoo_url)
            if moved and any(record[f"{name}_sealed"] for name in unknown):
                raise UserError(self.env._(
                    "Odoo is at another address now. Enter its password and API key with it, or remove them first: "
                    "what was entered for one address is never sent to another."
                ))  # fmt: skip

    def _store_sealed(self, sealed):
        """Store typed secrets, in a statement without anything else, and log their names."""
        if not sealed:
            return
        self.sudo().write({f"{name}_sealed": text for name, text in sealed.items()})
        self._log(self, "secret_set", changed=sealed)
        for record in self.filtered("secrets_to_enter"):
            left = [name for name in record.secrets_to_enter.split(", ") if name not in sealed]
            record.secrets_to_enter = ", ".join(left)

    def action_forget_secrets_to_enter(self):
        """Take away the reminder of secrets that the replaced addon had and nobody needs."""
        self.write({"secrets_to_enter": False})
        return True

    def action_remove_secret(self):
        """Remove the secret that the button's context names."""
        self.ensure_one()
        self.check_access("write")
        name = self.env.context.get("secret")
        if name in SECRETS and self[f"{name}_set"]:
            self.sudo().write({f"{name}_sealed": False})
            self._log(self, "secret_removed", changed=[name])
        return True

    def _sealed_or_empty(self, name):
        """Return what a webhook's body holds in place of a secret."""
        sealed = self[f"{name}_sealed"]
        return {"$sealed": sealed} if sealed else ""


def _without_secrets(vals):
    return {name: value for name, value in vals.items() if name not in SECRETS}


def _origin_of(url):
    try:
        parts = urlsplit(str(url or "").strip().lower())
    except ValueError:
        return None
    return parts.scheme, parts.netloc
