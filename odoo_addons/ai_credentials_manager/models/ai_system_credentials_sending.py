"""What is sent for an account, and the test of the connection that agents will use."""

import ssl
import xmlrpc.client
from http.client import HTTPException
from urllib.parse import urlsplit
from xml.parsers.expat import ExpatError

from odoo import fields, models
from odoo.addons.config_service_outbox.outbox_core.addresses import AddressError, checked_url
from odoo.addons.config_service_outbox.outbox_core.domains import domain_of

_LONGEST_WAIT = 60
# What xmlrpc.client lets out when the other side is no Odoo, or no server of XML-RPC at all.
_FAULTS = (
    OSError, HTTPException, xmlrpc.client.Error, ExpatError, LookupError, TypeError, ValueError, ArithmeticError,
    AttributeError,
)  # fmt: skip


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
        keys = {credentials: credentials._config_keys() for credentials in self}
        documents = self.env["config.service.document"].sudo()._of_keys(set().union(*keys.values()))
        sent = [("document_id", "in", documents.ids), ("sent_at", "!=", False)]
        found = self.env["config.service.event"].sudo()._read_group(sent, ["document_id"], ["sent_at:max"])
        latest = {document._key(): sent_at for document, sent_at in found}
        for credentials in self:
            credentials.last_sync = max((latest[key] for key in keys[credentials] if key in latest), default=False)

    def _compute_last_accessed(self):
        lines = self.env["ai.credentials.access.log"].sudo()
        found = lines._read_group([("credential_id", "in", self.ids)], ["credential_id"], ["access_time:max"])
        latest = {credentials.id: access_time for credentials, access_time in found}
        for credentials in self:
            credentials.last_accessed = latest.get(credentials._origin.id, False)

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
        try:
            secret = self._secret_of_odoo()
        except ValueError:
            return self.env._("This installation's key does not open the password. Enter the password again."), ""
        try:
            version = self._proxy(url).version()["server_version"]
            if not (secret and self.odoo_db and self.odoo_username):
                return "", self.env._("Odoo %(version)s answers; user and password were not tested.", version=version)
            known = self._proxy(url).authenticate(self.odoo_db, self.odoo_username, secret, {})
        except _FAULTS as error:
            # The kind of the fault alone: its text may hold what was sent.
            return self.env._("Odoo cannot be asked: %(kind)s.", kind=type(error).__name__), ""
        if not known:
            return self.env._(
                "Odoo %(version)s answers, and does not know this user and password.", version=version
            ), ""
        return "", self.env._("Odoo %(version)s answers, and knows this user.", version=version)

    def _secret_of_odoo(self):
        sealed = self.odoo_password_sealed or self.odoo_api_key_sealed
        return self.env["config.service.vault"].open(sealed) if sealed else ""

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
