"""What is sent for an account, and the test of the connection that agents will use."""

import ssl
import xmlrpc.client
from urllib.parse import urlsplit

from odoo import fields, models
from odoo.addons.config_service_outbox.outbox_core.addresses import AddressError, checked_url
from odoo.addons.config_service_outbox.outbox_core.domains import domain_of

_LONGEST_WAIT = 60


class AiSystemCredentials(models.Model):
    _inherit = "ai.system.credentials"  # pylint: disable=consider-merging-classes-inherited

    last_sync = fields.Datetime(string="Last sent", compute="_compute_last_sync")
    last_accessed = fields.Datetime(compute="_compute_last_accessed", compute_sudo=True)

    def _config_document_keys(self):
        keys = set()
        for credentials in self:
            keys.add((credentials.account_id, credentials._service_domain(), "credentials"))
            keys.add((credentials.account_id, "default", "mapping"))
        return keys

    def _service_domain(self):
        return domain_of(self.business_area, self.business_area_other)

    def _compute_last_sync(self):
        events = self.env["config.service.event"].sudo()
        for credentials in self:
            documents = self.env["config.service.document"].sudo()._of_keys(credentials.sudo()._config_keys())
            sent = [("document_id", "in", documents.ids), ("sent_at", "!=", False)]
            credentials.last_sync = events.search(sent, order="sent_at desc", limit=1).sent_at

    def _compute_last_accessed(self):
        for credentials in self:
            credentials.last_accessed = credentials.access_log_ids[:1].access_time

    def _wire(self):
        """Return the body that says all there is of these credentials."""
        self.ensure_one()
        return {
            "event_type": "credentials_sync",
            "complete": True,
            "account_id": self.account_id,
            "domain": self._service_domain(),
            "token": self.token,
            "name": self.name,
            "odoo_url": self.odoo_url or "",
            "odoo_db": self.odoo_db or "",
            "odoo_username": self.odoo_username or "",
            # Odoo takes an API key wherever it takes a password.
            "odoo_password": self._sealed_or_empty("odoo_password") or self._sealed_or_empty("odoo_api_key"),
            "qdrant_collection": self.qdrant_collection or "",
            "redis_prefix": self.redis_prefix or "",
            "facebook_app_id": self.facebook_app_id or "",
            "facebook_app_secret": self._sealed_or_empty("facebook_app_secret"),
            "facebook_access_token": self._sealed_or_empty("facebook_access_token"),
            "instagram_client_id": self.instagram_client_id or "",
            "instagram_client_secret": self._sealed_or_empty("instagram_client_secret"),
            "instagram_access_token": self._sealed_or_empty("instagram_access_token"),
            "mercado_livre_app_id": self.mercadolivre_app_id or "",
            "mercado_livre_client_secret": self._sealed_or_empty("mercadolivre_client_secret"),
            "mercado_livre_access_token": self._sealed_or_empty("mercadolivre_access_token"),
        }

    # --- the test of the connection

    def action_test_connection(self):
        """Ask the Odoo of these credentials who it is, and whether it knows the user."""
        self.ensure_one()
        self.check_access("write")
        fault, told = self.sudo()._tested()
        self._log(self, "test_connection", error=fault)
        notify = self.env["config.service.document"]._notification
        return notify(fault, kind="danger") if fault else notify(told)

    def _tested(self):
        """Return what is wrong, and what was found."""
        try:
            url = checked_url(self.odoo_url)
        except AddressError:
            return self.env._("The address of Odoo must be https://…, or http on this machine itself."), ""
        sealed = self.odoo_password_sealed or self.odoo_api_key_sealed
        try:
            version = self._proxy(url).version()["server_version"]
            if not (sealed and self.odoo_db and self.odoo_username):
                return "", self.env._("Odoo %(version)s answers; user and password were not tested.", version=version)
            secret = self.env["config.service.vault"].open(sealed)
            known = self._proxy(url).authenticate(self.odoo_db, self.odoo_username, secret, {})
        except (OSError, xmlrpc.client.Error, KeyError, TypeError, ValueError) as error:
            # The kind of the fault alone: its text may hold what was sent.
            return self.env._("Odoo cannot be asked: %(kind)s.", kind=type(error).__name__), ""
        if not known:
            return self.env._(
                "Odoo %(version)s answers, and does not know this user and password.", version=version
            ), ""
        return "", self.env._("Odoo %(version)s answers, and knows this user.", version=version)

    def _proxy(self, url):
        seconds = min(max(self.timeout or 0, 1), _LONGEST_WAIT)
        context = ssl.create_default_context()
        if not self.verify_ssl:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        safe = urlsplit(url).scheme == "https"
        transport = _SafeTransport(seconds, context) if safe else _Transport(seconds)
        return xmlrpc.client.ServerProxy(f"{url}/xmlrpc/2/common", transport=transport, allow_none=True)


class _Transport(xmlrpc.client.Transport):
    def __init__(self, seconds):
        super().__init__()
        self._seconds = seconds

    def make_connection(self, host):
        connection = super().make_connection(host)
        connection.timeout = self._seconds
        return connection


class _SafeTransport(xmlrpc.client.SafeTransport):
    def __init__(self, seconds, context):
        super().__init__(context=context)
        self._seconds = seconds

    def make_connection(self, host):
        connection = super().make_connection(host)
        connection.timeout = self._seconds
        return connection
