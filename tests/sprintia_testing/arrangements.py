"""The viewer and the config plugin as they are run: in one process, or each in its own."""

import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Page

from sprintia_testing.crawling import forms_in
from sprintia_testing.databases import TestDatabases
from sprintia_testing.platforms import RunningPlatform
from sprintia_viewer.accounts.users import Role
from sprintia_viewer.parts import Parts
from sprintia_viewer.web import links
from sprintia_viewer.web.languages import catalogue

ArrangementName = Literal["together", "split"]

PASSWORD = "quatro-cavalos-no-quintal"
TOGETHER = pytest.mark.parametrize("arrangement", ["together"], indirect=True, scope="module")
"""For a test of what never reaches the config service, and is the same however that is run."""
_NUMBERS = itertools.count(1)


class Somebody(NamedTuple):
    """A user of the viewer, and the password that opens the account."""

    id: int
    name: str
    password: str
    role: Role


class Arrangement:
    """A viewer and the config service that it reads, however they are run.

    Attributes:
        name: `together` or `split`.
        config, viewer: the platforms; together, the same one.
        config_client: an HTTP client with every right on the config service: plays Odoo.
    """

    def __init__(self, name: ArrangementName, config: RunningPlatform, viewer: RunningPlatform) -> None:
        self.name, self.config, self.viewer = name, config, viewer
        self.config_client = config.with_rights()
        self._users: dict[Role, Somebody] = {}
        self._cookies: dict[str, list[dict[str, Any]]] = {}

    @property
    def viewer_url(self) -> str:
        return self.viewer.url

    @property
    def config_url(self) -> str:
        return self.config.url

    def user(
        self,
        role: Role = "admin",
        *,
        tenants: Iterable[str] | None = None,
        may_reveal: bool | None = None,
        display_name: str = "",
        password: str = PASSWORD,
    ) -> Somebody:
        """Make a user that no other test knows."""
        users = Parts.of(self.viewer.host).users
        name = f"{role}-{next(_NUMBERS)}@exemplo.com.br"
        made = self.viewer.run(
            lambda: users.create(
                name=name, role=role, by="test", tenants=tenants, may_reveal=may_reveal, display_name=display_name
            )
        )
        self.viewer.run(lambda: users.set_password(made.id, password, by="test"))
        return Somebody(made.id, name, password, role)

    def invitation(self, role: Role = "viewer") -> tuple[str, str]:
        """Make a user without a password; return the name, and the address of the link that lets one be chosen."""
        parts, name = Parts.of(self.viewer.host), f"{role}-{next(_NUMBERS)}@exemplo.com.br"
        made = self.viewer.run(lambda: parts.users.create(name=name, role=role, by="test"))
        token = self.viewer.run(lambda: parts.links.make("invite", made.id, by="test"))
        return name, links.welcome(token)

    def role(self, role: Role) -> Somebody:
        """The user of this role that the tests of a module share; a test that changes a user makes its own."""
        if role not in self._users:
            self._users[role] = self.user(role)
        return self._users[role]

    def sign_in(self, page: Page, who: Role | Somebody, *, language: str = "pt-BR") -> Somebody:
        """Sign in as a person does, on the page for it."""
        somebody = self._somebody(who)
        said = catalogue(language).gettext
        page.goto(links.sign_in())
        page.get_by_label(said("User name")).fill(somebody.name)
        page.get_by_label(said("Password")).fill(somebody.password)
        page.get_by_role("button", name=said("Sign in"), exact=True).click()
        page.wait_for_url(f"**{links.home()}")
        return somebody

    def person(self, who: Role | Somebody, *, language: str = "pt-BR") -> httpx.Client:
        """A signed-in HTTP client that sends what a browser sends: for crawls, and for hostile requests."""
        client = self.stranger(language=language)
        for cookie in self.cookies(who):
            client.cookies.set(cookie["name"], cookie["value"])
        return client

    def stranger(self, *, language: str = "pt-BR") -> httpx.Client:
        """The same of somebody who is not signed in."""
        headers = {"Accept": "text/html", "Accept-Language": language, "Origin": self.viewer_url}
        return self.viewer.as_key(None, **headers)

    def cookies(self, who: Role | Somebody) -> list[dict[str, Any]]:
        """The cookies of a signed-in session of this user, for a browser's context; signed in once for all tests."""
        somebody = self._somebody(who)
        if somebody.name not in self._cookies:
            self._cookies[somebody.name] = self._signed_in(somebody)
        return self._cookies[somebody.name]

    def _somebody(self, who: Role | Somebody) -> Somebody:
        return who if isinstance(who, Somebody) else self.role(who)

    def _signed_in(self, somebody: Somebody) -> list[dict[str, Any]]:
        client = self.stranger()
        form = next(form for form in forms_in(client.get(links.sign_in()).text) if "password" in form.fields)
        answer = client.post(
            form.action or links.sign_in(),
            data=form.fields | {"name": somebody.name, "password": somebody.password},
        )
        assert answer.status_code == 303, f"{somebody.name} could not sign in: {answer.status_code} {answer.text[:500]}"
        host = urlsplit(self.viewer_url).hostname
        return [
            {"name": cookie.name, "value": cookie.value, "domain": host, "path": "/", "httpOnly": True}
            for cookie in client.cookies.jar
        ]


@contextmanager
def arranged(name: ArrangementName, databases: TestDatabases, folder: Path, **environ: str) -> Iterator[Arrangement]:
    """Run the viewer with its config service on a database of its own; further settings go to both."""
    database_url = databases.create()
    running: list[RunningPlatform] = []

    def run(part: str, **own: str) -> RunningPlatform:
        given = {"DATABASE_URL": database_url, "SPRINTIA_DATA_DIR": str(folder / part), **environ, **own}
        (folder / part).mkdir()
        running.append(RunningPlatform(given))
        return running[-1]

    try:
        if name == "together":
            platform = run("together")
            yield Arrangement(name, platform, platform)
        else:
            config = run("config", SPRINTIA_PLUGINS="config")
            viewer = run(
                "viewer", SPRINTIA_PLUGINS="viewer", SPRINTIA_CONFIG_URL=config.url,
                SPRINTIA_CONFIG_API_KEY=config.key(),
            )  # fmt: skip
            yield Arrangement(name, config, viewer)
    finally:
        for platform in reversed(running):
            platform.stop()
        databases.drop(database_url)
