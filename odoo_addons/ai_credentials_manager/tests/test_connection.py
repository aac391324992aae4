"""The test of the connection: against what answers as Odoo does, and against what does not."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xmlrpc.client import dumps, loads

from odoo.tests import tagged

from .common import PASSWORD, CredentialsCase


class _Answering(BaseHTTPRequestHandler):
    """Answers as the server's `answer` says: bytes for any call, or a function of method and arguments."""

    def do_POST(self):
        arguments, method = loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = self.server.answer
        body = (
            answer if isinstance(answer, bytes) else dumps((answer(method, *arguments),), methodresponse=True).encode()
        )
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        """Be silent: a test's log has Odoo's lines alone."""


@tagged("post_install", "-at_install")
class TestConnection(CredentialsCase):
    def setUp(self):
        super().setUp()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _Answering)
        thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.credentials.odoo_url = f"http://127.0.0.1:{self.server.server_port}"

    def told(self):
        params = self.credentials.action_test_connection()["params"]
        self.assertNotIn(PASSWORD, params["message"])
        return params["type"], params["message"]

    def answer_as_odoo(self, method, *arguments):
        if method == "version":
            return {"server_version": "18.0"}
        return 7 if arguments[:3] == ("loja", "agente", PASSWORD) else False

    def test_an_odoo_that_knows_the_user(self):
        self.server.answer = self.answer_as_odoo
        self.assertEqual(self.told(), ("success", "Odoo 18.0 answers, and knows this user."))

    def test_an_odoo_that_does_not(self):
        self.server.answer = self.answer_as_odoo
        self.credentials.odoo_username = "outro"
        kind, message = self.told()
        self.assertEqual(kind, "danger")
        self.assertIn("does not know", message)

    def test_without_a_user_the_address_alone_is_tested(self):
        self.server.answer = self.answer_as_odoo
        self.credentials.odoo_username = False
        kind, message = self.told()
        self.assertEqual(kind, "success")
        self.assertIn("were not tested", message)

    def test_what_is_no_odoo_is_told_as_such(self):
        for answer in (
            b"<html><body>a shop<br></body></html>", b"", b"\x00\xff", b"{}",
            dumps((3,), methodresponse=True).encode(), dumps(({},), methodresponse=True).encode(),
            b"<methodResponse><params><param><value><int>x</int></value></param></params></methodResponse>",
            b"<methodResponse><params><param><value><bigdecimal>x</bigdecimal></value></param></params></methodResponse>",
        ):  # fmt: skip
            self.server.answer = answer
            with self.subTest(answer):
                kind, message = self.told()
                self.assertEqual(kind, "danger")
                self.assertIn("cannot be asked", message)

    def test_a_secret_of_another_key_is_told_without_a_traceback(self):
        self.server.answer = self.answer_as_odoo
        self.credentials.odoo_password_sealed = "v1:of another installation"
        kind, message = self.told()
        self.assertEqual(kind, "danger")
        self.assertIn("Enter the password again", message)
