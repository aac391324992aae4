"""Where the settings are read: environment or file first, then the system parameter."""

import logging
import os

from odoo import api, models
from odoo.exceptions import UserError

from ..outbox_core.addresses import settings_value
from ..outbox_core.client import Client

_logger = logging.getLogger(__name__)

PARAMETERS = (
    "config_service.url",
    "config_service.api_key",
    "config_viewer.url",
    "business_rules.account_id",
    "config_service.webhook_secret",
)
SECRET_PARAMETERS = frozenset({"config_service.api_key", "config_service.webhook_secret"})
SEALED_PREFIX = "sealed:"


class ConfigServiceSettings(models.AbstractModel):
    _name = "config.service.settings"
    _description = "Settings of the configuration service"

    @api.model
    def value(self, name):
        """Return a setting in clear, `""` when there is none; for the server's own use, never for a view."""
        return self._found(name).value

    @api.model
    def origin(self, name):
        """Tell where a setting comes from: `environment`, `file`, `parameter`, or `""` when there is none."""
        return self._found(name).origin

    @api.model
    def _found(self, name):
        return settings_value(name, os.environ, self._parameter(name))

    @api.model
    def _parameter(self, name):
        stored = self._stored(name)
        if not stored.startswith(SEALED_PREFIX):
            return stored
        try:
            return self._opened(stored)
        except ValueError:
            # As good as none: nothing is sent without it, and the queue tells why.
            _logger.warning("the system parameter %s cannot be opened with this installation's key", name)
            return ""

    def _opened(self, stored):
        return self.env["config.service.vault"].open(stored.removeprefix(SEALED_PREFIX))

    @api.model
    def seal_fault(self):
        """Tell why a secret of the settings that counts cannot be opened on this machine; `""` when all can."""
        for name in sorted(SECRET_PARAMETERS):
            stored = self._stored(name)
            if stored.startswith(SEALED_PREFIX) and settings_value(name, os.environ, stored).origin == "parameter":
                try:
                    self._opened(stored)
                except ValueError as error:
                    return str(error)
        return ""

    @api.model
    def _stored(self, name):
        parameters = self.env["ir.config_parameter"].sudo()
        # get_param is gone from 19.1 on.
        read = parameters.get_str if hasattr(parameters, "get_str") else parameters.get_param
        return read(name) or ""

    @api.model
    def store(self, name, value):
        """Write a system parameter; secrets are sealed before PostgreSQL sees them."""
        value = (value or "").strip()
        if value and name in SECRET_PARAMETERS:
            value = SEALED_PREFIX + self.env["config.service.vault"].seal(value)
        parameters = self.env["ir.config_parameter"].sudo()
        (parameters.set_str if hasattr(parameters, "set_str") else parameters.set_param)(name, value or False)

    @api.model
    def account_id(self, company=None):
        """Return the account of a company (default: the current one): its own, else the database's, else `""`."""
        company = company or self.env.company
        return company.sudo().config_account_id or self.value("business_rules.account_id")

    @api.model
    def viewer_url(self, account_id):
        """Return the address of an account's page in the viewer.

        Raises:
            UserError: no address of the viewer is set.
        """
        base = self.value("config_viewer.url").rstrip("/")
        if not base:
            raise UserError(self.env._("Set the address of the viewer in the settings first."))
        return f"{base}/?tenant_id={account_id}"

    @api.model
    def is_neutralized(self):
        """Tell whether this database is a copy that must not reach the outside."""
        return bool(self._stored("database.is_neutralized"))

    @api.model
    def is_complete(self):
        return bool(self.value("config_service.url") and self.value("config_service.api_key"))

    @api.model
    def client(self):
        """Return a new client of the service; close it after use.

        Raises:
            ValueError: the address may not be used.
        """
        return Client(
            self.value("config_service.url"),
            self.value("config_service.api_key"),
            self.value("config_service.webhook_secret"),
        )
