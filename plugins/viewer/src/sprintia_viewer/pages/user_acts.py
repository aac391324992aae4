"""`/viewer/users/{id}/…`: keep a user out, let one in again, give another way in."""

from typing import Any

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from sprintia_platform import Problem
from sprintia_platform.http.problems import NOT_FOUND
from sprintia_viewer.accounts.errors import AccountError
from sprintia_viewer.accounts.users import User
from sprintia_viewer.pages.confirming import confirmed_or_lead
from sprintia_viewer.pages.user_form import (
    UserForm,
    faults_of,
    form_of,
    require_rights_of,
    show_form,
    show_link,
    user_of,
)
from sprintia_viewer.parts import Parts
from sprintia_viewer.web import links
from sprintia_viewer.web.forms import Nothing
from sprintia_viewer.web.guards import administers
from sprintia_viewer.web.languages import marked
from sprintia_viewer.web.visits import Notice, Visit


@post("/viewer/users/{number:int}/disable", guards=[administers()])
async def disable_user(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], number: FromPath[int]
) -> Response[bytes]:
    """Keep a user out; the user's sessions end."""
    user = await user_of(visit, parts, number)
    await visit.form(Nothing)
    return await change(visit, parts, user, form_of(user), disabled=True)


@post("/viewer/users/{number:int}/enable", guards=[administers()])
async def enable_user(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], number: FromPath[int]
) -> Response[bytes]:
    """Let a user in again."""
    user = await user_of(visit, parts, number)
    await visit.form(Nothing)
    return await change(visit, parts, user, form_of(user), disabled=False)


@post("/viewer/users/{number:int}/link", guards=[administers()])
async def make_link(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], number: FromPath[int]
) -> Response[bytes]:
    """Make a link that lets a user choose another password."""
    user = await user_of(visit, parts, number)
    await visit.form(Nothing)
    if led := await confirmed_or_lead(visit, links.users(user.id)):
        return led
    require_rights_of(visit, user)
    if user.from_oidc:  # the provider would keep such a person out in vain
        raise Problem(NOT_FOUND, path=visit.path)
    return await show_link(visit, parts, user)


@post("/viewer/users/{number:int}/second-factor", guards=[administers()])
async def remove_second_factor(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], number: FromPath[int]
) -> Response[bytes]:
    """Take away the second factor of who lost it."""
    user = await user_of(visit, parts, number)
    await visit.form(Nothing)
    if led := await confirmed_or_lead(visit, links.users(user.id)):
        return led
    require_rights_of(visit, user)
    await parts.totp.remove(user, by=visit.person.actor)
    return await visit.redirect(links.users(user.id), Notice("done", marked("The second factor is removed.")))


@post("/viewer/users/{number:int}/sign-out", guards=[administers()])
async def sign_out_everywhere(
    visit: NamedDependency[Visit], parts: NamedDependency[Parts], number: FromPath[int]
) -> Response[bytes]:
    """End a user's sessions."""
    user = await user_of(visit, parts, number)
    await visit.form(Nothing)
    if led := await confirmed_or_lead(visit, links.users(user.id)):
        return led
    await parts.sessions.close_all(user.id, by=visit.person.actor)
    return await visit.redirect(links.users(user.id), Notice("done", marked("The user's sessions have ended.")))


HANDLERS = (disable_user, enable_user, make_link, remove_second_factor, sign_out_everywhere)


async def change(visit: Visit, parts: Parts, user: User, form: UserForm, **wanted: Any) -> Response[bytes]:
    """Change what is wanted, and show the user as it stands then."""
    if led := await confirmed_or_lead(visit, links.users(user.id)):
        return led
    try:
        await parts.users.change(user.id, by=visit.person.actor, **wanted)
    except AccountError as error:
        return await show_form(visit, parts, user, form, faults_of(visit, error))
    return await visit.redirect(links.users(user.id), Notice("done", marked("The user is changed.")))
