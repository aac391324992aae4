"""The page of a user: its form, what may be wrong with it, and the link that is shown once."""

import msgspec
from litestar import Response

from sprintia_platform import Problem
from sprintia_platform.http.problems import NOT_FOUND
from sprintia_viewer.accounts.errors import AccountError
from sprintia_viewer.accounts.links import LINK_HOURS, Purpose
from sprintia_viewer.accounts.users import Role, User
from sprintia_viewer.parts import Parts
from sprintia_viewer.problems import NOT_ALLOWED
from sprintia_viewer.web import links
from sprintia_viewer.web.forms import words_of
from sprintia_viewer.web.languages import marked
from sprintia_viewer.web.visits import REVEAL, Visit

Fault = tuple[str, str | None]

_LARGEST = 2**63 - 1


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
        missing: rights of the user that the person who looks lacks.
    """

    user: User | None
    given: UserForm
    faults: list[Fault] = []
    link: str | None = None
    link_hours: int = LINK_HOURS
    missing: list[str] = []
    provider: str = "OpenID"


async def user_of(visit: Visit, parts: Parts, number: int) -> User:
    """The user with this id.

    Raises:
        Problem: 404.
    """
    user = await parts.users.find(number) if 0 < number <= _LARGEST else None
    if user is None:
        raise Problem(NOT_FOUND, path=visit.path)
    return user


async def show_link(visit: Visit, parts: Parts, user: User) -> Response[bytes]:
    """Make a link by which the person chooses a password, and show it, once."""
    purpose: Purpose = "password_reset" if user.has_password else "invite"
    try:
        token = await parts.links.make(purpose, user.id, by=visit.person.actor)
    except AccountError as error:
        return await show_form(visit, parts, user, form_of(user), faults_of(visit, error))
    page = UserPage(user=user, given=form_of(user), link=f"{visit.address}{links.welcome(token)}")
    return await visit.page("user.html", page, twin=False)


async def show_form(
    visit: Visit, parts: Parts, user: User | None, form: UserForm, faults: list[Fault] | None = None
) -> Response[bytes]:
    """Show a user, or the form of a new one, with what was wrong."""
    page = UserPage(
        user=user, given=form, faults=faults or [], missing=missing_rights(visit, user) if user else [],
        provider=parts.provider_name or "OpenID",
    )  # fmt: skip
    return await visit.page("user.html", page, status=422 if faults else 200)


def missing_rights(visit: Visit, user: User) -> list[str]:
    """Rights that the user has, and the person who looks has not."""
    return sorted(user.rights - visit.person.rights)


def require_rights_of(visit: Visit, user: User) -> None:
    """Who makes a way into an account can take it: every right of it is needed.

    Raises:
        Problem: 403.
    """
    for right in missing_rights(visit, user):
        raise Problem(NOT_ALLOWED, right=right)


def faults_of_form(visit: Visit, form: UserForm, user: User | None) -> list[Fault]:
    """What only a page can mistake: nobody gives a right that they lack; no tenant at all means all of them."""
    faults: list[Fault] = []
    if form.may_reveal and not (user and user.may_reveal) and not visit.may(REVEAL):
        faults.append((visit.told(marked("Only who may see secrets can let others see them.")), "#f-may_reveal-true"))
    if form.tenants.strip() and tenants_of(form) is None:
        told = visit.told(marked("Name 1 to 1000 tenants, or leave the field empty for all of them."))
        faults.append((told, "#f-tenants"))
    return faults


def form_of(user: User) -> UserForm:
    """The form as the user stands."""
    tenants = "" if user.tenants is None else "\n".join(sorted(user.tenants))
    return UserForm(
        role=user.role, name=user.name, display_name=user.display_name, tenants=tenants, may_reveal=user.may_reveal
    )


def tenants_of(form: UserForm) -> list[str] | None:
    """The tenants that the form names; None for all."""
    return words_of(form.tenants) or None


def faults_of(visit: Visit, error: AccountError) -> list[Fault]:
    """What was refused, at the field that it is about."""
    field = getattr(error, "field", "name" if error.code == "name_taken" else None)
    return [(visit.told(str(error)), f"#f-{field}" if field else None)]
