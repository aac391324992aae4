"""A service of the tests: a real HTTP server on loopback that answers as it is told, and keeps what it got."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from odoo.tests import TransactionCase

KEY = "test-key-5f1d"


class Received(NamedTuple):
    path: str
    headers: dict
    body: dict


class Service:
    """Answers are taken in order; when there is none left, every delivery is accepted."""

    def __init__(self):
        self.received, self.answers, self.reconciliation, self._versions = [], [], None, 0
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, headers, answer = service.answer(self.path, dict(self.headers), body)
                content = json.dumps(answer).encode()
                self.send_response(status)
                kind = "application/json" if status < 400 else "application/problem+json"
                for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args):
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def answer(self, path, headers, body):
        if path.endswith("/reconcile"):
            return 200, {}, self.reconciliation
        self.received.append(Received(path, headers, body))
        if self.answers:
            return self.answers.pop(0)
        self._versions += 1
        return 200, {}, {"success": True, "message": "ok", "version": self._versions, "domain": "retail"}

    def refuse(self, status, detail="no", headers=None, times=1):
        self.answers += [(status, headers or {}, {"detail": detail, "status": status})] * times

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class OutboxCase(TransactionCase):
    """Has a service, settings that lead to it, and a kind of document whose content a test sets."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "lang": "en_US"})
        cls.service = Service()
        cls.addClassCleanup(cls.service.close)
        cls.documents = cls.env["config.service.document"]
        cls.events = cls.env["config.service.event"]
        cls.dispatcher = cls.env["config.service.dispatcher"]
        cls.queue = cls.env["config.service.queue"]._main()
        cls.settings = cls.env["config.service.settings"]
        cls.env["ir.config_parameter"].search([("key", "=", "database.is_neutralized")]).unlink()
        cls.settings.store("config_service.url", cls.service.url)
        cls.settings.store("config_service.api_key", KEY)
        cls.settings.store("business_rules.account_id", "account_1")
        cls.events.search([]).unlink()

    def setUp(self):
        super().setUp()
        self.service.received.clear()
        self.service.answers.clear()
        self.contents = {}
        selection = [*self.documents._fields["kind"].selection, ("probe", "Probe")]
        self.patch(self.documents._fields["kind"], "selection", selection)
        case = self

        def _body_probe(documents, account_id, domain):
            content = case.contents.get((account_id, domain))
            return documents._document_body(account_id, domain, "probe", content=content)

        type(self.documents)._body_probe = _body_probe
        self.addCleanup(delattr, type(self.documents), "_body_probe")

    def change(self, content, account_id="account_1", domain="retail", **options):
        """Change what the document holds, and commit as far as a test does."""
        self.contents[account_id, domain] = content
        self.documents._mark({(account_id, domain, "probe")}, **options)
        self.env.cr.flush()
        return self.document(account_id, domain)

    def document(self, account_id="account_1", domain="retail"):
        found = self.documents._of_keys({(account_id, domain, "probe")})
        found.invalidate_recordset()
        return found

    def dispatch(self):
        self.dispatcher._dispatch()
        self.env.invalidate_all()

    def sent(self):
        """Return what the service got: number and content of each."""
        return [(int(got.headers["webhook-sequence"]), got.body.get("content")) for got in self.service.received]
