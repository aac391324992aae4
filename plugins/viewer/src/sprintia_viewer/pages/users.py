"""`/viewer/users`: who may sign in, and what they may do. For admins who reach every tenant."""

from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from sprintia_platform import Problem
from sprintia_platform.http.problems import NOT_FOUND
from sprintia_viewer.accounts.errors import AccountError
from sprintia_viewer.accounts.links import LINK_HOURS
from sprintia_viewer.accounts.users import Role, User
from sprintia_viewer.pages.confirming import confirmed_or_lead
from sprintia_viewer.parts import Parts
from sprintia_viewer.problems import NOT_ALLOWED
from sprintia_viewer.web import links
from sprintia_viewer.web.guards import signed_in
from sprintia_viewer.web.languages import marked
from sprintia_viewer.web.visits import Notice, Visit

_PAGE = 50
_LARGEST = 2**63 - 1

Text = Annotated[str, QueryParameter(max_length=200)]


class UsersPage(msgspec.Struct, frozen=True, kw_only=True):
    """Users by name."""

    text: str
    users: list[User]
    next: str | None
    start: str | None


class UserForm(msgspec.Struct, frozen=True):
    """What a user may do; `tenants` one on each line, none for all."""

    role: Role
    name: str = ""
    display_name: str = ""
    tenants: str = ""
    may_reveal: bool = False


class UserPage(msgspec.Struct, frozen=True, kw_only=True):
    """A user, or a new one.

    Attributes:
        user: None of a new one.
        link: the address that lets the person choose a password, shown once.
    """

    user: User | None
    given: UserForm
    faults: list[tuple[str, str | None]] = []
    link: str | None = None
    link_hours: int = LINK_HOURS


class Nothing(msgspec.Struct, frozen=True):
    """A form of one button."""


def require_unbound(visit: Visit) -> None:
    """Users and keys are not of a tenant: who is bound to tenants does not administer them.

    Raises:
        Problem: 403.
    """
    if visit.person.tenants is not None:
        raise Problem(NOT_ALLOWED, right="admin (*)")


@get("/viewer/users", guards=[signed_in("admin")])
async def list_users(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], text: Text = "", after: Text = ""
) -> Response[bytes]:
    """List users by name."""
    require_unbound(visit)
    found, following = await parts.users.list(text.strip(), after or None, _PAGE)
    page = UsersPage(
        text=text, users=list(found), next=links.users(text=text, after=following) if following else None,
        start=links.users(text=text) if after else None,
    )  # fmt: skip
    return await visit.page("users.html", page)


@get("/viewer/users/new", guards=[signed_in("admin")])
async def new_user(visit: NamedDependency[Visit]) -> Response[bytes]:
    """Show the form of a new user."""
    require_unbound(visit)
    if led := await confirmed_or_lead(visit, links.users("new")):
        return led
    return await visit.page("user.html", UserPage(user=None, given=UserForm(role="viewer")))


@post("/viewer/users/new", guards=[signed_in("admin")])
async def make_user(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """Make a user, and the link that lets the person choose a password."""
    require_unbound(visit)
    form = await visit.form(UserForm)
    if led := await confirmed_or_lead(visit, links.users("new")):
        return led
    try:
        user = await parts.users.create(
            name=form.name, display_name=form.display_name, role=form.role, tenants=_tenants(form),
            may_reveal=form.may_reveal, by=visit.person.actor,
        )  # fmt: skip
    except AccountError as error:
        page = UserPage(user=None, given=form, faults=_faults(visit, error))
        return await visit.page("user.html", page, status=422)
    return await _with_link(visit, parts, user, "invite")


@get("/viewer/users/{number:int}", guards=[signed_in("admin")])
async def show_user(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], number: FromPath[int]
) -> Response[bytes]:
    """Show a user."""
    user = await _user(visit, parts, number)
    return await visit.page("user.html", UserPage(user=user, given=_form_of(user)))


@post("/viewer/users/{number:int}", guards=[signed_in("admin")])
async def change_user(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], number: FromPath[int]
) -> Response[bytes]:
    """Change what a user may do."""
    user = await _user(visit, parts, number)
    form = await visit.form(UserForm)
    return await _changed(
        visit, parts, user, form, role=form.role, tenants=_tenants(form), may_reveal=form.may_reveal,
        display_name=form.display_name,
    )  # fmt: skip


@post("/viewer/users/{number:int}/disable", guards=[signed_in("admin")])
async def disable_user(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], number: FromPath[int]
) -> Response[bytes]:
    """Keep a user out; the user's sessions end."""
    user = await _user(visit, parts, number)
    await visit.form(Nothing)
    return await _changed(visit, parts, user, _form_of(user), disabled=True)


@post("/viewer/users/{number:int}/enable", guards=[signed_in("admin")])
async def enable_user(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], number: FromPath[int]
) -> Response[bytes]:
    """Let a user in again."""
    user = await _user(visit, parts, number)
    await visit.form(Nothing)
    return await _changed(visit, parts, user, _form_of(user), disabled=False)


@post("/viewer/users/{number:int}/link", guards=[signed_in("admin")])
async def make_link(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], number: FromPath[int]
) -> Response[bytes]:
    """Make a link that lets a user choose another password."""
    user = await _user(visit, parts, number)
    await visit.form(Nothing)
    if led := await confirmed_or_lead(visit, links.users(user.id)):
        return led
    return await _with_link(visit, parts, user, "password_reset" if user.has_password else "invite")


HANDLERS = (list_users, new_user, make_user, show_user, change_user, disable_user, enable_user, make_link)


async def _user(visit: Visit, parts: Parts, number: int) -> User:
    require_unbound(visit)
    user = await parts.users.find(number) if 0 < number <= _LARGEST else None
    if user is None:
        raise Problem(NOT_FOUND, path=visit.path)
    return user


async def _changed(visit: Visit, parts: Parts, user: User, form: UserForm, **wanted: Any) -> Response[bytes]:
    if led := await confirmed_or_lead(visit, links.users(user.id)):
        return led
    try:
        await parts.users.change(user.id, by=visit.person.actor, **wanted)
    except AccountError as error:
        page = UserPage(user=user, given=form, faults=_faults(visit, error))
        return await visit.page("user.html", page, status=422)
    return await visit.redirect(links.users(user.id), Notice("done", marked("The user is changed.")))


async def _with_link(visit: Visit, parts: Parts, user: User, purpose: Any) -> Response[bytes]:
    try:
        token = await parts.links.make(purpose, user.id, by=visit.person.actor)
    except AccountError as error:
        page = UserPage(user=user, given=_form_of(user), faults=_faults(visit, error))
        return await visit.page("user.html", page, status=422)
    address = parts.settings.public_url or f"{visit.request.scope['scheme']}://{visit.request.headers.get('host', '')}"
    page = UserPage(user=user, given=_form_of(user), link=f"{address.rstrip('/')}{links.welcome(token)}")
    return await visit.page("user.html", page, twin=False)


def _form_of(user: User) -> UserForm:
    tenants = "" if user.tenants is None else "\n".join(sorted(user.tenants))
    return UserForm(
        role=user.role, name=user.name, display_name=user.display_name, tenants=tenants, may_reveal=user.may_reveal
    )


def _tenants(form: UserForm) -> list[str] | None:
    return form.tenants.replace(",", " ").split() or None


def _faults(visit: Visit, error: AccountError) -> list[tuple[str, str | None]]:
    field = getattr(error, "field", "name" if error.code == "name_taken" else None)
    return [(visit.told(str(error)), f"#f-{field}" if field else None)]
