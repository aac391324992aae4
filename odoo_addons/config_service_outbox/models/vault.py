"""Secrets are sealed before any statement of SQL holds them; the key is never in the database."""

import os
from pathlib import Path

from odoo import api, models, tools
from odoo.exceptions import UserError

from ..outbox_core.sealing import SealError, Vault, load_keys


class ConfigServiceVault(models.AbstractModel):
    _name = "config.service.vault"
    _description = "Seal of the configuration service's secrets"

    @api.model
    def _vault(self):
        # One key for all databases of an installation, beside their filestores and in none of their backups.
        key_file = Path(tools.config["data_dir"]) / "config_service_outbox" / "master.key"
        return Vault(load_keys(os.environ, key_file))

    @api.model
    def seal(self, text):
        """Return what may be stored in place of a secret.

        Raises:
            UserError: the key cannot be used, for a reason that the operator can mend.
        """
        try:
            return self._vault().seal(text)
        except SealError as error:
            raise UserError(self.env._("The secret cannot be sealed: %(reason)s", reason=error)) from None

    @api.model
    def open(self, sealed):
        """Return the secret in clear.

        Raises:
            ValueError: the key is another one, or the sealed text was changed.
        """
        return self._vault().open(sealed)
