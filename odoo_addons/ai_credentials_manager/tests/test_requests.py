"""By HTTP, as people's browsers do it: what they get, and what is left of their tries."""

import json
import logging
from contextlib import contextmanager, suppress

from odoo import api
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged

from .common import CredentialsCase

SECRET = "parola-pela-rede-31"


@tagged("post_install", "-at_install")
class TestRequests(CredentialsCase, HttpCase):
    def setUp(self):
        super().setUp()
        self.make_user("net_reader", ",ai_credentials_manager.group_user")
        self.make_user("net_manager", ",ai_credentials_manager.group_ai_credentials_manager")

    def call(self, method, *arguments, **named):
        """Call a method of the credentials as the browser does."""
        asked = {"model": "ai.system.credentials", "method": method, "args": [self.credentials.ids, *arguments]}
        body = {"jsonrpc": "2.0", "method": "call", "params": {**asked, "kwargs": named}}
        answer = self.url_open(
            f"/web/dataset/call_kw/ai.system.credentials/{method}",
            data=json.dumps(body), headers={"Content-Type": "application/json"},
        )  # fmt: skip
        self.env.invalidate_all()
        return answer.json()

    def last_line(self):
        return self.env["ai.credentials.access.log"].search([], limit=1)

    def test_a_secret_goes_in_and_neither_comes_back_nor_is_logged(self):
        self.authenticate("net_manager", "net_manager")
        with self.everything_logged() as logged:
            given = self.call(
                "web_save", {"facebook_access_token": SECRET}, specification={"facebook_access_token": {}}
            )
            read = self.call("read", [])
        self.assertIs(given["result"][0]["facebook_access_token"], False)
        self.assertTrue(self.credentials.facebook_access_token_set)
        self.assertNotIn(SECRET, json.dumps(read))
        self.assertIn("web_save", "".join(logged.output))
        self.assertNotIn(SECRET, "".join(logged.output))
        line = self.last_line()
        self.assertEqual((line.operation, line.user_id.login), ("secret_set", "net_manager"))
        self.assertEqual(line.ip_address, "127.0.0.1")

    @contextmanager
    def everything_logged(self):
        loggers = [logging.getLogger(name) for name in ("odoo.api", "odoo.service.model", "odoo.sql_db", "odoo.http")]
        levels = [logger.level for logger in loggers]
        with self.assertLogs(level=logging.DEBUG) as logged:
            try:
                for logger in loggers:
                    logger.setLevel(logging.DEBUG)
                yield logged
            finally:
                for logger, level in zip(loggers, levels, strict=True):
                    logger.setLevel(level)

    def test_a_refused_try_leaves_a_line(self):
        self.authenticate("net_reader", "net_reader")
        tries = (("write", [{"odoo_url": "https://evil.example.com"}], "update"), ("unlink", [], "delete"))
        for method, arguments, operation in tries:
            with self.subTest(method):
                before = self.last_line()
                with self.assertLogs("odoo.http", level=logging.WARNING):
                    self.assertEqual(
                        self.call(method, *arguments)["error"]["data"]["name"], "odoo.exceptions.AccessError"
                    )
                line = self.last_line()
                self.assertNotEqual(line, before)
                self.assertEqual(
                    (line.operation, line.success, line.credential_id), (operation, False, self.credentials)
                )
                self.assertEqual(line.user_id.login, "net_reader")
        self.assertEqual(self.credentials.odoo_url, "https://odoo.example.com")

    def test_a_try_that_is_repeated_leaves_one_line(self):
        self.authenticate("net_reader", "net_reader")
        twin = self.make(account_id="account_78")
        with self.assertLogs("odoo.http", level=logging.WARNING):
            for _try in range(3):
                self.call("write", {"name": "Outra"})
        self.credentials |= twin
        with self.assertLogs("odoo.http", level=logging.WARNING):
            self.call("write", {"name": "Outra"})
        lines = self.env["ai.credentials.access.log"].search([("success", "=", False)])
        self.assertEqual(lines.credential_id, self.credentials)
        self.assertEqual(len(lines), 2)

    def test_a_refused_try_without_a_request_leaves_a_line_too(self):
        """Odoo's XML-RPC, which scripts use, hides the request from the models."""
        reader = self.env["res.users"].search([("login", "=", "net_reader")])
        with suppress(AccessError), self.registry.cursor() as cursor:
            theirs = api.Environment(cursor, reader.id, {})["ai.system.credentials"].browse(self.credentials.ids)
            theirs.write({"name": "Outra"})
        self.env.invalidate_all()
        line = self.last_line()
        self.assertEqual((line.operation, line.success, line.user_id), ("update", False, reader))

    def test_a_question_of_odoo_that_is_refused_and_committed_leaves_none(self):
        reader = self.env["res.users"].search([("login", "=", "net_reader")])
        before = self.last_line()
        with self.registry.cursor() as cursor:
            theirs = api.Environment(cursor, reader.id, {})["ai.system.credentials"].browse(self.credentials.ids)
            with suppress(AccessError):
                theirs.check_access("write")
            self.assertFalse(theirs.has_access("write"))
        self.env.invalidate_all()
        self.assertEqual(self.last_line(), before)
