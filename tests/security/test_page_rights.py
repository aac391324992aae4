"""Who may open what: every page and every form of the viewer, asked by nobody, by each role, and by a stranger.

A page that is not in the matrix fails the test, so that a new one states here what it asks for.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from litestar.handlers import HTTPRouteHandler
from sprintia_testing.arrangements import Arrangement, Somebody, arranged
from sprintia_testing.databases import TestDatabases
from sprintia_testing.shop import DOMAIN, Shop, open_shop

from sprintia_platform.app import create_app
from sprintia_platform.host import Host
from sprintia_viewer.accounts.sessions import csrf_of
from sprintia_viewer.accounts.users import RIGHTS, Role
from sprintia_viewer.parts import Parts

PUBLIC = "anybody"
SIGNED_IN = "anybody who is signed in"
ADMINISTERS = "an admin of every tenant"
PLACE = "/viewer/t/{tenant:str}/{domain:str}/{config_type:str}"
DOCUMENT = f"/viewer/t/owner/{DOMAIN}/config"
ROLES: tuple[Role, ...] = ("viewer", "editor", "admin")
ATTEMPT = "0" * 32


@dataclass(frozen=True)
class Row:
    """One page or form.

    Attributes:
        method: of the request.
        template: the path as the application knows it.
        right: what the person needs, `SIGNED_IN`, `ADMINISTERS` or `PUBLIC`.
        path: a real path; `{key}`, `{user}`, `{delivery}` and `{event}` stand for the numbers of real ones.
        status: the answer to who has the right.
        fields: of the form.
        of_tenant: whether somebody of another tenant must get a 404.
    """

    method: str
    template: str
    right: str
    path: str
    status: int = 200
    fields: dict[str, Any] = field(default_factory=dict)
    of_tenant: bool = False

    @property
    def id(self) -> str:
        return f"{self.method} {self.path}"


def page(path: str, right: str = SIGNED_IN, status: int = 200, template: str | None = None) -> Row:
    return Row("GET", template or path, right, path, status)


def form(path: str, right: str = SIGNED_IN, status: int = 303, template: str | None = None, **fields: Any) -> Row:
    return Row("POST", template or path, right, path, status, fields)


def of_owner(method: str, template: str, path: str, right: str = SIGNED_IN, status: int = 200, **fields: Any) -> Row:
    return Row(method, template, right, path, status, fields, of_tenant=True)


DELIVERY, REPLAY = "/viewer/deliveries/{tenant:str}/{number:int}", "/viewer/deliveries/{tenant:str}/{number:int}/replay"
VERSION = "/viewer/mapping/history/{tenant:str}/{number:int}"
USER, KEY = "/viewer/users/{number:int}", "/viewer/keys/{key_id:str}"

MATRIX = [
    page("/viewer/sign-in", PUBLIC),
    form("/viewer/sign-in", PUBLIC, 401, name="nobody", password="wrong"),
    page("/viewer/welcome/none", PUBLIC, 410, "/viewer/welcome/{token:str}"),
    form("/viewer/welcome/none", PUBLIC, 410, "/viewer/welcome/{token:str}", name="a", password="b", again="b"),
    form("/viewer/oidc/start", PUBLIC, 404),  # no provider is set up here
    page("/viewer/oidc/callback", PUBLIC, 404),
    page("/viewer/static/none.css", PUBLIC, 404, "/viewer/static/{path:path}"),
    form("/viewer/sign-out"),
    page("/viewer/confirm"),
    form("/viewer/confirm", status=403, password="wrong"),
    form("/viewer/preferences", theme="dark"),
    page("/viewer"),
    page("/viewer/search"),
    page("/viewer/search?q=contrato"),
    page("/viewer/compare"),
    page("/viewer/mapping"),
    page("/viewer/mapping/history"),
    page("/viewer/collections"),
    page("/viewer/deliveries"),
    page("/viewer/shortcuts"),
    page("/viewer/account"),
    form("/viewer/account/preferences", language="en", zone="UTC", theme="auto"),
    form("/viewer/account/password", status=422, password="wrong", new="short", again="short"),
    form("/viewer/account/totp"),
    form("/viewer/account/totp/confirm", code="000000"),
    form("/viewer/account/totp/codes"),
    form("/viewer/account/totp/remove"),
    page("/viewer/sessions"),
    form("/viewer/sessions/end-others"),
    form("/viewer/sessions/1000000/end", status=404, template="/viewer/sessions/{number:int}/end"),
    page("/viewer/audit", "admin"),
    page("/viewer/plugins", "admin"),
    page("/viewer/keys", ADMINISTERS),
    page("/viewer/keys/new", ADMINISTERS, 303),
    form("/viewer/keys/new", ADMINISTERS, name="a", rights="admin"),
    page("/viewer/keys/{key}", ADMINISTERS, template=KEY),
    form("/viewer/keys/{key}/rotate", ADMINISTERS, template=f"{KEY}/rotate"),
    form("/viewer/keys/{key}/revoke", ADMINISTERS, template=f"{KEY}/revoke"),
    page("/viewer/users", ADMINISTERS),
    page("/viewer/users/new", ADMINISTERS, 303),
    form("/viewer/users/new", ADMINISTERS, name="new", role="viewer", display_name="New"),
    page("/viewer/users/{user}", ADMINISTERS, template=USER),
    form("/viewer/users/{user}", ADMINISTERS, template=USER, role="viewer", display_name="Changed"),
    *(
        form(f"/viewer/users/{{user}}/{what}", ADMINISTERS, template=f"{USER}/{what}")
        for what in ("disable", "enable", "link", "second-factor", "sign-out")
    ),
    of_owner("GET", "/viewer/t/{tenant:str}", "/viewer/t/owner"),
    of_owner("GET", "/viewer/export/{tenant:str}", "/viewer/export/owner"),
    of_owner("POST", "/viewer/export/{tenant:str}", "/viewer/export/owner"),
    page("/viewer/import", "config:write"),  # and mapping:write, which no role has without it
    form("/viewer/import", "config:write", 422, action="take"),
    of_owner("GET", "/viewer/new/{tenant:str}", "/viewer/new/owner?domain=a&config_type=b", "config:write", 303),
    of_owner("GET", PLACE, DOCUMENT),
    *(
        of_owner("GET", f"{PLACE}/{below}", f"{DOCUMENT}/{path}")
        for below, path in {
            "v/{number:int}": "v/1", "raw": "raw", "newer": "newer", "history": "history", "blame": "blame",
            "diff/{sides:str}": "diff/1..2",
        }.items()
    ),
    of_owner("GET", f"{PLACE}/diff", f"{DOCUMENT}/diff", status=303),
    of_owner("GET", f"{PLACE}/edit", f"{DOCUMENT}/edit", "config:write"),
    of_owner("POST", f"{PLACE}/edit", f"{DOCUMENT}/edit", "config:write", 409, text="a: 1", base="0", action="save"),
    of_owner("GET", f"{PLACE}/rollback/{{number:int}}", f"{DOCUMENT}/rollback/1", "config:write"),
    of_owner("POST", f"{PLACE}/rollback/{{number:int}}", f"{DOCUMENT}/rollback/1", "config:write", 409, base="1"),
    of_owner("GET", f"{PLACE}/delete", f"{DOCUMENT}/delete", "config:write"),
    of_owner("POST", f"{PLACE}/delete", f"{DOCUMENT}/delete", "config:write", 409, base="1", typed="nothing"),
    # It asks for the password before anything is read.
    page(f"{DOCUMENT}/secrets/none", "secrets:read", template=f"{PLACE}/secrets/{{name:str}}"),
    form(f"{DOCUMENT}/secrets/none", "secrets:read", 403, f"{PLACE}/secrets/{{name:str}}", password="wrong"),
    of_owner("GET", "/viewer/audit/{tenant:str}/{seq:int}", "/viewer/audit/owner/1", "admin"),
    of_owner("GET", "/viewer/audit/{tenant:str}/{seq:int}", "/viewer/audit/-/1", "admin"),
    of_owner("GET", VERSION, "/viewer/mapping/history/owner/1"),
    of_owner("GET", f"{VERSION}/rollback", "/viewer/mapping/history/owner/1/rollback", "mapping:write"),
    of_owner("POST", f"{VERSION}/rollback", "/viewer/mapping/history/owner/1/rollback", "mapping:write", 303,
             base="1000", attempt=ATTEMPT),
    of_owner("GET", DELIVERY, "/viewer/deliveries/owner/{delivery}"),
    of_owner("GET", REPLAY, "/viewer/deliveries/owner/{delivery}/replay", "config:write", 200),
    of_owner("POST", REPLAY, "/viewer/deliveries/owner/{delivery}/replay", "config:write", 303, attempt=ATTEMPT),
]  # fmt: skip


@dataclass
class Stage:
    """Who asks, and what there is to ask for."""

    arrangement: Arrangement
    shop: Shop
    stranger: Somebody

    def path(self, row: Row) -> str:
        return row.path.format(key=self._key(), user=self._user(), delivery=self._delivery())

    def _key(self) -> str:
        return self.arrangement.config_client.get("/keys").json()[0]["id"]

    def _user(self) -> int:
        return self.arrangement.role("viewer").id

    def _delivery(self) -> int:
        listed = self.shop.client.get("/config/deliveries?tenant=owner&outcome=refused").json()
        return next(int(each["id"]) for each in listed if each["replay_of"] is None)

    def ask(self, who: Somebody | None, row: Row, **headers: str) -> httpx.Response:
        """Ask in a new session, with what a form of that session holds: some rows end the session that asks."""
        token = "" if who is None else self._session(who)
        client = self.arrangement.stranger()
        client.cookies.set("sprintia", token)
        sent = {"data": {"csrf": csrf_of(token), **row.fields}} if row.method == "POST" else {}
        return client.request(row.method, self.path(row), headers=headers, **sent)  # type: ignore[arg-type]

    def _session(self, who: Somebody) -> str:
        parts = Parts.of(self.arrangement.viewer.host)
        user = self.arrangement.viewer.run(lambda: parts.users.find(who.id))
        assert user is not None
        token = self.arrangement.viewer.run(
            lambda: parts.sessions.open(user, address="127.0.0.1", user_agent="", method="test")
        )
        assert token is not None
        return token


@pytest.fixture(scope="module")
def stage(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with arranged("together", databases, tmp_path_factory.mktemp("pages")) as arrangement:
        shop = open_shop(arrangement.config_client, "owner")
        yield Stage(arrangement, shop, arrangement.user("admin", tenants=["other"]))


def rights_of(role: Role) -> frozenset[str]:
    return RIGHTS[role] | {"secrets:read"} if role == "admin" else RIGHTS[role]


def may(role: Role, row: Row) -> bool:
    return row.right == SIGNED_IN or {ADMINISTERS: "admin"}.get(row.right, row.right) in rights_of(role)


def test_every_page_is_in_the_matrix() -> None:
    app = create_app(Host(environ={"DATABASE_URL": "postgresql://nobody@localhost/none"}))
    served = {
        (str(method), route.path)
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        if isinstance(handler, HTTPRouteHandler) and route.path.split("/")[1] == "viewer"
        for method in handler.http_methods
        if method != "OPTIONS"  # Litestar's own: it names the methods, and nothing else
    }
    known = {(row.method, row.template.partition("?")[0]) for row in MATRIX}
    assert served - known == set(), "add these pages to MATRIX"
    assert known - served == set(), "MATRIX names pages that are gone"


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: row.id)
def test_a_page_opens_for_whom_it_may(stage: Stage, row: Row) -> None:
    nobody = stage.ask(None, row)
    assert "no-store" in nobody.headers["cache-control"]
    if row.right == PUBLIC:
        assert nobody.status_code == row.status, nobody.text
    elif row.method == "GET":
        assert nobody.status_code == 303
        assert nobody.headers["location"].startswith("/viewer/sign-in?next=%2Fviewer")
        assert not nobody.content
    else:
        assert nobody.status_code == 401
    for role in ROLES if row.right != PUBLIC else ():
        answer = stage.ask(stage.arrangement.role(role), row)
        assert answer.status_code == (row.status if may(role, row) else 403), f"{role}: {answer.text}"
        assert "no-store" in answer.headers["cache-control"]
        assert not any(secret in answer.text for secret in stage.shop.sentinels)


@pytest.mark.parametrize("row", [row for row in MATRIX if row.right != PUBLIC], ids=lambda row: row.id)
def test_a_page_shows_a_stranger_nothing_of_the_tenant(stage: Stage, row: Row) -> None:
    answer = stage.ask(stage.stranger, row)
    expected = 403 if row.right == ADMINISTERS else 404 if row.of_tenant else row.status
    assert answer.status_code == expected, answer.text
    known = (stage.shop.deep, stage.shop.account, stage.shop.phone, "Loja", "Moda", *stage.shop.sentinels)
    assert not any(text in answer.text for text in known)


@pytest.mark.parametrize("row", [row for row in MATRIX if row.method == "POST"], ids=lambda row: row.id)
def test_a_form_of_another_site_is_refused(stage: Stage, row: Row) -> None:
    refused = stage.ask(stage.arrangement.role("admin"), row, Origin="https://evil.example")
    assert refused.status_code == 403, refused.text


@pytest.mark.parametrize("row", [row for row in MATRIX if row.method == "GET"], ids=lambda row: row.id)
def test_the_data_of_a_page_asks_for_the_same(stage: Stage, row: Row) -> None:
    path = f"{row.path}{'&' if '?' in row.path else '?'}format=json"
    twin = Row(row.method, row.template, row.right, path, row.status, of_tenant=row.of_tenant)
    if row.right != PUBLIC:
        assert stage.ask(None, twin).status_code == 401
    for role in ROLES if row.right not in {PUBLIC, SIGNED_IN} else ():
        answer = stage.ask(stage.arrangement.role(role), twin)
        assert answer.status_code == (row.status if may(role, row) else 403), f"{role}: {answer.text}"
    if row.of_tenant:
        assert stage.ask(stage.stranger, twin).status_code == 404
