"""`/viewer/users`: who may sign in, and what they may do. For admins who reach every tenant."""

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from sprintia_viewer.accounts.errors import AccountError
from sprintia_viewer.accounts.users import User
from sprintia_viewer.pages.confirming import confirmed_or_lead
from sprintia_viewer.pages.user_acts import change
from sprintia_viewer.pages.user_form import (
    UserForm,
    UserPage,
    faults_of,
    faults_of_form,
    form_of,
    show_form,
    show_link,
    tenants_of,
    user_of,
)
from sprintia_viewer.parts import Parts
from sprintia_viewer.web import links
from sprintia_viewer.web.guards import administers
from sprintia_viewer.web.tables_out import MOST_ROWS, Format, csv_answer
from sprintia_viewer.web.visits import Visit

_PAGE = 50
_COLUMNS = (
    "name", "display_name", "role", "tenants", "may_reveal", "has_totp", "disabled_at", "created_at", "created_by",
    "last_seen_at",
)  # fmt: skip

Text = Annotated[str, QueryParameter(max_length=200)]


class UsersPage(msgspec.Struct, frozen=True, kw_only=True):
    """Users by name."""

    text: str
    users: list[User]
    next: str | None
    start: str | None


@get("/viewer/users", guards=[administers()])
async def list_users(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], text: Text = "", after: Text = "",
    file: Format = "",
) -> Response[bytes]:  # fmt: skip
    """List users by name; `?format=csv` as a file."""
    if file == "csv":
        listed, more = await parts.users.list(text.strip(), None, MOST_ROWS)
        rows = ([getattr(user, name) for name in _COLUMNS] for user in listed)
        return csv_answer("users", _COLUMNS, rows, complete=more is None)
    found, following = await parts.users.list(text.strip(), after or None, _PAGE)
    page = UsersPage(
        text=text, users=list(found), next=links.users(text=text, after=following) if following else None,
        start=links.users(text=text) if after else None,
    )  # fmt: skip
    return await visit.page("users.html", page)


@get("/viewer/users/new", guards=[administers()])
async def new_user(visit: NamedDependency[Visit]) -> Response[bytes]:
    """Show the form of a new user."""
    if led := await confirmed_or_lead(visit, links.users("new")):
        return led
    return await visit.page("user.html", UserPage(user=None, given=UserForm(role="viewer")))


@post("/viewer/users/new", guards=[administers()])
async def make_user(visit: NamedDependency[Visit], parts: NamedDependency[Parts]) -> Response[bytes]:
    """Make a user, and the link that lets the person choose a password."""
    form = await visit.form(UserForm)
    if led := await confirmed_or_lead(visit, links.users("new")):
        return led
    if faults := faults_of_form(visit, form, None):
        return await show_form(visit, parts, None, form, faults)
    try:
        user = await parts.users.create(
            name=form.name, display_name=form.display_name, role=form.role, tenants=tenants_of(form),
            may_reveal=form.may_reveal, by=visit.person.actor,
        )  # fmt: skip
    except AccountError as error:
        return await show_form(visit, parts, None, form, faults_of(visit, error))
    return await show_link(visit, parts, user)


@get("/viewer/users/{number:int}", guards=[administers()])
async def show_user(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], number: FromPath[int]
) -> Response[bytes]:
    """Show a user."""
    user = await user_of(visit, parts, number)
    return await show_form(visit, parts, user, form_of(user))


@post("/viewer/users/{number:int}", guards=[administers()])
async def change_user(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], number: FromPath[int]
) -> Response[bytes]:
    """Change what a user may do."""
    user = await user_of(visit, parts, number)
    form = await visit.form(UserForm)
    if faults := faults_of_form(visit, form, user):
        return await show_form(visit, parts, user, form, faults)
    return await change(
        visit, parts, user, form, role=form.role, tenants=tenants_of(form), may_reveal=form.may_reveal,
        display_name=form.display_name,
    )  # fmt: skip


HANDLERS = (list_users, new_user, make_user, show_user, change_user)
