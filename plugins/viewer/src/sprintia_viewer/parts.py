"""What the viewer's hooks and handlers share in one application."""

import time
from collections.abc import Mapping
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Protocol, cast
from urllib.parse import urlsplit, urlunsplit

from jinja2 import Environment
from litestar.di import Provide

from sprintia_config_client.contract import ConfigReader, ConfigWriter
from sprintia_platform import MenuEntry
from sprintia_platform.keys.store import list_keys
from sprintia_viewer.accounts.links import Links
from sprintia_viewer.accounts.oidc import Oidc
from sprintia_viewer.accounts.sealing import ViewerKey
from sprintia_viewer.accounts.sessions import Sessions
from sprintia_viewer.accounts.signing_in import SignIn
from sprintia_viewer.accounts.throttle import Throttle
from sprintia_viewer.accounts.totp import Totp
from sprintia_viewer.accounts.users import User, Users
from sprintia_viewer.settings import ViewerSettings
from sprintia_viewer.web.assets import Assets
from sprintia_viewer.web.cookies import SessionCookie
from sprintia_viewer.web.environment import make_environment
from sprintia_viewer.web.origins import origin_of
from sprintia_viewer.web.visits import provide_visit

if TYPE_CHECKING:
    from sprintia_platform.host import Host

NAME = "viewer"
_NAMES_SECONDS = 5


class ConfigService(ConfigReader, ConfigWriter, Protocol):
    """The config contract, reading and writing: one object, wherever it runs."""


class Parts:
    """Each made when it is first asked for."""

    def __init__(self, host: "Host") -> None:
        self.host = host
        self.settings = host.settings_of(NAME, ViewerSettings)
        self.cookie = SessionCookie()
        self.version = version("sprintia-viewer")
        self._key_names: tuple[float, Mapping[str, str]] | None = None

    @classmethod
    def of(cls, host: "Host") -> "Parts":
        """The parts of this application: the same for every hook."""
        return host.shared(cls, lambda: cls(host))

    @cached_property
    def config(self) -> ConfigService:
        return cast("ConfigService", self.host.service(ConfigReader))  # type: ignore[type-abstract]  # python/mypy#4717

    @cached_property
    def config_url(self) -> str | None:
        """Where the config service runs, when that is another process; without user and password, if it has any."""
        url = None if "config" in self.host.contributions else self.host.environ.get("SPRINTIA_CONFIG_URL")
        if not url:
            return None
        parts = urlsplit(url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))

    @cached_property
    def assets(self) -> Assets:
        return Assets()

    @cached_property
    def environment(self) -> Environment:
        return make_environment(self.assets)

    @cached_property
    def users(self) -> Users:
        return Users(self.host.database)

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(self.host.database, self.settings)

    @cached_property
    def key(self) -> ViewerKey:
        return ViewerKey.of(self.settings.key, self.host.settings.data_dir)

    @cached_property
    def totp(self) -> Totp:
        return Totp(self.host.database, self.key)

    @cached_property
    def throttle(self) -> Throttle:
        return Throttle(self.host.database, self.key)

    @cached_property
    def sign_in(self) -> SignIn:
        return SignIn(self.host.database, self.sessions, self.totp, self.throttle)

    @cached_property
    def links(self) -> Links:
        return Links(self.host.database)

    @cached_property
    def oidc(self) -> Oidc | None:
        """The way in through the identity provider; None when there is none."""
        if self.settings.oidc_issuer is None:
            return None
        return Oidc(self.host.database, self.settings, self.key, self.sessions)

    async def key_names(self) -> Mapping[str, str]:
        """What people called the keys that are not revoked, by id; one of just now may be missing for some seconds."""
        now = time.monotonic()
        if self._key_names is None or now - self._key_names[0] > _NAMES_SECONDS:
            async with self.host.database.transaction("platform", "*", read_only=True) as connection:
                self._key_names = (now, {
                    key.id: key.name for key in await list_keys(connection) if key.revoked_at is None
                })  # fmt: skip
        return {"bootstrap": "API_KEY", **self._key_names[1]}

    @property
    def provider_name(self) -> str | None:
        """How the identity provider is called; None when there is none."""
        return self.settings.oidc_name if self.settings.oidc_issuer else None

    @property
    def provider_origin(self) -> str | None:
        """Scheme and host of the identity provider."""
        return origin_of(self.settings.oidc_issuer) if self.settings.oidc_issuer else None

    def menu_for(self, user: User) -> list[MenuEntry]:
        """The navigation of a person: other plugins' entries are everybody's, the viewer's own ask for rights."""
        needed = RIGHTS_OF_ENTRIES
        out_of_reach = UNBOUND_ENTRIES if user.tenants is not None else frozenset()
        return [
            entry for entry in self.host.menu
            if entry.id not in out_of_reach and (entry.id not in needed or needed[entry.id] in user.rights)
        ]  # fmt: skip

    def dependencies(self) -> dict[str, Provide]:
        """What handlers may ask for by name."""
        return {"visit": Provide(provide_visit), "parts": Provide(lambda: self, sync_to_thread=False)}


RIGHTS_OF_ENTRIES = {
    "viewer.audit": "admin", "viewer.keys": "admin", "viewer.users": "admin", "viewer.plugins": "admin",
}  # fmt: skip
"""What a person needs to see an entry of the viewer's own."""

UNBOUND_ENTRIES = frozenset({"viewer.keys", "viewer.users"})
"""What is not for people who are bound to tenants."""
