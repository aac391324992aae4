"""A visit: one request of a person, and the page that answers it."""

import asyncio
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response
from litestar.connection import ASGIConnection

from sprintia_config_client.contract import Person
from sprintia_platform import Problem
from sprintia_platform.http.languages import Language, preferred_language
from sprintia_platform.keys.callers import BOOTSTRAP
from sprintia_viewer.accounts.sessions import Session, csrf_matches, csrf_of
from sprintia_viewer.accounts.users import User
from sprintia_viewer.problems import FORM_OUTDATED, NOT_ALLOWED
from sprintia_viewer.web import links, origins
from sprintia_viewer.web.forms import CSRF_FIELD, FormT, fields_of, read_form
from sprintia_viewer.web.languages import LANGUAGES, PSEUDO, speak, translate
from sprintia_viewer.web.policy import page_headers
from sprintia_viewer.web.times import DEFAULT_ZONE
from sprintia_viewer.web.ways_back import readable_path

if TYPE_CHECKING:
    from sprintia_viewer.parts import ConfigService, Parts

AnyRequest = Request[Any, Any, Any]
DataT = TypeVar("DataT", bound=msgspec.Struct)
Theme = Literal["auto", "light", "dark"]

REVEAL = "secrets:read"


class Notice(msgspec.Struct, frozen=True):
    """A sentence on the next page: `kind` is done, warning or error; `text` an English message id with `%(places)s`."""

    kind: str
    text: str
    values: dict[str, str] = {}

    def show(self) -> dict[str, str]:
        return {"kind": self.kind, "text": translate(self.text) % self.values}


class MenuItem(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the navigation as it is shown."""

    id: str
    label: str
    path: str
    current: bool


class Visit:
    """One request: who asks, in which language, and the ways to answer.

    Attributes:
        request: what was asked.
        session: of the person; None when nobody is signed in.
        language, zone, theme, shortcuts: as the person wants them, else as the browser asks.
    """

    def __init__(self, request: AnyRequest, parts: "Parts", token: str | None, session: Session | None) -> None:
        self.request, self._parts = request, parts
        self._token, self.session = token, session
        self.user: User | None = session.user if session else None
        self.language: str = self._chosen_language()
        self.zone: str = self.user.zone if self.user else DEFAULT_ZONE
        self.theme: Theme = self.user.theme if self.user else "auto"
        self.shortcuts: bool = self.user.shortcuts if self.user else True
        self.path: str = request.url.path
        self.request_id: str = request.scope["state"].get("request_id", "")
        self._has_twin = True
        self._key_names: Mapping[str, str] = {}

    @property
    def here(self) -> str:
        """Where a link leads back to."""
        path, query = readable_path(self.request), self.request.url.query
        return f"{path}?{query}" if query and path == self.path else path

    def here_in(self, language: str) -> str:
        """The same in another language, for who is not signed in."""
        return f"{readable_path(self.request)}?{urlencode({'language': language})}"

    def key_name(self, actor: str) -> str:
        """What people called the key `key:1f2e`; empty of what is none, or is not known."""
        return self._key_names.get(actor.removeprefix("key:"), "") if actor.startswith("key:") else ""

    def key_page(self, actor: str) -> str:
        """Where the key `key:1f2e` is, for whoever may look at keys; empty where there is no such page."""
        key = actor.removeprefix("key:")
        sees = self.user is not None and self.user.tenants is None and self.may("admin")
        return links.keys(key) if sees and key != BOOTSTRAP and self.key_name(actor) else ""

    def _chosen_language(self) -> str:
        asked = self.request.query_params.get("language")
        if asked in LANGUAGES or (asked == PSEUDO and self._parts.settings.pseudo_locale):
            return str(asked)
        if self._parts.settings.pseudo_locale:
            return PSEUDO
        if self.user is not None and self.user.language in LANGUAGES:
            return str(self.user.language)
        return preferred_language(self.request.headers.get("accept-language"))

    @property
    def told_in(self) -> Language:
        """The language of texts that come from the service and from problems."""
        return "en" if self.language == "en" else "pt-BR"

    def told(self, message: str, **values: object) -> str:
        """Say a text in the person's language."""
        speak(self.language)
        return translate(message) % values if values else translate(message)

    @property
    def person(self) -> User:
        """Who is signed in; only pages that ask for it by their guard may."""
        if self.user is None:
            msg = "this page is open to everybody: its guard asks for nobody"
            raise RuntimeError(msg)
        return self.user

    @property
    def token(self) -> str:
        if self._token is None:
            msg = "there is no session"
            raise RuntimeError(msg)
        return self._token

    def renew(self, token: str) -> None:
        """Go on with the token that the session got, for the forms of the page that answers."""
        self._token = token

    def may(self, right: str) -> bool:
        return self.user is not None and right in self.user.rights

    def require(self, right: str) -> None:
        """Raise a 403 that names the right, unless the person has it."""
        if not self.may(right):
            raise Problem(NOT_ALLOWED, right=right)

    def reaches(self, tenant: str) -> bool:
        tenants = self.person.tenants
        return tenants is None or tenant in tenants

    @property
    def address(self) -> str:
        """Where people reach these pages: scheme and host, as far as this process can know."""
        request = self.request
        own = f"{request.scope['scheme']}://{request.headers.get('host', '')}"
        return (self._parts.settings.public_url or own).rstrip("/")

    @property
    def config_address(self) -> str:
        """Where programs reach the config service: this process, or the one that it asks itself."""
        return self._parts.config_url or self.address

    @property
    def config(self) -> "ConfigService":
        """The configuration as this person may see and change it; secrets are masks, whatever the person's rights."""
        return self._config(self.person.rights - {REVEAL})

    @property
    def revealing_config(self) -> "ConfigService":
        """The same with secrets in clear, for the one page that shows one."""
        self.require(REVEAL)
        return self._config(self.person.rights)

    def _config(self, rights: frozenset[str]) -> "ConfigService":
        person = Person(name=self.person.name, rights=rights, tenants=self.person.tenants, language=self.told_in)
        return self._parts.config.acting(person)

    @property
    def csrf(self) -> str:
        """What proves that a form comes from a page of this session."""
        return csrf_of(self._token) if self._token else ""

    async def require_csrf(self) -> None:
        """Refuse a form that is not of this session.

        Raises:
            Problem: 403.
        """
        origins.require_same_site(self.request)
        given = [value for name, value in await fields_of(self.request) if name == CSRF_FIELD]
        if self._token is None or len(given) != 1 or not csrf_matches(self._token, given[0]):
            raise Problem(FORM_OUTDATED)

    async def form(self, kind: type[FormT]) -> FormT:
        """Read the form that was sent."""
        return await read_form(self.request, kind)

    @property
    def twin(self) -> str:
        """Where the same page is as JSON; empty where it is not."""
        if not self._has_twin:
            return ""
        query = [(name, value) for name, value in self.request.query_params.multi_items() if name != "format"]
        return f"{self.path}?{urlencode([*query, ('format', 'json')])}"

    @property
    def menu(self) -> list[MenuItem]:
        if self.user is None:
            return []
        return [
            MenuItem(id=entry.id, label=translate(entry.label), path=entry.path, current=self._is_at(entry.path))
            for entry in self._parts.menu_for(self.user)
        ]

    def _is_at(self, path: str) -> bool:
        if path == links.home():
            found_from_there = {links.ROOT, links.search(), links.compare(), links.import_()}
            return self.path.rstrip("/") in found_from_there or self.path.startswith(f"{links.ROOT}/t/")
        return self.path == path or self.path.startswith(f"{path}/")

    async def page(
        self, template: str, data: msgspec.Struct, *, status: int = 200, headers: Mapping[str, str] | None = None,
        editor: bool = False, sign_in_at: str | None = None, twin: bool = True,
    ) -> Response[bytes]:  # fmt: skip
        """Answer a page; `?format=json` asks for its data instead.

        Args:
            template: in `templates/`.
            data: what the page shows, without secrets.
            status: of the answer.
            headers: further ones.
            editor: whether the page has the editor, which brings styles of its own.
            sign_in_at: see `page_headers`.
            twin: whether there may be JSON of it; never of a page with a secret.
        """
        self._has_twin = twin
        if twin and self.request.query_params.get("format") == "json":
            body = msgspec.json.encode(data, enc_hook=str)
            common = {"Cache-Control": "no-store", "Vary": "Cookie, Accept-Language"}
            return Response(
                body, status_code=status, media_type="application/json", headers={**common, **(headers or {})}
            )
        notices = (
            await self._parts.sessions.take_notices(self.token) if self.session and self.session.has_notices else []
        )
        nonce = secrets.token_urlsafe(16) if editor else None
        if self.user is not None and status < HTTPStatus.INTERNAL_SERVER_ERROR:  # an outage has a page, too
            self._key_names = await self._parts.key_names()
        body = await asyncio.to_thread(self._render, template, data, [_notice(text) for text in notices], nonce)
        own = {**page_headers(style_nonce=nonce, sign_in_at=sign_in_at), "Content-Language": self.language}
        return Response(body, status_code=status, media_type="text/html", headers={**own, **(headers or {})})

    def _render(self, template: str, data: msgspec.Struct, notices: list[Notice], nonce: str | None) -> bytes:
        return self.render(template, page=data, notices=notices, nonce=nonce)

    def render(self, template: str, *, page: object, notices: list[Notice], nonce: str | None = None) -> bytes:
        """Write a template in this visit's language."""
        speak(self.language)
        shown = [notice.show() for notice in notices]
        made = self._parts.environment.get_template(template).render(
            page=page, visit=self, notices=shown, menu=self.menu, nonce=nonce, version=self._parts.version,
        )  # fmt: skip
        return made.encode()

    async def redirect(self, target: str, notice: Notice | None = None) -> Response[bytes]:
        """Lead to another page of the viewer by GET, with a sentence on it."""
        if notice is not None and self.session is not None:
            await self._parts.sessions.leave_notice(self.token, msgspec.json.encode(notice).decode())
        return Response(
            b"", status_code=303, media_type="text/html", headers={"Location": target, "Cache-Control": "no-store"}
        )


def _notice(text: str) -> Notice:
    return msgspec.json.decode(text, type=Notice)


async def visit_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Visit:
    """The visit of a request, found out once."""
    state = connection.scope["state"]
    visit: Visit | None = state.get("visit")
    if visit is None:
        parts = _parts_of(connection)
        request = cast("AnyRequest", connection)
        origins.require_network(request, parts.settings.networks)
        token = parts.cookie.read(request)
        session = await parts.sessions.find(token) if token else None
        visit = state["visit"] = Visit(request, parts, token if session else None, session)
        if visit.user is not None:
            state["actor"] = f"user:{visit.user.name}"
    return visit


def _parts_of(connection: ASGIConnection[Any, Any, Any, Any]) -> "Parts":
    from sprintia_viewer.parts import Parts  # noqa: PLC0415 - the parts hold this module's dependency

    return Parts.of(connection.app.state.host)


async def provide_visit(request: AnyRequest) -> Visit:
    """Litestar dependency `visit`."""
    return await visit_of(request)
