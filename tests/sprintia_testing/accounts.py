"""The viewer's accounts without pages: the services themselves, on a real database, in a loop of their own."""

import asyncio
import itertools
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sprintia_platform.database.connections import Database
from sprintia_platform.settings import load_host_settings
from sprintia_testing.databases import TestDatabases
from sprintia_viewer.accounts.links import Links
from sprintia_viewer.accounts.sealing import ViewerKey
from sprintia_viewer.accounts.sessions import Session, Sessions
from sprintia_viewer.accounts.signing_in import Refused, SignedIn, SignIn
from sprintia_viewer.accounts.throttle import Throttle
from sprintia_viewer.accounts.totp import Totp
from sprintia_viewer.accounts.users import User, Users
from sprintia_viewer.settings import ViewerSettings

PASSWORD = "violet harbour quietly 7"

_NUMBERS = itertools.count(1)
ResultT = TypeVar("ResultT")


class Accounts:
    """Users and what belongs to them. `do(...)` runs one coroutine, `together(...)` several at once."""

    def __init__(self, database_url: str, data_dir: Path, runner: asyncio.Runner, settings: ViewerSettings) -> None:
        self.url, self.data_dir, self.settings = database_url, data_dir, settings
        self._runner = runner
        environ = {"DATABASE_URL": database_url, "SPRINTIA_DATA_DIR": str(data_dir)}
        self.database = Database(load_host_settings(environ))
        self.key = ViewerKey.of(settings.key, data_dir)
        self.users = Users(self.database)
        self.sessions = Sessions(self.database, settings)
        self.links = Links(self.database)
        self.totp = Totp(self.database, self.key)
        self.throttle = Throttle(self.database, self.key)
        self.sign_in = SignIn(self.database, self.sessions, self.totp, self.throttle)

    @classmethod
    @contextmanager
    def on(cls, database_url: str, data_dir: Path, settings: ViewerSettings | None = None) -> Iterator["Accounts"]:
        with asyncio.Runner() as runner:
            made = cls(database_url, data_dir, runner, settings or ViewerSettings())
            made.do(made.database.open())
            try:
                yield made
            finally:
                made.do(made.database.close())

    def do(self, work: Coroutine[Any, Any, ResultT]) -> ResultT:
        return self._runner.run(work)

    def together(self, *works: Coroutine[Any, Any, Any]) -> list[Any]:
        """Run all at once; an error is a result."""

        async def gather() -> list[Any]:
            return await asyncio.gather(*works, return_exceptions=True)

        return self._runner.run(gather())

    def sql(self, statement: str, *arguments: Any) -> list[dict[str, Any]]:
        """Run a statement as the superuser."""
        return TestDatabases.run(self.url, statement, *arguments)

    def user(self, *, password: str | None = PASSWORD, **given: Any) -> User:
        """A user of its own for a test."""
        name = f"person-{next(_NUMBERS)}"
        user = self.do(self.users.create(**{"name": name, "role": "viewer", "by": "test", **given}))
        if password is not None:
            self.do(self.users.set_password(user.id, password, by="test"))
        found = self.do(self.users.find(user.id))
        assert found
        return found

    def attempt(self, name: str, password: str = PASSWORD, code: str = "", address: str = "") -> SignedIn | Refused:
        return self.do(self.attempting(name, password, code, address))

    def attempting(
        self, name: str, password: str = PASSWORD, code: str = "", address: str = ""
    ) -> Coroutine[Any, Any, SignedIn | Refused]:
        """An attempt from an address of its own."""
        number = next(_NUMBERS)
        address = address or f"10.9.{number // 250}.{number % 250}"
        return self.sign_in.attempt(name, password, code, address=address, user_agent="test")

    def opened(self, user: User) -> str:
        token = self.do(self.sessions.open(user, address="127.0.0.1", user_agent="test"))
        assert token
        return token

    def found(self, token: str) -> Session:
        session = self.do(self.sessions.find(token))
        assert session
        return session

    def events(self, name: str) -> list[tuple[str, str]]:
        """(actor, action) of what the audit log has about a user, oldest first."""
        rows = self.sql("SELECT actor, action FROM platform.audit_event WHERE target = $1 ORDER BY seq", f"user/{name}")
        return [(row["actor"], row["action"]) for row in rows]
