"""A real Odoo server in a process of its own, and a person who works in it over RPC."""

import os
import re
import signal
import subprocess
import xmlrpc.client
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from odoo_installation import Installation
from sprintia_testing.platforms import free_port, wait_until

ADMIN, WRITER = ("admin", "admin-of-a-test"), ("writer", "writer-of-a-test")


class OdooServer:
    """One process of `odoo-bin` on one database; a restart has the same address."""

    def __init__(self, odoo: Installation, database: str, log: Path, *options: str) -> None:
        self.odoo, self.database, self.log = odoo, database, log
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.options = options
        self.start()

    def start(self) -> None:
        # A connection for each of the eight writers, the scheduler and its listening; workers=0 is one process.
        command = self.odoo.command(
            "-c", str(self.odoo.configuration), "-d", self.database, f"--db-filter=^{self.database}$",
            f"--http-port={self.port}", "--workers=0", "--max-cron-threads=1", *self.options,
        )  # fmt: skip
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True, **self.odoo.popen_options()
            )
        wait_until(self._answers, 90, f"Odoo on {self.database} ready")

    def _answers(self) -> bool:
        assert self.process.poll() is None, f"odoo-bin ended: {self.log.read_text()[-2000:]}"
        try:
            return bool(self._proxy("common").version())
        except (OSError, xmlrpc.client.Error):
            return False

    def kill(self) -> None:
        """SIGKILL, in the middle of whatever it does."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def sign_in(self, login: str, password: str) -> "Person":
        """Return somebody who works in it.

        Raises:
            PermissionError: the login or the password is wrong.
        """
        uid = self._proxy("common").authenticate(self.database, login, password, {})
        if not uid:
            raise PermissionError(login)
        return Person(self, uid, password)

    def admin(self) -> "Person":
        return self.sign_in(*ADMIN)

    def writer(self) -> "Person":
        return self.sign_in(*WRITER)

    def shell(self, script: str) -> str:
        """Run a script as the server's own code; what it prints after `TOLD: ` is returned."""
        done = self.odoo.run(
            "shell", "-c", str(self.odoo.configuration), "-d", self.database, "--no-http", script=script
        )
        assert not done.returncode, done.stderr[-3000:]
        return "\n".join(re.findall(r"^TOLD: (.*)$", done.stdout, re.MULTILINE))

    def query(self, statement: str, *values: object) -> list[list[Any]]:
        return self.odoo.query(self.database, statement, *values)

    def _proxy(self, service: str) -> xmlrpc.client.ServerProxy:
        return xmlrpc.client.ServerProxy(f"{self.url}/xmlrpc/2/{service}", allow_none=True)


class Person:
    """A user's session: `person.write("res.partner", [7], {"name": "Ana"})`."""

    def __init__(self, server: OdooServer, uid: int, password: str) -> None:
        self.server, self.uid, self._password = server, uid, password

    def call(self, model: str, method: str, *arguments: object, **named: object) -> Any:
        proxy = self.server._proxy("object")
        return proxy.execute_kw(
            self.server.database, self.uid, self._password, model, method, list(arguments), dict(named)
        )

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return partial(self._method, method)

    def _method(self, method: str, model: str, *arguments: object, **named: object) -> Any:
        return self.call(model, method, *arguments, **named)

    def one(self, model: str, *names: str, **where: object) -> dict[str, Any]:
        """Return the fields of the only record with these values."""
        found = self.call(model, "search_read", [[name, "=", value] for name, value in where.items()], list(names))
        assert len(found) == 1, f"{model} {where}: {found}"
        return found[0]
